import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PLANTED = [
    ("engine/status.py", "import lsync_flask.storage.db"),
    ("services/access.py", "import lsync_flask.web"),
    ("plugin_api.py", "import lsync_flask.registry"),
    ("storage/db.py", "import lsync_flask.services.access"),
    ("engine/sizes.py", "import requests"),
    ("simulator/ids.py", "import lsync_flask.engine.fields"),
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(
        ROOT / "lsync_flask", folder / "lsync_flask", ignore=shutil.ignore_patterns("static", "__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _lint(folder):
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_run_downwards(checkout):
    result = _lint(checkout)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("path", "line"), PLANTED)
def test_a_planted_wrong_import_is_found(checkout, path, line):
    file = checkout / "lsync_flask" / path
    text = file.read_text()
    file.write_text(f"{text}\n{line}\n")

    result = _lint(checkout)

    file.write_text(text)
    assert result.returncode == 1, result.stdout
