"""The result of a check, as pages, API and command line show it."""

from collections.abc import Callable
from dataclasses import dataclass

from lsync_flask.errors import LsyncError


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked, and one sentence about it."""

    name: str
    ok: bool
    sentence: str


def run_check(name: str, step: Callable[[], str]) -> Check:
    """Run a step that says in a sentence what works, or raises what does not."""
    try:
        return Check(name, ok=True, sentence=step())
    except LsyncError as error:
        return Check(name, ok=False, sentence=error.sentence)
