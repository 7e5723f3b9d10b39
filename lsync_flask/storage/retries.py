"""Retrying: what failed in an ended activity is opened again, and nothing else.

Bulks that failed or were cancelled as a whole go back to the start with the answers they have. Single records that
failed move into a new bulk; the answers that were bought for them move along, except those that were no answer.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import case
from sqlalchemy.exc import IntegrityError

from lsync_flask.engine.status import BAD_FATES, bad
from lsync_flask.errors import Conflict
from lsync_flask.plugin_api import Answer
from lsync_flask.storage.bodies import (
    OutcomeEntry,
    StoredRecords,
    count_errors,
    decode_outcomes,
    encode_answers,
    encode_outcomes,
)
from lsync_flask.storage.db import OrgScope, db_now
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_bulks import insert_bulk
from lsync_flask.storage.ledger_rows import ActivityRow, BulkRow
from lsync_flask.storage.models import activity, bulk, bulk_outcomes, call, call_answers

Row = list[str | None]


def reopen(ledger: Ledger, row: ActivityRow) -> bool:
    """Open what failed again, in one transaction; False when nothing did.

    Raises:
        Conflict: the definition is running in another activity meanwhile, or somebody else has just retried this one.
    """
    partial = [(b, *_failed_records(ledger, b)) for b in ledger.finished_bulks(row.id, 0) if b.state == "partial"]
    try:
        with ledger.database.writing(ledger.org_id) as scope:
            _take(scope, row)
            whole = _reopen_whole(scope, row.id)
            for number, (old, entries, rows, answers) in enumerate(partial, start=row.bulks + 1):
                _move(scope, old, entries, rows, answers, number, _largest_call(ledger, old))
            if not whole and not partial:
                _undo_take(scope, row)
                return False
            _reopen_activity(scope, row, row.bulks + len(partial))
    except IntegrityError as error:
        raise Conflict("The definition is running in another activity. Retry when that has ended.") from error
    return True


def _take(scope: OrgScope, row: ActivityRow) -> None:
    """Of several people who press Retry at once one does it: the activity must be as it was seen."""
    seen = activity.c.status == row.status, activity.c.finished_at == row.finished_at
    taken = scope.run(scope.update(activity).where(activity.c.id == row.id, *seen).values(status="Running"))
    if not taken.rowcount:
        raise Conflict("Somebody else has just retried this activity.")


def _undo_take(scope: OrgScope, row: ActivityRow) -> None:
    scope.run(scope.update(activity).where(activity.c.id == row.id).values(status=row.status))


def _reopen_whole(scope: OrgScope, activity_id: int) -> int:
    changed = scope.run(
        scope.update(bulk)
        .where(bulk.c.activity_id == activity_id, bulk.c.state.in_(("failed", "cancelled")))
        .values(
            state="ready",
            epoch=bulk.c.epoch + 1,
            attempts=0,
            due_at=0.0,
            job=None,
            progress="{}",
            fates="{}",
            errors="{}",
            error_code="",
            error="",
            changed_at=db_now(),
        )
    )
    _forget_bad_answers(scope, activity_id)
    return int(changed.rowcount)


def _forget_bad_answers(scope: OrgScope, activity_id: int) -> None:
    """Calls of reopened bulks whose answers say that there was none are to be asked again; paid answers stay."""
    ready = scope.select(bulk, bulk.c.id).where(bulk.c.activity_id == activity_id, bulk.c.state == "ready")
    scope.run(
        scope.update(call)
        .where(call.c.bulk_id.in_(ready.scalar_subquery()), call.c.credits == 0)
        .values(state="intended", attempts=0, error_code="", error="")
    )


def _failed_records(ledger: Ledger, old: BulkRow) -> tuple[list[OutcomeEntry], list[Row], list[Answer]]:
    """All outcomes of a bulk, and the rows and answers of those of its records that failed."""
    entries = [entry for line in decode_outcomes(ledger.read_outcomes(old.id)) for entry in line]
    failed = {entry.record for entry in entries if entry.fate in BAD_FATES}
    records = StoredRecords(ledger.read_records(old.id))
    rows: list[Row] = []
    answers: list[Answer] = []
    for one in ledger.read_calls(old.id):
        pairs = zip(records.rows(one.first, one.size), ledger.read_answers(one.id), strict=True)
        for record, answer in pairs:
            if record[0] in failed:
                rows.append(record)
                answers.append(answer)
    return entries, rows, answers


def _move(
    scope: OrgScope,
    old: BulkRow,
    entries: Sequence[OutcomeEntry],
    rows: Sequence[Row],
    answers: Sequence[Answer],
    number: int,
    largest_call: int,
) -> None:
    """Take the failed records out of the old bulk and make a new one of them, answered ones first."""
    moved = {row[0] for row in rows}
    kept = [entry for entry in entries if entry.record not in moved]
    _shrink(scope, old, kept)
    pairs = sorted(zip(rows, answers, strict=True), key=lambda pair: pair[1].error_code is not None)
    bulk_id = insert_bulk(scope, old.activity_id, number, [row for row, _ in pairs])
    bought = [answer for _, answer in pairs if answer.error_code is None]
    _add_call(scope, bulk_id, 1, 0, bought)
    most = largest_call or len(pairs)
    for place in range(len(bought), len(pairs), most):
        _add_call(scope, bulk_id, 2 + place, place, [], size=min(most, len(pairs) - place))


def _largest_call(ledger: Ledger, old: BulkRow) -> int:
    """No new call is larger than those before: the provider's maximum."""
    return max((one.size for one in ledger.read_calls(old.id)), default=1)


def _shrink(scope: OrgScope, old: BulkRow, kept: Sequence[OutcomeEntry]) -> None:
    fates: dict[str, int] = {}
    for entry in kept:
        fates[entry.fate] = fates.get(entry.fate, 0) + 1
    body = encode_outcomes(kept)
    counted = {"fates": orjson.dumps(fates).decode(), "errors": orjson.dumps(count_errors(body)).decode()}
    state = "partial" if bad(fates) else "written"
    scope.run(scope.update(bulk).where(bulk.c.id == old.id).values(size=len(kept), state=state, **counted))
    scope.run(scope.update(bulk_outcomes).where(bulk_outcomes.c.bulk_id == old.id).values(body=body))


def _add_call(
    scope: OrgScope, bulk_id: int, number: int, first: int, answers: Sequence[Answer], size: int | None = None
) -> None:
    if not answers and not size:
        return
    values: dict[str, Any] = {
        "bulk_id": bulk_id,
        "number": number,
        "first": first,
        "size": size or len(answers),
        "key": f"retry-{bulk_id}-{number}",
        "state": "answered" if answers else "intended",
        "attempts": 0,
        "credits": 0,
        "error_code": "",
        "error": "",
    }
    call_id = scope.add(call, values)
    if answers:
        scope.add(call_answers, {"call_id": call_id, "body": encode_answers(answers)})


def _reopen_activity(scope: OrgScope, row: ActivityRow, bulks: int) -> None:
    scope.run(
        scope.update(activity)
        .where(activity.c.id == row.id)
        .values(
            status="Running",
            reason="",
            running_definition_id=row.definition_id,
            finished_at=None,
            rung_at=None,
            bulks=bulks,
            # A cancelled selection is not taken up again: what was not selected was never part of it.
            selection=case((activity.c.selection == "waiting", "waiting"), else_="done"),
        )
    )
