"""Stored rows as the REST API writes them in JSON."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from lsync_flask.simulator.numbers import spell_double
from lsync_flask.simulator.schema import COMPOUND, Field, Schema
from lsync_flask.simulator.soql_compile import Selection

__all__ = ["attributes", "flat_value", "record_writer", "row_reader", "spell_value"]

Record = dict[str, Any]
_DOUBLES = frozenset({"double", "currency", "percent"})


def spell_value(field: Field | None, value: Any) -> Any:
    """One stored value as JSON has it: `+0000` in moments, `1.2E7` in numbers."""
    if value is None or field is None:
        return value
    return _speller(field)(value)


def _speller(field: Field) -> Callable[[Any], Any]:
    if field.type == "boolean":
        return bool
    if field.type == "datetime":
        return _moment
    if field.type in _DOUBLES:
        return _number
    return _fragment if field.type in COMPOUND else _same


def _moment(value: str) -> str:
    return value[:-1] + "+0000"


def _number(value: float) -> orjson.Fragment:
    return orjson.Fragment(str(spell_double(value)))


def _fragment(value: str) -> orjson.Fragment:
    return orjson.Fragment(value)


def _same(value: Any) -> Any:
    return value


def flat_value(field: Field | None, value: Any) -> Any:
    """One stored value for the org's own use: booleans as such, all else as stored."""
    return bool(value) if field is not None and field.type == "boolean" else value


def attributes(version: str, object_name: str, record: str) -> dict[str, str]:
    return {"type": object_name, "url": f"/services/data/v{version}/sobjects/{object_name}/{record}"}


def record_writer(selection: Selection, schema: Schema, version: str) -> tuple[str, Callable[[Sequence[Any]], Record]]:
    """The SQL of the columns to read, and what makes a record of such a row."""
    parents = sorted(_ancestors(selection), key=len)
    keys = ["t0.Id", *(f"{selection.parents[path][0]}.Id" for path in parents)]
    sql = ", ".join([*keys, *(column.sql for column in selection.columns)])
    fillers = [
        (column.path[:-1], column.path[-1], _speller(column.field) if column.field else _same)
        for column in selection.columns
    ]
    names = {path: selection.parents[path][1].name for path in parents}
    width = len(keys)

    def write(row: Sequence[Any]) -> Record:
        top: Record = {"attributes": attributes(version, selection.base.name, row[0])}
        levels: dict[tuple[str, ...], Record | None] = {(): top}
        for path, record in zip(parents, row[1:width], strict=True):
            levels[path] = _parent(names[path], record, schema, version)
        for (path, name, spell), value in zip(fillers, row[width:], strict=True):
            level = levels[path]
            if level is not None:
                level[name] = None if value is None else spell(value)
            _attach(levels, path)
        return top

    return sql, write


def _attach(levels: dict[tuple[str, ...], Record | None], path: tuple[str, ...]) -> None:
    """Hang each parent into its child where its first field stands, so that keys keep the order of the SELECT."""
    for depth in range(1, len(path) + 1):
        holder = levels[path[: depth - 1]]
        if holder is None:
            return
        if path[depth - 1] not in holder:
            holder[path[depth - 1]] = levels[path[:depth]]


def _ancestors(selection: Selection) -> set[tuple[str, ...]]:
    return {column.path[:depth] for column in selection.columns for depth in range(1, len(column.path))}


def _parent(name: str, record: str | None, schema: Schema, version: str) -> Record | None:
    if record is None:
        return None
    found = schema.by_prefix(record[:3]) if name == "Name" else None
    told = attributes(version, found.name if found else name, record)
    return {"attributes": told | {"type": name}}


def row_reader(selection: Selection) -> Callable[[Sequence[Any]], Record]:
    """What makes of a row a flat mapping from dotted paths to stored values."""
    names = [(".".join(column.path), column.field) for column in selection.columns]
    return lambda row: {name: flat_value(known, value) for (name, known), value in zip(names, row, strict=True)}
