"""What the steps of one drain share: the ledger, the recipe, the ways out, and whether to stop."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic, sleep

import structlog

from lsync_flask.plugin_api import Limits
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.services.resources import Resources
from lsync_flask.storage.credit_caps import CreditCaps
from lsync_flask.storage.ledger import Ledger
from lsync_flask.worker.budget import ApiBudget
from lsync_flask.worker.recipe import Recipe
from lsync_flask.worker.watch import Watch

log = structlog.get_logger(__name__)

MOST_CALLS_AT_ONCE = 16


class Gate:
    """Lets provider calls through as fast as the provider allows: so many at once, so many a second."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = monotonic) -> None:
        self._places = threading.BoundedSemaphore(max(1, min(limits.concurrency, MOST_CALLS_AT_ONCE)))
        self._gap_s = 1 / limits.calls_per_s if limits.calls_per_s else 0.0
        self._lock = threading.Lock()
        self._clock = clock
        self._next = 0.0

    def __enter__(self) -> None:
        self._places.acquire()
        wait_s = self._take_turn()
        if wait_s > 0:
            sleep(wait_s)

    def __exit__(self, *_: object) -> None:
        self._places.release()

    def _take_turn(self) -> float:
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._gap_s
            return turn - now


@dataclass(frozen=True)
class Bench:
    """One drain's tools, shared by its threads."""

    resources: Resources
    ledger: Ledger
    activity_id: int
    owner: str
    recipe: Recipe
    gate: Gate
    calls: ThreadPoolExecutor
    watch: Watch
    budget: ApiBudget
    caps: CreditCaps
    stop: threading.Event = field(default_factory=threading.Event)
    cancelling: threading.Event = field(default_factory=threading.Event)
    """Set when a person has cancelled the activity: nothing new is sent to the provider."""
    uploads: dict[int, bytes] = field(default_factory=dict)
    """The rows to upload by bulk, from the step that decided to the next; after a crash they are made again."""

    def open_api(self) -> SalesforceApi:
        """The org as the activity's owner; each bulk opens its own and so counts its own calls."""
        return self.resources.open_salesforce(self.ledger.org_id, self.recipe.plan.username)
