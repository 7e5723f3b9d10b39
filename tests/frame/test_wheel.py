"""The wheel that is built from the repository works outside a checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_it_carries_templates_static_files_and_migrations(wheel):
    names = zipfile.ZipFile(wheel).namelist()

    for needed in (
        "templates/mail/activity.html",
        "migrations/env.py",
        "web/static/",
        "engine/",
        "simulator/pages/",
        "org_package/main/default/",
    ):
        assert any(name.startswith(f"lsync_flask/{needed}") for name in names), needed


def test_it_upgrades_a_database_and_renders_outside_the_checkout(wheel, tmp_path):
    target = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import lsync_flask\n"
        "assert lsync_flask.__file__.startswith(sys.argv[1]), lsync_flask.__file__\n"
        "from lsync_flask.folders import folder\n"
        "from lsync_flask.storage.db import open_database\n"
        "from lsync_flask.storage.migrate import is_current, upgrade\n"
        "database = open_database('sqlite:///' + sys.argv[2])\n"
        "upgrade(database)\n"
        "print(is_current(database), (folder('templates') / 'mail' / 'activity.txt').is_file())\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", script, str(target), str(tmp_path / "x.db")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout.strip() == "True True", result.stderr
