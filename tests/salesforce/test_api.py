import threading
from datetime import UTC, datetime

import pytest

from lsync_flask.errors import FatalError, GrantLost, LimitReached, OutcomeUnknown, RetryableError
from lsync_flask.salesforce.api import ApiError, SalesforceApi, SalesforceRefused, Usage, read_usage
from lsync_flask.salesforce.refusals import retry_after

TOKEN = "/services/oauth2/token"
HTML = {"Content-Type": "text/html; charset=UTF-8"}


def expire(org, path="limits", method="GET"):
    org.refuse(method, path, "INVALID_SESSION_ID", "Session expired or invalid", 401)


def test_an_expired_token_is_renewed_and_the_request_sent_once_more(org, api):
    expire(org)
    org.answer("GET", "limits", {"a": 1})

    reply = api.request("GET", "limits")

    assert reply.json() == {"a": 1}
    assert [asked.headers["Authorization"] for asked in org.calls("GET", "limits")] == [
        "Bearer token-1",
        "Bearer token-2",
    ]


def test_a_token_that_is_refused_again_and_again_ends_it(org, api):
    expire(org)

    with pytest.raises(GrantLost, match="just given"):
        api.request("GET", "limits")

    assert (api.calls, len(org.calls("POST", TOKEN))) == (2, 2)


@pytest.mark.parametrize(
    "message", ["This session is not valid for use with the REST API", "Connected app is not attached to Agent"]
)
def test_refusals_that_a_new_token_does_not_cure_are_not_replayed(org, api, message):
    org.refuse("GET", "limits", "INVALID_SESSION_ID", message, 401)

    with pytest.raises(GrantLost):
        api.request("GET", "limits")

    assert api.calls == 1


def test_the_requests_are_counted_and_tokens_are_not(org, api):
    org.answer("GET", "limits", {}, headers={"Sforce-Limit-Info": "api-usage=18/5000"})

    for _ in range(3):
        api.request("GET", "limits")

    assert (api.calls, api.usage) == (3, Usage(18, 5000))
    assert len(org.asked) == 4


@pytest.mark.parametrize(
    ("text", "usage"),
    [
        ("api-usage=18/5000", Usage(18, 5000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)", Usage(25, 5000)),
        ("per-app-api-usage=17/250(appName=x)", None),
        ("", None),
        ("api-usage=x/y", None),
    ],
)
def test_the_usage_is_read_whatever_follows_it(text, usage):
    assert read_usage({"Sforce-Limit-Info": text}) == usage


def test_the_days_limit_pauses_the_activity(org, api):
    org.refuse("GET", "limits", "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)

    with pytest.raises(LimitReached) as caught:
        api.request("GET", "limits")

    assert caught.value.reason == "salesforce-limit"


def test_too_many_at_once_passes_in_seconds(org, api):
    message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    org.refuse("GET", "limits", "REQUEST_LIMIT_EXCEEDED", message, 403)

    with pytest.raises(RetryableError) as caught:
        api.request("GET", "limits")

    assert not isinstance(caught.value, LimitReached)
    assert caught.value.after_s == 30


@pytest.mark.parametrize(
    "answer",
    [
        {"body": [{"errorCode": "SERVER_UNAVAILABLE", "message": "x"}], "status": 503},
        {"body": [{"errorCode": "UNKNOWN_EXCEPTION", "message": "x"}], "status": 500},
        {"body": [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "x"}], "status": 400},
        {"body": [{"errorCode": "QUERY_TIMEOUT", "message": "x"}], "status": 400},
        {"body": "", "status": 406},
        {"body": "<html>", "status": 420, "headers": HTML},
        {"body": "slow down", "status": 429},
        {"body": "<html>maintenance", "status": 200, "headers": HTML},
        {"body": "<html>denied", "status": 403, "headers": HTML},
        {"body": "", "status": 302, "headers": {"Location": "https://evil.example"}},
        {"drop": True},
    ],
)
def test_what_passes_by_itself_is_tried_again(org, api, answer):
    org.answer("GET", "limits", **answer)

    with pytest.raises(RetryableError):
        api.request("GET", "limits")


@pytest.mark.parametrize(
    "answer", [{"drop": True}, {"status": 502}, {"status": 504}, {"body": "<html>", "status": 200, "headers": HTML}]
)
def test_a_change_of_which_nothing_is_known_is_said_to_be_unknown(org, api, answer):
    org.answer("PATCH", "composite/sobjects", **answer)

    with pytest.raises(OutcomeUnknown):
        api.request("PATCH", "composite/sobjects", json={})


def test_salesforce_may_say_how_long_to_wait(org, api):
    org.answer("GET", "limits", "", status=503, headers={"Retry-After": "17"})

    with pytest.raises(RetryableError) as caught:
        api.request("GET", "limits")

    assert caught.value.after_s == 17


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("5", 5),
        ("-5", None),
        ("999999", 3600),
        ("Mon, 23 Nov 2026 09:31:00 GMT", 60),
        ("Mon, 23 Nov 2026 09:29:00 GMT", 0),
        ("soon", None),
    ],
)
def test_the_wait_is_seconds_or_a_moment(text, seconds):
    assert retry_after({"Retry-After": text}, datetime(2026, 11, 23, 9, 30, tzinfo=UTC)) == seconds


def test_a_refusal_carries_its_reasons_in_words(org, api):
    body = [
        {"errorCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [LastName]", "fields": ["X"]}
    ]
    org.answer("PATCH", "sobjects/Lead/1", body, status=400)

    with pytest.raises(SalesforceRefused) as caught:
        api.request("PATCH", "sobjects/Lead/1", json={})

    assert caught.value.errors == (
        ApiError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ("X",)),
    )
    assert caught.value.sentence == (
        "Salesforce refused this: Required fields are missing: [LastName] (REQUIRED_FIELD_MISSING)."
    )


def test_a_refused_query_is_told_without_the_query(org, api):
    message = (
        "\nSELECT Nope FROM Lead\n       ^\nERROR at Row:1:Column:8\nNo such column 'Nope' on entity 'Lead'. If you are "
        "attempting to use a custom field, be sure to append the '__c' after the custom field name."
    )
    org.refuse("GET", "query", "INVALID_FIELD", message)

    with pytest.raises(SalesforceRefused) as caught:
        api.request("GET", "query")

    assert caught.value.sentence == "Salesforce refused this: No such column 'Nope' on entity 'Lead' (INVALID_FIELD)."


@pytest.mark.parametrize("body", ["", "Bad request", b"\xff", {"odd": 1}, [], [1], "null"])
def test_a_refusal_without_a_reason_is_still_one(org, api, body):
    org.answer("GET", "limits", body, status=404)

    with pytest.raises(SalesforceRefused, match="Salesforce refused this") as caught:
        api.request("GET", "limits")

    assert caught.value.status == 404
    assert caught.value.errors


def test_an_org_that_shuts_its_api_loses_the_grant(org, api):
    org.refuse("GET", "limits", "API_DISABLED_FOR_ORG", "API is not enabled for this Organization", 403)

    with pytest.raises(GrantLost):
        api.request("GET", "limits")


@pytest.mark.parametrize(
    "path",
    ["services/data/v67.0/jobs/x", "/services/data/v67.0/jobs/x", "jobs/x"],
)
def test_paths_come_in_three_forms(org, api, path):
    org.answer("GET", "jobs/x", {"a": 1})

    assert api.request("GET", path).json() == {"a": 1}


def test_an_address_in_this_org_is_followed(org, api):
    org.answer("GET", "/services/data/v67.0/query/01g-2000", {"a": 1})

    assert api.request("GET", f"{org.url}/services/data/v67.0/query/01g-2000?x=1").json() == {"a": 1}


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/services/data",
        "//evil.example/x",
        "http:evil.example",
        "/../x",
        "https://127.0.0.1:1/x",
        "javascript:alert(1)",
    ],
)
def test_a_token_follows_no_address_elsewhere(org, api, path):
    with pytest.raises(FatalError, match="not followed"):
        api.request("GET", path)

    assert [asked.path for asked in org.asked] == [TOKEN]


def test_what_is_sent_is_json(org, api):
    org.answer("POST", "jobs/query", {"id": "1"})

    api.request("POST", "jobs/query", json={"query": "é"})

    asked = org.calls("POST", "jobs/query")[0]
    assert (asked.json, asked.headers["Content-Type"]) == ({"query": "é"}, "application/json; charset=UTF-8")


def test_no_error_shows_the_token(org, api):
    org.answer("GET", "limits", drop=True)

    with pytest.raises(RetryableError) as caught:
        api.request("GET", "limits")

    assert "token-1" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_calls_of_many_threads_are_all_counted(org, api):
    org.answer("GET", "limits", {})
    threads = [threading.Thread(target=lambda: [api.request("GET", "limits") for _ in range(10)]) for _ in range(16)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert api.calls == 160
    assert len(org.calls("POST", TOKEN)) == 1


def test_a_version_that_is_none_is_refused(tokens, transport):
    with pytest.raises(FatalError, match="version"):
        SalesforceApi("00DLs0000000001MAA", tokens, "ada", transport, "67.0/../..")
