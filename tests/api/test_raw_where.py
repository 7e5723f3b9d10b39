"""A condition in SOQL in a definition: an admin's to write, checked by the org, kept by others."""

from dataclasses import replace
from typing import ClassVar

import pytest

from lsync_flask.plugin_api import Operator
from lsync_flask.services.definitions import DefinitionBody
from lsync_flask.services.preview_audience import preview_audience
from tests.worker.kit import actor_with, carry_on

from .conftest import FEW

WHERE = {**FEW, "where": "LastName >= 'B' OR Company = null"}
CLEAN = {**FEW, "criteria": [], "where": "LastName < 'B'"}


def test_an_admin_writes_one_and_the_audience_is_what_both_say(admin):
    few = admin.call("POST", "/count", FEW)[1]
    same = admin.call("POST", "/count", CLEAN)[1]
    none = admin.call("POST", "/count", WHERE)[1]

    assert same["count"] == few["count"] > none["count"] == 0
    assert "(LastName < 'B')" in same["soql"]
    assert "and (LastName >= 'B' OR Company = null)" in none["audience"]
    status, made = admin.call("POST", "/definitions", CLEAN)
    assert status == 201
    assert admin.call("GET", f"/definitions/{made['id']}")[1]["where"] == "LastName < 'B'"
    assert admin.call("POST", f"/definitions/{made['id']}/count")[1]["count"] == few["count"]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("LastName < 'B' LIMIT 1", "no subquery, order or limit"),
        ("Gone__c = 'x'", "Salesforce refused this"),
        ("LastName = 5", "Salesforce refused this"),
    ],
)
def test_what_is_wrong_is_said_before_it_is_saved(admin, where, said):
    for path in ("/definitions", "/count"):
        status, body = admin.call("POST", path, {**FEW, "where": where})

        assert status == 422
        assert said in body["errors"]["where"]


def test_a_manager_keeps_one_and_writes_none(admin, manager):
    number = admin.call("POST", "/definitions", CLEAN)[1]["id"]

    kept = manager.call("PUT", f"/definitions/{number}", {**CLEAN, "name": "Renamed"})
    changed = manager.call("PUT", f"/definitions/{number}", {**CLEAN, "where": "LastName < 'C'"})
    added = manager.call("POST", "/definitions", CLEAN)
    dropped = manager.call("PUT", f"/definitions/{number}", {**CLEAN, "where": ""})

    assert (kept[0], kept[1]["where"]) == (200, CLEAN["where"])
    assert (changed[0], added[0], dropped[0]) == (422, 422, 200)
    assert "Only an admin" in changed[1]["errors"]["where"]


def test_a_run_reads_only_what_the_condition_leaves(admin, parts, simulated_org):
    number = admin.call("POST", "/definitions", CLEAN)[1]["id"]
    counted = admin.call("POST", f"/definitions/{number}/count")[1]["count"]
    activity = admin.call("POST", f"/definitions/{number}/run")[1]["activity"]

    assert carry_on(parts, activity, simulated_org["org_id"]).selected == counted


def test_a_preview_shows_only_records_that_pass_what_salesforce_cannot_test(parts, simulated_org, monkeypatch):
    class EndsInVowel(Operator):
        """True of texts that end in a vowel."""

        name: ClassVar[str] = "ends-in-vowel"
        label: ClassVar[str] = "ends in a vowel"
        api: ClassVar[int] = 1
        types: ClassVar[frozenset[str]] = frozenset({"string"})
        operands: ClassVar[str] = "none"

        def conditions(self, operand):
            return None

        def matches(self, value, operand, now):
            return bool(value) and str(value)[-1] in "aeiou"

    operators = {**parts.registry.operators, "ends-in-vowel": EndsInVowel}
    with_operator = replace(parts, registry=replace(parts.registry, operators=operators))
    actor = actor_with(parts, simulated_org, "LSync_Admin", "admin")
    body = DefinitionBody.model_validate({**FEW, "criteria": [{"field": "Company", "operator": "ends-in-vowel"}]})

    rows = preview_audience(with_operator, actor, body)

    assert rows
    assert all(row.inputs["company"][-1] in "aeiou" for row in rows)
