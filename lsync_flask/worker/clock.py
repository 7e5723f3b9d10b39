"""The clock: sees to it, again and again, that nothing is forgotten.

It rings for activities that nobody drains (after a crash, a lost Redis, or a wait that is over) and sends what is in
the outbox. Several clocks do no harm: each row is claimed by one.
"""

import threading
from collections.abc import Callable

import structlog

from lsync_flask.errors import LsyncError, RetryableError
from lsync_flask.services.notices import deliver
from lsync_flask.services.resources import Resources
from lsync_flask.storage.outbox import OutboxRow, claim_due_outbox, mark_failed, mark_sent
from lsync_flask.storage.rings import activities_to_ring
from lsync_flask.storage.sessions import forget_requests

log = structlog.get_logger(__name__)

TICK_S = 1.0
RUNG_BEFORE_S = 30.0
"""A doorbell that nobody has heard for so long was lost."""
OUTBOX_AT_ONCE = 20
MOST_TRIES = 12
TIDY_EVERY = 600
KEEP_REQUESTS_S = 2 * 86_400.0


def run_clock(resources: Resources, stop: threading.Event) -> None:
    """Tick until told to stop."""
    tick = 0
    while not stop.is_set():
        _try(lambda: ring_for_waiting(resources), "ringing")
        _try(lambda: send_outbox(resources), "sending")
        if tick % TIDY_EVERY == 0:
            _try(lambda: forget_requests(resources.database, resources.now_s() - KEEP_REQUESTS_S), "tidying")
        tick += 1
        stop.wait(TICK_S)


def ring_for_waiting(resources: Resources) -> int:
    """Ring for every activity that has work and no doorbell on its way; how many."""
    waiting = activities_to_ring(resources.database, rung_before_s=RUNG_BEFORE_S)
    for activity_id, org_id in waiting:
        resources.ring(activity_id)
        log.info("rung", activity=activity_id, org=org_id)
    return len(waiting)


def send_outbox(resources: Resources) -> int:
    """Deliver what is due; how many were tried."""
    rows = claim_due_outbox(resources.database, OUTBOX_AT_ONCE)
    for row in rows:
        _send(resources, row)
    return len(rows)


def _send(resources: Resources, row: OutboxRow) -> None:
    try:
        deliver(resources, row)
    except RetryableError as error:
        wait_s = max(min(3_600.0, 15.0 * 2.0 ** min(row.attempts, 8)), error.after_s or 0.0)
        give_up = row.attempts + 1 >= MOST_TRIES
        mark_failed(resources.database, row, str(error), None if give_up else wait_s)
        log.warning("not delivered", org=row.org_id, outbox=row.id, given_up=give_up)
    except LsyncError as error:
        mark_failed(resources.database, row, str(error), None)
        log.warning("cannot be delivered", org=row.org_id, outbox=row.id)
    else:
        mark_sent(resources.database, row)
        log.info("delivered", org=row.org_id, outbox=row.id, kind=row.kind)


def _try(step: Callable[[], object], what: str) -> None:
    try:
        step()
    except LsyncError as error:
        log.warning("the clock could not do its work; it tries again", what=what, error=str(error))
