"""What an org's objects and fields are: frozen descriptions, and the org's growing collection of them."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

__all__ = ["COMPOUND", "NUMBERS", "TEXTS", "Field", "PicklistValue", "SObject", "Schema"]

TEXTS = frozenset({"string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox"})
NUMBERS = frozenset({"double", "currency", "percent", "int"})
COMPOUND = frozenset({"address", "location"})
_SQL_TYPES = {"boolean": "INTEGER", "int": "INTEGER", "double": "REAL", "currency": "REAL", "percent": "REAL"}


@dataclass(frozen=True, slots=True)
class PicklistValue:
    value: str
    label: str
    is_default: bool = False
    valid_for: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field, with what describe says of it. The booleans carry describe's own names, in our spelling.

    `children` is the name of the relationship from the record that is pointed at back to those that point;
    `controller` is the field that says which values of a dependent picklist there are.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    createable: bool = False
    updateable: bool = False
    nillable: bool = False
    filterable: bool = False
    groupable: bool = False
    sortable: bool = False
    aggregatable: bool = False
    permissionable: bool = False
    defaulted_on_create: bool = False
    id_lookup: bool = False
    restricted: bool = False
    name_field: bool = False
    search_prefilterable: bool = False
    custom: bool = False
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    html: bool = False
    compound: str | None = None
    extra: str | None = None
    references: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    picklist: tuple[PicklistValue, ...] = ()
    default: str | bool | None = None
    help: str | None = None
    controller: str | None = None

    @property
    def is_stored(self) -> bool:
        """Whether it has a column of its own; compound fields are put together from theirs."""
        return self.type not in COMPOUND

    @property
    def sql_type(self) -> str:
        return _SQL_TYPES.get(self.type, "TEXT")

    @property
    def is_required(self) -> bool:
        """Whether a new record must bring a value, because it may not be null and has no default."""
        return self.createable and not self.nillable and not self.defaulted_on_create

    @property
    def is_polymorphic(self) -> bool:
        return len(self.references) > 1


@dataclass(frozen=True)
class SObject:
    """One object. `kind` is data, setup (needs the right to view setup), tooling, or view (the polymorphic Name)."""

    name: str
    label: str
    plural: str
    key_prefix: str
    kind: str
    fields: tuple[Field, ...] = ()
    scopes: tuple[tuple[str, str], ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by lower-case name; names are not case-sensitive in Salesforce."""
        return {each.name.lower(): each for each in self.fields}

    @cached_property
    def relationships(self) -> dict[str, Field]:
        """Reference fields by lower-case relationship name, such as `owner`."""
        return {each.relationship.lower(): each for each in self.fields if each.relationship and each.references}

    @cached_property
    def stored(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.is_stored)

    def field(self, name: str) -> Field | None:
        """The field of that name, or None when there is none."""
        return self.by_name.get(name.lower())

    def has(self, name: str) -> bool:
        return name.lower() in self.by_name


@dataclass
class Schema:
    """The objects of one org. Adding a field replaces its object, so that readers never see half a change."""

    objects: dict[str, SObject] = field(default_factory=dict)
    version: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, objects: Iterable[SObject]) -> "Schema":
        return cls({each.name.lower(): each for each in objects})

    def get(self, name: str) -> SObject | None:
        """The object of that name in any case, or None when there is none."""
        return self.objects.get(name.lower())

    def __getitem__(self, name: str) -> SObject:
        return self.objects[name.lower()]

    def __iter__(self) -> Iterator[SObject]:
        return iter(tuple(self.objects.values()))

    def by_prefix(self, prefix: str) -> SObject | None:
        """The object whose ids begin with these three characters, or None."""
        return next((each for each in self if each.key_prefix == prefix), None)

    def add_field(self, object_name: str, new: Field) -> SObject:
        return self._give(object_name, lambda fields: (*fields, new))

    def change_field(self, object_name: str, new: Field) -> SObject:
        """Put a field in the place of the one of its name."""
        return self._give(object_name, lambda fields: tuple(new if one.name == new.name else one for one in fields))

    def drop_field(self, object_name: str, name: str) -> SObject:
        return self._give(object_name, lambda fields: tuple(one for one in fields if one.name != name))

    def _give(self, object_name: str, change: Callable[[tuple[Field, ...]], tuple[Field, ...]]) -> SObject:
        with self._lock:
            before = self[object_name]
            after = replace(before, fields=change(before.fields))
            self.objects = {**self.objects, object_name.lower(): after}
            self.version += 1
        return after

    def restore(self, objects: dict[str, SObject]) -> None:
        """Be again as `objects` was, after changes that were undone in the store."""
        with self._lock:
            self.objects = objects
            self.version += 1
