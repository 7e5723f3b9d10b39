"""Secrets at rest: bound to their org, and encrypted anew by one command while the app runs."""

import base64

import pytest
from sqlalchemy import update

from lsync_flask.cli import run
from lsync_flask.errors import FatalError
from lsync_flask.storage.db import open_database
from lsync_flask.storage.migrate import upgrade
from lsync_flask.storage.models import secret
from lsync_flask.storage.orgs import OrgRow, save_org
from lsync_flask.storage.secrets import SecretBox, read_secret

ORGS = ("00DLs0000000001MAA", "00DLs0000000002MAA")
OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def filled_database(database):
    for number, org_id in enumerate(ORGS):
        row = OrgRow(org_id, "Acme", "https://acme.my.salesforce.com", f"app{number}", "key", None, None)
        save_org(database, SecretBox([OLD]), row, (f"secret-of-{org_id}",), {"jwt_key": f"key-of-{org_id}"}, 0.0)
    return database


def read(database, keys, org_id, name):
    with database.reading(org_id) as scope:
        return read_secret(scope, SecretBox(keys), name)


def test_a_ciphertext_that_is_moved_to_another_org_or_name_does_not_open(filled_database):
    with filled_database.reading(ORGS[0]) as scope:
        blobs = {row.name: row.ciphertext for row in scope.run(scope.select(secret))}
    for org_id, name in ((ORGS[1], "jwt_key"), (ORGS[0], "consumer_secret")):
        with filled_database.writing_all() as connection:
            here = update(secret).where(secret.c.org_id == org_id, secret.c.name == name)
            connection.execute(here.values(ciphertext=blobs["jwt_key"]))

        with pytest.raises(FatalError, match="changed or belongs elsewhere"):
            read(filled_database, [OLD], org_id, name)


def test_after_rotation_the_old_key_can_be_dropped(monkeypatch, tmp_path, capsys):
    url = f"sqlite:///{tmp_path}/x.db"
    database = open_database(url)
    upgrade(database)
    row = OrgRow(ORGS[0], "Acme", "https://acme.my.salesforce.com", None, "key", None, None)
    save_org(database, SecretBox([OLD]), row, ("hush",), {"jwt_key": "pem"}, 0.0)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("LSYNC_INSTANCE", str(tmp_path))
    monkeypatch.setenv("LSYNC_SECRET_KEY", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("LSYNC_ENCRYPTION_KEYS", ",".join(base64.b64encode(key).decode() for key in (NEW, OLD)))

    status = run(["secrets", "rotate"])

    assert (status, capsys.readouterr().out[:9]) == (0, "2 secrets")
    assert read(database, [NEW], ORGS[0], "consumer_secret") == "hush"
    with pytest.raises(FatalError, match="does not hold"):
        read(database, [OLD], ORGS[0], "jwt_key")
    database.close()
