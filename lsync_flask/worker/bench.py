"""What the steps of one drain share: the ledger, the recipe, the ways out, and whether to stop."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from lsync_flask.limiter import Account, Limiter, NotYet, Outcome, Turn
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.services.resources import Resources
from lsync_flask.storage.credit_caps import CreditCaps
from lsync_flask.storage.ledger import Ledger
from lsync_flask.worker.budget import ApiBudget
from lsync_flask.worker.recipe import Recipe
from lsync_flask.worker.watch import Watch

log = structlog.get_logger(__name__)

MOST_CALLS_AT_ONCE = 16
LONGEST_TOLD_S = 3_600.0


LONGEST_STAY_S = 2.0
"""A call that has to wait longer leaves its thread to others; its bulk is due again when the time has come."""


class Gate:
    """Lets the calls of one drain through as fast as the provider's account allows, over all processes.

    The drain's threads stand in line among themselves, so that only the first of them asks Redis.
    """

    def __init__(self, limiter: Limiter, account: Account, stop: threading.Event) -> None:
        self._limiter = limiter
        self._account = account
        self._stop = stop
        self._places = threading.BoundedSemaphore(max(1, min(account.limits.concurrency, MOST_CALLS_AT_ONCE)))

    def take(self, records: int) -> Turn | NotYet:
        """Wait for the turn of a call, but not for long."""
        while not self._places.acquire(timeout=0.5):
            if self._stop.is_set():
                return NotYet(0.0, "busy")
        answer = self._stand_in_line(records)
        if isinstance(answer, NotYet):
            self._places.release()
        return answer

    def _stand_in_line(self, records: int) -> Turn | NotYet:
        while True:
            answer = self._limiter.take(self._account, records)
            if isinstance(answer, Turn) or answer.why == "open" or answer.wait_s > LONGEST_STAY_S:
                return answer
            if self._stop.wait(answer.wait_s):
                return NotYet(0.0, "busy")

    def give_back(self, turn: Turn, outcome: Outcome, told_s: float = 0.0) -> float:
        """The call is over; the seconds for which the provider is to be left alone now."""
        self._places.release()
        return self._limiter.give_back(turn, outcome, told_s)


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
