"""A new Salesforce field for a provider's output: proposed from the catalogue, checked, and created with its rights."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from lsync_flask.engine.fields import ObjectInfo
from lsync_flask.errors import InvalidParams
from lsync_flask.plugin_api import FieldType, ProviderField
from lsync_flask.salesforce.fields import (
    LONGEST_LABEL,
    LONGEST_NAME,
    LONGEST_TEXT,
    NewField,
    check_field,
    create_field,
)
from lsync_flask.salesforce.queries import query_records
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.services.describe_objects import check_object, object_info
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.storage.audit import add_audit

SUFFIX = "__c"
LONG_TEXT = 32_768

TYPE_LABELS: Mapping[str, str] = {
    "Text": "Text",
    "TextArea": "Text area",
    "LongTextArea": "Text area (long)",
    "Number": "Number",
    "Currency": "Currency",
    "Percent": "Percent",
    "Checkbox": "Checkbox",
    "Date": "Date",
    "DateTime": "Date/time",
    "Email": "E-mail",
    "Phone": "Phone",
    "Url": "URL",
}
"""The types as Salesforce's Setup names them."""

_PLAIN: Mapping[FieldType, str] = {
    "boolean": "Checkbox",
    "date": "Date",
    "datetime": "DateTime",
    "email": "Email",
    "phone": "Phone",
    "url": "Url",
}
_NUMBERS: Mapping[FieldType, tuple[str, int]] = {
    "int": ("Number", 0),
    "double": ("Number", 2),
    "currency": ("Currency", 2),
    "percent": ("Percent", 2),
}


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """A permission set of the org that may be given the new field."""

    name: str
    label: str


def propose_field(output: ProviderField, info: ObjectInfo) -> NewField:
    """A field that takes all that the output can hold, under a name that is free."""
    label = output.label[:LONGEST_LABEL].strip() or output.name[:LONGEST_LABEL]
    made = NewField(_free_name(label, info), label, "Text", length=LONGEST_TEXT)
    if output.type in _NUMBERS:
        kind, scale = _NUMBERS[output.type]
        return replace(made, type=kind, length=0, precision=18, scale=scale)
    if output.type in _PLAIN:
        return replace(made, type=_PLAIN[output.type], length=0)
    longest = output.length or max(map(len, output.values), default=0)
    if output.type in {"textarea", "longtextarea"} or longest > LONGEST_TEXT:
        return replace(made, type="LongTextArea", length=max(LONG_TEXT, longest))
    return replace(made, length=longest or LONGEST_TEXT)


def _free_name(label: str, info: ObjectInfo) -> str:
    stem = re.sub(r"[^A-Za-z0-9]+", "_", label).strip("_")[: LONGEST_NAME - 2].strip("_")
    stem = stem if stem[:1].isalpha() else f"X{stem}"[:LONGEST_NAME]
    names = [stem, *(f"{stem}{number}" for number in range(2, 100))]
    return next((name for name in names if info.find(name + SUFFIX) is None), stem) + SUFFIX


def name_problem(info: ObjectInfo, name: str) -> str:
    """Why a field of this name cannot be created; empty: nothing known speaks against it."""
    try:
        check_field(NewField(name, "x", "Checkbox"))
    except InvalidParams as error:
        return error.problems["name"]
    taken = info.find(name)
    return f"{info.label} has {taken.name} already (“{taken.label}”). Choose another name." if taken else ""


def list_permission_sets(resources: Resources, actor: Actor) -> list[PermissionSet]:
    """The org's permission sets, LSync's own first."""
    actor.must("change settings and mappings")
    api = resources.open_salesforce(actor.org_id, actor.username)
    query = "SELECT Name, Label FROM PermissionSet WHERE IsOwnedByProfile = false ORDER BY Label LIMIT 200"
    rows = [PermissionSet(str(row["Name"]), str(row["Label"])) for row in query_records(api, query)]
    own = set(PERMISSION_SETS.values())
    return sorted(rows, key=lambda one: (one.name not in own, one.label.lower()))


def make_field(
    resources: Resources, actor: Actor, object_name: str, field: NewField, grant_to: Sequence[str]
) -> ObjectInfo:
    """Create the field as the actor's own Salesforce user; the object as it is described now.

    Raises:
        InvalidParams: what Salesforce would not take, by entry; FatalError: it may not be created, with the reason.
    """
    actor.must("change settings and mappings")
    check_object(object_name)
    check_field(field)
    create_field(resources.open_salesforce(actor.org_id, actor.username), object_name, field, grant_to)
    with resources.database.writing(actor.org_id) as scope:
        add_audit(
            scope,
            user_id=actor.user_id,
            action="field.create",
            subject=f"{object_name}.{field.name}",
            before=None,
            after={**asdict(field), "edited by": ", ".join(grant_to) or "nobody yet"},
            address=actor.address,
            now_s=resources.now_s(),
        )
    return object_info(resources, actor.org_id, actor.username, object_name, fresh=True)
