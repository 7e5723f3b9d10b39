"""contract.md §4: every call, key and status, as each role."""

import pytest
import requests
from sqlalchemy import insert, select

from lsync_flask.api.openapi import CALLS
from lsync_flask.services.access import ALLOWED
from lsync_flask.storage.models import definition, definition_version, org
from tests.worker.kit import carry_on

from .conftest import FEW, SETS, Caller

ACTIVITY_KEYS = {"id", "status", "reason", "counts", "bulks", "credits", "api_calls", "started_at", "finished_at"}
SEE, DEFINE, RUN = "see definitions and activities", "change definitions", "run activities"
TOKENS, ENRICH = "make API tokens", "enrich the open record"
SETTINGS, SET = "see settings and mappings", "change settings and mappings"

NEEDED = {
    "get /me": None,
    "get /objects/{name}/fields": SEE,
    "get /definitions": SEE,
    "post /definitions": DEFINE,
    "get /definitions/{number}": SEE,
    "put /definitions/{number}": DEFINE,
    "delete /definitions/{number}": DEFINE,
    "post /definitions/{number}/count": SEE,
    "post /definitions/{number}/preview": SEE,
    "post /definitions/{number}/run": RUN,
    "post /definitions/{number}/summary": RUN,
    "post /definitions/{number}/explain": SEE,
    "get /definitions/{number}/versions": SEE,
    "get /definitions/{number}/versions/{version}": SEE,
    "post /definitions/{number}/versions/{version}/restore": DEFINE,
    "get /definitions/{number}/compare": SEE,
    "post /definitions/{number}/clone": DEFINE,
    "get /definitions/{number}/export": SEE,
    "post /definitions/import": DEFINE,
    "post /explain": SEE,
    "post /check": SEE,
    "post /count": SEE,
    "post /preview": SEE,
    "get /activities": SEE,
    "get /activities/{number}": SEE,
    "get /activities/{number}/bulks": SEE,
    "get /activities/{number}/outcomes": SEE,
    "get /activities/{number}/outcomes.csv": SEE,
    "get /activities/{number}/errors.csv": SEE,
    "get /activities/{number}/errors": SEE,
    "get /activities/{number}/cost": SEE,
    "post /activities/{number}/cancel": RUN,
    "post /activities/{number}/pause": RUN,
    "post /activities/{number}/resume": RUN,
    "post /activities/{number}/retry": RUN,
    "get /records/{record}": ENRICH,
    "get /records/{record}/activity": ENRICH,
    "post /records/{record}/enrich": ENRICH,
    "get /mappings/input/{name}": SETTINGS,
    "put /mappings/input/{name}": SET,
    "get /mappings/results/{name}": SETTINGS,
    "put /mappings/results/{name}": SET,
    "get /settings": SETTINGS,
    "put /settings": SET,
    "get /usage": SEE,
    "get /setup": SETTINGS,
    "post /setup/mail": SET,
    "post /setup/sites": SET,
    "get /audit": "see the audit log",
    "get /plugins": SETTINGS,
    "get /tokens": TOKENS,
    "post /tokens": TOKENS,
    "delete /tokens/{number}": TOKENS,
    "post /settings/test": SET,
    "get /settings/notices": SETTINGS,
    "put /settings/notices": SET,
    "post /settings/notices/test": SET,
    "get /activities/{number}/unmapped": SEE,
    "post /mappings/results/{name}/values": SET,
    "post /settings/technical-fields": SET,
    "post /sessions/end": SET,
}
BODIES = {
    "post /tokens": {"name": "x", "role": "manager", "days": 1},
    "post /definitions": FEW,
    "put /definitions/{number}": FEW,
    "post /count": FEW,
    "post /preview": FEW,
    "post /explain": FEW,
    "post /check": FEW,
    "post /definitions/import": {"text": "name: From a text\nobject: Lead\n"},
    "put /mappings/input/{name}": {"rows": [{"input": "company", "source": "Company"}]},
    "put /mappings/results/{name}": {"rows": [{"output": "site", "target": "Website"}]},
    "put /settings": {"settings": {"provider": "scripted"}},
    "put /settings/notices": {"settings": {"use": ["smtp"]}},
    "post /settings/notices/test": {"way": "smtp"},
    "post /mappings/results/{name}/values": {"pairs": [{"field": "Website", "value": "x", "to": "y"}]},
    "post /settings/technical-fields": {"grant_to": []},
}


def _download(caller, where):
    answer = caller.ask("GET", where)
    return answer.status_code, None if answer.status_code == 200 else answer.get_json(force=True)


def test_each_call_answers_each_role_as_the_table_of_roles_says(callers, parts, simulated_org, few):
    run = callers["manager"].call("POST", f"/definitions/{few}/run")[1]["activity"]
    carry_on(parts, run, simulated_org["org_id"])
    record = callers["admin"].call("GET", f"/activities/{run}/outcomes")[1]["outcomes"][0]["record"]
    wrong = []

    for role in ("none", "single_enrich", "auditor", "manager", "admin"):
        for key, needed in NEEDED.items():
            method, path = key.split()
            number = run if path.startswith("/activities") else few
            where = (
                path.replace("{number}", str(number))
                .replace("{name}", "Lead")
                .replace("{record}", record)
                .replace("{version}", "1")
            )
            status, body = (
                callers[role].call(method.upper(), where, BODIES.get(key))
                if not where.endswith(".csv")
                else _download(callers[role], where)
            )
            may = needed is None or needed in ALLOWED[role]
            # What a role may do can still be impossible now, such as resuming an activity that has ended.
            if (status == 403) == may or status >= 500 or (status >= 400 and not {"title", "detail"} <= set(body)):
                wrong.append((role, key, status, body))
            if key.startswith("delete") and status == 204:
                few = callers["admin"].call("POST", "/definitions", FEW)[1]["id"]

    assert not wrong


def test_every_documented_call_is_in_the_table_of_roles():
    assert {f"{call.method} {call.path}" for call in CALLS} == set(NEEDED)


def test_every_address_of_the_api_is_documented(web):
    rules = {
        (method.lower(), str(rule))
        for rule in web.url_map.iter_rules()
        if str(rule).startswith("/api/v1/") and not str(rule).endswith("openapi.json")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    documented = {
        (
            call.method,
            call.path.replace("{number}", "<int:number>")
            .replace("{version}", "<int:version>")
            .replace("{name}", "<name>")
            .replace("{record}", "<record>"),
        )
        for call in CALLS
    }
    step = "<any(cancel, pause, resume, retry):step>"
    spelled = {
        (method, path.removeprefix("/api/v1").replace(step, name))
        for method, path in rules
        for name in (("cancel", "pause", "resume", "retry") if step in path else ("",))
    }

    assert spelled == documented


def test_me_says_who_asks(callers):
    for role in SETS:
        status, body = callers[role].call("GET", "/me")

        assert status == 200
        assert set(body) == {"user", "org", "role", "permissions"}
        assert (body["role"], body["permissions"]) == (role, sorted(ALLOWED[role]))
        assert set(body["user"]) == {"id", "username", "name", "email"}


def test_fields_are_those_that_the_user_may_see(admin):
    status, body = admin.call("GET", "/objects/Contact/fields")

    names = {field["name"] for field in body["fields"]}
    assert (status, body["object"], body["label_plural"]) == (200, "Contact", "Contacts")
    assert {"Email", "LastName"} <= names
    assert all({"name", "label", "type", "length", "updateable", "values"} <= set(field) for field in body["fields"])


def test_a_definition_lives_from_post_to_delete(manager):
    status, made = manager.call("POST", "/definitions", FEW)
    assert status == 201

    where = f"/definitions/{made['id']}"
    status, read = manager.call("GET", where)
    assert status == 200
    assert {**read, **FEW} == read
    assert (read["version"], read["counted"], read["running_activity"]) == (1, None, None)

    status, changed = manager.call("PUT", where, {**read, "name": "Renamed"})  # as it was read
    assert (status, changed["name"], changed["version"]) == (200, "Renamed", 2)

    status, problem = manager.call("PUT", where, {**read, "name": "Again"})
    assert (status, "meanwhile" in problem["detail"]) == (409, True)

    assert manager.call("PUT", where, FEW)[1]["version"] == 3  # without a version: whatever is there
    assert manager.call("DELETE", where) == (204, None)
    assert manager.call("GET", where)[0] == 404


def test_definitions_are_listed_by_pages(manager):
    for number in range(5):
        manager.call("POST", "/definitions", {**FEW, "name": f"Paged {number}"})

    names, after = [], ""
    while after is not None:
        _, page = manager.call("GET", f"/definitions?search=paged&limit=2&after={after}")
        names += [one["name"] for one in page["definitions"]]
        after = page["next"]

    assert names == [f"Paged {number}" for number in range(4, -1, -1)]
    assert manager.call("GET", "/definitions?object=Account")[1]["definitions"][0]["object"] == "Account"


def test_counting_takes_exactly_one_salesforce_call_and_is_remembered(manager, few, simulated_org):
    def calls():
        return requests.get(f"{simulated_org['control_url']}/calls", timeout=10).json()["total"]

    manager.call("POST", f"/definitions/{few}/count")  # from now on the token and the description are there
    before = calls()

    status, body = manager.call("POST", f"/definitions/{few}/count")

    assert (status, calls() - before) == (200, 1)
    assert {"count", "credits", "api_calls", "over_limit", "soql"} <= set(body)
    assert (body["count"] > 0, body["credits"], body["over_limit"]) == (True, body["count"], False)
    assert body["soql"].startswith("SELECT COUNT() FROM Lead WHERE")
    assert manager.call("GET", f"/definitions/{few}")[1]["counted"] == body["count"]


def test_a_draft_can_be_counted_and_previewed(manager):
    counted = manager.call("POST", "/count", FEW)[1]
    status, body = manager.call("POST", "/preview", FEW)

    assert status == 200
    assert len(body["rows"]) == min(10, counted["count"])
    for row in body["rows"]:
        assert set(row["inputs"]) == {"company"} or row["skipped"]
        assert "Website" in row["current"]


def test_a_run_goes_from_201_to_outcomes(manager, few, parts, simulated_org):
    counted = manager.call("POST", f"/definitions/{few}/count")[1]["count"]
    status, started = manager.call("POST", f"/definitions/{few}/run")
    assert (status, set(started)) == (201, {"activity"})
    where = f"/activities/{started['activity']}"
    assert manager.call("GET", where)[1]["status"] == "Queued"

    carry_on(parts, started["activity"], simulated_org["org_id"])

    status, activity = manager.call("GET", where)
    assert status == 200
    assert set(activity) >= ACTIVITY_KEYS
    assert (activity["status"], sum(activity["counts"].values())) == ("Success", counted)
    assert activity["started_at"].endswith("+00:00")
    assert activity["credits"] <= counted
    bulks = manager.call("GET", f"{where}/bulks")[1]["bulks"]
    assert sum(bulk["size"] for bulk in bulks) == counted
    outcomes, after = [], ""
    while after is not None:
        _, page = manager.call("GET", f"{where}/outcomes?limit=7&after={after}")
        outcomes += page["outcomes"]
        after = page["next"]
    assert len({one["record"] for one in outcomes}) == len(outcomes) == counted
    for one in outcomes:
        assert set(one) >= {"record", "fate", "code", "message", "fields"}
        for field in one["fields"]:
            assert set(field) >= {"field", "before", "proposed", "written", "decision"}
    written = manager.call("GET", f"{where}/outcomes?fate=written&limit=500")[1]["outcomes"]
    assert {one["record"] for one in written} == {one["record"] for one in outcomes if one["fate"] == "written"}
    assert manager.call("GET", f"/activities?definition={few}")[1]["activities"][0]["id"] == started["activity"]


def test_the_same_idempotency_key_starts_nothing_twice(manager, admin, few):
    key = {"Idempotency-Key": "nightly 2026-11-24"}

    first = manager.call("POST", f"/definitions/{few}/run", headers=key)
    again = manager.call("POST", f"/definitions/{few}/run", headers=key)
    other = manager.call("POST", "/definitions/1/run", headers=key)

    assert first == again
    assert first[0] == 201
    assert (other[0], "Idempotency-Key" in other[1]["errors"]) == (422, True)
    assert admin.call("POST", f"/definitions/{few}/run", headers=key)[0] == 409  # another user's key is another key


def test_an_activity_is_paused_resumed_cancelled_and_retried(manager, few, parts, simulated_org):
    where = f"/activities/{manager.call('POST', f'/definitions/{few}/run')[1]['activity']}"

    paused = manager.call("POST", f"{where}/pause")
    assert (paused[0], paused[1]["status"]) == (200, "Paused")
    assert "Paused by" in paused[1]["reason"]
    assert manager.call("POST", f"{where}/pause")[0] == 409
    assert manager.call("POST", f"{where}/resume")[1]["status"] == "Running"
    assert manager.call("POST", f"{where}/retry")[0] == 409
    assert manager.call("POST", f"{where}/cancel")[1]["status"] == "Cancelling"
    carry_on(parts, int(where.rsplit("/", 1)[1]), simulated_org["org_id"])
    assert manager.call("GET", where)[1]["status"] == "Cancelled"
    assert manager.call("POST", f"{where}/cancel")[0] == 409


def test_mappings_are_replaced_as_one(admin):
    for kind, rows in (
        ("input", [{"input": "company", "source": "Company", "transforms": [{"plugin": "trim", "params": {}}]}]),
        (
            "results",
            [{"output": "site", "target": "Website", "transforms": [], "policy": "always", "minimum_confidence": 5}],
        ),
    ):
        where = f"/mappings/{kind}/Lead"
        before = admin.call("GET", where)[1]

        status, saved = admin.call("PUT", where, {**before, "rows": rows})

        assert (status, saved) == (200, {"version": before["version"] + 1})
        kept = [{**row, "placeholders": []} for row in rows]
        assert admin.call("GET", where)[1] == {"version": saved["version"], "rows": kept}
        assert admin.call("PUT", where, {**before, "rows": rows})[0] == 409
        assert admin.call("PUT", where, {"rows": rows})[0] == 200


def test_settings_are_replaced_and_secrets_are_never_told(admin):
    before = admin.call("GET", "/settings")[1]
    assert set(before) == {"version", "settings", "secrets_set"}

    changed = {**before, "settings": {**before["settings"], "maximum_records": 10}}
    status, saved = admin.call("PUT", "/settings", changed)

    assert (status, saved) == (200, {"version": before["version"] + 1})
    assert admin.call("GET", "/settings")[1]["settings"]["maximum_records"] == 10
    assert admin.call("PUT", "/settings", changed)[0] == 409
    status, problem = admin.call(
        "PUT", "/settings", {**changed, "version": 2, "secrets": {"no_such": "hunter2-hunter2"}}
    )
    assert (status, "hunter2" in str(problem)) == (422, False)


def test_the_connections_are_tested_one_sentence_each(admin):
    status, body = admin.call("POST", "/settings/test")

    assert status == 200
    assert [(check["name"], check["ok"]) for check in body["checks"]] == [("Salesforce", True), ("Provider", True)]
    assert body["checks"][1]["sentence"] == "It is a script."


def test_technical_fields_that_are_there_are_left_as_they_are(admin):
    status, body = admin.call("POST", "/settings/technical-fields", {"grant_to": ["LSync_Manager"]})

    assert status == 200
    assert [check["ok"] for check in body["checks"]] == [True] * 9


def test_nobody_gets_in_without_a_session(web, few):
    for token in ("", "x" * 43, "lsync_" + "x" * 43):
        answer = Caller(web, token).ask("GET", "/me")

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.mimetype == "application/problem+json"
        assert Caller(web, token).call("POST", "/definitions", {"bad": 1})[0] == 401  # and learns nothing more


@pytest.mark.parametrize("path", ["/definitions/{}", "/activities/{}"])
def test_another_orgs_rows_look_like_none(parts, manager, path):
    with parts.database.writing_all() as connection:
        row = connection.execute(select(org)).one()._asdict()
        other = "00D000000000002AAA"
        connection.execute(insert(org).values(**{**row, "id": other, "app": "other"}))
        mine = connection.execute(select(definition).limit(1)).one()._asdict()
        connection.execute(insert(definition).values(**{**mine, "id": 999, "org_id": other, "name": "Secret name"}))
        connection.execute(
            insert(definition_version).values(
                definition_id=999, version=1, org_id=other, body="{}", changed_by=mine["owner_id"], changed_at=0.0
            )
        )

    assert manager.call("GET", path.format(999)) == manager.call("GET", path.format(998))
    assert "Secret name" not in str(manager.call("GET", "/definitions?limit=500"))


def test_an_audience_above_the_maximum_can_be_counted_and_run_in_part(admin, parts):
    whole = admin.call("GET", "/settings")[1]
    admin.call("PUT", "/settings", {**whole, "settings": {**whole["settings"], "maximum_records": 10}})
    number = admin.call("POST", "/definitions", {**FEW, "criteria": []})[1]["id"]
    path = f"/definitions/{number}"

    counted = admin.call("POST", f"{path}/count")[1]
    first = admin.call("POST", f"{path}/count", {"first": 7, "order_by": "-CreatedDate"})[1]
    refused = admin.call("POST", f"{path}/run")
    bad = admin.call("POST", f"{path}/run", {"first": 7, "split": True})
    ran = admin.call("POST", f"{path}/run", {"split": True})

    assert (counted["over_limit"], counted["maximum"], counted["activities"]) == (True, 10, -(-counted["count"] // 10))
    assert (first["count"], first["takes"], first["credits"], first["activities"]) == (counted["count"], 7, 7, 1)
    assert (refused[0], refused[1]["count"], refused[1]["maximum"]) == (409, counted["count"], 10)
    assert bad[0] == 422
    assert ran[0] == 201
    part = admin.call("GET", f"/activities/{ran[1]['activity']}")[1]["part"]
    assert part == f"part 1 of {counted['activities']}"
