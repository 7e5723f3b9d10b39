"""How quick the simulated org is on this machine: `python -m lsync_flask.simulator.speed [leads] [updates]`."""

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from lsync_flask.simulator.org import Org, SimUser
from lsync_flask.simulator.rest import create_rest

_TEXTS = ("Salutation", "FirstName", "LastName", "Title", "Company", "City", "State", "Country", "Phone", "Email")
_COLUMNS = (*_TEXTS, "Website", "Industry", "AnnualRevenue", "NumberOfEmployees", "LeadSource", "Rating")
_QUERY = f"SELECT Id, {', '.join(_COLUMNS)}, Status, OwnerId, IsConverted FROM Lead WHERE IsConverted = false"
_BASE = "/services/data/v67.0/jobs"
_HEADERS = {"Authorization": "Bearer speed", "Accept-Encoding": "gzip"}


def main() -> None:
    leads, updates = (int(text) for text in (sys.argv[1:] + ["400000", "100000"][len(sys.argv) - 1 :])[:2])
    with tempfile.TemporaryDirectory() as folder:
        org = Org.create(
            Path(folder), org_id="00DLs0000000001EAA", name="Speed", my_domain_url="", now=lambda: datetime.now(UTC)
        )
        org.pace.query_job_s = org.pace.ingest_job_s = 0.0
        try:
            _measure(org, leads, updates)
        finally:
            org.close()


def _measure(org: Org, leads: int, updates: int) -> None:
    user = SimUser(org.insert("User", {"Username": "speed@northbridge.example", "LastName": "Speed"}), "speed")
    site = Flask(__name__)
    site.register_blueprint(create_rest(org, lambda _: user))
    client = site.test_client()
    _tell("load", leads, lambda: org.insert_rows("Lead", _COLUMNS, _leads(leads)))
    _tell("Bulk query", leads, lambda: _query(client))
    ids = [row[0] for row in org.store.rows("SELECT Id FROM Lead LIMIT ?", [updates])]
    body = "Id,Website,Industry,AnnualRevenue,NumberOfEmployees,City\n" + "".join(
        f"{record},https://new.example/{number},Energy,{number * 1000},{number},Paris\n"
        for number, record in enumerate(ids)
    )
    _tell("Bulk ingest", len(ids), lambda: _ingest(client, body.encode()))


def _leads(count: int) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        company = f"Company {number % 1800}, Inc."
        name = f"Last {number}"
        mail = f"first.last{number}@company{number % 1800}.example"
        web = f"https://company{number % 1800}.example"
        place = ("Paris", None, "France", "+33 1 40 00 00 00")
        rest = ("Energy", number * 1e4, number, "Web", "Hot")
        yield "Ms.", "First", name, 'Head of "Data"', company, *place, mail, web, *rest


def _tell(what: str, count: int, act: object) -> None:
    start, cpu_start = time.perf_counter(), time.process_time()
    if callable(act):
        act()
    seconds, cpu_s = time.perf_counter() - start, time.process_time() - cpu_start
    per_s, per_cpu_s = count / seconds, count / cpu_s
    sys.stdout.write(
        f"{what}: {count:,} rows in {seconds:.2f} s = {per_s:,.0f} rows/s, {per_cpu_s:,.0f} per CPU second\n"
    )


def _wait(client: FlaskClient, path: str) -> None:
    while (state := client.get(path, headers=_HEADERS).get_json()["state"]) != "JobComplete":
        if state in {"Failed", "Aborted"}:
            raise RuntimeError(client.get(path, headers=_HEADERS).get_data(as_text=True))
        time.sleep(0.02)


def _query(client: FlaskClient) -> None:
    job = client.post(f"{_BASE}/query", json={"operation": "query", "query": _QUERY}, headers=_HEADERS).get_json()
    path, locator = f"{_BASE}/query/{job['id']}", ""
    _wait(client, path)
    while locator != "null":
        page = client.get(f"{path}/results?maxRecords=50000&locator={locator}", headers=_HEADERS)
        page.get_data()
        locator = page.headers["Sforce-Locator"]


def _ingest(client: FlaskClient, body: bytes) -> None:
    made = client.post(f"{_BASE}/ingest", json={"operation": "update", "object": "Lead"}, headers=_HEADERS).get_json()
    path = f"{_BASE}/ingest/{made['id']}"
    client.put(f"{path}/batches", data=body, content_type="text/csv", headers=_HEADERS)
    client.patch(path, json={"state": "UploadComplete"}, headers=_HEADERS)
    _wait(client, path)


if __name__ == "__main__":
    main()
