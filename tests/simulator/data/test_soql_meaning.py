"""SOQL finds what Salesforce's rules say: case, nulls, ids, parents, dates, sets, groups."""

import pytest


@pytest.fixture
def ids_where(house):
    def find(condition: str, who: str = "admin") -> set[str]:
        return {row["Id"] for row in house.query(f"SELECT Id FROM Lead WHERE {condition}", who)}

    return find


def test_text_compares_without_case_also_beyond_ascii(add_leads, ids_where):
    zoe, other = add_leads({"FirstName": "Zoë"}, {"FirstName": "Zoe"})

    assert ids_where("FirstName = 'ZOË'") == {zoe}
    assert ids_where("FirstName LIKE 'zO_'") == {zoe, other}
    assert ids_where("FirstName IN ('zOË', 'nobody')") == {zoe}


def test_not_equal_not_in_and_not_like_include_rows_without_a_value(add_leads, ids_where):
    _, other, none = add_leads({"City": "Paris"}, {"City": "Rome"}, {"City": None})

    assert ids_where("City != 'paris'") == {other, none}
    assert ids_where("City NOT IN ('paris')") == {other, none}
    assert ids_where("(NOT City LIKE 'pa%')") == {other, none}
    assert ids_where("(NOT City < 'Q')") == {other, none}
    assert ids_where("City < 'Z'") != {none}


def test_ids_may_have_15_or_18_characters(add_leads, ids_where):
    one, two = add_leads({}, {})

    assert ids_where(f"Id = '{one[:15]}'") == {one}
    assert ids_where(f"Id IN ('{one[:15]}', '{two}')") == {one, two}
    assert ids_where(f"Id > '{one}'") == {two}


def test_a_condition_on_the_parent_of_an_empty_lookup_is_null(house):
    account = house.org.insert("Account", {"Name": "Acme", "BillingCity": "Paris"})
    with_one = house.org.insert("Contact", {"LastName": "A", "AccountId": account})
    without = house.org.insert("Contact", {"LastName": "B"})

    assert [row["Id"] for row in house.query("SELECT Id FROM Contact WHERE Account.Name = null")] == [without]
    assert [row["Id"] for row in house.query("SELECT Id FROM Contact WHERE Account.BillingCity = 'PARIS'")] == [
        with_one
    ]


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("= TODAY", {"today"}),
        ("< TODAY", {"yesterday", "week"}),
        (">= YESTERDAY", {"today", "yesterday", "tomorrow"}),
        ("= LAST_N_DAYS:1", {"today", "yesterday"}),
        ("= NEXT_N_DAYS:1", {"tomorrow"}),
        ("= N_DAYS_AGO:1", {"yesterday"}),
        ("= LAST_WEEK", {"week", "yesterday"}),
        ("> THIS_MONTH", set()),
    ],
)
def test_date_literals_mean_the_days_of_the_user(house, add_leads, ids_where, literal, expected):
    # 23 November 2026 is a Monday, and a week begins on Monday in en_GB.
    moments = {
        "today": "2026-11-23T00:00:00.000Z",
        "yesterday": "2026-11-22T23:59:59.000Z",
        "tomorrow": "2026-11-24T00:00:00.000Z",
        "week": "2026-11-17T12:00:00.000Z",
    }
    ids = dict(zip(moments, add_leads(*({"CreatedDate": at} for at in moments.values())), strict=True))

    assert ids_where(f"CreatedDate {literal}") == {ids[name] for name in expected}


def test_a_moment_may_carry_any_offset(add_leads, ids_where):
    (lead,) = add_leads({"CreatedDate": "2026-11-23T08:30:00.000Z"})

    assert ids_where("CreatedDate = 2026-11-23T09:30:00+01:00") == {lead}
    assert ids_where("CreatedDate > 2026-11-23T08:30:00Z") == set()


def test_nulls_come_first_unless_asked_otherwise(house, add_leads):
    add_leads({"City": "b"}, {"City": None}, {"City": "A"})

    def cities(order: str) -> list[str | None]:
        return [row["City"] for row in house.query(f"SELECT City FROM Lead ORDER BY City {order}")]

    assert cities("") == [None, "A", "b"]
    assert cities("DESC") == [None, "b", "A"]
    assert cities("DESC NULLS LAST") == ["b", "A", None]


def test_multi_select_values_are_sets(house, ids_where, add_leads):
    metadata = {
        "type": "MultiselectPicklist",
        "label": "Colours",
        "visibleLines": 4,
        "valueSet": {"valueSetDefinition": {"value": [{"fullName": name, "label": name} for name in "RGB"]}},
    }
    assert create_field(house, "Lead.Colours__c", metadata).status_code == 201
    red, red_green, none = add_leads({"Colours__c": "R"}, {"Colours__c": "R;G"}, {"Colours__c": None})

    assert ids_where("Colours__c INCLUDES ('R')") == {red, red_green}
    assert ids_where("Colours__c INCLUDES ('R;G', 'B')") == {red_green}
    assert ids_where("Colours__c EXCLUDES ('G')") == {red, none}
    assert ids_where("Colours__c = 'g;r'") == {red_green}


def create_field(house, name, metadata):
    answer = house.ask("POST", "/tooling/sobjects/CustomField", json={"FullName": name, "Metadata": metadata})
    grant = {
        "SobjectType": name.split(".")[0],
        "Field": name,
        "PermissionsRead": True,
        "PermissionsEdit": True,
        "ParentId": house.org.insert("PermissionSet", {"Name": "All", "Label": "All"}),
    }
    house.org.insert("PermissionSetAssignment", {"AssigneeId": house.admin.id, "PermissionSetId": grant["ParentId"]})
    house.org.insert("FieldPermissions", grant)
    return answer


def test_semi_joins_answer_who_has_which_permission(house):
    permission = house.org.insert("CustomPermission", {"DeveloperName": "LSync_Admin", "MasterLabel": "x"})
    house.org.insert(
        "SetupEntityAccess",
        {"ParentId": house.plain_set, "SetupEntityId": permission, "SetupEntityType": "CustomPermission"},
    )

    found = house.query(
        "SELECT SetupEntityId, ParentId FROM SetupEntityAccess WHERE SetupEntityType = 'CustomPermission' "
        f"AND ParentId IN (SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{house.plain.id}')"
    )

    assert [row["SetupEntityId"] for row in found] == [permission]


def test_groups_count_and_sum(house, add_leads):
    add_leads({"City": "Paris", "AnnualRevenue": 1}, {"City": "Paris", "AnnualRevenue": 2}, {"City": "Rome"})

    found = house.query(
        "SELECT City, COUNT(Id), SUM(AnnualRevenue) total FROM Lead GROUP BY City HAVING COUNT(Id) > 1 ORDER BY City"
    )

    assert found == [{"attributes": {"type": "AggregateResult"}, "City": "Paris", "expr0": 2, "total": 3.0}]


def test_a_statement_of_very_many_conditions_is_answered(house, add_leads):
    add_leads({"City": "C1500"})
    filters = " OR ".join(f"City = 'C{number}'" for number in range(3000))

    assert len(house.org.rows(f"SELECT Id FROM Lead WHERE {filters}")) == 1


def test_a_long_list_of_ids_is_answered(house, add_leads):
    (lead,) = add_leads({})
    others = ", ".join(f"'00QLs00000{number:05}'" for number in range(4000))

    assert [row["Id"] for row in house.org.rows(f"SELECT Id FROM Lead WHERE Id IN ({others}, '{lead}')")] == [lead]
