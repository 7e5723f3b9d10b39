"""What somebody tries who is signed in, or is not: each case is one of docs/security.md, all of them over HTTP."""

import itertools
import json
import re
import threading
from pathlib import Path
from typing import ClassVar

import pytest
import requests
from sqlalchemy import select
from werkzeug.routing import IntegerConverter

from lsync_flask.app import create_app
from lsync_flask.demo.job import OrgDoor
from lsync_flask.notifiers.smtp import Smtp
from lsync_flask.plugin_api import Answer, Field, Notice, SecretStr, build
from lsync_flask.storage.audit import list_audit
from lsync_flask.storage.models import metadata
from tests.worker.kit import Scripted, answer_all, answer_each, carry_on, provider_of, with_provider

from .conftest import FEW, LEADS, Caller, user_of

HOST = "https://localhost"
MARK = "x9z"
HOSTILE = f"""<img src=x onerror=alert("{MARK}")></script><script>{MARK}</script>{{{{7*7}}}}{{% raw %}}\u2028'"&"""


def rows(*criteria):
    return {**LEADS, "criteria": [dict(zip(("field", "operator", "value"), one, strict=True)) for one in criteria]}


def ask(caller, method, address, **options):
    return caller.client.open(address, method=method, headers=caller.headers, base_url=HOST, **options)


VALUES = (
    "x' OR Name LIKE '%",
    "x\\' OR LastName != '",
    "x') OR (LastName != '",
    "\\",
    "%",
    "_",
    "' LIMIT 1 --",
    "\u2019 OR \u2018",
)
FIELDS = (
    "Id FROM User--",
    "Owner.Profile.Name",
    "(SELECT Id FROM Contacts)",
    "LastName, Email",
    "COUNT()",
    "LastName = 'x' OR LastName",
    "../User",
    "__proto__",
    "",
)
DAYS = ("LAST_N_DAYS:1 OR Id != null", "2026-01-01T00:00:00Z OR 1=1", "2026-13-45", "TODAY) OR (")


@pytest.mark.parametrize("operator", ["equals", "contains"])
def test_what_is_typed_as_a_value_finds_itself_and_nothing_else(manager, operator):
    answers = {value: manager.call("POST", "/count", rows(("LastName", operator, value))) for value in VALUES}

    assert {value: (status, found["count"]) for value, (status, found) in answers.items()} == dict.fromkeys(
        VALUES, (200, 0)
    )


def test_only_what_describe_tells_is_a_field_and_only_a_date_is_a_date(manager):
    fields = {field: manager.call("POST", "/count", rows((field, "equals", "x"))) for field in FIELDS}
    days = {day: manager.call("POST", "/count", rows(("CreatedDate", "greater-than", day))) for day in DAYS}

    assert {status for status, _ in [*fields.values(), *days.values()]} == {422}
    assert {key for _, problem in fields.values() for key in problem["errors"]} == {"criteria.0.field"}
    assert {key for _, problem in days.values() for key in problem["errors"]} == {"criteria.0.value"}


@pytest.mark.parametrize("place", ["objects/{}/fields", "mappings/input/{}", "mappings/results/{}"])
def test_only_leads_contacts_and_accounts_are_objects(admin, place):
    for name in ("User", "ApexClass", "lead", "..%2FUser", "Lead%3Fx", "Lead'%20OR", "%00"):
        assert admin.call("GET", "/" + place.format(name))[0] == 404, name
        assert admin.call("POST", "/definitions", {**LEADS, "object": name})[0] == 422, name


def test_a_list_longer_than_a_query_and_too_many_rows_are_refused_here(manager):
    long = manager.call("POST", "/count", rows(("LastName", "equals", ",".join(f"name{n}" for n in range(10_000)))))
    many = manager.call("POST", "/count", rows(*[("LastName", "equals", "x")] * 200))

    assert [long[0], many[0]] == [422, 422]


QUERIES = (
    "after=1;DROP TABLE activity",
    "after=" + "9" * 30,
    "after=" + "9" * 6_000,
    "after=-1",
    "after=\u0663",
    "limit=1 OFFSET 2",
    "limit=" + "9" * 30,
    "sort=name; DROP TABLE definition",
    "sort=(SELECT 1)",
    "search=' OR 1=1 --",
    "search=%25",
    "search=_",
    "old=" + "9" * 30 + "&new=" + "9" * 6_000,
    "from=" + "9" * 30,
    "fate=written' OR '1",
    "after=%00",
)


def test_places_sizes_and_orders_are_numbers_and_names_or_nothing(admin, few):
    run = admin.call("POST", f"/definitions/{few}/run")[1]["activity"]
    addresses = (
        "/api/v1/activities",
        "/api/v1/definitions",
        f"/api/v1/activities/{run}/outcomes",
        "/definitions",
        "/definitions/new",
        f"/definitions/{few}/versions",
        "/activities",
        f"/activities/{run}",
        f"/activities/{run}/records",
        "/audit",
    )

    asked = [f"{address}?{query}" for address in addresses for query in QUERIES]
    broken = [(one[:80], status) for one in asked if (status := ask(admin, "GET", one).status_code) >= 500]

    assert broken == []


def test_a_search_finds_what_is_typed(manager):
    manager.call("POST", "/definitions", {**FEW, "name": "Plain name"})

    found = [manager.call("GET", f"/definitions?search={one}")[1] for one in ("' OR 1=1 --", "%25", "_", "\\")]

    assert [one["definitions"] for one in found] == [[]] * 4


@pytest.fixture
def hostile(admin, parts, simulated_org, script):
    """An org full of hostile text: its records, a definition, an activity, users and their names; the pages to look at."""
    door = OrgDoor(simulated_org, user_of(simulated_org, "admin"))
    lead = door.query("SELECT Id, Company FROM Lead WHERE LastName < 'B' AND IsConverted = false LIMIT 1")[0]
    _write(door, lead["Id"], HOSTILE[:200])
    with parts.database.writing_all() as connection:
        connection.exec_driver_sql("UPDATE org_user SET name = ?", (HOSTILE,))
    few = admin.call("POST", "/definitions", {**FEW, "name": HOSTILE})[1]["id"]
    script.reply = answer_all({"site": HOSTILE[:200], "rating": HOSTILE, "title": f"javascript:{MARK}"})
    mapped = [{"output": name, "target": target, "policy": "always"} for name, target in TARGETS]
    assert admin.call("PUT", "/mappings/results/Lead", {"rows": mapped})[0] == 200
    run = admin.call("POST", f"/definitions/{few}/run")[1]["activity"]
    carry_on(parts, run, simulated_org["org_id"])
    yield [
        *_addresses(admin.client.application),
        *(f"/definitions/{few}{part}" for part in ("", "/edit", "/versions", "/activities")),
        *(f"/activities/{run}{part}" for part in ("", "/live", "/bulks", "/records", "/cost")),
        f"/definitions/new?from={few}",
        f"/definitions?search={MARK}",
    ]
    _write(door, lead["Id"], lead["Company"])


TARGETS = (("site", "Website"), ("rating", "Description"), ("title", "Title"))


def _write(door, record, company):
    url = f"{door._org['org_url']}/services/data/v67.0/sobjects/Lead/{record}"
    door._http.patch(url, json={"Company": company}, timeout=10).raise_for_status()


def _addresses(app):
    """All pages without a part that varies."""
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments and rule.endpoint != "static"
    )


def test_hostile_text_is_text_on_every_page(admin, manager, hostile):
    shown = 0
    for address in hostile:
        page = ask(admin, "GET", address)
        shown += MARK in page.text
        if page.mimetype != "text/html":
            continue
        assert f"<script>{MARK}" not in page.text, address
        assert "<img src=x" not in page.text, address
        assert "49{%" not in page.text, address
        links = re.findall(r'(?:href|src|action|hx-get|hx-post)="([^"]*)"', page.text)
        assert [link for link in links if not link.startswith(("/", "#", "?", "http://127.0.0.1"))] == [], address
    assert shown >= 8
    preview = ask(admin, "POST", "/definitions/preview", data={"name": "x", "object": "Lead"})
    assert preview.status_code in {200, 422}
    assert "<img src=x" not in preview.text


def test_a_mail_has_one_subject_whatever_is_in_it(simulated_org):
    smtp = build(Smtp, {"url": simulated_org["smtp_url"], "sender": "LSync <lsync@example.com>"})
    subject = f"x\r\nBcc: all@example.com\r\n\r\n{MARK}"

    smtp.send(Notice("key-of-this-mail", ("ann@example.com",), subject, "text", "<p>text</p>"), None)

    mail = requests.get(f"{simulated_org['control_url']}/mails", timeout=10).json()[-1]
    assert mail["subject"] == f"x Bcc: all@example.com {MARK}"
    assert "all@example.com" not in json.dumps(mail["to"])


def test_values_arrive_as_the_provider_sent_them_or_are_refused_one_by_one(admin, parts, simulated_org, script, few):
    sent = ["=1+1", "+1", '"quoted", and\nlines', "emoji \U0001f600", "a\0b", "#N/A", "\ud800"]
    script.reply = answer_each(lambda one: Answer(one.key, True, {"title": sent[_place(one.key, sent)]}, 90))
    rows_ = [{"output": "title", "target": "Title", "policy": "always"}]
    assert admin.call("PUT", "/mappings/results/Lead", {"rows": rows_})[0] == 200

    run = admin.call("POST", f"/definitions/{few}/run")[1]["activity"]
    row = carry_on(parts, run, simulated_org["org_id"])
    outcomes = admin.call("GET", f"/activities/{run}/outcomes?limit=500")[1]["outcomes"]

    assert row.status in {"Success", "Partial Success"}
    door = OrgDoor(simulated_org, user_of(simulated_org, "admin"))
    held = {one["Id"]: one["Title"] for one in door.query("SELECT Id, Title FROM Lead WHERE LastName < 'B'")}
    for one in outcomes:
        if one["fate"] == "written":
            assert held[one["record"]] in [*sent[:5], "a b", "ab", '"quoted", and lines']
        else:
            assert one["fate"] in {"rejected", "failed", "unchanged"}
            assert one["message"] or one["fate"] == "unchanged"
    written = {held[one["record"]] for one in outcomes if one["fate"] == "written"}
    assert {sent[0], sent[1], sent[3]} <= written
    assert all(held[one["record"]] is not None for one in outcomes if one["fate"] == "written")


def _place(key, sent):
    return sum(key.encode()) % len(sent)


def test_an_address_that_is_not_there_is_not_shown_back(admin):
    for caller in (admin, None):
        client = admin.client
        headers = caller.headers if caller else {}
        for address in (f"/{HOSTILE[:40]}", f"/definitions/{MARK}%3Cscript%3E", "/.git/config", "/.env", "/console"):
            answer = client.get(address, headers=headers, base_url=HOST)
            assert answer.status_code == 404
            assert MARK not in answer.text
            assert "<script>x" not in answer.text
            assert not {"Server", "X-Powered-By", "Via"} & set(answer.headers.keys())


def test_an_unexpected_error_is_a_number_and_nothing_more(admin, parts, monkeypatch):
    def break_down():
        raise RuntimeError(f"the password is {MARK}")

    admin.client.application.view_functions["pages.admin_pages_plugins_get"] = break_down

    answer = ask(admin, "GET", "/plugins")

    assert answer.status_code == 500
    assert MARK not in answer.text
    assert "Traceback" not in answer.text
    assert re.search(r"this number: [0-9a-f]{12}", answer.text)


def test_pages_know_get_and_post_and_no_override(admin, few):
    for method in ("TRACE", "PUT", "DELETE", "PATCH", "CONNECT"):
        assert ask(admin, method, "/settings").status_code == 405
    overridden = admin.client.get(
        f"/definitions/{few}/delete?_method=POST",
        headers={**admin.headers, "X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"},
        base_url=HOST,
    )
    assert overridden.status_code == 405
    assert admin.call("GET", f"/definitions/{few}")[0] == 200


MOVING = {"web_session", "describe_cache", "org_token", "secret"}
"""What asking itself may move: when a session was used, what an org has told."""


def test_no_get_changes_anything(admin, few, parts):
    run = admin.call("POST", f"/definitions/{few}/run")[1]["activity"]
    adapter = admin.client.application.url_map.bind("localhost")
    addresses = set()
    for rule in admin.client.application.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint not in {"static", "canvas.callback", "operations.readyz"}:
            for number in (few, run):
                values = {name: _choice(one, number) for name, one in rule._converters.items()}
                addresses.add(adapter.build(rule.endpoint, values, method="GET"))
    before = _dump(parts.database)

    statuses = [ask(admin, "GET", address).status_code for address in addresses]

    assert len(addresses) > 40
    assert max(statuses) < 500
    assert _dump(parts.database) == before


def _choice(converter, number):
    """A value that fits this part of an address."""
    if isinstance(converter, IntegerConverter):
        return number
    return min(getattr(converter, "items", None) or ["Lead"])


def _dump(database):
    with database.reading_all() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in metadata.sorted_tables
            if table.name not in MOVING
        }


def test_by_cookie_alone_no_body_of_a_strangers_page_changes_anything(web, simulated_org, few, admin):
    client = web.test_client()
    raw = OrgDoor(simulated_org, user_of(simulated_org, "admin")).signed_request()
    client.post("/canvas", data={"signed_request": raw}, base_url=HOST)
    body = json.dumps({**FEW, "name": MARK})
    evil = {"Origin": "https://evil.example", "Referer": "https://evil.example/"}

    for kind in ("text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
        for address in ("/api/v1/definitions", f"/api/v1/definitions/{few}/run", "/definitions/new"):
            answer = client.post(address, data=body, content_type=kind, headers=evil, base_url=HOST)
            assert answer.status_code in {400, 403, 415}, (kind, address)

    assert MARK not in str(admin.call("GET", "/definitions")[1])
    assert admin.call("GET", "/activities")[1]["activities"] == []


def test_a_body_that_is_no_json_by_name_is_refused_also_with_a_session(admin):
    answer = ask(admin, "POST", "/api/v1/definitions", data=json.dumps(FEW), content_type="text/plain")

    assert answer.status_code == 415


def test_an_org_that_is_named_in_the_request_is_not_heeded(admin, simulated_org):
    other = "00DZZ0000000001AAA"

    me = admin.call("GET", f"/me?org={other}&org_id={other}", headers={"X-Org-Id": other, "X-Org": other})
    saved = admin.call("POST", "/definitions", {**FEW, "org_id": other})

    assert me[1]["org"] == simulated_org["org_id"]
    assert saved[0] == 422


def test_what_nobody_may_set_is_not_set(admin, few):
    before = admin.call("GET", f"/definitions/{few}")[1]
    for extra in ("status", "owner_id", "id", "org_id", "started_by", "created_at"):
        value = 999 if extra == "id" else "005ZZ0000000001AAA"
        assert admin.call("PUT", f"/definitions/{few}", {**FEW, extra: value})[0] in {200, 422}
        assert admin.call("PUT", "/settings", {"settings": {"provider": "scripted"}, extra: value})[0] == 422

    after = admin.call("GET", f"/definitions/{few}")[1]
    moved = {"changed_at", "version"}
    assert {name: after[name] for name in after if name not in moved} == {
        name: before[name] for name in before if name not in moved
    }


def test_a_body_too_large_is_not_taken(admin):
    for size in (5_000_000, 1_100_000):
        body = json.dumps(rows(("LastName", "equals", "x" * size)))
        answer = ask(admin, "POST", "/api/v1/definitions", data=body, content_type="application/json")
        assert answer.status_code == 413


def test_a_hundred_thousand_rows_and_a_thousand_brackets_are_refused(admin):
    many = admin.call("POST", "/definitions", {**LEADS, "criteria": [{}] * 30_000})
    deep = ask(
        admin,
        "POST",
        "/api/v1/definitions",
        data='{"criteria":' + "[" * 50_000 + "]" * 50_000 + "}",
        content_type="application/json",
    )

    assert many[0] == 422
    assert len(json.dumps(many[1])) < 100_000
    assert deep.status_code in {400, 422}


def test_many_clicks_on_run_start_one_activity(admin, few):
    statuses = []
    start = threading.Barrier(12)

    def click():
        start.wait()
        statuses.append(admin.call("POST", f"/definitions/{few}/run")[0])

    clicks = [threading.Thread(target=click) for _ in range(12)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()

    assert sorted(statuses) == [201] + [409] * 11
    assert len(admin.call("GET", "/activities")[1]["activities"]) == 1


@pytest.fixture
def hidden_field(simulated_org):
    """A field of Lead that nobody but its maker's profile sees."""
    door = OrgDoor(simulated_org, user_of(simulated_org, "admin"))
    url = f"{simulated_org['org_url']}/services/data/v67.0/tooling/sobjects/CustomField"
    body = {"FullName": "Lead.Hidden_Score__c", "Metadata": {"label": "Hidden", "type": "Text", "length": 20}}
    door._http.post(url, json=body, timeout=10)
    return "Hidden_Score__c"


def test_a_field_that_the_user_may_not_see_is_not_filtered_by(manager, hidden_field):
    fields = manager.call("GET", "/objects/Lead/fields")[1]["fields"]
    status, problem = manager.call("POST", "/count", rows((hidden_field, "starts-with", "a")))

    assert hidden_field not in {one["name"] for one in fields}
    assert (status, list(problem["errors"])) == (422, ["criteria.0.field"])


def test_records_that_the_user_may_not_see_are_in_no_count_and_no_activity(manager, parts, simulated_org, few):
    rules = f"{simulated_org['control_url']}/rules"
    before = manager.call("POST", f"/definitions/{few}/count")[1]["count"]
    requests.post(rules, json={"sharing": {"Lead": "private"}}, timeout=10).raise_for_status()
    try:
        counted = manager.call("POST", f"/definitions/{few}/count")[1]
        preview = manager.call("POST", f"/definitions/{few}/preview")[1]
    finally:
        requests.post(rules, json={}, timeout=10).raise_for_status()

    assert counted["count"] < before
    assert len(preview["rows"]) == counted["count"]


def test_who_changed_what_is_written_down_with_whence(admin, manager, few, parts, simulated_org):
    began = parts.now_s()
    settings = admin.call("GET", "/settings")[1]
    admin.call("PUT", "/settings", {"settings": {**settings["settings"], "maximum_records": 4711}})
    run = manager.call("POST", f"/definitions/{few}/run")[1]["activity"]
    for step in ("pause", "resume", "cancel"):
        manager.call("POST", f"/activities/{run}/{step}")
    ask(admin, "GET", f"/activities/{run}/outcomes.csv").get_data()
    token = admin.call("POST", "/tokens", {"name": "script", "role": "auditor", "days": 1})[1]
    ask(admin, "POST", "/access/end-sessions")

    with parts.database.reading(simulated_org["org_id"]) as scope:
        found = [row for row in list_audit(scope, limit=200) if row.at >= began]
    by_action = {}
    for row in found:
        by_action.setdefault(row.action, row)
    wanted = {"settings.save", "end_sessions"}
    assert wanted <= set(by_action), sorted(by_action)
    assert by_action["settings.save"].after["maximum_records"] == 4711
    assert any("run" in action or "activity" in action for action in by_action)
    assert all(row.user_id.startswith("005") and row.address for row in found)
    assert token["token"] not in str(found)


def test_a_download_is_a_file_of_text_and_nothing_else(admin, few, parts, simulated_org):
    run = admin.call("POST", f"/definitions/{few}/run")[1]["activity"]
    carry_on(parts, run, simulated_org["org_id"])

    answer = ask(admin, "GET", f"/activities/{run}/outcomes.csv")

    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(r'attachment; filename="[\w.-]+"', answer.headers["Content-Disposition"])


def test_nobody_is_sent_away(admin, few):
    places = ("//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example")
    for name, where in itertools.product(("next", "url", "return", "said"), places):
        answer = ask(admin, "POST", f"/definitions/{few}/delete?{name}={where}")
        assert "evil" not in answer.headers.get("Location", "")
        assert "evil" not in ask(admin, "GET", f"/definitions?{name}={where}").headers.get("Location", "")


def test_the_browser_is_told_to_run_nothing_but_our_own_files(admin):
    for address in ("/", "/definitions", "/nowhere", "/canvas"):
        policy = ask(admin, "GET", address).headers["Content-Security-Policy"]
        assert "script-src 'self'; style-src 'self'" in policy
        assert "object-src 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy.partition("frame-ancestors")[0]
    root = Path(__file__).parents[2]
    for template in (root / "templates" / "web").glob("*.html"):
        text = template.read_text()
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|javascript:", text), template.name


def test_a_key_does_not_follow_its_provider_to_another_address(parts, filled_database):
    class Keyed(provider_of(Scripted())):
        """Has an address and a key."""

        name: ClassVar[str] = "keyed"
        url: str = Field(title="Address")
        api_key: SecretStr = Field(title="Key")

    caller = Caller(create_app(with_provider(parts, Keyed)), filled_database[1]["admin"])

    def save(url, **secrets):
        settings = {"provider": "keyed", "provider_params": {"url": url}}
        return caller.call("PUT", "/settings", {"settings": settings, "secrets": secrets})

    assert save("https://one.example/v1", api_key="k" * 20)[0] == 200
    assert save("https://one.example/v2")[0] == 200
    status, problem = save("https://two.example/v2")
    assert (status, list(problem["errors"])) == (422, ["secrets.api_key"])
    assert save("https://two.example/v2", api_key="n" * 20)[0] == 200
    assert caller.call("PUT", "/settings", {"settings": {"provider": ""}, "secrets": {}})[0] == 200
    status, problem = save("https://three.example/v1")
    assert (status, list(problem["errors"])) == (422, ["secrets.api_key"])
