"""Ingesting: a large bulk is written by one Bulk API job, as a two-phase commit.

Intent stored → job created → its id stored → uploaded → `closing` stored → closed (the only point of effect). After a
crash a job that may have been closed is attached to, never sent again; one that was not is given up and made anew.
"""

from collections.abc import Iterable

import orjson
import structlog

from lsync_flask.errors import LsyncError
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.bulk_ingest import (
    IngestJob,
    abort_job,
    close_job,
    create_update_job,
    read_failures,
    read_ingest_job,
    read_successes,
    upload,
)
from lsync_flask.salesforce.collections import WriteResult
from lsync_flask.storage.ledger_rows import BulkRow
from lsync_flask.worker.bench import Bench
from lsync_flask.worker.deciding import Write, decide_slices, spell_upload
from lsync_flask.worker.enriching import Waiting
from lsync_flask.worker.finishing import finish
from lsync_flask.worker.sending import CHUNK, MAY_PASS, Failures, note_failures, write_chunk

log = structlog.get_logger(__name__)

FIRST_WAIT_S = 0.3
LONGEST_WAIT_S = 15.0


def submit(bench: Bench, api: SalesforceApi, bulk: BulkRow, *, fresh: bool) -> BulkRow:
    """From writing to closing: create the job, store its id, upload, close."""
    if bulk.job and not fresh:
        bulk = _give_up(bench, api, bulk)
    if not bulk.job:
        job = create_update_job(api, bench.recipe.plan.object)
        bulk = bench.ledger.change_bulk(bulk, job=job)
    job = bulk.job or ""
    made = bench.uploads.pop(bulk.id, None) if fresh else None
    upload(api, job, made or spell_upload(bench, bulk))
    bulk = bench.ledger.change_bulk(bulk, "closing")
    close_job(api, job)
    return bulk


def _give_up(bench: Bench, api: SalesforceApi, bulk: BulkRow) -> BulkRow:
    """A job that was never closed has had no effect: abort it, so that no half an upload lies about."""
    try:
        abort_job(api, bulk.job or "")
    except LsyncError:
        log.info("an open job could not be aborted", activity=bulk.activity_id, bulk=bulk.number)
    return bench.ledger.change_bulk(bulk, job=None)


def attend(bench: Bench, api: SalesforceApi, bulk: BulkRow) -> Waiting | None:
    """From closing to the end: None when it has ended, else how long to wait before asking Salesforce again."""
    job = read_ingest_job(api, bulk.job or "")
    if job.state == "Open":
        close_job(api, bulk.job or "")
        return Waiting(FIRST_WAIT_S)
    if job.state not in {"JobComplete", "Failed", "Aborted"}:
        return _ask_later(bench, bulk)
    finish(bench, api, bulk, _failures(bench, api, bulk, job))
    return None


def _ask_later(bench: Bench, bulk: BulkRow) -> Waiting:
    polls = int(bulk.progress.get("polls", 0)) + 1
    bench.ledger.change_bulk(bulk, progress=orjson.dumps({**bulk.progress, "polls": polls}).decode())
    return Waiting(min(LONGEST_WAIT_S, FIRST_WAIT_S * 1.6 ** min(polls, 12)))


def _failures(bench: Bench, api: SalesforceApi, bulk: BulkRow, job: IngestJob) -> Failures:
    """The records that the job did not write, after those that may pass have been tried again."""
    if job.state == "JobComplete" and not job.failed and job.processed == bulk.size:
        return {}
    refused = {result.record: result for result in read_failures(api, bulk.job or "")}
    failures: Failures = {key: (result.code, result.message) for key, result in refused.items()}
    left_over = _left_over(bench, api, bulk, refused)
    if job.state == "JobComplete":
        again = left_over | {key for key, result in refused.items() if _passes(result)}
        failures = {key: why for key, why in failures.items() if key not in again}
        note_failures(bench, api, failures)
        return {**failures, **_write_again(bench, api, bulk, again)}
    sentence = (
        f"Salesforce ended the job that writes this bulk as {job.state}: {job.error_message or 'no reason given'}"
    )
    failures.update({key: ("JOB_" + job.state.upper(), sentence) for key in left_over})
    return failures


def _left_over(bench: Bench, api: SalesforceApi, bulk: BulkRow, refused: Iterable[str]) -> set[str]:
    """The records that the job neither wrote nor refused: all, less those that its results name."""
    named = {result.record for result in read_successes(api, bulk.job or "")} | set(refused)
    return {write.record for write in _all_writes(bench, bulk) if write.record not in named}


def _passes(result: WriteResult) -> bool:
    return any(word in result.code or word in result.message for word in MAY_PASS)


def _write_again(bench: Bench, api: SalesforceApi, bulk: BulkRow, records: set[str]) -> Failures:
    writes = [write for write in _all_writes(bench, bulk) if write.record in records]
    failures: Failures = {}
    for place in range(0, len(writes), CHUNK):
        failures.update(write_chunk(bench, api, writes[place : place + CHUNK]))
    return failures


def _all_writes(bench: Bench, bulk: BulkRow) -> Iterable[Write]:
    return (write for decided in decide_slices(bench, bulk, bulk.decided_at or 0.0) for write in decided.writes)
