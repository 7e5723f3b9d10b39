"""Outcomes and errors of an activity as tables for a spreadsheet: one row for each record, read as they are sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lsync_flask.engine.advice import advice
from lsync_flask.engine.status import BAD_FATES
from lsync_flask.services.activities import read_activity
from lsync_flask.services.notices import FATE_LABELS
from lsync_flask.services.outcomes import Entry, targets_of, walk_outcomes
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.storage.ledger import Ledger

HEAD = ("Record Id", "Outcome", "Code", "Message")
WHAT = Literal["outcomes", "errors"]


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """A file's name, its head and its rows."""

    name: str
    head: Sequence[str]
    rows: Iterator[Sequence[object]]


def outcome_table(resources: Resources, actor: Actor, activity_id: int, what: WHAT) -> OutcomeTable:
    """All outcomes, or what went wrong with what to do. Raises NotFound."""
    read_activity(resources, actor, activity_id)
    ledger = Ledger(resources.database, actor.org_id)
    name = f"activity-{activity_id}-{what}.csv"
    if what == "errors":
        rows = ([*_plain(entry), advice(entry[2])] for entry in walk_outcomes(ledger, activity_id, BAD_FATES))
        return OutcomeTable(name, (*HEAD, "What to do"), rows)
    targets = targets_of(ledger.read_activity(activity_id))
    columns = [f"{target} {part}" for target in targets for part in ("before", "proposed", "decision")]
    return OutcomeTable(name, (*HEAD, *columns), _rows(walk_outcomes(ledger, activity_id), len(targets)))


def _rows(entries: Iterator[Entry], targets: int) -> Iterator[Sequence[object]]:
    for entry in entries:
        cells: list[object] = [None] * (3 * targets)
        for place, before, proposed, decision in entry[4]:
            cells[3 * place : 3 * place + 3] = (before, proposed, decision)
        yield [*_plain(entry), *cells]


def _plain(entry: Entry) -> list[str]:
    record, fate, code, message, _ = entry
    return [record, FATE_LABELS.get(fate, fate), code, message]
