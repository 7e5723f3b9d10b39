"""The ledger's bulks and calls: claimed by a lease, changed under an epoch, finished with their outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import case, or_
from sqlalchemy.sql.elements import ColumnElement

from lsync_flask.engine.bulk_state import UNFINISHED, BulkState
from lsync_flask.engine.status import bad
from lsync_flask.errors import FatalError
from lsync_flask.plugin_api import Answer
from lsync_flask.storage.bodies import count_errors, decode_answers, encode_answers, encode_records
from lsync_flask.storage.credit_caps import CreditCaps, set_aside, settle
from lsync_flask.storage.db import Database, OrgScope, db_now
from lsync_flask.storage.ledger_rows import BulkRow, CallRow, bulk_row, call_row
from lsync_flask.storage.models import activity, bulk, bulk_outcomes, bulk_records, call, call_answers

LEASE_S = 60.0

FREE: Mapping[str, None] = {"lease_owner": None, "lease_until": None}
# Only a lease that ran out counts: its holder died or hung over this bulk.
_died = case((bulk.c.lease_until.is_not(None), 1), else_=0)
_NEW_CALL: Mapping[str, Any] = {"state": "intended", "attempts": 0, "credits": 0, "error_code": "", "error": ""}


class Fenced(FatalError):
    """Another worker has taken over: whatever this one was about to store is void."""

    def __init__(self) -> None:
        super().__init__("Another worker has taken this over.")


@dataclass(frozen=True, slots=True)
class BulkLedger:
    """One org's bulks and calls. Each method is one transaction."""

    database: Database
    org_id: str

    def claim_bulk(self, activity_id: int, owner: str, *, suspects: bool = True) -> BulkRow | None:
        """Take the next bulk that is due and that nobody holds; None when there is none.

        A bulk over which a worker died comes last, and without `suspects` not at all: whoever takes it carries it
        alone, so that the next crash is counted against the right one.
        """
        with self.database.writing(self.org_id) as scope:
            next_id = (
                scope.select(bulk, bulk.c.id)
                .where(
                    bulk.c.activity_id == activity_id,
                    bulk.c.state.in_(UNFINISHED),
                    bulk.c.due_at <= db_now(),
                    is_free(bulk.c.lease_until),
                    *(() if suspects else (bulk.c.attempts == 0, bulk.c.lease_until.is_(None))),
                )
                .order_by(bulk.c.attempts + _died, bulk.c.number)
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
                    attempts=bulk.c.attempts + _died,
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
                scope.run(scope.update(table).where(table.c.lease_owner == owner).values(**FREE))

    def change_bulk(self, row: BulkRow, state: BulkState | None = None, **values: Any) -> BulkRow:
        """Move a claimed bulk on, or store something about it.

        Raises:
            Fenced: another worker has claimed it meanwhile.
        """
        with self.database.writing(self.org_id) as scope:
            return self._change_bulk(scope, row, state, **values)

    def change_held(self, scope: OrgScope, row: BulkRow, **values: Any) -> BulkRow:
        """Store something about a claimed bulk, as part of a larger transaction. Raises Fenced."""
        return self._change_bulk(scope, row, None, **values)

    def blame_bulk(self, row: BulkRow, error: str) -> None:
        """The bulk's holder hangs over it: counted as a crash, and taken from the holder. Nothing when it moved on."""
        with self.database.writing(self.org_id) as scope:
            scope.run(
                scope.update(bulk)
                .where(bulk.c.id == row.id, bulk.c.epoch == row.epoch, bulk.c.lease_owner.is_not(None))
                .values(attempts=bulk.c.attempts + 1, epoch=bulk.c.epoch + 1, error=error, **FREE)
            )

    def release_bulk(self, row: BulkRow, *, wait_s: float = 0.0, api_calls: int = 0) -> None:
        """Let go of a bulk until it is due again."""
        with self.database.writing(self.org_id) as scope:
            self._change_bulk(
                scope, row, None, due_at=db_now() + wait_s, api_calls=bulk.c.api_calls + api_calls, **FREE
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
        counted = {"fates": _json(fates), "errors": _json(self._count_errors(row, fates, outcomes))}
        with self.database.writing(self.org_id) as scope:
            self._change_bulk(scope, row, state, **counted, **FREE, **values)
            if outcomes is not None:
                scope.run(scope.delete(bulk_outcomes).where(bulk_outcomes.c.bulk_id == row.id))
                scope.add(bulk_outcomes, {"bulk_id": row.id, "body": outcomes})

    def _count_errors(self, row: BulkRow, fates: Mapping[str, int], outcomes: bytes | None) -> Mapping[str, Any]:
        if not bad(fates):
            return {}
        return count_errors(self.read_outcomes(row.id) if outcomes is None else outcomes)

    def _change_bulk(self, scope: OrgScope, row: BulkRow, state: BulkState | None, **values: Any) -> BulkRow:
        changed = scope.run(
            scope.update(bulk)
            .where(bulk.c.id == row.id, bulk.c.epoch == row.epoch, bulk.c.state == row.state)
            .values(**{**_progress(row, state), "changed_at": db_now(), **values})
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

    def ask_call(self, bulk_row: BulkRow, row: CallRow, caps: CreditCaps, most: int) -> None:
        """A call is about to leave: its intent, and what it may cost, are stored before.

        Raises:
            FatalError, LimitReached: a cap on credits is in the way, and nothing was stored; Fenced.
        """
        with self.database.writing(self.org_id) as scope:
            self._fence(scope, bulk_row)
            if caps.are_set and not row.ticket:
                set_aside(scope, caps, bulk_row, row, most)
            state = "collecting" if row.ticket else "asked"
            self._change_call(scope, row, state=state, attempts=row.attempts + 1)

    def answer_call(
        self,
        bulk_row: BulkRow,
        row: CallRow,
        answers: Sequence[Answer],
        credits_used: int,
        caps: CreditCaps | None = None,
    ) -> None:
        """Store the answers of a call: from here on they are never bought again."""
        with self.database.writing(self.org_id) as scope:
            self._fence(scope, bulk_row)
            self._change_call(scope, row, state="answered", credits=credits_used, ticket=None, due_at=None)
            if caps is not None and caps.are_set:
                settle(scope, caps, bulk_row, row, credits_used)
            scope.run(scope.delete(call_answers).where(call_answers.c.call_id == row.id))
            scope.add(call_answers, {"call_id": row.id, "body": encode_answers(answers)})

    def change_call(self, bulk_row: BulkRow, row: CallRow, **values: Any) -> None:
        with self.database.writing(self.org_id) as scope:
            self._fence(scope, bulk_row)
            self._change_call(scope, row, **values)

    def _fence(self, scope: OrgScope, row: BulkRow) -> None:
        epoch = scope.run(scope.select(bulk, bulk.c.epoch).where(bulk.c.id == row.id).with_for_update()).scalar_one()
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


def _progress(row: BulkRow, state: BulkState | None) -> dict[str, Any]:
    """A bulk that moves on has left its crashes behind: those that follow are counted anew."""
    return {"state": row.state} if state in {None, row.state} else {"state": state, "attempts": 0}


def insert_bulk(
    scope: OrgScope,
    activity_id: int,
    number: int,
    rows: Sequence[Sequence[str | None]],
    *,
    state: BulkState = "ready",
    attempts: int = 0,
) -> int:
    """Store a bulk with its records; its key."""
    bulk_id: int = scope.add(
        bulk,
        {
            "activity_id": activity_id,
            "number": number,
            "state": state,
            "size": len(rows),
            "epoch": 0,
            "due_at": 0.0,
            "attempts": attempts,
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


def _json(body: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(body)).decode()


def is_free(lease_until: ColumnElement[float]) -> ColumnElement[bool]:
    return or_(lease_until.is_(None), lease_until < db_now())
