"""The ledger: how far each activity, bulk and call is. The only truth; Redis merely rings.

Every change of state is one conditional UPDATE. A worker that was taken over finds no row to change: `Fenced`, and it
stops silently. Leases compare with the database's clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, case, func, select

from lsync_flask.engine.bulk_state import FINISHED, NOT_YET_WRITTEN, UNFINISHED
from lsync_flask.engine.status import ENDED, GOING_ON, WORKING, Status, add_fates
from lsync_flask.errors import FatalError, NotFound
from lsync_flask.storage.bodies import decode_records
from lsync_flask.storage.db import OrgScope, db_now
from lsync_flask.storage.ledger_bulks import FREE, LEASE_S, BulkLedger, Fenced, insert_bulk, is_free
from lsync_flask.storage.ledger_rows import ActivityRow, BulkRow, WorkLeft, activity_row, bulk_row
from lsync_flask.storage.models import activity, bulk, bulk_records


@dataclass(frozen=True, slots=True)
class Ledger(BulkLedger):
    """One org's ledger. Each method is one transaction."""

    # Activities

    def read_activity(self, activity_id: int) -> ActivityRow:
        """Raises NotFound when this org has no such activity."""
        with self.database.reading(self.org_id) as scope:
            row = scope.run(scope.select(activity).where(activity.c.id == activity_id)).one_or_none()
        if row is None:
            raise NotFound("There is no such activity.")
        return activity_row(row)

    def status_of(self, activity_id: int) -> Status:
        with self.database.reading(self.org_id) as scope:
            status: Status = scope.run(
                scope.select(activity, activity.c.status).where(activity.c.id == activity_id)
            ).scalar_one()
        return status

    def standing(self, activity_id: int) -> tuple[Status, bool]:
        """The status, and whether the audience is to be read on and nobody is reading it."""
        to_select = and_(activity.c.selection != "done", is_free(activity.c.lease_until))
        with self.database.reading(self.org_id) as scope:
            row = scope.run(
                scope.select(activity, activity.c.status, to_select.label("to_select")).where(
                    activity.c.id == activity_id
                )
            ).one()
        return row.status, bool(row.to_select)

    def hear(self, activity_id: int) -> ActivityRow:
        """A worker has heard the doorbell: from now on it may be rung again."""
        with self.database.writing(self.org_id) as scope:
            scope.run(scope.update(activity).where(activity.c.id == activity_id).values(rung_at=None))
        return self.read_activity(activity_id)

    def change_status(
        self, activity_id: int, old: Sequence[Status], new: Status, *, reason: str = "", resume_at: float | None = None
    ) -> bool:
        """Move the activity from one of the old statuses to the new one; False when it was in none of them."""
        with self.database.writing(self.org_id) as scope:
            return _change_status(scope, activity_id, old, new, reason=reason, resume_at=resume_at)

    def change_status_in(
        self,
        scope: OrgScope,
        activity_id: int,
        old: Sequence[Status],
        new: Status,
        reason: str,
        resume_at: float | None = None,
    ) -> bool:
        """The same within the caller's transaction, so that what follows from it is one commit with it."""
        return _change_status(scope, activity_id, old, new, reason=reason, resume_at=resume_at)

    # Selecting: one worker at a time holds it by a lease on the activity's row.

    def claim_selection(self, activity_id: int, owner: str) -> ActivityRow | None:
        """Take over the selecting of the audience; None when it is done or somebody else is at it."""
        with self.database.writing(self.org_id) as scope:
            taken = scope.run(
                scope.update(activity)
                .where(
                    activity.c.id == activity_id,
                    activity.c.selection != "done",
                    activity.c.status.in_(("Queued", "Selecting", "Running")),
                    is_free(activity.c.lease_until),
                )
                .values(
                    lease_owner=owner,
                    lease_until=db_now() + LEASE_S,
                    epoch=activity.c.epoch + 1,
                    attempts=activity.c.attempts + case((activity.c.lease_until.is_not(None), 1), else_=0),
                    selection="open",
                    status=case((activity.c.status == "Queued", "Selecting"), else_=activity.c.status),
                    started_at=func.coalesce(activity.c.started_at, db_now()),
                )
                .returning(activity)
            ).one_or_none()
        return activity_row(taken) if taken else None

    def note_selection(self, row: ActivityRow, **values: Any) -> None:
        """Store what selecting has found out so far (prepared, selection_job, selection_cursor, api_calls …)."""
        with self.database.writing(self.org_id) as scope:
            self._change_selection(scope, row, values)

    def add_bulk(self, row: ActivityRow, rows: Sequence[Sequence[str | None]], cursor: Mapping[str, Any]) -> None:
        """Store the next bulk of the audience and how far the audience is read, in one commit."""
        with self.database.writing(self.org_id) as scope:
            self._change_selection(
                scope,
                row,
                {
                    "selection_cursor": orjson.dumps(cursor).decode(),
                    "selected": activity.c.selected + len(rows),
                    "status": case((activity.c.status == "Selecting", "Running"), else_=activity.c.status),
                },
            )
            insert_bulk(scope, row.id, next_bulk_number(scope, row.id), rows)

    def stored_records(self, activity_id: int) -> frozenset[str]:
        """The ids of all records that an activity has stored: for small audiences."""
        ids = select(bulk.c.id).where(bulk.c.activity_id == activity_id)
        with self.database.reading(self.org_id) as scope:
            bodies = scope.run(
                scope.select(bulk_records, bulk_records.c.body).where(bulk_records.c.bulk_id.in_(ids))
            ).scalars()
            return frozenset(row[0] or "" for body in bodies for rows in decode_records(bytes(body)) for row in rows)

    def finish_selection(self, row: ActivityRow, api_calls: int) -> None:
        values = {"selection": "done", "api_calls": activity.c.api_calls + api_calls, **FREE}
        with self.database.writing(self.org_id) as scope:
            self._change_selection(
                scope,
                row,
                {**values, "status": case((activity.c.status == "Selecting", "Running"), else_=activity.c.status)},
            )

    def release_selection(self, row: ActivityRow) -> None:
        """Hand the selecting over to whoever comes next; nothing when it was taken already."""
        with self.database.writing(self.org_id) as scope:
            scope.run(_held_selection(scope, row).values(**FREE))

    def _change_selection(self, scope: OrgScope, row: ActivityRow, values: Mapping[str, Any]) -> None:
        held = _held_selection(scope, row).where(activity.c.status != "Cancelling")
        if not scope.run(held.values(**values)).rowcount:
            raise Fenced

    # What is left, and the end

    def is_to_select(self, activity_id: int) -> bool:
        """True when the audience is not read to its end and nobody is reading it."""
        with self.database.reading(self.org_id) as scope:
            return bool(
                scope.run(
                    scope.select(activity, activity.c.id).where(
                        activity.c.id == activity_id,
                        activity.c.selection != "done",
                        activity.c.status != "Cancelling",
                        is_free(activity.c.lease_until),
                    )
                ).first()
            )

    def work_left(self, activity_id: int) -> WorkLeft:
        """How many bulks are due and free now, are held, or wait, and when the next one is due."""
        with self.database.reading(self.org_id) as scope:
            return _work_left(scope, activity_id)

    def cancel_unwritten(self, activity_id: int) -> int:
        """Give up the bulks of which nothing is being written and that nobody holds; how many that were."""
        with self.database.writing(self.org_id) as scope:
            rows = scope.run(
                scope.select(bulk, bulk.c.id, bulk.c.size).where(
                    bulk.c.activity_id == activity_id,
                    bulk.c.state.in_(NOT_YET_WRITTEN),
                    is_free(bulk.c.lease_until),
                )
            ).all()
            for row in rows:
                scope.run(
                    scope.update(bulk)
                    .where(bulk.c.id == row.id, bulk.c.state.in_(NOT_YET_WRITTEN), is_free(bulk.c.lease_until))
                    .values(
                        state="cancelled",
                        epoch=bulk.c.epoch + 1,
                        fates=orjson.dumps({"skipped": row.size}).decode(),
                        error_code="CANCELLED",
                        error="The activity was cancelled before this bulk was written.",
                        changed_at=db_now(),
                        **FREE,
                    )
                )
        return len(rows)

    def finished_bulks(self, activity_id: int, number: int) -> list[BulkRow]:
        """The bulks that have ended, from that number on."""
        with self.database.reading(self.org_id) as scope:
            rows = scope.run(
                scope.select(bulk)
                .where(bulk.c.activity_id == activity_id, bulk.c.number >= number, bulk.c.state.in_(FINISHED))
                .order_by(bulk.c.number)
            ).all()
        return [bulk_row(row) for row in rows]

    def fates(self, activity_id: int) -> dict[str, int]:
        """What became of the records of the finished bulks."""
        with self.database.reading(self.org_id) as scope:
            return read_fates(scope, activity_id)

    @contextmanager
    def ending(self, activity_id: int) -> Iterator[tuple[OrgScope, ActivityRow, dict[str, int]] | None]:
        """One transaction in which an activity may be ended: None unless it is going on and nothing is left to do."""
        with self.database.writing(self.org_id) as scope:
            row = scope.run(scope.select(activity).where(activity.c.id == activity_id).with_for_update()).one()
            left = _work_left(scope, activity_id)
            selected = row.selection == "done" or row.status == "Cancelling"
            free = row.lease_until is None or row.selection == "done"
            if row.status not in WORKING or not selected or not free or left.unfinished:
                yield None
            else:
                yield scope, activity_row(row), read_fates(scope, activity_id)

    def end(self, scope: OrgScope, activity_id: int, status: Status) -> None:
        """Set the final status, inside `ending`."""
        if status not in ENDED:
            raise FatalError(f"{status} is no end of an activity.")
        scope.run(
            scope.update(activity)
            .where(activity.c.id == activity_id)
            .values(status=status, running_definition_id=None, finished_at=db_now(), resume_at=None, **FREE)
        )

    def end_failed(self, scope: OrgScope, activity_id: int, reason: str) -> bool:
        """End an activity that could not begin; False when it has ended already."""
        return bool(
            scope.run(
                scope.update(activity)
                .where(activity.c.id == activity_id, activity.c.status.in_(GOING_ON))
                .values(
                    status="Failed",
                    reason=reason,
                    running_definition_id=None,
                    finished_at=db_now(),
                    resume_at=None,
                    **FREE,
                )
            ).rowcount
        )

    def now_s(self) -> float:
        """The database's clock."""
        with self.database.reading(self.org_id) as scope:
            return float(scope.run(select(db_now())).scalar_one())


def next_bulk_number(scope: OrgScope, activity_id: int) -> int:
    """The next number of a bulk: selecting and splitting may both ask at once."""
    number: int = scope.run(
        scope.update(activity)
        .where(activity.c.id == activity_id)
        .values(bulks=activity.c.bulks + 1)
        .returning(activity.c.bulks)
    ).scalar_one()
    return number


def _held_selection(scope: OrgScope, row: ActivityRow) -> Any:
    return scope.update(activity).where(
        activity.c.id == row.id, activity.c.epoch == row.epoch, activity.c.selection == "open"
    )


def _change_status(
    scope: OrgScope, activity_id: int, old: Sequence[Status], new: Status, *, reason: str, resume_at: float | None
) -> bool:
    changed = scope.run(
        scope.update(activity)
        .where(activity.c.id == activity_id, activity.c.status.in_(old))
        .values(status=new, reason=reason, resume_at=resume_at)
    )
    return bool(changed.rowcount)


def _work_left(scope: OrgScope, activity_id: int) -> WorkLeft:
    due = and_(bulk.c.due_at <= db_now(), is_free(bulk.c.lease_until))
    row = scope.run(
        scope.select(
            bulk,
            func.coalesce(func.sum(case((due, 1), else_=0)), 0),
            func.count(),
            func.min(case((bulk.c.due_at > db_now(), bulk.c.due_at - db_now()))),
        ).where(bulk.c.activity_id == activity_id, bulk.c.state.in_(UNFINISHED))
    ).one()
    return WorkLeft(int(row[0]), int(row[1]), float(row[2]) if row[2] is not None else None)


def read_fates(scope: OrgScope, activity_id: int) -> dict[str, int]:
    """The sum of the fates of an activity's finished bulks."""
    rows = scope.run(
        scope.select(bulk, bulk.c.fates).where(bulk.c.activity_id == activity_id, bulk.c.state.in_(FINISHED))
    ).scalars()
    return add_fates([orjson.loads(body) for body in rows])
