"""Records one by one: create, read, change, delete, and what the org refuses."""

import pytest


def test_a_record_is_created_read_changed_and_deleted(house):
    made = house.ask("POST", "/sobjects/Lead", json={"LastName": "Lee", "Company": "Acme"})
    record = made.get_json()["id"]

    assert (made.status_code, made.get_json()) == (201, {"id": record, "success": True, "errors": []})
    assert house.ask("PATCH", f"/sobjects/Lead/{record}", json={"City": "Paris", "Title": ""}).status_code == 204
    read = house.ask("GET", f"/sobjects/Lead/{record}?fields=City,Title,Status,Owner.Name").get_json()
    assert (read["City"], read["Title"], read["Status"]) == ("Paris", None, "Open - Not Contacted")
    assert read["Owner"]["Name"] == "Ann Admin"
    deleted = house.ask("DELETE", f"/sobjects/Lead/{record[:15]}")
    assert (deleted.status_code, deleted.data, deleted.content_type) == (204, b"", None)
    gone = house.ask("GET", f"/sobjects/Lead/{record}")
    assert (gone.status_code, gone.get_json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")


READ_ONLY = (
    "Unable to create/update fields: CreatedDate. Please check the security settings of this field and verify that it is "
    "read/write for your profile or permission set."
)
REFUSED = (
    ({"Company": None}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Company]", ["Company"]),
    (
        {"FirstName": "x" * 41},
        "STRING_TOO_LONG",
        f"First Name: data value too large: {'x' * 41} (max length=40)",
        ["FirstName"],
    ),
    ({"Email": "nobody"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: nobody", ["Email"]),
    (
        {"CleanStatus": "Odd"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Clean Status: bad value for restricted picklist field: Odd",
        ["CleanStatus"],
    ),
    (
        {"NumberOfEmployees": 123_456_789},
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Employees: value outside of valid range on numeric field: 123456789",
        ["NumberOfEmployees"],
    ),
    (
        {"CreatedDate": "2026-01-01T00:00:00Z"},
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        READ_ONLY,
        ["CreatedDate"],
    ),
    (
        {"OwnerId": "001000000000001"},
        "MALFORMED_ID",
        "Owner ID: id value of incorrect type: 001000000000001",
        ["OwnerId"],
    ),
    ({"Nope": 1}, "INVALID_FIELD", "No such column 'Nope' on sobject of type Lead", []),
)


@pytest.mark.parametrize(("values", "code", "message", "fields"), REFUSED)
def test_a_value_that_the_field_cannot_take_is_refused(house, add_leads, values, code, message, fields):
    (lead,) = add_leads({})

    answer = house.ask("PATCH", f"/sobjects/Lead/{lead}", json=values)

    assert answer.status_code == 400
    assert answer.get_json() == [{"message": message, "errorCode": code, "fields": fields}]
    assert house.org.writes.count() == 0


def test_values_of_an_unrestricted_picklist_are_free(house, add_leads):
    (lead,) = add_leads({})

    assert house.ask("PATCH", f"/sobjects/Lead/{lead}", json={"Industry": "Beekeeping"}).status_code == 204


def test_a_converted_lead_cannot_be_changed(house, add_leads):
    (lead,) = add_leads({"IsConverted": True})

    answer = house.ask("PATCH", f"/sobjects/Lead/{lead}", json={"City": "Paris"})

    assert answer.get_json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert answer.get_json()[0]["message"] == "cannot reference converted lead"


def test_an_inactive_user_cannot_be_made_owner(house, add_leads):
    (lead,) = add_leads({})
    house.org.update("User", house.plain.id, {"IsActive": False})

    answer = house.ask("PATCH", f"/sobjects/Lead/{lead}", json={"OwnerId": house.plain.id})

    assert answer.get_json()[0]["errorCode"] == "INACTIVE_OWNER_OR_USER"


def test_a_missing_record_is_not_found(house):
    assert house.ask("PATCH", "/sobjects/Lead/00QLs0000009999", json={"City": "x"}).status_code == 404
    wrong = house.ask("GET", "/sobjects/Lead/nonsense")
    assert wrong.get_json()[0]["message"] == (
        "Provided external ID field does not exist or is not accessible: nonsense"
    )


def test_json_that_is_none_is_a_parser_error(house):
    answer = house.ask("POST", "/sobjects/Lead", data=b"{oops", content_type="application/json")

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_a_write_moves_the_stamps_and_is_remembered(house, add_leads):
    (lead,) = add_leads({"SystemModstamp": "2020-01-01T00:00:00.000Z"})

    house.ask("PATCH", f"/sobjects/Lead/{lead}", "plain", json={"City": "Paris", "AnnualRevenue": 5})

    (row,) = house.org.rows(f"SELECT SystemModstamp, LastModifiedById, AnnualRevenue FROM Lead WHERE Id = '{lead}'")
    assert row == {
        "SystemModstamp": "2026-11-23T09:30:00.000Z",
        "LastModifiedById": house.plain.id,
        "AnnualRevenue": 5.0,
    }
    (write,) = house.org.writes.of(lead)
    assert (write.api, write.user, write.fields) == ("rest", house.plain.id, {"City": "Paris", "AnnualRevenue": 5.0})
