from typing import get_args

import pytest

from lsync_flask.engine.policies import DECISIONS, POLICIES, FieldDecision, Policy, apply_policy, is_blank


@pytest.mark.parametrize(
    ("policy", "before", "proposed", "outcome"),
    [
        ("fill_blanks", None, "new", (True, "written")),
        ("fill_blanks", " \t", "new", (True, "written")),
        ("fill_blanks", "old", "new", (False, "kept")),
        ("fill_blanks", False, True, (False, "kept")),
        ("fill_blanks", 0, 5, (False, "kept")),
        ("fill_blanks", "old", None, (False, "no_value")),
        ("provider_wins", "old", "new", (True, "written")),
        ("provider_wins", "old", "  ", (False, "no_value")),
        ("always", "old", "new", (True, "written")),
        ("always", "old", None, (True, "cleared")),
        ("always", " ", None, (False, "unchanged")),
        ("never", None, "new", (False, "never")),
    ],
)
def test_a_policy_decides_with_its_reason(policy, before, proposed, outcome):
    assert apply_policy(policy, before, proposed) == outcome


def test_every_policy_and_every_decision_has_words_for_people():
    assert set(POLICIES) == set(get_args(Policy))
    assert set(DECISIONS) == set(get_args(FieldDecision))
    assert next(iter(POLICIES)) == "fill_blanks"


def test_spaces_are_blank_and_zero_and_false_are_not():
    assert all(is_blank(value) for value in (None, "", "  ", ()))
    assert not any(is_blank(value) for value in (0, False, "0"))
