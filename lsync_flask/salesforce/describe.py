"""What an object looks like to the asking user, from describe (`reference/salesforce.md` §4.2)."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from lsync_flask.engine.fields import FieldInfo, ObjectInfo, PicklistValue
from lsync_flask.errors import RetryableError
from lsync_flask.plugin_api import FieldType
from lsync_flask.salesforce.api import SalesforceApi, SalesforceRefused
from lsync_flask.salesforce.collections import check_object
from lsync_flask.salesforce.simple import open_simple

_TYPES: Mapping[str, FieldType] = {
    **{name: name for name in get_args(FieldType) if name != "longtextarea"},
    "combobox": "string",
    "encryptedstring": "string",
}
"""Ours by describe's; fields of another type (address, location, time, base64) cannot be filtered or written by us."""
_SHORT_TEXT = 255
_NAME_FIELDS = frozenset(
    {"Id", "Name", "FirstName", "LastName", "Alias", "Email", "Phone", "Title", "Username", "IsActive"}
)
"""What can be asked of a parent that may be one of several objects, as a lead's owner: a user or a queue."""


def describe_object(api: SalesforceApi, name: str, with_parents: Sequence[str] = ()) -> ObjectInfo:
    """The object with those fields that the user may read, and with the named parents, such as `Owner`.

    One call, and one for each parent. A parent that the user may not see is left out.
    """
    described = read_describe(api, name)
    fields = {field.relationship: field for field in map(read_field, described["fields"]) if field}
    wanted = {parent: fields[parent] for parent in with_parents if parent in fields}
    return object_info(described, _parents(api, wanted))


def read_describe(api: SalesforceApi, name: str) -> Mapping[str, Any]:
    """Describe as Salesforce sends it."""
    answer = open_simple(api).restful(f"sobjects/{check_object(name)}/describe")
    if not isinstance(answer, dict) or not isinstance(answer.get("fields"), list):
        raise RetryableError(f"Salesforce sent no description of {name}.")
    return answer


def _parents(api: SalesforceApi, wanted: Mapping[str, FieldInfo]) -> dict[str, ObjectInfo]:
    found = {}
    for relationship, field in wanted.items():
        try:
            info = object_info(read_describe(api, _target(field)))
        except SalesforceRefused:
            continue
        found[relationship] = info if len(field.reference_to) == 1 else _only_name_fields(info)
    return found


def _target(field: FieldInfo) -> str:
    return "User" if "User" in field.reference_to else field.reference_to[0]


def _only_name_fields(info: ObjectInfo) -> ObjectInfo:
    fields = {name: field for name, field in info.fields.items() if name in _NAME_FIELDS}
    return ObjectInfo(info.name, info.label, info.label_plural, info.key_prefix, fields)


def object_info(described: Mapping[str, Any], parents: Mapping[str, ObjectInfo] | None = None) -> ObjectInfo:
    """What decisions need of a describe answer."""
    fields = [field for field in map(read_field, described["fields"]) if field]
    return ObjectInfo(
        name=described["name"],
        label=described["label"],
        label_plural=described["labelPlural"],
        key_prefix=described.get("keyPrefix") or "",
        fields={field.name: field for field in fields},
        parents=parents or {},
    )


def read_field(described: Mapping[str, Any]) -> FieldInfo | None:
    """One field; None for a type that we neither filter nor write."""
    kind = _TYPES.get(described["type"])
    if kind is None:
        return None
    length = described["length"]
    return FieldInfo(
        name=described["name"],
        label=described["label"],
        type="longtextarea" if kind == "textarea" and length > _SHORT_TEXT else kind,
        length=length,
        precision=described["precision"],
        scale=described["scale"],
        digits=described["digits"],
        nillable=described["nillable"],
        updateable=described["updateable"],
        filterable=described["filterable"],
        sortable=described["sortable"],
        calculated=described["calculated"],
        custom=described["custom"],
        restricted=described["restrictedPicklist"],
        values=_values(described["picklistValues"]),
        reference_to=tuple(described["referenceTo"]),
        relationship=described["relationshipName"],
    )


def _values(described: Sequence[Mapping[str, Any]]) -> tuple[PicklistValue, ...]:
    return tuple(
        PicklistValue(value["value"], value.get("label") or value["value"], bool(value.get("active", True)))
        for value in described
    )
