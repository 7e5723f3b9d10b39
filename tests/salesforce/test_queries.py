import pytest
from simple_salesforce import Salesforce

from lsync_flask.errors import RetryableError
from lsync_flask.salesforce.api import SalesforceRefused
from lsync_flask.salesforce.queries import count, query_records, query_rows, spell
from lsync_flask.salesforce.simple import open_simple


def page(records, following=None, total=None):
    more = {"nextRecordsUrl": following} if following else {}
    return {
        "totalSize": total if total is not None else len(records),
        "done": not following,
        "records": records,
        **more,
    }


def test_a_count_is_one_call(org, api):
    org.answer("GET", "query", page([], total=4512))

    assert count(api, "SELECT COUNT() FROM Lead WHERE Name = 'A+B & C'") == 4512
    assert api.calls == 1
    assert org.calls("GET", "query")[0].query == {"q": ["SELECT COUNT() FROM Lead WHERE Name = 'A+B & C'"]}


@pytest.mark.parametrize("body", [{}, [], {"totalSize": "17"}, {"totalSize": True}, "text"])
def test_a_count_that_is_none_is_not_taken_for_nought(org, api, body):
    org.answer("GET", "query", body)

    with pytest.raises(RetryableError):
        count(api, "SELECT COUNT() FROM Lead")


def test_a_query_too_long_for_an_address_travels_in_a_body_for_one_call(org, api):
    soql = f"SELECT COUNT() FROM Lead WHERE Name IN ('{'é' * 5000}')"
    body = {"totalSize": 3, "done": True, "records": []}
    org.answer("POST", "composite", {"compositeResponse": [{"body": body, "httpStatusCode": 200}]})

    assert count(api, soql) == 3
    assert api.calls == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            {"body": [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token"}], "httpStatusCode": 400},
            SalesforceRefused,
        ),
        ({"body": [{"errorCode": "QUERY_TIMEOUT", "message": "long"}], "httpStatusCode": 400}, RetryableError),
        ({}, RetryableError),
    ],
)
def test_a_long_query_is_refused_as_a_short_one(org, api, answer, error):
    org.answer("POST", "composite", {"compositeResponse": [answer]})

    with pytest.raises(error):
        count(api, "x" * 20_000)


def test_rows_come_page_by_page_in_the_order_of_the_columns(org, api):
    first = {"attributes": {}, "Id": "1", "Industry": None, "Owner": {"Name": "Ann"}}
    second = {"attributes": {}, "Id": "2", "Industry": "Energy", "Owner": None}
    org.answer("GET", "query", page([first], "/services/data/v67.0/query/01g-1"))
    org.answer("GET", "query/01g-1", page([second]))

    rows = query_rows(api, "SELECT …", ["industry", "Id", "Owner.Name"])

    assert next(rows) == [None, "1", "Ann"]
    assert api.calls == 1
    assert list(rows) == [["Energy", "2", None]]
    assert api.calls == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        ("Zoë", "Zoë"),
        (True, "true"),
        (False, "false"),
        (17, "17"),
        (1.2e7, "12000000"),
        (87.5, "87.5"),
        ("2026-11-23", "2026-11-23"),
        ("2026-11-23T09:30:00.000+0000", "2026-11-23T09:30:00.000Z"),
        ({"city": "Bonn"}, '{"city":"Bonn"}'),
    ],
)
def test_values_are_spelt_as_in_a_bulk_result(value, text):
    assert spell(value) == text


@pytest.mark.parametrize("body", [[], {"done": False, "records": []}, {"done": True}, "x"])
def test_a_page_that_breaks_off_is_not_the_end(org, api, body):
    org.answer("GET", "query", body)

    with pytest.raises(RetryableError):
        list(query_rows(api, "SELECT Id FROM Lead", ["Id"]))


def test_a_cursor_that_has_expired_is_begun_again_later(org, api):
    org.answer("GET", "query", page([{"Id": "1"}], "/services/data/v67.0/query/01g-1"))
    org.refuse("GET", "query/01g-1", "INVALID_QUERY_LOCATOR", "invalid query locator")

    with pytest.raises(RetryableError):
        query_records(api, "SELECT Id FROM Lead")


def test_simple_salesforce_goes_our_way_and_holds_no_token(org, api):
    org.answer("GET", "limits/", {"DailyApiRequests": {"Max": 1, "Remaining": 1}})

    opened = open_simple(api)

    assert isinstance(opened, Salesforce)
    assert opened.limits() == {"DailyApiRequests": {"Max": 1, "Remaining": 1}}
    assert opened.session_id == "held-elsewhere"
    asked = org.calls("GET", "limits/")[0]
    assert asked.headers["Authorization"] == "Bearer token-1"
    assert "X-PrettyPrint" not in asked.headers
    assert api.calls == 1


def test_simple_salesforce_cannot_be_led_to_another_host(org, api):
    org.refuse("GET", "sobjects/Contact/https:/evil.example/x", "NOT_FOUND", status=404)

    with pytest.raises(SalesforceRefused):
        open_simple(api).Contact.get("https://evil.example/x")

    assert all(asked.headers["Host"] == org.host for asked in org.asked)


def test_simple_salesforce_does_not_ask_without_end(org, api):
    org.refuse("POST", "sobjects/Contact/", "INVALID_SESSION_ID", "Session expired or invalid", 401)

    with pytest.raises(Exception, match="admin must look"):
        open_simple(api).Contact.create({"LastName": "Lee"})

    assert len(org.asked) == 4
