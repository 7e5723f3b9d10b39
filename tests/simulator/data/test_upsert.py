"""Records by an external id: one in a call, and up to 200."""

import pytest

from lsync_flask.simulator.schema import Field


@pytest.fixture(autouse=True)
def external_id(house):
    """A text field `Ext__c` and one that must be unique, `Key__c`, which admin may write."""
    flags = {
        "createable": True,
        "updateable": True,
        "nillable": True,
        "filterable": True,
        "sortable": True,
        "custom": True,
    }
    for name, unique in (("Ext__c", False), ("Key__c", True)):
        field = Field(name, name, "string", length=40, external_id=True, id_lookup=True, unique=unique, **flags)
        house.org.add_field("Lead", field)
        held = {"ParentId": house.plain_set, "SobjectType": "Lead", "Field": f"Lead.{name}"}
        house.org.insert("FieldPermissions", {**held, "PermissionsRead": True, "PermissionsEdit": True})
    house.org.insert("PermissionSetAssignment", {"AssigneeId": house.admin.id, "PermissionSetId": house.plain_set})


def lead(**values):
    return {"attributes": {"type": "Lead"}, **values}


def send(house, *records, field="Ext__c", **more):
    return house.ask("PATCH", f"/composite/sobjects/Lead/{field}", json={"records": [*records], **more})


def test_each_record_is_created_or_updated_in_its_place(house, add_leads):
    (there,) = add_leads({"Ext__c": "one"})

    answer = send(
        house,
        lead(Ext__c="two", LastName="New", Company="Acme"),
        lead(Ext__c="ONE", City="Paris"),
        lead(Ext__c="three", LastName="No company"),
    )

    assert answer.status_code == 200
    created, updated, refused = answer.get_json()
    assert created == {"id": created["id"], "success": True, "errors": [], "created": True}
    assert updated == {"id": there, "success": True, "errors": [], "created": False}
    assert refused == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Company]",
                "fields": ["Company"],
            }
        ],
    }
    rows = house.query("SELECT Id, City, Ext__c FROM Lead ORDER BY Ext__c")
    assert [(row["Id"], row["City"], row["Ext__c"]) for row in rows] == [
        (there, "Paris", "one"),
        (created["id"], None, "two"),
    ]


def codes(answer):
    return [each["errors"][0]["statusCode"] if each["errors"] else None for each in answer.get_json()]


def test_a_record_that_cannot_be_matched_is_refused_alone(house, add_leads):
    add_leads({"Ext__c": "twin"}, {"Ext__c": "twin"})

    answer = send(
        house,
        lead(Ext__c="twin", City="Rome"),
        lead(City="Rome"),
        lead(Ext__c="a", LastName="A", Company="Acme"),
        lead(Ext__c="A", LastName="B", Company="Acme"),
    )

    assert codes(answer) == ["DUPLICATE_EXTERNAL_ID", "MISSING_ARGUMENT", None, "DUPLICATE_VALUE"]


def test_all_or_none_undoes_what_was_created(house, add_leads):
    (there,) = add_leads({"Ext__c": "one", "City": "Rome"})

    answer = send(house, lead(Ext__c="one", City="Paris"), lead(Ext__c="two"), allOrNone=True)

    assert codes(answer) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert [row["City"] for row in house.query("SELECT City FROM Lead")] == ["Rome"]
    assert answer.get_json()[0]["id"] == there


@pytest.mark.parametrize(
    ("field", "records", "expected"),
    [
        ("Nope__c", [lead(Nope__c="1")], (404, "NOT_FOUND")),
        ("City", [lead(City="Rome")], (404, "NOT_FOUND")),
        ("Ext__c", [{"attributes": {"type": "Account"}, "Ext__c": "1"}], (400, "INVALID_TYPE")),
        ("Ext__c", [lead(Ext__c="1", AnnualRevenue="many")], (400, "JSON_PARSER_ERROR")),
        ("Ext__c", [lead(Ext__c=str(number)) for number in range(201)], (400, "EXCEEDED_ID_LIMIT")),
    ],
    ids=["unknown field", "no external id", "other object", "wrong JSON type", "too many"],
)
def test_a_call_that_is_not_well_formed_is_refused_as_a_whole(house, field, records, expected):
    answer = send(house, *records, field=field)

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == expected


def test_one_record_is_read_and_deleted_by_its_external_id(house, add_leads):
    (there,) = add_leads({"Key__c": "k 1", "City": "Rome"})

    read = house.ask("GET", "/sobjects/Lead/Key__c/k%201?fields=City")
    gone = house.ask("DELETE", "/sobjects/Lead/Key__c/k%201")
    after = house.ask("GET", "/sobjects/Lead/Key__c/k%201")

    url = f"/services/data/v67.0/sobjects/Lead/{there}"
    assert read.get_json() == {"attributes": {"type": "Lead", "url": url}, "Id": there, "City": "Rome"}
    assert (gone.status_code, gone.data) == (204, b"")
    assert (after.status_code, after.get_json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_an_external_id_of_several_records_answers_their_addresses(house, add_leads):
    records = add_leads({"Ext__c": "twin"}, {"Ext__c": "twin"})

    answers = [house.ask(method, "/sobjects/Lead/Ext__c/twin") for method in ("GET", "DELETE")]
    answers.append(house.ask("PATCH", "/sobjects/Lead/Ext__c/twin", json={"City": "Rome"}))

    for answer in answers:
        assert answer.status_code == 300
        assert answer.get_json() == [f"/services/data/v67.0/sobjects/Lead/{record}" for record in records]


def test_a_record_that_is_created_brings_no_id(house):
    body = {"records": [lead(id="00Q000000000000EAA", LastName="A", Company="Acme")]}

    (told,) = house.ask("POST", "/composite/sobjects", json=body).get_json()

    assert told["errors"][0]["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert told["errors"][0]["message"] == "cannot specify Id in an insert call"
