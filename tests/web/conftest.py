"""Pages as a browser asks for them: the app over a filled org, signed in by the session's header."""

import secrets
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from lsync_flask.app import create_app
from lsync_flask.demo.set_up import set_up, user_with
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.services.sign_in import hash_token
from lsync_flask.storage.sessions import add_session
from lsync_flask.storage.users import UserRow, save_user


@pytest.fixture(scope="session")
def kept_database(tmp_path_factory):
    """Where the first test keeps its filled database for the others: filling one takes seconds."""
    return tmp_path_factory.mktemp("filled") / "filled.db"


@pytest.fixture
def filled(resources, simulated_org, kept_database):
    """`resources` after an admin's first steps."""
    path = resources.database.engine.url.database
    if kept_database.exists():
        _copy(kept_database, path)
    else:
        set_up(resources, simulated_org)
        _copy(path, kept_database)
    return resources


def _copy(source, target):
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


@pytest.fixture
def calls():
    """The API calls that pages make, in order."""
    return []


@pytest.fixture
def signed_in(filled, simulated_org, calls):
    """Makes a client that is signed in with a role, such as "manager", in the frame on `record` where one is given."""

    def open_counted(org_id, username):
        api = filled.open_salesforce(org_id, username)
        api._on_call = calls.append
        return api

    app = create_app(replace(filled, open_salesforce=open_counted))

    def make(role="admin", record=None):
        user = user_with(simulated_org, PERMISSION_SETS[role])
        token = secrets.token_urlsafe(16)
        row = UserRow(user["id"], user["username"], "a@b.example", role.title(), "en_US", "en_US", "Europe/London")
        now_s = filled.now_s()
        with filled.database.writing(simulated_org["org_id"]) as scope:
            save_user(scope, row, now_s)
            add_session(scope, hash_token(token), row.user_id, role, {"record": record or {}}, now_s)
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return make


@pytest.fixture
def client(signed_in):
    """Sends requests as the simulated org's admin."""
    return signed_in("admin")
