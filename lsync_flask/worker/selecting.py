"""Selecting: the audience is read as a stream, cut into bulks and stored, with how far it is read in the same commit.

After a crash the next worker re-attaches to the same query job: its pages can be read again, and the rows already
stored are passed over.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from time import sleep
from typing import Any

import orjson
import structlog

from lsync_flask.engine.audience import CompiledAudience
from lsync_flask.engine.sizes import bulk_size
from lsync_flask.engine.values import parse_text
from lsync_flask.errors import FatalError
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.bulk_query import create_query_job, open_results, read_query_job
from lsync_flask.salesforce.queries import query_rows
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.worker.bench import Bench
from lsync_flask.worker.recipe import Recipe

log = structlog.get_logger(__name__)

PAGE = 50_000
FIRST_PAGE = 1_000
LONGEST_WAIT_S = 5.0

Row = list[str | None]


class Stopped(Exception):
    """The drain was asked to stop; the selection goes on with the next worker."""


def select_audience(bench: Bench, activity: ActivityRow, api: SalesforceApi) -> None:
    """Store the rest of the audience as bulks.

    Raises:
        Stopped: asked to stop between two bulks; nothing is lost.
    """
    if activity.audience_size < bench.recipe.plan.bulk_api_from:
        _select_small(bench, activity, api)
    else:
        _select_by_job(bench, activity, api)
    log.info("audience stored", activity=activity.id, org=activity.org_id)


def _select_small(bench: Bench, activity: ActivityRow, api: SalesforceApi) -> None:
    ledger, recipe = bench.ledger, bench.recipe
    # After a crash the rows may come in another order, and some may be new: the ids tell which are stored already.
    stored = ledger.stored_records(activity.id) if activity.bulks else frozenset()
    found = _tested(bench, query_rows(api, recipe.query, recipe.columns))
    rows = list(islice((row for row in found if row[0] not in stored), _left(bench, len(stored))))
    done, last = len(stored), _last(activity)
    for bulk in _cut(iter(rows), activity.bulks, recipe):
        done, last = done + len(bulk), _greatest(last, bulk)
        ledger.add_bulk(activity, bulk, {"rows": done, "last": last})
    ledger.finish_selection(activity, api.calls)


def _select_by_job(bench: Bench, activity: ActivityRow, api: SalesforceApi) -> None:
    ledger, recipe = bench.ledger, bench.recipe
    job = activity.selection_job or _start_job(ledger, activity, recipe, api)
    _await_job(api, job, bench.stop.is_set)
    cursor: Mapping[str, Any] = activity.selection_cursor or {"locator": None, "rows": 0}
    number, last = activity.bulks, _last(activity)
    left = _left(bench, activity.selected)
    locator, more = cursor["locator"], True
    passed = int(cursor["rows"])
    while more:
        with open_results(api, job, locator, FIRST_PAGE if locator is None else PAGE) as page:
            place = _Place(locator, passed)
            rows = _tested(bench, place.count(islice(page.rows, passed, None)))
            for bulk in _cut(islice(rows, left), number, recipe):
                number, last = number + 1, _greatest(last, bulk)
                left = None if left is None else left - len(bulk)
                ledger.add_bulk(activity, bulk, {"locator": locator, "rows": place.rows, "last": last})
                if bench.stop.is_set():
                    raise Stopped
            locator, more, passed = page.next_locator, page.next_locator is not None and left != 0, 0
    ledger.finish_selection(activity, api.calls)


def _left(bench: Bench, selected: int) -> int | None:
    """How many records the activity still takes; None: all there are."""
    part = bench.recipe.plan.part
    return None if part is None else max(0, part.most - selected)


def _last(activity: ActivityRow) -> str:
    return str((activity.selection_cursor or {}).get("last", ""))


def _greatest(last: str, bulk: Sequence[Row]) -> str:
    """The greatest id so far, as Salesforce compares them: byte by byte."""
    return max(last, *(row[0] or "" for row in bulk))


class _Place:
    """How many rows of a page have been read, counted as they pass."""

    def __init__(self, locator: str | None, rows: int) -> None:
        self.locator = locator
        self.rows = rows

    def count(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.rows += 1
            yield row


def _start_job(ledger: Ledger, activity: ActivityRow, recipe: Recipe, api: SalesforceApi) -> str:
    # A crash between the two lines leaves a query job that nobody reads: it costs nothing and expires.
    job = create_query_job(api, recipe.query)
    ledger.note_selection(activity, selection_job=job)
    return job


def _await_job(api: SalesforceApi, job: str, is_stopping: Callable[[], bool]) -> None:
    wait_s = 0.1
    while (state := read_query_job(api, job)).state not in {"JobComplete", "Failed", "Aborted"}:
        if is_stopping():
            raise Stopped
        sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
    if state.state != "JobComplete":
        raise FatalError(f"Salesforce could not read the audience: {state.error or state.state}.")


def _cut(rows: Iterator[Row], number: int, recipe: Recipe) -> Iterator[Sequence[Row]]:
    plan = recipe.plan
    while bulk := list(islice(rows, bulk_size(number + 1, first=plan.first_bulk_size, largest=plan.bulk_size))):
        number += 1
        yield bulk


def _tested(bench: Bench, rows: Iterable[Row]) -> Iterator[Row]:
    """The rows that belong to the audience: all of them, unless an operator must be tested here."""
    untested = bench.recipe.untested
    return iter(rows) if untested is None else (row for row in rows if _matches(bench, row, untested))


def _matches(bench: Bench, row: Row, audience: CompiledAudience) -> bool:
    recipe = bench.recipe
    record = {
        criterion.field: parse_text(recipe.info.get(criterion.field).type, row[recipe.index[criterion.field]])
        for criterion in audience.rows
    }
    with bench.watch.guard(bench.activity_id, "that tests records"):
        return audience.matches(record, recipe.now)


def prepared_text(prepared: Mapping[str, Any]) -> str:
    return orjson.dumps(prepared).decode()
