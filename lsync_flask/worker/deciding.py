"""Deciding: stored records and stored answers become what is written and what became of each record.

Pure but for reading the ledger: the same bulk always gives the same decisions, so that after a crash they are made
again instead of being kept.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from lsync_flask.engine.decide import Decision
from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.status import Fate
from lsync_flask.engine.values import spell_json, spell_text
from lsync_flask.plugin_api import Answer, Value
from lsync_flask.storage.bodies import OutcomeEntry, StoredRecords, encode_outcomes
from lsync_flask.storage.ledger_rows import BulkRow
from lsync_flask.worker.bench import Bench
from lsync_flask.worker.enriching import NOT_SENT
from lsync_flask.worker.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Write:
    """What is to be written to one record, technical fields included."""

    record: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Decided:
    """One slice of a bulk: what to write, and what will have become of each record if Salesforce accepts it."""

    writes: Sequence[Write]
    entries: Sequence[OutcomeEntry]


def decide_slices(bench: Bench, bulk: BulkRow, decided_at: float) -> Iterator[Decided]:
    """The decisions of a bulk, call by call, so that no more than one call's records are held."""
    body = StoredRecords(bench.ledger.read_records(bulk.id))
    moment = datetime.fromtimestamp(decided_at, UTC)
    for call in bench.ledger.read_calls(bulk.id):
        rows = body.rows(call.first, call.size)
        answers = bench.ledger.read_answers(call.id)
        with bench.watch.guard(bulk, "that transforms results"):
            decisions = [_decide(bench.recipe, row, answer) for row, answer in zip(rows, answers, strict=True)]
        yield Decided(
            [_write(bench.recipe, row, decision, moment) for row, decision in zip(rows, decisions, strict=True)],
            [OutcomeEntry(d.record, d.fate, d.code, d.message, d.fields) for d in decisions],
        )


@dataclass(frozen=True, slots=True)
class DecidedBulk:
    """A whole bulk: its outcomes as they will be stored, the number of records by fate, and the rows to upload.

    `upload` is the CSV of a Bulk API job; empty when the bulk is written another way.
    """

    outcomes: bytes
    fates: dict[str, int]
    upload: bytes


def decide_all(bench: Bench, bulk: BulkRow, decided_at: float, *, for_upload: bool) -> DecidedBulk:
    """Decide each record once, slice by slice; what is to be uploaded is spelled on the way."""
    lines: list[bytes] = []
    fates: Counter[str] = Counter()
    upload = Upload(bench.recipe)
    for decided in decide_slices(bench, bulk, decided_at):
        lines.append(encode_outcomes(decided.entries))
        fates.update(entry.fate for entry in decided.entries)
        if for_upload:
            upload.add(decided.writes)
    return DecidedBulk(b"\n".join(lines), dict(fates), upload.body() if for_upload else b"")


def spell_upload(bench: Bench, bulk: BulkRow) -> bytes:
    """The rows to upload of a bulk that has been decided before: the same again."""
    upload = Upload(bench.recipe)
    for decided in decide_slices(bench, bulk, bulk.decided_at or 0.0):
        upload.add(decided.writes)
    return upload.body()


class Upload:
    """The CSV of a Bulk API job, made row by row: empty leaves a field as it is, #N/A clears it."""

    def __init__(self, recipe: Recipe) -> None:
        self._fields = tuple(_written_fields(recipe).items())
        self._bytes = io.BytesIO()
        self._text = io.TextIOWrapper(self._bytes, "utf-8", newline="", write_through=False)
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(["Id", *(name for name, _ in self._fields)])

    def add(self, writes: Sequence[Write]) -> None:
        self._writer.writerows(self._row(write) for write in writes)

    def _row(self, write: Write) -> list[str]:
        cells = [write.record]
        get = write.values.get
        for name, field in self._fields:
            value = get(name, _AS_IT_IS)
            # Most values are texts, which are spelled as they are.
            cells.append(value if type(value) is str and value else _cell(field, value))
        return cells

    def body(self) -> bytes:
        self._text.flush()
        return self._bytes.getvalue()


_AS_IT_IS = object()


def _cell(field: FieldInfo, value: object) -> str:
    return "" if value is _AS_IT_IS else spell_text(field, cast("Value", value))


def _decide(recipe: Recipe, row: Sequence[str | None], answer: Answer) -> Decision:
    decision = recipe.results.decide(row[0] or "", row, recipe.index, answer)
    if decision.code.startswith(NOT_SENT):
        fate, _, decision.code = decision.code.removeprefix(NOT_SENT).partition("/")
        decision.fate = "rejected" if fate == "rejected" else "skipped"
    return decision


def _write(recipe: Recipe, row: Sequence[str | None], decision: Decision, decided_at: datetime) -> Write:
    values: dict[str, Value] = {**decision.changes, recipe.technical.activity_date.name: decided_at}
    values.update(note(recipe, row, decision.fate, decision.code, decision.message))
    return Write(decision.record, values)


_WRONG = frozenset({"rejected", "failed", "skipped"})


def note(recipe: Recipe, row: Sequence[str | None], fate: Fate, code: str, message: str) -> dict[str, Value]:
    """The error code and message for the record: set when it went wrong, cleared when it did not and they were set."""
    if fate in _WRONG:
        return dict(_clipped(recipe, code, message))
    technical = recipe.technical
    return {
        field.name: None for field in (technical.error_code, technical.error_message) if row[recipe.index[field.name]]
    }


def _clipped(recipe: Recipe, code: str, message: str) -> Iterator[tuple[str, Value]]:
    technical = recipe.technical
    for field, text in ((technical.error_code, code), (technical.error_message, message)):
        yield field.name, text[: field.length or 255] or None


def as_json(recipe: Recipe, writes: Sequence[Write]) -> list[dict[str, object]]:
    """The writes as sObject Collections take them."""
    fields = _written_fields(recipe)
    return [
        {"Id": write.record, **{name: spell_json(fields[name], value) for name, value in write.values.items()}}
        for write in writes
    ]


def _written_fields(recipe: Recipe) -> dict[str, FieldInfo]:
    """Every field that the activity may write, by name, in the order of the columns."""
    technical = recipe.technical
    fields = [*recipe.results.targets, technical.activity_date, technical.error_code, technical.error_message]
    return {field.name: field for field in fields}
