"""Was it done? Every lead is read back by a Bulk query and compared with what the round must have written."""

import csv
from collections.abc import Iterator, Mapping
from itertools import islice
from time import sleep
from typing import Any

import requests

from lsync_flask.benchmark.arms import Profile
from lsync_flask.benchmark.work import OBJECT, TARGETS, WHERE, wanted
from lsync_flask.demo.job import API, OrgDoor
from lsync_flask.demo.set_up import user_with
from lsync_flask.errors import FatalError
from lsync_flask.services.access import PERMISSION_SETS

PAGE = "50000"
TIMEOUT_S = 300


def check_round(org: Mapping[str, Any], profile: Profile) -> None:
    """Raises FatalError with the first records that do not hold what the round gives them, or when one is missing."""
    fields = [one.field for one in TARGETS]
    numbers = {one.field for one in TARGETS if one.is_number}
    seen, wrong = 0, []
    for row in _rows(org, ["Id", *fields]):
        seen += 1
        found = {name: _whole(row[name]) if name in numbers else row[name] for name in fields}
        if found != wanted(row["Id"], profile.round_number):
            wrong.append(row["Id"])
    if wrong or seen != profile.records:
        raise FatalError(
            f"Of {profile.records} records {seen} were read back, and {len(wrong)} do not hold what they should: "
            f"{', '.join(islice(wrong, 3))}"
        )


def _whole(text: str) -> str:
    return text.removesuffix(".0")


def _rows(org: Mapping[str, Any], columns: list[str]) -> Iterator[dict[str, str]]:
    http = requests.Session()
    http.headers["Authorization"] = f"Bearer {OrgDoor(org, user_with(org, PERMISSION_SETS['admin'])).token}"
    jobs = f"{org['org_url']}{API}/jobs/query"
    soql = f"SELECT {', '.join(columns)} FROM {OBJECT} WHERE {WHERE}"  # noqa: S608 - our own names
    job = http.post(jobs, json={"operation": "query", "query": soql}, timeout=TIMEOUT_S).json()["id"]
    while (state := http.get(f"{jobs}/{job}", timeout=TIMEOUT_S).json()["state"]) != "JobComplete":
        if state in {"Failed", "Aborted"}:
            raise FatalError(f"The query that checks the round ended as {state}.")
        sleep(0.2)
    locator = ""
    while locator != "null":
        params = {"maxRecords": PAGE, **({"locator": locator} if locator else {})}
        page = http.get(f"{jobs}/{job}/results", params=params, timeout=TIMEOUT_S)
        page.raise_for_status()
        page.encoding = "utf-8"
        yield from csv.DictReader(page.text.splitlines())
        locator = page.headers["Sforce-Locator"]
