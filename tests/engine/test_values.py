from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.readers import read_id
from lsync_flask.engine.values import parse_text, same_value, spell_json, spell_text
from lsync_flask.errors import RecordRejected

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "", None),
        ("string", None, None),
        ("string", " Acme ", " Acme "),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("int", "42", 42),
        ("int", "4.2E1", 42),
        ("currency", "1.2E7", Decimal(12000000)),
        ("double", "-0.50", Decimal("-0.5")),
        ("percent", "", None),
        ("date", "2026-11-23", date(2026, 11, 23)),
        ("datetime", "2026-11-23T12:00:00.000Z", NOON),
        ("datetime", "2026-11-23T12:00:00.000+0000", NOON),
        ("datetime", "2026-11-23T13:00:00+01:00", NOON),
        ("multipicklist", "A;B", "A;B"),
    ],
)
def test_texts_of_bulk_csv_and_rest_become_values(kind, text, value):
    parsed = parse_text(kind, text)

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("int", "many"), ("double", "NaN"), ("currency", "Infinity"), ("boolean", "maybe"), ("date", "23.11.2026")],
)
def test_a_text_that_is_no_value_of_its_type_rejects_the_record(kind, text):
    with pytest.raises(RecordRejected, match="Salesforce sent"):
        parse_text(kind, text)


@pytest.mark.parametrize("text", ["2026-13-01T00:00:00.000Z", "now", "2026-11-23T12"])
def test_a_text_that_is_no_moment_rejects_the_record(text):
    with pytest.raises(RecordRejected, match="not a date and time"):
        parse_text("datetime", text)


@pytest.mark.parametrize(
    ("name", "value", "csv", "json"),
    [
        ("Company", "Acme", "Acme", "Acme"),
        ("Company", None, "#N/A", None),
        ("Company", "", "#N/A", None),
        ("DoNotCall", True, "true", True),
        ("DoNotCall", False, "false", False),
        ("NumberOfEmployees", 1200, "1200", 1200),
        ("AnnualRevenue", Decimal("1.2E7"), "12000000", 12000000),
        ("Score__c", Decimal("12.50"), "12.50", 12.5),
        ("Founded__c", date(2026, 11, 23), "2026-11-23", "2026-11-23"),
        ("Seen__c", NOON, "2026-11-23T12:00:00.000Z", "2026-11-23T12:00:00.000Z"),
    ],
)
def test_values_are_spelled_as_each_api_wants_them(fields, name, value, csv, json):
    assert spell_text(fields[name], value) == csv
    assert spell_json(fields[name], value) == json
    assert type(spell_json(fields[name], value)) is type(json)


@pytest.mark.parametrize(
    ("name", "before", "after", "same"),
    [
        ("Company", None, "", True),
        ("Company", "Acme  ", "Acme", True),
        ("Company", "acme", "Acme", False),
        ("Street", "One\r\nTwo", "One\nTwo", True),
        ("Email", "Ann@Example.com", "ann@example.com", True),
        ("Score__c", Decimal("1.5"), Decimal("1.50"), True),
        ("Score__c", Decimal("1.501"), Decimal("1.50"), True),
        ("Score__c", Decimal("1.51"), Decimal("1.50"), False),
        ("AnnualRevenue", Decimal("1.2E7"), 12000000, True),
        ("NumberOfEmployees", None, 0, False),
        ("Colours__c", "Red;Blue", "Blue;Red", True),
        ("Colours__c", "Red", ("Red", "Blue"), False),
        ("DoNotCall", None, False, True),
        ("Seen__c", NOON, NOON.replace(microsecond=999), True),
        ("Founded__c", date(2026, 11, 23), NOON, True),
        ("OwnerId", "005gL000002iC2j", "005gL000002iC2jQAE", True),
    ],
)
def test_values_are_compared_as_salesforce_keeps_them(fields, name, before, after, same):
    assert same_value(fields[name], before, after) is same


@pytest.mark.parametrize(
    ("short", "check"),
    [
        ("005gL000002iC2j", "QAE"),
        ("00DgL000003KIqH", "UAW"),
        ("0035500001H9cak", "AAB"),
        ("a3I7400000000ep", "EAA"),
        ("012000000000000", "AAA"),
        ("750R0000000zlh9", "IAA"),
    ],
)
def test_a_short_id_gets_its_three_letters(short, check):
    assert read_id(short) == short + check
    assert read_id(short[:14]) is None


moments = st.datetimes(datetime(1700, 1, 2), datetime(3999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
kinds = st.one_of(
    st.tuples(st.just("string"), st.text(min_size=1)),
    st.tuples(st.just("boolean"), st.booleans()),
    st.tuples(st.just("int"), st.integers(-(10**8), 10**8)),
    st.tuples(st.just("double"), st.decimals(-(10**9), 10**9, places=4)),
    st.tuples(st.just("date"), st.dates(date(1700, 1, 1), date(4000, 12, 31))),
    st.tuples(st.just("datetime"), moments.map(lambda moment: moment.replace(microsecond=0))),
)


@given(kinds)
def test_what_is_spelled_for_bulk_csv_is_read_back(kind_and_value):
    kind, value = kind_and_value
    field = FieldInfo("F", "F", kind, scale=4)

    assert parse_text(kind, spell_text(field, value)) == value
    assert same_value(field, parse_text(kind, spell_text(field, value)), value)
