"""What a deployed package does to the org: fields, custom permissions, permission sets, tabs and apps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsync_flask.simulator.api_errors import ApiRefusal
from lsync_flask.simulator.create_field import add_field, change_field
from lsync_flask.simulator.deploy_package import Component, Package
from lsync_flask.simulator.org import Org

__all__ = ["Deployed", "deploy"]

# What comes later uses what came before.
_ORDER = ("CustomField", "CustomPermission", "ApexPage", "CustomTab", "CustomApplication", "PermissionSet")
_TAB_KINDS = ("auraComponent", "customObject", "flexiPage", "lwcComponent", "page", "url")


@dataclass(frozen=True, slots=True)
class Deployed:
    """What became of one component; `problem` is None when it is in the org."""

    type: str
    name: str
    file: str
    record: str | None = None
    created: bool = False
    problem: str | None = None


class _Undo(Exception):
    """Leaves the transaction so that nothing of it stays."""


def deploy(org: Org, user_id: str, package: Package, *, check_only: bool, all_or_none: bool) -> list[Deployed]:
    """Put every component into the org, unless this is only a check, or all or none is asked for and one fails."""
    objects, known = org.schema.objects, set(org.deployed)
    done: list[Deployed] = []
    try:
        with org.store.write():
            done += [_deploy(org, user_id, one, package) for one in sorted(package.components, key=_place)]
            done += _missing(package)
            _undo_if(check_only or (all_or_none and any(one.problem for one in done)))
    except _Undo:
        org.schema.restore(objects)
        org.deployed = known
    org.setup_changed()
    return done


def _undo_if(wanted: bool) -> None:
    if wanted:
        raise _Undo


def _place(component: Component) -> int:
    return _ORDER.index(component.type) if component.type in _ORDER else -1


def _missing(package: Package) -> list[Deployed]:
    there = {(one.type, one.name) for one in package.components}
    said = "An object '{name}' of type {type} was named in package.xml, but was not found in zipped directory"
    return [
        Deployed(kind, name, "package.xml", problem=said.format(name=name, type=kind))
        for kind, name in sorted(package.named - there)
        if name != "*"
    ]


def _deploy(org: Org, user_id: str, component: Component, package: Package) -> Deployed:
    kind, name, file = component.type, component.name, component.file
    if component.problem:
        return Deployed(kind, name, file, problem=component.problem)
    if (kind, name) not in package.named and (kind, "*") not in package.named:
        return Deployed(kind, name, file, problem=f"The component {name} of type {kind} is not named in package.xml")
    try:
        record, created = _put(org, user_id, component)
    except ApiRefusal as refusal:
        return Deployed(kind, name, file, problem=refusal.message)
    org.deployed.add((kind, name))
    return Deployed(kind, name, file, record, created)


def _put(org: Org, user_id: str, component: Component) -> tuple[str | None, bool]:
    """The record that stands for the component, and whether it is new."""
    name, content = component.name, component.content
    if component.type == "CustomField":
        return _put_field(org, user_id, name, content)
    if component.type == "CustomPermission":
        values = {"MasterLabel": content.get("label", name), "Description": content.get("description")}
        return _put_row(org, "CustomPermission", "DeveloperName", name, {**values, "Language": "en_US"})
    if component.type == "CustomTab":
        shown = next((kind for kind in _TAB_KINDS if kind in content), None)
        values = {"MasterLabel": content.get("label", name), "Type": shown, "Description": content.get("description")}
        return _put_row(org, "CustomTab", "DeveloperName", name, values)
    if component.type == "CustomApplication":
        values = {
            "Label": content.get("label", name),
            "UiType": content.get("uiType"),
            "NavType": content.get("navType"),
        }
        return _put_row(org, "CustomApplication", "DeveloperName", name, values)
    if component.type == "PermissionSet":
        return _put_permission_set(org, name, content)
    return None, (component.type, name) not in org.deployed


def _put_field(org: Org, user_id: str, name: str, content: Mapping[str, Any]) -> tuple[str, bool]:
    object_name, _, field = name.partition(".")
    found = org.schema.get(object_name)
    if found is not None and found.has(field):
        return change_field(org, user_id, name, content), False
    return add_field(org, user_id, name, content), True


def _put_row(org: Org, kind: str, key: str, name: str, values: Mapping[str, Any]) -> tuple[str, bool]:
    rows = org.store.rows(f'SELECT Id FROM "{kind}" WHERE "{key}" = ? COLLATE NOCASE', [name])
    if rows:
        org.update(kind, rows[0][0], values)
        return str(rows[0][0]), False
    return org.insert(kind, {key: name, **values}), True


def _put_permission_set(org: Org, name: str, content: Mapping[str, Any]) -> tuple[str, bool]:
    """The set holds afterwards exactly the permissions on fields, the custom permissions and the rights of its file."""
    rights = _read_rights(org, content)
    values = {
        "Label": content.get("label", name),
        "Description": content.get("description"),
        "HasActivationRequired": content.get("hasActivationRequired") is True,
        **rights,
    }
    record, created = _put_row(org, "PermissionSet", "Name", name, values)
    if created:
        org.update("PermissionSet", record, {"Type": "Regular", "IsCustom": True, "PermissionsApiEnabled": True})
    _put_field_permissions(org, record, content.get("fieldPermissions", []))
    _put_custom_permissions(org, record, content.get("customPermissions", []))
    return record, created


def _read_rights(org: Org, content: Mapping[str, Any]) -> dict[str, bool]:
    found = org.schema["PermissionSet"]
    rights = {each.name: False for each in found.fields if each.name.startswith("Permissions") and each.createable}
    for one in content.get("userPermissions", []):
        if f"Permissions{one.get('name')}" in rights:
            rights[f"Permissions{one['name']}"] = one.get("enabled") is True
    return rights


def _put_field_permissions(org: Org, set_id: str, permissions: list[dict[str, Any]]) -> None:
    with org.store.write() as connection:
        connection.execute("DELETE FROM FieldPermissions WHERE ParentId = ?", (set_id,))
    for one in permissions:
        object_name, _, name = str(one.get("field")).partition(".")
        found = org.schema.get(object_name)
        field = found.field(name) if found else None
        if found is None or field is None:
            message = f"In field: field - no CustomField named {one.get('field')} found"
            raise ApiRefusal(400, "INVALID_CROSS_REFERENCE_KEY", message)
        values = {"PermissionsRead": one.get("readable") is True, "PermissionsEdit": one.get("editable") is True}
        named = {"ParentId": set_id, "SobjectType": found.name, "Field": f"{found.name}.{field.name}"}
        org.insert("FieldPermissions", {**named, **values})


def _put_custom_permissions(org: Org, set_id: str, permissions: list[dict[str, Any]]) -> None:
    with org.store.write() as connection:
        sql = "DELETE FROM SetupEntityAccess WHERE ParentId = ? AND SetupEntityType = 'CustomPermission'"
        connection.execute(sql, (set_id,))
    for one in permissions:
        rows = org.store.rows("SELECT Id FROM CustomPermission WHERE DeveloperName = ?", [one.get("name")])
        if not rows:
            message = f"In field: name - no CustomPermission named {one.get('name')} found"
            raise ApiRefusal(400, "INVALID_CROSS_REFERENCE_KEY", message)
        if one.get("enabled") is True:
            access = {"ParentId": set_id, "SetupEntityId": rows[0][0], "SetupEntityType": "CustomPermission"}
            org.insert("SetupEntityAccess", access)
