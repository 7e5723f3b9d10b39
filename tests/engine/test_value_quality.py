"""One scale of certainty for all providers, and what counts as blank."""

import pytest
from pydantic import ValidationError

from lsync_flask.engine.value_quality import LEAST, grade_of, least_of
from lsync_flask.services.plan import InputRowBody, ResultMappingBody, ResultRowBody


@pytest.mark.parametrize(
    ("confidence", "grade"),
    [(100, "high"), (80, "high"), (79, "medium"), (50, "medium"), (49, "low"), (1, "low"), (0, None)],
)
def test_a_confidence_has_a_word(confidence, grade):
    assert grade_of(confidence) == grade


@pytest.mark.parametrize("word", LEAST)
def test_the_least_of_a_word_has_that_word(word):
    assert grade_of(LEAST[word]) == word


def test_a_row_asks_for_a_number_or_a_word():
    rows = [ResultRowBody(output="a", target="b", minimum_confidence=given) for given in (None, 35, "medium")]

    parsed = ResultMappingBody(rows=tuple(rows)).parsed("Lead")

    assert [row.minimum_confidence for row in parsed.rows] == [None, 35, 50]
    assert least_of("high") == 80


def test_mappings_that_were_stored_before_are_read_as_they_were():
    stored = {"rows": [{"output": "a", "target": "b", "transforms": [], "policy": "always", "minimum_confidence": 5}]}

    row = ResultMappingBody.model_validate(stored).parsed("Lead").rows[0]

    assert (row.minimum_confidence, row.placeholders) == (5, ())


@pytest.mark.parametrize("given", [101, -1, "certain", 1.5])
def test_another_certainty_is_refused(given):
    with pytest.raises(ValidationError):
        ResultRowBody(output="a", target="b", minimum_confidence=given)


@pytest.mark.parametrize("given", [("",), ("x" * 81,), ("a",) * 51])
def test_placeholders_are_few_and_short(given):
    with pytest.raises(ValidationError):
        InputRowBody(input="a", source="b", placeholders=given)
