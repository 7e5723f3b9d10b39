"""Pausing an activity from within: it waits, with its reason, and goes on by itself or when a person resumes it."""

import structlog

from lsync_flask.errors import GrantLost, LsyncError
from lsync_flask.services.plan import ways_of
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.outbox import add_notices

log = structlog.get_logger(__name__)


def pause_activity(ledger: Ledger, activity_id: int, reason: str, wait_s: float | None) -> None:
    """Stop taking up work; with `wait_s` it goes on by itself after so many seconds, else when a person resumes it."""
    resume_at = ledger.now_s() + wait_s if wait_s is not None else None
    if ledger.change_status(
        activity_id, ("Queued", "Selecting", "Running"), "Paused", reason=reason, resume_at=resume_at
    ):
        log.warning("activity paused", org=ledger.org_id, activity=activity_id, reason=reason, wait_s=wait_s)


def wait_for_person(ledger: Ledger, activity_id: int, error: LsyncError) -> None:
    """Pause until somebody has put right what is wrong: a notice for each time that the activity comes to a stop."""
    is_lost = isinstance(error, GrantLost)
    reason = f"Waiting for reconnect: {error}" if is_lost else str(error)
    ways = ways_of(ledger.read_activity(activity_id).plan)
    with ledger.database.writing(ledger.org_id) as scope:
        if not ledger.change_status_in(scope, activity_id, ("Queued", "Selecting", "Running"), "Paused", reason):
            return
        now_s = ledger.now_s()
        add_notices(scope, ways, activity_id, "reconnect" if is_lost else "paused", now_s, f"/{now_s:.3f}")
    log.warning("activity waits for a person", org=ledger.org_id, activity=activity_id, reconnect=is_lost)
