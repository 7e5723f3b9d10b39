"""What an operator means here and what Salesforce finds by its conditions must be the same records."""

from datetime import UTC, datetime
from itertools import product

import pytest

from lsync_flask.builtins import operators, text_operators
from lsync_flask.engine import soql
from lsync_flask.engine.audience import Audience, Criterion, compile_audience
from lsync_flask.engine.fields import FieldInfo, ObjectInfo, PicklistValue
from lsync_flask.engine.values import parse_text
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.schema import Field

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
OPERATORS = {
    cls.name: cls for module in (operators, text_operators) for cls in (getattr(module, n) for n in module.__all__)
}
COLOURS = tuple(PicklistValue(name, name) for name in ("Red", "Green", "Blue"))
KINDS = {
    "Text__c": "string",
    "Colours__c": "multipicklist",
    "Flag__c": "boolean",
    "Count__c": "double",
    "Day__c": "date",
    "Moment__c": "datetime",
}
SAMPLES = {
    "Text__c": (
        None,
        "Acme",
        "ACME Corp",
        "50%_off",
        "a_b",
        'it\'s \\ "x"',
        "two\nlines",
        "Müller",
        "MÜLLER AG",
        "zebra",
    ),
    "Colours__c": (None, "Red", "Red;Green", "Red;Green;Blue", "Blue"),
    "Flag__c": (True, False),
    "Count__c": (None, 0.0, 5.0, -2.25, 100.0),
    "Day__c": (None, "2026-11-23", "2026-11-22", "2026-10-24", "2026-10-23", "2026-11-24", "1850-01-01"),
    "Moment__c": (
        None,
        "2026-11-22T23:59:59.000Z",
        "2026-11-23T00:00:00.000Z",
        "2026-11-23T23:59:59.000Z",
        "2026-11-24T00:00:00.000Z",
        "2026-10-24T00:00:00.000Z",
        "2026-10-23T23:59:59.000Z",
    ),
}
TYPED = {
    "Text__c": (
        "acme",
        "Acme, zebra",
        "müller",
        '"", Acme',
        "%",
        "_",
        "\\",
        "'",
        '"two\nlines"',
        "",
        "50%_OFF",
        "a_b",
        "G",
    ),
    "Colours__c": ("Red", "Green;Red", "Red, Blue", "", '"", Red', "Red;Green;Blue"),
    "Flag__c": ("true", "false", "true, false"),
    "Count__c": ("5", "0, 100", "", '"", -2.25', "-2.25", "99.5"),
    "Day__c": ("2026-11-23", "TODAY", "LAST 30 DAYS", "this month, 1850-01-01", "", '"", yesterday', "next month"),
    "Moment__c": ("2026-11-23", "TODAY", "last 30 days", "2026-11-23T00:00:00Z", "", '"", yesterday', "this month"),
}
PAIRS = {"Count__c": ("0, 5", "-10, 0"), "Day__c": ("2026-10-24, TODAY", "last month, today")}
PAIRS["Moment__c"] = PAIRS["Day__c"]


def typed_for(field, operator):
    takes = OPERATORS[operator].operands
    if takes == "none":
        return ("",)
    if takes == "days":
        return ("0", "1", "30")
    if takes == "two":
        return PAIRS[field]
    return [value for value in TYPED[field] if can_be_asked(operator, field, value)]


def can_be_asked(operator, field, value):
    """Some operators take one value, some no blank; a checkbox is one of two."""
    is_search = operator in {"contains", "not-contains", "starts-with", "ends-with"}
    has_blank = value == "" or '""' in value.split(", ")
    if has_blank and (is_search or OPERATORS[operator].operands == "one"):
        return False
    return OPERATORS[operator].operands == "many" or ", " not in value


CASES = [
    (field, name, value)
    for field, name in product(KINDS, sorted(OPERATORS))
    if KINDS[field] in OPERATORS[name].types
    for value in typed_for(field, name)
]


@pytest.fixture(scope="module")
def lead():
    fields = {
        name: FieldInfo(name, name, kind, length=255, precision=18, scale=2, values=COLOURS if "Col" in name else ())
        for name, kind in KINDS.items()
    }
    return ObjectInfo("Lead", "Lead", "Leads", "00Q", fields)


@pytest.fixture(scope="module")
def org(tmp_path_factory):
    org = Org.create(tmp_path_factory.mktemp("org"), org_id="00D", name="O", my_domain_url="http://o", now=lambda: NOW)
    for name, kind in KINDS.items():
        org.add_field(
            "Lead",
            Field(name, name, kind, length=255, precision=18, scale=2, filterable=True, custom=True, nillable=True),
        )
    rows = [
        [value if column == name else SAMPLES[column][number % len(SAMPLES[column])] for column in KINDS]
        for name in KINDS
        for number, value in enumerate(SAMPLES[name])
    ]
    org.insert_rows("Lead", [*KINDS, "IsConverted"], [[*row, False] for row in rows])
    yield org
    org.close()


@pytest.fixture(scope="module")
def records(org, lead):
    found = org.rows(f"SELECT Id, {', '.join(KINDS)} FROM Lead")
    return {row["Id"]: {name: parse_text(kind, spell(row[name])) for name, kind in KINDS.items()} for row in found}


def spell(value):
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(("field", "operator", "value"), CASES)
def test_both_meanings_find_the_same_records(org, records, lead, field, operator, value):
    compiled = compile_audience(Audience("Lead", (Criterion(field, operator, value),)), lead, OPERATORS, NOW)

    statement = soql.select_query("Lead", ["Id"], compiled, NOW)
    asked = {row["Id"] for row in org.rows(statement)}
    tested = {record_id for record_id, record in records.items() if compiled.matches(record, NOW)}

    assert not compiled.remainder
    assert tested == asked, statement
