"""The same audience asked of a simulated org and tested here record by record must hold the same records."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lsync_flask.engine import soql
from lsync_flask.engine.audience import Audience, Criterion, compile_audience
from lsync_flask.engine.values import parse_text
from lsync_flask.errors import InvalidParams
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.schema import Field

TEXTS = (None, "Acme", "ACME Corp", "50%_off", "a_b", 'it\'s \\ "quoted"', "line\nbreak", "Müller", "100")
SAMPLES = {
    "Country": TEXTS,
    "Rating": (None, "Hot", "Cold"),
    "Colours__c": (None, "Red", "Red;Green", "Red;Green;Blue", "Blue"),
    "DoNotCall__c": (True, False),
    "NumberOfEmployees": (None, 0, 5, 100, -3),
    "Score__c": (None, 0.0, 1.5, -2.25, 100.0),
    "Founded__c": (None, "2026-11-23", "2026-11-22", "2026-10-24", "2026-10-23", "2026-12-01", "1850-01-01"),
    "Seen__c": (
        None,
        "2026-11-23T04:59:59.000Z",
        "2026-11-23T05:00:00.000Z",
        "2026-11-24T04:59:59.000Z",
        "2026-11-24T05:00:00.000Z",
        "2026-10-24T04:00:00.000Z",
    ),
}
CUSTOM = {"Colours__c": "multipicklist", "Score__c": "double", "Founded__c": "date", "Seen__c": "datetime"}
TYPED = {
    "Country": ("acme", "Acme, 100", '"", Müller', "%", "_", "\\", "'", '"line\nbreak"', "", "50%_OFF", "a_b"),
    "Rating": ("hot", "Hot, Cold", "", '"", Very hot', "o"),
    "Colours__c": ("Red", "Green;Red", "Red, Blue", "", '"", Red'),
    "DoNotCall": ("true", "false", "true, false"),
    "NumberOfEmployees": ("5", "0, 100", "", '"", -3', "1, 5"),
    "Score__c": ("1.5", "0", "-2.25, 100", "", "-3, 2"),
    "Founded__c": ("2026-11-23", "TODAY", "LAST 30 DAYS", "this month, 1850-01-01", "", "2026-10-24, today"),
    "Seen__c": (
        "2026-11-23",
        "TODAY",
        "last 30 days",
        "2026-11-23T05:00:00Z",
        "",
        '"", yesterday',
        "2026-10-24, today",
    ),
}
LOGICS = ("", "1 OR 2", "NOT (1 OR 2)", "NOT (1 AND 2)", "1 AND NOT 2", "NOT 1 OR 2")


@pytest.fixture(scope="module")
def org(tmp_path_factory):
    moment = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    org = Org.create(
        tmp_path_factory.mktemp("org"), org_id="00D", name="O", my_domain_url="http://o", now=lambda: moment
    )
    for name, kind in {**CUSTOM, "DoNotCall__c": "boolean"}.items():
        org.add_field(
            "Lead", Field(name, name, kind, precision=18, scale=2, filterable=True, custom=True, nillable=True)
        )
    columns = list(SAMPLES)
    rows = zip(*(itertools.islice(itertools.cycle(SAMPLES[name]), 60) for name in columns), strict=True)
    org.insert_rows("Lead", [*columns, "IsConverted"], [[*row, False] for row in rows])
    org.insert_rows("Lead", [*columns, "IsConverted"], [[*(SAMPLES[name][1] for name in columns), True]])
    yield org
    org.close()


@pytest.fixture(scope="module")
def records(org):
    found = org.rows(f"SELECT Id, {', '.join(SAMPLES)} FROM Lead WHERE IsConverted = false")
    assert len(found) == 60
    return [{**record, "DoNotCall": record["DoNotCall__c"]} for record in found]


@st.composite
def criteria(draw, operators, lead):
    field = draw(st.sampled_from(sorted(TYPED)))
    offered = {name for name, operator in operators.items() if lead.get(field).type in operator.types}
    operator = draw(st.sampled_from(sorted(offered - {"broken"})))
    days = st.sampled_from(("0", "1", "30"))
    return Criterion(field, operator, draw(days if operator == "in-last-days" else st.sampled_from(TYPED[field])))


@given(data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_salesforce_and_the_engine_find_the_same_records(org, records, lead, operators, now, data):
    rows = tuple(data.draw(st.lists(criteria(operators, lead), min_size=2, max_size=2)))
    audience = Audience("Lead", rows, data.draw(st.sampled_from(LOGICS)))
    try:
        compiled = compile_audience(audience, lead, operators, now)
    except InvalidParams:
        return

    statement = soql.select_query("Lead", ["Id"], compiled, now).replace("DoNotCall", "DoNotCall__c")
    asked = {row["Id"] for row in org.rows(statement)}
    tested = {record["Id"] for record in records if compiled.matches(typed(record, lead), now)}

    assert tested <= asked, statement
    assert compiled.remainder or tested == asked, statement


def typed(record, lead):
    texts = {name: as_text(value) for name, value in record.items() if lead.find(name)}
    return {name: parse_text(lead.get(name).type, text) for name, text in texts.items()}


def as_text(value):
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
