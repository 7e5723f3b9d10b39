"""What bad input gets: a sentence that says what is wrong and where, and nothing lost. All through HTTP."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from lsync_flask.app import create_app
from lsync_flask.plugin_api import Answer, Answers, Operator, Provider, Transform
from lsync_flask.salesforce.transport import Transport
from lsync_flask.storage.models import definition_version
from lsync_flask.wiring import OrgConnections
from tests.worker.kit import answer_all, carry_on, with_provider

from .conftest import FEW, LEADS, Caller

SITE = {"output": "site", "target": "Website"}


def _rows(*rows: Mapping[str, Any]) -> dict[str, Any]:
    return {**LEADS, "criteria": list(rows)}


def _row(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def test_bad_filter_logic_is_refused_with_its_position(manager):
    body = {**_rows(_row("LastName", "is-not-empty"), _row("City", "is-empty")), "logic": "1 AND (2 OR 3"}

    status, problem = manager.call("POST", "/definitions", body)

    assert status == 422
    assert problem["errors"]["logic"]
    assert {one["position"] for one in problem["positions"]} <= set(range(len(body["logic"]) + 1))
    assert all(one["text"] for one in problem["positions"])
    assert manager.call("POST", "/count", body)[0] == 422


@pytest.mark.parametrize("logic", ["1 AND 2 OR 1", "3", "1", "1 AND", "NOT", "((1", "1 & 2", "²", "1 AND 2 " * 200])
def test_no_wrong_logic_is_saved(manager, logic):
    body = {**_rows(_row("LastName", "is-not-empty"), _row("City", "is-empty")), "logic": logic}

    status, problem = manager.call("POST", "/definitions", body)

    assert (status, list(problem["errors"])) == (422, ["logic"])


@pytest.mark.parametrize(
    ("row", "place", "words"),
    [
        (_row("NoSuch__c", "equals", "x"), "field", "NoSuch__c"),
        (_row("LastName", "no-such-operator", "x"), "operator", "no-such-operator"),
        (_row("LastName", "in-last-days", 7), "operator", "cannot be used"),
        (_row("NumberOfEmployees", "greater-than", "many"), "value", "many"),
        (_row("CreatedDate", "greater-than", "32 January"), "value", "32 January"),
        (_row("LastName", "equals", {"from": 1, "to": 2}), "value", ""),
        (_row("LastName", "equals", [["x"]]), "value", ""),
        (_row("CreatedDate", "in-last-days", "-3"), "value", "whole number"),
        (_row("CreatedDate", "in-last-days", 10**30), "value", ""),
    ],
)
def test_a_criterion_that_does_not_fit_is_named_by_its_place(manager, row, place, words):
    status, problem = manager.call("POST", "/definitions", _rows(_row("City", "is-empty"), row))

    assert status == 422
    assert list(problem["errors"]) == [f"criteria.1.{place}"]
    assert words in problem["errors"][f"criteria.1.{place}"]


def test_a_field_that_goes_from_the_org_is_named_when_the_definition_is_run(manager, few, parts, simulated_org):
    with parts.database.writing_all() as connection:  # as it was saved while the field was there
        text = '{"criteria":[{"field":"Gone__c","operator":"equals","value":"x"}],"logic":""}'
        statement = update(definition_version).where(definition_version.c.definition_id == few)
        connection.execute(statement.values(body=text))

    for step in ("count", "preview", "run"):
        status, problem = manager.call("POST", f"/definitions/{few}/{step}")
        assert (status, "Gone__c" in problem["errors"]["criteria.0.field"]) == (422, True)
    assert manager.call("GET", "/activities")[1]["activities"] == []


@pytest.mark.parametrize(
    ("kind", "row", "place", "words"),
    [
        ("results", {"output": "size", "target": "Email"}, "", "can never fit"),
        ("results", {"output": "no_such", "target": "Website"}, "output", "no_such"),
        ("results", {"output": "site", "target": "NoSuch__c"}, "target", "NoSuch__c"),
        ("results", {"output": "site", "target": "CreatedDate"}, "target", ""),
        ("results", {**SITE, "transforms": [{"plugin": "no-such", "params": {}}]}, "transforms", "no-such"),
        ("results", {**SITE, "transforms": [{"plugin": "round", "params": {"digits": "x"}}]}, "transforms", ""),
        ("results", {**SITE, "policy": "sometimes"}, "policy", ""),
        ("results", {**SITE, "minimum_confidence": 10**30}, "minimum_confidence", "0 to 100"),
        ("input", {"input": "no_such", "source": "Company"}, "input", "no_such"),
        ("input", {"input": "company", "source": "NoSuch__c"}, "source", "NoSuch__c"),
    ],
)
def test_a_mapping_row_that_does_not_fit_is_named_by_its_place(admin, kind, row, place, words):
    before = admin.call("GET", f"/mappings/{kind}/Lead")

    status, problem = admin.call("PUT", f"/mappings/{kind}/Lead", {"rows": [row]})

    assert status == 422
    assert [key.startswith(f"rows.0.{place}") for key in problem["errors"]] == [True]
    assert words in "".join(problem["errors"].values())
    assert admin.call("GET", f"/mappings/{kind}/Lead") == before


def _outcomes_after(admin, parts, simulated_org, script, few, values, rows):
    assert admin.call("PUT", "/mappings/results/Lead", {"rows": rows})[0] == 200
    script.reply = answer_all(values)
    run = admin.call("POST", f"/definitions/{few}/run")[1]["activity"]
    carry_on(parts, run, simulated_org["org_id"])
    return admin.call("GET", f"/activities/{run}")[1], admin.call("GET", f"/activities/{run}/outcomes")[1]["outcomes"]


@pytest.mark.parametrize(
    ("values", "row", "words"),
    [
        ({"site": "https://" + "x" * 300}, SITE, "255 characters"),
        ({"rating": "Lukewarm"}, {"output": "rating", "target": "CleanStatus", "policy": "always"}, "Lukewarm"),
        ({"size": "a lot"}, {"output": "size", "target": "NumberOfEmployees", "policy": "always"}, "a lot"),
    ],
)
def test_a_value_that_does_not_fit_is_an_outcome_with_its_sentence(
    admin, parts, simulated_org, script, few, values, row, words
):
    activity, outcomes = _outcomes_after(
        admin, parts, simulated_org, script, few, values, [{"policy": "provider_wins", **row}]
    )

    assert outcomes
    told = [one["message"] + " ".join(field["decision"] for field in one["fields"]) for one in outcomes]
    assert all(words in text for text in told), told[0]
    assert activity["counts"].get("written", 0) == 0


@pytest.mark.parametrize(
    "garbage", [None, "garbage", 42, Answers(["not an answer"], 1), Answers([Answer("003", matched=True)], 1)]
)
def test_a_provider_that_answers_garbage_leaves_each_record_with_an_outcome(
    admin, parts, simulated_org, script, few, garbage
):
    script.reply = lambda _call: garbage
    counted = admin.call("POST", f"/definitions/{few}/count")[1]["count"]
    run = admin.call("POST", f"/definitions/{few}/run")[1]["activity"]

    carry_on(parts, run, simulated_org["org_id"], seconds=3)

    status, activity = admin.call("GET", f"/activities/{run}")
    assert status == 200
    assert activity["counts"].get("written", 0) == 0
    if not activity["is_active"]:
        outcomes = admin.call("GET", f"/activities/{run}/outcomes")[1]["outcomes"]
        assert len(outcomes) == counted
        assert all(one["fate"] == "failed" and one["message"] for one in outcomes)


def test_an_audience_above_the_maximum_says_by_how_many_and_starts_nothing(admin, few):
    total = admin.call("POST", f"/definitions/{few}/count")[1]["count"]
    settings = admin.call("GET", "/settings")[1]
    settings["settings"]["maximum_records"] = total - 3
    admin.call("PUT", "/settings", settings)

    counted = admin.call("POST", f"/definitions/{few}/count")[1]
    status, problem = admin.call("POST", f"/definitions/{few}/run")

    assert (counted["over_limit"], counted["over_by"]) == (True, 3)
    assert (status, problem["count"], problem["maximum"]) == (409, total, total - 3)
    assert "3 more than" in problem["detail"]
    assert admin.call("GET", "/activities")[1]["activities"] == []


def test_a_count_of_0_says_so_and_starts_nothing(admin):
    body = _rows(_row("LastName", "equals", "Nobody has this name"))
    number = admin.call("POST", "/definitions", body)[1]["id"]

    assert admin.call("POST", "/count", body)[1]["count"] == 0
    status, problem = admin.call("POST", f"/definitions/{number}/run")

    assert (status, "nothing was started" in problem["errors"]["criteria"]) == (422, True)
    assert admin.call("GET", "/activities")[1]["activities"] == []


def test_a_second_run_while_one_runs_names_the_first(admin, few):
    first = admin.call("POST", f"/definitions/{few}/run")[1]["activity"]

    status, problem = admin.call("POST", f"/definitions/{few}/run")

    assert (status, f"activity {first}" in problem["detail"]) == (409, True)
    status, problem = admin.call("DELETE", f"/definitions/{few}")
    assert (status, f"activity {first}" in problem["detail"]) == (409, True)


class _Elsewhere(BaseHTTPRequestHandler):
    """An org that answers everything in one way."""

    answer: ClassVar[tuple[int, str, bytes]]

    def _reply(self) -> None:
        status, kind, body = self.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = _reply  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (
            (401, "application/json", b'[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]'),
            409,
            "admin",
        ),
        (
            (401, "application/json", b'[{"errorCode":"INVALID_AUTH_HEADER","message":"INVALID_HEADER_TYPE"}]'),
            409,
            "lets LSync in",
        ),
        (
            (403, "application/json", b'[{"errorCode":"FUNCTIONALITY_NOT_ENABLED","message":"Not enabled"}]'),
            400,
            "Not enabled",
        ),
        (
            (
                403,
                "application/json",
                b'[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]',
            ),
            503,
            "limit",
        ),
        ((200, "text/html", b"<html><script>alert(1)</script>We are down for maintenance</html>"), 503, "maintained"),
        ((500, "text/html", b"<html>oops</html>"), 503, "maintained"),
        ((200, "application/json", b"not json"), 503, "not JSON"),
    ],
)
def test_an_org_that_answers_otherwise_gets_a_sentence_and_nothing_starts(
    parts, admin, few, simulated_org, answer, status, words
):
    """The token and the role come from the org as always; what is asked next is answered from elsewhere."""
    handler = type("Elsewhere", (_Elsewhere,), {"answer": answer})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        elsewhere = f"127.0.0.1:{server.server_port}"
        org = urlsplit(simulated_org["org_url"]).netloc

        class Detour(Transport):
            def send(self, method: str, origin: str, path: str, **more: Any) -> Any:
                is_count = "query" in path and "COUNT()" in str(more.get("params"))
                return super().send(method, origin.replace(org, elsewhere) if is_count else origin, path, **more)

        transport = Detour(parts.settings.allowed_org_hosts | {elsewhere}, None)
        connections = OrgConnections(parts.database, parts.box, transport)
        web = create_app(replace(parts, open_salesforce=connections.open, transport=transport))
        caller = Caller(web)
        caller.headers = admin.headers
        for step in ("count", "run"):
            found, problem = caller.call("POST", f"/definitions/{few}/{step}")
            assert (found, words in problem["detail"]) == (status, True), problem
            assert "<" not in problem["detail"]
        server.shutdown()
    assert admin.call("GET", "/activities")[1]["activities"] == []


class _Raising(Transform):
    """Raises."""

    name: ClassVar[str] = "raising"
    label: ClassVar[str] = "Raising"
    api: ClassVar[int] = 1

    def apply(self, value: Any, record: Any) -> Any:
        raise ZeroDivisionError("secret words of a record")


class _RaisingOperator(Operator):
    """Raises."""

    name: ClassVar[str] = "raising-operator"
    label: ClassVar[str] = "raises"
    api: ClassVar[int] = 1
    types: ClassVar[frozenset[str]] = frozenset({"string"})

    def conditions(self, operand: Any) -> Any:
        raise ZeroDivisionError("secret words of a record")


class _RaisingProvider(Provider):
    """Raises."""

    name: ClassVar[str] = "raising-provider"
    label: ClassVar[str] = "Raising provider"
    api: ClassVar[int] = 1
    idempotency: ClassVar[Any] = "none"
    max_per_call: ClassVar[int] = 10

    def catalogue(self) -> Any:
        raise ZeroDivisionError("secret words of a key")

    def check(self, http: Any) -> str:
        raise ZeroDivisionError("secret words of a key")


@pytest.fixture
def raising(parts, admin):
    """A caller of an app whose plugins raise."""
    registry = parts.registry
    transforms = {**registry.transforms, "raising": _Raising}
    operators = {**registry.operators, "raising-operator": _RaisingOperator}
    made = replace(parts, registry=replace(registry, transforms=transforms, operators=operators))
    caller = Caller(create_app(with_provider(made, _RaisingProvider)))
    caller.headers = admin.headers
    return caller


def test_an_operator_that_raises_is_named_and_saves_nothing(raising):
    status, problem = raising.call("POST", "/definitions", _rows(_row("LastName", "raising-operator", "x")))

    assert status == 422
    assert "raises" in problem["errors"]["criteria.0.value"]
    assert "secret words" not in str(problem)


def test_a_transform_that_raises_is_named_in_the_preview(raising):
    rows = [{"input": "company", "source": "Company", "transforms": [{"plugin": "raising", "params": {}}]}]
    assert raising.call("PUT", "/mappings/input/Lead", {"rows": rows})[0] == 200

    status, body = raising.call("POST", "/preview", FEW)

    assert status == 200
    assert all("raising" in row["skipped"] and "secret words" not in row["skipped"] for row in body["rows"])


def test_a_provider_that_raises_is_named(raising):
    assert raising.call("PUT", "/settings", {"settings": {"provider": "raising-provider"}})[0] == 200

    status, body = raising.call("POST", "/settings/test")
    assert (status, body["checks"][1]["ok"]) == (200, False)
    assert "Raising provider" in body["checks"][1]["sentence"]
    for method, path, sent in (
        ("PUT", "/mappings/input/Lead", {"rows": []}),
        ("GET", "/mappings/results/Contact", None),
        ("POST", "/preview", FEW),
    ):
        status, problem = raising.call(method, path, sent)
        if path.endswith("Contact"):  # it was saved before, so nothing is asked of the provider
            assert status == 200
            continue
        assert (status, "Raising provider" in problem["detail"]) == (400, True)
        assert "secret words" not in str(problem)


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"data": "{", "content_type": "application/json"}, 400, "no JSON"),
        ({"data": "[]", "content_type": "application/json"}, 400, "JSON object"),
        ({"data": '{"name": "\\ud800"}', "content_type": "application/json"}, 400, "no JSON"),
        ({"data": b'{"name": "\xff"}', "content_type": "application/json"}, 400, "no JSON"),
        ({"data": '{"name": "a\\u0000b"}', "content_type": "application/json"}, 400, "NUL"),
        ({"data": '{"name": NaN}', "content_type": "application/json"}, 400, "no JSON"),
        ({"data": '{"a":' * 900 + "1" + "}" * 900, "content_type": "application/json"}, 400, "deeper"),
        ({"data": "name=x", "content_type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        ({"data": "{}"}, 415, "application/json"),
        ({"data": b'{"name": "' + b"x" * 1_100_000 + b'"}', "content_type": "application/json"}, 413, "1 MB"),
        ({"json": {}}, 422, "expected"),
        ({"json": {**FEW, "color": "red"}}, 422, "color"),
        ({"json": {**FEW, "object": "Opportunity"}}, 422, "Opportunity"),
        ({"json": {**FEW, "name": "x" * 256}}, 422, "255"),
        ({"json": {**FEW, "name": ""}}, 422, "1 character"),
        ({"json": {**FEW, "criteria": [_row("City", "is-empty")] * 26}}, 422, "25"),
    ],
)
def test_a_body_that_is_none_gets_a_problem(manager, sent, status, words):
    answer = manager.client.post("/api/v1/definitions", headers=manager.headers, **sent)

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    body = answer.get_json(force=True)
    assert {"title", "status", "detail"} <= set(body)
    assert words in answer.text or words == "expected"
    assert "pydantic" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no/such", 404),
        ("GET", f"/definitions/{2**70}", 404),
        ("GET", "/definitions/0x1", 404),
        ("GET", "/objects/User/fields", 404),
        ("GET", "/mappings/input/User", 404),
        ("PATCH", "/me", 405),
        ("POST", "/settings", 405),
        ("GET", "/definitions?limit=0", 422),
        ("GET", "/definitions?limit=501", 422),
        ("GET", "/definitions?object=User", 422),
        ("GET", "/definitions?after=nan:1", 422),
        ("GET", "/definitions?after=1:" + "9" * 40, 422),
        ("GET", "/definitions?search=%00", 422),
        ("GET", "/activities?after=" + "9" * 30, 422),
        ("GET", "/activities?after=-1", 422),
        ("GET", "/activities?limit=%C2%B2", 422),
        ("GET", "/activities/7", 404),
        ("GET", "/activities/7/bulks", 404),
        ("GET", "/activities/7/outcomes", 404),
    ],
)
def test_an_address_that_is_wrong_gets_a_problem(manager, admin, method, path, status):
    caller = admin if "mappings" in path else manager
    answer = caller.ask(method, path)

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json(force=True)["detail"]
    assert (status == 405) == ("Allow" in answer.headers)
