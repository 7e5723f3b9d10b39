"""The org's own memory of what was written: each accepted write of a record, in order."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import orjson

from lsync_flask.simulator.store import Store

__all__ = ["RecordWrite", "WriteLedger", "Writer", "Written", "spell_moment"]

Written = tuple[str, Mapping[str, Any]]
_INSERT = "INSERT INTO sim_writes (at, user, api, job, names, rows) VALUES (?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT at, user, api, job, names, rows FROM sim_writes"


@dataclass(frozen=True, slots=True)
class RecordWrite:
    """One accepted write. `api` is rest, collections or bulk; `fields` are the values as they came to be stored."""

    record: str
    at: str
    user: str
    api: str
    job: str | None
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Writer:
    """When and by whom and by which API something is written."""

    at: str
    user: str
    api: str
    job: str | None


class WriteLedger:
    """Kept in the same transaction as the write, so that the two can never differ.

    One row holds the writes of a chunk that are of the same fields.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, writer: Writer, written: Iterable[Written]) -> None:
        """Add these writes inside the caller's transaction."""
        for names, group in groupby(written, key=lambda one: tuple(one[1])):
            self.add_rows(writer, names, [(record, *values.values()) for record, values in group])

    def add_rows(self, writer: Writer, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Add writes of the same fields; each row is an id and the values of `names`."""
        told = (writer.at, writer.user, writer.api, writer.job, *(orjson.dumps(one).decode() for one in (names, rows)))
        with self._store.write() as connection:
            connection.execute(_INSERT, told)

    def of(self, record: str | None = None) -> list[RecordWrite]:
        """The writes of a record, or all, in order. The id may have 15 or 18 characters."""
        wanted = "" if record is None else record[:15]
        found = self._store.rows(f"{_SELECT} WHERE instr(rows, ?) ORDER BY seq", [wanted])
        return [write for row in found for write in _read(row) if write.record.startswith(wanted)]

    def count(self) -> int:
        return int(self._store.rows("SELECT coalesce(sum(json_array_length(rows)), 0) FROM sim_writes")[0][0])


def _read(row: Sequence[Any]) -> Iterator[RecordWrite]:
    at, user, api, job, names, rows = row
    fields = json.loads(names)
    for record, *values in json.loads(rows):
        yield RecordWrite(record, at, user, api, job, dict(zip(fields, values, strict=True)))


def spell_moment(moment: datetime) -> str:
    """A moment as it is stored: `2026-11-23T09:30:00.000Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
