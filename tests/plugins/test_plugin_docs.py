import re
from pathlib import Path

import pytest

from lsync_flask.plugin_api import Field, Transform
from lsync_flask.plugin_docs import markdown_of, replace_between
from lsync_flask.plugin_testing import plugin_problems
from lsync_flask.registry import Entry, discover

DOCUMENT = Path(__file__).parents[2] / "docs" / "plugins.md"


def test_the_list_of_built_ins_in_the_documentation_is_up_to_date(builtins):
    text = DOCUMENT.read_text()

    assert text == replace_between(text, markdown_of(builtins)), (
        "put what `lsync plugins --markdown` says between the markers"
    )


def test_the_tutorial_works_as_it_stands():
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    module = {"__name__": "acme_lsync"}

    exec(blocks[0], module)

    assert plugin_problems(module["LastDigits"]) == []


class Odd(Transform):
    """First line.

    More | about it.
    """

    name = "odd"
    label = "Odd | label"
    api = 1
    examples = (({"sign": "|"}, "a|b\n`c`", "x" * 100), ({"sign": "|"}, None, None))

    sign: str = Field(title="Sign", description="What | is put.")
    often: int | None = Field(default=None, title="Often", description="How often.")

    def apply(self, value, record):
        return value


@pytest.fixture
def listing():
    return markdown_of(
        discover(None, frozenset(), [Entry("lsync.transforms", "odd", "acme", "1", lambda: Odd)]), "acme"
    )


def test_a_table_survives_what_plugins_write(listing):
    rows = [line for line in listing.splitlines() if line.startswith("|")]

    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows[:4]}) == 1
    assert "`a\\|b ⏎ 'c'`" in listing
    assert "x" * 59 + "…" in listing


def test_parameters_are_listed_with_what_they_take(listing):
    assert "| `sign` | text | must be filled in | Sign. What \\| is put. |" in listing
    assert "| `often` | whole number | *blank* | Often. How often. |" in listing


def test_only_the_plugins_of_the_distribution_are_listed():
    registry = discover(None, frozenset(), [Entry("lsync.transforms", "odd", "acme", "1", lambda: Odd)])

    assert "odd" not in markdown_of(registry)


def test_a_document_without_markers_is_not_changed():
    with pytest.raises(ValueError, match="markers"):
        replace_between("no markers here", "list")
