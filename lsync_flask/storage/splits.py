"""Splitting a bulk over which workers die: two halves, each with its records, calls and answers, until one is alone."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from lsync_flask.engine.bulk_state import NOT_YET_WRITTEN
from lsync_flask.plugin_api import Answer
from lsync_flask.storage.bodies import decode_records, encode_answers, encode_records
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.ledger import Ledger, next_bulk_number
from lsync_flask.storage.ledger_bulks import FREE, insert_bulk
from lsync_flask.storage.ledger_rows import BulkRow, CallRow
from lsync_flask.storage.models import bulk_records, call, call_answers

_NAMESPACE = uuid.UUID("8c1b6a52-0d4e-5f0e-8f37-1f6f0a3f4d21")


def split_bulk(ledger: Ledger, held: BulkRow, attempts: int) -> int | None:
    """Cut a claimed bulk in two in one transaction and let go of both; the new one's number.

    None when it cannot be cut: one record, a write that may have begun, or a call whose answers come under a ticket.
    Both halves start with `attempts`, so that the next crash cuts again.

    Raises:
        Fenced: another worker has claimed it meanwhile.
    """
    calls = ledger.read_calls(held.id)
    cut_at = _cut_at(held, calls)
    if cut_at is None:
        return None
    rows = [row for rows in decode_records(ledger.read_records(held.id)) for row in rows]
    answers = {one.id: ledger.read_answers(one.id) for one in calls if one.state == "answered"}
    with ledger.database.writing(ledger.org_id) as scope:
        ledger.change_held(scope, held, size=cut_at, attempts=attempts, progress="{}", **FREE)
        number = next_bulk_number(scope, held.activity_id)
        new_id = insert_bulk(scope, held.activity_id, number, rows[cut_at:], state=held.state, attempts=attempts)
        scope.run(
            scope.update(bulk_records)
            .where(bulk_records.c.bulk_id == held.id)
            .values(body=encode_records(rows[:cut_at]))
        )
        for one in calls:
            _move_call(scope, one, new_id, cut_at, answers.get(one.id, []))
    return number


def _cut_at(held: BulkRow, calls: Sequence[CallRow]) -> int | None:
    if held.size < 2 or held.state not in NOT_YET_WRITTEN:  # noqa: PLR2004 - one record cannot be cut
        return None
    if len(calls) > 1:
        return calls[len(calls) // 2].first
    if calls and calls[0].ticket:
        return None
    return held.size // 2


def _move_call(scope: OrgScope, one: CallRow, new_id: int, cut_at: int, answers: Sequence[Answer]) -> None:
    """A call behind the cut goes with the new bulk; one across it becomes two, with keys of their own."""
    if one.first >= cut_at:
        scope.run(scope.update(call).where(call.c.id == one.id).values(bulk_id=new_id, first=one.first - cut_at))
    elif one.first + one.size > cut_at:
        _cut_call(scope, one, new_id, cut_at - one.first, answers)


def _cut_call(scope: OrgScope, one: CallRow, new_id: int, kept: int, answers: Sequence[Answer]) -> None:
    state = "answered" if answers else "intended"
    scope.run(
        scope.update(call)
        .where(call.c.id == one.id)
        .values(size=kept, state=state, attempts=0, key=_half_key(one.key, 1))
    )
    other = replace(one, size=one.size - kept, key=_half_key(one.key, 2))
    other_id = scope.add(
        call,
        {
            "bulk_id": new_id, "number": other.number, "first": 0, "size": other.size, "key": other.key, "state": state,
            "attempts": 0, "credits": 0, "error_code": "", "error": "",
        },
    )  # fmt: skip
    if answers:
        scope.run(
            scope.update(call_answers)
            .where(call_answers.c.call_id == one.id)
            .values(body=encode_answers(answers[:kept]))
        )
        scope.add(call_answers, {"call_id": other_id, "body": encode_answers(answers[kept:])})


def _half_key(key: str, half: int) -> str:
    """A provider that knows keys would refuse the old one with fewer records."""
    return str(uuid.uuid5(_NAMESPACE, f"{key}/{half}"))
