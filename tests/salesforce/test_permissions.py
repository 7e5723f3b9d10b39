from datetime import UTC, datetime

import pytest

from lsync_flask.errors import FatalError, GrantLost, LsyncError, RetryableError
from lsync_flask.salesforce.limits import Limit, read_limits
from lsync_flask.salesforce.permissions import Grants, read_grants, role_of
from lsync_flask.salesforce.userinfo import read_userinfo

USER = "005Ls0000000002IAA"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SETS = {"LSync_Admin": "0PS000000000001AAA", "LSync_Manager": "0PS000000000002AAA", "Group": "0PS000000000003AAA"}
PERMISSIONS = {"LSync_Admin": "0CP000000000001AAA", "LSync_Manager": "0CP000000000002AAA"}
GROUP = "0PG000000000001AAA"
USERINFO = "/services/oauth2/userinfo"


def assignment(name, *, active_user=True, group=None, **more):
    held = {"Name": name, "NamespacePrefix": None, "IsOwnedByProfile": False, "HasActivationRequired": False}
    held |= {key: more.pop(key) for key in list(more) if key in held}
    return {
        "PermissionSetId": SETS.get(name, "0PS000000000009AAA"),
        "PermissionSet": held,
        "PermissionSetGroupId": group,
        "ExpirationDate": None,
        "IsActive": True,
        "IsRevoked": False,
        "Assignee": {"IsActive": active_user},
        **more,
    }


def profile(**more):
    return assignment("X00ex", IsOwnedByProfile=True, **more)


def script(org, *assignments, access=(), members=()):
    """The answers in the order of the questions: assignments, custom permissions, access, members of groups."""
    known = [{"Id": id_, "DeveloperName": name, "NamespacePrefix": None} for name, id_ in PERMISSIONS.items()]
    found = [{"SetupEntityId": PERMISSIONS[name]} for name in access]
    inside = [{"PermissionSet": {"Name": name, "NamespacePrefix": None}} for name in members]
    for records in (assignments, known, found, inside):
        org.answer("GET", "query", {"totalSize": len(records), "done": True, "records": list(records)})


def test_a_set_that_is_assigned_gives_its_role(org, api):
    script(org, profile(), assignment("LSync_Manager"), access=["LSync_Manager"])

    grants = read_grants(api, USER, NOW)

    assert grants == Grants(True, frozenset({"LSync_Manager"}), frozenset({"LSync_Manager"}))
    assert role_of(grants) == "manager"
    assert api.calls == 3


@pytest.mark.parametrize(
    "passed",
    [
        {"ExpirationDate": "2026-11-23T09:29:59.000+0000"},
        {"ExpirationDate": "2026-11-23T09:30:00.000Z"},
        {"IsActive": False},
        {"IsRevoked": True},
        {"HasActivationRequired": True},
        {"IsOwnedByProfile": True},
        {"IsOwnedByProfile": None},
    ],
)
def test_an_assignment_that_does_not_count_gives_nothing(org, api, passed):
    script(org, profile(), assignment("LSync_Admin", **passed))

    assert role_of(read_grants(api, USER, NOW)) == "none"


def test_an_assignment_that_expires_later_counts(org, api):
    script(org, profile(), assignment("LSync_Admin", ExpirationDate="2026-11-23T09:30:01.000+0000"))

    assert role_of(read_grants(api, USER, NOW)) == "admin"


@pytest.mark.parametrize("rows", [[], [profile(active_user=False), assignment("LSync_Admin", active_user=False)]])
def test_a_user_who_is_inactive_or_unknown_has_nothing(org, api, rows):
    script(org, *rows)

    assert read_grants(api, USER, NOW) == Grants(False, frozenset(), frozenset())


def test_a_group_gives_what_is_in_it(org, api):
    script(
        org, profile(), assignment("Group", group=GROUP), access=["LSync_Manager"], members=["LSync_Manager", "Other"]
    )

    grants = read_grants(api, USER, NOW)

    assert (role_of(grants), grants.permission_sets) == ("manager", {"LSync_Manager", "Other"})


def test_what_a_group_mutes_is_not_given(org, api):
    script(org, profile(), assignment("Group", group=GROUP), access=["LSync_Manager"], members=["LSync_Admin"])

    assert role_of(read_grants(api, USER, NOW)) == "manager"


def test_a_namesake_from_a_package_gives_nothing(org, api):
    script(org, profile(), assignment("LSync_Admin", NamespacePrefix="thief"))

    grants = read_grants(api, USER, NOW)

    assert (role_of(grants), grants.permission_sets) == ("none", {"thief__LSync_Admin"})


def test_an_org_without_user_access_policies_is_asked_without_them(org, api):
    org.refuse("GET", "query", "INVALID_FIELD", "No such column 'IsRevoked'")
    script(org, profile(), assignment("LSync_Admin"), access=["LSync_Admin"])

    assert role_of(read_grants(api, USER, NOW)) == "admin"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 503},
        {"body": [{"errorCode": "INVALID_TYPE", "message": "not supported"}], "status": 400},
        {"body": {"done": True}},
        {"drop": True},
    ],
)
def test_what_cannot_be_read_is_not_granted(org, api, answer):
    org.answer("GET", "query", **answer)

    with pytest.raises(LsyncError):
        read_grants(api, USER, NOW)


@pytest.mark.parametrize("odd", ["' OR Name != '", "00QLs0000000002MAA", ""])
def test_only_a_users_id_gets_into_the_query(api, odd):
    with pytest.raises(FatalError):
        read_grants(api, odd, NOW)

    assert api.calls == 0


@pytest.mark.parametrize(
    ("held", "role"),
    [
        ({"LSync_Admin", "LSync_Auditor"}, "admin"),
        ({"LSync_Manager", "LSync_Single_Enrich"}, "manager"),
        ({"LSync_Single_Enrich", "LSync_Auditor"}, "single_enrich"),
        ({"LSync_Auditor"}, "auditor"),
        ({"lsync_admin", "ModifyAllData", "ns__LSync_Admin"}, "none"),
        (set(), "none"),
    ],
)
def test_the_role_is_that_of_the_set_that_may_do_most(held, role):
    assert role_of(Grants(True, frozenset(), frozenset(held))) == role
    assert role_of(Grants(True, frozenset(held), frozenset())) == role
    assert role_of(Grants(False, frozenset(held), frozenset(held))) == "none"


def test_userinfo_says_whose_a_token_is(org, transport):
    body = {
        "user_id": USER,
        "organization_id": "00DLs0000000001MAA"[:15],
        "preferred_username": "ada@acme.example",
        "name": "Ada Lee",
        "email": "ada@acme.example",
        "active": True,
        "zoneinfo": "Europe/London",
        "language": "en_US",
        "locale": "en_GB",
        "custom_permissions": {"LSync_Admin": True, "Other": False},
    }
    org.answer("GET", USERINFO, body)

    info = read_userinfo(transport, org.url, "token")

    assert (info.user_id, info.organization_id, info.time_zone) == (USER, "00DLs0000000001MAA", "Europe/London")
    assert info.custom_permissions == {"LSync_Admin"}
    assert org.asked[0].headers["Authorization"] == "Bearer token"


@pytest.mark.parametrize("status", [401, 403])
def test_a_dead_token_is_a_lost_grant(org, transport, status):
    org.answer("GET", USERINFO, "Bad_OAuth_Token", status=status, headers={"Content-Type": "text/plain"})

    with pytest.raises(GrantLost, match="has ended"):
        read_userinfo(transport, org.url, "token")


@pytest.mark.parametrize("odd", ["a\r\nX: y", "é", "\0"])
def test_a_token_that_is_no_header_is_not_sent(org, transport, odd):
    with pytest.raises(GrantLost):
        read_userinfo(transport, org.url, odd)

    assert org.asked == []


@pytest.mark.parametrize(
    "answer", [{"status": 503}, {"body": "<html>", "headers": {"Content-Type": "text/html"}}, {"body": []}]
)
def test_userinfo_that_fails_is_asked_for_again(org, transport, answer):
    org.answer("GET", USERINFO, **answer)

    with pytest.raises(RetryableError):
        read_userinfo(transport, org.url, "token")


def test_a_token_is_not_sent_to_an_address_of_the_signed_request_that_is_no_org(transport):
    with pytest.raises(FatalError):
        read_userinfo(transport, "https://evil.example", "token")


def test_limits_are_read_and_odd_ones_left_out(org, api):
    body = {"DailyApiRequests": {"Max": 100, "Remaining": -2}, "Odd": {"Max": "x"}, "Nested": {"App": {}}, "Text": "x"}
    org.answer("GET", "limits", body)

    limits = read_limits(api)

    assert limits == {"DailyApiRequests": Limit(100, -2)}
    assert limits["DailyApiRequests"].used == 102
