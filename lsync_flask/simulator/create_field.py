"""Custom fields by the Tooling API (`salesforce.md` §6.1, §6.2)."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal, not_found
from lsync_flask.simulator.http import Call, answer_json, read_object
from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.schema import Field, PicklistValue, SObject

__all__ = ["create", "read"]

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
    if not call.access.customize:
        raise ApiRefusal(403, "INSUFFICIENT_ACCESS", "insufficient access rights on object id")
    body = read_object(call.request)
    metadata = body.get("Metadata")
    if not isinstance(metadata, dict):
        raise _wrong("Metadata", "Required field is missing: Metadata")
    found, name = _read_name(call, str(body.get("FullName", "")))
    field = _read_field(name, metadata)
    with call.org.store.write():
        # Looked at once more under the lock: two calls may wish for the same name.
        _refuse_duplicate(call.org.schema[found.name], name)
        call.org.add_field(found.name, field)
        record = call.org.insert("CustomField", _row(call, found, field, metadata))
    return answer_json({"id": record, "success": True, "errors": [], "warnings": [], "infos": []}, 201)


def read(call: Call, record: str) -> Response:
    """One custom field as the Tooling API knows it."""
    rows = call.org.rows(f"SELECT FIELDS(STANDARD) FROM CustomField WHERE Id = '{to_18(record) or '0' * 18}'")
    if not rows or not call.access.view_setup:
        raise not_found()
    url = f"/services/data/v{call.version}/tooling/sobjects/CustomField/{rows[0]['Id']}"
    return answer_json({"attributes": {"type": "CustomField", "url": url}, **rows[0]})


def _row(call: Call, found: SObject, field: Field, metadata: Mapping[str, Any]) -> dict[str, Any]:
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
        "CreatedById": call.user.id,
        "LastModifiedById": call.user.id,
    }


def _read_name(call: Call, full_name: str) -> tuple[SObject, str]:
    object_name, _, name = full_name.partition(".")
    found = call.org.schema.get(object_name)
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
