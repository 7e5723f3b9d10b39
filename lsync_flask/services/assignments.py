"""Who has which of LSync's permission sets, as the org says now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lsync_flask.engine.values import parse_text
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.ids import check_id
from lsync_flask.salesforce.queries import query_records, spell
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.services.resources import Actor, Resources

MOST = 1_000

_FIELDS = "AssigneeId, Assignee.Name, Assignee.Username, Assignee.IsActive, ExpirationDate, IsActive"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One user's set. `through` names a permission set group; `until`: when it expires; None: it does not."""

    user_id: str
    name: str
    username: str
    permission_set: str
    through: str
    until: float | None
    is_active: bool


def list_assignments(resources: Resources, actor: Actor) -> list[Assignment]:
    """Direct ones and those through groups, by name; for two or three API calls as the integration user.

    Raises:
        LsyncError: they cannot be read; the sentence says why.
    """
    actor.must("see settings and mappings")
    api = resources.open_salesforce(actor.org_id, None)
    found = [*_direct(api), *_through_groups(api)]
    return sorted(found, key=lambda one: (one.name.lower(), one.permission_set))


def _direct(api: SalesforceApi) -> list[Assignment]:
    names = ", ".join(f"'{name}'" for name in PERMISSION_SETS.values())
    rows = query_records(
        api,
        f"SELECT {_FIELDS}, PermissionSet.Name FROM PermissionSetAssignment "  # noqa: S608 (our own names)
        f"WHERE PermissionSet.Name IN ({names}) LIMIT {MOST}",
    )
    return [_assignment(row, str((row.get("PermissionSet") or {}).get("Name")), "") for row in rows]


def _through_groups(api: SalesforceApi) -> list[Assignment]:
    names = ", ".join(f"'{name}'" for name in PERMISSION_SETS.values())
    members = query_records(
        api,
        "SELECT PermissionSetGroupId, PermissionSet.Name, PermissionSetGroup.MasterLabel "  # noqa: S608 (our own names)
        f"FROM PermissionSetGroupComponent WHERE PermissionSet.Name IN ({names})",
    )
    if not members:
        return []
    ids = ", ".join(sorted({f"'{check_id(row['PermissionSetGroupId'])}'" for row in members}))
    rows = query_records(
        api,
        f"SELECT {_FIELDS}, PermissionSetGroupId FROM PermissionSetAssignment "  # noqa: S608 (checked ids)
        f"WHERE PermissionSetGroupId IN ({ids}) LIMIT {MOST}",
    )
    return [
        _assignment(row, str(member["PermissionSet"]["Name"]), _label(member))
        for row in rows
        for member in members
        if check_id(member["PermissionSetGroupId"]) == check_id(row["PermissionSetGroupId"])
    ]


def _moment(value: object) -> float | None:
    moment = parse_text("datetime", spell(value))
    return moment.timestamp() if isinstance(moment, datetime) else None


def _label(member: Mapping[str, Any]) -> str:
    return str((member.get("PermissionSetGroup") or {}).get("MasterLabel") or "a group")


def _assignment(row: Mapping[str, Any], permission_set: str, through: str) -> Assignment:
    user = row.get("Assignee") or {}
    return Assignment(
        user_id=check_id(row["AssigneeId"]),
        name=str(user.get("Name") or ""),
        username=str(user.get("Username") or ""),
        permission_set=permission_set,
        through=through,
        until=_moment(row.get("ExpirationDate")),
        is_active=row.get("IsActive") is not False and user.get("IsActive") is not False,
    )
