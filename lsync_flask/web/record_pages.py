"""The page of one record: what the provider would change, and *Enrich this record*."""

import secrets

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from lsync_flask.door import actor, resources
from lsync_flask.engine.policies import DECISIONS
from lsync_flask.errors import Conflict, InvalidParams
from lsync_flask.services.one_record import enrich_record, read_record, read_record_activity
from lsync_flask.web.rendering import render

LONGEST_KEY = 64


def show(record: str, error: str = "") -> str:
    found = read_record(resources(), actor(), record)
    return render(
        "web/record.html",
        here="/",
        view=found,
        latest=found.activity,
        record=found.id,
        error=error,
        key=secrets.token_urlsafe(16),
        decisions=DECISIONS,
        just_ended=False,
    )


def live(record: str) -> str:
    """The last activity of the record while it moves; at its end the page comes anew."""
    latest = read_record_activity(resources(), actor(), record)
    ended = latest is None or not latest.is_active
    return render_template(
        "web/record_activity.html",
        actor=actor(),
        latest=latest,
        record=record,
        decisions=DECISIONS,
        just_ended=ended,
    )


def enrich(record: str) -> ResponseReturnValue:
    """Start an activity of this record; the same key, sent twice, starts one."""
    try:
        enrich_record(resources(), actor(), record, request.form.get("key", "")[:LONGEST_KEY] or None)
    except (Conflict, InvalidParams) as error:
        said = " ".join(error.problems.values()) if isinstance(error, InvalidParams) else error.sentence
        return show(record, said), 409
    return redirect(f"/records/{record}?said=asked", 303)
