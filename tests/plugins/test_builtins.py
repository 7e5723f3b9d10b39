"""What is asked of everything that LSync itself brings, found by the entry points of the main pyproject."""

import pytest

from lsync_flask.plugin_testing import plugin_problems


def test_none_of_the_built_ins_is_refused(builtins):
    assert builtins.refused == ()


def test_the_transforms_of_the_specification_are_there(builtins):
    names = """boolean code-to-country collapse-spaces country-to-code date-format date-parse default-if-blank
        domain-of-url first-of-list join lower number-from-text regex-extract replace round substring title-case trim
        upper value-map"""

    assert set(names.split()) <= set(builtins.transforms)


def test_the_operators_of_the_specification_are_there(builtins):
    assert len(builtins.operators) == 19


@pytest.mark.parametrize("kind", ["transforms", "operators", "providers"])
def test_every_built_in_keeps_all_rules(builtins, kind):
    problems = {name: plugin_problems(cls) for name, cls in getattr(builtins, kind).items()}

    assert {name: texts for name, texts in problems.items() if texts} == {}
