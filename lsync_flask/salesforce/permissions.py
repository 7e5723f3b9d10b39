"""What a user may do in LSync: the permission sets and custom permissions that count now (salesforce.md §3).

Read as the integration user, since a user may not read their own. What cannot be read is not granted: a failure raises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from lsync_flask.engine.values import parse_text
from lsync_flask.salesforce.api import SalesforceApi, SalesforceRefused
from lsync_flask.salesforce.ids import check_id, to_18
from lsync_flask.salesforce.queries import query_records, spell

Role = Literal["admin", "manager", "single_enrich", "auditor", "none"]

_ROLES: Sequence[tuple[str, Role]] = (
    ("LSync_Admin", "admin"),
    ("LSync_Manager", "manager"),
    ("LSync_Single_Enrich", "single_enrich"),
    ("LSync_Auditor", "auditor"),
)
"""By what they may do, the most first: who has several sets has the first of these roles."""

_ASSIGNMENTS = (
    "SELECT PermissionSetId, PermissionSet.Name, PermissionSet.NamespacePrefix, PermissionSet.IsOwnedByProfile, "
    "PermissionSet.HasActivationRequired, PermissionSetGroupId, ExpirationDate, IsActive, {extra}Assignee.IsActive "
    "FROM PermissionSetAssignment WHERE AssigneeId = '{user}'"
)
_MEMBERS = (
    "SELECT PermissionSet.Name, PermissionSet.NamespacePrefix FROM PermissionSetGroupComponent "
    "WHERE PermissionSetGroupId IN ({ids})"
)
_ACCESS = (
    "SELECT SetupEntityId FROM SetupEntityAccess WHERE SetupEntityType = 'CustomPermission' AND ParentId IN ({ids})"
)
_CUSTOM_PERMISSIONS = "SELECT Id, DeveloperName, NamespacePrefix FROM CustomPermission"

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Grants:
    """What counts for a user now. `active`: the user may log in. Names carry their namespace, as `ns__Name`."""

    active: bool
    custom_permissions: frozenset[str]
    permission_sets: frozenset[str]


NOTHING = Grants(active=False, custom_permissions=frozenset(), permission_sets=frozenset())


def role_of(grants: Grants) -> Role:
    """The role that the sets give; rights over Salesforce itself give none."""
    held = grants.custom_permissions | grants.permission_sets
    return next((role for name, role in _ROLES if grants.active and name in held), "none")


def read_grants(api: SalesforceApi, user_id: str, now: datetime | None = None) -> Grants:
    """What counts for this user, for three calls, or four when a group of sets is assigned.

    Expired, inactive and revoked assignments, and sets that a session must activate, do not count; nor does what the
    profile gives. In a group counts what the group has not muted.

    Raises:
        FatalError: it is no user's id, or may not be read; RetryableError: it cannot be read now.
    """
    user = check_id(user_id, "005")
    rows = _read_assignments(api, user)
    # Every user has at least the set of the profile, so that no row at all means: not to be seen, or not there.
    if not rows or not all((row.get("Assignee") or {}).get("IsActive") is True for row in rows):
        return NOTHING
    counted = [row for row in rows if _counts(row, now or datetime.now(UTC))]
    known = {to_18(row["Id"]): _name(row) for row in query_records(api, _CUSTOM_PERMISSIONS)}
    permissions = _read_permissions(api, counted, known)
    groups = {to_18(row["PermissionSetGroupId"]) for row in counted if row.get("PermissionSetGroupId")}
    direct = {_name(row["PermissionSet"]) for row in counted if not row.get("PermissionSetGroupId")}
    muted = set(known.values()) - permissions
    return Grants(True, permissions, frozenset(direct | (_read_members(api, groups) - muted)))


def _read_assignments(api: SalesforceApi, user: str) -> list[Record]:
    try:
        return query_records(api, _ASSIGNMENTS.format(user=user, extra="IsRevoked, "))
    except SalesforceRefused as error:
        # Only orgs with user access policies have the field.
        if "INVALID_FIELD" not in error.codes:
            raise
        return query_records(api, _ASSIGNMENTS.format(user=user, extra=""))


def _counts(row: Record, now: datetime) -> bool:
    held = row.get("PermissionSet") or {}
    expires_at = parse_text("datetime", spell(row.get("ExpirationDate")))
    return (
        row.get("IsActive") is not False
        and row.get("IsRevoked") is not True
        and held.get("IsOwnedByProfile") is False
        and held.get("HasActivationRequired") is not True
        and (not isinstance(expires_at, datetime) or expires_at > now)
    )


def _read_permissions(api: SalesforceApi, counted: Sequence[Record], known: Mapping[str, str]) -> frozenset[str]:
    # A group's row names the set in which Salesforce adds up the group, less what is muted.
    sets = {to_18(row["PermissionSetId"]) for row in counted}
    if not sets:
        return frozenset()
    rows = query_records(api, _ACCESS.format(ids=_spell_ids(sets)))
    ids = {to_18(row["SetupEntityId"]) for row in rows}
    return frozenset(name for id, name in known.items() if id in ids)  # noqa: A001


def _read_members(api: SalesforceApi, groups: set[str]) -> set[str]:
    if not groups:
        return set()
    return {_name(row["PermissionSet"]) for row in query_records(api, _MEMBERS.format(ids=_spell_ids(groups)))}


def _spell_ids(ids: set[str]) -> str:
    # to_18 has let nothing but letters and digits through.
    return ", ".join(f"'{id}'" for id in sorted(ids))  # noqa: A001


def _name(record: Record) -> str:
    name = str(record.get("DeveloperName") or record.get("Name"))
    namespace = record.get("NamespacePrefix")
    return f"{namespace}__{name}" if namespace else name
