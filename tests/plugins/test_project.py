"""`lsync plugins new`: what it writes passes its own tests, and what cannot be made is said in one line."""

import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint

import pytest

from lsync_flask.cli import run
from lsync_flask.plugin_api import GROUPS
from lsync_flask.registry import Entry, discover

# Names that could hide what the project imports, or that pytest could take for a test.
NAMES = {"transform": "transform", "operator": "shout-2", "provider": "answer", "notifier": "test-it"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_in(folder, module, *arguments):
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", GROUPS)
def test_a_new_project_passes_its_own_tests_and_is_well_formatted(folder, kind):
    status = run(["plugins", "new", NAMES[kind], "--kind", kind])

    project = folder / NAMES[kind]
    tested = run_in(project, "pytest", "-q")
    formatted = run_in(project, "ruff", "format", "--check", "--line-length", "120", ".")
    assert status == 0
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout
    assert "warning" not in tested.stdout
    assert formatted.returncode == 0


@pytest.mark.parametrize("kind", GROUPS)
def test_its_entry_point_is_taken_by_the_registry(folder, kind, monkeypatch):
    run(["plugins", "new", NAMES[kind], "--kind", kind])
    declared = tomllib.loads((folder / NAMES[kind] / "pyproject.toml").read_text())
    monkeypatch.syspath_prepend(str(folder / NAMES[kind] / "src"))

    (name, value), *_ = declared["project"]["entry-points"][GROUPS[kind]].items()
    load = EntryPoint(name, value, GROUPS[kind]).load
    registry = discover(None, frozenset(), [Entry(GROUPS[kind], name, "new", "0.1.0", load)])

    assert registry.refused == ()
    assert [(found.kind, found.name) for found in registry.installed] == [(kind, NAMES[kind])]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["Bad_name"], "lower-case words joined by hyphens"),
        (["../up"], "lower-case words joined by hyphens"),
        (["a" * 61], "at most 60 characters"),
        (["trim"], "brings a transform trim already"),
        (["flask"], "as LSync itself is"),
        (["there"], "There is a there in this folder already"),
        (["mine", "--kind", "widget"], "'widget' is not one of 'transform', 'operator', 'provider', 'notifier'"),
        ([], "Missing argument 'NAME'"),
    ],
)
def test_what_cannot_be_made_is_one_line_and_exit_status_2(folder, arguments, says, capsys):
    (folder / "there").mkdir()

    status = run(["plugins", "new", *arguments])

    said = capsys.readouterr().err.strip()
    assert status == 2
    assert says in said
    assert "\n" not in said
    assert [path.name for path in folder.iterdir()] == ["there"]
