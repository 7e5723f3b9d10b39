"""Sending: a small bulk is written by sObject Collections, 200 records a call, in the order of its records.

Each call's results are stored before the next is sent. After a crash the call that may have been on its way is read
back: the activity date on a record says whether it was accepted.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from time import sleep
from typing import Any

import orjson
import structlog

from lsync_flask.engine.sizes import retry_wait_s
from lsync_flask.engine.values import parse_text, same_value
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.collections import WriteResult, read_records, update_records
from lsync_flask.storage.ledger_rows import BulkRow
from lsync_flask.worker.bench import Bench
from lsync_flask.worker.deciding import Write, as_json, decide_slices, note
from lsync_flask.worker.finishing import finish

log = structlog.get_logger(__name__)

CHUNK = 200
MOST_TRIES = 4
MAY_PASS = ("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION")
"""Refusals that go away by themselves; some come wrapped in a trigger's own message."""

Failures = dict[str, tuple[str, str]]


def send(bench: Bench, api: SalesforceApi, bulk: BulkRow, *, fresh: bool) -> None:
    """From sending to the end. `fresh`: this worker itself moved the bulk here, so nothing can be on its way yet."""
    progress = bulk.progress
    start = int(progress.get("next", 0))
    writes = [write for decided in decide_slices(bench, bulk, bulk.decided_at or 0.0) for write in decided.writes]
    failures: Failures = {key: (code, text) for key, code, text in progress.get("failures", [])}
    for place in range(start, len(writes), CHUNK):
        chunk = writes[place : place + CHUNK]
        if place == start and not fresh:
            chunk = _not_yet_written(bench, api, bulk, chunk)
        failures.update(write_chunk(bench, api, chunk))
        stored = {**progress, "next": place + CHUNK, "failures": [[key, *why] for key, why in failures.items()]}
        bulk = bench.ledger.change_bulk(bulk, progress=orjson.dumps(stored).decode())
    finish(bench, api, bulk, failures)


def write_chunk(bench: Bench, api: SalesforceApi, writes: Sequence[Write]) -> Failures:
    """Write at most 200 records; those refused for good, with the reason, which is also noted on the record.

    A row that is locked is tried again, alone with its like.
    """
    left = list(writes)
    refused: Failures = {}
    for attempt in range(1, MOST_TRIES + 1):
        results = _update(bench, api, left)
        by_record = {result.record: result for result in results if not result.success}
        again = [w for w in left if w.record in by_record and _may_pass(by_record[w.record])]
        last = attempt == MOST_TRIES
        refused.update({key: (r.code, r.message) for key, r in by_record.items() if last or not _may_pass(r)})
        if last or not again:
            break
        left = again
        sleep(retry_wait_s(attempt) / 2)
    note_failures(bench, api, refused)
    return refused


def _update(bench: Bench, api: SalesforceApi, writes: Sequence[Write]) -> list[WriteResult]:
    if not writes:
        return []
    return update_records(api, bench.recipe.plan.object, as_json(bench.recipe, writes))


def _may_pass(result: WriteResult) -> bool:
    return any(word in result.code or word in result.message for word in MAY_PASS)


def note_failures(bench: Bench, api: SalesforceApi, failures: Mapping[str, tuple[str, str]]) -> None:
    """Say on each refused record when it went through and why it was refused; a record that cannot even take that is
    left as it is (it is deleted or locked), the outcome says so all the same.
    """
    recipe = bench.recipe
    now = bench.resources.clock()
    blank: list[str | None] = [None] * len(recipe.columns)
    items = iter(failures.items())
    while chunk := list(islice(items, CHUNK)):
        writes = [
            Write(key, {recipe.technical.activity_date.name: now, **note(recipe, blank, "rejected", code, message)})
            for key, (code, message) in chunk
        ]
        results = _update(bench, api, writes)
        unnoted = sum(1 for result in results if not result.success)
        log.info("refusals noted on the records", activity=bench.activity_id, noted=len(chunk) - unnoted)


def _not_yet_written(bench: Bench, api: SalesforceApi, bulk: BulkRow, chunk: Sequence[Write]) -> list[Write]:
    """Those of a chunk that carry another activity date than this bulk's: the call before the crash did not arrive."""
    date = bench.recipe.technical.activity_date
    found = read_records(api, bench.recipe.plan.object, [write.record for write in chunk], ["Id", date.name])
    written = {write.record for write, record in zip(chunk, found, strict=True) if _carries(date, write, record)}
    log.info("read back after a crash", activity=bulk.activity_id, bulk=bulk.number, written=len(written))
    return [write for write in chunk if write.record not in written]


def _carries(date: Any, write: Write, record: Mapping[str, Any] | None) -> bool:
    if record is None or record.get(date.name) is None:
        return False
    return same_value(date, parse_text(date.type, str(record[date.name])), write.values[date.name])
