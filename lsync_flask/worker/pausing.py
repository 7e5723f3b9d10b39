"""Pausing an activity from within: it waits, with its reason, and goes on by itself or when a person resumes it."""

import structlog

from lsync_flask.storage.ledger import Ledger

log = structlog.get_logger(__name__)


def pause_activity(ledger: Ledger, activity_id: int, reason: str, wait_s: float | None) -> None:
    """Stop taking up work; with `wait_s` it goes on by itself after so many seconds, else when a person resumes it."""
    resume_at = ledger.now_s() + wait_s if wait_s is not None else None
    if ledger.change_status(
        activity_id, ("Queued", "Selecting", "Running"), "Paused", reason=reason, resume_at=resume_at
    ):
        log.warning("activity paused", org=ledger.org_id, activity=activity_id, reason=reason, wait_s=wait_s)
