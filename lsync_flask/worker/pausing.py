"""Pausing an activity from within: it waits, with its reason, and goes on by itself or when a person resumes it.

People hear of each time that somebody has to do something, and at most once a day of pauses that end by themselves and
last long enough to be noticed.
"""

from datetime import UTC, datetime

import structlog

from lsync_flask.engine.status import Status
from lsync_flask.errors import GrantLost, LsyncError
from lsync_flask.services.plan import ways_of
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.outbox import add_notices

log = structlog.get_logger(__name__)

NOTICED_S = 600.0
STOPPABLE: tuple[Status, ...] = ("Queued", "Selecting", "Running")


def pause_activity(ledger: Ledger, activity_id: int, reason: str, wait_s: float | None) -> None:
    """Stop taking up work; with `wait_s` it goes on by itself after so many seconds, else when a person resumes it."""
    resume_at = ledger.now_s() + wait_s if wait_s is not None else None
    if _stop(ledger, activity_id, "paused", reason, resume_at, is_told=wait_s is None or wait_s >= NOTICED_S):
        log.warning("activity paused", org=ledger.org_id, activity=activity_id, reason=reason, wait_s=wait_s)


def wait_for_person(ledger: Ledger, activity_id: int, error: LsyncError) -> None:
    """Pause until somebody has put right what is wrong: a notice for each time that the activity comes to a stop."""
    is_lost = isinstance(error, GrantLost)
    reason = f"Waiting for reconnect: {error}" if is_lost else str(error)
    if _stop(ledger, activity_id, "reconnect" if is_lost else "paused", reason, None, is_told=True):
        log.warning("activity waits for a person", org=ledger.org_id, activity=activity_id, reconnect=is_lost)


def _stop(ledger: Ledger, activity_id: int, event: str, reason: str, resume_at: float | None, *, is_told: bool) -> bool:
    """Pause it and store what tells people, in one commit; False: it is not running."""
    ways = ways_of(ledger.read_activity(activity_id).plan) if is_told else ()
    with ledger.database.writing(ledger.org_id) as scope:
        if not ledger.change_status_in(scope, activity_id, STOPPABLE, "Paused", reason, resume_at):
            return False
        now_s = ledger.now_s()
        day = datetime.fromtimestamp(now_s, UTC).date().isoformat()
        which = f"/{day}" if resume_at is not None else f"/{now_s:.3f}"
        moment = {"reason": reason, "resume_at": resume_at, "waits": resume_at is None}
        add_notices(scope, ways, activity_id, event, now_s, which, moment)
    return True
