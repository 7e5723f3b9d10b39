import re
import time

import pytest

from lsync_flask.builtins.patterns import LONGEST_TEXT, SHORTEST_LIMIT, longest_text

MANY = ["a?" * 60 + "a" * 60, "(a|a)" * 60 + "b", "(?:a{0,5}){1}" * 30, "a{1,2}" * 60 + "b", "a*" * 9, "a{0,900}" * 9]


@pytest.mark.parametrize("pattern", MANY)
def test_many_choices_behind_one_another_are_refused(pattern):
    with pytest.raises(ValueError, match="would never end"):
        longest_text(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a*a*a*b", "a"),
        ("a{0,900}a{0,900}a{0,900}b", "a"),
        ("(?:a|a)(?:a|a)(?:a|a)(?:a|a)(?:a|a)a*b", "a"),
        ("a?" * 12 + "a" * 12 + "b", "a"),
        ("^(a*)(a*)(a*)$b", "a"),
    ],
)
def test_the_worst_text_of_the_greatest_length_takes_seconds_at_most(pattern, text):
    limit = longest_text(pattern)

    started = time.process_time()
    found = re.search(pattern, text * limit)

    assert found is None
    # Seconds of this process alone, so that a busy machine changes nothing: about one, and the bound is for a slow one.
    assert time.process_time() - started < 60


@pytest.mark.parametrize(
    ("pattern", "least"),
    [
        ("[0-9]{4}", LONGEST_TEXT),
        ("id=([0-9]+)", 10_000),
        (r"(Inc|Ltd|GmbH|AG|SE|plc)\.?$", 10_000),
        ("|".join(f"word{number}" for number in range(30)), 10_000),
        (r"https?://([^/]+)/", 2_000),
        (r"(\w+)@(\w+)", 255),
        (r"^\s*(\w+)\s+(\w+)\s*$", 120),
        (r"(\d{1,2})[./](\d{1,2})[./](\d{2,4})", 10_000),
        (r"(\w+)\s*,\s*(\w+)\s*,\s*(\w+)", SHORTEST_LIMIT),
    ],
)
def test_usual_expressions_may_be_tried_on_usual_texts(pattern, least):
    assert longest_text(pattern) >= least
