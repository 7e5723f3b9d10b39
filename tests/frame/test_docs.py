from pathlib import Path

import pytest

from lsync_flask.cli import COMMANDS
from lsync_flask.settings import variable_names

ROOT = Path(__file__).parents[2]
DOCS = "\n".join(path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))])


@pytest.mark.parametrize("variable", variable_names().values())
def test_every_setting_is_documented(variable):
    assert f"`{variable}`" in DOCS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command):
    assert f"lsync {command}" in DOCS


@pytest.mark.parametrize("path", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_with_hashes_and_name_no_host(path):
    text = (ROOT / path).read_text()

    assert "://" not in text
    pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert all("==" in line for line in pinned)
    assert text.count("--hash=sha256:") >= len(pinned)
