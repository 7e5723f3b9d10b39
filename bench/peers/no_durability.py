"""As near the limit as a script comes: everything streamed and side by side, and nothing remembered.

Bulk query page → provider → CSV → ingest jobs, several in flight. Whoever kills it starts from the beginning, pays
again and writes again; no outcome of a record is kept. It is what LSync is measured against.
"""

import csv
import io
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice

import requests
from common import API, SOQL, Job

from lsync_flask.benchmark.work import OBJECT, TARGETS

ROWS = 10_000
PAGE = 50_000
JOBS_AT_ONCE = 4


def main() -> None:
    job = Job()
    http = _session(job)
    flying = set()
    with ThreadPoolExecutor(JOBS_AT_ONCE) as pool:
        rows = read_audience(job, http)
        while bulk := [row[0] for row in islice(rows, ROWS)]:
            if len(flying) >= JOBS_AT_ONCE:
                done, flying = wait(flying, return_when=FIRST_COMPLETED)
                _raise_first(done)
            flying.add(pool.submit(carry, job, bulk))
        _raise_first(wait(flying).done)
    job.finish()


def _raise_first(done) -> None:
    for future in done:
        future.result()


def _session(job: Job) -> requests.Session:
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {job.token}"
    return http


def read_audience(job: Job, http: requests.Session) -> Iterator[list[str]]:
    jobs = f"{job.org_url}{API}/jobs/query"
    number = http.post(jobs, json={"operation": "query", "query": SOQL}).json()["id"]
    while http.get(f"{jobs}/{number}").json()["state"] != "JobComplete":
        time.sleep(0.05)
    locator = None
    while locator != "null":
        params = {"maxRecords": PAGE, **({"locator": locator} if locator else {})}
        with http.get(f"{jobs}/{number}/results", params=params, stream=True) as page:
            page.raise_for_status()
            page.raw.decode_content = True
            rows = csv.reader(io.TextIOWrapper(page.raw, "utf-8", newline=""))
            next(rows)
            yield from rows
            locator = page.headers["Sforce-Locator"]


def carry(job: Job, keys: list[str]) -> None:
    """Ask, and write what was answered in one ingest job."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Id", *(one.field for one in TARGETS)])
    outputs = [one.output for one in TARGETS]
    answers = job.ask_all(keys)
    writer.writerows([key, *(values[name] for name in outputs)] for key, values in zip(keys, answers, strict=True))
    http = _session(job)
    jobs = f"{job.org_url}{API}/jobs/ingest"
    body = {"object": OBJECT, "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
    number = http.post(jobs, json=body).json()["id"]
    http.put(
        f"{jobs}/{number}/batches", data=text.getvalue().encode(), headers={"Content-Type": "text/csv"}
    ).raise_for_status()
    http.patch(f"{jobs}/{number}", json={"state": "UploadComplete"}).raise_for_status()
    while (state := http.get(f"{jobs}/{number}").json())["state"] not in {"JobComplete", "Failed", "Aborted"}:
        time.sleep(0.05)
    if state["state"] != "JobComplete" or state["numberRecordsFailed"]:
        raise SystemExit(f"the job ended as {state}")
    job.note_write()


main()
