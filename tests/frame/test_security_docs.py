"""The tables of docs/security.md: every attack once, every named test exists, and what nothing shows says why."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
ATTACKS = re.findall(r"^\| (S\d\d\d?) \| (.+?) \| (.+?) \| (.*?) ?\|$", TEXT, re.MULTILINE)
CHAPTERS = re.findall(r"^\| (V\d\d?) (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)
NUMBERS = 120
OUT_OF_SCOPE = {"V6", "V17"}


@cache
def _tests_of(path):
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_attack_has_its_row():
    assert [row[0] for row in ATTACKS] == [f"S{number:02}" for number in range(1, NUMBERS + 1)]


def test_every_test_that_is_named_exists():
    named = re.findall(r"`(tests/[^`]+::[^`]+)`", TEXT)

    missing = [name for name in named if name.partition("::")[2] not in _tests_of(name.partition("::")[0])]

    assert missing == []
    assert len(named) > NUMBERS


def test_what_nothing_shows_says_why():
    assert [row[0] for row in ATTACKS if "::" not in row[2] and len(row[3]) < 20] == []


def test_every_chapter_of_the_standard_that_applies_has_its_row_with_its_gaps():
    chapters = [row[0] for row in CHAPTERS]

    assert chapters == [f"V{number}" for number in range(1, 18) if f"V{number}" not in OUT_OF_SCOPE]
    assert all(row[4].strip() for row in CHAPTERS)
