"""`/sobjects/<object>`: one record at a time."""

from typing import Any

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal, not_found
from lsync_flask.simulator.http import Call, answer_empty, answer_json, read_object
from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.query_api import find_object
from lsync_flask.simulator.schema import Field, SObject
from lsync_flask.simulator.soql_compile import compile_soql
from lsync_flask.simulator.spelling import Record, record_writer
from lsync_flask.simulator.values import JsonTypeWrong, RowRefused
from lsync_flask.simulator.writing import Change, RecordWriter, Wanted

__all__ = [
    "create",
    "delete",
    "delete_external",
    "external_field",
    "find_external",
    "object_summary",
    "placed",
    "read",
    "read_external",
    "read_records",
    "update",
    "upsert",
]

_STATUS = {"ENTITY_IS_DELETED": 404, "INVALID_CROSS_REFERENCE_KEY": 404, "INSUFFICIENT_ACCESS_OR_READONLY": 403}


def object_summary(call: Call, name: str) -> Response:
    """What there is at `/sobjects/<object>`."""
    found = find_object(call, name)
    base = f"/services/data/v{call.version}/sobjects/{found.name}"
    told = {"name": found.name, "label": found.label, "keyPrefix": found.key_prefix, "urls": {"sobject": base}}
    return answer_json({"objectDescribe": told, "recentItems": []})


def read(call: Call, name: str, record: str) -> Response:
    found = find_object(call, name)
    return _read(call, found, _record_id(found, record))


def read_external(call: Call, name: str, field: str, value: str) -> Response:
    """The record whose external id this is."""
    found = find_object(call, name)
    known = external_field(call, found, field)
    records = find_external(call, found, known, value)
    if len(records) > 1:
        return _choices(call, found, records)
    if not records:
        raise not_found()
    return _read(call, found, records[0])


def _read(call: Call, found: SObject, wanted: str) -> Response:
    fields = [field.strip() for field in call.request.args.get("fields", "").split(",") if field.strip()]
    answer = read_records(call, found, [wanted], fields)[0]
    if answer is None:
        raise _missing(call, found, wanted)
    return answer_json(answer)


def read_records(call: Call, found: SObject, records: list[str], fields: list[str]) -> list[Record | None]:
    """These records in this order, None for each that is not there; all fields when none is named."""
    names = fields or [each.name for each in found.fields if call.access.reads(found, each)]
    if "id" not in {name.lower() for name in names}:
        names = ["Id", *names]
    asked = ", ".join(f"'{record}'" for record in dict.fromkeys(records) if to_18(record))
    if not asked:
        return [None] * len(records)
    selection = compile_soql(f"SELECT {', '.join(names)} FROM {found.name} WHERE Id IN ({asked})", call.asker())
    columns, write = record_writer(selection, call.org.schema, call.version)
    rows = call.org.store.rows(selection.sql(columns), selection.parameters)
    by_id = {row[0]: write(row) for row in rows}
    return [by_id.get(to_18(record) or "") for record in records]


def create(call: Call, name: str) -> Response:
    record = _create(call, find_object(call, name))
    response = answer_json({"id": record, "success": True, "errors": []}, 201)
    response.headers["Location"] = f"/services/data/v{call.version}/sobjects/{name}/{record}"
    return response


def _create(call: Call, found: SObject, more: dict[str, Any] | None = None) -> str:
    writer = _writer(call, found)
    body = read_object(call.request)
    _refuse_id(body)
    outcome = writer.create([placed(call, writer, {**body, **(more or {})}, create=True)])[0]
    if isinstance(outcome, RowRefused):
        raise refusal_of(outcome)
    return outcome


def update(call: Call, name: str, record: str) -> Response:
    found = find_object(call, name)
    _update(call, found, _record_id(found, record))
    return answer_empty()


def _update(call: Call, found: SObject, record: str) -> None:
    writer = _writer(call, found)
    body = read_object(call.request)
    _refuse_id(body)
    wanted = placed(call, writer, body, create=False)
    outcome = writer.update([Change(record, wanted.values) if isinstance(wanted, Change) else wanted])[0]
    if isinstance(outcome, RowRefused):
        raise refusal_of(outcome)


def delete(call: Call, name: str, record: str) -> Response:
    found = find_object(call, name)
    return _delete(call, found, _record_id(found, record))


def delete_external(call: Call, name: str, field: str, value: str) -> Response:
    """Put the record whose external id this is into the bin."""
    found = find_object(call, name)
    records = find_external(call, found, external_field(call, found, field), value)
    if len(records) > 1:
        return _choices(call, found, records)
    if not records:
        raise not_found()
    return _delete(call, found, records[0])


def _delete(call: Call, found: SObject, record: str) -> Response:
    outcome = _writer(call, found).delete([record])[0]
    if isinstance(outcome, RowRefused):
        raise refusal_of(outcome)
    return answer_empty()


def upsert(call: Call, name: str, field: str, value: str) -> Response:
    """Create or update the record whose external id is this."""
    found = find_object(call, name)
    known = external_field(call, found, field)
    rows = find_external(call, found, known, value)
    if len(rows) > 1:
        return _choices(call, found, rows)
    if rows:
        _update(call, found, rows[0])
        return answer_json({"id": rows[0], "success": True, "errors": [], "created": False})
    record = _create(call, found, {known.name: value})
    return answer_json({"id": record, "success": True, "errors": [], "created": True}, 201)


def _choices(call: Call, found: SObject, records: list[str]) -> Response:
    """The addresses of all records that an external id fits; the client has to choose."""
    return answer_json([f"/services/data/v{call.version}/sobjects/{found.name}/{record}" for record in records], 300)


def external_field(call: Call, found: SObject, name: str) -> Field:
    """The field by which records are matched.

    Raises:
        ApiRefusal: it is no external id, or this user does not see it.
    """
    known = found.field(name)
    if known is None or not (known.external_id or known.id_lookup) or not call.access.reads(found, known):
        raise ApiRefusal(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")
    return known


def find_external(call: Call, found: SObject, key: Field, value: object) -> list[str]:
    """The ids of the records whose external id this is; more than one when the field is not unique."""
    collation = "" if key.case_sensitive else "COLLATE NOCASE"
    sql = f'SELECT Id FROM "{found.name}" WHERE "{key.name}" = ? {collation} AND IsDeleted = 0 ORDER BY Id'
    return [row[0] for row in call.org.store.rows(sql, [value])]


def placed(call: Call, writer: RecordWriter, record: dict[str, Any], *, create: bool) -> Wanted:
    """The record as it is to be written; a wrong JSON type is told with its place in the body."""
    try:
        return writer.read_json(record, create=create)
    except JsonTypeWrong as error:
        place = call.request.get_data(as_text=True).find(str(error.value))
        where = f"{error.message} at [line:1, column:{place + 1}]"
        raise ApiRefusal(error.status, error.code, where) from error


def refusal_of(refused: RowRefused) -> ApiRefusal:
    """A refused record as the answer to a call for that one record."""
    if refused.code == "INVALID_CROSS_REFERENCE_KEY" and not refused.fields:
        return not_found()
    status = _STATUS.get(refused.code, 400)
    return ApiRefusal(status, refused.code, refused.message, refused.fields, refused.more)


def _writer(call: Call, found: SObject) -> RecordWriter:
    return RecordWriter(call.org, call.user, found, "rest", allow_save=call.allows_duplicates)


def _refuse_id(body: dict[str, Any]) -> None:
    if any(name.lower() == "id" for name in body):
        raise ApiRefusal(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.")


def _record_id(found: SObject, record: str) -> str:
    wanted = to_18(record)
    if wanted is None or wanted[:3] != found.key_prefix:
        raise ApiRefusal(404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {record}")
    return wanted


def _missing(call: Call, found: SObject, record: str) -> ApiRefusal:
    if call.org.store.rows(f'SELECT 1 FROM "{found.name}" WHERE Id = ? AND IsDeleted = 1', [record]):
        return ApiRefusal(404, "ENTITY_IS_DELETED", "entity is deleted")
    return not_found()
