"""The enrichment gateway (v4): asynchronous bulks, day tokens, limits, credits, and no idempotency at all."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

RECORD = {"external_id": "00Q1", "company": {"name": "Siemens AG"}}


@pytest.fixture
def call(door):
    def ask(method, path, body=None, token=None):
        headers = {"Authorization": f"Bearer {token or door.line['provider_key']}"}
        return requests.request(method, door.line["provider_url"] + path, json=body, headers=headers, timeout=60)

    yield ask
    usual = {"calls_per_s": 30, "backlog": 100_000, "bulk_ms": 200, "credits_left": None, "internal_errors": 0}
    door.post("/provider", usual)


def wait_for(call, path):
    end = time.monotonic() + 60
    while (answer := call("GET", path)).status_code == 204:
        assert time.monotonic() < end
        time.sleep(0.05)
    return answer.json()


def charges(door, record):
    return requests.get(f"{door.control_url}/ledger/charges", params={"record": record}, timeout=60).json()


def test_a_bulk_is_taken_then_polled_and_each_record_keeps_its_own_id(call):
    records = [{"external_id": str(place), "company": {"name": "SAP SE"}} for place in range(50)]
    records.append({"external_id": "odd", "company": {}})

    taken = call("POST", "/enrichment/enrich/bulk", {"data": records, "external_bulk_id": "b7"})
    early = call("GET", taken.json()["id"])
    told = wait_for(call, taken.json()["id"])

    assert (taken.status_code, early.status_code, early.content) == (202, 204, b"")
    assert (told["bulkStatus"], told["external_bulk_id"]) == ("COMPLETED", "b7")
    assert sorted(one["external_id"] for one in told["data"]) == sorted(one["external_id"] for one in records)
    assert [one["external_id"] for one in told["data"]] != [one["external_id"] for one in records]
    by_id = {one["external_id"]: one for one in told["data"]}
    assert by_id["odd"]["error"]["code"] == 1200
    assert by_id["3"]["data"]["enrichment_status"] == "Company Enriched"
    assert by_id["3"]["data"]["company"]["matching_confidence"] == {"level": "MEDIUM"}


def test_the_same_record_sent_twice_is_paid_twice(door, call):
    record = {"external_id": "twice", "company": {"name": "Siemens AG"}}

    first = call("POST", "/enrichment/enrich/single", record).json()
    again = call("POST", "/enrichment/enrich/single", record).json()

    assert first == again
    assert first["status"] == "Success"
    assert sum(charge["credits"] for charge in charges(door, "twice")) == 2


def test_a_day_token_is_renewed_once_by_its_refresh_token(door, call):
    body = {"user": door.line["provider_program"], "pass": door.line["provider_key"], "audience": "API_GATEWAY"}
    pair = call("POST", "/oauth/authorize", body).json()

    fine = call("POST", "/enrichment/enrich/single", RECORD, pair["token"])
    renewed = call("PUT", "/oauth/authorize", {"refreshToken": pair["refreshToken"]})
    spent = call("PUT", "/oauth/authorize", {"refreshToken": pair["refreshToken"]})
    door.post("/clock", {"advance_s": 86_401})
    late = call("POST", "/enrichment/enrich/single", RECORD, pair["token"])
    door.post("/clock", {"advance_s": -86_401})

    assert [answer.status_code for answer in (fine, renewed, spent, late)] == [200, 200, 401, 401]
    assert set(late.json()) == {"error", "tracking_id", "request_timestamp", "details"}


@pytest.mark.parametrize(
    ("settings", "status"),
    [({"credits_left": 0}, 427), ({"calls_per_s": 0}, 429), ({"backlog": 1}, 429)],
)
def test_without_credits_rate_or_room_in_the_backlog_a_bulk_is_refused(door, call, settings, status):
    door.post("/provider", settings)

    answer = call("POST", "/enrichment/enrich/bulk", {"data": [RECORD, RECORD]})

    assert answer.status_code == status


def test_credits_that_run_out_end_the_bulk_and_internal_errors_cost_nothing(door, call):
    door.post("/provider", {"credits_left": 2})
    short = wait_for(call, call("POST", "/enrichment/enrich/bulk", {"data": [RECORD] * 5}).json()["id"])
    door.post("/provider", {"credits_left": None, "internal_errors": 1})
    broken = call("POST", "/enrichment/enrich/single", {**RECORD, "external_id": "broken"}).json()

    assert (short["bulkStatus"], len(short["data"])) == ("INSUFFICIENT_CREDITS", 2)
    assert broken["error"]["code"] == 1100
    assert charges(door, "broken") == []


@pytest.mark.parametrize(
    "body",
    [
        {"data": []},
        {"data": [RECORD] * 501},
        {"data": [1]},
        [],
        {"data": [RECORD], "callbackUrl": "http://far.example/"},
    ],
)
def test_a_bulk_that_is_none_is_refused_with_the_envelope(call, body):
    answer = call("POST", "/enrichment/enrich/bulk", body)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "tracking_id", "request_timestamp", "details"}


def test_a_wrong_key_and_an_unknown_bulk_are_told_apart(call):
    assert call("POST", "/enrichment/enrich/single", RECORD, "wrong").status_code == 401
    assert call("GET", "/v3/enrichment/results/none").status_code == 404


def test_the_callback_names_the_bulk_and_where_to_poll(call):
    heard = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as listener:
        thread = threading.Thread(target=listener.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{listener.server_port}/"
        taken = call("POST", "/enrichment/enrich/bulk", {"data": [RECORD], "callbackUrl": url}).json()["id"]
        thread.join(60)

    assert taken.rsplit("/", 1)[1] in heard[0]
    assert '"companyEnriched": 1' in heard[0]
