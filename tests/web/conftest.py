"""Pages as a browser asks for them: the app over a filled org, signed in by the session's header."""

import secrets

import pytest

from lsync_flask.app import create_app
from lsync_flask.demo.set_up import user_with
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.services.sign_in import hash_token
from lsync_flask.storage.sessions import add_session
from lsync_flask.storage.users import UserRow, save_user


@pytest.fixture
def signed_in(filled, simulated_org):
    """Makes a client that is signed in with a role, such as "manager", in the frame on `record` where one is given."""
    app = create_app(filled)

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
