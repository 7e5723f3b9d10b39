"""Chaos: one activity over many records while processes are killed outright at random; then the promise is checked."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import requests

from lsync_flask.demo.job import Tab, is_about
from lsync_flask.demo.start import Demo, DemoOptions, start_demo
from lsync_flask.demo.supervisor import Service, Supervisor
from lsync_flask.engine.status import ENDED
from lsync_flask.errors import FatalError, RetryableError
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.storage.ledger import Ledger
from lsync_flask.wiring import wire

KILLED = {"worker": 10, "clock": 4, "web": 3, "redis": 3, "database": 1}
"""What is killed, and how often beside the others. The simulated org stays: it is the witness."""
LOOK_S = 0.5
SETTLE_S = 15.0


@dataclass(frozen=True)
class ChaosResult:
    """What was done and what does not hold; `violations` is empty when the promise does.

    `resumed`: how often a person was needed, as after three deaths over a write that may have begun.
    """

    seed: int
    records: int
    kills: dict[str, int]
    status: str
    seconds: float
    bulks: int
    resumed: int
    violations: list[str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def run_chaos(options: DemoOptions, every_s: float, longest_s: float, database: Service | None) -> ChaosResult:
    """Start a demo, run all leads, and kill until it has ended. `database`: the server to start and to kill, if any.

    Raises:
        FatalError: it did not end in time, or a process does not start any more.
    """
    supervisor = Supervisor(Path(options.folder) / "demo.log", most_restarts=1_000_000)
    try:
        if database is not None:
            supervisor.start(database, wait_s=60)
        started = start_demo(options, supervisor)
        return _run(options, started, supervisor, every_s, longest_s)
    finally:
        supervisor.stop()


def _run(options: DemoOptions, started: Demo, supervisor: Supervisor, every_s: float, longest_s: float) -> ChaosResult:
    tab = Tab(started.web_url, started.org, PERMISSION_SETS["admin"])
    definitions = tab.call("GET", "definitions")["definitions"]
    definition = next(one for one in definitions if one["name"] == "All open leads")
    activity_id = int(tab.call("POST", f"definitions/{definition['id']}/run")["activity"])
    resources = wire(started.settings)
    ledger = Ledger(resources.database, started.org["org_id"])
    began = monotonic()
    chance = random.Random(options.seed)  # noqa: S311 - the same seed must kill in the same order
    killer = _Killer(ledger, activity_id, supervisor, chance, every_s)
    killer.kill_until_ended(longest_s)
    seconds = monotonic() - began
    _settle(supervisor, started.org, activity_id)
    _await_database(ledger, activity_id, supervisor)
    row = ledger.read_activity(activity_id)
    found = violations(ledger, activity_id, started.org)
    resources.database.close()
    kills = dict(killer.kills)
    return ChaosResult(
        options.seed, row.selected, kills, row.status, round(seconds, 1), row.bulks, killer.resumed, found
    )


@dataclass
class _Killer:
    """Kills, looks how far it is, and does what a person would: resumes what waits for one."""

    ledger: Ledger
    activity_id: int
    supervisor: Supervisor
    chance: random.Random
    every_s: float
    kills: Counter[str] = field(default_factory=Counter)
    resumed: int = 0

    def kill_until_ended(self, longest_s: float) -> None:
        began = monotonic()
        next_at = began + self._gap_s()
        while not self._has_ended():
            now = monotonic()
            if now > began + longest_s:
                raise FatalError(f"The activity had not ended after {longest_s:.0f} s and {self.kills.total()} kills.")
            while now >= next_at:
                self._kill()
                next_at += self._gap_s()
            self.supervisor.watch()
            sleep(LOOK_S)

    def _gap_s(self) -> float:
        return self.chance.expovariate(1 / self.every_s)

    def _kill(self) -> None:
        weights = {name: weight for name, weight in KILLED.items() if name in self.supervisor.pids()}
        name = self.chance.choices(list(weights), list(weights.values()))[0]
        self.supervisor.kill_one(name, self.chance)
        self.kills[name] += 1

    def _has_ended(self) -> bool:
        try:
            row = self.ledger.read_activity(self.activity_id)
            if row.status == "Paused" and row.resume_at is None:
                self.resumed += self.ledger.change_status(self.activity_id, ("Paused",), "Running")
        except RetryableError:
            return False  # the database was killed just now
        return row.status in ENDED


def _settle(supervisor: Supervisor, org: Mapping[str, Any], activity_id: int) -> None:
    """Let the mail go out. A sender that was killed while sending is followed by the next after a minute."""
    end = monotonic() + SETTLE_S + 60
    while monotonic() < end and not _mails(org, activity_id):
        supervisor.watch()
        sleep(LOOK_S)


def _mails(org: Mapping[str, Any], activity_id: int) -> set[str]:
    kept = requests.get(f"{org['control_url']}/mails", timeout=60).json()
    return {mail["headers"]["Message-ID"] for mail in kept if is_about(mail["text"], activity_id)}


def _await_database(ledger: Ledger, activity_id: int, supervisor: Supervisor) -> None:
    """The last kill may have been the database's."""
    end = monotonic() + SETTLE_S + 60
    while monotonic() < end:
        supervisor.watch()
        try:
            ledger.read_activity(activity_id)
        except RetryableError:
            sleep(LOOK_S)
        else:
            return


def violations(ledger: Ledger, activity_id: int, org: Mapping[str, Any]) -> list[str]:
    row = ledger.read_activity(activity_id)
    records = ledger.stored_records(activity_id)
    fates = ledger.fates(activity_id)
    writes = Counter(one["record"] for one in requests.get(f"{org['control_url']}/ledger/writes", timeout=300).json())
    twice = sum(1 for record in records if writes[record] > 1)
    never = sum(1 for record in records if not writes[record])
    mails = _mails(org, activity_id)
    found = {
        f"{row.selected:,} records were selected, and {len(records):,} are stored": row.selected == len(records),
        f"{len(records):,} records have {sum(fates.values()):,} outcomes": sum(fates.values()) == len(records),
        f"the status is {row.status}": row.status == "Success",
        f"{twice:,} records were written more than once": not twice,
        f"{never:,} records were never written": not never,
        f"{len(mails)} different mails were sent": len(mails) == 1,
    }
    return [sentence for sentence, holds in found.items() if not holds]
