from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lsync_flask.engine.audience import Audience, Criterion, compile_audience
from lsync_flask.engine.filter_logic import FilterLogicError
from lsync_flask.engine.operands import split_list
from lsync_flask.errors import InvalidParams, PluginFailed
from lsync_flask.plugin_api import Condition


@pytest.fixture
def read(lead, operators, now):
    def read(field, operator, value=None):
        audience = Audience("Lead", (Criterion(field, operator, value),))
        return compile_audience(audience, lead, operators, now).rows[0].operand

    return read


@pytest.fixture
def problems(lead, operators, now):
    def problems(*criteria, logic=""):
        with pytest.raises(InvalidParams) as caught:
            compile_audience(
                Audience("Lead", tuple(Criterion(*each) for each in criteria), logic), lead, operators, now
            )
        return caught.value.problems

    return problems


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a, b ,c", ["a", "b", "c"]),
        ('"a, b", c', ["a, b", "c"]),
        ('"say ""hi""", x', ['say "hi"', "x"]),
        ('5" pipe, x', ['5" pipe', "x"]),
        ('"open, x', ['"open', "x"]),
        ("a,, b,", ["a", "b"]),
        ('a, ""', ["a", ""]),
        ("", [""]),
        (" , ", [""]),
    ],
)
def test_a_comma_makes_a_list_and_quotes_protect_it(text, parts):
    assert split_list(text) == parts


@pytest.mark.parametrize(
    ("field", "operator", "value", "operand"),
    [
        ("Company", "equals", "Acme", ("Acme",)),
        ("Company", "equals", 'O\'Neil, "Smith, Jones"', ("O'Neil", "Smith, Jones")),
        ("Company", "equals", ["a, b", "c"], ("a, b", "c")),
        ("Company", "equals", "", (None,)),
        ("Company", "equals", None, (None,)),
        ("Company", "equals", 'Acme, ""', ("Acme", None)),
        ("Company", "starts-with", " a, b ", "a, b"),
        ("Company", "starts-with", '" a"', " a"),
        ("Rating", "equals", "very hot, COLD, Lukewarm", ("Hot", "Cold", "Lukewarm")),
        ("Colours__c", "includes", "red;blue, Green", ("Red;Blue", "Green")),
        ("DoNotCall", "equals", "Yes", (True,)),
        ("DoNotCall", "equals", False, (False,)),
        ("NumberOfEmployees", "equals", "10, 200", (10, 200)),
        ("NumberOfEmployees", "less-than", 10, 10),
        ("AnnualRevenue", "less-than", "1E6", Decimal(1000000)),
        ("Share__c", "less-than", "12.5%", Decimal("12.5")),
        ("Score__c", "less-than", 0.1, Decimal("0.1")),
        ("Score__c", "between", {"from": "1", "to": 2}, (Decimal(1), Decimal(2))),
        ("Score__c", "between", "1, 2", (Decimal(1), Decimal(2))),
        ("Founded__c", "less-than", "2026-11-23", date(2026, 11, 23)),
        ("Founded__c", "less-than", "last 30 days", "LAST_N_DAYS:30"),
        ("Seen__c", "less-than", "2026-11-23", "2026-11-23"),
        ("Seen__c", "less-than", "2026-11-23 09:30", datetime(2026, 11, 23, 14, 30, tzinfo=UTC)),
        ("Seen__c", "less-than", "2026-11-23T09:30:00Z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("Seen__c", "between", ["LAST_N_DAYS:30", "today"], ("LAST_N_DAYS:30", "TODAY")),
        ("Seen__c", "in-last-days", "7", 7),
        ("OwnerId", "equals", "005gL000002iC2j", ("005gL000002iC2jQAE",)),
        ("Company", "is-empty", "left over", None),
    ],
)
def test_what_is_typed_becomes_values_of_the_fields_type(read, field, operator, value, operand):
    assert read(field, operator, value) == operand


@pytest.mark.parametrize(
    ("criterion", "key", "words"),
    [
        (("Nope", "equals", "x"), "field", "Lead has no field Nope"),
        (("", "equals", "x"), "field", "Choose a field."),
        (("Owner.Nope", "equals", "x"), "field", "no field Owner.Nope"),
        (("Description", "contains", "x"), "field", "long text area that Salesforce cannot filter by"),
        (("Company", "sounds-like", "x"), "operator", "There is no operator sounds-like"),
        (("Company", "", "x"), "operator", "Choose an operator."),
        (
            ("DoNotCall", "contains", "x"),
            "operator",
            "“contains” cannot be used with DoNotCall, which is a checkbox field",
        ),
        (("NumberOfEmployees", "less-than", "many"), "value", "“many” is not a number"),
        (("NumberOfEmployees", "less-than", "1.5"), "value", "whole numbers"),
        (("NumberOfEmployees", "less-than", "3000000000"), "value", "whole numbers"),
        (("NumberOfEmployees", "equals", "5,000"), "value", "such as 5000, or put a space"),
        (("NumberOfEmployees", "less-than", ""), "value", "Type one value"),
        (("Score__c", "less-than", "1E40"), "value", "more digits"),
        (("Score__c", "less-than", "NaN"), "value", "is not a number"),
        (("Score__c", "between", {"from": "1"}), "value", "Fill in both values"),
        (("Score__c", "between", {"from": "2", "to": "1"}), "value", "must not be greater"),
        (("Seen__c", "between", {"from": "today", "to": "2026-11-01 10:00"}), "value", "must not be greater"),
        (("Founded__c", "less-than", "23.11.2026"), "value", "write 2026-11-23, or a period"),
        (("Founded__c", "less-than", "2026-11-23T10:00:00Z"), "value", "does not fit Founded"),
        (("Founded__c", "less-than", "THIS_FISCAL_YEAR"), "value", "fiscal year"),
        (("Founded__c", "less-than", "LAST 900 YEARS"), "value", "goes too far back"),
        (("Seen__c", "in-last-days", "-1"), "value", "whole number of days"),
        (("Seen__c", "in-last-days", "1.5"), "value", "whole number of days"),
        (("DoNotCall", "equals", ""), "value", "type true or false"),
        (("OwnerId", "equals", "Ann"), "value", "is no record id"),
        (("Company", "contains", ""), "value", "Type the text to look for"),
        (("Company", "equals", {"a": 1}), "value", "Type a text or a number"),
        (("Company", "equals", "x" * 4001), "value", "Salesforce takes 4,000"),
        (("Company", "broken", "fail"), "value", "“is broken” failed on this value (ZeroDivisionError)"),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence_at_its_place(problems, criterion, key, words):
    found = problems(criterion)

    assert list(found) == [f"criteria.0.{key}"]
    assert words in found[f"criteria.0.{key}"]


def test_all_problems_of_all_rows_and_of_the_logic_are_told_at_once(problems):
    found = problems(("Company", "equals", "x"), ("Nope", "equals"), ("DoNotCall", "equals", "x"), logic="1 AND 9")

    assert set(found) == {"criteria.1.field", "criteria.2.value", "logic"}


def test_bad_logic_alone_brings_its_positions(lead, operators, now):
    audience = Audience("Lead", (Criterion("Company", "equals", "x"),), "1 AND")

    with pytest.raises(FilterLogicError) as caught:
        compile_audience(audience, lead, operators, now)

    assert caught.value.positions[0].position == 5


def test_more_rows_than_25_are_refused(problems):
    assert "25 are the most" in problems(*[("Company", "equals", "x")] * 26)["criteria"]


def test_a_path_is_spelled_as_describe_spells_it(lead, operators, now):
    audience = Audience("Lead", (Criterion("owner.name", "contains", "Ann"), Criterion("company", "equals", "x")))

    compiled = compile_audience(audience, lead, operators, now)

    assert compiled.paths == ("Owner.Name", "Company")


def test_the_audience_is_said_in_words(lead, operators, now):
    criteria = (
        Criterion("Country", "equals", "Chile, Peru"),
        Criterion("Rating", "is-empty"),
        Criterion("Seen__c", "less-than", "last 30 days"),
        Criterion("Score__c", "between", "1, 2"),
    )

    compiled = compile_audience(Audience("Lead", criteria, "1 AND (2 OR NOT 3) AND 4"), lead, operators, now)

    assert compiled.sentence == (
        'Leads that are not converted where Country equals "Chile" or "Peru" and (Rating is empty or not (Seen less than '
        "LAST_N_DAYS:30)) and Score between 1 and 2"
    )


def test_an_audience_without_criteria_is_everybody(account, operators, now):
    compiled = compile_audience(Audience("Account"), account, operators, now)

    assert compiled.sentence == "All Accounts"
    assert compiled.matches({}, now)


def test_an_operator_that_fails_on_a_record_rejects_it_by_name(lead, operators, now):
    compiled = compile_audience(Audience("Lead", (Criterion("Company", "broken", "x"),)), lead, operators, now)

    with pytest.raises(PluginFailed, match=r"broken failed on Company \(ZeroDivisionError\)"):
        compiled.matches({"Company": "Acme"}, now)


@pytest.mark.parametrize("answer", [None, 1, "yes", SystemExit(1)])
def test_an_operator_that_gives_neither_true_nor_false_rejects_the_record(lead, operators, now, answer):
    class Odd(operators["broken"]):
        """Says neither yes nor no, or leaves."""

        def matches(self, value, operand, now):
            if isinstance(answer, BaseException):
                raise answer
            return answer

    audience = Audience("Lead", (Criterion("Company", "broken", "x"),))
    compiled = compile_audience(audience, lead, {"broken": Odd}, now)

    with pytest.raises(PluginFailed, match="broken failed on Company"):
        compiled.matches({"Company": "Acme"}, now)


@pytest.mark.parametrize("conditions", [5, ["Name = 'x'"], [Condition("like", "x")], SystemExit(1)])
def test_conditions_that_are_none_are_told_when_the_filter_is_checked(lead, operators, now, conditions):
    class Odd(operators["broken"]):
        """Gives what is no condition."""

        def conditions(self, operand):
            if isinstance(conditions, BaseException):
                raise conditions
            return conditions

    audience = Audience("Lead", (Criterion("Company", "broken", "x"),))

    with pytest.raises(InvalidParams, match="failed on this value"):
        compile_audience(audience, lead, {"broken": Odd}, now)
