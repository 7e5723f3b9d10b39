"""How the ledger stands, in numbers for graphs and alarms: across all orgs, and only of what has not ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, and_, case, func, select

from lsync_flask.engine.bulk_state import UNFINISHED
from lsync_flask.engine.status import GOING_ON
from lsync_flask.storage.db import Database, db_now
from lsync_flask.storage.ledger_bulks import LEASE_S, is_free
from lsync_flask.storage.models import activity, bulk, credit_month, outbox, setting


@dataclass(frozen=True, slots=True)
class Gauges:
    """The ledger at one moment. Ages are in seconds, 0 where there is nothing of the kind.

    `lease_age_s` is the time since the holder that has been silent longest last said that it lives; `due_age_s` how
    long the bulk that has waited longest could have been taken; `credits_left` by org, where a month's cap is set.
    """

    activities: Mapping[str, int]
    bulks: Mapping[str, int]
    held: int
    lease_age_s: float
    leases_run_out: int
    due: int
    due_age_s: float
    outbox: int
    outbox_age_s: float
    credits_left: Mapping[str, float]


def read_gauges(database: Database, month: str) -> Gauges:
    """`month` is such as 2026-11, in UTC."""
    with database.reading_all() as connection:
        going_on = connection.execute(
            select(activity.c.status, func.count()).where(activity.c.status.in_(GOING_ON)).group_by(activity.c.status)
        ).all()
        unsent = connection.execute(
            select(func.count(), func.coalesce(func.max(db_now() - outbox.c.due_at), 0.0)).where(
                outbox.c.sent_at.is_(None), outbox.c.due_at <= db_now()
            )
        ).one()
        return Gauges(
            activities={row[0]: row[1] for row in going_on},
            **_bulks(connection),
            outbox=int(unsent[0]),
            outbox_age_s=float(unsent[1]),
            credits_left=_credits_left(connection, month),
        )


def _bulks(connection: Connection) -> dict[str, Any]:
    open_ones = select(activity.c.id).where(activity.c.status.in_(GOING_ON))
    mine = and_(bulk.c.activity_id.in_(open_ones), bulk.c.state.in_(UNFINISHED))
    states = connection.execute(select(bulk.c.state, func.count()).where(mine).group_by(bulk.c.state)).all()
    is_due = and_(is_free(bulk.c.lease_until), bulk.c.due_at <= db_now())
    due_since = case((bulk.c.due_at > bulk.c.created_at, bulk.c.due_at), else_=bulk.c.created_at)
    row = connection.execute(
        select(
            func.count(bulk.c.lease_until).label("held"),
            func.coalesce(func.max(db_now() - bulk.c.lease_until), -LEASE_S).label("silent_s"),
            func.coalesce(func.sum(case((bulk.c.lease_until < db_now(), 1), else_=0)), 0).label("run_out"),
            func.coalesce(func.sum(case((is_due, 1), else_=0)), 0).label("due"),
            func.coalesce(func.max(case((is_due, db_now() - due_since))), 0.0).label("due_age_s"),
        ).where(mine)
    ).one()
    return {
        "bulks": {row[0]: row[1] for row in states},
        "held": int(row.held),
        "lease_age_s": max(0.0, float(row.silent_s) + LEASE_S),
        "leases_run_out": int(row.run_out),
        "due": int(row.due),
        "due_age_s": max(0.0, float(row.due_age_s)),
    }


def _credits_left(connection: Connection, month: str) -> dict[str, float]:
    spent = select(credit_month.c.org_id, credit_month.c.credits).where(credit_month.c.month == month)
    used = {row.org_id: row.credits for row in connection.execute(spent)}
    caps = {
        row.org_id: orjson.loads(row.body).get("credits_per_month")
        for row in connection.execute(select(setting.c.org_id, setting.c.body))
    }
    return {org: float(cap - used.get(org, 0)) for org, cap in caps.items() if cap is not None}
