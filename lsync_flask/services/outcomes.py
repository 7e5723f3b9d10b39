"""What became of each record: a page at a time, filtered, as a table for a spreadsheet, and errors by their code.

Outcomes lie as one body per bulk, a line for each call. A line that cannot hold what is asked for is passed over as
bytes, and one page looks through so many lines at most: it is as quick at 4 million records as at 400.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from lsync_flask.engine.policies import CHANGING
from lsync_flask.errors import InvalidParams
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_rows import ActivityRow, BulkRow

MOST_PER_PAGE = 500
LINES_PER_PAGE = 16
"""Lines, of at most 500 records, that one page reads before it hands over to the next."""
BULKS_PER_PAGE = 8

CANCELLED = ("skipped", "CANCELLED", "The activity was cancelled before.")


@dataclass(frozen=True, slots=True)
class FieldOutcome:
    """One field of one record: what was there, what the provider proposed, and what was decided."""

    field: str
    before: str | None
    proposed: str | None
    written: bool
    decision: str


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """What became of one record."""

    record: str
    fate: str
    code: str
    message: str
    fields: Sequence[FieldOutcome]


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """Some outcomes; `next` is handed back as `after` for the following ones, None at the end."""

    outcomes: Sequence[OutcomeView]
    next: str | None


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """So many records went wrong with this code; `message` is one of theirs."""

    code: str
    message: str
    count: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which outcomes: by fate, error code, target field and what was decided on a field. Empty: any."""

    fate: str = ""
    code: str = ""
    field: str = ""
    decision: str = ""

    def is_any(self) -> bool:
        return self == Wanted()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: the bulk's number, the line in its body, the entry in the line."""

    bulk: int = 0
    line: int = 0
    entry: int = 0

    def spell(self) -> str:
        return f"{self.bulk}.{self.line}.{self.entry}"


Entry = Sequence[Any]
"""One outcome as it lies in its line: record, fate, code, message, fields."""


def read_outcomes(
    resources: Resources,
    actor: Actor,
    activity_id: int,
    fate: str | None = None,
    after: str | None = None,
    limit: int = 50,
    *,
    code: str = "",
    field: str = "",
    decision: str = "",
) -> OutcomePage:
    """What became of the records of finished bulks, in order; only as much is read as the page shows.

    A filter that fits few records may give a page that is not full, and yet has a `next`.

    Raises:
        NotFound: no such activity; InvalidParams: `after` is not one of ours, or the activity has no such field.
    """
    actor.must("see definitions and activities")
    ledger = Ledger(resources.database, actor.org_id)
    row = ledger.read_activity(activity_id)
    targets = targets_of(row)
    filter_of = _Filter(Wanted(fate or "", code, field, decision), targets)
    found: list[OutcomeView] = []
    most = min(limit, MOST_PER_PAGE)
    for place, entry in _walk(ledger, row.id, filter_of, _read_place(after)):
        if entry is None or len(found) == most:
            return OutcomePage(found, place.spell())
        found.append(view_outcome(entry, targets))
    return OutcomePage(found, None)


def targets_of(row: ActivityRow) -> list[str]:
    """The fields that the activity may change, in the order in which outcomes number them."""
    return [target["target"] for target in row.plan["results"]["rows"]]


def _read_place(after: str | None) -> _Place:
    parts = (after or "0.0.0").split(".")
    if len(parts) != len(_Place.__slots__) or not all(part.isdecimal() and part.isascii() for part in parts):
        raise InvalidParams({"after": "This is not the `next` of a page of outcomes."})
    return _Place(*(int(part[:15]) for part in parts))


class _Filter:
    """`Wanted` made ready: bytes that a line must hold, and a test for its entries."""

    def __init__(self, wanted: Wanted, targets: Sequence[str]) -> None:
        self._wanted = wanted
        self._field = _number_of(wanted.field, targets)
        self.needles = tuple(orjson.dumps(text) for text in (wanted.fate, wanted.code, wanted.decision) if text)

    def may_hold(self, bulk: BulkRow) -> bool:
        """Whether the bulk can have such outcomes, told by its counts."""
        wanted = self._wanted
        if wanted.fate and not bulk.fates.get(wanted.fate):
            return False
        return not wanted.code or bulk.state == "cancelled" or wanted.code in bulk.errors or not _is_error(bulk, wanted)

    def fits(self, entry: Entry) -> bool:
        wanted = self._wanted
        if (wanted.fate and entry[1] != wanted.fate) or (wanted.code and entry[2] != wanted.code):
            return False
        if self._field is None and not wanted.decision:
            return True
        return any(
            self._field in {None, field[0]} and (not wanted.decision or field[3] == wanted.decision)
            for field in entry[4]
        )


def _number_of(name: str, targets: Sequence[str]) -> int | None:
    if not name:
        return None
    if name not in targets:
        raise InvalidParams({"field": f"The activity does not change the field {name[:80]}."})
    return targets.index(name)


def _is_error(bulk: BulkRow, wanted: Wanted) -> bool:
    """A code that counts as an error is in the bulk's own list of errors; that of a skipped record is not."""
    others = sum(number for fate, number in bulk.fates.items() if fate not in {"rejected", "failed"})
    return wanted.fate in {"rejected", "failed"} or not others


@dataclass(slots=True)
class _Looked:
    """How much one page has looked through."""

    bulks: int = 0
    lines: int = 0


Found = tuple[_Place, Entry | None]


def _walk(ledger: Ledger, activity_id: int, filter_of: _Filter, start: _Place) -> Iterator[Found]:
    """(place, outcome) for all that fit from `start` on; (place, None) where this page has looked far enough."""
    looked = _Looked()
    for bulk in ledger.finished_bulks(activity_id, start.bulk):
        if not filter_of.may_hold(bulk):
            continue
        if looked.bulks == BULKS_PER_PAGE:
            yield _Place(bulk.number), None
        looked.bulks += 1
        begin = start if bulk.number == start.bulk else _Place(bulk.number)
        yield from _walk_bulk(_lines(ledger, bulk), filter_of, begin, looked)


def _walk_bulk(lines: Sequence[bytes], filter_of: _Filter, begin: _Place, looked: _Looked) -> Iterator[Found]:
    for number, line in enumerate(lines[begin.line :], start=begin.line):
        if not all(needle in line for needle in filter_of.needles):
            continue
        if looked.lines == LINES_PER_PAGE:
            yield _Place(begin.bulk, number), None
        looked.lines += 1
        first = begin.entry if number == begin.line else 0
        for position, entry in enumerate(orjson.loads(line)[first:], start=first):
            if filter_of.fits(entry):
                yield _Place(begin.bulk, number, position), entry


def _lines(ledger: Ledger, bulk: BulkRow) -> list[bytes]:
    """The lines of a bulk's outcomes; those of a bulk that was given up unwritten are made of its records."""
    if bulk.state != "cancelled":
        return [line for line in ledger.read_outcomes(bulk.id).split(b"\n") if line]
    records = [line for line in ledger.read_records(bulk.id).split(b"\n") if line]
    return [orjson.dumps([[row[0] or "", *CANCELLED, []] for row in orjson.loads(line)]) for line in records]


def view_outcome(entry: Entry, targets: Sequence[str]) -> OutcomeView:
    """An outcome as it is shown; `targets` are the fields that its numbers mean."""
    fields = [
        FieldOutcome(targets[place], before, proposed, decision in CHANGING, decision)
        for place, before, proposed, decision in entry[4]
    ]
    return OutcomeView(entry[0], entry[1], entry[2], entry[3], fields)


def walk_outcomes(ledger: Ledger, activity_id: int, wanted_fates: frozenset[str] = frozenset()) -> Iterator[Entry]:
    """All outcomes, one line of one bulk in memory at a time; with `wanted_fates` only those."""
    for bulk in ledger.finished_bulks(activity_id, 0):
        if wanted_fates and not any(bulk.fates.get(fate) for fate in wanted_fates):
            continue
        for line in _lines(ledger, bulk):
            yield from (entry for entry in orjson.loads(line) if not wanted_fates or entry[1] in wanted_fates)


def group_errors(ledger: Ledger, activity_id: int, most: int = 5) -> list[ErrorGroup]:
    """The most frequent errors of an activity, from what each finished bulk says of its own."""
    counts: Counter[str] = Counter()
    messages: dict[str, str] = {}
    for bulk in ledger.finished_bulks(activity_id, 0):
        for code, (number, message) in bulk.errors.items():
            counts[code] += number
            messages.setdefault(code, message)
    return [ErrorGroup(code, messages[code], number) for code, number in counts.most_common(most)]
