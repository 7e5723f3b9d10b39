"""What the operator does to an org counts at once, and all of it."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import func, select

from lsync_flask.cli import run
from lsync_flask.demo.set_up import set_up
from lsync_flask.errors import GrantLost
from lsync_flask.storage.models import metadata
from lsync_flask.storage.orgs import consumer_secrets, read_org, save_org
from lsync_flask.wiring import wire
from tests.conftest import settings_for


@pytest.fixture
def command(monkeypatch, simulated_org, tmp_path, sqlite_template):
    """Runs `lsync …` in a deployment with the simulated org; `command.parts` are its resources."""
    settings = settings_for(simulated_org, tmp_path)
    settings.instance.mkdir()
    (settings.instance / "lsync.db").write_bytes(sqlite_template.read_bytes())
    parts = wire(settings)
    set_up(parts, simulated_org)
    monkeypatch.setenv("LSYNC_INSTANCE", str(settings.instance))
    monkeypatch.setenv("LSYNC_SECRET_KEY", "not a secret, but long enough for a test")
    monkeypatch.setenv("LSYNC_ENCRYPTION_KEYS", base64.b64encode(b"0" * 32).decode())

    def call(*words):
        return run(list(words))

    call.parts = parts
    yield call
    parts.database.close()


def rows_of(database):
    with database.reading_all() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_an_org_is_removed_with_everything_but_only_when_it_is_meant(command, simulated_org, capsys):
    org_id = simulated_org["org_id"]

    assert command("org", "remove", org_id) == 2
    assert "add --yes" in capsys.readouterr().err
    assert rows_of(command.parts.database)["definition"] > 0
    assert command("org", "remove", org_id, "--yes") == 0
    assert {name: number for name, number in rows_of(command.parts.database).items() if number} == {}
    assert command("org", "remove", org_id, "--yes") == 1


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_a_new_jwt_key_counts_in_processes_that_are_running(command, simulated_org):
    parts, org_id = command.parts, simulated_org["org_id"]
    org = read_org(parts.database, org_id)
    with parts.database.reading(org_id) as scope:
        secrets = consumer_secrets(scope, parts.box)
    parts.open_salesforce(org_id, None).request("GET", "limits")

    other = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    save_org(parts.database, parts.box, org, secrets, {"jwt_key": other}, parts.now_s() + 1)
    with pytest.raises(GrantLost, match="certificate"):
        parts.open_salesforce(org_id, None).request("GET", "limits")

    own = Path(simulated_org["jwt_private_key_file"]).read_text()
    save_org(parts.database, parts.box, org, secrets, {"jwt_key": own}, parts.now_s() + 2)
    parts.open_salesforce(org_id, None).request("GET", "limits")
