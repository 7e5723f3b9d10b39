"""The page of one record by HTTP."""

import re

import pytest


@pytest.fixture
def lead(filled, simulated_org):
    api = filled.open_salesforce(simulated_org["org_id"], None)
    query = "SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT 1"
    return api.request("GET", "query", params={"q": query}).json()["records"][0]["Id"]


def test_a_record_costs_one_call_and_is_enriched_once_per_key(signed_in, calls, lead):
    client = signed_in("single_enrich")
    client.get(f"/records/{lead}")
    calls.clear()

    page = client.get(f"/records/{lead}").text
    assert len(calls) == 1
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    sent = [client.post(f"/records/{lead}/enrich", data={"key": key}) for _ in range(2)]

    assert [one.headers["Location"] for one in sent] == [f"/records/{lead}?said=asked"] * 2
    assert 'hx-get="/records/' in client.get(f"/records/{lead}/live").text
    assert "is being enriched already" in client.post(f"/records/{lead}/enrich").text
    assert client.get("/activities").status_code == 403


@pytest.mark.parametrize(("role", "status"), [("auditor", 403), ("manager", 200)])
def test_only_who_may_enrich_sees_it(signed_in, lead, role, status):
    assert signed_in(role).get(f"/records/{lead}").status_code == status


@pytest.mark.parametrize("record", ["00Q000000000000", "nonsense", "005000000000000", "00Q%27%20OR%20Id"])
def test_what_is_no_record_is_not_found(client, record):
    assert client.get(f"/records/{record}").status_code == 404
    assert client.post(f"/records/{record}/enrich").status_code == 404


def test_an_activity_of_a_record_leads_back_to_it(client, lead):
    client.post(f"/records/{lead}/enrich")

    assert f'href="/records/{lead}"' in client.get("/activities/1").text
    assert f'href="/records/{lead}"' in client.get("/").text
