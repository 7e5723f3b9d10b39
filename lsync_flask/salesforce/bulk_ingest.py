"""Bulk API 2.0 ingest jobs: many records written at once (`reference/salesforce.md` §4.6).

A job has no effect before it is closed. Its results come in any order, so each is known by its record's id.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsync_flask.errors import FatalError, RetryableError
from lsync_flask.salesforce.api import SalesforceApi, SalesforceRefused
from lsync_flask.salesforce.bulk_query import JOB, abort, create_job, read_job
from lsync_flask.salesforce.collections import WriteResult, check_object
from lsync_flask.salesforce.csv_stream import Row, read_csv
from lsync_flask.salesforce.ids import check_id
from lsync_flask.salesforce.refusals import plain

LARGEST_UPLOAD = 100_000_000
"""Salesforce takes 150 MB after base64, which it does itself."""

_CLOSED = frozenset({"UploadComplete", "InProgress", "JobComplete"})
_NO_FIELDS = "--"


@dataclass(frozen=True, slots=True)
class IngestJob:
    """How far a job is. States: Open, UploadComplete, InProgress, then JobComplete, Failed or Aborted.

    `failed` counts records of those `processed`; even a complete job has them. Times are in milliseconds.
    """

    state: str
    processed: int
    failed: int
    error_message: str
    total_ms: int = 0
    active_ms: int = 0
    apex_ms: int = 0


def create_update_job(api: SalesforceApi, object: str) -> str:  # noqa: A002 (the word of Salesforce)
    """Open a job that updates records by their Id; the job's id."""
    body = {
        "object": check_object(object),
        "operation": "update",
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    return create_job(api, "jobs/ingest", body)


def upload(api: SalesforceApi, id: str, body: bytes) -> None:  # noqa: A002 (as above)
    """Give the job its rows, once: CSV in UTF-8 with a header and line feeds.

    An empty cell leaves a field as it is; `#N/A` clears it.
    """
    if len(body) > LARGEST_UPLOAD:
        raise FatalError(
            f"A bulk of {len(body) // 1_000_000} MB is too large for one job. Choose a smaller bulk size in settings."
        )
    headers = {"Content-Type": "text/csv; charset=UTF-8"}
    api.request("PUT", f"{_path(id)}/batches", data=body, headers=headers)


def close_job(api: SalesforceApi, id: str) -> None:  # noqa: A002 (as above)
    """Let Salesforce begin; closing a job that is closed already is fine."""
    try:
        api.request("PATCH", _path(id), json={"state": "UploadComplete"})
    except SalesforceRefused as error:
        if "INVALIDJOBSTATE" not in error.codes or read_ingest_job(api, id).state not in _CLOSED:
            raise


def abort_job(api: SalesforceApi, id: str) -> None:  # noqa: A002 (as above)
    """Give a job up; one that has ended or is gone is left as it is."""
    abort(api, _path(id))


def read_ingest_job(api: SalesforceApi, id: str) -> IngestJob:  # noqa: A002 (as above)
    """How far the job is; one call."""
    body = read_job(api, _path(id))
    numbers = [
        int(body.get(key) or 0)
        for key in (
            "numberRecordsProcessed",
            "numberRecordsFailed",
            "totalProcessingTime",
            "apiActiveProcessingTime",
            "apexProcessingTime",
        )
    ]
    processed, failed, *times = numbers
    return IngestJob(str(body["state"]), processed, failed, plain(str(body.get("errorMessage") or "")), *times)


def read_successes(api: SalesforceApi, id: str) -> Iterator[WriteResult]:  # noqa: A002 (as above)
    """The records that were written."""
    for header, row in _results(api, id, "successfulResults"):
        yield WriteResult(_record(header, row), success=True)


def read_failures(api: SalesforceApi, id: str) -> Iterator[WriteResult]:  # noqa: A002 (as above)
    """The records that Salesforce refused, each with its reason."""
    for header, row in _results(api, id, "failedResults"):
        place = header.index("sf__error") if "sf__error" in header else -1
        yield read_failure(_record(header, row), (row[place] or "") if place >= 0 else "")


def read_unprocessed(api: SalesforceApi, id: str) -> Iterator[str]:  # noqa: A002 (as above)
    """The ids of the records that the job never came to."""
    for header, row in _results(api, id, "unprocessedrecords"):
        yield _record(header, row)


def read_failure(record: str, text: str) -> WriteResult:
    """The reason of a failed row: `CODE:message:FIELDS --`, where the message may hold colons itself."""
    code, _, rest = text.partition(":")
    message, colon, tail = rest.rpartition(":")
    if not colon or not tail.rstrip().endswith(_NO_FIELDS):
        message, tail = rest, ""
    names = tail.rstrip().removesuffix(_NO_FIELDS).replace(",", " ").split()
    return WriteResult(
        record,
        success=False,
        code=code.strip() or "UNKNOWN",
        message=plain(message) or plain(code) or "Salesforce gave no reason",
        fields=tuple(names),
    )


def _results(api: SalesforceApi, id: str, kind: str) -> Iterator[tuple[Sequence[str], Row]]:  # noqa: A002 (as above)
    path = f"{_path(id)}/{kind}/"
    with api.request("GET", path, headers={"Accept": "text/csv"}, stream=True) as reply:
        lines = read_csv(reply)
        header = tuple((cell or "").lower() for cell in next(lines, []))
        for row in lines:
            if len(row) != len(header):
                raise RetryableError("The results of a job were cut off; they will be read again.")
            yield header, row


def _record(header: Sequence[str], row: Row) -> str:
    """The id as it was uploaded; Salesforce's own column may be empty in a failed row."""
    for name in ("id", "sf__id"):
        if name in header and (found := row[header.index(name)]):
            return found
    return ""


def _path(id: str) -> str:  # noqa: A002 (as above)
    return f"jobs/ingest/{check_id(id, JOB)}"
