"""The table of faults in docs/reliability.md names tests that exist, and leaves no fault out."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reliability.md").read_text()
ROWS = re.findall(r"^\| (F\d\d) \| (.+?) \| (.+?) \| (.*?) ?\|$", TEXT, re.MULTILINE)
FAULTS = 74


def _tests_of(path):
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_fault_has_its_row():
    assert [row[0] for row in ROWS] == [f"F{number:02}" for number in range(1, FAULTS + 1)]


def test_every_test_that_is_named_exists():
    named = [name for row in ROWS for name in re.findall(r"`(tests/[^`]+)`", row[2])]

    missing = [name for name in named if name.partition("::")[2] not in _tests_of(name.partition("::")[0])]

    assert missing == []
    assert len(named) > FAULTS // 2


def test_what_nothing_shows_says_why():
    assert [row[0] for row in ROWS if row[2] == "nothing" and not row[3]] == []
