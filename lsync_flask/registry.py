"""Which plugins are installed. Found once per process; a broken one is refused with its reason, and the app starts."""

import logging
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from types import MappingProxyType
from typing import Any

from lsync_flask.errors import Interrupted
from lsync_flask.plugin_api import GROUPS, Notifier, Operator, Plugin, Provider, Transform
from lsync_flask.plugin_checks import class_problems, name_problem

__all__ = ["OWN_DISTRIBUTION", "Entry", "Installed", "Refused", "Registry", "discover", "installed_entries"]

OWN_DISTRIBUTION = "lsync-flask"
"""Brings the built-ins: they come first, so that no other plugin takes their names, and are always allowed."""

MAX_REASON = 300

LOAD_S = 10
"""How long one plugin may take to be imported; an import that never ends must not keep LSync from starting."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry point of one installed distribution. `load` imports it and may raise anything."""

    group: str
    name: str
    distribution: str
    version: str
    load: Callable[[], Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Installed:
    """A plugin that is there, and who brought it."""

    kind: str
    name: str
    label: str
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A plugin that is not used, and why. `group` is its entry-point group, such as `lsync.transforms`."""

    group: str
    name: str
    distribution: str
    reason: str


@dataclass(frozen=True)
class Registry:
    """All plugins by kind and name; nothing in it can be changed."""

    transforms: Mapping[str, type[Transform]] = field(default_factory=dict)
    operators: Mapping[str, type[Operator]] = field(default_factory=dict)
    providers: Mapping[str, type[Provider]] = field(default_factory=dict)
    notifiers: Mapping[str, type[Notifier]] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    installed: tuple[Installed, ...] = ()


def discover(allowed: frozenset[str] | None, off: frozenset[str], entries: Iterable[Entry] | None = None) -> Registry:
    """Load the plugins of these entries; None: of all that are installed.

    `allowed` are the distributions whose plugins may be loaded (None: all), `off` the names of plugins that are
    switched off; what is neither is not even imported. The order is the same on every machine. Never raises because of
    a plugin.
    """
    names = None if allowed is None else frozenset(map(_normal, allowed)) | {OWN_DISTRIBUTION}
    loader = _Loader(names, off)
    for entry in sorted(installed_entries() if entries is None else entries, key=_place):
        loader.add(entry)
    return loader.finish()


def installed_entries() -> Iterator[Entry]:
    """The entry points of our four groups in this environment."""
    for group in GROUPS.values():
        for point in metadata.entry_points(group=group):
            name, version = (point.dist.name, point.dist.version) if point.dist else ("unknown", "0")
            yield Entry(group, point.name, _normal(name), version, point.load)


def _normal(distribution: str) -> str:
    """The name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _place(entry: Entry) -> tuple[bool, str, str, str]:
    return _normal(entry.distribution) != OWN_DISTRIBUTION, _normal(entry.distribution), entry.group, entry.name


_KINDS = {group: kind for kind, group in GROUPS.items()}


class _Loader:
    """Collects what is found, entry by entry."""

    def __init__(self, allowed: frozenset[str] | None, off: frozenset[str]) -> None:
        self._allowed = allowed
        self._off = off
        self._found: dict[str, dict[str, Any]] = {kind: {} for kind in GROUPS}
        self._owners: dict[tuple[str, str], str] = {}
        self._installed: list[Installed] = []
        self._refused: list[Refused] = []

    def add(self, entry: Entry) -> None:
        kind = _KINDS[entry.group]
        reason = self._reason_before_import(entry, kind)
        if reason is None:
            reason = self._load(entry, kind)
        if reason is not None:
            self._refused.append(Refused(entry.group, entry.name, entry.distribution, _shorten(reason)))

    def finish(self) -> Registry:
        return Registry(
            transforms=MappingProxyType(self._found["transform"]),
            operators=MappingProxyType(self._found["operator"]),
            providers=MappingProxyType(self._found["provider"]),
            notifiers=MappingProxyType(self._found["notifier"]),
            refused=tuple(self._refused),
            installed=tuple(self._installed),
        )

    def _reason_before_import(self, entry: Entry, kind: str) -> str | None:
        if self._allowed is not None and _normal(entry.distribution) not in self._allowed:
            return f"{entry.distribution} is not on the list of allowed plugins (LSYNC_ALLOWED_PLUGINS)."
        if entry.name in self._off:
            return "It is switched off (LSYNC_PLUGINS_OFF)."
        owner = self._owners.get((kind, entry.name))
        if owner is not None:
            return f"{owner} brings a {kind} of this name already."
        return name_problem(entry.name)

    def _load(self, entry: Entry, kind: str) -> str | None:
        """Keep the class; or say why not."""
        try:
            with time_limit(LOAD_S, f"it was not done after {LOAD_S} seconds"):
                cls = entry.load()
                problems = _problems(cls, entry, kind)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # A module that calls sys.exit(), or raises something odder, must not stop the server.
            log.exception("plugin refused", extra={"plugin": entry.name, "distribution": entry.distribution})
            return f"It could not be loaded: {_say(error)}"
        if problems:
            return " ".join(problems)
        self._keep(cls, entry, kind)
        return None

    def _keep(self, cls: type[Plugin], entry: Entry, kind: str) -> None:
        self._found[kind][entry.name] = cls
        self._owners[kind, entry.name] = entry.distribution
        self._installed.append(Installed(kind, entry.name, cls.label, entry.distribution, entry.version))


def _problems(cls: Any, entry: Entry, kind: str) -> list[str]:
    problems = class_problems(cls, kind)
    if not problems and cls.name != entry.name:
        problems = [f"Its class is named {cls.name}, and its entry point {entry.name}; they must be equal."]
    return problems


def _say(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 (even the text of a plugin's error is the plugin's code)
        return type(error).__name__


@contextmanager
def time_limit(limit_s: float, sentence: str) -> Iterator[None]:
    """Raise `Interrupted` after so long, which no plugin's `except Exception` swallows.

    It uses the process's alarm, so it holds in the main thread alone; an alarm that was set before goes on after it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: object) -> None:
        raise Interrupted(sentence)

    begun = time.monotonic()
    handler = signal.signal(signal.SIGALRM, interrupt)
    left_s, again_s = signal.setitimer(signal.ITIMER_REAL, limit_s, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left_s:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left_s - (time.monotonic() - begun)), again_s)


def _shorten(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= MAX_REASON else line[: MAX_REASON - 1] + "…"
