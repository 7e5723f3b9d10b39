"""Where each bulk of an activity is, and why: for the operator at the command line."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from lsync_flask.engine.bulk_state import FINISHED
from lsync_flask.errors import NotFound
from lsync_flask.services.resources import Resources
from lsync_flask.storage.db import OrgScope, db_now
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.storage.models import bulk, call
from lsync_flask.storage.rings import find_org_of


@dataclass(frozen=True, slots=True)
class BulkPlace:
    """One bulk that has not ended: its state, who holds it, and what it waits for, in a sentence."""

    number: int
    size: int
    state: str
    calls_answered: int
    calls: int
    crashes: int
    why: str


@dataclass(frozen=True, slots=True)
class ActivityPlace:
    """An activity, how many of its bulks ended in which state, and each of those that have not."""

    activity: ActivityRow
    ended: dict[str, int]
    going_on: Sequence[BulkPlace]


def follow_activity(resources: Resources, activity_id: int, most: int = 50) -> ActivityPlace:
    """Raises NotFound. At most so many of the bulks that have not ended."""
    org_id = find_org_of(resources.database, activity_id)
    if org_id is None:
        raise NotFound(f"There is no activity {activity_id}.")
    activity = Ledger(resources.database, org_id).read_activity(activity_id)
    with resources.database.reading(org_id) as scope:
        mine = bulk.c.activity_id == activity_id
        ended = scope.run(
            scope.select(bulk, bulk.c.state, func.count())
            .where(mine, bulk.c.state.in_(FINISHED))
            .group_by(bulk.c.state)
        ).all()
        return ActivityPlace(activity, {row[0]: row[1] for row in ended}, _going_on(scope, activity_id, most))


def _going_on(scope: OrgScope, activity_id: int, most: int) -> list[BulkPlace]:
    calls = select(func.count()).where(call.c.bulk_id == bulk.c.id)
    rows = scope.run(
        scope.select(
            bulk,
            bulk,
            (bulk.c.due_at - db_now()).label("wait_s"),
            (bulk.c.lease_until - db_now()).label("held_s"),
            calls.scalar_subquery().label("calls"),
            calls.where(call.c.state == "answered").scalar_subquery().label("answered"),
        )
        .where(bulk.c.activity_id == activity_id, bulk.c.state.not_in(FINISHED))
        .order_by(bulk.c.number)
        .limit(most)
    ).all()
    return [
        BulkPlace(
            r.number, r.size, r.state, r.answered, r.calls, r.attempts, _why(r.held_s, r.wait_s, r.lease_owner, r.error)
        )
        for r in rows
    ]


def _why(held_s: float | None, wait_s: float, owner: str | None, error: str) -> str:
    said = f" Last trouble: {error}" if error else ""
    if held_s is not None and held_s > 0:
        return f"held by {owner} for {held_s:.0f} s more.{said}"
    if held_s is not None:
        return f"its holder {owner} has died; the next worker takes it.{said}"
    if wait_s > 0:
        return f"due in {wait_s:.0f} s.{said}"
    return f"due now.{said}"
