"""simple-salesforce: it knows https only, so its session carries the calls to the local org's http."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from tests.clients.conftest import USER


class ToLocalOrg(HTTPAdapter):
    """Sends what is meant for any https host to the local org."""

    def __init__(self, url):
        super().__init__()
        self._url = url

    def send(self, request, **more):
        parts = urlsplit(request.url)
        request.url = f"{self._url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().send(request, **more)


@pytest.fixture(scope="session")
def sf(org):
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", ToLocalOrg(org.url))
    key = Path(org.line["jwt_private_key_file"]).read_text()
    return Salesforce(
        username=USER, consumer_key=org.line["consumer_key"], privatekey=key, session=session, version="67.0"
    )


def test_a_jwt_login_leads_to_the_org(sf, org):
    assert sf.session_id.startswith(org.line["org_id"][:15] + "!")
    assert sf.sf_instance == urlsplit(org.url).netloc


def test_a_query_and_its_next_page(sf):
    first = sf.query("SELECT Id, Owner.Name FROM Lead WHERE IsConverted = false AND Company != 'Client Test'")
    second = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)

    assert (first["totalSize"], first["done"], len(first["records"])) == (2500, False, 2000)
    assert (second["done"], len(second["records"])) == (True, 500)
    assert first["records"][0]["Owner"]["Name"]


def test_query_all_walks_every_page(sf):
    found = sf.query_all("SELECT Id FROM Lead WHERE IsConverted = false AND Company != 'Client Test'")

    assert len({record["Id"] for record in found["records"]}) == 2500
    assert (
        len(list(sf.query_all_iter("SELECT Id FROM Lead WHERE IsConverted = false AND Company != 'Client Test'")))
        == 2500
    )


def test_describe_of_the_org_and_of_an_object(sf):
    names = {each["name"] for each in sf.describe()["sobjects"]}

    assert {"Lead", "Contact", "Account"} <= names
    assert "Ext__c" in {field["name"] for field in sf.Lead.describe()["fields"]}
    assert sf.Lead.metadata()["objectDescribe"]["name"] == "Lead"
    assert "DailyApiRequests" in sf.limits()
    assert sf.api_usage["api-usage"].total > 0


def test_one_record_from_its_birth_to_its_end(sf):
    made = sf.Lead.create({"LastName": "Simple", "Company": "Client Test"})
    record = made["id"]

    assert made["success"] is True
    assert sf.Lead.update(record, {"City": "Oslo"}) == 204
    assert sf.Lead.get(record)["City"] == "Oslo"
    assert sf.Lead.upsert("Ext__c/simple-1", {"LastName": "Up", "Company": "Client Test"}) == 201
    assert sf.Lead.upsert("Ext__c/simple-1", {"City": "Bergen"}) == 200
    assert sf.Lead.get_by_custom_id("Ext__c", "simple-1")["City"] == "Bergen"
    assert sf.Lead.delete(record) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Lead.get(record)


def test_a_refused_record_is_the_clients_own_error(sf):
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Lead.create({"LastName": "Nobody"})

    assert caught.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_collections(sf, org):
    one, two = org.lead(), org.lead()
    records = [{"attributes": {"type": "Lead"}, "id": each, "City": "Turin"} for each in (one, two)]

    written = sf.restful("composite/sobjects", method="PATCH", json={"allOrNone": False, "records": records})
    read = sf.restful("composite/sobjects/Lead", params={"ids": f"{two},{one}", "fields": "City"})

    assert [(each["id"], each["success"]) for each in written] == [(one, True), (two, True)]
    assert [(each["Id"], each["City"]) for each in read] == [(two, "Turin"), (one, "Turin")]


def test_bulk_query_and_update(sf, org):
    records = [org.lead(City="Rome") for _ in range(3)]

    (results,) = sf.bulk2.Lead.query(f"SELECT Id, City FROM Lead WHERE Id IN {tuple(records)}")
    told = sf.bulk2.Lead.update(records=[{"Id": each, "City": "Milan"} for each in records])

    assert results.splitlines()[0] == '"Id","City"'
    assert len(results.splitlines()) == 4
    assert (told[0]["numberRecordsProcessed"], told[0]["numberRecordsFailed"]) == (3, 0)
    assert {each["City"] for each in org.query(f"SELECT City FROM Lead WHERE Id IN {tuple(records)}")} == {"Milan"}
