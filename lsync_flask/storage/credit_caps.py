"""Caps on credits that calls in flight cannot overrun: what a call may cost is set aside before it leaves.

What is set aside stays so over crashes and retries of the same call, and is set right when its answer is stored.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from lsync_flask.errors import FatalError, LimitReached
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.ledger_rows import BulkRow, CallRow
from lsync_flask.storage.models import activity, bulk, call, credit_month


@dataclass(frozen=True, slots=True)
class CreditCaps:
    """Most credits of one activity and of one month; None: no cap. `month` is such as 2026-11, in UTC."""

    per_run: int | None
    per_month: int | None
    month: str
    month_began_at: float
    next_month_in_s: float

    @property
    def are_set(self) -> bool:
        return self.per_run is not None or self.per_month is not None


def set_aside(scope: OrgScope, caps: CreditCaps, held: BulkRow, row: CallRow, most: int) -> None:
    """Set aside what a call may cost at most, unless that is done already.

    Raises:
        FatalError: the activity's own cap is in the way, until an admin raises it.
        LimitReached: the month's cap is; it goes on with the next month.
    """
    reserved = scope.run(scope.select(call, call.c.reserved).where(call.c.id == row.id)).scalar_one()
    if reserved:
        return
    if not _add_to_run(scope, caps, held.activity_id, most):
        raise FatalError(
            f"The activity has used its cap of {caps.per_run:,} credits. What is answered is written. "
            "To go on, an admin raises the cap in Settings, then resume."
        )
    if not _add_to_month(scope, caps, most):
        raise LimitReached(
            f"This month's cap of {caps.per_month:,} credits is used. It goes on with the next month, or when an admin "
            "raises the cap in Settings and somebody resumes it.",
            reason="credits",
            after_s=caps.next_month_in_s,
        )
    scope.run(scope.update(call).where(call.c.id == row.id).values(reserved=most))


def settle(scope: OrgScope, caps: CreditCaps, held: BulkRow, row: CallRow, used: int) -> None:
    """A call is answered: what it did not use is free again."""
    reserved = scope.run(scope.select(call, call.c.reserved).where(call.c.id == row.id)).scalar_one()
    if not reserved:
        return
    back = reserved - used
    scope.run(
        scope.update(activity)
        .where(activity.c.id == held.activity_id)
        .values(credits_held=activity.c.credits_held - back)
    )
    scope.run(
        scope.update(credit_month)
        .where(credit_month.c.month == caps.month)
        .values(credits=credit_month.c.credits - back)
    )
    scope.run(scope.update(call).where(call.c.id == row.id).values(reserved=0))


def _add_to_run(scope: OrgScope, caps: CreditCaps, activity_id: int, most: int) -> bool:
    spent = func.coalesce(activity.c.credits_held, _spent(scope, bulk.c.activity_id == activity_id))
    change = scope.update(activity).where(activity.c.id == activity_id)
    if caps.per_run is not None:
        change = change.where(spent + most <= caps.per_run)
    return bool(scope.run(change.values(credits_held=spent + most)).rowcount)


def _add_to_month(scope: OrgScope, caps: CreditCaps, most: int) -> bool:
    insert = postgresql_insert if scope.connection.dialect.name == "postgresql" else sqlite_insert
    began = _spent(scope, bulk.c.created_at >= caps.month_began_at)
    scope.run(
        insert(credit_month)
        .values(org_id=scope.org_id, month=caps.month, credits=began)
        .on_conflict_do_nothing(index_elements=["org_id", "month"])
    )
    change = scope.update(credit_month).where(credit_month.c.month == caps.month)
    if caps.per_month is not None:
        change = change.where(credit_month.c.credits + most <= caps.per_month)
    return bool(scope.run(change.values(credits=credit_month.c.credits + most)).rowcount)


def _spent(scope: OrgScope, condition: Any) -> Any:
    """Credits of the answered calls of those bulks: where counting begins when a cap is set later."""
    return (
        select(func.coalesce(func.sum(call.c.credits), 0))
        .join(bulk, bulk.c.id == call.c.bulk_id)
        .where(bulk.c.org_id == scope.org_id, condition)
        .scalar_subquery()
    )
