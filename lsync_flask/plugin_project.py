"""The project of a new plugin: its files are written from templates, and its tests pass as they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from lsync_flask import plugin_api, plugin_testing
from lsync_flask.errors import FatalError, InvalidParams
from lsync_flask.plugin_api import GROUPS
from lsync_flask.plugin_checks import name_problem
from lsync_flask.registry import OWN_DISTRIBUTION, Registry

__all__ = ["write_project"]

_TEMPLATES = Path(__file__).parent / "plugin_templates"
_PREFIX = "lsync-"
_IMPORTED = frozenset({*plugin_api.__all__, *plugin_testing.__all__, "Any", "Mapping", "Sequence"})
_METHODS = {
    "transform": "`apply`",
    "operator": "`matches` and `conditions`",
    "provider": "`catalogue`, `submit` and `check`",
    "notifier": "`send`",
}


def write_project(parent: Path, name: str, kind: str, registry: Registry) -> list[Path]:
    """Make the folder `name` with a project for one plugin of that name; the files, relative to the parent.

    Raises:
        InvalidParams: the name is bad or taken, or the folder is there already; nothing was written.
        FatalError: the folder cannot be written.
    """
    problem = _name_problem(parent, name, kind, registry)
    if problem:
        raise InvalidParams({"name": problem})
    words = _words(name, kind)
    files = {
        Path(name, "pyproject.toml"): "pyproject.toml",
        Path(name, "README.md"): "README.md",
        Path(name, "src", words["module"], "__init__.py"): f"{kind}.py",
        Path(name, "tests", f"test_{words['module']}.py"): f"{kind}_tests.py",
    }
    try:
        for path, template in files.items():
            _write(parent / path, template, words)
    except OSError as error:
        raise FatalError(f"{parent / name} cannot be written: {error.strerror}.") from error
    return list(files)


def _name_problem(parent: Path, name: str, kind: str, registry: Registry) -> str | None:
    if problem := name_problem(name):
        return problem
    if _distribution(name) == OWN_DISTRIBUTION:
        return f"The project would be called {OWN_DISTRIBUTION}, as LSync itself is. Choose another name."
    taken = next((found for found in registry.installed if (found.kind, found.name) == (kind, name)), None)
    if taken:
        return f"{taken.distribution} brings a {kind} {name} already. Choose another name."
    if (parent / name).exists():
        return f"There is a {name} in this folder already. Choose another name, or another folder."
    return None


def _distribution(name: str) -> str:
    return name if name.startswith(_PREFIX) else _PREFIX + name


def _words(name: str, kind: str) -> Mapping[str, str]:
    parts = name.split("-")
    return {
        "name": name,
        "kind": kind,
        "group": GROUPS[kind],
        "label": " ".join(parts).capitalize(),
        "distribution": _distribution(name),
        "module": _distribution(name).replace("-", "_"),
        "cls": _class_name(parts),
        "methods": _METHODS[kind],
        "examples_hint": ", examples" if kind in {"transform", "operator"} else "",
    }


def _class_name(parts: Sequence[str]) -> str:
    """A name that hides nothing which the project imports, and that pytest does not take for a test class."""
    name = "".join(part.capitalize() for part in parts)
    return f"Plugin{name}" if name in _IMPORTED or name.startswith("Test") else name


def _write(path: Path, template: str, words: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (_TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")
    path.write_text(Template(text).substitute(words), encoding="utf-8")
