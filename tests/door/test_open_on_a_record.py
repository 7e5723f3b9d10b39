"""On the page of a record the tab opens with that record; which one it is, the user's browser has made up."""

import pytest

LEAD = "00QLS00000000AB"
LEAD_18 = "00QLS00000000AB2AY"


def on_record(record=None, parameters=None):
    def change(body):
        environment = body["context"]["environment"]
        environment["record"], environment["parameters"] = record or {}, parameters or {}

    return change


@pytest.mark.parametrize("who", ["LSync_Single_Enrich", "LSync_Manager"])
@pytest.mark.parametrize(
    "place",
    [
        {"parameters": {"recordId": LEAD, "objectName": "Lead"}},
        {"record": {"Id": LEAD_18, "attributes": {"type": "Lead"}}},
        {"record": {"Id": LEAD_18}, "parameters": {"recordId": "003LS0000000001"}},
    ],
)
def test_the_tab_goes_on_to_the_record_it_stands_on(fresh, post, who, place):
    page = post(fresh(who, on_record(**place)))

    assert page.status_code == 200
    assert f'hx-get="/records/{LEAD_18}"' in page.text
    assert "lsync-session" in page.text


@pytest.mark.parametrize(
    "told",
    [
        "",
        "005LS0000000001",
        LEAD + "!",
        LEAD_18[:-1] + "Z",
        "00Q/../../audit",
        '00Q"><script>alert(1)</script>',
        ["00QLS00000000AB"],
        {"Id": LEAD},
        17,
    ],
)
def test_what_is_no_record_that_can_be_enriched_opens_home(fresh, post, told):
    page = post(fresh("LSync_Manager", on_record({"Id": told}, {"recordId": told})))

    assert page.status_code == 200
    assert "/records/" not in page.text
    assert "Last activities" in page.text
    assert "alert(1)" not in page.text


def test_who_may_not_enrich_sees_what_the_role_allows(fresh, post):
    auditor = post(fresh("LSync_Auditor", on_record({"Id": LEAD})))
    nobody = post(fresh("noah.reid", on_record({"Id": LEAD})))

    assert "/records/" not in auditor.text + nobody.text
    assert "Ask your Salesforce admin" in nobody.text
