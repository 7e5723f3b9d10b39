"""`query?columns=true`: what a statement's columns are, without a row of it. The Salesforce CLI asks for it.

The shape is QueryResultMetadata with its ColumnMetadata (Tooling API guide, "ApexExecutionOverlayResult").
"""

from collections.abc import Sequence
from typing import Any

from lsync_flask.simulator.schema import NUMBERS, Field
from lsync_flask.simulator.soql_ast import AllFields, FieldRef, FunctionCall, Query
from lsync_flask.simulator.soql_compile import Asker, Column, Selection, compile_child, compile_soql
from lsync_flask.simulator.soql_parse import parse_soql

__all__ = ["describe_columns"]

_APEX = {
    "id": "Id",
    "reference": "Id",
    "boolean": "Boolean",
    "int": "Integer",
    "double": "Double",
    "currency": "Double",
    "percent": "Double",
    "date": "Date",
    "datetime": "Datetime",
    "address": "Address",
}
_NO_TEXT = frozenset({"Id", "Boolean", "Integer", "Double", "Date", "Datetime", "Address"})


def describe_columns(soql: str, asker: Asker) -> dict[str, Any]:
    """The answer for one statement.

    Raises:
        ApiRefusal: anything is wrong with the statement.
    """
    selection = compile_soql(soql, asker)
    query = parse_soql(soql)
    calls = [item for item in query.items if isinstance(item, FunctionCall)]
    columns = _aggregates(selection, calls) if selection.shape != "rows" else _plain(selection.columns)
    children = [
        _child(name, compile_child(soql, item, asker, selection.base, link)) for name, item, link in selection.children
    ]
    return {
        "columnMetadata": columns + children,
        "entityName": selection.base.name,
        "groupBy": bool(query.group_by),
        "idSelected": _selects_id(query),
        "keyPrefix": selection.base.key_prefix,
    }


def _selects_id(query: Query) -> bool:
    return any(
        isinstance(item, AllFields) or (isinstance(item, FieldRef) and item.path[-1].lower() == "id")
        for item in query.items
    )


def _plain(columns: Sequence[Column], depth: int = 0) -> list[dict[str, Any]]:
    """Columns in their order; those of a parent stand together under its name."""
    told: dict[str, dict[str, Any]] = {}
    for column in columns:
        name = column.path[depth]
        if len(column.path) == depth + 1:
            told[name] = _column(name, column.field)
        elif name not in told:
            below = [other for other in columns if other.path[: depth + 1] == column.path[: depth + 1]]
            told[name] = _column(name, None) | {"joinColumns": _plain(below, depth + 1)}
    return list(told.values())


def _child(name: str, selection: Selection) -> dict[str, Any]:
    return _column(name, None) | {"aggregate": True, "joinColumns": _plain(selection.columns)}


def _aggregates(selection: Selection, calls: Sequence[FunctionCall]) -> list[dict[str, Any]]:
    shown = iter(calls)
    told = []
    for column in selection.columns:
        if column.field is not None:
            told.append(_column(column.path[0], column.field))
            continue
        call = next(shown)
        field = ".".join(call.field.path) if call.field else ""
        told.append(_column(column.path[0], None) | {"aggregate": True, "displayName": f"{call.name.lower()}({field})"})
    return told


def _column(name: str, field: Field | None) -> dict[str, Any]:
    kind = _APEX.get(field.type, "String") if field else "Integer"
    return {
        "aggregate": False,
        "apexType": kind,
        "booleanType": kind == "Boolean",
        "columnName": name,
        "custom": bool(field and field.custom),
        "displayName": name,
        "foreignKeyName": None,
        "insertable": bool(field and field.createable),
        "joinColumns": [],
        "numberType": field.type in NUMBERS if field else False,
        "textType": kind not in _NO_TEXT,
        "updatable": bool(field and field.updateable),
    }
