"""The standard objects and fields, read from the text files in `catalogue/`.

A line is `name|type(size)|flags|label|extras`. The facts are those of `salesforce.md` §4.2.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from lsync_flask.simulator.schema import Field, PicklistValue, Schema, SObject

__all__ = ["read_catalogue", "read_lines", "standard_objects", "standard_schema"]

_FILES = ("Lead", "Contact", "Account", "setup")
_TYPE = re.compile(r"(?P<type>[a-z]+)(?:\((?P<size>[0-9]+)(?:,(?P<scale>[0-9]+))?\))?")
_FLAGS = {
    "c": "createable",
    "u": "updateable",
    "n": "nillable",
    "f": "filterable",
    "g": "groupable",
    "s": "sortable",
    "a": "aggregatable",
    "p": "permissionable",
    "d": "defaulted_on_create",
    "i": "id_lookup",
    "r": "restricted",
    "N": "name_field",
    "x": "search_prefilterable",
    "t": "default",
}
_EXTRAS = {"of": "compound", "is": "extra", "rel": "relationship", "kids": "children"}
_PRECISE = frozenset({"double", "currency", "percent"})


def standard_schema() -> Schema:
    """A new org's objects: three with data, and those of its users and permissions."""
    return Schema.of(standard_objects())


@cache
def standard_objects() -> tuple[SObject, ...]:
    return tuple(found for name in _FILES for found in read_catalogue(name))


def read_catalogue(name: str) -> tuple[SObject, ...]:
    """The objects of one file, each with the fields that the file gives it."""
    return tuple(_read_objects(read_lines(name), _read_picklists()))


def read_lines(name: str) -> list[str]:
    """The lines of a file of the catalogue, without the empty ones."""
    text = (files("lsync_flask.simulator") / "catalogue" / f"{name}.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line]


def _read_picklists() -> dict[str, tuple[PicklistValue, ...]]:
    pairs = (line.split(": ", 1) for line in read_lines("picklists"))
    return {name: tuple(map(_read_value, values.split("|"))) for name, values in pairs}


def _read_value(text: str) -> PicklistValue:
    value, _, label = text.rstrip("*").partition("=")
    return PicklistValue(value, label or value, is_default=text.endswith("*"))


def _read_objects(lines: Iterable[str], lists: dict[str, tuple[PicklistValue, ...]]) -> Iterator[SObject]:
    found: SObject | None = None
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "object":
            if found:
                yield found
            name, prefix, label, plural, kind = rest.split("|")
            found = SObject(name, label, plural, prefix, kind)
        elif found and word == "scope":
            scope, _, label = rest.partition("|")
            found = replace(found, scopes=(*found.scopes, (scope, label)))
        elif found:
            found = replace(found, fields=(*found.fields, _read_field(line, lists)))
    if found:
        yield found


def _read_field(line: str, lists: dict[str, tuple[PicklistValue, ...]]) -> Field:
    name, size, flags, label, extras = [*line.split("|"), ""][:5]
    match = _TYPE.fullmatch(size)
    if match is None:
        raise ValueError(f"{line}: the type cannot be read")
    words = dict(word.split("=", 1) for word in extras.split())
    picklist = lists[words["values"]] if "values" in words else ()
    more: dict[str, Any] = _sizes(match["type"], int(match["size"] or 0), int(match["scale"] or 0))
    more |= {_FLAGS[letter]: True for letter in flags}
    more |= {_EXTRAS[key]: words[key] for key in _EXTRAS if key in words}
    more["references"] = tuple(words["to"].split(",")) if "to" in words else ()
    more.setdefault("default", _default(match["type"], picklist))
    return Field(name, label, match["type"], picklist=picklist, **more)


def _sizes(kind: str, size: int, scale: int) -> dict[str, int]:
    if kind in _PRECISE:
        return {"precision": size, "scale": scale}
    if kind == "int":
        return {"digits": size}
    return {"length": 18 if kind in {"id", "reference"} else size}


def _default(kind: str, picklist: tuple[PicklistValue, ...]) -> str | bool | None:
    if kind == "boolean":
        return False
    return next((each.value for each in picklist if each.is_default), None)
