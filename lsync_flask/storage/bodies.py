"""How records, answers and outcomes lie in their bodies: lines of JSON, each a slice, so that one is read at a time.

A bulk of 10,000 records is a few megabytes as bytes and ten times that as Python objects; nobody ever needs the whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from lsync_flask.engine.status import BAD_FATES
from lsync_flask.plugin_api import Answer

SLICE = 500

RecordRow = Sequence[str | None]


@dataclass(slots=True)
class OutcomeEntry:
    """What became of one record. `fields` are (place of the target, before, proposed, decision)."""

    record: str
    fate: str
    code: str
    message: str
    fields: Sequence[Sequence[Any]]


def encode_records(rows: Sequence[RecordRow]) -> bytes:
    return b"\n".join(orjson.dumps(rows[first : first + SLICE]) for first in range(0, len(rows), SLICE))


def decode_records(body: bytes) -> Iterator[list[list[str | None]]]:
    """The slices of a bulk's records, in order."""
    for line in body.split(b"\n"):
        if line:
            yield orjson.loads(line)


class StoredRecords:
    """A bulk's records as stored, of which slices are read: no more of them is held as rows than is asked for."""

    def __init__(self, body: bytes) -> None:
        self._lines = body.split(b"\n")

    def rows(self, first: int, size: int) -> list[list[str | None]]:
        """The rows from place `first` on, at most `size` of them."""
        rows: list[list[str | None]] = []
        for number in range(first // SLICE, min(len(self._lines), (first + size - 1) // SLICE + 1)):
            rows.extend(orjson.loads(self._lines[number]))
        skip = first % SLICE
        return rows[skip : skip + size]


def encode_answers(answers: Iterable[Answer]) -> bytes:
    """What a provider sent, as JSON; an answer that JSON cannot hold is one that failed, with the reason."""
    rows = [[a.key, a.matched, a.confidence, dict(a.values), a.error_code, a.error, a.may_retry] for a in answers]
    try:
        return orjson.dumps(rows, default=_spell)
    except TypeError:
        return orjson.dumps([_storable(row) for row in rows], default=_spell)


def _storable(row: list[Any]) -> list[Any]:
    try:
        orjson.dumps(row, default=_spell)
    except TypeError:
        return [
            row[0],
            False,
            None,
            {},
            "WRONG_TYPE",
            "The provider sent something that is no text and no number.",
            False,
        ]
    return row


def decode_answers(body: bytes) -> list[Answer]:
    return [
        Answer(key, matched, values, confidence, error_code, error, may_retry)
        for key, matched, confidence, values, error_code, error, may_retry in orjson.loads(body)
    ]


def encode_outcomes(entries: Sequence[OutcomeEntry]) -> bytes:
    """One line of a bulk's outcomes."""
    return orjson.dumps([[e.record, e.fate, e.code, e.message, e.fields] for e in entries])


def decode_outcomes(body: bytes) -> Iterator[list[OutcomeEntry]]:
    for line in body.split(b"\n"):
        if line:
            yield [OutcomeEntry(*entry) for entry in orjson.loads(line)]


MOST_CODES = 20
"""Different error codes that a bulk lists; the rest are only counted among its fates."""


def count_errors(body: bytes) -> dict[str, tuple[int, str]]:
    """The codes of rejected and failed records: how many, and the message of the first."""
    found: dict[str, tuple[int, str]] = {}
    for line in body.split(b"\n"):
        if b'"rejected"' in line or b'"failed"' in line:
            for _, fate, code, message, _ in orjson.loads(line):
                if fate in BAD_FATES and (code in found or len(found) < MOST_CODES):
                    number, first = found.get(code, (0, message))
                    found[code] = (number + 1, first)
    return found


def patch_outcomes(body: bytes, failures: Mapping[str, tuple[str, str]], names: Sequence[str]) -> bytes:
    """The outcomes with the records that Salesforce refused marked so: `failures` maps an id to (code, message).

    Their fields keep what was proposed, so that it stays plain what was tried; `names` says which decisions that were
    to be written are now refused.
    """
    lines = []
    for entries in decode_outcomes(body):
        for entry in entries:
            if entry.record in failures:
                _refuse(entry, *failures[entry.record], names)
        lines.append(encode_outcomes(entries))
    return b"\n".join(lines)


def _refuse(entry: OutcomeEntry, code: str, message: str, names: Sequence[str]) -> None:
    entry.fate, entry.code, entry.message = "rejected", code, message
    entry.fields = [[*field[:3], "rejected" if field[3] in names else field[3]] for field in entry.fields]


def _spell(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else _number(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    raise TypeError(f"{type(value).__name__} cannot be stored")


def _number(value: Decimal) -> float | str:
    near = float(value)
    return near if Decimal(repr(near)) == value else str(value)
