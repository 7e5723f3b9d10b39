"""The locked dependencies: no address of a registry, every pin with hashes, and a form that pip takes as well as uv."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_has_hashes_and_no_registry_is_named(name):
    text = (ROOT / name).read_text()

    pins = re.findall(r"^[a-z0-9][^\n#]*(?:\n    [^\n]*)*", text, re.MULTILINE | re.IGNORECASE)

    assert len(pins) > 20
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []
    assert "://" not in text


def test_extras_are_kept_because_pip_refuses_hashed_pins_without_them():
    text = (ROOT / "requirements.txt").read_text()

    assert "psycopg[binary]==" in text
    assert "pyjwt[crypto]==" in text
