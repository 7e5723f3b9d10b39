"""LSync's own engine and clients with the ledger off: what durability costs. A diagnosis, not a way to work."""

import csv
import io
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from urllib.parse import urlsplit

from common import Job

from lsync_flask.benchmark.provider import Instant
from lsync_flask.benchmark.work import OBJECT, SOURCES, TARGETS, WHERE
from lsync_flask.engine.decide import CompiledResults, PluginCall, ResultMapping, ResultRow, compile_results
from lsync_flask.engine.inputs import CompiledInputs, InputMapping, InputRow, compile_inputs
from lsync_flask.engine.values import spell_text
from lsync_flask.plugin_api import Call
from lsync_flask.registry import discover
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.bulk_ingest import close_job, create_update_job, read_ingest_job, upload
from lsync_flask.salesforce.bulk_query import create_query_job, open_results, read_query_job
from lsync_flask.salesforce.describe import object_info, read_describe
from lsync_flask.salesforce.tokens import Token
from lsync_flask.salesforce.transport import Transport

ROWS = 10_000
PAGE = 50_000
JOBS_AT_ONCE = 4
COLUMNS = ("Id", *SOURCES, *(one.field for one in TARGETS))
INDEX = {name: place for place, name in enumerate(COLUMNS)}


class _OneToken:
    def __init__(self, job: Job) -> None:
        self._token = Token(job.token, job.org_url)

    def token(self, _username: str) -> Token:
        return self._token


def main() -> None:
    job = Job()
    transport = Transport(frozenset({urlsplit(job.org_url).netloc}), None)
    api = SalesforceApi("00D000000000000AAA", _OneToken(job), "nobody", transport)
    provider = Instant(
        round_number=job.round_number, latency_ms=job.told["provider_ms"], calls_at_once=job.calls_at_once
    )
    inputs, results = _compile(api, provider)
    query = create_query_job(api, f"SELECT {', '.join(COLUMNS)} FROM {OBJECT} WHERE {WHERE}")
    while read_query_job(api, query).state != "JobComplete":
        time.sleep(0.05)
    flying = []
    with ThreadPoolExecutor(JOBS_AT_ONCE) as pool, ThreadPoolExecutor(job.calls_at_once) as calls:
        locator, more = None, True
        while more:
            with open_results(api, query, locator, PAGE) as page:
                while bulk := list(islice(page.rows, ROWS)):
                    flying.append(pool.submit(_carry, job, api, provider, inputs, results, calls, bulk))
                    if len(flying) > JOBS_AT_ONCE:
                        flying.pop(0).result()
                locator, more = page.next_locator, page.next_locator is not None
        for one in flying:
            one.result()
    job.finish()


def _compile(api: SalesforceApi, provider: Instant) -> tuple[CompiledInputs, CompiledResults]:
    info = object_info(read_describe(api, OBJECT))
    transforms = discover(None, frozenset()).transforms
    catalogue = provider.catalogue()
    inputs = InputMapping(OBJECT, tuple(InputRow(name.lower(), name) for name in SOURCES))
    rows = tuple(
        ResultRow(
            one.output, one.field, (PluginCall(one.transform, {}),) if one.transform else (), policy="provider_wins"
        )
        for one in TARGETS
    )
    results = compile_results(ResultMapping(OBJECT, rows), info, catalogue, transforms)
    return compile_inputs(inputs, info, catalogue, transforms), results


def _carry(job: Job, api: SalesforceApi, provider: Instant, inputs, results, calls, bulk: Sequence) -> None:
    inquiries = [inputs.make_inquiry(row[0], row, INDEX) for row in bulk]
    size = provider.max_per_call
    slices = [inquiries[place : place + size] for place in range(0, len(inquiries), size)]
    replies = calls.map(lambda one: provider.submit(Call("", one), None), slices)
    answers = [answer for reply in replies for answer in reply.answers]
    fields = {field.name: field for field in results.targets}
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Id", *fields])
    for row, answer in zip(bulk, answers, strict=True):
        changes = results.decide(row[0], row, INDEX, answer).changes
        writer.writerow(
            [row[0], *(spell_text(field, changes[name]) if name in changes else "" for name, field in fields.items())]
        )
    number = create_update_job(api, OBJECT)
    upload(api, number, text.getvalue().encode())
    close_job(api, number)
    while (state := read_ingest_job(api, number)).state != "JobComplete":
        time.sleep(0.05)
    if state.failed:
        raise SystemExit(f"the job ended as {state}")
    job.note_write()


main()
