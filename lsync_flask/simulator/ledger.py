"""The org's own memory of what was written: one row for each accepted write of a record, in order."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lsync_flask.simulator.store import Store

__all__ = ["RecordWrite", "WriteLedger"]

_INSERT = "INSERT INTO sim_writes (record, at, user, api, job, fields) VALUES (?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT record, at, user, api, job, fields FROM sim_writes"


@dataclass(frozen=True, slots=True)
class RecordWrite:
    """One accepted write. `api` is rest, collections or bulk; `fields` are the values as they came to be stored."""

    record: str
    at: str
    user: str
    api: str
    job: str | None
    fields: Mapping[str, object]


class WriteLedger:
    """Kept in the same transaction as the write, so that the two can never differ."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, rows: Sequence[tuple[str, str, str, str, str | None, str]]) -> None:
        """Add rows (record, moment, user, api, job, fields as JSON) inside the caller's transaction."""
        with self._store.write() as connection:
            connection.executemany(_INSERT, rows)

    def of(self, record: str | None = None) -> list[RecordWrite]:
        """The writes of a record, or all, in order. The id may have 15 or 18 characters."""
        if record is None:
            found = self._store.rows(f"{_SELECT} ORDER BY seq")
        else:
            found = self._store.rows(f"{_SELECT} WHERE record GLOB ? ORDER BY seq", (f"{record[:15]}*",))
        return [
            RecordWrite(record, at, user, api, job, json.loads(fields)) for record, at, user, api, job, fields in found
        ]

    def count(self) -> int:
        return int(str(self._store.rows("SELECT count(*) FROM sim_writes")[0][0]))


def spell_moment(moment: datetime) -> str:
    """A moment as it is stored: `2026-11-23T09:30:00.000Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
