"""Activities as people see them: how far they are, what became of each record; pause, resume, cancel, retry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from sqlalchemy import Row, func, select

from lsync_flask.engine.bulk_state import FINISHED
from lsync_flask.engine.status import GOING_ON, WORKING, Status, add_fates, bad
from lsync_flask.errors import Conflict, NotFound
from lsync_flask.services.plan import ways_of
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.run_activity import ring_now
from lsync_flask.storage.audit import add_audit
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.models import activity, bulk, call, definition
from lsync_flask.storage.outbox import add_notices
from lsync_flask.storage.retries import reopen

log = structlog.get_logger(__name__)

MOST_PER_PAGE = 501
"""One more than a page shows, to know whether another follows."""


@dataclass(frozen=True, slots=True)
class ActivityView:
    """One activity as pages and API show it. `counts` by fate, `bulks` by state.

    `part` says which part of the audience it takes, such as "part 2 of 3"; "": all of it. `record` is set where it is
    of one record by itself.
    """

    id: int
    definition_id: int
    definition_name: str
    object: str
    part: str
    record: str
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


def newest_activity(scope: OrgScope, actor: Actor, definition_id: int) -> ActivityView | None:
    """The last one of a definition; None: it has never run."""
    statement = _views(scope).where(activity.c.definition_id == definition_id).order_by(activity.c.id.desc()).limit(1)
    row = scope.run(statement).one_or_none()
    return None if row is None else _view(scope, row, actor)


def _views(scope: OrgScope) -> Any:
    columns = (definition.c.name.label("definition_name"), definition.c.record_id)
    return scope.select(activity, activity, *columns).join(definition, definition.c.id == activity.c.definition_id)


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
        part=(orjson.loads(row.plan).get("part") or {}).get("words", ""),
        record=row.record_id or "",
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
    """The bulks of an activity by number; `after` is the last number of the page before. Raises NotFound."""
    actor.must("see definitions and activities")
    Ledger(resources.database, actor.org_id).read_activity(activity_id)
    with resources.database.reading(actor.org_id) as scope:
        rows = scope.run(
            scope.select(bulk)
            .where(bulk.c.activity_id == activity_id, bulk.c.number > after)
            .order_by(bulk.c.number)
            .limit(min(limit, MOST_PER_PAGE))
        ).all()
    return [BulkView(r.number, r.size, r.state, orjson.loads(r.fates), r.error, r.attempts, r.changed_at) for r in rows]


@dataclass(frozen=True, slots=True)
class CancelCost:
    """What cancelling now gives up and what it cannot call back, in records; credits as counted so far."""

    finished: int
    writing: int
    at_provider: int
    bought: int
    given_up: int
    credits: int


def cost_of_cancel(resources: Resources, actor: Actor, activity_id: int) -> CancelCost:
    """What a cancel would do at this moment. Raises NotFound."""
    view = read_activity(resources, actor, activity_id)
    with resources.database.reading(actor.org_id) as scope:
        by_state = (
            scope.select(bulk, bulk.c.state, func.sum(bulk.c.size))
            .where(bulk.c.activity_id == activity_id)
            .group_by(bulk.c.state)
        )
        sizes = {state: int(size) for state, size in scope.run(by_state)}
        under_way = _under_way(scope, activity_id)
    writing = sum(sizes.get(state, 0) for state in ("sending", "writing", "closing"))
    finished = sum(sizes.get(state, 0) for state in FINISHED)
    whole = max(view.selected, view.audience_size)
    return CancelCost(
        finished, writing, under_way, sizes.get("enriched", 0), max(0, whole - finished - writing), view.credits
    )


def _under_way(scope: OrgScope, activity_id: int) -> int:
    """Records of calls that have left or are about to, and whose answer is not stored yet."""
    statement = (
        select(func.coalesce(func.sum(call.c.size), 0))
        .join(bulk, bulk.c.id == call.c.bulk_id)
        .where(
            bulk.c.activity_id == activity_id,
            bulk.c.org_id == scope.org_id,
            bulk.c.state == "enriching",
            call.c.state.in_(("asked", "accepted", "collecting"))
            | ((call.c.state == "intended") & bulk.c.lease_owner.is_not(None)),
        )
    )
    return int(scope.run(statement).scalar_one())


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
    """Send nothing more to the provider; what is being written is finished, the rest is given up.

    The reason says what was in flight: it cannot be called back, and the provider may count it.
    """
    actor.must("run activities")
    old = tuple(status for status in GOING_ON if status != "Cancelling")
    reason = f"Cancelled by {actor.name}. {_in_flight(cost_of_cancel(resources, actor, activity_id))}"
    _change(resources, actor, activity_id, old, "Cancelling", reason, "cancel")
    ring_now(resources, activity_id)


def _in_flight(cost: CancelCost) -> str:
    flying = [
        f"{cost.at_provider:,} records were at the provider" if cost.at_provider else "",
        f"{cost.writing:,} were being written and are carried to their end" if cost.writing else "",
    ]
    said = ", ".join(text for text in flying if text)
    return f"In flight: {said}." if said else "Nothing was in flight."


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
    row = ledger.read_activity(activity_id)
    with resources.database.writing(actor.org_id) as scope:
        if not ledger.change_status_in(scope, activity_id, old, new, reason):
            raise Conflict(f"The activity is {row.status}, so it cannot {action} now.")
        if new == "Paused" and row.owner_id != actor.user_id:
            now_s = resources.now_s()
            moment = {"reason": reason, "resume_at": None}
            add_notices(scope, ways_of(row.plan), activity_id, "paused", now_s, f"/{now_s:.3f}", moment)
    log.info("activity changed", org=actor.org_id, activity=activity_id, status=new, was=row.status, user=actor.user_id)
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
    log.info("activity retried", org=actor.org_id, activity=activity_id, was=row.status, user=actor.user_id)
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
