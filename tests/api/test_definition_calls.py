"""Versions, copies, YAML, meaning and reasons of definitions; tables, errors and costs of activities; the org."""

import csv
import io

import pytest

from tests.worker.kit import carry_on

from .conftest import FEW


def test_versions_are_listed_compared_and_restored(manager, few):
    path = f"/definitions/{few}"
    manager.call("PUT", path, {**FEW, "name": "Second"})

    assert [one["version"] for one in manager.call("GET", f"{path}/versions")[1]["versions"]] == [2, 1]
    compared = manager.call("GET", f"{path}/compare")[1]
    assert (compared["old"], compared["new"]) == (1, 2)
    manager.call("PUT", path, {**FEW, "criteria": []})
    signs = {line["sign"] for line in manager.call("GET", f"{path}/compare?old=1&new=3")[1]["lines"]}
    assert "-" in signs
    assert manager.call("GET", f"{path}/versions/1")[1]["criteria"][0]["field"] == "LastName"
    restored = manager.call("POST", f"{path}/versions/1/restore")[1]
    assert (restored["version"], restored["criteria"][0]["field"]) == (4, "LastName")
    assert manager.call("GET", f"{path}/versions/9")[0] == 404
    assert manager.call("GET", f"{path}/compare?old=9")[0] == 404
    assert manager.call("GET", "/definitions/999/versions")[0] == 404


def test_a_definition_is_copied_and_goes_through_yaml(manager, few):
    copy = manager.call("POST", f"/definitions/{few}/clone")[1]["id"]
    named = manager.call("POST", f"/definitions/{few}/clone", {"name": "Other"})[1]["id"]
    text = manager.call("GET", f"/definitions/{named}/export")[1]["text"]
    status, made = manager.call("POST", "/definitions/import", {"text": text})

    names = [manager.call("GET", f"/definitions/{number}")[1]["name"] for number in (copy, named, made["id"])]
    assert (status, names) == (201, [f"Copy of {FEW['name']}", "Other", "Other"])
    assert manager.call("POST", "/definitions/import", {"text": "name: ["})[0] == 422


def test_an_audience_is_said_in_words_and_an_empty_one_explained(manager):
    nobody = {**FEW, "criteria": [{"field": "Company", "operator": "equals", "value": "No such company"}]}
    number = manager.call("POST", "/definitions", nobody)[1]["id"]

    checked = manager.call("POST", "/check", nobody)[1]
    said = {
        manager.call("POST", path, body)[1]["sentence"]
        for path, body in (("/explain", nobody), (f"/definitions/{number}/explain", None))
    }

    assert checked["sentence"] == 'Leads that are not converted where Company equals "No such company"'
    assert "SELECT COUNT()" in checked["soql"]
    assert said == {'Row 1 (Company equals "No such company") alone matches no record.'}


def test_a_summary_says_what_a_run_would_do_and_starts_nothing(manager, few):
    summary = manager.call("POST", f"/definitions/{few}/summary")[1]

    assert (summary["problem"], summary["count"]["over_limit"], summary["provider"]) == ("", False, "scripted")
    assert summary["targets"] == [{"field": "Website", "policy": "provider_wins"}]
    assert manager.call("GET", "/activities")[1]["activities"] == []


def test_an_activity_gives_its_tables_its_errors_and_the_cost_of_a_cancel(manager, parts, simulated_org, few):
    number = manager.call("POST", f"/definitions/{few}/run")[1]["activity"]
    before = manager.call("GET", f"/activities/{number}/cost")[1]
    row = carry_on(parts, number, simulated_org["org_id"])

    table = manager.ask("GET", f"/activities/{number}/outcomes.csv")
    lines = list(csv.reader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert table.mimetype == "text/csv"
    assert lines[0][:4] == ["Record Id", "Outcome", "Code", "Message"]
    assert len(lines) == row.selected + 1
    assert before["given_up"] == row.selected
    assert manager.call("GET", f"/activities/{number}/cost")[1]["finished"] == row.selected
    assert manager.call("GET", f"/activities/{number}/errors") == (200, {"errors": []})
    assert manager.call("GET", "/usage")[1]["credits"] == row.selected
    for path in ("outcomes.csv", "errors.csv", "errors", "cost"):
        assert manager.call("GET", f"/activities/999/{path}")[0] == 404


def test_the_audit_log_is_read_in_pages_and_by_kind(callers, few):
    first = callers["auditor"].call("GET", "/audit?limit=1")[1]
    second = callers["auditor"].call("GET", f"/audit?limit=1&after={first['next']}")[1]
    definitions = callers["auditor"].call("GET", "/audit?kind=definition")[1]["rows"]

    assert first["rows"][0]["id"] > second["rows"][0]["id"]
    assert {row["action"].split(".")[0] for row in definitions} == {"definition"}
    assert callers["auditor"].call("GET", "/audit?limit=0")[0] == 422


def test_plugins_and_setup_are_told(admin):
    plugins = admin.call("GET", "/plugins")[1]
    steps = admin.call("GET", "/setup")[1]["steps"]

    assert {"equals", "trim"} <= {one["name"] for one in plugins["installed"]}
    assert plugins["refused"] == []
    assert all(step["title"] and step["checks"] for step in steps)


@pytest.mark.parametrize("role", ["manager", "auditor"])
def test_only_an_admin_ends_sessions(callers, role):
    assert callers[role].call("POST", "/sessions/end")[0] == 403
    assert callers["admin"].call("POST", "/sessions/end")[0] == 200
    assert callers[role].call("GET", "/me")[0] == 401
