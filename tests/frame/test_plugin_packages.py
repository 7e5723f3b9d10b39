"""Every package in `plugins/` is installed by `make setup` and checked by mypy; none has to be listed by hand."""

import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))


def test_there_are_packages():
    assert PACKAGES


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.name)
def test_every_package_in_plugins_is_installed_and_type_checked(folder):
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]

    installed = distribution(project["name"])

    assert {point.name for point in installed.entry_points} == {
        name for points in project["entry-points"].values() for name in points
    }
    assert f"plugins/{folder.name}/src" in mypy["mypy_path"].split(":")
