"""Custom fields and who may see them; permission records through the ordinary calls."""

import pytest

TEXT = {"type": "Text", "label": "Tier", "length": 3}


def make(house, name="Lead.Tier__c", metadata=TEXT, who="admin"):
    return house.ask("POST", "/tooling/sobjects/CustomField", who, json={"FullName": name, "Metadata": metadata})


def grant(house, *, edit=True, field="Lead.Tier__c"):
    body = {
        "ParentId": house.plain_set,
        "SobjectType": "Lead",
        "Field": field,
        "PermissionsRead": True,
        "PermissionsEdit": edit,
    }
    return house.ask("POST", "/sobjects/FieldPermissions", json=body)


def described(house, who="plain"):
    fields = house.ask("GET", "/sobjects/Lead/describe", who).get_json()["fields"]
    return {field["name"]: field for field in fields}


def test_a_new_field_is_there_for_those_only_who_are_granted_it(house, add_leads):
    (lead,) = add_leads({})
    made = make(house)

    assert made.status_code == 201
    assert made.get_json() == {
        "id": made.get_json()["id"], "success": True, "errors": [], "warnings": [], "infos": [],
    }  # fmt: skip
    assert made.get_json()["id"].startswith("00N")
    assert "Tier__c" not in described(house)
    assert "Tier__c" not in described(house, "admin")
    refused = house.ask("PATCH", f"/sobjects/Lead/{lead}", "plain", json={"Tier__c": "A"})
    assert refused.get_json()[0]["message"] == "No such column 'Tier__c' on sobject of type Lead"
    assert house.refusal("SELECT Tier__c FROM Lead", "plain")[1] == "INVALID_FIELD"

    assert grant(house, edit=True).status_code == 201

    field = described(house)["Tier__c"]
    assert (field["type"], field["length"], field["byteLength"], field["custom"]) == ("string", 3, 9, True)
    assert (field["createable"], field["updateable"], field["nillable"]) == (True, True, True)
    assert house.ask("PATCH", f"/sobjects/Lead/{lead}", "plain", json={"Tier__c": "A"}).status_code == 204
    assert house.query("SELECT Tier__c FROM Lead", "plain")[0]["Tier__c"] == "A"
    assert "Tier__c" not in described(house, "admin")


def test_a_field_that_may_only_be_read_is_not_written(house, add_leads):
    (lead,) = add_leads({})
    make(house)
    grant(house, edit=False)

    answer = house.ask("PATCH", f"/sobjects/Lead/{lead}", "plain", json={"Tier__c": "A"})

    assert answer.get_json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert described(house)["Tier__c"]["updateable"] is False


def test_a_grant_counts_through_a_group_until_it_expires(house):
    make(house)
    grant(house)
    group = house.org.insert("PermissionSetGroup", {"DeveloperName": "G", "MasterLabel": "G", "Status": "Updated"})
    house.org.insert("PermissionSetGroupComponent", {"PermissionSetGroupId": group, "PermissionSetId": house.plain_set})
    row = {"AssigneeId": house.admin.id, "PermissionSetGroupId": group}

    assignment = house.org.insert("PermissionSetAssignment", row)
    assert "Tier__c" in described(house, "admin")
    house.org.update("PermissionSetAssignment", assignment, {"ExpirationDate": "2026-11-23T09:29:59.000Z"})
    assert "Tier__c" not in described(house, "admin")


def test_field_permissions_are_given_once_and_edit_needs_read(house):
    make(house)

    assert grant(house).status_code == 201
    assert grant(house).get_json()[0]["errorCode"] == "DUPLICATE_VALUE"
    unknown = grant(house, field="Lead.Nope__c").get_json()[0]
    assert unknown["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert grant(house, field="Lead.OwnerId").get_json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    found = house.query(
        f"SELECT Id, PermissionsEdit FROM FieldPermissions WHERE ParentId = '{house.plain_set}' "
        "AND SobjectType = 'Lead' AND Field = 'Lead.Tier__c'"
    )
    assert [row["PermissionsEdit"] for row in found] == [True]


def test_a_name_is_taken_once(house):
    make(house)

    answer = make(house)

    assert answer.status_code == 400
    assert answer.get_json() == [
        {
            "message": "There is already a field named Tier on Lead.",
            "errorCode": "DUPLICATE_DEVELOPER_NAME",
            "fields": ["DeveloperName"],
        }
    ]


def test_only_those_who_may_customise_make_fields(house):
    assert make(house, who="plain").status_code == 403


DESCRIBED = (
    ({"type": "TextArea"}, ("textarea", 255, 0, 0, True)),
    ({"type": "LongTextArea", "length": 32_000, "visibleLines": 3}, ("textarea", 32_000, 0, 0, False)),
    ({"type": "Number", "precision": 18, "scale": 0}, ("double", 0, 18, 0, True)),
    ({"type": "Currency", "precision": 16, "scale": 2}, ("currency", 0, 16, 2, True)),
    ({"type": "Percent", "precision": 5, "scale": 1}, ("percent", 0, 5, 1, True)),
    ({"type": "Checkbox", "defaultValue": "false"}, ("boolean", 0, 0, 0, True)),
    ({"type": "Date"}, ("date", 0, 0, 0, True)),
    ({"type": "DateTime"}, ("datetime", 0, 0, 0, True)),
    ({"type": "Email"}, ("email", 80, 0, 0, True)),
    ({"type": "Phone"}, ("phone", 40, 0, 0, True)),
    ({"type": "Url"}, ("url", 255, 0, 0, True)),
    (
        {"type": "Picklist", "valueSet": {"restricted": True, "valueSetDefinition": {"value": [{"fullName": "A"}]}}},
        ("picklist", 255, 0, 0, True),
    ),
)


@pytest.mark.parametrize(("metadata", "expected"), DESCRIBED)
def test_each_type_is_described_as_salesforce_does(house, metadata, expected):
    assert make(house, metadata={"label": "Tier", **metadata}).status_code == 201
    grant(house)

    field = described(house)["Tier__c"]

    assert tuple(field[key] for key in ("type", "length", "precision", "scale", "filterable")) == expected
    assert len(field) == 57


@pytest.mark.parametrize(
    ("name", "metadata"),
    [
        ("Lead.Tier", TEXT),
        ("Lead.2Tier__c", TEXT),
        ("Lead.Ti__er__c", TEXT),
        ("Nope.Tier__c", TEXT),
        ("Lead.Tier__c", {"type": "Text", "length": 3}),
        ("Lead.Tier__c", {"type": "Text", "label": "x", "length": 256}),
        ("Lead.Tier__c", {"type": "Checkbox", "label": "x"}),
        ("Lead.Tier__c", {"type": "Number", "label": "x", "precision": 19, "scale": 0}),
        ("Lead.Tier__c", {"type": "Sorcery", "label": "x"}),
    ],
)
def test_a_field_that_cannot_be_is_refused(house, name, metadata):
    assert make(house, name, metadata).status_code == 400


def test_a_made_field_is_found_by_tooling_query(house):
    made = make(house).get_json()["id"]
    soql = "SELECT Id, DeveloperName FROM CustomField WHERE TableEnumOrId = 'Lead' AND DeveloperName = 'Tier'"

    found = house.ask("GET", "/tooling/query/", query_string={"q": soql}).get_json()["records"]

    assert [(row["Id"], row["DeveloperName"]) for row in found] == [(made, "Tier")]
    assert house.refusal(soql)[1] == "INVALID_TYPE"


def test_a_permission_set_is_assigned_and_taken_away(house):
    permission_set = house.org.insert("PermissionSet", {"Name": "LSync_Admin", "Label": "x"})
    body = {"AssigneeId": house.plain.id, "PermissionSetId": permission_set}

    made = house.ask("POST", "/sobjects/PermissionSetAssignment", json=body)
    again = house.ask("POST", "/sobjects/PermissionSetAssignment", json=body)

    assert made.status_code == 201
    assert again.get_json()[0]["errorCode"] == "DUPLICATE_VALUE"
    (row,) = house.query(f"SELECT IsActive FROM PermissionSetAssignment WHERE PermissionSetId = '{permission_set}'")
    assert row["IsActive"] is True
    assert house.ask("DELETE", f"/sobjects/PermissionSetAssignment/{made.get_json()['id']}").status_code == 204
    assert house.ask("POST", "/sobjects/PermissionSetAssignment", "plain", json=body).status_code == 404


def test_people_and_permissions_are_changed_by_those_only_who_run_the_org(house):
    house.org.update("PermissionSet", house.plain_set, {"PermissionsViewSetup": True})
    body = {
        "AssigneeId": house.plain.id,
        "PermissionSetId": house.org.insert("PermissionSet", {"Name": "X", "Label": "X"}),
    }

    assigned = house.ask("POST", "/sobjects/PermissionSetAssignment", "plain", json=body)
    renamed = house.ask("PATCH", f"/sobjects/User/{house.admin.id}", "plain", json={"Title": "x"})

    assert (assigned.status_code, renamed.status_code) == (403, 403)
    assert renamed.get_json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert len(house.query("SELECT Id FROM PermissionSetAssignment", "plain")) == 1
