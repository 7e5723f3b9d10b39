"""The synchronous enrichment service: what it finds, what it costs, and what a repeat is answered."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

SIEMENS = {"key": "00Q1", "company": "Siemens AG"}


@pytest.fixture
def enrich(door):
    def ask(*records, key="", token=None, **more):
        headers = {"Authorization": f"Bearer {token or door.line['provider_key']}", "Idempotency-Key": key}
        url = f"{door.line['provider_url']}/v1/enrich"
        return requests.post(url, json={"records": list(records)}, headers=headers, timeout=30, **more)

    yield ask
    usual = {"latency_ms": 0, "credits_left": None, "records_per_call": 100, "json_calls_per_s": None}
    door.post("/provider", usual)


def charges(door, record):
    return requests.get(f"{door.control_url}/ledger/charges", params={"record": record}, timeout=60).json()


def test_companies_are_found_by_site_mail_and_name_and_the_unknown_is_admitted(enrich):
    body = enrich(
        {"key": "1", "website": "http://www.siemens.com/de"},
        {"key": "2", "email": "anna.kowalska@siemens.com", "website": None},
        {"key": "3", "company": "DUKE ENERGY, Inc."},
        {"key": "4", "company": "Kestrel Roofing & Sons"},
    ).json()

    assert [result["key"] for result in body["results"]] == ["1", "2", "3", "4"]
    assert [result["values"].get("name") for result in body["results"]] == ["Siemens", "Siemens", "Duke Energy", None]
    assert [result["matched"] for result in body["results"]] == [True, True, True, False]
    assert [result["confidence"] for result in body["results"]] == [98, 92, 85, None]
    assert body["credits"] == 3


def test_a_repeat_with_the_same_key_gets_the_same_answer_and_is_not_charged(door, enrich):
    record = {"key": "again", "company": "Duke Energy"}

    answers = [enrich(record, key=key) for key in ("first", "first", "second")]

    assert answers[0].content == answers[1].content
    assert [one.headers.get("Idempotent-Replayed") for one in answers] == [None, "true", None]
    assert [charge["idempotency_key"] for charge in charges(door, "again")] == ["first", "second"]


def test_a_repeat_that_comes_while_the_first_is_at_work_is_paid_once(door, enrich):
    door.post("/provider", {"latency_ms": 300})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: enrich({"key": "crowd", "company": "SAP SE"}, key="crowd"), range(4)))

    assert len({one.content for one in answers}) == 1
    assert len(charges(door, "crowd")) == 1


def test_a_key_that_comes_with_another_body_is_refused(enrich):
    enrich(SIEMENS, key="reused")

    answer = enrich(SIEMENS | {"key": "00Q2"}, key="reused")

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_an_error_is_not_kept_under_its_key(door, enrich):
    door.post("/provider", {"credits_left": 0})
    broke = enrich(SIEMENS, key="poor")
    door.post("/provider", {"credits_left": 5})
    paid = enrich(SIEMENS, key="poor")

    assert (broke.status_code, broke.json()["error"]["code"]) == (402, "OUT_OF_CREDITS")
    assert (paid.status_code, paid.json()["credits"]) == (200, 1)


def test_credits_that_end_within_a_call_leave_the_rest_without_an_answer(door, enrich):
    door.post("/provider", {"credits_left": 2})

    results = enrich(*[SIEMENS | {"key": str(place)} for place in range(4)]).json()["results"]

    assert [one["matched"] for one in results] == [True, True, False, False]
    assert [one.get("error", {}).get("code") for one in results] == [None, None, "OUT_OF_CREDITS", "OUT_OF_CREDITS"]


def test_the_rate_and_the_size_of_a_call_are_settings(door, enrich):
    door.post("/provider", {"records_per_call": 1})
    long = enrich(SIEMENS, {"key": "2"})
    door.post("/provider", {"json_calls_per_s": 0})
    soon = enrich(SIEMENS)

    assert long.json()["error"]["message"] == "A call takes at most 1 records, and this one has 2."
    assert (soon.status_code, soon.json()["error"]["code"], soon.headers["Retry-After"]) == (429, "RATE_LIMITED", "1")


def test_the_account_tells_its_limits_to_whoever_has_the_key(door, enrich):
    url = f"{door.line['provider_url']}/v1/account"
    door.post("/provider", {"credits_left": 7})

    told = requests.get(url, headers={"Authorization": f"Bearer {door.line['provider_key']}"}, timeout=60).json()
    refused = requests.get(url, timeout=60)

    assert told == {
        "program": door.line["provider_program"],
        "credits_left": 7,
        "records_per_call": 100,
        "calls_per_s": None,
    }
    assert refused.json() == {"error": {"code": "UNAUTHORIZED", "message": "The API key is missing or wrong."}}
    assert enrich(SIEMENS).json()["credits"] == 1


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], 'The body must be {"records": [...]} with at least one record.'),
        ([{"company": "Siemens"}], "Record 0 has no key."),
        ([{"key": "1", "website": 7}], "Record 0: website must be a text."),
        ([{"key": str(number)} for number in range(101)], "A call takes at most 100 records, and this one has 101."),
    ],
)
def test_what_it_cannot_serve_is_refused_with_the_reason(enrich, records, message):
    answer = enrich(*records)

    assert answer.status_code == 400
    assert answer.json() == {"error": {"code": "BAD_REQUEST", "message": message}}


def test_an_address_that_is_not_served_is_not_found(door):
    answer = requests.get(f"{door.line['provider_url']}/v2/enrich", timeout=60)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
