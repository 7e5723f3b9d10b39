"""Mails that the org itself sends, and the switch that keeps it from sending."""

import pytest
import requests


@pytest.fixture
def send(door):
    """Runs the action with these inputs as Ada; every mail goes out again afterwards."""
    url = f"{door.org_url}/services/data/v67.0/actions/standard/emailSimple"
    headers = {"Authorization": f"Bearer {door.token('ada.lindgren')}"}
    yield lambda *inputs: requests.post(url, json={"inputs": inputs}, headers=headers, timeout=10)
    door.post("/deliverability", {"level": "all"})


MAIL = {"emailAddresses": "action@acme.example, other@acme.example", "emailSubject": "Hello", "emailBody": "It works."}


def mails(door):
    return requests.get(f"{door.control_url}/mails", params={"to": "action@acme.example"}, timeout=5).json()


def test_a_mail_arrives(door, send):
    before = len(mails(door))

    answer = send(MAIL)

    assert answer.status_code == 200
    assert answer.json() == [{"actionName": "emailSimple", "errors": None, "isSuccess": True, "outputValues": None}]
    arrived = mails(door)[before:]
    assert [(mail["subject"], mail["text"].strip()) for mail in arrived] == [("Hello", "It works.")]
    assert arrived[0]["to"] == ["action@acme.example", "other@acme.example"]


@pytest.mark.parametrize("level", ["system", "none"])
def test_without_deliverability_nothing_is_sent(door, send, level):
    door.post("/deliverability", {"level": level})
    before = len(mails(door))

    answer = send(MAIL)

    (told,) = answer.json()
    assert (answer.status_code, told["isSuccess"]) == (400, False)
    assert told["errors"][0]["statusCode"] == "NO_MASS_MAIL_PERMISSION"
    assert set(told["errors"][0]) == {"statusCode", "message", "fields"}
    assert len(mails(door)) == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"emailAddresses": ""}, "REQUIRED_FIELD_MISSING"),
        ({"emailSubject": None}, "REQUIRED_FIELD_MISSING"),
        ({"emailAddresses": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        ({"emailAddresses": ",".join(f"a{number}@acme.example" for number in range(151))}, "LIMIT_EXCEEDED"),
    ],
)
def test_an_input_that_is_wrong_is_refused(send, changes, code):
    answer = send({**MAIL, **changes})

    assert (answer.status_code, answer.json()[0]["errors"][0]["statusCode"]) == (400, code)


def test_a_subject_stays_on_one_line(door, send):
    answer = send({**MAIL, "emailSubject": "Hello\r\nBcc: evil@acme.example"})

    assert answer.status_code == 200
    assert "Bcc" not in mails(door)[-1]["headers"]


def test_the_action_is_listed_with_its_inputs(door):
    headers = {"Authorization": f"Bearer {door.token('ada.lindgren')}"}
    base = f"{door.org_url}/services/data/v67.0"

    listed = requests.get(f"{base}/actions/standard", headers=headers, timeout=5).json()["actions"]
    told = requests.get(f"{door.org_url}{listed[0]['url']}", headers=headers, timeout=5).json()

    assert [action["name"] for action in listed] == ["emailSimple"]
    assert [one["name"] for one in told["inputs"] if one["required"]] == ["emailSubject", "emailBody"]


@pytest.mark.parametrize("body", [{}, {"level": "some"}, {"level": "all", "more": 1}])
def test_the_switch_takes_its_three_levels_alone(door, body):
    assert door.post("/deliverability", body).status_code == 400
