"""Activities as people see them: how far they are, what became of each record; pause, resume, cancel, retry."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, func, select

from lsync_flask.engine.bulk_state import FINISHED
from lsync_flask.engine.status import GOING_ON, WORKING, Status, add_fates, bad
from lsync_flask.errors import Conflict, InvalidParams, NotFound
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.run_activity import ring_now
from lsync_flask.storage.audit import add_audit
from lsync_flask.storage.bodies import OutcomeEntry, decode_outcomes, decode_records
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.models import activity, bulk, call, definition
from lsync_flask.storage.retries import reopen

MOST_PER_PAGE = 500
SCANNED_FOR_ERRORS = 200
"""Bulks looked through when errors are grouped: enough to say what is wrong, cheap at 4 million records."""


@dataclass(frozen=True, slots=True)
class ActivityView:
    """One activity as pages and API show it. `counts` by fate, `bulks` by state."""

    id: int
    definition_id: int
    definition_name: str
    object: str
    status: Status
    reason: str
    counts: Mapping[str, int]
    bulks: Mapping[str, int]
    audience_size: int
    selected: int
    credits: int
    api_calls: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    resume_at: float | None
    is_active: bool
    may_pause: bool
    may_resume: bool
    may_cancel: bool
    may_retry: bool


@dataclass(frozen=True, slots=True)
class BulkView:
    """One bulk as pages show it."""

    number: int
    size: int
    state: str
    fates: Mapping[str, int]
    error: str
    attempts: int
    changed_at: float


@dataclass(frozen=True, slots=True)
class FieldOutcome:
    """One field of one record: what was there, what the provider proposed, and what was decided."""

    field: str
    before: str | None
    proposed: str | None
    written: bool
    decision: str


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """What became of one record."""

    record: str
    fate: str
    code: str
    message: str
    fields: Sequence[FieldOutcome]


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """Some outcomes; `next` is handed back as `after` for the following ones, None at the end."""

    outcomes: Sequence[OutcomeView]
    next: str | None


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """So many records went wrong with this code; `message` is one of theirs."""

    code: str
    message: str
    count: int


def list_activities(
    resources: Resources, actor: Actor, definition_id: int | None = None, after: int | None = None, limit: int = 50
) -> list[ActivityView]:
    """The newest first; `after` is the last number of the page before."""
    actor.must("see definitions and activities")
    with resources.database.reading(actor.org_id) as scope:
        statement = _views(scope).order_by(activity.c.id.desc()).limit(min(limit, MOST_PER_PAGE))
        if definition_id is not None:
            statement = statement.where(activity.c.definition_id == definition_id)
        if after is not None:
            statement = statement.where(activity.c.id < after)
        rows = scope.run(statement).all()
        return [_view(scope, row, actor) for row in rows]


def read_activity(resources: Resources, actor: Actor, activity_id: int) -> ActivityView:
    """Raises NotFound."""
    actor.must("see definitions and activities")
    with resources.database.reading(actor.org_id) as scope:
        row = scope.run(_views(scope).where(activity.c.id == activity_id)).one_or_none()
        if row is None:
            raise NotFound("There is no such activity.")
        return _view(scope, row, actor)


def _views(scope: OrgScope) -> Any:
    return scope.select(activity, activity, definition.c.name.label("definition_name")).join(
        definition, definition.c.id == activity.c.definition_id
    )


def _view(scope: OrgScope, row: Row[Any], actor: Actor) -> ActivityView:
    bulks = scope.run(
        scope.select(bulk, bulk.c.state, func.count(), func.sum(bulk.c.api_calls))
        .where(bulk.c.activity_id == row.id)
        .group_by(bulk.c.state)
    ).all()
    counts = _counts(scope, row.id)
    may_run = actor.may("run activities")
    return ActivityView(
        id=row.id,
        definition_id=row.definition_id,
        definition_name=row.definition_name,
        object=row.object,
        status=row.status,
        reason=row.reason,
        counts=counts,
        bulks={state: number for state, number, _ in bulks},
        audience_size=row.audience_size,
        selected=row.selected,
        credits=_credits(scope, row.id),
        api_calls=row.api_calls + sum(int(calls or 0) for _, _, calls in bulks),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        resume_at=row.resume_at,
        is_active=row.status in GOING_ON,
        may_pause=may_run and row.status in {"Queued", "Selecting", "Running"},
        may_resume=may_run and row.status == "Paused",
        may_cancel=may_run and row.status in GOING_ON and row.status != "Cancelling",
        may_retry=may_run
        and row.status not in GOING_ON
        and (bad(counts) > 0 or any(state in {"failed", "cancelled"} for state, _, _ in bulks)),
    )


def _counts(scope: OrgScope, activity_id: int) -> dict[str, int]:
    bodies = scope.run(
        scope.select(bulk, bulk.c.fates).where(bulk.c.activity_id == activity_id, bulk.c.state.in_(FINISHED))
    ).scalars()
    return add_fates([orjson.loads(body) for body in bodies])


def _credits(scope: OrgScope, activity_id: int) -> int:
    total = scope.run(
        select(func.coalesce(func.sum(call.c.credits), 0))
        .join(bulk, bulk.c.id == call.c.bulk_id)
        .where(bulk.c.activity_id == activity_id, bulk.c.org_id == scope.org_id)
    ).scalar_one()
    return int(total)


def list_bulks(resources: Resources, actor: Actor, activity_id: int, after: int = 0, limit: int = 50) -> list[BulkView]:
    """The bulks of an activity by number; `after` is the last number of the page before."""
    actor.must("see definitions and activities")
    with resources.database.reading(actor.org_id) as scope:
        rows = scope.run(
            scope.select(bulk)
            .where(bulk.c.activity_id == activity_id, bulk.c.number > after)
            .order_by(bulk.c.number)
            .limit(min(limit, MOST_PER_PAGE))
        ).all()
    return [BulkView(r.number, r.size, r.state, orjson.loads(r.fates), r.error, r.attempts, r.changed_at) for r in rows]


def read_outcomes(
    resources: Resources,
    actor: Actor,
    activity_id: int,
    fate: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> OutcomePage:
    """What became of the records of finished bulks, in order; only as much is read as the page shows.

    Raises:
        NotFound: no such activity; InvalidParams: `after` is not one of ours.
    """
    actor.must("see definitions and activities")
    ledger = Ledger(resources.database, actor.org_id)
    row = ledger.read_activity(activity_id)
    names = [target["target"] for target in row.plan["results"]["rows"]]
    number, place = _place(after)
    found: list[OutcomeView] = []
    limit = min(limit, MOST_PER_PAGE)
    for bulk_number, bulk_place, entry in _entries(ledger, activity_id, fate, number, place):
        if len(found) == limit:
            return OutcomePage(found, f"{bulk_number}.{bulk_place}")
        found.append(_outcome(entry, names))
    return OutcomePage(found, None)


def _place(after: str | None) -> tuple[int, int]:
    number, dot, place = (after or "0.0").partition(".")
    if not (dot and number.isdecimal() and place.isdecimal()):
        raise InvalidParams({"after": "This is not the `next` of a page of outcomes."})
    return int(number), int(place)


def _entries(
    ledger: Ledger, activity_id: int, fate: str | None, number: int, place: int
) -> Iterator[tuple[int, int, OutcomeEntry]]:
    """(bulk, place in it, outcome) from that bulk and place on; bulks without this fate are passed over unread."""
    for row in ledger.finished_bulks(activity_id, number):
        if fate and not row.fates.get(fate):
            continue
        first = place if row.number == number else 0
        for position, entry in enumerate(_entries_of(ledger, row.id, row.state)):
            if position >= first and (not fate or entry.fate == fate):
                yield row.number, position, entry


def _entries_of(ledger: Ledger, bulk_id: int, state: str) -> Iterator[OutcomeEntry]:
    if state == "cancelled":
        for rows in decode_records(ledger.read_records(bulk_id)):
            for row in rows:
                yield OutcomeEntry(row[0] or "", "skipped", "CANCELLED", "The activity was cancelled before.", [])
        return
    for entries in decode_outcomes(ledger.read_outcomes(bulk_id)):
        yield from entries


def _outcome(entry: OutcomeEntry, names: Sequence[str]) -> OutcomeView:
    fields = [
        FieldOutcome(names[place], before, proposed, decision in {"written", "cleared"}, decision)
        for place, before, proposed, decision in entry.fields
    ]
    return OutcomeView(entry.record, entry.fate, entry.code, entry.message, fields)


def group_errors(ledger: Ledger, activity_id: int, most: int = 5) -> list[ErrorGroup]:
    """The most frequent errors of an activity."""
    counts: Counter[str] = Counter()
    messages: dict[str, str] = {}
    bulks = [row for row in ledger.finished_bulks(activity_id, 0) if bad(row.fates)]
    for row in bulks[:SCANNED_FOR_ERRORS]:
        for entry in _entries_of(ledger, row.id, row.state):
            if entry.fate in {"rejected", "failed"}:
                counts[entry.code] += 1
                messages.setdefault(entry.code, entry.message)
    return [ErrorGroup(code, messages[code], number) for code, number in counts.most_common(most)]


def pause(resources: Resources, actor: Actor, activity_id: int) -> None:
    """Take up nothing new; what is in flight is finished first."""
    _change(
        resources, actor, activity_id, ("Queued", "Selecting", "Running"), "Paused", f"Paused by {actor.name}.", "pause"
    )


def resume(resources: Resources, actor: Actor, activity_id: int) -> None:
    """Go on where it stopped."""
    _change(resources, actor, activity_id, ("Paused",), "Running", "", "resume")
    ring_now(resources, activity_id)


def cancel(resources: Resources, actor: Actor, activity_id: int) -> None:
    """Send nothing more to the provider; what is being written is finished, the rest is given up."""
    old = tuple(status for status in GOING_ON if status != "Cancelling")
    _change(resources, actor, activity_id, old, "Cancelling", f"Cancelled by {actor.name}.", "cancel")
    ring_now(resources, activity_id)


def _change(
    resources: Resources,
    actor: Actor,
    activity_id: int,
    old: Sequence[Status],
    new: Status,
    reason: str,
    action: str,
) -> None:
    actor.must("run activities")
    ledger = Ledger(resources.database, actor.org_id)
    status = ledger.read_activity(activity_id).status
    if not ledger.change_status(activity_id, old, new, reason=reason):
        raise Conflict(f"The activity is {status}, so it cannot {action} now.")
    _audit(resources, actor, activity_id, action)


def retry(resources: Resources, actor: Actor, activity_id: int) -> None:
    """Try the failed and cancelled bulks and the records that failed again; stored answers are not bought again.

    Raises:
        Conflict: it is still going on, its definition runs in another activity, or nothing failed.
    """
    actor.must("run activities")
    ledger = Ledger(resources.database, actor.org_id)
    row = ledger.read_activity(activity_id)
    if row.status in WORKING or row.status == "Paused":
        raise Conflict(f"The activity is {row.status}. Retry it when it has ended.")
    if not reopen(ledger, row):
        raise Conflict("Nothing in this activity failed, so there is nothing to retry.")
    _audit(resources, actor, activity_id, "retry")
    ring_now(resources, activity_id)


def _audit(resources: Resources, actor: Actor, activity_id: int, action: str) -> None:
    with resources.database.writing(actor.org_id) as scope:
        add_audit(
            scope,
            user_id=actor.user_id,
            action=f"activity.{action}",
            subject=f"activity/{activity_id}",
            before=None,
            after=None,
            address=actor.address,
            now_s=resources.now_s(),
        )
