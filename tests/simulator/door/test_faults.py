"""A fault plan, as those who are struck by it see it: the org's clients, and those of the enrichment services."""

import gzip
import json
import time
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from urllib.parse import urlsplit

import orjson
import pytest
import requests

from lsync_flask.simulator.plans import ACTIONS
from lsync_flask.simulator.serve import SimulatorOptions, open_simulator

RECORDS = [{"key": str(number), "company": name} for number, name in enumerate(("Siemens AG", "SAP SE", "BASF SE"))]
ENDS = frozenset({"JobComplete", "Failed", "Aborted"})
V1 = "POST /v1/enrich"


@pytest.fixture
def plan(door):
    """Sets rules; what they broke is whole again afterwards."""

    def set_rules(*rules, seed=1):
        answer = door.post("/faults", {"seed": seed, "rules": list(rules)})
        assert answer.status_code == 201, answer.text

    yield set_rules
    door.post("/faults", {"rules": []})


@pytest.fixture
def enrich(door):
    def ask(records=RECORDS, timeout=30, **headers):
        headers = {"Authorization": f"Bearer {door.line['provider_key']}", **headers}
        url = f"{door.line['provider_url']}/v1/enrich"
        return requests.post(url, json={"records": records}, headers=headers, timeout=timeout)

    return ask


@pytest.fixture
def org(door):
    headers = {"Authorization": f"Bearer {door.token('ada.lindgren')}"}

    def ask(method, path, **more):
        more["headers"] = headers | more.get("headers", {})
        return requests.request(method, f"{door.org_url}/services/data/v67.0{path}", timeout=30, **more)

    return ask


def wait_for(look, wanted, limit_s=60):
    end = time.monotonic() + limit_s
    while (found := look()) not in wanted:
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


def query_job(org, soql="SELECT Id, Name FROM Lead ORDER BY Id LIMIT 40"):
    return org("POST", "/jobs/query", json={"operation": "query", "query": soql}).json()["id"]


def state_of(org, kind, job):
    return lambda: org("GET", f"/jobs/{kind}/{job}").json()["state"]


def leads(org, count):
    soql = f"SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT {count} OFFSET 20"
    return [one["Id"] for one in org("GET", "/query", params={"q": soql}).json()["records"]]


def ingest(org, rows):
    body = {"object": "Lead", "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
    job = org("POST", "/jobs/ingest", json=body).json()["id"]
    text = "Id,Description\n" + "".join(f"{record},{value}\n" for record, value in rows)
    org("PUT", f"/jobs/ingest/{job}/batches", data=text.encode(), headers={"Content-Type": "text/csv"})
    org("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
    return job


def result(org, job, kind):
    return org("GET", f"/jobs/ingest/{job}/{kind}").text.splitlines()[1:]


@pytest.mark.parametrize(
    ("rule", "status", "body"),
    [
        ({"action": "503", "retry_after": 120}, 503, {"code": "SERVER_UNAVAILABLE"}),
        ({"action": "429", "retry_after": "Wed, 25 Nov 2026 07:28:00 GMT"}, 429, {"code": "TOO_MANY_REQUESTS"}),
        ({"action": "out-of-credits"}, 402, {"code": "OUT_OF_CREDITS"}),
        ({"action": "error", "status": 418, "code": "TEA", "message": "No coffee."}, 418, {"code": "TEA"}),
    ],
)
def test_the_json_service_fails_in_its_own_words(plan, enrich, rule, status, body):
    plan({"match": V1, **rule, "times": 1})

    answer, next_one = enrich(), enrich()

    assert (answer.status_code, next_one.status_code) == (status, 200)
    assert answer.json()["error"]["code"] == body["code"]
    assert answer.headers.get("Retry-After") == (str(rule["retry_after"]) if "retry_after" in rule else None)


@pytest.mark.parametrize(("action", "status"), [("500", 500), ("out-of-credits", 427)])
def test_the_gateway_fails_in_its_own_words(door, plan, action, status):
    plan({"match": "POST /enrichment/*", "action": action, "times": 1})
    headers = {"Authorization": f"Bearer {door.line['provider_key']}"}
    url = f"{door.line['provider_url']}/enrichment/enrich/bulk"

    answer = requests.post(url, json={"data": [{"company": {"name": "SAP SE"}}]}, headers=headers, timeout=30)

    assert answer.status_code == status
    assert set(answer.json()) == {"error", "tracking_id", "request_timestamp", "details"}


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        ({"match": "GET */query", "action": "stale-locator"}, 400, "INVALID_QUERY_LOCATOR"),
        ({"match": "GET */query", "action": "401"}, 401, "INVALID_SESSION_ID"),
        ({"match": "GET */query", "action": "403"}, 403, "REQUEST_LIMIT_EXCEEDED"),
        (
            {"match": "*", "action": "error", "status": 400, "code": "QUERY_TIMEOUT", "message": "Too long."},
            400,
            "QUERY_TIMEOUT",
        ),
    ],
)
def test_the_org_fails_in_its_own_words(plan, org, rule, status, code):
    plan(rule)

    answer = org("GET", "/query", params={"q": "SELECT Id FROM Lead LIMIT 1"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


def test_a_token_is_refused_in_the_words_of_oauth(door, plan):
    refusal = {"status": 400, "code": "INVALID_GRANT", "message": "user hasn't approved this consumer"}
    plan({"match": "POST /services/oauth2/token", "action": "error", **refusal})

    answer = door.by_jwt(door.assertion("ada.lindgren"))

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}


def test_a_login_page_can_come_with_status_200(plan, org):
    plan({"match": "GET */limits", "action": "html", "status": 200})

    answer = org("GET", "/limits")

    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/html")


def test_an_answer_that_comes_too_late_was_paid_for_all_the_same(door, plan, enrich):
    plan({"match": V1, "action": "late", "seconds": 3, "times": 1})
    record = {"key": "late", "company": "SAP SE"}

    with pytest.raises(requests.Timeout):
        enrich([record], timeout=0.5, **{"Idempotency-Key": "late"})
    again = enrich([record], **{"Idempotency-Key": "late"})

    charges = requests.get(f"{door.control_url}/ledger/charges", params={"record": "late"}, timeout=60).json()
    assert again.json()["results"][0]["matched"]
    assert len(charges) == 1


def test_a_reply_can_be_lost_after_a_bulk_was_taken(door, plan):
    plan({"match": "POST /enrichment/*", "action": "lost", "times": 1})
    headers = {"Authorization": f"Bearer {door.line['provider_key']}"}
    body = {"data": [{"external_id": "lost-one", "company": {"name": "SAP SE"}}]}

    answer = requests.post(
        f"{door.line['provider_url']}/enrichment/enrich/bulk", json=body, headers=headers, timeout=30
    )

    charges = requests.get(f"{door.control_url}/ledger/charges", params={"record": "lost-one"}, timeout=60).json()
    assert (answer.status_code, len(charges)) == (504, 1)


def test_an_answer_can_come_in_drops(plan, enrich):
    plan({"match": V1, "action": "drip", "bytes": 100, "pause_ms": 20})

    start = time.monotonic()
    answer = enrich()

    assert len(answer.json()["results"]) == 3
    assert time.monotonic() - start >= len(answer.content) // 100 * 0.02


def test_a_result_can_be_cut_in_mid_row(door, plan, org):
    job = query_job(org)
    wait_for(state_of(org, "query", job), ENDS)
    path = f"/services/data/v67.0/jobs/query/{job}/results"
    plan({"match": "GET */results", "action": "cut"})

    with closing(HTTPConnection(urlsplit(door.org_url).netloc, timeout=30)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {door.token('ada.lindgren')}"})
        with pytest.raises(IncompleteRead) as cut:
            connection.getresponse().read()

    assert cut.value.partial.startswith(b'"Id","Name"\n"00Q')
    assert not cut.value.partial.endswith(b"\n")


def test_a_connection_can_end_before_a_byte_of_the_answer(plan, enrich):
    plan({"match": V1, "action": "cut", "bytes": 0})

    with pytest.raises(requests.RequestException):
        enrich()


@pytest.mark.parametrize("kind", ["truncated", "nan", "bom", "charset", "login"])
def test_what_comes_back_can_be_garbage(plan, enrich, kind):
    plan({"match": V1, "action": "garbage", "kind": kind})

    answer = enrich()

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r".+"):
        orjson.loads(answer.content)


def test_an_answer_can_be_far_too_large(plan, enrich):
    plan({"match": V1, "action": "garbage", "kind": "huge"})

    assert len(enrich().content) > 16_000_000


@pytest.mark.parametrize(
    ("action", "check"),
    [
        ("rows-shuffled", lambda keys: sorted(keys) == ["0", "1", "2"] and keys != ["0", "1", "2"]),
        ("rows-missing", lambda keys: len(keys) == 2),
        ("rows-twice", lambda keys: len(keys) == 4 and len(set(keys)) == 3),
        ("rows-unknown", lambda keys: len(keys) == 3 and "00QZZZZZZZZZZZZAAA" in keys),
    ],
)
def test_answers_can_come_in_disorder(plan, enrich, action, check):
    plan({"match": V1, "action": action})

    keys = [one["key"] for one in enrich().json()["results"]]

    assert check(keys), keys


def test_answers_can_carry_the_values_of_another_record(plan, enrich):
    right = {one["key"]: one["values"]["name"] for one in enrich().json()["results"]}
    plan({"match": V1, "action": "rows-mixed"})

    mixed = {one["key"]: one["values"]["name"] for one in enrich().json()["results"]}

    assert sorted(mixed.values()) == sorted(right.values())
    assert all(mixed[key] != right[key] for key in right)


def test_rows_of_a_result_can_go_missing_while_their_number_is_told(plan, org):
    job = query_job(org, "SELECT Id, Description FROM Lead ORDER BY Id LIMIT 30")
    wait_for(state_of(org, "query", job), ENDS)
    plan({"match": "GET */results", "action": "rows-missing", "count": 4})

    answer = org("GET", f"/jobs/query/{job}/results", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Sforce-NumberOfRecords"] == "30"
    assert answer.text.count('\n"00Q') == 26


@pytest.mark.parametrize(("action", "count"), [("rows-missing", 3), ("rows-twice", 5), ("rows-shuffled", 4)])
def test_rows_of_an_ingest_result_can_be_in_disorder(plan, org, action, count):
    ids = leads(org, 4)
    job = ingest(org, [(record, "Disorder") for record in ids])
    assert wait_for(state_of(org, "ingest", job), ENDS) == "JobComplete"
    plan({"match": "GET */successfulResults*", "action": action})

    rows = result(org, job, "successfulResults")

    assert len(rows) == count
    assert {row[1:19] for row in rows} <= set(ids)


def test_a_stuck_job_goes_on_when_the_plan_is_over(plan, org):
    plan({"match": "750*", "action": "job-stuck"})
    job = query_job(org)

    wait_for(state_of(org, "query", job), {"InProgress"})
    wait_for(lambda: org("GET", f"/jobs/query/{job}").json()["numberRecordsProcessed"], {40})
    still = [state_of(org, "query", job)() for _ in range(5)]
    plan()

    assert set(still) == {"InProgress"}
    assert wait_for(state_of(org, "query", job), ENDS) == "JobComplete"


def test_a_stuck_job_can_be_aborted(plan, org):
    plan({"match": "750*", "action": "job-stuck"})
    job = query_job(org)
    wait_for(state_of(org, "query", job), {"InProgress"})

    answer = org("PATCH", f"/jobs/query/{job}", json={"state": "Aborted"})

    assert answer.json()["state"] == "Aborted"


@pytest.mark.parametrize(("action", "state"), [("job-aborted", "Aborted"), ("job-failed", "Failed")])
def test_a_job_that_ends_halfway_keeps_what_it_did_and_gives_the_rest_back(door, plan, org, action, state):
    plan({"match": "750*", "action": action, "after_rows": 200, "times": 1})
    known = leads(org, 100)
    rows = [(record, "Halfway") for record in [*known, *["00QLs00000000zzAAA"] * 150]]
    job = ingest(org, rows)

    ended = wait_for(state_of(org, "ingest", job), ENDS)

    assert ended == state
    assert len(result(org, job, "successfulResults")) == 100
    assert len(result(org, job, "failedResults")) == 100
    assert len(result(org, job, "unprocessedrecords")) == 50
    writes = requests.get(f"{door.control_url}/ledger/writes", params={"record": known[0]}, timeout=60).json()
    assert [write["job"] for write in writes].count(job) == 1


def test_each_locked_row_is_free_after_two_tries(plan, org):
    ids = leads(org, 40)
    plan({"match": "Lead/*", "action": "row", "share": 0.5, "each": True, "times": 2}, seed=3)
    body = {"records": [{"attributes": {"type": "Lead"}, "id": one, "Title": "Locked"} for one in ids]}

    tries = [[one["success"] for one in org("PATCH", "/composite/sobjects", json=body).json()] for _ in range(3)]

    assert tries[0] == tries[1]
    assert {True, False} == set(tries[0])
    assert all(tries[2])


def test_a_row_is_refused_for_the_reason_that_the_plan_gives(plan, org):
    (record,) = leads(org, 1)
    reason = {"code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "The title is taken."}
    plan({"match": f"Lead/{record}", "action": "row", **reason})

    answer = org("PATCH", f"/sobjects/Lead/{record}", json={"Title": "CEO"})

    assert answer.json() == [{"message": reason["message"], "errorCode": reason["code"], "fields": []}]


def test_how_often_each_rule_acted_is_told(door, plan, enrich):
    plan({"match": V1, "action": "429", "nth": 2}, {"match": V1, "action": "503", "nth": 1})

    for _ in range(4):
        enrich()

    assert requests.get(f"{door.control_url}/faults", timeout=60).json()["acted"] == [1, 1]


def test_a_plan_in_a_file_holds_from_the_start(tmp_path):
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"rules": [{"match": "POST /services/oauth2/token", "action": "503", "times": 1}]}))

    with open_simulator(SimulatorOptions(records=1, faults=file)) as line:
        answers = [requests.post(f"{line['org_url']}/services/oauth2/token", timeout=60) for _ in range(2)]

    assert [one.status_code for one in answers] == [503, 400]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"action": "503", "seconds": 3}, "Rule 1: 503 has no option seconds; it takes retry_after."),
        ({"action": "garbage", "kind": "odd"}, "Rule 1: kind cannot be odd."),
        ({"action": "drip", "bytes": 0}, "Rule 1: bytes cannot be 0."),
        ({"action": "row", "each": 1}, "Rule 1: each is true or false."),
        ({"action": "lost", "colour": "red"}, "Rule 1: lost has no option colour; it takes none."),
    ],
)
def test_an_option_that_makes_no_sense_gets_a_sentence(door, rule, sentence):
    answer = door.post("/faults", {"rules": [{"match": "*", **rule}]})

    assert (answer.status_code, answer.json()) == (400, {"error": sentence})


def test_every_action_is_described(pytestconfig):
    docs = (pytestconfig.rootpath / "docs" / "simulator.md").read_text()

    assert [action for action in ACTIONS if f"`{action}`" not in docs] == []


def test_packed_results_are_readable_while_no_plan_disturbs_them(org):
    job = query_job(org)
    wait_for(state_of(org, "query", job), ENDS)

    answer = org("GET", f"/jobs/query/{job}/results", headers={"Accept-Encoding": "gzip"}, stream=True)

    assert gzip.decompress(answer.raw.read(decode_content=False)).startswith(b'"Id","Name"\n')
