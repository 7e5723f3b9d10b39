"""Where the rows live: one SQLite file, one connection for each thread, one writer at a time."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from lsync_flask.simulator.numbers import spell_double
from lsync_flask.simulator.schema import Field, SObject

__all__ = ["Store", "fold"]

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # The org is made anew at each start, so a lost tail after a power cut costs nothing.
    "PRAGMA synchronous = OFF",
    "PRAGMA temp_store = MEMORY",
    # Each thread has its own; what is read often is mapped into memory once for all.
    "PRAGMA cache_size = -16384",
    "PRAGMA mmap_size = 1073741824",
)
_CHUNK = 5000
_PERSONS = frozenset({"Lead", "Contact", "User"})
_INDEXES = {
    "Contact": ("AccountId", "Email COLLATE NOCASE"),
    "Lead": ("Email COLLATE NOCASE",),
    "PermissionSetAssignment": ("AssigneeId",),
    "FieldPermissions": ("ParentId",),
}
_NAME = "FirstName || ' ' || LastName"
_NAME_VIEW = """CREATE VIEW "Name" AS
SELECT Id, Name, FirstName, LastName, Email, Title, Phone, Alias, Username, IsActive, 'User' AS Type, ProfileId
FROM "User"
UNION ALL SELECT Id, Name, NULL, NULL, Email, NULL, NULL, NULL, NULL, 1, Type, NULL FROM "Group" """
_LEDGER = """CREATE TABLE sim_writes
(seq INTEGER PRIMARY KEY, at TEXT, user TEXT, api TEXT, job TEXT, names TEXT, rows TEXT)"""


def fold(text: str | None) -> str | None:
    """Text as it compares when case does not count; None stays None."""
    return text.lower() if isinstance(text, str) else text


class Store:
    """Reads never wait for writes; writes wait for each other."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._local = threading.local()
        self._writing = threading.RLock()
        self._opened: list[sqlite3.Connection] = []

    def close(self) -> None:
        """Close every thread's connection; the store is not used afterwards."""
        while self._opened:
            self._opened.pop().close()

    def connection(self) -> sqlite3.Connection:
        """This thread's own connection, in autocommit."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._open()
        return found

    def _open(self) -> sqlite3.Connection:
        opened = sqlite3.connect(self._file, timeout=60, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            opened.execute(pragma).close()
        opened.create_function("sf_fold", 1, fold, deterministic=True)
        opened.create_function("sf_double", 1, spell_double, deterministic=True)
        self._opened.append(opened)
        return opened

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed at the end, or undone when an error leaves it."""
        with self._writing:
            connection = self.connection()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def trial(self) -> Iterator[Callable[[], None]]:
        """A part of a transaction that can be taken back by calling what is given."""
        with self.write() as connection:
            connection.execute("SAVEPOINT trial")
            yield lambda: connection.execute("ROLLBACK TO trial").close()
            connection.execute("RELEASE trial")

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self.connection().execute(sql, parameters).fetchall()

    def make_tables(self, objects: Iterable[SObject]) -> None:
        with self.write() as connection:
            connection.execute(_LEDGER)
            for each in objects:
                if each.kind != "view":
                    connection.execute(_table(each))
            connection.execute(_NAME_VIEW)

    def make_indexes(self, object_name: str) -> None:
        """Index what is asked for often; after a bulk load, because that is quicker."""
        with self.write() as connection:
            for number, column in enumerate(_INDEXES.get(object_name, ())):
                connection.execute(f'CREATE INDEX IF NOT EXISTS "{object_name}_{number}" ON "{object_name}" ({column})')

    def add_column(self, object_name: str, field: Field) -> None:
        with self.write() as connection:
            connection.execute(f'ALTER TABLE "{object_name}" ADD COLUMN {_column(field)}')

    def drop_column(self, object_name: str, name: str) -> None:
        with self.write() as connection:
            connection.execute(f'ALTER TABLE "{object_name}" DROP COLUMN "{name}"')

    def add_rows(self, object_name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """Add rows as they are, without any rule; how many there were."""
        spots = ", ".join("?" * len(columns))
        names = ", ".join(f'"{column}"' for column in columns)
        sql = f'INSERT INTO "{object_name}" ({names}) VALUES ({spots})'
        count = 0
        with self.write() as connection:
            source = iter(rows)
            while chunk := list(islice(source, _CHUNK)):
                connection.executemany(sql, chunk)
                count += len(chunk)
        if count > _CHUNK and not self.connection().in_transaction:
            # Rows are read quicker from the file than from its log.
            self.connection().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        return count


def _table(each: SObject) -> str:
    columns = [_column(field, person=each.name in _PERSONS) for field in each.stored]
    if not each.has("IsDeleted"):
        columns.append("IsDeleted INTEGER NOT NULL DEFAULT 0")
    return f'CREATE TABLE "{each.name}" ({", ".join(columns)})'


def _column(field: Field, *, person: bool = False) -> str:
    spelled = f'"{field.name}" {field.sql_type}'
    if field.type == "id":
        return spelled + " PRIMARY KEY"
    if field.name == "Name" and person:
        return spelled + f" GENERATED ALWAYS AS (coalesce({_NAME}, LastName)) VIRTUAL"
    if field.type == "boolean":
        return spelled + f" NOT NULL DEFAULT {int(bool(field.default))}"
    if isinstance(field.default, str):
        return spelled + f" DEFAULT '{field.default.replace(chr(39), chr(39) * 2)}'"
    return spelled
