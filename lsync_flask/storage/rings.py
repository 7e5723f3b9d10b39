"""The doorbell's side of the ledger: which activities want a worker. Across all orgs, as the reconciler is."""

from sqlalchemy import and_, or_, select, update

from lsync_flask.engine.bulk_state import UNFINISHED
from lsync_flask.engine.status import WORKING
from lsync_flask.storage.db import Database, db_now
from lsync_flask.storage.ledger_bulks import is_free
from lsync_flask.storage.models import activity, bulk


def find_org_of(database: Database, activity_id: int) -> str | None:
    """The org an activity belongs to: all that a doorbell tells is the activity's number."""
    with database.reading_all() as connection:
        org_id: str | None = connection.execute(
            select(activity.c.org_id).where(activity.c.id == activity_id)
        ).scalar_one_or_none()
    return org_id


def activities_to_ring(database: Database, *, rung_before_s: float, limit: int = 100) -> list[tuple[int, str]]:
    """(id, org) of activities that have work to do and for which no doorbell has been rung lately; marks them rung."""
    has_due_bulk = (
        select(bulk.c.id)
        .where(
            bulk.c.activity_id == activity.c.id,
            bulk.c.state.in_(UNFINISHED),
            bulk.c.due_at <= db_now(),
            is_free(bulk.c.lease_until),
        )
        .exists()
    )
    has_unfinished = select(bulk.c.id).where(bulk.c.activity_id == activity.c.id, bulk.c.state.in_(UNFINISHED)).exists()
    to_select = and_(activity.c.selection != "done", is_free(activity.c.lease_until), activity.c.status != "Cancelling")
    resumable = and_(activity.c.status == "Paused", activity.c.resume_at <= db_now())
    working = and_(activity.c.status.in_(WORKING), or_(has_due_bulk, to_select, ~has_unfinished))
    with database.writing_all() as connection:
        rows = connection.execute(
            select(activity.c.id, activity.c.org_id)
            .where(
                or_(working, resumable),
                or_(activity.c.rung_at.is_(None), activity.c.rung_at < db_now() - rung_before_s),
            )
            .order_by(activity.c.id)
            .limit(limit)
        ).all()
        ids = [row.id for row in rows]
        if ids:
            connection.execute(update(activity).where(activity.c.id.in_(ids)).values(rung_at=db_now()))
            connection.execute(
                update(activity)
                .where(activity.c.id.in_(ids), activity.c.status == "Paused")
                .values(status="Running", reason="", resume_at=None)
            )
    return [(row.id, row.org_id) for row in rows]


def mark_rung(database: Database, activity_id: int) -> bool:
    """True when no doorbell was on its way: whoever gets True rings."""
    with database.writing_all() as connection:
        return bool(
            connection.execute(
                update(activity)
                .where(activity.c.id == activity_id, activity.c.rung_at.is_(None))
                .values(rung_at=db_now())
            ).rowcount
        )
