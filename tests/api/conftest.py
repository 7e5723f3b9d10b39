"""The app over the simulated org, and a caller for each role who signed in by a real signed request."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lsync_flask.app import create_app
from lsync_flask.demo.job import OrgDoor
from lsync_flask.demo.set_up import set_up
from lsync_flask.storage.db import open_database
from lsync_flask.wiring import OrgConnections, wire
from tests.conftest import settings_for
from tests.worker.kit import Scripted, actor_with, provider_of, use_scripted, with_provider

SETS = {
    "admin": ["LSync_Admin"],
    "manager": ["LSync_Manager"],
    "single_enrich": ["LSync_Single_Enrich"],
    "auditor": ["LSync_Auditor"],
    "none": [],
}


class Caller:
    """One user who calls the API; `call` gives (status, parsed body)."""

    def __init__(self, app: Any, token: str = "") -> None:
        self.client = app.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Any:
        sent = {"json": body} if body is not None else {}
        return self.client.open(
            f"/api/v1{path}", method=method, headers={**self.headers, **(headers or {})}, **sent, **more
        )

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        answer = self.ask(method, path, body, **more)
        return answer.status_code, answer.get_json(force=True) if answer.data else None


def user_of(org: Mapping[str, Any], role: str) -> Mapping[str, Any]:
    """The simulated user who has just this role's permission set."""
    return next(
        user
        for user in org["users"]
        if user["permission_sets"] == SETS[role] and not user["username"].startswith(("integration", "inactive"))
    )


def sign_in(web: Any, org: Mapping[str, Any], user: Mapping[str, Any]) -> str:
    """The session's token."""
    answer = web.test_client(use_cookies=False).post(
        "/canvas", data={"signed_request": OrgDoor(org, user).signed_request()}
    )
    return str(re.search(r'<meta name="lsync-session" content="([^"]+)"', answer.text)[1])


@pytest.fixture
def script():
    """What the provider replies."""
    return Scripted()


@pytest.fixture(scope="session")
def filled_database(sqlite_template, simulated_org, tmp_path_factory):
    """A database after an admin's first steps, made once; each test gets a copy."""
    folder = tmp_path_factory.mktemp("filled")
    path = folder / "filled.db"
    shutil.copy(sqlite_template, path)
    database = open_database(f"sqlite:///{path}")
    made = replace(wire(settings_for(simulated_org, folder)), database=database, ring=lambda _activity_id: None)
    made = replace(made, open_salesforce=OrgConnections(database, made.box, made.transport).open)
    set_up(made, simulated_org)
    scripted = with_provider(made, provider_of(Scripted()))
    use_scripted(scripted, actor_with(scripted, simulated_org, "LSync_Admin", "admin"))
    web = create_app(scripted)
    tokens = {role: sign_in(web, simulated_org, user_of(simulated_org, role)) for role in SETS}
    database.close()
    return path, tokens


@pytest.fixture
def parts(resources, sqlite_database, filled_database, script):
    """Resources whose provider does as scripted, with a mapping for leads."""
    sqlite_database.close()
    shutil.copy(filled_database[0], sqlite_database.engine.url.database)
    return with_provider(resources, provider_of(script))


@pytest.fixture
def web(parts):  # pytest-flask keeps one request open for a fixture that is called app
    return create_app(parts)


@pytest.fixture
def callers(web, filled_database):
    """A caller by role, each signed in by a real signed request."""
    return {role: Caller(web, token) for role, token in filled_database[1].items()}


@pytest.fixture
def admin(callers):
    return callers["admin"]


@pytest.fixture
def manager(callers):
    return callers["manager"]


LEADS = {"name": "Some leads", "object": "Lead", "criteria": [], "logic": ""}
FEW = {**LEADS, "name": "A few leads", "criteria": [{"field": "LastName", "operator": "less-than", "value": "B"}]}


@pytest.fixture
def few(admin):
    """The id of a definition with a few leads."""
    return admin.call("POST", "/definitions", FEW)[1]["id"]
