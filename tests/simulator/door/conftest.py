from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from flask import Flask

from lsync_flask.simulator.ports import bind_port, port_of
from lsync_flask.simulator.serve import SimulatorOptions, open_simulator
from lsync_flask.simulator.servers import WebServer

APP_URL = "http://127.0.0.1:8700/canvas?tab=1#top"


@contextmanager
def framed(app: Flask) -> Iterator[str]:
    """Serves an app that a tab frames; the address of its /canvas."""
    bound = bind_port(0, "the app")
    server = WebServer(app, [bound], threads=4)
    server.start()
    yield f"http://127.0.0.1:{port_of(bound)}/canvas"
    server.close()
    bound.close()


@dataclass(frozen=True)
class Door:
    """One running simulator, as a client sees it."""

    line: dict[str, Any]

    @property
    def org_url(self) -> str:
        return str(self.line["org_url"])

    @property
    def control_url(self) -> str:
        return str(self.line["control_url"])

    def user(self, local: str) -> dict[str, Any]:
        return next(user for user in self.line["users"] if user["username"].startswith(f"{local}@"))

    def claims(self, local: str, **changes: Any) -> dict[str, Any]:
        now = requests.post(f"{self.control_url}/clock", json={"advance_s": 0}, timeout=60).json()["now"]
        moment = datetime.fromisoformat(now).timestamp()
        claims = {
            "iss": self.line["consumer_key"],
            "sub": self.user(local)["username"],
            "aud": self.org_url,
            "exp": int(moment) + 120,
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def assertion(self, local: str, key: str | None = None, algorithm: str = "RS256", **changes: Any) -> str:
        key = key or Path(self.line["jwt_private_key_file"]).read_text()
        return jwt.encode(self.claims(local, **changes), key, algorithm=algorithm)

    def grant(self, form: dict[str, str], **options: Any) -> requests.Response:
        return requests.post(f"{self.org_url}/services/oauth2/token", data=form, timeout=60, **options)

    def by_jwt(self, assertion: str) -> requests.Response:
        return self.grant({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion})

    def token(self, local: str) -> str:
        answer = self.by_jwt(self.assertion(local))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def userinfo(self, token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{self.org_url}/services/oauth2/userinfo", headers=headers, timeout=60)

    def query(self, local: str, soql: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token(local)}"}
        url = f"{self.org_url}/services/data/v67.0/query"
        return requests.get(url, params={"q": soql}, headers=headers, timeout=60)

    def post(self, path: str, body: Any) -> requests.Response:
        return requests.post(f"{self.control_url}{path}", json=body, timeout=60)


@pytest.fixture(scope="session")
def shared_door() -> Iterator[Door]:
    """One simulator for all tests that leave nothing changed behind."""
    with open_simulator(SimulatorOptions(records=200, app_url=APP_URL)) as line:
        yield Door(line)


@pytest.fixture
def untouched() -> Iterator[Door]:
    """A simulator in which no other test has made or changed a record."""
    with open_simulator(SimulatorOptions(records=200, app_url=APP_URL)) as line:
        yield Door(line)


@pytest.fixture
def door(shared_door: Door) -> Door:
    return shared_door


@pytest.fixture
def restore(door: Door) -> Iterator[Callable[[str], None]]:
    """Remembers users that a test changes and sets them back to what the line says."""
    changed: list[dict[str, Any]] = []

    def remember(local: str) -> None:
        changed.append(door.user(local))

    yield remember
    for user in changed:
        door.post(f"/users/{user['id']}", {"active": user["active"], "approved": True})
