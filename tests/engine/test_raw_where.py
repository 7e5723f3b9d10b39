"""A condition in SOQL: what is one goes into the query as it is, and nothing else travels with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsync_flask.engine.raw_where import MAX_LENGTH, read_where
from lsync_flask.errors import InvalidParams


@pytest.mark.parametrize(
    "text",
    [
        "Industry = 'Banking' AND (AnnualRevenue > 1000 OR Owner.Name LIKE 'A%')",
        "CreatedDate = LAST_N_DAYS:30",
        "Id IN ('00Q000000000001AAA', '00Q000000000002AAA')",
        "Name NOT IN ('a') AND NOT (Tags__c INCLUDES ('a;b', 'c'))",
        "CreatedDate > 2026-01-01T00:00:00Z OR Day__c <= 2026-01-01",
        "Phone = null AND Ready__c = true",
        r"Name = 'it\'s; a -- /* text */ \\ with \u00e9'",
        "Orders__c = 1 AND Limit__c != USD5.5",
    ],
)
def test_a_condition_stays_as_it_is(text):
    assert read_where(f"  {text}\n") == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A__c = 'b' ORDER BY Id", "“ORDER” at character 12"),
        ("A__c = 'b' LIMIT 1", "no subquery, order or limit"),
        ("A__c = 'b'; DELETE", "“;” at character 11"),
        ("A__c = 'b') OR (C__c = 'd'", "“)” at character 11"),
        ("Id IN (SELECT Id FROM User)", "“SELECT” at character 8"),
        ("A__c = 'b' -- hidden", "Only a condition"),
        ("A__c = 'b' /* hidden */", "Only a condition"),
        ("A__c = 'b' FOR UPDATE", "“FOR”"),
        ("A__c = 'b' ALL ROWS", "“ALL”"),
        ("A__c = 'b' USING SCOPE everything", "“USING”"),
        (r"A__c = 'b\' OR C__c = 1", "does not belong"),
        (r"A__c = 'b\q'", "does not belong"),
        ("A__c = 'b\nOR C__c = 1'", "does not belong"),
        ('A__c = "b"', "single quotes"),
        ("A__c = 1 OR B__c = 2 AND C__c = 3", "need parentheses"),
        ("((A__c = 1)", "ends too early"),
        ("A__c", "ends too early"),
        ("A__c = 1 AND", "ends too early"),
        ("DISTANCE(A__c, B__c, 'mi') < 1", "does not belong"),
        ("A__c = :name", "does not belong"),
        ("A__c = 1\0", "does not belong"),
        ("A__c = '" + "x" * MAX_LENGTH + "'", "at most"),
    ],
)
def test_what_is_more_or_less_than_a_condition_is_refused_with_its_place(text, said):
    with pytest.raises(InvalidParams) as caught:
        read_where(text)

    assert said in caught.value.problems["where"]


@given(st.text(alphabet="ab'\\()=;-/*,% \n1\u00e9", max_size=40))
def test_whatever_is_taken_is_one_line_balanced_and_has_its_texts_closed(text):
    try:
        condition = read_where(text)
    except InvalidParams:
        return

    outside, inside, skip = "", False, False
    for sign in condition:
        if skip:
            skip = False
        elif inside and sign == "\\":
            skip = True
        elif sign == "'":
            inside = not inside
        elif not inside:
            outside += sign
    assert not inside
    assert outside.count("(") == outside.count(")")
    assert not {"\n", ";", "*", "/", "\\"} & set(outside)
