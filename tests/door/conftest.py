"""The app before a simulated org: whole signed requests are posted to it, as they are or spoiled."""

import base64
import hashlib
import hmac
import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests

from lsync_flask.app import create_app
from lsync_flask.demo.job import OrgDoor
from lsync_flask.demo.set_up import set_up
from lsync_flask.settings import read_settings
from lsync_flask.wiring import wire


def user_of(org, who):
    return next(u for u in org["users"] if who in (u["username"].split("@")[0], *u["permission_sets"]))


def sign(payload, secret):
    """Bytes in, a signed request out, with whatever they hold."""
    text = base64.b64encode(payload)
    mac = hmac.digest(secret.encode(), text, hashlib.sha256)
    return f"{base64.b64encode(mac).decode()}.{text.decode()}"


class Clock:
    """The time of day, moved on by `later_s` seconds."""

    later_s = 0.0

    def __call__(self):
        return datetime.now(UTC) + timedelta(seconds=self.later_s)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def filled_template(sqlite_template, simulated_org, tmp_path_factory):
    """The database of a deployment after an admin's first steps; made once, copied for each test."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copy(sqlite_template, folder / "lsync.db")
    made = wire(door_settings(simulated_org, folder))
    set_up(made, simulated_org)
    made.database.close()
    return folder / "lsync.db"


def door_settings(org, folder):
    hosts = ",".join(urlsplit(org[name]).netloc for name in ("org_url", "lightning_url"))
    return read_settings(
        {
            "LSYNC_INSTANCE": str(folder),
            "LSYNC_SECRET_KEY": "not a secret, but long enough for a test",
            "LSYNC_ENCRYPTION_KEYS": base64.b64encode(b"0" * 32).decode(),
            "LSYNC_ALLOWED_ORG_HOSTS": hosts,
        }
    )


@pytest.fixture
def parts(filled_template, simulated_org, tmp_path, clock):
    """The resources of `app`. Nothing answers where its Redis would be."""
    shutil.copy(filled_template, tmp_path / "lsync.db")
    made = wire(door_settings(simulated_org, tmp_path))
    yield replace(made, clock=clock, ring=lambda _activity: None)
    made.database.close()


@pytest.fixture
def web_app(parts):  # not "app": pytest-flask would share one `g` among all requests
    return create_app(parts)


@pytest.fixture
def fresh(simulated_org):
    """A signed request for one user as Salesforce makes it, or with its body changed and signed again."""

    def make(who="LSync_Admin", change=None, secret=None):
        raw = OrgDoor(simulated_org, user_of(simulated_org, who)).signed_request()
        if change is None and secret is None:
            return raw
        body = json.loads(base64.b64decode(raw.split(".")[1]))
        if change is not None:
            change(body)
        return sign(json.dumps(body).encode(), secret or simulated_org["consumer_secret"])

    return make


@pytest.fixture
def post(web_app):
    """Posts a signed request as a browser without cookies does."""

    def send(raw, path="/canvas", **options):
        client = web_app.test_client(use_cookies=False)
        return client.post(path, data={"signed_request": raw}, base_url="https://localhost", **options)

    return send


def token_in(page):
    found = re.search(r'<meta name="lsync-session" content="([^"]+)"', page.text)
    return found.group(1) if found else None


@pytest.fixture
def tab(web_app, fresh, post):
    """Signs a user in; `call(method, path)` then asks as their tab does."""

    def open_tab(who="LSync_Admin"):
        page = post(fresh(who))
        assert page.status_code == 200
        token = token_in(page)

        def call(method, path, **options):
            client = web_app.test_client(use_cookies=False)
            headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
            return client.open(path, method=method, headers=headers, base_url="https://localhost", **options)

        call.token = token
        call.page = page
        return call

    return open_tab


@pytest.fixture
def change_sets(simulated_org):
    """Gives a user other permission sets in the org; afterwards they are as before."""
    before = {}

    def change(who, sets):
        user = user_of(simulated_org, who)
        before.setdefault(user["id"], user["permission_sets"])
        _set(user["id"], sets)

    def _set(user_id, sets):
        address = f"{simulated_org['control_url']}/users/{user_id}/permission_sets"
        requests.post(address, json={"permission_sets": sets}, timeout=10).raise_for_status()

    yield change
    for user_id, sets in before.items():
        _set(user_id, sets)
