"""What Salesforce is asked, and what is tested here on the rows it gives, are together the filter: for any logic."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lsync_flask.builtins import operators as plain
from lsync_flask.builtins import text_operators as text
from lsync_flask.engine import soql
from lsync_flask.engine.audience import Audience, Criterion, compile_audience
from lsync_flask.engine.values import parse_text
from lsync_flask.errors import InvalidParams
from lsync_flask.plugin_api import build
from lsync_flask.simulator.org import Org

VALUES = {
    "Country": (None, "Acme", "acme corp", "50%_off", "a_b", "Zürich"),
    "Rating": (None, "Hot", "Cold"),
    "NumberOfEmployees": (None, 0, 5, 100, -3),
}
TYPED = {
    "Country": ("acme", "a", "%", "Zürich", "50%_off, a_b"),
    "Rating": ("Hot", "hot, cold"),
    "NumberOfEmployees": ("5", "0, 100", "-3"),
}
NAMES = ("equals", "not-equal", "contains", "not-contains", "starts-with", "is-empty", "is-not-empty", "less-than")


@pytest.fixture(scope="module")
def org(tmp_path_factory):
    """Every combination of the values, once."""
    moment = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    folder = tmp_path_factory.mktemp("org")
    org = Org.create(folder, org_id="00D", name="O", my_domain_url="http://o", now=lambda: moment)
    rows = [
        [country, rating, number, False]
        for country in VALUES["Country"]
        for rating in VALUES["Rating"]
        for number in VALUES["NumberOfEmployees"]
    ]
    org.insert_rows("Lead", [*VALUES, "IsConverted"], rows)
    yield org
    org.close()


def without_conditions(operator):
    return type("Local", (operator,), {"__doc__": "Tested here.", "conditions": lambda _self, _operand: None})


BUILT_IN = {getattr(module, name).name: getattr(module, name) for module in (plain, text) for name in module.__all__}
MIXED = {**BUILT_IN, **{f"local-{name}": without_conditions(BUILT_IN[name]) for name in NAMES}}
"""Each operator, and one of the same meaning that Salesforce cannot test."""


@st.composite
def criterion(draw):
    field = draw(st.sampled_from(sorted(VALUES)))
    name = draw(st.sampled_from(NAMES))
    value = "" if name.startswith("is-") else draw(st.sampled_from(TYPED[field]))
    return Criterion(field, draw(st.sampled_from(("", "local-"))) + name, value)


@st.composite
def logic(draw, rows):
    """A tree that names each of the rows once."""
    if len(rows) == 1:
        tree = rows[0]
    else:
        cut = draw(st.integers(1, len(rows) - 1))
        tree = (draw(st.sampled_from(("AND", "OR"))), draw(logic(rows[:cut])), draw(logic(rows[cut:])))
    return ("NOT", tree) if draw(st.booleans()) else tree


def spell(tree):
    if isinstance(tree, int):
        return str(tree)
    if tree[0] == "NOT":
        return f"NOT ({spell(tree[1])})"
    return f"({spell(tree[1])} {tree[0]} {spell(tree[2])})"


def holds(tree, truths):
    """The logic itself, evaluated as it reads."""
    if isinstance(tree, int):
        return truths[tree - 1]
    if tree[0] == "NOT":
        return not holds(tree[1], truths)
    pair = holds(tree[1], truths), holds(tree[2], truths)
    return all(pair) if tree[0] == "AND" else any(pair)


@pytest.fixture(scope="module")
def records(org):
    return org.rows(f"SELECT Id, {', '.join(VALUES)} FROM Lead")


@pytest.fixture
def typed_records(records, lead):
    return {row["Id"]: typed(row, lead) for row in records}


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pushdown_and_rest_are_the_direct_evaluation(org, typed_records, lead, now, data):
    rows = tuple(data.draw(st.lists(criterion(), min_size=1, max_size=5)))
    tree = data.draw(logic(list(range(1, len(rows) + 1))))
    try:
        compiled = compile_audience(Audience("Lead", rows, spell(tree)), lead, MIXED, now)
    except InvalidParams as error:
        # Some operators do not go with some fields.
        assume(not error.problems)

    statement = soql.select_query("Lead", ["Id"], compiled, now)
    asked = {row["Id"] for row in org.rows(statement)}
    found = {key for key in asked if not compiled.remainder or compiled.matches(typed_records[key], now)}

    direct = {
        key
        for key, record in typed_records.items()
        if holds(tree, [truth(one, record, now, compiled) for one in enumerate(rows)])
    }
    assert len(typed_records) == 90
    assert found == direct, statement
    is_local = any(row.operator.startswith("local-") for row in rows)
    assert is_local or not compiled.remainder, "what Salesforce can test is tested there alone"


def truth(numbered, record, now, compiled):
    """Is one row true of a record, by the operator itself?"""
    number, row = numbered
    operator = build(MIXED[row.operator], {})
    return operator.matches(record[row.field], compiled.rows[number].operand, now)


def typed(row, lead):
    return {name: parse_text(lead.get(name).type, None if row[name] is None else str(row[name])) for name in VALUES}


def test_a_row_that_salesforce_can_test_narrows_what_is_read(org, lead, now):
    rows = (Criterion("Country", "local-contains", "a"), Criterion("Rating", "equals", "Hot"))

    compiled = compile_audience(Audience("Lead", rows, "1 AND 2"), lead, MIXED, now)

    asked = org.rows(soql.select_query("Lead", ["Id", "Rating"], compiled, now))
    assert compiled.remainder
    assert {row["Rating"] for row in asked} == {"Hot"}
