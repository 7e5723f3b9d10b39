"""The rows of the ledger as they travel: frozen, with their JSON parsed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row

from lsync_flask.engine.bulk_state import BulkState
from lsync_flask.engine.status import Status


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One activity as stored; `plan` and `prepared` are parsed."""

    id: int
    org_id: str
    definition_id: int
    object: str
    owner_id: str
    status: Status
    reason: str
    resume_at: float | None
    plan: Mapping[str, Any]
    prepared: Mapping[str, Any] | None
    audience_size: int
    selection: str
    selection_job: str | None
    selection_cursor: Mapping[str, Any] | None
    selected: int
    bulks: int
    epoch: int
    api_calls: int
    attempts: int
    created_at: float
    started_at: float | None
    finished_at: float | None


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One bulk as stored, claimed by whoever holds this epoch."""

    id: int
    activity_id: int
    number: int
    state: BulkState
    size: int
    epoch: int
    attempts: int
    decided_at: float | None
    job: str | None
    progress: Mapping[str, Any]
    fates: Mapping[str, int]
    errors: Mapping[str, tuple[int, str]]  # by code: how many records, and the message of one of them
    error_code: str
    error: str
    changed_at: float


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call to the provider for `size` records of a bulk from place `first` on."""

    id: int
    bulk_id: int
    number: int
    first: int
    size: int
    key: str
    state: str
    ticket: str | None
    due_at: float | None
    attempts: int
    credits: int
    error_code: str
    error: str


@dataclass(frozen=True, slots=True)
class WorkLeft:
    """`due` bulks can be claimed now; `unfinished` counts all that have not ended; `wait_s` until the next is due."""

    due: int
    unfinished: int
    wait_s: float | None


def activity_row(row: Row[Any]) -> ActivityRow:
    return ActivityRow(
        id=row.id,
        org_id=row.org_id,
        definition_id=row.definition_id,
        object=row.object,
        owner_id=row.owner_id,
        status=row.status,
        reason=row.reason,
        resume_at=row.resume_at,
        plan=orjson.loads(row.plan),
        prepared=orjson.loads(row.prepared) if row.prepared else None,
        audience_size=row.audience_size,
        selection=row.selection,
        selection_job=row.selection_job,
        selection_cursor=orjson.loads(row.selection_cursor) if row.selection_cursor else None,
        selected=row.selected,
        bulks=row.bulks,
        epoch=row.epoch,
        api_calls=row.api_calls,
        attempts=row.attempts,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def bulk_row(row: Row[Any]) -> BulkRow:
    return BulkRow(
        id=row.id,
        activity_id=row.activity_id,
        number=row.number,
        state=row.state,
        size=row.size,
        epoch=row.epoch,
        attempts=row.attempts,
        decided_at=row.decided_at,
        job=row.job,
        progress=orjson.loads(row.progress),
        fates=orjson.loads(row.fates),
        errors=orjson.loads(row.errors),
        error_code=row.error_code,
        error=row.error,
        changed_at=row.changed_at,
    )


def call_row(row: Row[Any]) -> CallRow:
    return CallRow(
        id=row.id,
        bulk_id=row.bulk_id,
        number=row.number,
        first=row.first,
        size=row.size,
        key=row.key,
        state=row.state,
        ticket=row.ticket,
        due_at=row.due_at,
        attempts=row.attempts,
        credits=row.credits,
        error_code=row.error_code,
        error=row.error,
    )
