"""Bulk API 2.0 query jobs: the rows go into a file, pages are slices of it (`salesforce.md` §4.5)."""

import base64
import binascii
import time
import zlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal, not_found
from lsync_flask.simulator.bulk_jobs import BulkJob, wrong_state
from lsync_flask.simulator.csv_sql import DELIMITERS, LINE_ENDINGS, csv_header, csv_line
from lsync_flask.simulator.http import Call, answer_empty, answer_json, read_object
from lsync_flask.simulator.job_ends import finish_job
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.soql_compile import Selection, compile_soql

__all__ = ["QueryJob", "change", "create", "delete", "list_jobs", "read", "result_pages", "results"]

_ROWS = 4000
_PAGE = 50_000
_BLOCK = 1 << 20
_PAGES = 5
_OPERATIONS = frozenset({"query", "queryAll"})


@dataclass
class QueryJob(BulkJob):
    """`offsets` holds where in the file each row begins, and the end of the last."""

    header: bytes = b""
    offsets: "array[int]" = field(default_factory=lambda: array("Q", [0]))


def create(call: Call) -> Response:
    body = read_object(call.request)
    operation, soql = str(body.get("operation", "query")), body.get("query")
    if operation not in _OPERATIONS or not isinstance(soql, str):
        raise ApiRefusal(400, "API_ERROR", "A query job needs an operation, query or queryAll, and a query")
    delimiter, line_ending = read_dialect(body)
    selection = _compile(call, soql, all_rows=operation == "queryAll")
    if not call.org.limits.use_query_job():
        raise ApiRefusal(400, "LIMIT_EXCEEDED", "ExceededQuota : daily limit of query jobs")
    org = call.org
    made = org.moment()
    job = QueryJob(
        org.new_key("750"),
        call.user,
        call.version,
        operation,
        selection.base.name,
        delimiter,
        line_ending,
        made,
        "UploadComplete",
        org.query_jobs.folder,
        header=csv_header(selection.columns, DELIMITERS[delimiter], LINE_ENDINGS[line_ending]),
    )
    answer = job.spell()
    org.query_jobs.start(lambda one: _work(org, one, selection), org.query_jobs.add(job))
    return answer_json(answer)


def read_dialect(body: Mapping[str, Any]) -> tuple[str, str]:
    """The delimiter and line ending that a job asks for, by name."""
    delimiter = str(body.get("columnDelimiter") or "COMMA").upper()
    line_ending = str(body.get("lineEnding") or "LF").upper()
    kind = str(body.get("contentType") or "CSV").upper()
    if delimiter not in DELIMITERS or line_ending not in LINE_ENDINGS or kind != "CSV":
        raise ApiRefusal(400, "API_ERROR", "InvalidJob : unknown contentType, columnDelimiter or lineEnding")
    return delimiter, line_ending


def _compile(call: Call, soql: str, *, all_rows: bool) -> Selection:
    selection = compile_soql(soql, call.asker(all_rows=all_rows))
    if selection.shape != "rows" or selection.group or selection.offset:
        message = "Aggregate functions, GROUP BY and OFFSET are not supported in Bulk Query"
        raise ApiRefusal(400, "API_ERROR", message)
    if selection.children:
        raise ApiRefusal(400, "API_ERROR", "Nested queries are not supported in Bulk Query")
    if any(column.field is not None and not column.field.is_stored for column in selection.columns):
        raise ApiRefusal(400, "API_ERROR", "Selecting compound data not supported in Bulk Query")
    return selection


def _work(org: Org, job: QueryJob, selection: Selection) -> None:
    time.sleep(org.pace.query_job_s / 2)
    job.started_s = time.monotonic()
    if not job.move("InProgress", org.moment()):
        return
    _write_rows(org, job, selection)
    time.sleep(org.pace.query_job_s / 2)
    finish_job(org, job)


def _write_rows(org: Org, job: QueryJob, selection: Selection) -> None:
    sql = selection.sql(csv_line(selection.columns, DELIMITERS[job.delimiter], LINE_ENDINGS[job.line_ending]))
    cursor = org.store.connection().execute(sql, selection.parameters)
    cursor.arraysize = _ROWS
    with (job.folder / f"{job.id}.csv").open("wb") as file:
        while rows := cursor.fetchmany():
            if job.is_over:
                break
            lines = [row[0] for row in rows]
            file.write(b"".join(lines))
            ends = accumulate(map(len, lines), initial=job.offsets[-1])
            next(ends)
            job.offsets.extend(ends)
            job.processed = len(job.offsets) - 1
    cursor.close()


def read(call: Call, job_id: str) -> Response:
    return answer_json(_spell(call.org.query_jobs.get(job_id)))


def _spell(job: QueryJob) -> dict[str, Any]:
    told = job.spell() | {
        "jobType": "V2Query",
        "numberRecordsProcessed": job.processed,
        "retries": 0,
        "totalProcessingTime": job.took_ms,
        "isPkChunkingSupported": True,
    }
    return told | ({"errorMessage": job.error} if job.error else {})


def list_jobs(call: Call) -> Response:
    """All query jobs, without the flag that only a single one tells."""
    jobs = [_spell(job) for job in call.org.query_jobs.all()]
    for told in jobs:
        del told["isPkChunkingSupported"]
    return answer_json({"done": True, "records": jobs, "nextRecordsUrl": None})


def change(call: Call, job_id: str) -> Response:
    job = call.org.query_jobs.get(job_id)
    wanted = str(read_object(call.request).get("state"))
    if wanted != "Aborted" or not job.move("Aborted", call.org.moment()):
        raise wrong_state(job, wanted)
    return answer_json(job.spell())


def delete(call: Call, job_id: str) -> Response:
    job = call.org.query_jobs.get(job_id)
    if not job.is_over:
        raise wrong_state(job, "Deleted")
    call.org.query_jobs.remove(job)
    return answer_empty()


def results(call: Call, job_id: str) -> Response:
    """One page: a header line and so many rows; where the next begins stands in `Sforce-Locator`."""
    job = _finished(call, job_id)
    start = _read_locator(job, call.request.args.get("locator"))
    wish = call.request.args.get("maxRecords", "")
    size = int(wish) if wish.isdigit() and int(wish) else _PAGE
    total = len(job.offsets) - 1
    end = min(start + size, total)
    headers = {
        "Sforce-Locator": _spell_locator(end) if end < total else "null",
        "Sforce-NumberOfRecords": str(end - start),
    }
    return answer_csv(call, _slice(job, start, end), headers)


def _finished(call: Call, job_id: str) -> QueryJob:
    job: QueryJob = call.org.query_jobs.get(job_id)
    if job.version != call.version:
        message = f"The results of job {job.id} must be read with API version {job.version}, which created it"
        raise ApiRefusal(409, "API_ERROR", message)
    if job.state != "JobComplete":
        raise ApiRefusal(400, "INVALIDJOBSTATE", f"Results of job {job.id} are not available in state {job.state}")
    return job


def _spell_locator(row: int) -> str:
    return base64.urlsafe_b64encode(str(row).encode()).decode().rstrip("=")


def _read_locator(job: QueryJob, locator: str | None) -> int:
    if not locator:
        return 0
    try:
        row = int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except (ValueError, binascii.Error):
        row = -1
    if not 0 <= row < len(job.offsets) or (row and row == len(job.offsets) - 1):
        raise ApiRefusal(400, "INVALID_QUERY_LOCATOR", f"Invalid locator: {locator}")
    return row


def _slice(job: QueryJob, start: int, end: int) -> Iterator[bytes]:
    yield job.header
    left = job.offsets[end] - job.offsets[start]
    with (job.folder / f"{job.id}.csv").open("rb") as file:
        file.seek(job.offsets[start])
        while left:
            block = file.read(min(left, _BLOCK))
            left -= len(block)
            yield block


def answer_csv(call: Call, blocks: Iterator[bytes], headers: Mapping[str, str]) -> Response:
    """CSV in pieces, packed when the client takes gzip."""
    response = Response(blocks, content_type="text/csv", headers=dict(headers))
    if "gzip" in call.request.headers.get("Accept-Encoding", ""):
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.response = _pack(blocks)
    return response


def _pack(blocks: Iterator[bytes]) -> Iterator[bytes]:
    # The quickest level: whoever reads is on the same machine.
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for block in blocks:
        yield packer.compress(block)
    yield packer.flush()


def result_pages(call: Call, job_id: str) -> Response:
    """The addresses of up to five pages that may be read at the same time."""
    job = _finished(call, job_id)
    first_version = 58.0
    if float(call.version) < first_version:
        raise not_found()
    base = f"/services/data/v{call.version}/jobs/query/{job.id}"
    start = _read_locator(job, call.request.args.get("locator"))
    starts = list(range(start, max(len(job.offsets) - 1, 1), _PAGE))
    answer: dict[str, Any] = {
        "resultPages": [{"resultUrl": f"{base}/results?locator={_spell_locator(row)}"} for row in starts[:_PAGES]]
    }
    if len(starts) > _PAGES:
        answer["nextRecordsUrl"] = f"{base}/resultPages?locator={_spell_locator(starts[_PAGES])}"
    return answer_json({**answer, "done": len(starts) <= _PAGES})
