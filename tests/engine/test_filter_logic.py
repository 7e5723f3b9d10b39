import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsync_flask.engine.filter_logic import (
    And,
    FilterLogicError,
    Not,
    Or,
    Row,
    is_true,
    parse_filter_logic,
    push_not,
    spell_filter_logic,
)


def problems(text, rows):
    with pytest.raises(FilterLogicError) as caught:
        parse_filter_logic(text, rows)
    return [(problem.position, problem.length, problem.text) for problem in caught.value.positions]


def test_no_logic_means_all_rows():
    assert parse_filter_logic("  ", 3) == And((Row(1), Row(2), Row(3)))
    assert parse_filter_logic("", 1) == Row(1)
    assert parse_filter_logic("", 0) == And(())


def test_parentheses_and_not_are_read_in_any_case():
    node = parse_filter_logic("1 and (2 Or NOT 3)", 3)

    assert node == And((Row(1), Or((Row(2), Not(Row(3))))))


def test_not_binds_to_what_follows_it_directly():
    assert parse_filter_logic("NOT 1 AND 2", 2) == And((Not(Row(1)), Row(2)))
    assert parse_filter_logic("NOT (1 AND 2)", 2) == Not(And((Row(1), Row(2))))


def test_mixing_and_and_or_without_parentheses_is_named_where_it_happens():
    assert problems("1 AND 2 OR 3", 3) == [
        (8, 2, "AND and OR are mixed here: say with parentheses what belongs together.")
    ]


def test_a_row_that_does_not_exist_is_named():
    assert problems("1 AND 4", 1) == [(6, 1, "There is no row 4: there is only row 1.")]


def test_a_row_that_is_not_used_is_named():
    assert problems("1", 2) == [(1, 0, "Row 2 is not used. Every row must be part of the logic.")]


def test_all_problems_are_told_at_once():
    found = problems("1 2 && (3)) OR", 4)

    assert [(position, length) for position, length, _ in found] == [(2, 0), (4, 2), (10, 1), (14, 0), (14, 0)]
    assert "write AND" in found[1][2]


@pytest.mark.parametrize(
    ("text", "position"),
    [("AND 1", 0), ("1 AND", 5), ("1 AND ()", 7), ("(1", 0), ("1)", 1), ("1 NOT 1", 2), ("NOT", 3), ("1 OR OR 1", 5)],
)
def test_a_slip_is_told_with_its_place(text, position):
    assert position in [found for found, _, _ in problems(text, 1)]


def test_deep_parentheses_are_no_trouble():
    assert parse_filter_logic("(" * 400 + "1" + ")" * 400, 1) == Row(1)
    assert is_true(parse_filter_logic("NOT " * 240 + "1", 1), lambda _: True)


def test_a_very_long_text_is_refused():
    assert problems("1 " * 1000, 1)[0][2] == "Filter logic may have 1000 characters at most."


ROWS = 6
nodes = st.recursive(
    st.integers(1, ROWS).map(Row),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=4).map(lambda nodes: And(tuple(nodes))),
        st.lists(inner, min_size=2, max_size=4).map(lambda nodes: Or(tuple(nodes))),
    ),
    max_leaves=12,
)
truths = st.lists(st.booleans(), min_size=ROWS, max_size=ROWS)


@given(nodes)
def test_spelling_and_reading_give_the_same_node(node):
    everything = And((*map(Row, range(1, ROWS + 1)), node))

    assert parse_filter_logic(spell_filter_logic(everything), ROWS) == everything


@given(nodes, truths)
def test_pushing_not_inwards_changes_no_truth(node, truth):
    pushed = push_not(node, negated=True)

    assert is_true(pushed, lambda number: truth[number - 1]) is not is_true(node, lambda number: truth[number - 1])
    assert "NOT (" not in spell_filter_logic(pushed)


@given(st.lists(st.sampled_from(["1", "2", "AND", "OR", "NOT", "(", ")", "&", "x"]), max_size=8))
def test_whatever_is_typed_is_either_read_or_explained(words):
    node, positions = read(" ".join(words))

    assert isinstance(node, Row | Not | And | Or) is not bool(positions)


def read(text):
    try:
        return parse_filter_logic(text, 2), ()
    except FilterLogicError as error:
        return None, error.positions
