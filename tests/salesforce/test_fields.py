import pytest

from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.errors import FatalError, InvalidParams
from lsync_flask.salesforce.api import SalesforceRefused
from lsync_flask.salesforce.fields import (
    TECHNICAL_FIELDS,
    NewField,
    check_field,
    create_field,
    missing_technical_fields,
    spell_metadata,
)
from lsync_flask.salesforce.ids import to_18

CODE = NewField("LSync_Error_Code__c", "LSync Error Code", "Text", length=80, description="What was wrong.")
ADMIN, MANAGER, FIELD = to_18("0PS000000000001"), to_18("0PS000000000002"), to_18("00N000000000001")
CREATE = "tooling/sobjects/CustomField"
GRANT = "sobjects/FieldPermissions"


def shown(**more):
    flags = {"nillable": True, "updateable": True, "filterable": True, "sortable": True, "custom": True}
    sizes = {"length": 80, "precision": 0, "scale": 0, "digits": 0}
    rest = {"picklistValues": [], "restrictedPicklist": False, "referenceTo": [], "relationshipName": None}
    return {"name": CODE.name, "label": "x", "type": "string", "calculated": False, **flags, **sizes, **rest, **more}


def describe(org, *fields):
    body = {"name": "Lead", "label": "Lead", "labelPlural": "Leads", "keyPrefix": "00Q", "fields": list(fields)}
    org.answer("GET", "sobjects/Lead/describe", body)


def query(org, *records, path="query"):
    org.answer("GET", path, {"totalSize": len(records), "done": True, "records": list(records)})


def script(org, held=()):
    query(org, {"Id": ADMIN, "Name": "LSync_Admin"}, {"Id": MANAGER, "Name": "LSync_Manager"})
    query(org, *held)
    org.answer("POST", CREATE, {"id": FIELD, "success": True}, status=201)
    org.answer("POST", GRANT, {"id": "01k000000000001AAA", "success": True}, status=201)


def test_a_field_is_created_and_may_be_edited(org, api):
    describe(org)
    script(org)

    create_field(api, "Lead", CODE, ["LSync_Admin", "LSync_Manager"])

    assert org.calls("POST", CREATE)[0].json == {
        "FullName": "Lead.LSync_Error_Code__c",
        "Metadata": {
            "type": "Text",
            "label": "LSync Error Code",
            "required": False,
            "description": "What was wrong.",
            "length": 80,
        },
    }
    assert [asked.json for asked in org.calls("POST", GRANT)] == [
        {
            "ParentId": parent,
            "SobjectType": "Lead",
            "Field": "Lead.LSync_Error_Code__c",
            "PermissionsRead": True,
            "PermissionsEdit": True,
        }
        for parent in (ADMIN, MANAGER)
    ]


def test_a_field_that_serves_is_left_as_it_is(org, api):
    describe(org, shown(length=255))
    script(org, held=[{"Id": "01k1", "ParentId": ADMIN, "PermissionsEdit": True}])

    create_field(api, "Lead", CODE, ["LSync_Admin"])

    assert org.calls("POST", CREATE) == []
    assert org.calls("POST", GRANT) == []


def test_who_may_only_read_it_may_edit_it_afterwards(org, api):
    describe(org, shown())
    script(org, held=[{"Id": "01k000000000001AAA", "ParentId": ADMIN, "PermissionsEdit": False}])
    org.answer("PATCH", f"{GRANT}/01k000000000001AAA", status=204)

    create_field(api, "Lead", CODE, ["LSync_Admin"])

    assert org.calls("PATCH", f"{GRANT}/01k000000000001AAA")[0].json == {
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }


@pytest.mark.parametrize(
    "other", [{"length": 79}, {"type": "double"}, {"type": "textarea"}, {"calculated": True, "updateable": False}]
)
def test_a_field_of_another_kind_is_not_used(org, api, other):
    describe(org, shown(**other))

    with pytest.raises(FatalError, match="is there already"):
        create_field(api, "Lead", CODE, ["LSync_Admin"])


@pytest.mark.parametrize(
    ("hidden", "serves"),
    [
        ({"type": "Text", "length": 80}, True),
        ({"type": "Text", "length": 20}, False),
        ({"type": "Number", "precision": 5}, False),
        ({"type": "Text", "length": 80, "formula": "1"}, False),
        (None, True),
    ],
)
def test_a_field_that_the_user_does_not_see_is_looked_at_in_setup(org, api, hidden, serves):
    describe(org)
    org.refuse("POST", CREATE, "DUPLICATE_DEVELOPER_NAME", "There is already a field named LSync_Error_Code on Lead.")
    query(org, {"Id": FIELD}, path="tooling/query")
    org.answer("GET", f"{CREATE}/{FIELD}", {"Metadata": hidden})
    script(org)

    if serves:
        create_field(api, "Lead", CODE, ["LSync_Admin"])
    else:
        with pytest.raises(FatalError, match="is there already"):
            create_field(api, "Lead", CODE, ["LSync_Admin"])


def test_a_name_that_a_deleted_field_still_holds_is_refused(org, api):
    describe(org)
    org.refuse("POST", CREATE, "DUPLICATE_DEVELOPER_NAME", "The name has been previously used.")

    with pytest.raises(SalesforceRefused, match="previously used"):
        create_field(api, "Lead", CODE, [])


def test_a_user_who_may_not_customise_is_told(org, api):
    describe(org)
    org.refuse("POST", CREATE, "INSUFFICIENT_ACCESS", "insufficient access rights", 403)

    with pytest.raises(SalesforceRefused, match="insufficient access"):
        create_field(api, "Lead", CODE, [])


@pytest.mark.parametrize("name", ["No_Such_Set", "x' OR Name != '"])
def test_a_permission_set_that_is_not_there_is_named(org, api, name):
    describe(org, shown())
    query(org)

    with pytest.raises(FatalError, match="permission set"):
        create_field(api, "Lead", CODE, [name])


def test_a_right_that_somebody_else_has_just_given_is_fine(org, api):
    describe(org, shown())
    query(org)
    org.refuse("POST", GRANT, "DUPLICATE_VALUE", "duplicate value found")

    create_field(api, "Lead", CODE, [ADMIN])


@pytest.mark.parametrize(
    ("field", "keys"),
    [
        (NewField("Score", "Score", "Text", length=5), {"name"}),
        (NewField("1x__c", "Score", "Text", length=5), {"name"}),
        (NewField("a__b__c", "Score", "Text", length=5), {"name"}),
        (NewField("a___c", "Score", "Text", length=5), {"name"}),
        (NewField("x' OR__c", "Score", "Text", length=5), {"name"}),
        (NewField("a" * 41 + "__c", "Score", "Text", length=5), {"name"}),
        (NewField("a__c", " ", "Text", length=256), {"label", "length"}),
        (NewField("a__c", "x" * 41, "Nope", description="x" * 1001), {"label", "type", "description"}),
        (NewField("a__c", "x", "LongTextArea", length=255), {"length"}),
        (NewField("a__c", "x", "Number", precision=19), {"precision"}),
        (NewField("a__c", "x", "Number", precision=2, scale=2), {"precision"}),
    ],
)
def test_a_field_that_salesforce_would_not_take_is_not_sent(api, field, keys):
    with pytest.raises(InvalidParams) as caught:
        create_field(api, "Lead", field, [])

    assert set(caught.value.problems) == keys
    assert api.calls == 0


def test_each_type_has_its_own_keys():
    common = {"label": "x", "required": False}

    assert spell_metadata(NewField("a__c", "x", "Checkbox")) == {
        "type": "Checkbox",
        **common,
        "defaultValue": "false",
    }
    assert spell_metadata(NewField("a__c", "x", "Percent", precision=5, scale=2)) == {
        "type": "Percent",
        **common,
        "precision": 5,
        "scale": 2,
    }
    assert spell_metadata(NewField("a__c", "x", "LongTextArea", length=1000)) == {
        "type": "LongTextArea",
        **common,
        "length": 1000,
        "visibleLines": 3,
    }


def test_the_technical_fields_can_be_created():
    for field in TECHNICAL_FIELDS:
        check_field(field)


def test_technical_fields_that_cannot_be_written_are_missing():
    fields = {
        name: FieldInfo(name, name, "string", updateable=updateable)
        for name, updateable in (("A__c", True), ("B__c", False))
    }
    info = ObjectInfo("Lead", "Lead", "Leads", "00Q", fields)

    assert missing_technical_fields(info, ["A__c", "B__c", "C__c"]) == ["B__c", "C__c"]
