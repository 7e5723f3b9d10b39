"""The drain: one worker's turn with one activity.

It selects, enriches and writes side by side until nothing is left or its slice of time is over, so that activities
take turns; then it hands over and rings again.
"""

import os
import socket
import threading
import uuid
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import structlog

from lsync_flask.engine.status import WORKING
from lsync_flask.errors import FatalError, GrantLost, InvalidParams, LimitReached, LsyncError, RetryableError
from lsync_flask.services.describe_objects import object_info
from lsync_flask.services.plan import Plan
from lsync_flask.services.providers import account_of, open_named_provider
from lsync_flask.services.resources import Resources
from lsync_flask.services.run_activity import ring_now
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_bulks import Fenced
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.storage.rings import find_org_of
from lsync_flask.worker.bench import MOST_CALLS_AT_ONCE, Bench, Gate
from lsync_flask.worker.budget import ApiBudget, credit_caps, read_settings_now
from lsync_flask.worker.carrying import PAUSE_S, carry
from lsync_flask.worker.finishing import end_if_done, fail_activity
from lsync_flask.worker.pausing import pause_activity, wait_for_person
from lsync_flask.worker.recipe import prepare, read_recipe
from lsync_flask.worker.selecting import Stopped, prepared_text, select_audience
from lsync_flask.worker.watch import HUNG, Lifeline, Watch

log = structlog.get_logger(__name__)

SLICE_S = 30.0
BULKS_AT_ONCE = 3
"""A bulk in work holds some 15 MB; one that waits for the provider or for Salesforce holds nothing."""
TICK_S = 0.25
PATIENCE_S = 5.0
"""A drain with nothing in hand stays this long for a bulk that is due soon; then it leaves the ringing to the clock."""


def drain(
    resources: Resources,
    activity_id: int,
    stop: threading.Event,
    *,
    slice_s: float = SLICE_S,
    lifeline: Lifeline | None = None,
) -> None:
    """Work on the activity for a slice. Returns when it has ended, paused, or somebody else has all of it."""
    try:
        _drain(resources, activity_id, stop, monotonic() + slice_s, lifeline or Lifeline())
    except RetryableError as error:
        # The ledger or Redis is away: what was in flight is left to its leases, and the clock rings when it is back.
        log.warning("the drain had to stop", activity=activity_id, error=str(error))
    finally:
        resources.meters.send()


def _drain(resources: Resources, activity_id: int, stop: threading.Event, deadline: float, lifeline: Lifeline) -> None:
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
        _Drain(resources, ledger, activity, owner, stop, deadline, lifeline).run()
        ended = end_if_done(resources, ledger, activity_id)
    if not ended and _has_work(ledger, activity_id):
        ring_now(resources, activity_id)


def _has_work(ledger: Ledger, activity_id: int) -> bool:
    activity = ledger.read_activity(activity_id)
    if activity.status not in WORKING:
        return False
    return ledger.is_to_select(activity_id) or ledger.work_left(activity_id).due > 0


@dataclass
class _Drain:
    resources: Resources
    ledger: Ledger
    activity: ActivityRow
    owner: str
    stop: threading.Event
    deadline: float
    lifeline: Lifeline
    running: set[Future[Any]] = field(default_factory=set)
    carrying: set[Future[Any]] = field(default_factory=set)
    is_suspect: bool = False

    def run(self) -> None:
        with (
            Watch(self.ledger, self.owner, self.stop, self.lifeline, self.resources.limiter.renew) as watch,
            ThreadPoolExecutor(MOST_CALLS_AT_ONCE, "call") as calls,
            ThreadPoolExecutor(BULKS_AT_ONCE + 1, "bulk") as bulks,
        ):
            try:
                bench = self._set_up(calls, watch)
                if bench is not None:
                    self._loop(bench, bulks)
            finally:
                self._hand_over(watch)

    def _hand_over(self, watch: Watch) -> None:
        """Wait for what is in flight, but not for what hangs: then the process ends, and its threads with it."""
        pending = self.running
        while pending:
            _, pending = wait(pending, timeout=TICK_S)
            if watch.hung and len(pending) <= len(watch.hung):
                self.lifeline.leave(HUNG)
        self.ledger.release_all(self.owner)

    def _set_up(self, calls: ThreadPoolExecutor, watch: Watch) -> Bench | None:
        """The bench, or None when the activity cannot go on now; why is in the ledger then."""
        try:
            plan = Plan.model_validate(self.activity.plan)
            provider = open_named_provider(self.resources, self.ledger.org_id, plan.provider, plan.provider_params)
            prepared = self.activity.prepared or self._prepare(plan, provider)
            if prepared is None:
                return None
            recipe = read_recipe(plan, prepared, self.resources.registry, provider)
            account = account_of(self.resources, self.ledger.org_id, provider)
            gate = Gate(self.resources.limiter, account, self.stop)
        except (LimitReached, RetryableError) as error:
            pause_activity(self.ledger, self.activity.id, str(error), error.after_s or PAUSE_S / 10)
        except GrantLost as error:
            wait_for_person(self.ledger, self.activity.id, error)
        except (FatalError, InvalidParams) as error:
            fail_activity(self.resources, self.ledger, self.activity.id, str(error))
        else:
            settings = read_settings_now(self.resources, self.ledger.org_id)
            return Bench(
                self.resources,
                self.ledger,
                self.activity.id,
                self.owner,
                recipe,
                gate,
                calls,
                watch,
                ApiBudget(settings.api_share_percent),
                credit_caps(settings, self.resources.clock()),
            )
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
            status, to_select = self.ledger.standing(self.activity.id)
            if status == "Cancelling":
                bench.cancelling.set()
                self.ledger.cancel_unwritten(self.activity.id)
            elif status not in WORKING:
                break
            elif to_select and (selecting is None or selecting.done()):
                selecting = self._begin_selecting(bench, bulks)
            self._fill(bench, bulks)
            self.running = {future for future in self.running if not _ended(future)}
            self.carrying &= self.running
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
        log.info("selecting", status=held.status, epoch=held.epoch)
        future = bulks.submit(_select, bench, held)
        self.running.add(future)
        return future

    def _fill(self, bench: Bench, bulks: ThreadPoolExecutor) -> None:
        while len(self.carrying) < BULKS_AT_ONCE and not (self.is_suspect and self.carrying):
            bulk = self.ledger.claim_bulk(self.activity.id, self.owner, suspects=not self.carrying)
            if bulk is None:
                return
            self.is_suspect = bulk.attempts > 0
            future = bulks.submit(carry, bench, bulk)
            self.carrying.add(future)
            self.running.add(future)

    def _is_worth_waiting(self) -> bool:
        left = self.ledger.work_left(self.activity.id)
        if left.due:
            return True
        return left.wait_s is not None and left.wait_s <= PATIENCE_S


def _select(bench: Bench, held: ActivityRow) -> None:
    """Select in a thread; what is in the way is said in the ledger."""
    ledger = bench.ledger
    try:
        bench.budget.check()
        _select_with(bench, held)
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


def _select_with(bench: Bench, held: ActivityRow) -> None:
    api = bench.open_api()
    try:
        select_audience(bench, held, api)
    finally:
        bench.budget.note(api.usage)


def _say_why(bench: Bench, held: ActivityRow, error: LsyncError) -> None:
    if held.bulks or isinstance(error, GrantLost):
        wait_for_person(bench.ledger, held.id, error)
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
