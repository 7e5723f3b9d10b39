"""The arms: each takes every lead of the org through one round, and says how long it took and what it cost."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import orjson
from sqlalchemy import func, select

from lsync_flask.benchmark.measure import PeakMemory, cpu_s
from lsync_flask.benchmark.provider import Instant
from lsync_flask.benchmark.work import OBJECT, SOURCES, TARGETS
from lsync_flask.demo.job import OrgDoor, Tab
from lsync_flask.demo.set_up import user_with
from lsync_flask.demo.start import Demo, DemoOptions, start_app
from lsync_flask.demo.supervisor import Supervisor, free_port
from lsync_flask.engine.bulk_state import FINISHED
from lsync_flask.engine.status import ENDED
from lsync_flask.errors import FatalError
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.storage.models import activity, bulk
from lsync_flask.wiring import wire

POLL_S = 0.25
DEFINITION = "All open leads"


@dataclass(frozen=True, slots=True)
class Profile:
    """What all arms of one run have in common. `round_number` is the round to do; each has its own."""

    records: int
    round_number: int = 1
    provider_ms: int = 0
    calls_at_once: int = 16
    workers: int = 1

    def of_round(self, number: int) -> "Profile":
        return replace(self, round_number=number)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one round cost an arm. `first_write_s`: until Salesforce had accepted the first records."""

    wall_s: float
    first_write_s: float
    cpu_s: float
    database_cpu_s: float
    peak_rss_mb: float


Arm = Callable[[Mapping[str, Any], Profile], Cost]


def lsync_arm(database_url: Callable[[], Any] | None = None) -> Arm:
    """LSync in its own processes: web, workers, clock and Redis. `database_url` opens a database for the arm.

    None: SQLite, as a newcomer has it.
    """

    def run(org: Mapping[str, Any], profile: Profile) -> Cost:
        with _database(database_url) as (url, database_pids), _started(org, profile, url) as (demo, supervisor):
            return _run_lsync(demo, supervisor, org, profile, database_pids)

    return run


@contextmanager
def _database(opened: Callable[[], Any] | None) -> Iterator[tuple[str, Sequence[int]]]:
    if opened is None:
        yield "", ()
        return
    with opened() as (url, pids):
        yield url, pids


@contextmanager
def _started(org: Mapping[str, Any], profile: Profile, url: str) -> Iterator[tuple[Demo, Supervisor]]:
    with tempfile.TemporaryDirectory(prefix="lsync-bench-") as name, _provider_on_path(Path(name)):
        supervisor = Supervisor(Path(name) / "bench.log")
        options = DemoOptions(folder=Path(name), port=free_port(), workers=profile.workers, database_url=url)
        try:
            yield start_app(options, supervisor, org), supervisor
        finally:
            supervisor.stop()


@contextmanager
def _provider_on_path(folder: Path) -> Iterator[None]:
    """Make the benchmark's provider an installed plugin, for the processes that start now and for this one."""
    made = folder / "plugins" / "lsync_bench-1.0.dist-info"
    made.mkdir(parents=True)
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: lsync-bench\nVersion: 1.0\n")
    entry = f"{Instant.name} = {Instant.__module__}:{Instant.__qualname__}"
    (made / "entry_points.txt").write_text(f"[lsync.providers]\n{entry}\n")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(made.parent), before)))
    sys.path.insert(0, str(made.parent))
    try:
        yield
    finally:
        sys.path.remove(str(made.parent))
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _run_lsync(
    demo: Demo, supervisor: Supervisor, org: Mapping[str, Any], profile: Profile, database_pids: Sequence[int]
) -> Cost:
    tab = Tab(demo.web_url, org, PERMISSION_SETS["admin"])
    _prepare(tab, profile)
    definitions = tab.call("GET", "definitions")["definitions"]
    definition = next(one["id"] for one in definitions if one["name"] == DEFINITION)
    pids = [pid for own in supervisor.pids().values() for pid in own]
    workers = supervisor.pids()["worker"]
    cpu_before, database_before = cpu_s(pids), cpu_s(database_pids)
    with PeakMemory(workers) as memory:
        began = monotonic()
        number = tab.call("POST", f"definitions/{definition}/run")["activity"]
        _await_end(tab, number, supervisor)
        wall_s = monotonic() - began
    return Cost(
        wall_s=wall_s,
        first_write_s=_first_write_s(demo, number),
        cpu_s=cpu_s(pids) - cpu_before,
        database_cpu_s=cpu_s(database_pids) - database_before,
        peak_rss_mb=memory.peak_mb,
    )


def _prepare(tab: Tab, profile: Profile) -> None:
    """The benchmark's provider and mappings instead of the demo's, set as an admin sets them."""
    seen = tab.call("GET", "settings")
    params = {
        "round_number": profile.round_number,
        "latency_ms": profile.provider_ms,
        "calls_at_once": profile.calls_at_once,
    }
    changed = {**seen["settings"], "provider": Instant.name, "provider_params": params}
    tab.call("PUT", "settings", {"settings": changed, "secrets": {}, "version": seen["version"]})
    inputs = [{"input": name.lower(), "source": name} for name in SOURCES]
    results = [
        {
            "output": one.output,
            "target": one.field,
            "policy": "provider_wins",
            "transforms": [{"plugin": one.transform, "params": {}}] if one.transform else [],
        }
        for one in TARGETS
    ]
    for kind, rows in (("input", inputs), ("results", results)):
        version = tab.call("GET", f"mappings/{kind}/{OBJECT}")["version"]
        tab.call("PUT", f"mappings/{kind}/{OBJECT}", {"rows": rows, "version": version})


def _await_end(tab: Tab, number: int, supervisor: Supervisor) -> None:
    while True:
        supervisor.watch()
        found = tab.call("GET", f"activities/{number}")
        if found["status"] in ENDED:
            break
        sleep(POLL_S)
    if found["status"] != "Success":
        raise FatalError(f"The activity ended in {found['status']}: {found['reason']} {found['counts']}")


def _first_write_s(demo: Demo, number: int) -> float:
    """From the start of the activity until its first bulk was written, by the ledger's own clock."""
    resources = wire(demo.settings)
    try:
        with resources.database.reading_all() as connection:
            started = connection.execute(select(activity.c.started_at).where(activity.c.id == number)).scalar_one()
            ended = bulk.c.activity_id == number, bulk.c.state.in_(FINISHED)
            first = connection.execute(select(func.min(bulk.c.changed_at)).where(*ended)).scalar_one()
    finally:
        resources.database.close()
    return float(first) - float(started)


def script_arm(script: Path, python: Path) -> Arm:
    """A pipeline that somebody could write: a script that gets its job as JSON and prints its cost as JSON."""

    def run(org: Mapping[str, Any], profile: Profile) -> Cost:
        job = {
            "org_url": org["org_url"],
            "token": OrgDoor(org, user_with(org, PERMISSION_SETS["admin"])).token,
            "records": profile.records,
            "round_number": profile.round_number,
            "provider_ms": profile.provider_ms,
            "calls_at_once": profile.calls_at_once,
        }
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        result = subprocess.run(  # noqa: S603 - our own scripts
            [str(python), str(script)], input=orjson.dumps(job), capture_output=True, env=environment, check=False
        )
        if result.returncode:
            raise FatalError(f"{script.name} failed: {result.stderr.decode(errors='replace')[-600:]}")
        said = orjson.loads(result.stdout.strip().splitlines()[-1])
        return Cost(said["wall_s"], said["first_write_s"], said["cpu_s"], 0.0, said["peak_rss_mb"])

    return run
