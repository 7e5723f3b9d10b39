"""What others do to records while a client is at work, by way of the control address."""

import pytest
import requests


@pytest.fixture
def org(door):
    headers = {"Authorization": f"Bearer {door.token('ada.lindgren')}"}

    def ask(method, path, **more):
        return requests.request(
            method, f"{door.org_url}/services/data/v67.0{path}", headers=headers, timeout=30, **more
        )

    yield ask
    door.post("/rules", {})


@pytest.fixture
def new_lead(org):
    return lambda: org("POST", "/sobjects/Lead", json={"LastName": "Meanwhile", "Company": "Acme"}).json()["id"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"deleted": True}, "ENTITY_IS_DELETED"),
        ({"converted": True}, "CANNOT_UPDATE_CONVERTED_LEAD"),
    ],
)
def test_a_record_is_deleted_or_converted_meanwhile(door, org, new_lead, body, code):
    record = new_lead()

    done = door.post(f"/records/{record}", body)
    answer = org("PATCH", f"/sobjects/Lead/{record}", json={"City": "Rome"})

    assert done.status_code == 200
    assert answer.json()[0]["errorCode"] == code


def test_a_merged_record_points_at_the_one_that_is_left(door, org, new_lead):
    lost, left = new_lead(), new_lead()

    door.post(f"/records/{lost}", {"merged_into": left})
    answer = org("PATCH", f"/sobjects/Lead/{lost}", json={"City": "Rome"})
    soql = f"SELECT IsDeleted, MasterRecordId FROM Lead WHERE Id = '{lost}'"
    (row,) = org("GET", "/queryAll", params={"q": soql}).json()["records"]

    assert answer.json()[0]["errorCode"] == "ENTITY_IS_DELETED"
    assert (row["IsDeleted"], row["MasterRecordId"]) == (True, left)


def test_a_field_that_somebody_else_changes_moves_the_stamp_and_no_ledger(door, org, new_lead):
    record = new_lead()
    soql = f"SELECT City, SystemModstamp FROM Lead WHERE Id = '{record}'"
    before = org("GET", "/query", params={"q": soql}).json()["records"][0]
    door.post("/clock", {"advance_s": 5})

    door.post(f"/records/{record}", {"fields": {"city": "Paris"}})
    after = org("GET", "/query", params={"q": soql}).json()["records"][0]
    door.post("/clock", {"advance_s": -5})

    writes = requests.get(f"{door.control_url}/ledger/writes", params={"record": record}, timeout=60).json()
    assert after["City"] == "Paris"
    assert after["SystemModstamp"] > before["SystemModstamp"]
    assert len(writes) == 1


def test_rules_are_set_and_taken_away(door, org, new_lead):
    record = new_lead()
    rule = {"object": "Lead", "name": "No_Rome", "when": "City = 'Rome'", "message": "Not Rome."}
    door.post("/rules", {"validation_rules": [rule]})

    refused = org("PATCH", f"/sobjects/Lead/{record}", json={"City": "Rome"})
    door.post("/rules", {})
    taken = org("PATCH", f"/sobjects/Lead/{record}", json={"City": "Rome"})

    assert refused.json() == [{"message": "Not Rome.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": []}]
    assert taken.status_code == 204


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/records/00Q", {"deleted": True}, "There is no such record."),
        ("/rules", {"sharing": {"Leed": "private"}}, "There is no object Leed."),
    ],
)
def test_what_makes_no_sense_is_refused(door, path, body, sentence):
    assert door.post(path, body).json() == {"error": sentence}


@pytest.mark.parametrize(
    "body", [{}, {"deleted": 1}, {"fields": []}, {"fields": {"City": ["Rome"]}}, {"colour": "red"}]
)
def test_a_change_that_is_none_is_refused(door, new_lead, body):
    assert door.post(f"/records/{new_lead()}", body).status_code == 400
