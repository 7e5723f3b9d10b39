"""The tutorial of docs/plugins.md, word for word, in an environment of its own beside LSync; then the broken twins."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "plugins.md").read_text().partition("## Rules")[0]
TWINS = {
    "raises": "1 / 0",
    "exits": "import sys; sys.exit(3)",
    "loops": "import time\nwhile True:\n    try:\n        time.sleep(0.1)\n    except Exception:\n        pass",
    "wrong-version": "from acme_lsync import LastDigits as Base\nclass Twin(Base):\n    'Twin.'\n    name = 'wrong-version'\n    api = 99",
    "trim": "from acme_lsync import LastDigits as Base\nclass Twin(Base):\n    'Twin.'\n    name = 'trim'",
}


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """An environment without packages that sees those of LSync's; and the commands that the tutorial names."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder)
    python = folder / "bin" / "python"
    seen = [sysconfig.get_path("purelib"), str(ROOT), *map(str, ROOT.glob("plugins/*/src"))]
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "seen.pth").write_text("\n".join(seen) + "\n")
    offline = "--no-index --no-deps --no-build-isolation --disable-pip-version-check -q"
    commands = {
        "pip": f'command=$1; shift; exec {sys.executable} -m pip --python {python} "$command" {offline} "$@"',
        "pytest": f'exec {python} -m pytest "$@"',
        "lsync": f'exec {python} -m lsync_flask "$@"',
    }
    for name, text in commands.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / "bin" / name).chmod(0o755)
    return folder


def run_in(clean, folder, line):
    environment = {**os.environ, "PATH": f"{clean / 'bin'}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": ""}
    return subprocess.run(["sh", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def install(clean, folder):
    done = run_in(clean, folder, "pip install -e .")
    assert done.returncode == 0, done.stdout + done.stderr


def write_twins(folder):
    entries = "\n".join(f'{name} = "twin_{name.replace("-", "_")}:Twin"' for name in TWINS)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "broken-twins"\nversion = "0.1.0"\n'
        f'[project.entry-points."lsync.transforms"]\n{entries}\n'
        '[tool.hatch.build.targets.wheel]\ninclude = ["*.py"]\n'
    )
    for name, text in TWINS.items():
        (folder / f"twin_{name.replace('-', '_')}.py").write_text(text + "\n")


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_tutorial_works_word_for_word_and_broken_twins_change_nothing(clean, tmp_path):
    files = re.findall(r"`([a-z_]+\.(?:toml|py))`:.*?```[a-z]+\n(.*?)```", TUTORIAL, re.DOTALL)
    lines = re.findall(r"^    (\S.*)$", TUTORIAL.partition("Then:")[2], re.MULTILINE)
    plugin, twins = tmp_path / "acme", tmp_path / "twins"
    for folder in (plugin, twins):
        folder.mkdir()

    for name, text in files:
        (plugin / name).write_text(text)
    done = {line: run_in(clean, plugin, line) for line in lines}
    write_twins(twins)
    install(clean, twins)
    used = run_in(clean, ROOT, "pytest -q -p no:cacheprovider tests/plugins/clean_activity.py")

    assert [name for name, _ in files] == ["pyproject.toml", "acme_lsync.py", "test_acme_lsync.py"]
    assert lines == ["pip install -e .", "pytest", "lsync plugins --check last-digits"]
    assert {line: one.returncode for line, one in done.items()} == dict.fromkeys(lines, 0), done
    assert "1 passed" in done["pytest"].stdout
    assert "all is well" in done[lines[-1]].stdout
    assert used.returncode == 0, used.stdout[-4000:]
    assert "1 passed" in used.stdout
