"""The side door that tests use, the mail sink and the enrichment service behind their addresses."""

import smtplib
import time
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
import requests

ENDS = frozenset({"JobComplete", "Failed", "Aborted"})


def get(door, path: str, **params: str):
    return requests.get(f"{door.control_url}{path}", params=params, timeout=60)


def send_mail(door, subject: str, text: str, html: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "lsync@northbridge.example", "ada@northbridge.example", subject
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    place = urlsplit(door.line["smtp_url"])
    with smtplib.SMTP(place.hostname, place.port, timeout=60) as server:
        server.send_message(message)


def test_permission_sets_can_be_changed_and_count_at_once(door):
    user = door.user("noah.reid")

    given = door.post(f"/users/{user['id']}/permission_sets", {"permission_sets": ["LSync_Auditor"]}).json()
    seen = door.userinfo(door.token("noah.reid")).json()["custom_permissions"]
    taken = door.post(f"/users/{user['id']}/permission_sets", {"permission_sets": []}).json()

    assert given["permission_sets"] == ["LSync_Auditor"]
    assert seen == {"LSync_Auditor": True}
    assert taken["custom_permissions"] == []


def test_an_assignment_can_run_out_on_the_orgs_clock(door):
    user = door.user("noah.reid")
    body = {"permission_sets": ["LSync_Manager"], "expires_in_s": 60}
    door.post(f"/users/{user['id']}/permission_sets", body)

    door.post("/clock", {"advance_s": 61})
    seen = door.userinfo(door.token("noah.reid")).json()["custom_permissions"]
    door.post("/clock", {"advance_s": -61})
    door.post(f"/users/{user['id']}/permission_sets", {"permission_sets": []})

    assert seen == {}


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/clock", {}, 'The body must be {"advance_s": seconds}.'),
        ("/clock", [], "The body must be a JSON object."),
        (
            "/provider",
            {"latency_ms": -1},
            (
                "The body must hold at least one of latency_ms, calls_per_s, backlog, bulk_ms, credits_left, "
                "records_per_call, json_calls_per_s (whole numbers from 0; credits_left and json_calls_per_s may be null) "
                "and internal_errors (a share from 0 to 1)."
            ),
        ),
        ("/users/nobody/permission_sets", {"permission_sets": []}, "There is no such user."),
        ("/faults", {}, 'A fault plan is {"seed": number, "rules": [{"match", "nth", "action"}]}.'),
        ("/faults", {"rules": [{"match": "POST *"}]}, "Rule 1 has no action."),
        (
            "/faults",
            {"rules": [{"match": "*", "action": "explode"}]},
            (
                "Rule 1: there is no action explode; choose from 401, 403, 429, 500, 502, 503, cut, drip, error, garbage, html, "
                "job-aborted, job-failed, job-stuck, late, lost, out-of-credits, row, rows-missing, rows-mixed, rows-shuffled, "
                "rows-twice, rows-unknown, stale-locator."
            ),
        ),
        ("/faults", {"rules": [{"match": "*", "action": "503", "nth": 0}]}, "Rule 1: nth is a whole number from 1."),
        ("/faults", {"rules": [{"match": "*", "action": "503", "share": 2}]}, "Rule 1: share is a number from 0 to 1."),
    ],
)
def test_what_makes_no_sense_gets_a_sentence(door, path, body, sentence):
    answer = door.post(path, body)

    assert answer.status_code in {400, 404}
    assert answer.json() == {"error": sentence}


def test_an_unknown_permission_set_is_named(door):
    answer = door.post(f"/users/{door.user('noah.reid')['id']}/permission_sets", {"permission_sets": ["Nope"]})

    assert answer.status_code == 400
    assert "no permission set Nope" in answer.json()["error"]


@pytest.fixture
def lead(door):
    """Sends requests for one lead as the admin, and gives the id."""
    headers = {"Authorization": f"Bearer {door.token('ada.lindgren')}"}
    base = f"{door.org_url}/services/data/v67.0"
    last = "SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id DESC LIMIT 1"
    record = door.query("ada.lindgren", last).json()["records"][0]["Id"]

    def send(method, path="", **body):
        return requests.request(method, f"{base}/sobjects/Lead/{record}{path}", headers=headers, timeout=60, **body)

    yield send, record
    door.post("/faults", {"rules": []})


def test_a_planned_answer_is_given_the_nth_time_and_no_other(door, lead):
    send, _ = lead
    door.post("/faults", {"rules": [{"match": "GET */sobjects/Lead/*", "nth": 2, "action": "503", "retry_after": 7}]})

    answers = [send("GET") for _ in range(3)]

    assert [one.status_code for one in answers] == [200, 503, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1].json()[0]["errorCode"] == "SERVER_UNAVAILABLE"


def test_an_answer_can_be_lost_after_the_change_was_made(door, lead):
    send, _ = lead
    door.post("/faults", {"rules": [{"match": "PATCH *", "action": "lost", "times": 1}]})

    lost = send("PATCH", json={"Title": "Lost on the way"})

    assert lost.status_code == 504
    assert send("GET").json()["Title"] == "Lost on the way"


def test_a_row_can_be_refused(door, lead):
    send, record = lead
    door.post("/faults", {"rules": [{"match": f"Lead/{record}", "action": "row", "times": 1}]})

    answers = [send("PATCH", json={"Title": "Locked"}) for _ in range(2)]

    assert [one.status_code for one in answers] == [400, 204]
    assert answers[0].json()[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"


@pytest.mark.usefixtures("lead")
def test_a_bulk_job_can_fail(door):
    jobs = f"{door.org_url}/services/data/v67.0/jobs/query"
    headers = {"Authorization": f"Bearer {door.token('ada.lindgren')}"}
    door.post("/faults", {"rules": [{"match": "750*", "action": "job-failed", "times": 1}]})

    ends = []
    for _ in range(2):
        body = {"operation": "query", "query": "SELECT Id FROM Lead"}
        job = requests.post(jobs, json=body, headers=headers, timeout=60).json()["id"]
        end = time.monotonic() + 60
        while (state := requests.get(f"{jobs}/{job}", headers=headers, timeout=60).json()["state"]) not in ENDS:
            assert time.monotonic() < end
        ends.append(state)

    assert ends == ["Failed", "JobComplete"]


def test_a_share_is_drawn_alike_by_the_same_seed(door, lead):
    send, _ = lead
    plan = {"seed": 3, "rules": [{"match": "GET */sobjects/*", "share": 0.5, "action": "429"}]}

    drawn = []
    for _ in range(2):
        door.post("/faults", plan)
        drawn.append([send("GET").status_code for _ in range(12)])

    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {200, 429}


def test_a_fault_plan_is_kept_as_it_was_sent(door):
    rules = [{"match": "POST */jobs/ingest", "nth": 2, "action": "503", "retry_after": 1}]

    answer = door.post("/faults", {"seed": 5, "rules": rules})
    door.post("/faults", {"rules": []})

    assert answer.status_code == 201
    assert answer.json()["plan"] == {"seed": 5, "rules": rules}


def test_the_control_address_answers_to_its_own_name_only(door):
    answer = requests.get(f"{door.control_url}/calls", headers={"Host": "evil.example"}, timeout=60)

    assert answer.status_code == 403


def test_calls_are_counted_by_kind(door):
    body = get(door, "/calls").json()

    assert set(body) == {"total", "by_kind"}
    assert body["total"] == sum(body["by_kind"].values())


def test_nothing_is_in_the_write_ledger_of_an_untouched_record(door):
    assert get(door, "/ledger/writes", record="00QLs0000000001AAA").json() == []


def test_mails_are_kept_with_both_their_forms(door):
    send_mail(door, "Activity 7: ö fertig", "written 1,200\n", "<h1>written 1,200</h1>")

    mail = get(door, "/mails", to="ada@northbridge.example").json()[-1]
    page = requests.get(door.line["mails_url"], params={"mail": str(mail["number"])}, timeout=60).text
    inner = requests.get(f"{door.line['mails_url']}/{mail['number']}/html", timeout=60)

    assert (mail["subject"], mail["to"]) == ("Activity 7: ö fertig", ["ada@northbridge.example"])
    assert mail["text"].strip() == "written 1,200"
    assert "<h1>written 1,200</h1>" in mail["html"]
    assert "Activity 7: ö fertig" in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert inner.headers["Content-Security-Policy"].startswith("sandbox")


def test_the_mail_reader_shows_hostile_text_as_text(door):
    send_mail(door, "<script>alert(1)</script>", "<img onerror=x>", "<p>ok</p>")

    page = requests.get(door.line["mails_url"], timeout=60).text

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_address_that_the_org_does_not_have_is_not_found(door):
    answer = requests.get(f"{door.org_url}/services/apexrest/x", timeout=60)

    assert answer.status_code == 404
    assert answer.json() == [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
