"""Deciding: stored records and stored answers become what is written and what became of each record.

Pure but for reading the ledger: the same bulk always gives the same decisions, so that after a crash they are made
again instead of being kept.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lsync_flask.engine.decide import Decision
from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.status import Fate
from lsync_flask.engine.values import spell_json, spell_text
from lsync_flask.plugin_api import Answer, Value
from lsync_flask.storage.bodies import OutcomeEntry, encode_outcomes, rows_between
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
    body = bench.ledger.read_records(bulk.id)
    for call in bench.ledger.read_calls(bulk.id):
        rows = rows_between(body, call.first, call.size)
        answers = bench.ledger.read_answers(call.id)
        decisions = [_decide(bench.recipe, row, answer) for row, answer in zip(rows, answers, strict=True)]
        yield Decided(
            [_write(bench.recipe, row, decision, decided_at) for row, decision in zip(rows, decisions, strict=True)],
            [OutcomeEntry(d.record, d.fate, d.code, d.message, d.fields) for d in decisions],
        )


def decide_all(bench: Bench, bulk: BulkRow, decided_at: float) -> tuple[bytes, dict[str, int]]:
    """The outcomes of a bulk as they will be stored, and how many records have which fate."""
    lines: list[bytes] = []
    fates: Counter[str] = Counter()
    for decided in decide_slices(bench, bulk, decided_at):
        lines.append(encode_outcomes(decided.entries))
        fates.update(entry.fate for entry in decided.entries)
    return b"\n".join(lines), dict(fates)


def _decide(recipe: Recipe, row: Sequence[str | None], answer: Answer) -> Decision:
    decision = recipe.results.decide(row[0] or "", row, recipe.index, answer)
    if decision.code.startswith(NOT_SENT):
        fate, _, decision.code = decision.code.removeprefix(NOT_SENT).partition("/")
        decision.fate = "rejected" if fate == "rejected" else "skipped"
    return decision


def _write(recipe: Recipe, row: Sequence[str | None], decision: Decision, decided_at: float) -> Write:
    values: dict[str, Value] = dict(decision.changes)
    technical = recipe.technical
    values[technical.activity_date.name] = datetime.fromtimestamp(decided_at, UTC)
    values.update(note(recipe, row, decision.fate, decision.code, decision.message))
    return Write(decision.record, values)


def note(recipe: Recipe, row: Sequence[str | None], fate: Fate, code: str, message: str) -> dict[str, Value]:
    """The error code and message for the record: set when it went wrong, cleared when it did not and they were set."""
    technical = recipe.technical
    wrong = fate in {"rejected", "failed", "skipped"}
    wanted: dict[FieldInfo, str | None] = {
        technical.error_code: code if wrong else None,
        technical.error_message: message if wrong else None,
    }
    return {
        field.name: text[: field.length or 255] if text else None
        for field, text in wanted.items()
        if text or row[recipe.index[field.name]]
    }


def as_json(recipe: Recipe, write: Write) -> dict[str, object]:
    """The write as sObject Collections take it."""
    fields = written_fields(recipe)
    return {"Id": write.record, **{name: spell_json(fields[name], value) for name, value in write.values.items()}}


def csv_header(recipe: Recipe) -> list[str]:
    return ["Id", *written_fields(recipe)]


def as_csv(fields: Mapping[str, FieldInfo], write: Write) -> list[str]:
    """The write as a row of a Bulk API job: empty leaves a field as it is, #N/A clears it."""
    values = write.values
    return [
        write.record,
        *(spell_text(field, values[name]) if name in values else "" for name, field in fields.items()),
    ]


def written_fields(recipe: Recipe) -> dict[str, FieldInfo]:
    """Every field that the activity may write, by name, in the order of the columns."""
    technical = recipe.technical
    fields = [*recipe.results.targets, technical.activity_date, technical.error_code, technical.error_message]
    return {field.name: field for field in fields}
