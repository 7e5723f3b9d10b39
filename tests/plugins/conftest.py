"""The built-ins, as the main pyproject declares them."""

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from lsync_flask.plugin_api import GROUPS
from lsync_flask.registry import OWN_DISTRIBUTION, Entry, discover

ROOT = Path(__file__).parents[2]


def own_entries():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"].get("entry-points", {})
    return [
        Entry(group, name, OWN_DISTRIBUTION, "0.1.0", EntryPoint(name, value, group).load)
        for group in GROUPS.values()
        for name, value in declared.get(group, {}).items()
    ]


@pytest.fixture(scope="session")
def builtins():
    return discover(None, frozenset(), own_entries())
