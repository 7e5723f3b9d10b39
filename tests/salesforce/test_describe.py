import json
from pathlib import Path

import pytest

from lsync_flask.engine.fields import PicklistValue
from lsync_flask.errors import FatalError, RetryableError
from lsync_flask.salesforce.describe import describe_object, object_info

FLAGS = {
    "nillable": True,
    "updateable": True,
    "filterable": True,
    "sortable": True,
    "calculated": False,
    "custom": False,
}
SIZES = {"length": 0, "precision": 0, "scale": 0, "digits": 0}


def field(name, kind, **more):
    known = {"name": name, "label": f"The {name}", "type": kind, "restrictedPicklist": False, "picklistValues": []}
    return {**FLAGS, **SIZES, **known, "referenceTo": [], "relationshipName": None, **more}


def described(name, *fields, prefix="00Q"):
    return {"name": name, "label": name, "labelPlural": f"{name}s", "keyPrefix": prefix, "fields": list(fields)}


OWNER = field("OwnerId", "reference", referenceTo=["Group", "User"], relationshipName="Owner")
ACCOUNT = field("AccountId", "reference", referenceTo=["Account"], relationshipName="Account")


def answer(org, name, *fields):
    org.answer("GET", f"sobjects/{name}/describe", described(name, *fields))


def test_what_decisions_need_is_kept(org, api):
    value = {"value": "Matched", "label": "In Sync", "active": False, "defaultValue": False, "validFor": None}
    answer(
        org,
        "Lead",
        field("CleanStatus", "picklist", length=40, restrictedPicklist=True, picklistValues=[value]),
        field("Score__c", "double", precision=5, scale=2, custom=True, updateable=False, calculated=True),
    )

    info = describe_object(api, "Lead")

    status, score = info.get("CleanStatus"), info.get("score__c")
    assert (info.name, info.label_plural, info.key_prefix) == ("Lead", "Leads", "00Q")
    assert (status.values, status.restricted) == ((PicklistValue("Matched", "In Sync", active=False),), True)
    assert (score.precision, score.scale, score.custom, score.updateable, score.calculated) == (5, 2, True, False, True)


@pytest.mark.parametrize(
    ("kind", "length", "ours"),
    [
        ("textarea", 255, "textarea"),
        ("textarea", 32000, "longtextarea"),
        ("combobox", 80, "string"),
        ("encryptedstring", 80, "string"),
        ("datetime", 0, "datetime"),
    ],
)
def test_types_are_told_in_our_words(org, api, kind, length, ours):
    answer(org, "Lead", field("X", kind, length=length))

    assert describe_object(api, "Lead").get("X").type == ours


@pytest.mark.parametrize("kind", ["address", "location", "time", "base64", "anyType", "complexvalue", "new-in-70"])
def test_fields_that_we_neither_filter_nor_write_are_left_out(org, api, kind):
    answer(org, "Lead", field("X", kind))

    assert describe_object(api, "Lead").find("X") is None


def test_parents_come_with_their_fields(org, api):
    answer(org, "Contact", ACCOUNT)
    answer(org, "Account", field("Industry", "picklist", length=40))

    assert describe_object(api, "Contact", ["Account", "Nobody"]).get("Account.Industry").type == "picklist"
    assert api.calls == 2


def test_of_a_parent_that_may_be_a_user_or_a_queue_only_what_both_have_is_offered(org, api):
    answer(org, "Lead", OWNER)
    answer(org, "User", field("Name", "string", length=121), field("Department", "string", length=80))

    info = describe_object(api, "Lead", ["Owner"])

    assert info.find("Owner.Name") is not None
    assert info.find("Owner.Department") is None


def test_a_parent_that_the_user_may_not_see_is_left_out(org, api):
    answer(org, "Lead", OWNER)

    assert describe_object(api, "Lead", ["Owner"]).parents == {}


@pytest.mark.parametrize("body", [[], {}, {"fields": None}, "x"])
def test_an_answer_that_describes_nothing_is_asked_for_again(org, api, body):
    org.answer("GET", "sobjects/Lead/describe", body)

    with pytest.raises(RetryableError):
        describe_object(api, "Lead")


def test_an_objects_name_cannot_lead_elsewhere(api):
    with pytest.raises(FatalError, match="no name of an object"):
        describe_object(api, "../../oauth2/revoke")


RECORDED = Path("/work/shared/data/describe")


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not part of the repository")
@pytest.mark.parametrize("name", ["Lead", "Contact", "Account", "Account_person_accounts"])
def test_recorded_answers_are_understood(name):
    info = object_info(json.loads((RECORDED / f"{name}.json").read_text()))

    assert info.get("Name").type == "string"
    assert info.get("Description").type == "longtextarea"
