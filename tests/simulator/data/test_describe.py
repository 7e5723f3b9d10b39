"""Describe answers have the shape, types and flags of the recorded ones."""

import json
import os
from pathlib import Path

import pytest

OBJECTS = ("Lead", "Contact", "Account")
FIELD_KEYS = 57
# Fields whose picklists differ between recorded orgs; salesforce.md gives the values that we have.
OWN_VALUES = {("Contact", "Salutation")}


def recorded(name):
    shared = Path(os.environ.get("LSYNC_SHARED") or Path(__file__).parents[4] / "shared")
    file = shared / "data" / "describe" / f"{name}.json"
    if not file.exists():
        pytest.skip(
            f"the recorded describe of {name} is not there; LSYNC_SHARED names the folder that holds data/describe"
        )
    return json.loads(file.read_text())


@pytest.fixture
def described(house):
    return lambda name: house.ask("GET", f"/sobjects/{name}/describe").get_json()


@pytest.mark.parametrize("name", OBJECTS)
def test_the_top_level_has_the_recorded_keys_and_types(described, name):
    ours, lead = described(name), recorded("Lead")

    assert ours.keys() == lead.keys()
    assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in lead.items()}


@pytest.mark.parametrize("name", OBJECTS)
def test_what_is_said_of_the_object_is_what_was_recorded(described, name):
    ours, theirs = described(name), recorded(name)
    plain = {key for key, value in theirs.items() if not isinstance(value, list | dict)}

    assert {key: ours[key] for key in plain} == {key: theirs[key] for key in plain}
    assert ours["supportedScopes"] == theirs["supportedScopes"]
    assert ours["recordTypeInfos"][0].keys() == theirs["recordTypeInfos"][0].keys()
    assert theirs["urls"].keys() - {"defaultValues"} == ours["urls"].keys()


@pytest.mark.parametrize("name", OBJECTS)
def test_every_field_is_described_as_recorded_key_by_key(described, name):
    ours = {field["name"]: field for field in described(name)["fields"]}
    theirs = {field["name"]: field for field in recorded(name)["fields"] if not field["custom"]}

    assert [*ours] == [*theirs]
    for field_name, field in theirs.items():
        assert len(ours[field_name]) == FIELD_KEYS
        own = {"picklistValues": ours[field_name]["picklistValues"]} if (name, field_name) in OWN_VALUES else {}
        assert ours[field_name] == {**field, **own}


def test_a_parent_lists_its_children(described):
    children = {child["relationshipName"]: child for child in described("Account")["childRelationships"]}

    assert children["Contacts"]["childSObject"] == "Contact"
    assert children["ChildAccounts"].keys() == recorded("Account")["childRelationships"][0].keys()


def test_an_unchanged_describe_is_not_sent_again(house):
    first = house.ask("GET", "/sobjects/Lead/describe")

    again = house.ask("GET", "/sobjects/Lead/describe", headers={"If-Modified-Since": first.headers["Last-Modified"]})

    assert (again.status_code, again.data) == (304, b"")


def test_a_changed_describe_is_sent_even_within_the_same_second(house):
    first = house.ask("GET", "/sobjects/Lead/describe")
    body = {"FullName": "Lead.Tier__c", "Metadata": {"type": "Text", "label": "Tier", "length": 3}}
    house.ask("POST", "/tooling/sobjects/CustomField", json=body)

    again = house.ask("GET", "/sobjects/Lead/describe", headers={"If-Modified-Since": first.headers["Last-Modified"]})

    assert again.status_code == 200


def test_the_list_of_objects_hides_setup_from_those_who_may_not_see_it(house):
    def names(who):
        return {each["name"] for each in house.ask("GET", "/sobjects", who).get_json()["sobjects"]}

    assert {"Lead", "Contact", "Account", "User"} <= names("plain")
    assert "PermissionSet" in names("admin") - names("plain")


def test_an_unknown_object_is_not_found(house):
    answer = house.ask("GET", "/sobjects/Leed/describe")

    assert answer.status_code == 404
    assert answer.get_json() == [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
