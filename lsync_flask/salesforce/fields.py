"""Creating fields in the org, with the right to see and edit them (`reference/salesforce.md` §6)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.errors import FatalError, InvalidParams
from lsync_flask.plugin_api import FieldType
from lsync_flask.salesforce.api import SalesforceApi, SalesforceRefused
from lsync_flask.salesforce.collections import check_object
from lsync_flask.salesforce.describe import object_info, read_describe
from lsync_flask.salesforce.ids import check_id
from lsync_flask.salesforce.queries import query_records

LONGEST_NAME = 40
LONGEST_LABEL = 40
LONGEST_DESCRIPTION = 1_000
LONGEST_TEXT = 255
LONGEST_LONG_TEXT = 131_072
MOST_DIGITS = 18

_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|_(?!_))*(?<!_)", re.ASCII)
_SET_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)
_SET_ID = re.compile(r"0PS[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?", re.ASCII)
_SUFFIX = "__c"
_PLAIN_TYPES = frozenset({"TextArea", "Date", "DateTime", "Email", "Phone", "Url"})
_NUMBERS = frozenset({"Number", "Currency", "Percent"})
_DESCRIBED: Mapping[str, frozenset[FieldType]] = {
    "Text": frozenset({"string"}),
    "TextArea": frozenset({"textarea", "longtextarea"}),
    "LongTextArea": frozenset({"longtextarea"}),
    "Number": frozenset({"double", "int"}),
    "Currency": frozenset({"currency", "double"}),
    "Percent": frozenset({"percent", "double"}),
    "Checkbox": frozenset({"boolean"}),
    "Date": frozenset({"date"}),
    "DateTime": frozenset({"datetime"}),
    "Email": frozenset({"email"}),
    "Phone": frozenset({"phone"}),
    "Url": frozenset({"url"}),
}
"""The types that we create, and what describe may call a field that serves as well."""


@dataclass(frozen=True, slots=True)
class NewField:
    """A field to create. `type` is Salesforce's word, such as Text or DateTime; `precision` counts all digits."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    description: str = ""


TECHNICAL_FIELDS = (
    NewField("LSync_Last_Activity_Date__c", "LSync Last Activity Date", "DateTime"),
    NewField("LSync_Error_Code__c", "LSync Error Code", "Text", length=80),
    NewField("LSync_Error_Message__c", "LSync Error Message", "Text", length=255),
)
"""What LSync writes on each record that went through, under the names that an org has unless it chooses others."""


def missing_technical_fields(info: ObjectInfo, names: Sequence[str]) -> list[str]:
    """Those of the names that the user cannot write: not there, not visible, or read only."""
    found = {name: info.find(name) for name in names}
    return [name for name, field in found.items() if field is None or not field.updateable]


def create_field(
    api: SalesforceApi,
    object: str,  # noqa: A002 (the word of Salesforce)
    field: NewField,
    grant_to: Sequence[str],
) -> None:
    """Create the field and let these permission sets (by id or name) see and edit it.

    One that is there and serves as well is left as it is, but for who may edit it. Safe to call again.

    Raises:
        InvalidParams: Salesforce would not take this field. FatalError: one of that name is there and is of another
            kind, a permission set is not there, or the user may not do this.
    """
    check_field(field)
    check_object(object)
    if not _is_there(api, object, field) and not _create(api, object, field):
        _check_hidden(api, object, field)
    _grant(api, object, field, _find_sets(api, grant_to))


def check_field(field: NewField) -> None:
    """Raises InvalidParams with all that is wrong, by the name of the entry."""
    problems = {**_check_names(field), **_check_size(field)}
    if problems:
        raise InvalidParams(problems)


def _check_names(field: NewField) -> dict[str, str]:
    problems = {}
    stem = field.name.removesuffix(_SUFFIX)
    if stem == field.name or len(stem) > LONGEST_NAME or not _NAME.fullmatch(stem):
        problems["name"] = (
            f"“{field.name[:60]}” cannot be the name of a field: it takes at most {LONGEST_NAME} letters, digits and "
            "single underscores, a letter first, and __c at the end."
        )
    if not field.label.strip() or len(field.label) > LONGEST_LABEL:
        problems["label"] = f"A label has 1 to {LONGEST_LABEL} characters."
    if len(field.description) > LONGEST_DESCRIPTION:
        problems["description"] = f"A description has at most {LONGEST_DESCRIPTION:,} characters."
    return problems


def _check_size(field: NewField) -> dict[str, str]:
    if field.type not in _DESCRIBED:
        return {"type": f"“{field.type[:40]}” is none of {', '.join(_DESCRIBED)}."}
    if field.type == "Text" and not 1 <= field.length <= LONGEST_TEXT:
        return {"length": f"A text has 1 to {LONGEST_TEXT} characters."}
    if field.type == "LongTextArea" and not LONGEST_TEXT < field.length <= LONGEST_LONG_TEXT:
        return {"length": f"A long text has {LONGEST_TEXT + 1} to {LONGEST_LONG_TEXT:,} characters."}
    if field.type in _NUMBERS and not (0 <= field.scale < field.precision <= MOST_DIGITS):
        return {"precision": f"A number has 1 to {MOST_DIGITS} digits, at least one of them before the point."}
    return {}


def _is_there(api: SalesforceApi, object_name: str, field: NewField) -> bool:
    """Does the user see a field of that name? FatalError when it is one that does not serve."""
    found = object_info(read_describe(api, object_name)).find(field.name)
    if found is not None and not _serves(found, field):
        raise _other_kind(object_name, field)
    return found is not None


def _other_kind(object_name: str, field: NewField) -> FatalError:
    return FatalError(
        f"{object_name}.{field.name} is there already, but it is not a {field.type} that LSync can write. "
        "Choose another name, or correct the field in Setup."
    )


def _serves(found: FieldInfo, field: NewField) -> bool:
    if found.calculated or found.type not in _DESCRIBED[field.type]:
        return False
    if field.type in _NUMBERS and found.type != "int":
        return found.precision - found.scale >= field.precision - field.scale and found.scale >= field.scale
    return field.type not in {"Text", "LongTextArea"} or found.length >= field.length


def _create(api: SalesforceApi, object_name: str, field: NewField) -> bool:
    """Create it; False: there is one of that name, which the user does not see."""
    body = {"FullName": f"{object_name}.{field.name}", "Metadata": spell_metadata(field)}
    try:
        api.request("POST", "tooling/sobjects/CustomField", json=body)
    except SalesforceRefused as error:
        # The name of a deleted field stays taken for a while; that is no field to write to.
        if "DUPLICATE_DEVELOPER_NAME" not in error.codes or "previously used" in str(error):
            raise
        return False
    return True


def _check_hidden(api: SalesforceApi, object_name: str, field: NewField) -> None:
    """Raises FatalError when the field that the user does not see is of another kind."""
    name = field.name.removesuffix(_SUFFIX)
    query = f"SELECT Id FROM CustomField WHERE TableEnumOrId = '{object_name}' AND DeveloperName = '{name}'"  # noqa: S608 (checked)
    for row in query_records(api, query, tooling=True):
        found = api.request("GET", f"tooling/sobjects/CustomField/{check_id(row['Id'])}").json().get("Metadata")
        if found and not _is_like(found, field):
            raise _other_kind(object_name, field)


def _is_like(found: Mapping[str, Any], field: NewField) -> bool:
    sizes = all((found.get(key) or 0) >= getattr(field, key) for key in ("length", "precision", "scale"))
    return sizes and found.get("type") == field.type and not found.get("formula")


def spell_metadata(field: NewField) -> dict[str, Any]:
    """The field as the Tooling API takes it, with the keys of its type."""
    body: dict[str, Any] = {"type": field.type, "label": field.label, "required": False}
    if field.description:
        body["description"] = field.description
    if field.type in {"Text", "LongTextArea"}:
        body["length"] = field.length
    if field.type == "LongTextArea":
        body["visibleLines"] = 3
    if field.type in _NUMBERS:
        body.update(precision=field.precision, scale=field.scale)
    if field.type == "Checkbox":
        body["defaultValue"] = "false"
    return body


def _find_sets(api: SalesforceApi, wanted: Sequence[str]) -> list[str]:
    ids = [check_id(each) for each in wanted if _SET_ID.fullmatch(each)]
    names = [each for each in wanted if not _SET_ID.fullmatch(each)]
    if not names:
        return ids
    odd = [name for name in names if not _SET_NAME.fullmatch(name)]
    if odd:
        raise FatalError(f"“{odd[0][:80]}” is no name of a permission set.")
    spelt = ", ".join(f"'{name}'" for name in names)
    rows = query_records(api, f"SELECT Id, Name FROM PermissionSet WHERE Name IN ({spelt})")  # noqa: S608 (checked)
    found = {str(row["Name"]): str(row["Id"]) for row in rows}
    missing = [name for name in names if name not in found]
    if missing:
        raise FatalError(
            f"There is no permission set {', '.join(missing)} in this org. Install LSync's metadata first."
        )
    return [*ids, *(found[name] for name in names)]


def _grant(api: SalesforceApi, object_name: str, field: NewField, sets: Sequence[str]) -> None:
    if not sets:
        return
    name = f"{object_name}.{field.name}"
    parents = ", ".join(f"'{check_id(each)}'" for each in sets)
    rows = query_records(
        api,
        "SELECT Id, ParentId, PermissionsEdit FROM FieldPermissions "  # noqa: S608 (all parts are checked)
        f"WHERE SobjectType = '{object_name}' AND Field = '{name}' AND ParentId IN ({parents})",
    )
    held = {check_id(row["ParentId"]): row for row in rows}
    for each in sets:
        _grant_one(api, object_name, name, each, held.get(check_id(each)))


def _grant_one(api: SalesforceApi, object_name: str, name: str, set_id: str, held: Mapping[str, Any] | None) -> None:
    rights = {"PermissionsRead": True, "PermissionsEdit": True}
    if held is None:
        body = {"ParentId": set_id, "SobjectType": object_name, "Field": name, **rights}
        try:
            api.request("POST", "sobjects/FieldPermissions", json=body)
        except SalesforceRefused as error:
            # Somebody else has granted it in the meantime.
            if "DUPLICATE_VALUE" not in error.codes:
                raise
    elif not held.get("PermissionsEdit"):
        api.request("PATCH", f"sobjects/FieldPermissions/{check_id(held['Id'])}", json=rights)
