"""What the org asks of permission records before it takes them (`salesforce.md` §3.2, §6.3)."""

from collections.abc import Mapping
from typing import Any

from lsync_flask.simulator.org import Org
from lsync_flask.simulator.schema import SObject
from lsync_flask.simulator.values import RowRefused

__all__ = ["check_setup", "fill_setup"]


def check_setup(org: Org, found: SObject, values: Mapping[str, Any]) -> RowRefused | None:
    """Why a new setup record is refused, or None."""
    if found.name == "FieldPermissions":
        return _check_field_permissions(org, values)
    if found.name == "PermissionSetAssignment":
        return _check_assignment(org, values)
    return None


def fill_setup(org: Org, found: SObject, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with what Salesforce itself adds."""
    filled = dict(values)
    if found.name == "PermissionSet":
        filled |= {"Type": "Regular", "IsCustom": True}
    if found.name == "PermissionSetGroup":
        filled["Status"] = "Updated"
    if found.name == "PermissionSetAssignment" and filled.get("PermissionSetGroupId"):
        sql = "SELECT Id FROM PermissionSet WHERE PermissionSetGroupId = ?"
        sets = org.store.rows(sql, [filled["PermissionSetGroupId"]])
        filled["PermissionSetId"] = sets[0][0] if sets else None
    if found.name == "SetupEntityAccess":
        entity = org.schema.by_prefix(str(filled["SetupEntityId"])[:3])
        filled["SetupEntityType"] = entity.name if entity else "ConnectedApplication"
    return filled


def _check_field_permissions(org: Org, values: Mapping[str, Any]) -> RowRefused | None:
    object_name, _, field_name = str(values.get("Field", "")).partition(".")
    found = org.schema.get(object_name)
    field = found.field(field_name) if found else None
    if found is None or field is None or object_name.lower() != str(values.get("SobjectType", "")).lower():
        message = f"Field Name: bad value for restricted picklist field: {values.get('Field')}"
        return RowRefused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ("Field",))
    if not field.permissionable:
        return RowRefused(
            "FIELD_INTEGRITY_EXCEPTION", f"You cannot set permissions for: {found.name}.{field.name}", ("Field",)
        )
    if values.get("PermissionsEdit") and not values.get("PermissionsRead"):
        message = "Field permission: Edit requires Read"
        return RowRefused("FIELD_INTEGRITY_EXCEPTION", message, ("PermissionsEdit",))
    sql = "SELECT Id FROM FieldPermissions WHERE ParentId = ? AND Field = ? COLLATE NOCASE AND IsDeleted = 0"
    return _duplicate(org, sql, [values.get("ParentId"), values.get("Field")], "<unknown>")


def _check_assignment(org: Org, values: Mapping[str, Any]) -> RowRefused | None:
    set_id, group_id = values.get("PermissionSetId"), values.get("PermissionSetGroupId")
    if not set_id and not group_id:
        return RowRefused(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [PermissionSetId]", ("PermissionSetId",)
        )
    name, value = ("PermissionSetGroupId", group_id) if group_id else ("PermissionSetId", set_id)
    sql = f'SELECT Id FROM PermissionSetAssignment WHERE AssigneeId = ? AND "{name}" = ? AND IsDeleted = 0'
    return _duplicate(org, sql, [values.get("AssigneeId"), value], "<unknown>")


def _duplicate(org: Org, sql: str, parameters: list[Any], name: str) -> RowRefused | None:
    rows = org.store.rows(sql, parameters)
    if not rows:
        return None
    message = f"duplicate value found: {name} duplicates value on record with id: {rows[0][0][:15]}"
    return RowRefused("DUPLICATE_VALUE", message)
