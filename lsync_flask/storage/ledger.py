"""The ledger: how far each activity, bulk and call is. The only truth; Redis merely rings.

Every change of state is one conditional UPDATE. A worker that was taken over finds no row to change: `Fenced`, and it
stops silently. Leases compare with the database's clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from lsync_flask.engine.bulk_state import FINISHED, NOT_YET_WRITTEN, UNFINISHED, BulkState
from lsync_flask.engine.status import ENDED, GOING_ON, WORKING, Status, add_fates
from lsync_flask.errors import FatalError, NotFound
from lsync_flask.plugin_api import Answer
from lsync_flask.storage.bodies import decode_answers, encode_answers, encode_records
from lsync_flask.storage.db import Database, OrgScope, db_now
from lsync_flask.storage.ledger_rows import ActivityRow, BulkRow, CallRow, WorkLeft, activity_row, bulk_row, call_row
from lsync_flask.storage.models import (
    activity,
    bulk,
    bulk_outcomes,
    bulk_records,
    call,
    call_answers,
)

LEASE_S = 60.0


class Fenced(FatalError):
    """Another worker has taken over: whatever this one was about to store is void."""

    def __init__(self) -> None:
        super().__init__("Another worker has taken this over.")


@dataclass(frozen=True, slots=True)
class Ledger:
    """One org's ledger. Each method is one transaction."""

    database: Database
    org_id: str

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

    def add_bulk(
        self, row: ActivityRow, number: int, rows: Sequence[Sequence[str | None]], cursor: Mapping[str, Any]
    ) -> None:
        """Store the next bulk of the audience and how far the audience is read, in one commit."""
        with self.database.writing(self.org_id) as scope:
            self._change_selection(
                scope,
                row,
                {
                    "selection_cursor": orjson.dumps(cursor).decode(),
                    "selected": activity.c.selected + len(rows),
                    "bulks": number,
                    "status": case((activity.c.status == "Selecting", "Running"), else_=activity.c.status),
                },
            )
            insert_bulk(scope, row.id, number, rows)

    def finish_selection(self, row: ActivityRow, api_calls: int) -> None:
        values = {"selection": "done", "api_calls": activity.c.api_calls + api_calls, **_FREE}
        with self.database.writing(self.org_id) as scope:
            self._change_selection(
                scope,
                row,
                {**values, "status": case((activity.c.status == "Selecting", "Running"), else_=activity.c.status)},
            )

    def release_selection(self, row: ActivityRow) -> None:
        """Hand the selecting over to whoever comes next; nothing when it was taken already."""
        with self.database.writing(self.org_id) as scope:
            scope.run(_held_selection(scope, row).values(**_FREE))

    def _change_selection(self, scope: OrgScope, row: ActivityRow, values: Mapping[str, Any]) -> None:
        held = _held_selection(scope, row).where(activity.c.status != "Cancelling")
        if not scope.run(held.values(**values)).rowcount:
            raise Fenced

    # Bulks

    def claim_bulk(self, activity_id: int, owner: str) -> BulkRow | None:
        """Take the next bulk that is due and that nobody holds; None when there is none."""
        with self.database.writing(self.org_id) as scope:
            next_id = (
                scope.select(bulk, bulk.c.id)
                .where(
                    bulk.c.activity_id == activity_id,
                    bulk.c.state.in_(UNFINISHED),
                    bulk.c.due_at <= db_now(),
                    is_free(bulk.c.lease_until),
                )
                .order_by(bulk.c.number)
                .limit(1)
                .with_for_update(skip_locked=True)
                .scalar_subquery()
            )
            taken = scope.run(
                scope.update(bulk)
                .where(bulk.c.id == next_id)
                .values(
                    lease_owner=owner,
                    lease_until=db_now() + LEASE_S,
                    epoch=bulk.c.epoch + 1,
                    # Only a lease that ran out counts: its holder died or hung over this bulk.
                    attempts=bulk.c.attempts + case((bulk.c.lease_until.is_not(None), 1), else_=0),
                )
                .returning(bulk)
            ).one_or_none()
        return bulk_row(taken) if taken else None

    def extend_leases(self, owner: str) -> None:
        """The holder lives: its leases run on."""
        with self.database.writing(self.org_id) as scope:
            for table in (activity, bulk):
                scope.run(
                    scope.update(table).where(table.c.lease_owner == owner).values(lease_until=db_now() + LEASE_S)
                )

    def release_all(self, owner: str) -> None:
        """The holder stops in good order: others may go on at once."""
        with self.database.writing(self.org_id) as scope:
            for table in (activity, bulk):
                scope.run(scope.update(table).where(table.c.lease_owner == owner).values(**_FREE))

    def change_bulk(self, row: BulkRow, state: BulkState | None = None, **values: Any) -> BulkRow:
        """Move a claimed bulk on, or store something about it.

        Raises:
            Fenced: another worker has claimed it meanwhile.
        """
        with self.database.writing(self.org_id) as scope:
            return self._change_bulk(scope, row, state, **values)

    def release_bulk(self, row: BulkRow, *, wait_s: float = 0.0, api_calls: int = 0) -> None:
        """Let go of a bulk until it is due again."""
        with self.database.writing(self.org_id) as scope:
            self._change_bulk(
                scope, row, None, due_at=db_now() + wait_s, api_calls=bulk.c.api_calls + api_calls, **_FREE
            )

    def read_bulk(self, row: BulkRow) -> BulkRow:
        """The bulk as stored now, which a step may have moved on.

        Raises:
            Fenced: another worker has claimed it meanwhile.
        """
        with self.database.reading(self.org_id) as scope:
            now = scope.run(scope.select(bulk).where(bulk.c.id == row.id, bulk.c.epoch == row.epoch)).one_or_none()
        if now is None:
            raise Fenced
        return bulk_row(now)

    def note_try(self, row: BulkRow, tries: int, error: str) -> BulkRow:
        """Count a try that failed for a passing reason, and say which."""
        progress = orjson.dumps({**row.progress, "tries": tries}).decode()
        return self.change_bulk(row, progress=progress, error=error)

    def begin_writing(
        self, row: BulkRow, state: BulkState, outcomes: bytes, decided_at: float, progress: str
    ) -> BulkRow:
        """Store what is to be written and what will have become of each record, before the first is sent."""
        with self.database.writing(self.org_id) as scope:
            changed = self._change_bulk(scope, row, state, decided_at=decided_at, progress=progress, error="")
            scope.run(scope.delete(bulk_outcomes).where(bulk_outcomes.c.bulk_id == row.id))
            scope.add(bulk_outcomes, {"bulk_id": row.id, "body": outcomes})
        return changed

    def finish_bulk(
        self, row: BulkRow, state: BulkState, fates: Mapping[str, int], outcomes: bytes | None, **values: Any
    ) -> None:
        """The bulk has ended; `outcomes` replaces the stored ones unless None."""
        with self.database.writing(self.org_id) as scope:
            self._change_bulk(scope, row, state, fates=orjson.dumps(dict(fates)).decode(), **_FREE, **values)
            if outcomes is not None:
                scope.run(scope.delete(bulk_outcomes).where(bulk_outcomes.c.bulk_id == row.id))
                scope.add(bulk_outcomes, {"bulk_id": row.id, "body": outcomes})

    def _change_bulk(self, scope: OrgScope, row: BulkRow, state: BulkState | None, **values: Any) -> BulkRow:
        changed = scope.run(
            scope.update(bulk)
            .where(bulk.c.id == row.id, bulk.c.epoch == row.epoch, bulk.c.state == row.state)
            .values(state=state or row.state, changed_at=db_now(), **values)
            .returning(bulk)
        ).one_or_none()
        if changed is None:
            raise Fenced
        return bulk_row(changed)

    def read_records(self, bulk_id: int) -> bytes:
        return self._read_body(bulk_records, bulk_id)

    def read_outcomes(self, bulk_id: int) -> bytes:
        return self._read_body(bulk_outcomes, bulk_id)

    def _read_body(self, table: Any, bulk_id: int) -> bytes:
        with self.database.reading(self.org_id) as scope:
            body = scope.run(scope.select(table, table.c.body).where(table.c.bulk_id == bulk_id)).scalar_one_or_none()
        return bytes(body or b"")

    # Calls

    def begin_enriching(self, row: BulkRow, calls: Sequence[Mapping[str, Any]]) -> BulkRow:
        """Store the intent of every call of a bulk before the first one leaves."""
        with self.database.writing(self.org_id) as scope:
            changed = self._change_bulk(scope, row, "enriching")
            scope.add_many(call, [{**_NEW_CALL, **values, "bulk_id": row.id} for values in calls])
        return changed

    def read_calls(self, bulk_id: int) -> list[CallRow]:
        with self.database.reading(self.org_id) as scope:
            rows = scope.run(scope.select(call).where(call.c.bulk_id == bulk_id).order_by(call.c.number)).all()
        return [call_row(row) for row in rows]

    def answer_call(self, bulk_row: BulkRow, row: CallRow, answers: Sequence[Answer], credits_used: int) -> None:
        """Store the answers of a call: from here on they are never bought again."""
        with self.database.writing(self.org_id) as scope:
            self._fence(scope, bulk_row)
            self._change_call(scope, row, state="answered", credits=credits_used, ticket=None, due_at=None)
            scope.run(scope.delete(call_answers).where(call_answers.c.call_id == row.id))
            scope.add(call_answers, {"call_id": row.id, "body": encode_answers(answers)})

    def change_call(self, bulk_row: BulkRow, row: CallRow, **values: Any) -> None:
        with self.database.writing(self.org_id) as scope:
            self._fence(scope, bulk_row)
            self._change_call(scope, row, **values)

    def _fence(self, scope: OrgScope, row: BulkRow) -> None:
        epoch = scope.run(scope.select(bulk, bulk.c.epoch).where(bulk.c.id == row.id)).scalar_one()
        if epoch != row.epoch:
            raise Fenced

    def _change_call(self, scope: OrgScope, row: CallRow, **values: Any) -> None:
        scope.run(scope.update(call).where(call.c.id == row.id).values(**values))

    def read_answers(self, call_id: int) -> list[Answer]:
        with self.database.reading(self.org_id) as scope:
            body = scope.run(
                scope.select(call_answers, call_answers.c.body).where(call_answers.c.call_id == call_id)
            ).scalar_one_or_none()
        return decode_answers(bytes(body)) if body else []

    # What is left, and the end

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
                    .where(bulk.c.id == row.id)
                    .values(
                        state="cancelled",
                        epoch=bulk.c.epoch + 1,
                        fates=orjson.dumps({"skipped": row.size}).decode(),
                        error_code="CANCELLED",
                        error="The activity was cancelled before this bulk was written.",
                        changed_at=db_now(),
                        **_FREE,
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
            .values(status=status, running_definition_id=None, finished_at=db_now(), resume_at=None, **_FREE)
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
                    **_FREE,
                )
            ).rowcount
        )

    def now_s(self) -> float:
        """The database's clock."""
        with self.database.reading(self.org_id) as scope:
            return float(scope.run(select(db_now())).scalar_one())


_FREE: Mapping[str, None] = {"lease_owner": None, "lease_until": None}
_NEW_CALL: Mapping[str, Any] = {"state": "intended", "attempts": 0, "credits": 0, "error_code": "", "error": ""}


def insert_bulk(scope: OrgScope, activity_id: int, number: int, rows: Sequence[Sequence[str | None]]) -> int:
    """Store a bulk that is ready, with its records; its key."""
    bulk_id: int = scope.add(
        bulk,
        {
            "activity_id": activity_id,
            "number": number,
            "state": "ready",
            "size": len(rows),
            "epoch": 0,
            "due_at": 0.0,
            "attempts": 0,
            "progress": "{}",
            "fates": "{}",
            "error_code": "",
            "error": "",
            "api_calls": 0,
            "created_at": db_now(),
            "changed_at": db_now(),
        },
    )
    scope.add(bulk_records, {"bulk_id": bulk_id, "body": encode_records(rows)})
    return bulk_id


def is_free(lease_until: ColumnElement[float]) -> ColumnElement[bool]:
    return or_(lease_until.is_(None), lease_until < db_now())


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
