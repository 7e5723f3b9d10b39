"""The watch over a drain: its leases run on while its plugins answer, and the process ends when one does not.

A thread that hangs in somebody else's code cannot be stopped from outside, and no exception reaches it. So the watch
counts the hang against the bulk as it would count a crash, lets the others hand over, and ends the whole process. A
plugin that holds the interpreter itself stops the watch too; then the parent, which listens to the pulse, kills.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Self

import structlog

from lsync_flask.errors import LsyncError
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_bulks import LEASE_S
from lsync_flask.storage.ledger_rows import BulkRow
from lsync_flask.worker.pausing import pause_activity

log = structlog.get_logger(__name__)

TICK_S = 0.5
BEAT_S = LEASE_S / 5
HAND_OVER_S = 12.0
"""So long a drain that was asked to stop waits for what is in flight; then it leaves it to the leases."""
HUNG = 70


def _stay(_status: int) -> None:
    """For a drain inside another process: nothing is ended."""


@dataclass(frozen=True)
class Lifeline:
    """How a drain shows that it lives, and how it ends when it must; by default it is one of its process's many tasks.

    `beat` is called about twice a second; `leave` ends the process at once; `limit_s` is how long a plugin may take.
    """

    beat: Callable[[], None] = lambda: None
    leave: Callable[[int], None] = _stay
    limit_s: float = 300.0
    hand_over_s: float = HAND_OVER_S


@dataclass(frozen=True, slots=True)
class _Guarded:
    what: BulkRow | int  # a bulk, or the number of the activity that is being selected
    plugin: str
    ends_at: float


class Watch:
    """One drain's watch. `stop` is set when the process was asked to stop; `renew` keeps its calls' turns."""

    def __init__(
        self, ledger: Ledger, owner: str, stop: threading.Event, lifeline: Lifeline, renew: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._owner = owner
        self._stop = stop
        self._lifeline = lifeline
        self._renew = renew
        self._guarded: dict[int, _Guarded] = {}
        self.hung: set[int] = set()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._leave_at: float | None = None
        self._beat_at = monotonic() + BEAT_S
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @contextmanager
    def guard(self, what: BulkRow | int, plugin: str) -> Iterator[None]:
        """While a plugin's code runs for this bulk (or for selecting this activity): it must come back in time."""
        guarded = _Guarded(what, plugin, monotonic() + self._lifeline.limit_s)
        key = id(guarded)
        with self._lock:
            self._guarded[key] = guarded
        try:
            yield
        finally:
            with self._lock:
                self._guarded.pop(key, None)

    def _run(self) -> None:
        while not self._over.wait(TICK_S):
            self._lifeline.beat()
            self._renew()
            try:
                self._tick(monotonic())
            except LsyncError as error:
                log.warning("the watch could not reach the ledger", error=str(error))

    def _tick(self, now: float) -> None:
        if self._stop.is_set() and self._leave_at is None:
            self._leave_at = now + self._lifeline.hand_over_s
        if self._leave_at is not None and now > self._leave_at:
            log.warning("left what was in flight to the leases", owner=self._owner)
            self._lifeline.leave(HUNG)
        for hung in self._take_hung(now):
            self._blame(hung)
            self.hung.add(hung.what.id if isinstance(hung.what, BulkRow) else 0)
            self._stop.set()
        if now >= self._beat_at:
            self._beat_at = now + BEAT_S
            self._ledger.extend_leases(self._owner)

    def _take_hung(self, now: float) -> list[_Guarded]:
        with self._lock:
            hung = {key: one for key, one in self._guarded.items() if now > one.ends_at}
            for key in hung:
                del self._guarded[key]
        return list(hung.values())

    def _blame(self, hung: _Guarded) -> None:
        sentence = f"The plugin {hung.plugin} did not come back within {self._lifeline.limit_s:.0f} seconds."
        log.error("a plugin hangs", plugin=hung.plugin, pid=os.getpid(), limit_s=self._lifeline.limit_s)
        if isinstance(hung.what, BulkRow):
            self._ledger.blame_bulk(hung.what, sentence)
        else:
            pause_activity(self._ledger, hung.what, f"{sentence} Repair it or take it out, then resume.", None)
