"""Pausing an activity from within: it waits, with its reason, and goes on by itself or when a person resumes it."""

import structlog

from lsync_flask.errors import GrantLost, LsyncError
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.outbox import add_outbox

log = structlog.get_logger(__name__)


def pause_activity(ledger: Ledger, activity_id: int, reason: str, wait_s: float | None) -> None:
    """Stop taking up work; with `wait_s` it goes on by itself after so many seconds, else when a person resumes it."""
    resume_at = ledger.now_s() + wait_s if wait_s is not None else None
    if ledger.change_status(
        activity_id, ("Queued", "Selecting", "Running"), "Paused", reason=reason, resume_at=resume_at
    ):
        log.warning("activity paused", org=ledger.org_id, activity=activity_id, reason=reason, wait_s=wait_s)


def wait_for_person(ledger: Ledger, activity_id: int, error: LsyncError) -> None:
    """Pause until somebody has put right what is wrong.

    When the org lets us in no more, its owner gets one mail for each time that the activity comes to a stop.
    """
    if not isinstance(error, GrantLost):
        pause_activity(ledger, activity_id, str(error), None)
        return
    body = {"activity": activity_id, "event": "reconnect"}
    reason = f"Waiting for reconnect: {error}"
    with ledger.database.writing(ledger.org_id) as scope:
        if not ledger.change_status_in(scope, activity_id, ("Queued", "Selecting", "Running"), "Paused", reason):
            return
        now_s = ledger.now_s()
        add_outbox(scope, "notice", f"activity/{activity_id}/reconnect/{now_s:.3f}", body, now_s)
    log.warning("activity waits for reconnect", org=ledger.org_id, activity=activity_id)
