"""What a provider's plugin returns may be anything; what is kept of it can always be stored, and is never too much."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsync_flask.engine.replies import LONGEST_REF, LONGEST_VALUE, MOST_FIELDS, TOO_LARGE, check_reply
from lsync_flask.errors import OutcomeUnknown
from lsync_flask.plugin_api import Answer, Answers, Ticket
from lsync_flask.storage.bodies import decode_answers, encode_answers


def deep():
    value = []
    for _ in range(100):
        value = [value]
    return value


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [],
        "text",
        Answers(None, 1),
        Answers(["x"], 1),
        Answers({"a": 1}, 1),
        Ticket(5, 1),
        Ticket("\ud800", 1),
        Ticket("x", float("nan")),
        Ticket("x", "soon"),
        Ticket("x" * (LONGEST_REF + 1), 1),
    ],
)
def test_what_is_neither_answers_nor_a_ticket_may_have_been_paid(reply):
    with pytest.raises(OutcomeUnknown):
        check_reply(reply)


@pytest.mark.parametrize(
    "values",
    [
        {"a": "x" * (LONGEST_VALUE + 1)},
        {"a": ["x" * 600_000, "y" * 600_000]},
        dict.fromkeys(map(str, range(MOST_FIELDS + 1)), "x"),
        5,
    ],
)
def test_an_answer_that_is_too_large_becomes_an_error_of_its_record_alone(values):
    reply = check_reply(Answers([Answer("1", True, values), Answer("2", True, {"a": "x"})], 2))

    assert [(one.key, one.matched, one.error_code) for one in reply.answers] == [
        ("1", False, TOO_LARGE),
        ("2", True, None),
    ]
    assert reply.credits == 2


def test_all_values_of_a_call_together_have_a_limit():
    reply = check_reply(Answers([Answer(str(n), True, {"a": "x" * LONGEST_VALUE}) for n in range(70)], 70))

    assert [one.matched for one in reply.answers] == [True] * 64 + [False] * 6


ODD = (10**30, b"x", object(), deep(), {1: 2}, "\ud800", {"a": object()}, 1j)


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
def test_a_value_that_cannot_be_stored_is_marked_and_the_others_stay(value):
    reply = check_reply(Answers([Answer("1", True, {"odd": value, "sound": "x"})], 1))

    (kept,) = decode_answers(encode_answers(reply.answers))
    assert kept.values == {"odd": {"unreadable": type(value).__name__}, "sound": "x"}


@pytest.mark.parametrize(("given_credits", "counted"), [(3, 3), (-1, 1), ("2", 1), (None, 1), (10**40, 1)])
def test_credits_that_are_no_number_are_counted_by_matches(given_credits, counted):
    assert check_reply(Answers([Answer("1", True), Answer("2", False)], given_credits)).credits == counted


THINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(Decimal("0.1")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=6,
)


@given(
    key=st.text() | st.none(),
    values=st.dictionaries(st.text(), THINGS, max_size=4) | THINGS,
    confidence=THINGS,
    code=THINGS,
    error=THINGS,
)
@settings(max_examples=400, deadline=None)
def test_what_is_kept_can_always_be_stored(key, values, confidence, code, error):
    reply = check_reply(Answers([Answer(key, True, values, confidence, code, error)], 1))

    stored = decode_answers(encode_answers(reply.answers))

    assert all(one.confidence is None or 0 <= one.confidence <= 100 for one in stored)
