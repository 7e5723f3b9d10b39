"""What a user may see and change: custom fields by field-level security, setup by the rights of their sets."""

from collections.abc import Mapping
from dataclasses import dataclass

from lsync_flask.simulator.schema import Field, SObject
from lsync_flask.simulator.sim_user import SimUser
from lsync_flask.simulator.store import Store

__all__ = ["Access", "full_access", "read_access"]

_SETS = """WITH mine AS (
  SELECT PermissionSetId AS one, PermissionSetGroupId AS many FROM PermissionSetAssignment
  WHERE AssigneeId = :user AND IsDeleted = 0 AND IsActive = 1 AND IsRevoked = 0
    AND (ExpirationDate IS NULL OR ExpirationDate > :now)
), sets AS (
  SELECT one AS Id FROM mine WHERE one IS NOT NULL
  UNION SELECT PermissionSetId FROM PermissionSetGroupComponent WHERE PermissionSetGroupId IN (SELECT many FROM mine)
  UNION SELECT p.Id FROM PermissionSet p JOIN "User" u ON u.ProfileId = p.ProfileId
    WHERE u.Id = :user AND p.IsOwnedByProfile = 1
)"""
_FIELDS = f"""{_SETS} SELECT lower(Field), max(PermissionsRead), max(PermissionsEdit) FROM FieldPermissions
WHERE IsDeleted = 0 AND ParentId IN (SELECT Id FROM sets) GROUP BY lower(Field)"""
_RIGHTS = f"""{_SETS} SELECT max(PermissionsViewSetup), max(PermissionsCustomizeApplication),
  max(PermissionsViewAllData OR PermissionsModifyAllData), max(PermissionsModifyAllData)
FROM PermissionSet WHERE Id IN (SELECT Id FROM sets)"""


@dataclass(frozen=True, slots=True)
class Access:
    """`readable` and `editable` hold custom fields as `lead.fit_score__c`; standard fields are open to everybody.

    `hidden` and `guarded` hold the objects, in lower case, whose records only their owner sees or changes.
    """

    readable: frozenset[str] = frozenset()
    editable: frozenset[str] = frozenset()
    view_setup: bool = False
    customize: bool = False
    everything: bool = False
    hidden: frozenset[str] = frozenset()
    guarded: frozenset[str] = frozenset()

    def sees(self, found: SObject) -> bool:
        """Whether the object exists for this user, outside the Tooling API."""
        if self.everything:
            return True
        return found.kind == "data" or (found.kind == "setup" and self.view_setup)

    def reads(self, found: SObject, field: Field) -> bool:
        return not field.custom or self.everything or _key(found, field) in self.readable

    def edits(self, found: SObject, field: Field) -> bool:
        return not field.custom or self.everything or _key(found, field) in self.editable


def full_access() -> Access:
    """For the org's own use."""
    return Access(view_setup=True, customize=True, everything=True)


def read_access(store: Store, user: SimUser, moment: str, sharing: Mapping[str, str]) -> Access:
    """What the user's profile, sets and groups, and the sharing by object, give at this moment."""
    who = {"user": user.id, "now": moment}
    fields = store.connection().execute(_FIELDS, who).fetchall()
    setup, customize, view_all, modify_all = store.connection().execute(_RIGHTS, who).fetchone()
    return Access(
        readable=frozenset(name for name, read, _ in fields if read),
        editable=frozenset(name for name, _, edit in fields if edit),
        view_setup=user.is_admin or user.view_setup or bool(setup),
        customize=user.is_admin or bool(customize),
        hidden=_closed(sharing, ("private",)) if not (user.is_admin or view_all) else frozenset(),
        guarded=_closed(sharing, ("private", "read")) if not (user.is_admin or modify_all) else frozenset(),
    )


def _closed(sharing: Mapping[str, str], kinds: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for name, kind in sharing.items() if kind in kinds)


def _key(found: SObject, field: Field) -> str:
    return f"{found.name}.{field.name}".lower()
