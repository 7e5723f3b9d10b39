"""One run of the benchmark: all arms in turn on the same simulated org, each checked in the org before it counts."""

import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from lsync_flask.benchmark.arms import Arm, Cost, Profile, lsync_arm, script_arm
from lsync_flask.benchmark.check import check_round
from lsync_flask.benchmark.measure import MB, cpu_s
from lsync_flask.benchmark.work import OBJECT, TARGETS
from lsync_flask.demo.job import OrgDoor
from lsync_flask.demo.set_up import user_with
from lsync_flask.demo.start import DemoOptions, start_simulator
from lsync_flask.demo.supervisor import Supervisor
from lsync_flask.errors import FatalError
from lsync_flask.services.access import PERMISSION_SETS

NO_DURABILITY = "no-durability"
PER = 100_000
PEERS = {
    "simple-salesforce-bulk2": "simple_salesforce_bulk2.py",
    "simple-salesforce-collections": "simple_salesforce_collections.py",
    "dlt": "dlt_pipeline.py",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one arm, with what the org saw of it."""

    cost: Cost
    api_calls: int
    simulator_cpu_s: float


def run_benchmark(
    arms: Mapping[str, Arm],
    profile: Profile,
    *,
    latency_ms: int,
    repeats: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Take every arm through the work `repeats` times, in turn; the summary of contract.md §6 (medians).

    Raises:
        FatalError: an arm failed, or the org does not hold what it should have written.
    """
    measured: dict[str, list[Measured]] = {name: [] for name in arms}
    with _org(profile.records, latency_ms) as (org, simulator):
        make_fields(org)
        for number in range(repeats):
            # The order turns, so that no arm always has the machine as another has left it.
            for name in _turned(list(arms), number):
                profile = profile.of_round(profile.round_number + 1)
                measured[name].append(_measure(arms[name], org, profile, simulator))
                say(f"{name}: {profile.records / measured[name][-1].cost.wall_s:,.0f} records/s")
    return summarise(profile.records, measured)


def _turned(names: Sequence[str], by: int) -> list[str]:
    place = by % len(names)
    return [*names[place:], *names[:place]]


@contextmanager
def _org(records: int, latency_ms: int) -> Iterator[tuple[Mapping[str, Any], int]]:
    """A simulated org in a process of its own: its line, and its process."""
    with tempfile.TemporaryDirectory(prefix="lsync-bench-") as name:
        supervisor = Supervisor(Path(name) / "org.log")
        try:
            options = DemoOptions(folder=Path(name), records=records, latency_ms=latency_ms)
            yield start_simulator(options, supervisor), supervisor.pids()["simulator"][0]
        finally:
            supervisor.stop()


def make_fields(org: Mapping[str, Any]) -> None:
    """The custom fields that are written, made as an admin makes them: by the Tooling API."""
    door = OrgDoor(org, user_with(org, PERMISSION_SETS["admin"]))
    for one in TARGETS:
        kind = {"type": "Number", "precision": 18, "scale": 0} if one.is_number else {"type": "Text", "length": 80}
        door.create_field(OBJECT, one.field, kind, PERMISSION_SETS["admin"])


def _measure(arm: Arm, org: Mapping[str, Any], profile: Profile, simulator: int) -> Measured:
    calls, simulator_s = _api_calls(org), cpu_s([simulator])
    cost = arm(org, profile)
    measured = Measured(cost, _api_calls(org) - calls, cpu_s([simulator]) - simulator_s)
    check_round(org, profile)
    return measured


def _api_calls(org: Mapping[str, Any]) -> int:
    return int(requests.get(f"{org['control_url']}/calls", timeout=30).json()["total"])


def summarise(records: int, measured: Mapping[str, Sequence[Measured]]) -> dict[str, Any]:
    """Medians by arm, and how LSync compares."""
    arms = [_arm(name, records, several) for name, several in measured.items() if several]
    return {"records": records, "machine": machine(), "arms": arms, "ratios": _ratios(arms)}


def _arm(name: str, records: int, several: Sequence[Measured]) -> dict[str, Any]:
    def median(value: Callable[[Measured], float]) -> float:
        return statistics.median(value(one) for one in several)

    wall_s = median(lambda one: one.cost.wall_s)
    return {
        "name": name,
        "rounds": len(several),
        "records_per_second": round(records / wall_s, 1),
        "cpu_us_per_record": round(median(lambda one: one.cost.cpu_s) / records * 1e6, 2),
        "database_cpu_us_per_record": round(median(lambda one: one.cost.database_cpu_s) / records * 1e6, 2),
        "peak_rss_mb": round(median(lambda one: one.cost.peak_rss_mb), 1),
        "api_calls_per_100k": round(median(lambda one: one.api_calls) * PER / records, 1),
        "first_write_s": round(median(lambda one: one.cost.first_write_s), 2),
        "wall_s": round(wall_s, 2),
        "simulator_cpu_share": round(median(lambda one: one.simulator_cpu_s / one.cost.wall_s), 2),
    }


def _ratios(arms: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How many times as many records a second LSync does as each peer: on PostgreSQL, else on SQLite."""
    speeds = {arm["name"]: arm["records_per_second"] for arm in arms}
    own = speeds.get("lsync-postgresql") or speeds.get("lsync-sqlite")
    if own is None:
        return {}
    others = {name: speed for name, speed in speeds.items() if not name.startswith("lsync-")}
    return {f"vs_{name.replace('-', '_')}": round(own / speed, 3) for name, speed in others.items()}


def machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / MB),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def choose_arms(*, peers: bool, peer_python: Path, postgresql: Callable[[], Any] | None) -> dict[str, Arm]:
    """The arms of a run. The pipeline without durability is always one of them; the others' are `peers`.

    Raises:
        FatalError: this is no checkout, or the peers are not installed.
    """
    scripts = Path(__file__).parents[2] / "bench" / "peers"
    if not scripts.is_dir():
        raise FatalError("The benchmark's other pipelines are in bench/, so run it from a checkout of the repository.")
    arms: dict[str, Arm] = {"lsync-postgresql": lsync_arm(postgresql)} if postgresql else {}
    arms["lsync-sqlite"] = lsync_arm()
    arms["lsync-no-ledger"] = script_arm(scripts / "lsync_no_ledger.py", Path(sys.executable))
    arms[NO_DURABILITY] = script_arm(scripts / "no_durability.py", Path(sys.executable))
    if peers:
        if not peer_python.exists():
            raise FatalError("The peers are not installed. Run: make bench-peers")
        arms |= {name: script_arm(scripts / script, peer_python) for name, script in PEERS.items()}
    return arms
