"""What we know of an object and its fields, cut from describe to what decisions need."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lsync_flask.errors import FatalError
from lsync_flask.plugin_api import FieldType


@dataclass(frozen=True, slots=True)
class PicklistValue:
    """One value of a picklist: Salesforce compares and stores `value`, people read `label`."""

    value: str
    label: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field as describe tells it (`reference/salesforce.md` §4.2).

    `length` is in characters; `precision` counts all digits including `scale`; `digits` is for int fields.
    `restricted` means that only `values` may be written.
    """

    name: str
    label: str
    type: FieldType
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    updateable: bool = True
    filterable: bool = True
    sortable: bool = True
    calculated: bool = False
    custom: bool = False
    restricted: bool = False
    values: tuple[PicklistValue, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None


@dataclass(frozen=True)
class ObjectInfo:
    """An object and those of its fields that the asking user may read. `parents` maps a relationship to its object."""

    name: str
    label: str
    label_plural: str
    key_prefix: str
    fields: Mapping[str, FieldInfo]
    parents: Mapping[str, "ObjectInfo"] = field(default_factory=dict)

    def find(self, path: str) -> FieldInfo | None:
        """The field with this name in any case; `Account.Industry` looks in the parent. None: not there."""
        relationship, dot, rest = path.partition(".")
        if dot:
            parent = next((p for name, p in self.parents.items() if name.lower() == relationship.lower()), None)
            return parent.find(rest) if parent else None
        found = self.fields.get(path)
        return found or next((f for name, f in self.fields.items() if name.lower() == path.lower()), None)

    def get(self, path: str) -> FieldInfo:
        """The field with this name.

        Raises:
            FatalError: the org has no such field, or the user may not see it.
        """
        found = self.find(path)
        if found is None:
            raise FatalError(f"{self.label} has no field {path}, or you may not see it. Choose another field.")
        return found
