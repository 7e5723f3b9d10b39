"""sObject Collections: up to 200 records written, or 2,000 read, by one call (`reference/salesforce.md` §4.4)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsync_flask.errors import FatalError, OutcomeUnknown, RetryableError
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.ids import to_18
from lsync_flask.salesforce.refusals import ApiError, read_error

MOST_WRITTEN = 200
MOST_READ = 2_000

_OBJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}", re.ASCII)
_QUIET = {"Sforce-Auto-Assign": "FALSE"}
"""An enrichment must not hand leads to other owners."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one record; `code`, `message` and `fields` are empty when it was written."""

    record: str
    success: bool
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()


def update_records(
    api: SalesforceApi,
    object: str,  # noqa: A002 (the word of Salesforce)
    records: Sequence[Mapping[str, object]],
) -> list[WriteResult]:
    """Update at most 200 records, each with its `Id` and the fields to change; one result each, in the same order.

    A record that Salesforce refuses is a result, not an error. Safe to call again.

    Raises:
        SalesforceRefused: the whole call, because a value has a wrong JSON type or a field is not there.
        OutcomeUnknown: no whole answer came back.
    """
    if len(records) > MOST_WRITTEN:
        raise FatalError(f"At most {MOST_WRITTEN} records can be written by one call; these are {len(records)}.")
    ids = [str(record["Id"]) for record in records]
    if not records:
        return []
    kind = {"type": check_object(object)}
    body = {"allOrNone": False, "records": [{"attributes": kind, **_lower_id(record)} for record in records]}
    answer = api.request("PATCH", "composite/sobjects", json=body, headers=_QUIET).json()
    if not isinstance(answer, list) or len(answer) != len(records):
        raise OutcomeUnknown("Salesforce did not say what became of each record.")
    # Failed records come back without their id, so the place tells which they are.
    return [_read_result(id, entry) for id, entry in zip(ids, answer, strict=True)]  # noqa: A001


def read_records(
    api: SalesforceApi,
    object: str,  # noqa: A002 (as above)
    ids: Sequence[str],
    fields: Sequence[str],
) -> list[Mapping[str, Any] | None]:
    """These fields of at most 2,000 records, in the order of their ids; None for one that is not there."""
    if len(ids) > MOST_READ:
        raise FatalError(f"At most {MOST_READ} records can be read by one call; these are {len(ids)}.")
    if not ids:
        return []
    body = {"ids": list(ids), "fields": list(fields)}
    answer = api.request("POST", f"composite/sobjects/{check_object(object)}", json=body).json()
    if not isinstance(answer, list):
        raise RetryableError("Salesforce sent no records.")
    found = {to_18(record["Id"]): record for record in answer if isinstance(record, dict) and record.get("Id")}
    if found or not any(answer):
        return [found.get(to_18(id)) for id in ids]  # noqa: A001
    return _by_place(ids, answer)


def _by_place(ids: Sequence[str], answer: list[Any]) -> list[Mapping[str, Any] | None]:
    """Without the field Id the order is all there is to go by."""
    if len(answer) != len(ids):
        raise RetryableError("Salesforce sent another number of records than was asked for.")
    return [record if isinstance(record, dict) else None for record in answer]


def check_object(name: str) -> str:
    """An object's name, which becomes a part of an address; raises FatalError when it cannot be one."""
    if not _OBJECT.fullmatch(name):
        raise FatalError(f"“{name[:80]}” is no name of an object.")
    return name


def _lower_id(record: Mapping[str, object]) -> dict[str, object]:
    return {"id" if name == "Id" else name: value for name, value in record.items()}


def _read_result(record: str, entry: Any) -> WriteResult:
    if not isinstance(entry, dict) or not isinstance(entry.get("success"), bool):
        raise OutcomeUnknown("Salesforce did not say what became of each record.")
    if entry["success"]:
        return WriteResult(record, success=True)
    errors = [read_error(error) for error in entry.get("errors") or () if isinstance(error, dict)]
    first = errors[0] if errors else ApiError("UNKNOWN", "Salesforce gave no reason")
    message = "; ".join(dict.fromkeys(error.message for error in errors)) or first.message
    fields = dict.fromkeys(field for error in errors for field in error.fields)
    return WriteResult(record, success=False, code=first.code, message=message, fields=tuple(fields))
