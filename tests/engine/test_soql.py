from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lsync_flask.engine import soql
from lsync_flask.engine.audience import Audience, Criterion, compile_audience
from lsync_flask.errors import FatalError, InvalidParams
from lsync_flask.plugin_api import Condition


@pytest.fixture
def where(account, operators, now):
    def where(*criteria, logic=""):
        audience = Audience("Account", tuple(Criterion(*each) for each in criteria), logic)
        return soql.where(compile_audience(audience, account, operators, now), now=now)

    return where


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("O'Neil", r"'O\'Neil'"),
        ("back\\slash", r"'back\\slash'"),
        ("\\'", r"'\\\''"),
        ('"', r"'\"'"),
        ("a\nb\rc\td\be\ff", r"'a\nb\rc\td\be\ff'"),
        ("\x00\x1b", r"'\u0000\u001B'"),
        ("50%_", "'50%_'"),
        ("Müller 株式会社 😀", "'Müller 株式会社 😀'"),
        ("\ud800", r"'\uD800'"),
    ],
)
def test_every_character_is_escaped_as_soql_asks(text, literal):
    assert soql.quote_text(text) == literal


def test_wildcards_are_escaped_in_patterns_only_where_typed():
    assert soql.quote_like("50%_'\\", before="%", after="%") == r"'%50\%\_\'\\%'"


def test_ids_are_checked_before_they_are_written():
    assert soql.quote_id_list(["005gL000002iC2jQAE", "00QgL000002iC2j"]) == "('005gL000002iC2jQAE', '00QgL000002iC2j')"
    with pytest.raises(FatalError):
        soql.quote_id_list(["005gL000002iC2jQAE') OR (Name != '"])
    with pytest.raises(FatalError):
        soql.quote_id_list([])


@pytest.mark.parametrize(
    ("criterion", "positive", "negative"),
    [
        (("Country", "equals", "Chile"), "Country = 'Chile'", "Country != 'Chile'"),
        (("Country", "equals", "A, B"), "Country IN ('A', 'B')", "Country NOT IN ('A', 'B')"),
        (("Country", "equals", ""), "Country = null", "Country != null"),
        (("Country", "equals", 'A, ""'), "Country = 'A' OR Country = null", "Country != 'A' AND Country != null"),
        (("Country", "not-equal", "Chile"), "Country != 'Chile'", "Country = 'Chile'"),
        (("Country", "not-equal", ""), "Country != null", "Country = null"),
        (("Country", "contains", "x%"), r"Country LIKE '%x\%%'", r"(NOT Country LIKE '%x\%%')"),
        (
            ("Country", "contains", "x, y"),
            "Country LIKE '%x%' OR Country LIKE '%y%'",
            "(NOT Country LIKE '%x%') AND (NOT Country LIKE '%y%')",
        ),
        (("DoNotCall", "equals", "true"), "DoNotCall = TRUE", "DoNotCall != TRUE"),
        (("Score__c", "less-than", "1.50"), "Score__c < 1.50", "Score__c >= 1.50 OR Score__c = null"),
        (("AnnualRevenue", "equals", "1E6"), "AnnualRevenue = 1000000", "AnnualRevenue != 1000000"),
        (
            ("Score__c", "between", "1, 2"),
            "Score__c >= 1 AND Score__c <= 2",
            "Score__c < 1 OR Score__c = null OR Score__c > 2 OR Score__c = null",
        ),
        (
            ("Founded__c", "equals", "this month"),
            "Founded__c >= 2026-11-01 AND Founded__c < 2026-12-01",
            "Founded__c < 2026-11-01 OR Founded__c >= 2026-12-01 OR Founded__c = null",
        ),
        (
            ("Seen__c", "in-last-days", "1"),
            "Seen__c >= 2026-11-22T05:00:00Z AND Seen__c < 2026-11-24T05:00:00Z",
            "Seen__c < 2026-11-22T05:00:00Z OR Seen__c >= 2026-11-24T05:00:00Z OR Seen__c = null",
        ),
        (
            ("Colours__c", "includes", "Red;Blue, Green"),
            "Colours__c INCLUDES ('Red;Blue', 'Green')",
            "Colours__c EXCLUDES ('Red;Blue', 'Green')",
        ),
        (
            ("Colours__c", "equals", "Red, Green"),
            "Colours__c = 'Red' OR Colours__c = 'Green'",
            "Colours__c != 'Red' AND Colours__c != 'Green'",
        ),
        (("OwnerId", "equals", "005gL000002iC2j"), "OwnerId = '005gL000002iC2jQAE'", "OwnerId != '005gL000002iC2jQAE'"),
    ],
)
def test_a_row_and_its_opposite_are_spelled(where, criterion, positive, negative):
    assert where(criterion) == positive
    assert where(criterion, logic="NOT 1") == negative


def test_a_day_on_a_date_field_is_compared_as_a_value(where):
    assert where(("Founded__c", "equals", "2026-11-23")) == "Founded__c = 2026-11-23"


def test_parentheses_stand_where_and_meets_or_and_nowhere_else(where):
    rows = [("Country", "equals", name) for name in "abcd"]

    spelled = where(*rows, logic="(1 AND 2) AND (3 OR NOT (4 AND 1))")

    assert spelled == "Country = 'a' AND Country = 'b' AND (Country = 'c' OR Country != 'd' OR Country != 'a')"


def test_a_lead_audience_always_leaves_out_converted_leads(lead, operators, now):
    rows = (Criterion("Country", "equals", "a"), Criterion("Country", "equals", "b"))
    compiled = compile_audience(Audience("Lead", rows, "1 OR 2"), lead, operators, now)

    assert soql.count_query("Lead", compiled, now) == (
        "SELECT COUNT() FROM Lead WHERE (Country = 'a' OR Country = 'b') AND IsConverted = false"
    )
    assert soql.count_query("Lead", None, now) == "SELECT COUNT() FROM Lead WHERE IsConverted = false"
    assert soql.count_query("Account", None, now) == "SELECT COUNT() FROM Account"


@pytest.mark.parametrize(
    ("logic", "spelled"),
    [
        ("1 AND 2", "Country = 'a'"),
        ("1 OR 2", ""),
        ("NOT (1 OR 2)", "Country != 'a'"),
        ("NOT (1 AND 2)", ""),
        ("1 AND (2 OR 1)", "Country = 'a'"),
        ("NOT 1 AND NOT 2", "Country != 'a'"),
    ],
)
def test_what_salesforce_cannot_test_is_left_out_so_that_no_record_is_lost(account, operators, now, logic, spelled):
    rows = (Criterion("Country", "equals", "a"), Criterion("Country", "odd-length"))

    compiled = compile_audience(Audience("Account", rows, logic), account, operators, now)

    assert compiled.remainder
    assert soql.where(compiled, now=now) == spelled


def test_a_statement_has_columns_order_and_limit(account, operators, now):
    compiled = compile_audience(Audience("Account"), account, operators, now)

    statement = soql.select_query(
        "Account", ["Id", "Owner.Name"], compiled, now, limit=5, order_by=["Name DESC NULLS LAST"]
    )

    assert statement == "SELECT Id, Owner.Name FROM Account ORDER BY Name DESC NULLS LAST LIMIT 5"


@pytest.mark.parametrize("column", ["Id FROM User", "Name,Id", "", "Id)", "a.b.c.d.e.f.g"])
def test_a_column_that_is_no_name_is_refused(now, column):
    with pytest.raises(FatalError):
        soql.select_query("Account", [column], None, now)
    with pytest.raises(FatalError):
        soql.select_query("Account", ["Id"], None, now, order_by=[column])


def test_a_query_longer_than_salesforce_takes_is_refused(where):
    words = ["x" * 3900 + str(number) for number in range(30)]

    with pytest.raises(InvalidParams, match="Salesforce takes 100,000"):
        where(("Country", "equals", words))


@pytest.mark.parametrize(
    ("field", "test", "operand"),
    [
        ("AnnualRevenue", "equals", "1 OR Name != 'x'"),
        ("AnnualRevenue", "equals", True),
        ("AnnualRevenue", "equals", Decimal("NaN")),
        ("DoNotCall", "equals", "TRUE"),
        ("DoNotCall", "equals", None),
        ("DoNotCall", "less", True),
        ("Founded__c", "equals", "2026-11-23 OR Id != null"),
        ("Founded__c", "equals", datetime(2026, 11, 23, tzinfo=UTC)),
        ("Seen__c", "equals", date(2026, 11, 23)),
        ("Seen__c", "in range", 5),
        ("OwnerId", "equals", "x' OR Name != '"),
        ("OwnerId", "contains", "005"),
        ("AnnualRevenue", "contains", "5"),
        ("Country", "includes", ("x",)),
        ("Country", "equals", 5),
        ("Country", "less", None),
        ("Country", "one of", ()),
        ("Country", "starts with", ("a", None)),
    ],
)
def test_what_a_plugin_asks_for_is_never_written_unchecked(fields, now, field, test, operand):
    with pytest.raises(InvalidParams):
        soql.check_condition(field, fields[field], Condition(test, operand), now)
