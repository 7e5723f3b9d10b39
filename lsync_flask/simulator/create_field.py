"""Custom fields by the Tooling API (`salesforce.md` §6.1, §6.2)."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal, not_found
from lsync_flask.simulator.http import Call, answer_empty, answer_json, read_object
from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.schema import Field, PicklistValue, SObject

__all__ = ["add_field", "change_field", "create", "delete", "read", "update"]

_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|_(?!_))*")
_BAD_NAME = (
    "The Field Name API Name can only contain underscores and alphanumeric characters. It must be unique, begin with a "
    "letter, not include spaces, not end with an underscore, and not contain two consecutive underscores."
)
_LABEL, _DEVELOPER_NAME, _DESCRIPTION, _HELP = 40, 40, 1000, 510
_PLAIN: dict[str, Any] = {"filterable": True, "groupable": True, "sortable": True, "aggregatable": True}
_UNGROUPED = _PLAIN | {"groupable": False}
_FIXED: dict[str, tuple[str, dict[str, Any]]] = {
    "TextArea": ("textarea", {**_PLAIN, "length": 255, "extra": "plaintextarea"}),
    "Date": ("date", _PLAIN),
    "DateTime": ("datetime", _UNGROUPED),
    "Email": ("email", {**_PLAIN, "length": 80}),
    "Phone": ("phone", {**_PLAIN, "length": 40}),
    "Url": ("url", {**_PLAIN, "length": 255}),
}
_LONG = {"LongTextArea": "plaintextarea", "Html": "richtextarea"}
_NUMBERS = {"Number": "double", "Currency": "currency", "Percent": "percent"}
_LISTS = {"Picklist": ("picklist", 255, _PLAIN), "MultiselectPicklist": ("multipicklist", 4099, {"filterable": True})}
_SHORTEST_LONG, _LONGEST = 256, 131_072
_MAX_TEXT, _MAX_PRECISION, _MAX_FIELDS = 255, 18, 500


def create(call: Call) -> Response:
    """Add one field; nobody sees it before field-level security lets them."""
    _check_right(call)
    body = read_object(call.request)
    record = add_field(call.org, call.user.id, str(body.get("FullName", "")), body.get("Metadata"))
    return answer_json({"id": record, "success": True, "errors": [], "warnings": [], "infos": []}, 201)


def read(call: Call, record: str) -> Response:
    """One custom field as the Tooling API knows it."""
    if not call.access.view_setup:
        raise not_found()
    row = _row_of(call.org, record)
    url = f"/services/data/v{call.version}/tooling/sobjects/CustomField/{row['Id']}"
    return answer_json({"attributes": {"type": "CustomField", "url": url}, **row})


def update(call: Call, record: str) -> Response:
    """Give a field other properties; its type stays."""
    _check_right(call)
    row = _row_of(call.org, record)
    body = read_object(call.request)
    if str(body.get("FullName", row["FullName"])).lower() != row["FullName"].lower():
        raise _wrong("DeveloperName", "Cannot change the API name of a field here")
    change_field(call.org, call.user.id, row["FullName"], body.get("Metadata"))
    return answer_empty()


def delete(call: Call, record: str) -> Response:
    """Take a field away, with its values and what was permitted on it."""
    _check_right(call)
    row = _row_of(call.org, record)
    object_name, _, name = row["FullName"].partition(".")
    with call.org.store.write() as connection:
        connection.execute("DELETE FROM FieldPermissions WHERE Field = ? COLLATE NOCASE", (row["FullName"],))
        call.org.delete("CustomField", row["Id"])
        call.org.drop_field(object_name, name)
    return answer_empty()


def _check_right(call: Call) -> None:
    if not call.access.customize:
        raise ApiRefusal(403, "INSUFFICIENT_ACCESS", "insufficient access rights on object id")


def _row_of(org: Org, record: str) -> dict[str, Any]:
    rows = org.rows(f"SELECT FIELDS(STANDARD) FROM CustomField WHERE Id = '{to_18(record) or '0' * 18}'")
    if not rows:
        raise not_found()
    return rows[0]


def add_field(org: Org, user_id: str, full_name: str, metadata: object) -> str:
    """Add a field such as `Lead.Tier__c` by its metadata; the id of its CustomField.

    Raises:
        ApiRefusal: the name is taken or wrong, or the metadata is.
    """
    known = _check_metadata(metadata)
    found, name = _read_name(org, full_name)
    field = _read_field(name, known)
    with org.store.write():
        # Looked at once more under the lock: two calls may wish for the same name.
        _refuse_duplicate(org.schema[found.name], name)
        org.add_field(found.name, field)
        return org.insert(
            "CustomField", {**_row(found, field, known), "CreatedById": user_id, "LastModifiedById": user_id}
        )


def change_field(org: Org, user_id: str, full_name: str, metadata: object) -> str:
    """Give a field that is there the properties of this metadata; the id of its CustomField.

    Raises:
        ApiRefusal: there is no such field, its type is another, or the metadata is wrong.
    """
    known = _check_metadata(metadata)
    object_name, _, name = full_name.partition(".")
    found = org.schema.get(object_name)
    before = found.field(name) if found else None
    if found is None or before is None or not before.custom:
        raise not_found()
    field = _read_field(before.name, known)
    if (field.type, field.length > _MAX_TEXT) != (before.type, before.length > _MAX_TEXT):
        raise _wrong("Type", f"Cannot change the type of {full_name}")
    sql = "SELECT Id FROM CustomField WHERE FullName = ? COLLATE NOCASE"
    record = str(org.store.rows(sql, [full_name])[0][0])
    with org.store.write():
        org.change_field(found.name, field)
        org.update("CustomField", record, {**_row(found, field, known), "LastModifiedById": user_id})
    return record


def _check_metadata(metadata: object) -> Mapping[str, Any]:
    if not isinstance(metadata, dict):
        raise _wrong("Metadata", "Required field is missing: Metadata")
    return metadata


def _row(found: SObject, field: Field, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "DeveloperName": field.name.removesuffix("__c"),
        "FullName": f"{found.name}.{field.name}",
        "TableEnumOrId": found.name,
        "Length": field.length or None,
        "Precision": field.precision or None,
        "Scale": field.scale if field.precision else None,
        "Description": metadata.get("description"),
        "InlineHelpText": field.help,
        "ManageableState": "unmanaged",
    }


def _read_name(org: Org, full_name: str) -> tuple[SObject, str]:
    object_name, _, name = full_name.partition(".")
    found = org.schema.get(object_name)
    if found is None or found.kind != "data":
        message = f"Entity Enumeration Or ID: bad value for restricted picklist field: {object_name}"
        raise ApiRefusal(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, ("TableEnumOrId",))
    short = name.removesuffix("__c")
    if short == name or not _NAME.fullmatch(short) or short.endswith("_") or len(short) > _DEVELOPER_NAME:
        raise _wrong("DeveloperName", _BAD_NAME)
    _refuse_duplicate(found, name)
    if sum(each.custom for each in found.fields) >= _MAX_FIELDS:
        raise ApiRefusal(400, "LIMIT_EXCEEDED", f"You have reached the maximum number {_MAX_FIELDS} of custom fields")
    return found, name


def _refuse_duplicate(found: SObject, name: str) -> None:
    if found.has(name):
        message = f"There is already a field named {name.removesuffix('__c')} on {found.label}."
        raise ApiRefusal(400, "DUPLICATE_DEVELOPER_NAME", message, ("DeveloperName",))


def _read_field(name: str, metadata: Mapping[str, Any]) -> Field:
    label = metadata.get("label")
    if not isinstance(label, str) or not label.strip():
        raise _wrong("Label", "You must enter a value for Label", "REQUIRED_FIELD_MISSING")
    _check_text(metadata, "label", _LABEL)
    _check_text(metadata, "description", _DESCRIPTION)
    _check_text(metadata, "inlineHelpText", _HELP)
    kind = str(metadata.get("type"))
    type_name, more = _read_type(kind, metadata)
    required = metadata.get("required") is True and type_name != "boolean"
    common: dict[str, Any] = {
        "custom": True,
        "createable": True,
        "updateable": True,
        "nillable": not required and type_name != "boolean",
        "permissionable": not required,
        "unique": metadata.get("unique") is True,
        "external_id": metadata.get("externalId") is True,
        "id_lookup": metadata.get("externalId") is True,
        "case_sensitive": metadata.get("caseSensitive") is True,
        "help": metadata.get("inlineHelpText"),
    }
    return Field(name, label, type_name, **{**common, **more})


def _read_type(kind: str, metadata: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The type's name in describe, and what else follows from it."""
    if kind in _FIXED:
        return _FIXED[kind]
    if kind == "Text":
        return "string", {**_PLAIN, "length": _number(metadata, "length", 1, _MAX_TEXT)}
    if kind in _LONG:
        length = _number(metadata, "length", _SHORTEST_LONG, _LONGEST)
        return "textarea", {"length": length, "extra": _LONG[kind], "html": kind == "Html"}
    if kind in _NUMBERS:
        precision = _number(metadata, "precision", 1, _MAX_PRECISION)
        return _NUMBERS[kind], {**_UNGROUPED, "precision": precision, "scale": _number(metadata, "scale", 0, precision)}
    if kind == "Checkbox":
        return "boolean", _read_checkbox(metadata)
    if kind in _LISTS:
        return _read_list(kind, metadata)
    raise _wrong("Type", f"Cannot create a field of type {kind}")


def _read_checkbox(metadata: Mapping[str, Any]) -> dict[str, Any]:
    default = str(metadata.get("defaultValue")).lower()
    if default not in {"true", "false"}:
        raise _wrong("DefaultValue", "Must specify either 'true' or 'false' for a Checkbox field's Default Value")
    return {**_PLAIN, "aggregatable": False, "default": default == "true", "defaulted_on_create": True}


def _read_list(kind: str, metadata: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    type_name, length, flags = _LISTS[kind]
    value_set = metadata.get("valueSet")
    definition = value_set.get("valueSetDefinition") if isinstance(value_set, dict) else None
    values = definition.get("value") if isinstance(definition, dict) else None
    if not isinstance(value_set, dict) or not isinstance(values, list) or not values:
        raise _wrong("ValueSet", "A picklist field needs a valueSet with its valueSetDefinition")
    picklist = tuple(
        PicklistValue(str(value["fullName"]), str(value.get("label") or value["fullName"]), bool(value.get("default")))
        for value in values
        if isinstance(value, dict) and value.get("fullName")
    )
    visible = _number(metadata, "visibleLines", 3, 10) if kind == "MultiselectPicklist" else 0
    restricted = value_set.get("restricted") is True
    default = next((value.value for value in picklist if value.is_default), None)
    more = {"picklist": picklist, "restricted": restricted, "default": default, "length": length}
    return type_name, {**flags, **more, "precision": visible}


def _number(metadata: Mapping[str, Any], key: str, least: int, most: int) -> int:
    value = metadata.get(key)
    if type(value) is not int or not least <= value <= most:
        raise _wrong(key.capitalize(), f"Please enter a valid {key}, from {least} to {most}")
    return value


def _check_text(metadata: Mapping[str, Any], key: str, most: int) -> None:
    value = metadata.get(key)
    if isinstance(value, str) and len(value) > most:
        message = f"{key}: data value too large: {value} (max length={most})"
        raise ApiRefusal(400, "STRING_TOO_LONG", message, (key,))


def _wrong(field: str, message: str, code: str = "FIELD_INTEGRITY_EXCEPTION") -> ApiRefusal:
    return ApiRefusal(400, code, message, (field,))
