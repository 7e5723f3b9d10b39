"""Bulk API 2.0 ingest jobs over HTTP (`salesforce.md` §4.6); the work itself is in `ingest_work.py`."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal, not_found
from lsync_flask.simulator.bulk_jobs import wrong_state
from lsync_flask.simulator.bulk_query import answer_csv, read_dialect
from lsync_flask.simulator.http import Call, answer_empty, answer_json, read_object
from lsync_flask.simulator.ingest_work import IngestJob, give_back_all, work

__all__ = ["change", "create", "delete", "list_jobs", "read", "results", "upload"]

_OPERATIONS = frozenset({"insert", "update", "delete"})
# 150 MB after base64.
_MOST_BYTES = 150 * 1024 * 1024 * 3 // 4
_DELETABLE = frozenset({"UploadComplete", "JobComplete", "Aborted", "Failed"})
_TWICE = (
    "Found multiple contents for job: <{id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new "
    "Job and make sure you only do 'PUT' once on a given Job."
)


def create(call: Call) -> Response:
    body = read_object(call.request)
    operation, name = str(body.get("operation")), str(body.get("object"))
    if operation not in _OPERATIONS:
        raise ApiRefusal(400, "API_ERROR", f"InvalidJob : operation {operation} is not supported here")
    delimiter, line_ending = read_dialect(body)
    found = call.org.schema.get(name)
    if found is None or not call.access.sees(found):
        raise ApiRefusal(400, "INVALIDENTITY", f"Entity '{name}' is not supported by the Bulk API")
    jobs = call.org.ingest_jobs
    job = IngestJob(
        call.org.new_key("750"),
        call.user,
        call.version,
        operation,
        found.name,
        delimiter,
        line_ending,
        call.org.moment(),
        "Open",
        jobs.folder,
    )
    return answer_json(_short(jobs.add(job)))


def _short(job: IngestJob) -> dict[str, Any]:
    url = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
    return job.spell() | ({"contentUrl": url} if job.state == "Open" else {})


def _spell(job: IngestJob) -> dict[str, Any]:
    told = _short(job) | {
        "jobType": "V2Ingest",
        "numberRecordsProcessed": job.processed,
        "numberRecordsFailed": job.failures,
        "retries": 0,
        "totalProcessingTime": job.took_ms,
        "apiActiveProcessingTime": job.took_ms,
        "apexProcessingTime": 0,
    }
    return told | ({"errorMessage": job.error} if job.error else {})


def upload(call: Call, job_id: str) -> Response:
    job = call.org.ingest_jobs.get(job_id)
    if call.request.mimetype != "text/csv":
        raise ApiRefusal(415, "UNSUPPORTED_MEDIA_TYPE", "The Content-Type of an upload is text/csv")
    if job.state != "Open":
        raise ApiRefusal(400, "INVALIDJOBSTATE", f"Job {job.id} takes no data in state {job.state}")
    content = _unpack(call)
    with job.lock:
        if job.upload.exists():
            raise ApiRefusal(400, "INVALIDJOBSTATE", _TWICE.format(id=job.id))
        job.upload.write_bytes(content)
    return answer_empty(201)


def _unpack(call: Call) -> bytes:
    content: bytes = call.request.get_data(cache=False)
    if "gzip" in call.request.headers.get("Content-Encoding", ""):
        try:
            content = zlib.decompress(content, 16 + zlib.MAX_WBITS)
        except zlib.error as error:
            raise ApiRefusal(400, "API_ERROR", "ClientInputError : the content is no gzip") from error
    if len(content) > _MOST_BYTES:
        raise ApiRefusal(400, "API_ERROR", "ClientInputError : Maximum size of request content exceeded")
    return content


def change(call: Call, job_id: str) -> Response:
    """Close the job, which starts it, or abort it."""
    job = call.org.ingest_jobs.get(job_id)
    wanted = str(read_object(call.request).get("state"))
    moment = call.org.moment()
    if wanted == "UploadComplete":
        if not job.move(wanted, moment, only_from=frozenset({"Open"})):
            raise wrong_state(job, wanted)
        org, told = call.org, _short(job)
        org.ingest_jobs.start(lambda one: work(org, one), job)
        return answer_json(told)
    was_open = job.state == "Open"
    if wanted != "Aborted" or not job.move(wanted, moment):
        raise wrong_state(job, wanted)
    if was_open:
        give_back_all(job)
    return answer_json(_short(job))


def read(call: Call, job_id: str) -> Response:
    return answer_json(_spell(call.org.ingest_jobs.get(job_id)))


def list_jobs(call: Call) -> Response:
    jobs = [_short(job) | {"jobType": "V2Ingest"} for job in call.org.ingest_jobs.all()]
    return answer_json({"done": True, "records": jobs, "nextRecordsUrl": None})


def delete(call: Call, job_id: str) -> Response:
    job = call.org.ingest_jobs.get(job_id)
    if job.state not in _DELETABLE:
        raise wrong_state(job, "Deleted")
    call.org.ingest_jobs.remove(job)
    return answer_empty()


def results(call: Call, job_id: str, name: str) -> Response:
    """One of the three sets of results; their rows come in no particular order."""
    job = call.org.ingest_jobs.get(job_id)
    kind = name.lower()
    if kind not in {"successfulresults", "failedresults", "unprocessedrecords"}:
        raise not_found()
    if not job.is_over:
        raise ApiRefusal(400, "INVALIDJOBSTATE", f"Results of job {job.id} are not available in state {job.state}")
    header, lines = job.results(kind)
    return answer_csv(call, _blocks(header, lines), {})


def _blocks(header: str, lines: Sequence[str]) -> Iterator[bytes]:
    yield header.encode()
    for start in range(0, len(lines), 2000):
        yield "".join(lines[start : start + 2000]).encode()
