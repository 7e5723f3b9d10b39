"""Who is behind a session, how long, and what ends it."""

import requests

from lsync_flask.demo.job import OrgDoor
from lsync_flask.services.sessions import ABSOLUTE_S
from lsync_flask.services.sign_in import IDLE_S
from tests.door.conftest import token_in, user_of

HOST = "https://localhost"


def test_each_sign_in_has_an_id_of_its_own_and_only_its_hash_is_stored(tab, parts):
    one, two = tab(), tab()

    assert one.token != two.token
    with parts.database.reading_all() as connection:
        stored = str(connection.exec_driver_sql("SELECT * FROM web_session").all())
    assert one.token not in stored


def test_a_session_that_was_brought_along_is_not_taken(web_app, fresh):
    brought = "chosen-by-an-attacker"
    client = web_app.test_client(use_cookies=False)
    headers = {"Cookie": f"__Host-lsync={brought}", "Authorization": f"Bearer {brought}"}

    page = client.post("/canvas", data={"signed_request": fresh()}, base_url=HOST, headers=headers)

    assert brought not in page.text + page.headers["Set-Cookie"]
    assert client.get("/api/v1/me", base_url=HOST, headers=headers).status_code == 401


def test_an_idle_session_ends(tab, clock):
    call = tab("LSync_Manager")

    clock.later_s = IDLE_S - 60
    assert call("GET", "/api/v1/me").status_code == 200
    clock.later_s += IDLE_S - 60
    assert call("GET", "/api/v1/me").status_code == 200
    clock.later_s += IDLE_S + 60
    assert call("GET", "/api/v1/me").status_code == 401


def test_a_session_in_use_ends_at_last(tab, clock):
    call = tab("LSync_Manager")
    statuses = []

    while clock.later_s <= ABSOLUTE_S:
        clock.later_s += IDLE_S - 60
        statuses.append(call("GET", "/api/v1/me").status_code)

    assert set(statuses[:-1]) == {200}
    assert statuses[-1] == 401


def test_who_loses_the_set_may_change_nothing_at_once_and_read_nothing_a_minute_later(tab, clock, change_sets):
    call, other = tab("LSync_Auditor"), tab("LSync_Auditor")
    change_sets("LSync_Auditor", [])

    clock.later_s = 61
    assert call("GET", "/definitions").status_code == 401
    assert other("GET", "/definitions").status_code == 401


def test_a_change_asks_for_the_role_anew(tab, change_sets):
    call = tab("LSync_Manager")
    change_sets("LSync_Manager", ["LSync_Auditor"])

    answer = call("DELETE", "/api/v1/definitions/1")

    assert answer.status_code == 403
    assert call("GET", "/api/v1/me").json["role"] == "auditor"


def test_a_deactivated_user_is_out(tab, clock, simulated_org):
    call = tab("aiko.tanaka")
    address = f"{simulated_org['control_url']}/users/{user_of(simulated_org, 'aiko.tanaka')['id']}"
    requests.post(address, json={"active": False}, timeout=10).raise_for_status()
    try:
        clock.later_s = 61
        assert call("GET", "/activities").status_code == 401
    finally:
        requests.post(address, json={"active": True}, timeout=10).raise_for_status()
    assert call("GET", "/activities").status_code == 401


def test_an_admin_ends_all_sessions_but_the_own(tab):
    admin, manager = tab(), tab("LSync_Manager")

    assert manager("POST", "/access/end-sessions").status_code == 403
    answer = admin("POST", "/access/end-sessions")

    assert "1 session was ended." in answer.text
    assert manager("GET", "/api/v1/me").status_code == 401
    assert admin("GET", "/api/v1/me").status_code == 200
    assert "end_sessions" in admin("GET", "/audit").text


def test_an_org_that_is_switched_off_has_no_sessions(tab, parts):
    call = tab()

    with parts.database.writing_all() as connection:
        connection.exec_driver_sql("UPDATE org SET is_active = false")

    assert call("GET", "/api/v1/me").status_code == 401


def test_when_the_org_cannot_be_asked_the_answer_is_no_and_the_session_stays(web_app, tab, parts, clock, monkeypatch):
    call = tab()
    with parts.database.writing_all() as connection:
        name = connection.exec_driver_sql("SELECT integration_username FROM org").scalar_one()
        connection.exec_driver_sql("UPDATE org SET integration_username = NULL")

    clock.later_s = 61
    assert call("GET", "/definitions").status_code == 403
    with parts.database.writing_all() as connection:
        connection.exec_driver_sql("UPDATE org SET integration_username = ?", (name,))
    assert call("GET", "/definitions").status_code == 200


def refresh(web_app, raw, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    client = web_app.test_client(use_cookies=False)
    return client.post("/canvas/refresh", data={"signed_request": raw}, headers=headers, base_url=HOST)


def test_a_fresh_request_of_the_same_user_follows_the_session_that_is_here(web_app, tab, fresh):
    call = tab()

    answer = refresh(web_app, fresh(), call.token)

    assert answer.json["expires_in"] == IDLE_S
    assert answer.json["session"] != call.token
    assert call("GET", "/api/v1/me").status_code == 401


def test_a_session_that_has_ended_can_be_followed_too(web_app, tab, fresh, parts):
    call = tab()
    with parts.database.writing_all() as connection:
        connection.exec_driver_sql("UPDATE web_session SET ended_at = 1")

    assert refresh(web_app, fresh(), call.token).status_code == 200


def test_a_session_is_given_to_nobody_else(web_app, tab, fresh, parts):
    call = tab("LSync_Manager")

    assert refresh(web_app, fresh("LSync_Admin"), call.token).status_code == 401
    assert refresh(web_app, fresh("LSync_Manager"), "unknown").status_code == 401
    assert refresh(web_app, fresh("LSync_Manager"), "").status_code == 401
    with parts.database.writing_all() as connection:
        connection.exec_driver_sql("UPDATE web_session SET ended_at = 1")
    assert refresh(web_app, fresh("LSync_Admin"), call.token).status_code == 401
    with parts.database.reading_all() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM web_session").scalar_one() == 1


def test_another_user_in_the_same_browser_ends_the_session_before(web_app, fresh):
    client = web_app.test_client()
    first = client.post("/canvas", data={"signed_request": fresh()}, base_url=HOST)
    client.post("/canvas", data={"signed_request": fresh("LSync_Manager")}, base_url=HOST)

    old = web_app.test_client(use_cookies=False).get(
        "/api/v1/me", headers={"Authorization": f"Bearer {token_in(first)}"}, base_url=HOST
    )

    assert old.status_code == 401
    assert client.get("/api/v1/me", base_url=HOST).json["role"] == "manager"


def test_by_cookie_alone_a_change_needs_the_token_of_a_page(web_app, fresh):
    client = web_app.test_client()
    client.post("/canvas", data={"signed_request": fresh()}, base_url=HOST)
    page = client.get("/access", base_url=HOST)
    token = page.text.split('name="lsync-csrf" content="')[1].split('"')[0]
    headers = {"Referer": f"{HOST}/access"}

    forged = client.post("/access/end-sessions", base_url=HOST, headers=headers)
    foreign = client.post(
        "/access/end-sessions", base_url=HOST, headers={"X-CSRFToken": token, "Referer": "https://evil.example/"}
    )
    own = client.post("/access/end-sessions", base_url=HOST, headers={**headers, "X-CSRFToken": token})

    assert [forged.status_code, foreign.status_code, own.status_code] == [400, 400, 200]


def test_a_page_with_a_session_in_it_carries_no_other_token(tab):
    assert "lsync-csrf" not in tab().page.text


def test_counting_asks_salesforce_for_nothing_but_the_count(tab, simulated_org):
    call = tab("LSync_Manager")
    before = calls_of(simulated_org)

    answer = call("POST", "/api/v1/definitions/1/count")

    assert answer.status_code == 200
    assert calls_of(simulated_org) - before <= answer.json["api_calls"]


def calls_of(org):
    return requests.get(f"{org['control_url']}/calls", timeout=10).json()["total"]


def test_a_token_of_salesforce_is_no_session(web_app, simulated_org):
    token = OrgDoor(simulated_org, user_of(simulated_org, "LSync_Admin")).token

    answer = web_app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}, base_url=HOST)

    assert answer.status_code == 401
