"""The app before the simulated org, with a session of a user with this permission set."""

import re

import pytest

from lsync_flask.app import create_app
from lsync_flask.demo.job import OrgDoor
from lsync_flask.demo.set_up import user_with


@pytest.fixture
def client(filled):
    return create_app(filled).test_client()


@pytest.fixture
def signed_in(client, simulated_org):
    """Signs a user in by a real signed request; the headers of what follows."""

    def sign_in(permission_set):
        door = OrgDoor(simulated_org, user_with(simulated_org, permission_set))
        page = client.post("/canvas", data={"signed_request": door.signed_request()}).text
        token = re.search(r'<meta name="lsync-session" content="([^"]+)"', page)[1]
        return {"Authorization": f"Bearer {token}"}

    return sign_in
