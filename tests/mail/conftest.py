"""Mails as they arrive: real SMTP from the outbox to the mail server of the local org, over a filled database."""

import json
import sqlite3
import urllib.request
from contextlib import closing

import pytest

from lsync_flask.demo.set_up import set_up, user_with
from lsync_flask.services.resources import Actor
from lsync_flask.services.run_activity import run_activity
from lsync_flask.storage.bodies import OutcomeEntry, encode_outcomes
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.users import UserRow, save_user
from lsync_flask.worker.clock import send_outbox


@pytest.fixture(scope="session")
def kept_database(tmp_path_factory):
    """Where the first test keeps its filled database for the others: filling one takes seconds."""
    return tmp_path_factory.mktemp("filled") / "filled.db"


@pytest.fixture
def filled(resources, simulated_org, kept_database):
    path = resources.database.engine.url.database
    if not kept_database.exists():
        set_up(resources, simulated_org)
    source, target = (kept_database, path) if kept_database.exists() else (path, kept_database)
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)
    return resources


@pytest.fixture
def owner_with(filled, simulated_org):
    """The admin who owns the definitions, with a locale and a time zone."""

    def make(locale="en_US", time_zone="Europe/London"):
        user = user_with(simulated_org, "LSync_Admin")
        row = UserRow(user["id"], user["username"], "ada@example.com", "Ada", locale, "en_US", time_zone)
        with filled.database.writing(simulated_org["org_id"]) as scope:
            save_user(scope, row, filled.now_s())
        return Actor(
            simulated_org["org_id"],
            row.user_id,
            row.username,
            row.name,
            row.email,
            "admin",
            locale,
            "en_US",
            time_zone,
        )

    return make


@pytest.fixture
def start(filled):
    """Starts an activity of the first definition; its number and its ledger."""

    def run(owner):
        return run_activity(filled, owner, 1), Ledger(filled.database, owner.org_id)

    return run


@pytest.fixture
def write_bulk():
    """A finished bulk with so many records of each fate; what is bad has this code and message."""

    def write(ledger, number, fates, code="STRING_TOO_LONG", message="Too long."):
        row = ledger.claim_selection(number, "test")
        entries = [
            OutcomeEntry(
                f"00Q{place:015d}", fate, *((code, message) if fate in {"rejected", "failed"} else ("", "")), []
            )
            for place, fate in enumerate(one for fate, count in fates.items() for one in [fate] * count)
        ]
        ledger.add_bulk(row, [[entry.record] for entry in entries], {"rows": 0})
        sending = ledger.begin_writing(ledger.claim_bulk(number, "test"), "sending", b"", 1.0, "{}")
        ledger.finish_bulk(
            sending, "partial" if {"rejected", "failed"} & set(fates) else "written", fates, encode_outcomes(entries)
        )
        ledger.finish_selection(row, 1)

    return write


@pytest.fixture
def receive(filled, simulated_org):
    """Sends what the outbox holds; the mails that arrived by that, as the mail server has them."""

    def read():
        with urllib.request.urlopen(f"{simulated_org['control_url']}/mails", timeout=30) as answer:
            found = json.load(answer)
        return found["mails"] if isinstance(found, dict) else found

    def send():
        before = len(read())
        send_outbox(filled)
        return read()[before:]

    return send
