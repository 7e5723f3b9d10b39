"""The drain: one worker's turn with one activity.

It selects, enriches and writes side by side until nothing is left or its slice of time is over, so that activities
take turns; then it hands over and rings again.
"""

import os
import socket
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

import structlog

from lsync_flask.engine.status import WORKING
from lsync_flask.errors import FatalError, GrantLost, InvalidParams, LimitReached, LsyncError, RetryableError
from lsync_flask.services.describe_objects import object_info
from lsync_flask.services.plan import Plan
from lsync_flask.services.providers import open_named_provider
from lsync_flask.services.resources import Resources
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_bulks import LEASE_S, Fenced
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.storage.rings import find_org_of, mark_rung
from lsync_flask.worker.bench import MOST_CALLS_AT_ONCE, Bench, Gate
from lsync_flask.worker.carrying import PAUSE_S, carry
from lsync_flask.worker.finishing import end_if_done, fail_activity, pause_activity
from lsync_flask.worker.recipe import prepare, read_recipe
from lsync_flask.worker.selecting import Stopped, prepared_text, select_audience

log = structlog.get_logger(__name__)

SLICE_S = 30.0
BULKS_AT_ONCE = 4
TICK_S = 0.25
PATIENCE_S = 5.0
"""A drain with nothing in hand stays this long for a bulk that is due soon; then it leaves the ringing to the clock."""


def drain(resources: Resources, activity_id: int, stop: threading.Event, *, slice_s: float = SLICE_S) -> None:
    """Work on the activity for a slice. Returns when it has ended, paused, or somebody else has all of it."""
    org_id = find_org_of(resources.database, activity_id)
    if org_id is None:
        log.warning("no such activity", activity=activity_id)
        return
    ledger = Ledger(resources.database, org_id)
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    activity = ledger.hear(activity_id)
    if activity.status not in WORKING:
        return
    with structlog.contextvars.bound_contextvars(org=org_id, activity=activity_id):
        _Drain(resources, ledger, activity, owner, stop, monotonic() + slice_s).run()
        ended = end_if_done(resources, ledger, activity_id)
    if not ended and _has_work(ledger, activity_id) and mark_rung(resources.database, activity_id):
        resources.ring(activity_id)


def _has_work(ledger: Ledger, activity_id: int) -> bool:
    activity = ledger.read_activity(activity_id)
    if activity.status not in WORKING:
        return False
    return activity.selection != "done" or ledger.work_left(activity_id).due > 0


@dataclass
class _Drain:
    resources: Resources
    ledger: Ledger
    activity: ActivityRow
    owner: str
    stop: threading.Event
    deadline: float
    running: set[Future[Any]] = field(default_factory=set)

    def run(self) -> None:
        with (
            _Heartbeat(self.ledger, self.owner),
            ThreadPoolExecutor(MOST_CALLS_AT_ONCE, "call") as calls,
            ThreadPoolExecutor(BULKS_AT_ONCE + 1, "bulk") as bulks,
        ):
            try:
                bench = self._set_up(calls)
                if bench is not None:
                    self._loop(bench, bulks)
            finally:
                wait(self.running)
                self.ledger.release_all(self.owner)

    def _set_up(self, calls: ThreadPoolExecutor) -> Bench | None:
        """The bench, or None when the activity cannot go on now; why is in the ledger then."""
        try:
            plan = Plan.model_validate(self.activity.plan)
            provider = open_named_provider(self.resources, self.ledger.org_id, plan.provider, plan.provider_params)
            prepared = self.activity.prepared or self._prepare(plan, provider)
            if prepared is None:
                return None
            recipe = read_recipe(plan, prepared, self.resources.registry, provider)
        except (LimitReached, RetryableError) as error:
            pause_activity(self.ledger, self.activity.id, str(error), error.after_s or PAUSE_S / 10)
        except GrantLost as error:
            pause_activity(self.ledger, self.activity.id, str(error), None)
        except (FatalError, InvalidParams) as error:
            fail_activity(self.resources, self.ledger, self.activity.id, str(error))
        else:
            gate = Gate(provider.limits())
            return Bench(self.resources, self.ledger, self.activity.id, self.owner, recipe, gate, calls, self.stop)
        return None

    def _prepare(self, plan: Plan, provider: Any) -> Any:
        """Describe and compile, once per activity; None when another worker is at it."""
        held = self.ledger.claim_selection(self.activity.id, self.owner)
        if held is None:
            return None
        info = object_info(self.resources, self.ledger.org_id, plan.username, plan.object, fresh=True)
        prepared = prepare(plan, info, self.resources.registry, provider, self.resources.clock())
        self.ledger.note_selection(held, prepared=prepared_text(prepared))
        self.ledger.release_selection(held)
        return prepared

    def _loop(self, bench: Bench, bulks: ThreadPoolExecutor) -> None:
        selecting: Future[Any] | None = None
        while not self.stop.is_set() and monotonic() < self.deadline:
            status = self.ledger.status_of(self.activity.id)
            if status == "Cancelling":
                bench.cancelling.set()
                self.ledger.cancel_unwritten(self.activity.id)
            elif status not in WORKING:
                self.stop.set()
                break
            elif selecting is None or selecting.done():
                selecting = self._begin_selecting(bench, bulks)
            self._fill(bench, bulks)
            self.running = {future for future in self.running if not _ended(future)}
            if not self.running and not self._is_worth_waiting():
                break
            wait(self.running, timeout=TICK_S, return_when=FIRST_COMPLETED)
            if not self.running:
                self.stop.wait(TICK_S)
        bench.stop.set()

    def _begin_selecting(self, bench: Bench, bulks: ThreadPoolExecutor) -> Future[Any] | None:
        held = self.ledger.claim_selection(self.activity.id, self.owner)
        if held is None:
            return None
        future = bulks.submit(_select, bench, replace(held))
        self.running.add(future)
        return future

    def _fill(self, bench: Bench, bulks: ThreadPoolExecutor) -> None:
        while len(self.running) < BULKS_AT_ONCE + 1:
            bulk = self.ledger.claim_bulk(self.activity.id, self.owner)
            if bulk is None:
                return
            self.running.add(bulks.submit(carry, bench, bulk))

    def _is_worth_waiting(self) -> bool:
        left = self.ledger.work_left(self.activity.id)
        if left.due:
            return True
        return left.wait_s is not None and left.wait_s <= PATIENCE_S


def _select(bench: Bench, held: ActivityRow) -> None:
    """Select in a thread; what is in the way is said in the ledger."""
    ledger = bench.ledger
    try:
        select_audience(ledger, held, bench.recipe, bench.open_api(), bench.stop.is_set)
    except Stopped:
        ledger.release_selection(held)
    except Fenced:
        log.info("selecting was taken over")
    except (LimitReached, RetryableError) as error:
        ledger.release_selection(held)
        pause_activity(ledger, held.id, str(error), error.after_s or PAUSE_S / 10)
    except LsyncError as error:
        ledger.release_selection(held)
        _say_why(bench, held, error)


def _say_why(bench: Bench, held: ActivityRow, error: LsyncError) -> None:
    if held.bulks or isinstance(error, GrantLost):
        pause_activity(bench.ledger, held.id, str(error), None)
    else:
        fail_activity(bench.resources, bench.ledger, held.id, str(error))
    bench.stop.set()


def _ended(future: Future[Any]) -> bool:
    """True when it has; an error that a step could not put into the ledger comes out here, and its lease runs out."""
    if not future.done():
        return False
    error = future.exception()
    if error is not None:
        log.error("a step broke", exc_info=error)
    return True


class _Heartbeat:
    """Keeps the drain's leases running from a thread of its own, by the database's clock."""

    def __init__(self, ledger: Ledger, owner: str, *, every_s: float = LEASE_S / 5) -> None:
        self._beat: Callable[[], None] = lambda: ledger.extend_leases(owner)
        self._every_s = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every_s):
            try:
                self._beat()
            except LsyncError:
                log.warning("the leases could not be extended")
