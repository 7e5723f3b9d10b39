"""`lsync activity ID` on both databases."""

import base64

from click.testing import CliRunner

from lsync_flask.cli import cli
from lsync_flask.errors import NotFound
from tests.ledger.test_ledger import _expire_leases, ledger, running  # noqa: F401 - fixtures


def _ask(database, tmp_path, number):
    environment = {
        "LSYNC_INSTANCE": str(tmp_path),
        "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "LSYNC_SECRET_KEY": "not a secret, but long enough for a test",
        "LSYNC_ENCRYPTION_KEYS": base64.b64encode(b"0" * 32).decode(),
    }
    return CliRunner().invoke(cli, ["activity", str(number)], env=environment)


def test_each_bulk_is_shown_with_its_holder_its_wait_and_its_trouble(database, ledger, running, tmp_path):  # noqa: F811
    held = ledger.claim_bulk(running, "worker-1")
    second = ledger.claim_bulk(running, "worker-2")
    ledger.release_bulk(ledger.note_try(second, 1, "Salesforce is busy."), wait_s=30)

    lines = _ask(database, tmp_path, running).output.splitlines()

    assert lines[0] == f"activity {running} of org {ledger.org_id} is Running"
    assert lines[2] == "ended: no bulk yet"
    assert f"bulk {held.number}: ready, 1 records; held by worker-1 for" in lines[3]
    assert lines[4].startswith(f"bulk {second.number}: ready, 1 records; due in")
    assert lines[4].endswith("Last trouble: Salesforce is busy.")


def test_a_bulk_whose_holder_died_says_so(database, ledger, running, tmp_path):  # noqa: F811
    ledger.claim_bulk(running, "worker-1")
    _expire_leases(ledger)

    assert "its holder worker-1 has died" in _ask(database, tmp_path, running).output


def test_an_activity_that_is_not_there_is_said_so(database, ledger, tmp_path):  # noqa: F811
    assert isinstance(_ask(database, tmp_path, 999).exception, NotFound)
