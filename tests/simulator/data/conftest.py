"""A small org of its own for each test, asked over HTTP as a client asks."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from lsync_flask.simulator.org import Org, SimUser
from lsync_flask.simulator.rest import create_rest

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ROOT = "/services/data"
BASE = f"{ROOT}/v67.0"


@dataclass
class House:
    """The org, its people and a client; `ask` speaks as the administrator unless told otherwise."""

    org: Org
    admin: SimUser
    plain: SimUser
    plain_set: str
    site: Flask
    now: list[datetime] = field(default_factory=lambda: [NOW])

    def ask(self, method: str, path: str, who: str = "admin", **more: Any) -> TestResponse:
        address = path if path.startswith("/services") else BASE + path
        headers = {"Authorization": f"Bearer {who}", **more.pop("headers", {})}
        return self.site.test_client().open(address, method=method, headers=headers, **more)

    def query(self, soql: str, who: str = "admin") -> list[dict[str, Any]]:
        answer = self.ask("GET", "/query", who, query_string={"q": soql})
        assert answer.status_code == 200, answer.text
        return answer.get_json()["records"]

    def refusal(self, soql: str, who: str = "admin") -> tuple[int, str, str]:
        answer = self.ask("GET", "/query", who, query_string={"q": soql})
        (error,) = answer.get_json()
        return answer.status_code, error["errorCode"], error["message"]

    def wait(self, path: str) -> dict[str, Any]:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            told = self.ask("GET", path).get_json()
            if told["state"] in {"JobComplete", "Failed", "Aborted"}:
                return told
            time.sleep(0.01)
        raise AssertionError(told)


@pytest.fixture
def house_with(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Makes an org that has these features switched on."""
    made: list[House] = []

    def make(*features: str) -> House:
        made.append(_open(tmp_path, features))
        return made[-1]

    yield make
    for each in made:
        each.org.close()


@pytest.fixture
def house(house_with: Callable[..., House]) -> House:
    return house_with()


def _open(tmp_path: Path, features: Sequence[str]) -> House:
    now = [NOW]
    org = Org.create(
        tmp_path / "org",
        features=features,
        org_id="00DLs0000000001EAA",
        name="Northbridge",
        my_domain_url="http://northbridge.example",
        now=lambda: now[0],
    )
    org.pace.query_job_s = org.pace.ingest_job_s = 0.02
    admin = _person(org, "admin", is_admin=True)
    plain = _person(org, "plain")
    plain_set = org.insert("PermissionSet", {"Name": "Plain", "Label": "Plain", "Type": "Regular"})
    org.insert("PermissionSetAssignment", {"AssigneeId": plain.id, "PermissionSetId": plain_set})
    people = {"admin": admin, "plain": plain}
    site = Flask(__name__)
    site.register_blueprint(create_rest(org, people.get))
    return House(org, admin, plain, plain_set, site, now)


def _person(org: Org, name: str, *, is_admin: bool = False) -> SimUser:
    values = {"Username": f"{name}@northbridge.example", "FirstName": "Ann", "LastName": name.title(), "IsActive": True}
    return SimUser(org.insert("User", values), values["Username"], "Europe/London", "en_GB", is_admin=is_admin)


@pytest.fixture
def add_leads(house: House) -> Callable[..., list[str]]:
    """Add leads with these values each; their ids."""

    def add(*rows: dict[str, Any], **common: Any) -> list[str]:
        defaults = {"LastName": "Lee", "Company": "Acme", "OwnerId": house.admin.id}
        return [house.org.insert("Lead", {**defaults, **common, **row}) for row in rows]

    return add
