"""API tokens: never worth more than their maker, shown once, stored hashed, over when revoked or expired."""

from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from sqlalchemy import select

from lsync_flask.app import create_app
from lsync_flask.storage.models import api_token, audit

from .conftest import FEW, Caller, user_of

NEW = {"name": "nightly", "role": "manager", "days": 30}


def _make(caller, **more):
    status, made = caller.call("POST", "/tokens", {**NEW, **more})
    assert status == 201, made
    return made


def test_a_token_acts_as_its_maker_with_its_role(web, admin):
    made = _make(admin)
    script = Caller(web, made["token"])

    status, me = script.call("GET", "/me")

    assert (status, me["role"], me["user"]) == (200, "manager", admin.call("GET", "/me")[1]["user"])
    assert script.call("POST", "/definitions", FEW)[0] == 201
    assert script.call("GET", "/settings")[0] == 403


def test_a_token_is_shown_once_and_stored_as_a_hash(admin, parts):
    made = _make(admin)

    listed = admin.call("GET", "/tokens")[1]["tokens"]

    assert [(one["name"], one["is_valid"], one["used_at"]) for one in listed] == [("nightly", True, None)]
    assert made["token"] not in str(listed)
    with parts.database.reading_all() as connection:
        stored = str(connection.execute(select(api_token)).all()) + str(connection.execute(select(audit)).all())
    assert made["token"] not in stored
    assert "api_token.make" in stored


@pytest.mark.parametrize(
    ("maker", "role", "status"),
    [
        ("manager", "admin", 422),
        ("manager", "auditor", 422),
        ("manager", "manager", 201),
        ("admin", "none", 422),
        ("auditor", "auditor", 403),
        ("single_enrich", "single_enrich", 403),
        ("none", "single_enrich", 403),
    ],
)
def test_a_token_may_never_do_more_than_its_maker(callers, maker, role, status):
    assert callers[maker].call("POST", "/tokens", {**NEW, "role": role})[0] == status


def test_a_token_is_worth_nothing_once_its_maker_has_lost_the_role(web, manager, simulated_org):
    script = Caller(web, _make(manager)["token"])
    user = user_of(simulated_org, "manager")
    where = f"{simulated_org['control_url']}/users/{user['id']}/permission_sets"

    requests.post(where, json={"permission_sets": ["LSync_Auditor"]}, timeout=10).raise_for_status()
    try:
        assert script.call("POST", "/definitions", FEW)[0] == 403
        assert script.call("GET", "/me")[1]["role"] == "none"
    finally:
        requests.post(where, json={"permission_sets": ["LSync_Manager"]}, timeout=10).raise_for_status()
    assert script.call("POST", "/definitions", FEW)[0] == 201


def test_a_revoked_token_opens_nothing(web, admin, manager):
    made = _make(manager)
    script = Caller(web, made["token"])
    assert script.call("GET", "/me")[0] == 200

    assert admin.call("DELETE", f"/tokens/{made['id']}") == (204, None)  # an admin revokes anybody's

    assert script.call("GET", "/me")[0] == 401
    assert [one["is_valid"] for one in manager.call("GET", "/tokens")[1]["tokens"]] == [False]


def test_a_manager_sees_and_revokes_only_their_own(admin, manager):
    made = _make(admin)

    assert manager.call("GET", "/tokens")[1]["tokens"] == []
    assert manager.call("DELETE", f"/tokens/{made['id']}")[0] == 404


def test_an_expired_token_opens_nothing(parts, admin):
    made = _make(admin, days=1)
    clock = parts.clock

    later = create_app(replace(parts, clock=lambda: clock() + timedelta(days=1, seconds=1)))

    assert Caller(later, made["token"]).call("GET", "/me")[0] == 401


def test_a_token_makes_no_tokens_and_opens_no_pages(web, admin):
    script = Caller(web, _make(admin, role="admin")["token"])

    assert script.call("POST", "/tokens", NEW)[0] == 403
    assert script.call("GET", "/tokens")[0] == 403
    assert script.client.get("/definitions", headers=script.headers).status_code == 401


@pytest.mark.parametrize("days", [0, 367, "soon"])
def test_a_token_expires(admin, days):
    status, problem = admin.call("POST", "/tokens", {**NEW, "days": days})

    assert (status, list(problem["errors"])) == (422, ["days"])


def test_the_page_makes_shows_once_and_revokes(admin):
    page = admin.client.post("/settings/tokens", headers=admin.headers, data=NEW)
    assert page.status_code == 200
    token = page.text.partition('id="token">')[2].partition("<")[0]
    assert token.startswith("lsync_")

    listed = admin.client.get("/settings/tokens", headers=admin.headers).text
    assert "nightly" in listed
    assert token not in listed
    number = admin.call("GET", "/tokens")[1]["tokens"][0]["id"]
    assert admin.client.post(f"/settings/tokens/{number}/revoke", headers=admin.headers).status_code == 303
    assert "Revoked" in admin.client.get("/settings/tokens", headers=admin.headers).text
    wrong = admin.client.post("/settings/tokens", headers=admin.headers, data={**NEW, "days": "soon"})
    assert (wrong.status_code, 'value="nightly"' in wrong.text) == (422, True)
