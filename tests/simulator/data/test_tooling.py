"""The Tooling API: custom fields changed and taken away, remote sites and trusted URLs."""

import pytest

TEXT = {"type": "Text", "label": "Tier", "length": 3}


def make(house, name="Lead.Tier__c", metadata=TEXT):
    answer = house.ask("POST", "/tooling/sobjects/CustomField", json={"FullName": name, "Metadata": metadata})
    assert answer.status_code == 201, answer.text
    return answer.get_json()["id"]


def tooling(house, soql):
    return house.ask("GET", "/tooling/query", query_string={"q": soql}).get_json()["records"]


def change(house, record, metadata, who="admin"):
    return house.ask("PATCH", f"/tooling/sobjects/CustomField/{record}", who, json={"Metadata": metadata})


def test_a_field_gets_other_properties_and_keeps_its_values(house, add_leads):
    record = make(house)
    add_leads({"Tier__c": "abc"})

    answer = change(house, record, {**TEXT, "label": "Rank", "length": 9, "description": "How good"})

    assert (answer.status_code, answer.data) == (204, b"")
    (row,) = tooling(house, "SELECT DeveloperName, Length, Description FROM CustomField")
    assert (row["DeveloperName"], row["Length"], row["Description"]) == ("Tier", 9, "How good")
    field = house.org.schema["Lead"].field("Tier__c")
    assert (field.label, field.length) == ("Rank", 9)
    assert house.org.store.rows("SELECT Tier__c FROM Lead") == [("abc",)]


@pytest.mark.parametrize(
    ("metadata", "who", "expected"),
    [
        ({"type": "Date", "label": "Tier"}, "admin", (400, "FIELD_INTEGRITY_EXCEPTION")),
        ({"type": "Text", "label": "Tier", "length": 999}, "admin", (400, "FIELD_INTEGRITY_EXCEPTION")),
        (None, "admin", (400, "FIELD_INTEGRITY_EXCEPTION")),
        (TEXT, "plain", (403, "INSUFFICIENT_ACCESS")),
    ],
    ids=["other type", "bad length", "no metadata", "no right"],
)
def test_a_change_that_is_wrong_is_refused(house, metadata, who, expected):
    answer = change(house, make(house), metadata, who)

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == expected
    assert house.org.schema["Lead"].field("Tier__c").length == 3


def test_a_deleted_field_is_gone_with_its_permissions_and_its_name_is_free(house, add_leads):
    record = make(house)
    body = {"ParentId": house.plain_set, "SobjectType": "Lead", "Field": "Lead.Tier__c", "PermissionsRead": True}
    house.ask("POST", "/sobjects/FieldPermissions", json=body)
    add_leads({"Tier__c": "abc"})

    answer = house.ask("DELETE", f"/tooling/sobjects/CustomField/{record}")

    assert (answer.status_code, answer.data) == (204, b"")
    assert house.ask("GET", f"/tooling/sobjects/CustomField/{record}").status_code == 404
    assert house.query("SELECT Id FROM FieldPermissions") == []
    assert house.refusal("SELECT Tier__c FROM Lead")[1] == "INVALID_FIELD"
    make(house)
    assert house.org.store.rows("SELECT Tier__c FROM Lead") == [(None,)]


REMOTE = {"url": "https://lsync.example.com", "isActive": True, "disableProtocolSecurity": False}
TRUSTED = {
    "endpointUrl": "https://lsync.example.com",
    "isActive": True,
    "context": "All",
    "isApplicableToFrameSrc": True,
}


def add(house, kind, metadata, who="admin", name="LSync"):
    return house.ask("POST", f"/tooling/sobjects/{kind}", who, json={"FullName": name, "Metadata": metadata})


@pytest.mark.parametrize(
    ("kind", "metadata", "name"), [("RemoteProxy", REMOTE, "SiteName"), ("CspTrustedSite", TRUSTED, "DeveloperName")]
)
def test_an_address_is_trusted_until_it_is_taken_away(house, kind, metadata, name):
    made = add(house, kind, metadata)
    again = add(house, kind, metadata)
    record = made.get_json()["id"]

    assert made.status_code == 201
    assert (again.status_code, again.get_json()[0]["errorCode"]) == (400, "DUPLICATE_DEVELOPER_NAME")
    (row,) = tooling(house, f"SELECT {name}, EndpointUrl, IsActive FROM {kind}")
    assert (row[name], row["EndpointUrl"], row["IsActive"]) == ("LSync", "https://lsync.example.com", True)
    assert house.ask("GET", f"/tooling/sobjects/{kind}/{record}").get_json()[name] == "LSync"
    assert house.ask("DELETE", f"/tooling/sobjects/{kind}/{record}").status_code == 204
    assert tooling(house, f"SELECT Id FROM {kind}") == []


@pytest.mark.parametrize(
    ("kind", "metadata", "who", "name", "expected"),
    [
        ("RemoteProxy", {**REMOTE, "url": "javascript:x"}, "admin", "LSync", (400, "FIELD_INTEGRITY_EXCEPTION")),
        ("RemoteProxy", None, "admin", "LSync", (400, "FIELD_INTEGRITY_EXCEPTION")),
        ("CspTrustedSite", TRUSTED, "admin", "no name", (400, "INVALID_FIELD")),
        ("CspTrustedSite", TRUSTED, "plain", "LSync", (403, "INSUFFICIENT_ACCESS")),
        ("ApexClass", {}, "admin", "LSync", (404, "NOT_FOUND")),
    ],
    ids=["no address", "nothing", "bad name", "no right", "other object"],
)
def test_an_address_that_is_wrong_is_refused(house, kind, metadata, who, name, expected):
    answer = add(house, kind, metadata, who, name)

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == expected
