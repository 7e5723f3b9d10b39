"""Statements run for the REST API: pages of records, and the cursors between them."""

import itertools
import json
import threading
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lsync_flask.simulator.api_errors import ApiRefusal
from lsync_flask.simulator.schema import Field
from lsync_flask.simulator.soql_ast import ChildQuery
from lsync_flask.simulator.soql_compile import Asker, Selection, compile_child, compile_soql
from lsync_flask.simulator.spelling import Record, record_writer, row_reader, spell_value
from lsync_flask.simulator.store import Store

__all__ = ["Queries"]

_IDLE_S = 900
_MOST = 200
_MAX_GROUPS = 2000
_PAGE = 2000


@dataclass
class _Cursor:
    """A statement whose rows were found; their values are read page by page."""

    soql: str
    asker: Asker
    selection: Selection
    rows: "array[int]"
    user: str
    batch: int
    used_at: float = field(default_factory=time.monotonic)


class Queries:
    def __init__(self, store: Store, new_key: Callable[[str], str]) -> None:
        self._store, self._new_key = store, new_key
        self._cursors: OrderedDict[str, _Cursor] = OrderedDict()
        self._lock = threading.Lock()

    def run(self, soql: str, asker: Asker, version: str, batch: int | None) -> Record:
        """The answer of `/query`: the first page, with the address of the next."""
        selection = compile_soql(soql, asker)
        if selection.shape == "count":
            return {"totalSize": self._count(selection), "done": True, "records": []}
        if selection.shape == "groups":
            records = self._groups(selection)
            return {"totalSize": len(records), "done": True, "records": records}
        cursor = _Cursor(soql, asker, selection, self._find(selection), asker.user.id, batch or _PAGE)
        return self._page(cursor, "", 0, version)

    def more(self, locator: str, user: str, version: str, batch: int | None) -> Record:
        """The page that begins where the locator says, as large as before unless another size is wished for.

        Raises:
            ApiRefusal: INVALID_QUERY_LOCATOR when the cursor is gone or another user's.
        """
        key, _, start = locator.rpartition("-")
        cursor = self._cursors.get(key)
        late = cursor is None or time.monotonic() - cursor.used_at > _IDLE_S
        if cursor is None or late or cursor.user != user or not start.isdigit() or int(start) >= len(cursor.rows):
            raise ApiRefusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        cursor.used_at, cursor.batch = time.monotonic(), batch or cursor.batch
        return self._page(cursor, key, int(start), version)

    def flat(self, soql: str, asker: Asker) -> list[Record]:
        """All rows at once, as flat mappings of stored values, for the org's own use."""
        selection = compile_soql(soql, asker)
        read = row_reader(selection)
        columns = ", ".join(column.sql for column in selection.columns)
        return [read(row) for row in self._store.rows(selection.sql(columns), selection.parameters)]

    def forget(self) -> None:
        """Make every locator stale."""
        with self._lock:
            self._cursors.clear()

    def _count(self, selection: Selection) -> int:
        if selection.limit is None and not selection.offset:
            sql = selection.sql("count(*)")
        else:
            sql = f"SELECT count(*) FROM ({selection.sql('1')})"
        return int(self._store.rows(sql, selection.parameters)[0][0])

    def _groups(self, selection: Selection) -> list[Record]:
        sql = selection.sql(", ".join(column.sql for column in selection.columns))
        rows = itertools.islice(self._store.connection().execute(sql, selection.parameters), _MAX_GROUPS)
        return [
            {"attributes": {"type": "AggregateResult"}}
            | {
                column.path[-1]: spell_value(column.field, value)
                for column, value in zip(selection.columns, row, strict=True)
            }
            for row in rows
        ]

    def _find(self, selection: Selection) -> "array[int]":
        found = self._store.connection().execute(selection.sql("t0.rowid"), selection.parameters)
        return array("q", itertools.chain.from_iterable(found))

    def _page(self, cursor: _Cursor, key: str, start: int, version: str) -> Record:
        end = start + cursor.batch
        total = len(cursor.rows)
        answer: Record = {"totalSize": total, "done": end >= total}
        if end < total:
            answer["nextRecordsUrl"] = f"/services/data/v{version}/query/{key or self._keep(cursor)}-{end}"
        answer["records"] = list(self._records(cursor, cursor.rows[start:end], version))
        return answer

    def _keep(self, cursor: _Cursor) -> str:
        key = self._new_key("01g")
        with self._lock:
            self._cursors[key] = cursor
            while len(self._cursors) > _MOST:
                self._cursors.popitem(last=False)
        return key

    def _records(self, cursor: _Cursor, rows: "array[int]", version: str) -> Iterator[Record]:
        selection = cursor.selection
        columns, write = record_writer(selection, cursor.asker.schema, version)
        sql = f"SELECT t0.rowid, {columns} {selection.source} WHERE t0.rowid IN (SELECT value FROM json_each(?))"
        found = {row[0]: row[1:] for row in self._store.rows(sql, [json.dumps(rows.tolist())])}
        for number in rows:
            if number in found:
                record = write(found[number])
                for name, child, link in selection.children:
                    record[name] = self._children(cursor, child, link, found[number][0], version)
                yield record

    def _children(self, cursor: _Cursor, item: ChildQuery, link: Field, parent: Any, version: str) -> Record | None:
        selection = compile_child(cursor.soql, item, cursor.asker, cursor.selection.base, link)
        columns, write = record_writer(selection, cursor.asker.schema, version)
        rows = self._store.rows(selection.sql(columns), (*selection.parameters, parent))
        return {"totalSize": len(rows), "done": True, "records": [write(row) for row in rows]} if rows else None
