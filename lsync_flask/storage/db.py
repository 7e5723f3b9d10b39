"""Connections: SQLite (WAL) and PostgreSQL behind one door, and every statement scoped by org.

SQLite is opened as measured best for several processes: WAL, BEGIN IMMEDIATE for writers, a busy timeout. Leases
compare with the database's own clock (`db_now`), never with a machine's.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import psycopg
from sqlalchemy import Connection, Delete, Double, Engine, Insert, Select, Table, Update, create_engine, event
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert as sql_insert
from sqlalchemy import select as sql_select
from sqlalchemy import update as sql_update
from sqlalchemy.exc import DisconnectionError, InterfaceError, InternalError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement

from lsync_flask.errors import RetryableError

BUSY_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000
PING_AFTER_S = 3.0


class db_now(ColumnElement[float]):  # noqa: N801 - it reads as the SQL function that it is
    """The database's clock: seconds since 1970, UTC."""

    type = Double()
    inherit_cache = True


@compiles(db_now)
def _now_of_postgresql(_element: db_now, _compiler: SQLCompiler, **_: Any) -> str:
    return "extract(epoch from clock_timestamp())"


@compiles(db_now, "sqlite")
def _now_of_sqlite(_element: db_now, _compiler: SQLCompiler, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@dataclass(frozen=True)
class OrgScope:
    """One transaction of one org. Tables are reached through it alone, so that no statement forgets the org."""

    connection: Connection
    org_id: str

    def select(self, table: Table, *columns: Any) -> Select[Any]:
        """SELECT the columns (all, if none is named) of this org's rows."""
        return sql_select(*(columns or (table,))).where(table.c.org_id == self.org_id)

    def update(self, table: Table) -> Update:
        return sql_update(table).where(table.c.org_id == self.org_id)

    def delete(self, table: Table) -> Delete:
        return sql_delete(table).where(table.c.org_id == self.org_id)

    def insert(self, table: Table, values: Mapping[str, Any]) -> Insert:
        return sql_insert(table).values({**values, "org_id": self.org_id})

    def run(self, statement: Any) -> Any:
        """Execute a statement made by this scope."""
        return self.connection.execute(statement)

    def add(self, table: Table, values: Mapping[str, Any]) -> Any:
        """Insert one row; its primary key's first column (None for tables without one of their own)."""
        result = self.connection.execute(self.insert(table, values))
        key = result.inserted_primary_key
        return key[0] if key else None

    def add_many(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self.connection.execute(sql_insert(table), [{**row, "org_id": self.org_id} for row in rows])


@dataclass(frozen=True)
class Database:
    """An opened database. Write transactions stay short: never across a call to Salesforce or a provider."""

    engine: Engine

    @property
    def is_postgresql(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    @property
    def _reading(self) -> dict[str, Any]:
        # On PostgreSQL each statement sees what is committed, in a transaction or not: that saves messages.
        return {"isolation_level": "AUTOCOMMIT"} if self.is_postgresql else {"readonly": True}

    @contextmanager
    def reading(self, org_id: str) -> Iterator[OrgScope]:
        with self.reading_all() as connection:
            yield OrgScope(connection, org_id)

    @contextmanager
    def writing(self, org_id: str) -> Iterator[OrgScope]:
        with self.writing_all() as connection:
            yield OrgScope(connection, org_id)

    @contextmanager
    def reading_all(self) -> Iterator[Connection]:
        """For what belongs to no single org: sign-in, the reconciler, operations."""
        with _said_plainly(), self.engine.connect().execution_options(**self._reading) as connection:
            if self.is_postgresql:
                yield connection
            else:
                with connection.begin():
                    yield connection

    @contextmanager
    def writing_all(self) -> Iterator[Connection]:
        with _said_plainly(), self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, InternalError) as error:
        raise RetryableError("The database does not answer just now; nothing is lost, it goes on by itself.") from error


def open_database(url: str) -> Database:
    """Open `sqlite:///…` or `postgresql+psycopg://…`; a plain `postgresql://` means psycopg too."""
    url = url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url
    url = url.replace("postgresql://", "postgresql+psycopg://", 1) if url.startswith("postgresql://") else url
    engine = _open_sqlite(url) if url.startswith("sqlite") else _open_postgresql(url)
    # A forked worker must not share its parent's connections.
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))
    return Database(engine)


# A host that is cut off would wait for a quarter of an hour for an answer that never comes.
_PATIENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}


class BinaryCursor(psycopg.Cursor[Any]):
    """Reads results in PostgreSQL's binary format: a bulk's bodies as text are twice as long, and must be unpacked."""

    def __init__(self, connection: psycopg.Connection[Any], **options: Any) -> None:
        super().__init__(connection, **options)
        self.format = psycopg.pq.Format.BINARY


def _open_postgresql(url: str) -> Engine:
    options = f"-c lock_timeout={LOCK_TIMEOUT_MS}"
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=24,
        connect_args={"options": options, "connect_timeout": 10, "cursor_factory": BinaryCursor, **_PATIENCE},
    )
    event.listen(engine, "checkout", _ping_when_idle)
    event.listen(engine, "checkin", _note_use)
    return engine


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at"] = monotonic()


def _ping_when_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """A connection that lay idle may be dead: it is tried first. One that was used just now is not, for every try is a
    message to the server and back.
    """
    if monotonic() - record.info.get("used_at", monotonic()) < PING_AFTER_S:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(url, pool_size=8, max_overflow=24, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    pragmas = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}")
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that turns into a writer fails at once with "database is locked", whatever the timeout.
    readonly = connection.get_execution_options().get("readonly")
    connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")
