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
from lsync_flask.engine.sizes import SMALL_AUDIENCE, bulk_size
from lsync_flask.engine.values import parse_text
from lsync_flask.errors import FatalError
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.bulk_query import create_query_job, open_results, read_query_job
from lsync_flask.salesforce.queries import query_rows
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.worker.recipe import Recipe

log = structlog.get_logger(__name__)

PAGE = 50_000
FIRST_PAGE = 1_000
LONGEST_WAIT_S = 5.0

Row = list[str | None]


class Stopped(Exception):
    """The drain was asked to stop; the selection goes on with the next worker."""


def select_audience(
    ledger: Ledger, activity: ActivityRow, recipe: Recipe, api: SalesforceApi, is_stopping: Callable[[], bool]
) -> None:
    """Store the rest of the audience as bulks.

    Raises:
        Stopped: asked to stop between two bulks; nothing is lost.
    """
    if activity.audience_size < SMALL_AUDIENCE:
        _select_small(ledger, activity, recipe, api)
    else:
        _select_by_job(ledger, activity, recipe, api, is_stopping)
    log.info("audience stored", activity=activity.id, org=activity.org_id)


def _select_small(ledger: Ledger, activity: ActivityRow, recipe: Recipe, api: SalesforceApi) -> None:
    rows = list(_tested(query_rows(api, recipe.query, recipe.columns), recipe))
    done = activity.selected
    number = activity.bulks
    for bulk in _cut(iter(rows[done:]), number, recipe):
        number += 1
        done += len(bulk)
        ledger.add_bulk(activity, number, bulk, {"rows": done})
    ledger.finish_selection(activity, api.calls)


def _select_by_job(
    ledger: Ledger, activity: ActivityRow, recipe: Recipe, api: SalesforceApi, is_stopping: Callable[[], bool]
) -> None:
    job = activity.selection_job or _start_job(ledger, activity, recipe, api)
    _await_job(api, job, is_stopping)
    cursor: Mapping[str, Any] = activity.selection_cursor or {"locator": None, "rows": 0}
    number = activity.bulks
    locator, more = cursor["locator"], True
    passed = int(cursor["rows"])
    while more:
        with open_results(api, job, locator, FIRST_PAGE if locator is None else PAGE) as page:
            place = _Place(locator, passed)
            rows = _tested(place.count(islice(page.rows, passed, None)), recipe)
            for bulk in _cut(rows, number, recipe):
                number += 1
                ledger.add_bulk(activity, number, bulk, {"locator": locator, "rows": place.rows})
                if is_stopping():
                    raise Stopped
            locator, more, passed = page.next_locator, page.next_locator is not None, 0
    ledger.finish_selection(activity, api.calls)


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


def _tested(rows: Iterable[Row], recipe: Recipe) -> Iterator[Row]:
    """The rows that belong to the audience: all of them, unless an operator must be tested here."""
    if recipe.untested is None:
        return iter(rows)
    return (row for row in rows if _matches(row, recipe, recipe.untested))


def _matches(row: Row, recipe: Recipe, audience: CompiledAudience) -> bool:
    record = {
        criterion.field: parse_text(recipe.info.get(criterion.field).type, row[recipe.index[criterion.field]])
        for criterion in audience.rows
    }
    return audience.matches(record, recipe.now)


def prepared_text(prepared: Mapping[str, Any]) -> str:
    return orjson.dumps(prepared).decode()
