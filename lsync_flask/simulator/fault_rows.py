"""Rows of an answer that come shuffled, go missing, come twice, under a foreign id or with another one's values."""

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import orjson

from lsync_flask.simulator.plans import FaultRule

__all__ = ["disturb_rows"]

Rows = list[Any]
_KEYS = ("key", "external_id", "id")
_ID = re.compile(rb'"?([a-zA-Z0-9]{18})"?')
_FOREIGN = "00QZZZZZZZZZZZZAAA"


def disturb_rows(rule: FaultRule, body: bytes, mimetype: str, chance: Random) -> bytes:
    """The body with its rows disturbed: records of a CSV, or the list of a JSON answer. Anything else stays."""
    if mimetype == "text/csv":
        head, *rows = _csv_records(body)
        return b"".join([head, *_disturb(rule, rows, chance)])
    told = orjson.loads(body) if mimetype == "application/json" and body else None
    if isinstance(told, list):
        told = _disturb(rule, told, chance)
    elif isinstance(told, dict):
        told = {name: _disturb(rule, one, chance) if isinstance(one, list) else one for name, one in told.items()}
    return body if told is None else orjson.dumps(told)


def _csv_records(body: bytes) -> Rows:
    """The records, the header first; a line break within quotes ends none."""
    records: Rows = []
    kept = b""
    for line in body.splitlines(keepends=True):
        kept += line
        if kept.count(b'"') % 2 == 0:
            records.append(kept)
            kept = b""
    return [*records, kept] if kept or not records else records


def _disturb(rule: FaultRule, rows: Rows, chance: Random) -> Rows:
    return _DISTURBED[rule.action](rows, rule.options.get("count", 1), chance)


def _shuffled(rows: Rows, _: int, chance: Random) -> Rows:
    mixed = chance.sample(rows, len(rows))
    return mixed if mixed != rows else rows[::-1]


def _missing(rows: Rows, count: int, chance: Random) -> Rows:
    gone = set(chance.sample(range(len(rows)), min(count, len(rows))))
    return [row for place, row in enumerate(rows) if place not in gone]


def _twice(rows: Rows, count: int, chance: Random) -> Rows:
    return [*rows, *chance.sample(rows, min(count, len(rows)))]


def _unknown(rows: Rows, count: int, chance: Random) -> Rows:
    foreign = set(chance.sample(range(len(rows)), min(count, len(rows))))
    return [_with_id(row, _FOREIGN) if place in foreign else row for place, row in enumerate(rows)]


def _mixed(rows: Rows, _: int, chance: Random) -> Rows:
    """Each id with the next one's values."""
    del chance
    ids = [_id_of(row) for row in rows]
    return [_with_id(row, name) for row, name in zip(rows, ids[1:] + ids[:1], strict=True)]


def _id_of(row: Any) -> str:
    if isinstance(row, bytes):
        found = _ID.search(row)
        return found[1].decode() if found else ""
    return next((str(row[name]) for name in _KEYS if name in row), "")


def _with_id(row: Any, name: str) -> Any:
    if isinstance(row, bytes):
        own = _id_of(row)
        return row.replace(own.encode(), name.encode()) if own else row
    key = next((one for one in _KEYS if one in row), None)
    return {**row, key: name} if key else row


_DISTURBED: Mapping[str, Callable[[Rows, int, Random], Rows]] = {
    "rows-shuffled": _shuffled,
    "rows-missing": _missing,
    "rows-twice": _twice,
    "rows-unknown": _unknown,
    "rows-mixed": _mixed,
}
