"""Bulk API 2.0 query jobs: large audiences, read as a stream (`reference/salesforce.md` §4.5)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lsync_flask.errors import FatalError, LimitReached, RetryableError
from lsync_flask.salesforce.api import SalesforceApi, SalesforceRefused
from lsync_flask.salesforce.csv_stream import Row, check_widths, read_csv
from lsync_flask.salesforce.ids import check_id
from lsync_flask.salesforce.refusals import plain
from lsync_flask.salesforce.transport import Reply

JOB = "750"
"""How ids of jobs begin."""


@dataclass(frozen=True, slots=True)
class QueryJob:
    """How far a job is. States: UploadComplete, InProgress, then JobComplete, Failed or Aborted."""

    state: str
    processed: int
    error: str


@dataclass(frozen=True)
class ResultPage:
    """A page of results. `rows` is read while it arrives, once; `next_locator` None: this is the last page."""

    columns: tuple[str, ...]
    rows: Iterator[Row]
    next_locator: str | None


def create_query_job(api: SalesforceApi, soql: str) -> str:
    """Have Salesforce run a query; the job's id. Live rows only, the columns in the order of the query."""
    body = {
        "operation": "query",
        "query": soql,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    return create_job(api, "jobs/query", body)


def create_job(api: SalesforceApi, path: str, body: dict[str, str]) -> str:
    """Create a query or ingest job; its id.

    Raises:
        LimitReached: the org has used up its jobs or batches of the day.
    """
    try:
        answer = api.request("POST", path, json=body).json()
    except SalesforceRefused as error:
        if "LIMIT_EXCEEDED" in error.codes:
            raise LimitReached(f"A limit of the org is reached: {error}", reason="salesforce-limit") from error
        raise
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
        raise RetryableError("Salesforce did not name the job that it made.")
    return check_id(answer["id"], JOB)


def read_query_job(api: SalesforceApi, id: str) -> QueryJob:  # noqa: A002 (the word of Salesforce)
    """How far the job is; one call."""
    body = read_job(api, f"jobs/query/{check_id(id, JOB)}")
    return QueryJob(str(body["state"]), int(body.get("numberRecordsProcessed") or 0), _error(body))


def read_job(api: SalesforceApi, path: str) -> dict[str, Any]:
    """A job as Salesforce tells it, which has a state."""
    body = api.request("GET", path).json()
    if not isinstance(body, dict) or not isinstance(body.get("state"), str):
        raise RetryableError("Salesforce did not say how far a job is.")
    return body


def _error(body: dict[str, Any]) -> str:
    return plain(str(body.get("errorMessage") or ""))


@contextmanager
def open_results(
    api: SalesforceApi,
    id: str,  # noqa: A002 (as above)
    locator: str | None,
    max_records: int,
) -> Iterator[ResultPage]:
    """A page of at most `max_records` results; `locator` None: the first. The same page can be opened again.

    Raises:
        RetryableError: while the rows are read, when fewer arrive than Salesforce announced.
    """
    params = {"maxRecords": str(max_records), **({"locator": locator} if locator else {})}
    path = f"jobs/query/{check_id(id, JOB)}/results"
    with api.request("GET", path, params=params, headers={"Accept": "text/csv"}, stream=True) as reply:
        lines = read_csv(reply, strict=True)
        columns = tuple(cell or "" for cell in next(lines, []))
        announced = _announced(reply)
        yield ResultPage(columns, _counted(check_widths(lines, len(columns)), announced), _next_locator(reply))


def _announced(reply: Reply) -> int | None:
    """How many rows Salesforce says the page has; None: it does not say."""
    text = reply.headers.get("Sforce-NumberOfRecords", "")
    return int(text) if text.isdecimal() else None


def _next_locator(reply: Reply) -> str | None:
    # The last page says the word null; a page that says nothing must not be read for ever.
    locator = reply.headers.get("Sforce-Locator", "null").strip()
    return None if locator in {"", "null"} else locator


def _counted(rows: Iterator[Row], announced: int | None) -> Iterator[Row]:
    number = 0
    for row in rows:
        number += 1
        yield row
    if announced is not None and number < announced:
        raise RetryableError(
            f"A page of the audience was cut off: {number:,} of {announced:,} rows came. It will be read again."
        )


def abort_query_job(api: SalesforceApi, id: str) -> None:  # noqa: A002 (as above)
    """Stop a job; one that has ended already is left as it is."""
    abort(api, f"jobs/query/{check_id(id, JOB)}")


def abort(api: SalesforceApi, path: str) -> None:
    """Abort a job of either kind."""
    try:
        api.request("PATCH", path, json={"state": "Aborted"})
    except SalesforceRefused as error:
        if not error.codes & {"INVALIDJOBSTATE", "NOT_FOUND"}:
            raise


def delete_query_job(api: SalesforceApi, id: str) -> None:  # noqa: A002 (as above)
    """Delete a job that has ended, with its results; one that is gone is fine."""
    try:
        api.request("DELETE", f"jobs/query/{check_id(id, JOB)}")
    except SalesforceRefused as error:
        if "NOT_FOUND" not in error.codes:
            raise FatalError(f"The query job could not be deleted. {error}") from error
