import pytest

from lsync_flask.errors import FatalError, OutcomeUnknown, RetryableError
from lsync_flask.salesforce.api import SalesforceRefused
from lsync_flask.salesforce.collections import WriteResult, read_records, update_records

ADA, BOB = "00QLs0000000001MAA", "00QLs0000000002MAA"
WRITE = "composite/sobjects"
READ = "composite/sobjects/Lead"


def test_each_record_gets_its_result_in_order(org, api):
    refused = {
        "success": False,
        "errors": [
            {"statusCode": "STRING_TOO_LONG", "message": "Tier__c: too large", "fields": ["Tier__c"]},
            {"statusCode": "OTHER", "message": "and more", "fields": ["X__c", "Tier__c"]},
        ],
    }
    org.answer("PATCH", WRITE, [{"id": ADA, "success": True, "errors": []}, refused])

    results = update_records(api, "Lead", [{"Id": ADA, "Score__c": 87.5}, {"Id": BOB, "Tier__c": None}])

    assert results == [
        WriteResult(ADA, success=True),
        WriteResult(BOB, False, "STRING_TOO_LONG", "Tier__c: too large; and more", ("Tier__c", "X__c")),
    ]
    assert org.calls("PATCH", WRITE)[0].json == {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "Lead"}, "id": ADA, "Score__c": 87.5},
            {"attributes": {"type": "Lead"}, "id": BOB, "Tier__c": None},
        ],
    }
    assert org.calls("PATCH", WRITE)[0].headers["Sforce-Auto-Assign"] == "FALSE"


def test_a_wrong_type_refuses_the_whole_call(org, api):
    org.refuse("PATCH", WRITE, "JSON_PARSER_ERROR", "Cannot deserialize instance of double from VALUE_STRING")

    with pytest.raises(SalesforceRefused) as caught:
        update_records(api, "Lead", [{"Id": ADA, "Score__c": "x"}])

    assert caught.value.codes == {"JSON_PARSER_ERROR"}


@pytest.mark.parametrize("body", [[], {}, [{"id": ADA}], [None], [{"success": True}] * 2])
def test_an_answer_that_does_not_name_each_record_is_unknown(org, api, body):
    org.answer("PATCH", WRITE, body)

    with pytest.raises(OutcomeUnknown):
        update_records(api, "Lead", [{"Id": ADA}])


def test_a_refusal_without_a_reason(org, api):
    org.answer("PATCH", WRITE, [{"success": False, "errors": []}])

    assert update_records(api, "Lead", [{"Id": ADA}]) == [
        WriteResult(ADA, False, "UNKNOWN", "Salesforce gave no reason")
    ]


def test_nothing_to_write_is_no_call(api):
    assert update_records(api, "Lead", []) == []
    assert read_records(api, "Lead", [], ["Id"]) == []
    assert api.calls == 0


def test_more_than_a_call_takes_is_refused_here(api):
    with pytest.raises(FatalError, match="At most 200"):
        update_records(api, "Lead", [{"Id": ADA}] * 201)
    with pytest.raises(FatalError, match="At most 2000"):
        read_records(api, "Lead", [ADA] * 2001, ["Id"])


@pytest.mark.parametrize("name", ["Lead/../User", "", "https://evil.example", "Lead?x", "1Lead"])
def test_an_objects_name_cannot_lead_elsewhere(api, name):
    with pytest.raises(FatalError, match="no name of an object"):
        read_records(api, name, [ADA], ["Id"])


def test_records_are_read_in_the_order_of_their_ids(org, api):
    ada, bob = {"Id": ADA, "Name": "Ada"}, {"Id": BOB, "Name": "Bob"}
    org.answer("POST", READ, [ada, None, bob])

    assert read_records(api, "Lead", [BOB, "00QLs0000000009MAA"[:15], ADA[:15]], ["Id", "Name"]) == [bob, None, ada]


def test_records_without_ids_go_by_their_place(org, api):
    org.answer("POST", READ, [{"Name": "Ada"}, None])

    assert read_records(api, "Lead", [ADA, BOB], ["Name"]) == [{"Name": "Ada"}, None]


@pytest.mark.parametrize("body", [{}, [{"Name": "Ada"}]])
def test_records_that_cannot_be_told_apart_are_read_again(org, api, body):
    org.answer("POST", READ, body)

    with pytest.raises(RetryableError):
        read_records(api, "Lead", [ADA, BOB], ["Name"])
