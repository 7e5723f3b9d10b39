"""`/composite/sobjects`: up to 200 records in one call, answered in the order of the request."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal
from lsync_flask.simulator.http import Call, answer_json, read_object
from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.query_api import find_object
from lsync_flask.simulator.records_api import placed, read_records
from lsync_flask.simulator.schema import SObject
from lsync_flask.simulator.values import RowRefused
from lsync_flask.simulator.writing import Outcome, RecordWriter, Wanted

__all__ = ["create_all", "delete_all", "read_all", "read_batch", "run_writes", "spell_outcome", "update_all"]

_MOST = 200
_MOST_READ = 2000
_MOST_CHUNKS = 10
_TOO_MANY = "record limit reached. cannot submit more than 200 records into this call"
_ROLLED_BACK = RowRefused(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
Write = Callable[[], list[Outcome]]


class _Undo(Exception):
    """Leaves the transaction so that nothing of it stays."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


def update_all(call: Call) -> Response:
    return _write_all(call, create=False)


def create_all(call: Call) -> Response:
    return _write_all(call, create=True)


def read_batch(call: Call) -> tuple[list[dict[str, Any]], bool]:
    """The records of the body, and whether all of them or none are to be written."""
    body = read_object(call.request)
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ApiRefusal(400, "JSON_PARSER_ERROR", "The records parameter is required and must be an array of records")
    if len(records) > _MOST:
        raise ApiRefusal(400, "EXCEEDED_ID_LIMIT", _TOO_MANY)
    return records, body.get("allOrNone") is True


def _write_all(call: Call, *, create: bool) -> Response:
    records, all_or_none = read_batch(call)
    # Every record's JSON is read before any is written: a wrong type refuses the call as a whole.
    chunks = [_chunk(call, name, list(group), create=create) for name, group in groupby(records, key=_type_of)]
    if len(chunks) > _MOST_CHUNKS:
        raise ApiRefusal(400, "LIMIT_EXCEEDED", "Cannot process more than 10 chunks of one object type in a request")
    outcomes = run_writes(call, chunks, all_or_none=all_or_none)
    return answer_json([spell_outcome(outcome, tell_id=not create) for outcome in outcomes])


def _type_of(record: dict[str, Any]) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise ApiRefusal(400, "INVALID_TYPE", "Each record must name its sObject type in attributes")
    return name


def _chunk(call: Call, name: str, records: Sequence[dict[str, Any]], *, create: bool) -> Write:
    found = call.org.schema.get(name)
    if found is None or not call.access.sees(found):
        raise ApiRefusal(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    writer = RecordWriter(call.org, call.user, found, "collections", allow_save=call.allows_duplicates)
    wanted = [_place(call, writer, record, create=create) for record in records]
    return lambda: writer.create(wanted) if create else writer.update(wanted)


def _place(call: Call, writer: RecordWriter, record: dict[str, Any], *, create: bool) -> Wanted:
    wanted = placed(call, writer, record, create=create)
    if create and any(name.lower() == "id" for name in record):
        return RowRefused("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",))
    return wanted


def run_writes(call: Call, chunks: Sequence[Write], *, all_or_none: bool) -> list[tuple[Outcome, str | None]]:
    """Each outcome, and the id of a record that was rolled back although nothing was wrong with it."""
    if not all_or_none:
        return [(outcome, None) for write in chunks for outcome in write()]
    try:
        return [(outcome, None) for outcome in _run_whole(call, chunks)]
    except _Undo as undo:
        return [(_ROLLED_BACK, one) if isinstance(one, str) else (one, None) for one in undo.outcomes]


def _run_whole(call: Call, chunks: Sequence[Write]) -> list[Outcome]:
    with call.org.store.write():
        outcomes = [outcome for write in chunks for outcome in write()]
        if any(isinstance(outcome, RowRefused) for outcome in outcomes):
            raise _Undo(outcomes)
    return outcomes


def spell_outcome(pair: tuple[Outcome, str | None], *, tell_id: bool) -> dict[str, Any]:
    """One outcome as the client reads it. A refused record has no id unless it was only rolled back."""
    outcome, undone = pair
    if isinstance(outcome, str):
        return {"id": outcome, "success": True, "errors": []}
    error = {"statusCode": outcome.code, "message": outcome.message, "fields": list(outcome.fields)}
    told = {"id": undone} if undone and tell_id else {}
    return {**told, "success": False, "errors": [error]}


def read_all(call: Call, name: str) -> Response:
    """Records by id, by GET or, when there are many, by POST; null for each that is not there."""
    found = find_object(call, name)
    if call.request.method == "GET":
        ids = _split(call.request.args.get("ids", ""))
        fields = _split(call.request.args.get("fields", ""))
    else:
        body = read_object(call.request)
        ids, fields = _texts(body.get("ids")), _texts(body.get("fields"))
    if len(ids) > _MOST_READ:
        raise ApiRefusal(400, "EXCEEDED_ID_LIMIT", "cannot retrieve more than 2000 records in this call")
    if not ids or not fields:
        raise ApiRefusal(400, "MISSING_ARGUMENT", "The ids and fields parameters are required")
    return answer_json(read_records(call, found, ids, fields))


def delete_all(call: Call) -> Response:
    ids = _split(call.request.args.get("ids", ""))
    if len(ids) > _MOST:
        raise ApiRefusal(400, "EXCEEDED_ID_LIMIT", _TOO_MANY)
    chunks = [_deletion(call, prefix, list(group)) for prefix, group in groupby(ids, key=lambda one: one[:3])]
    all_or_none = call.request.args.get("allOrNone", "").lower() == "true"
    return answer_json(
        [spell_outcome(outcome, tell_id=True) for outcome in run_writes(call, chunks, all_or_none=all_or_none)]
    )


def _deletion(call: Call, prefix: str, ids: list[str]) -> Write:
    found: SObject | None = call.org.schema.by_prefix(prefix)
    if found is None or not call.access.sees(found):
        return lambda: [RowRefused("MALFORMED_ID", f"malformed id {record}") for record in ids]
    writer = RecordWriter(call.org, call.user, found, "collections")
    return lambda: writer.delete([to_18(record) or record for record in ids])


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _texts(found: object) -> list[str]:
    return [str(one) for one in found] if isinstance(found, list) else []
