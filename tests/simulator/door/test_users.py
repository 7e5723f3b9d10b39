"""Who is in the org, told by the queries that a client uses for it (reference, §3.3)."""

from typing import Any

import pytest

SHIPPED = ("LSync_Admin", "LSync_Manager", "LSync_Single_Enrich", "LSync_Auditor")


def rows(door, soql: str, local: str = "integration") -> list[dict[str, Any]]:
    answer = door.query(local, soql)
    assert answer.status_code == 200, answer.text
    return answer.json()["records"]


def assignments(door, local: str) -> list[dict[str, Any]]:
    return rows(
        door,
        "SELECT PermissionSetId, PermissionSet.Name, PermissionSet.NamespacePrefix, PermissionSet.Type, "
        "PermissionSet.IsOwnedByProfile, PermissionSetGroupId, PermissionSetGroup.DeveloperName, ExpirationDate, "
        f"IsActive FROM PermissionSetAssignment WHERE AssigneeId = '{door.user(local)['id']}' "
        "AND Assignee.IsActive = true",
    )


def held(door, local: str) -> set[str]:
    soql = (
        "SELECT SetupEntityId, ParentId FROM SetupEntityAccess WHERE SetupEntityType = 'CustomPermission' AND ParentId "
        f"IN (SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{door.user(local)['id']}')"
    )
    names = {row["Id"]: row["DeveloperName"] for row in rows(door, "SELECT Id, DeveloperName FROM CustomPermission")}
    return {names[row["SetupEntityId"]] for row in rows(door, soql)}


def test_the_line_names_every_promised_user(door):
    about = {user["about"]: user["permission_sets"] for user in door.line["users"]}

    assert {name for sets in about.values() for name in sets} >= set(SHIPPED)
    assert about["LSync Manager through a permission set group"] == ["LSync_Manager"]
    assert about["LSync Manager, assignment expired"] == []
    assert about["no permission set"] == []
    assert about["System Administrator without any set"] == []
    assert [user["about"] for user in door.line["users"] if not user["active"]] == ["inactive"]


@pytest.mark.parametrize(
    ("local", "name"),
    [
        ("ada.lindgren", "LSync_Admin"),
        ("marco.bianchi", "LSync_Manager"),
        ("sophie.okafor", "LSync_Single_Enrich"),
        ("aiko.tanaka", "LSync_Auditor"),
    ],
)
def test_a_direct_assignment_is_one_row_beside_the_profiles(door, local, name):
    found = assignments(door, local)

    assert len(found) == 2
    assert [row["PermissionSet"]["Name"] for row in found if not row["PermissionSet"]["IsOwnedByProfile"]] == [name]
    assert all(row["IsActive"] and row["ExpirationDate"] is None for row in found)
    assert held(door, local) == {name}


def test_a_group_assignment_is_one_row_with_the_groups_own_set(door):
    [group] = [row for row in assignments(door, "gustav.aberg") if row["PermissionSetGroupId"]]
    user = door.user("gustav.aberg")["id"]

    members = rows(
        door,
        "SELECT PermissionSetGroupId, PermissionSetId, PermissionSet.Name FROM PermissionSetGroupComponent WHERE "
        "PermissionSetGroupId IN (SELECT PermissionSetGroupId FROM PermissionSetAssignment "
        f"WHERE AssigneeId = '{user}')",
    )

    assert group["PermissionSet"]["Type"] == "Group"
    assert group["PermissionSetGroup"]["DeveloperName"] == "LSync_Operations"
    assert [row["PermissionSet"]["Name"] for row in members] == ["LSync_Manager"]
    assert held(door, "gustav.aberg") == {"LSync_Manager"}


def test_an_expired_assignment_is_still_a_row_that_says_so(door):
    [expired] = [row for row in assignments(door, "elena.ruiz") if not row["PermissionSet"]["IsOwnedByProfile"]]

    assert expired["IsActive"] is False
    assert expired["ExpirationDate"].endswith("+0000")


def test_an_inactive_user_has_no_assignments_that_count(door):
    assert assignments(door, "iris.frost") == []


def test_an_administrator_without_any_set_has_only_the_profile(door):
    [profile] = assignments(door, "samuel.root")

    assert profile["PermissionSet"]["IsOwnedByProfile"] is True
    assert held(door, "samuel.root") == set()


def test_a_plain_user_cannot_read_assignments(door):
    answer = door.query("marco.bianchi", "SELECT Id FROM PermissionSetAssignment")

    assert answer.status_code == 400 or answer.json()["records"] == []


def test_the_org_holds_what_was_asked_for(untouched):
    def count(soql: str) -> int:
        return int(untouched.query("integration", soql).json()["totalSize"])

    assert count("SELECT COUNT() FROM Lead WHERE IsConverted = false AND LastName != 'Meanwhile'") == 200
    assert count("SELECT COUNT() FROM Lead WHERE IsConverted = true AND LastName != 'Meanwhile'") == 4
    assert count("SELECT COUNT() FROM Contact") == 50
    assert count("SELECT COUNT() FROM Account") > 1800
    assert count("SELECT COUNT() FROM Contact WHERE Account.Name != null") >= 45
    assert count("SELECT COUNT() FROM Lead WHERE Owner.IsActive = true") > 100


def test_what_nobody_made_was_made_by_the_org_itself(door):
    [profile] = rows(door, "SELECT CreatedBy.Name FROM User WHERE Username LIKE 'ada.lindgren%'")

    assert profile["CreatedBy"]["Name"] == "Automated Process"
