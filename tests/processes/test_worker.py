"""Real worker processes on a real Redis-compatible server: long jobs, plugins that hang or kill, SIGTERM, lost Redis."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from lsync_flask import doorbell
from lsync_flask.demo.job import OrgDoor
from lsync_flask.demo.set_up import user_with
from lsync_flask.embedded_redis import server_command
from lsync_flask.engine.status import ENDED
from lsync_flask.services import outcomes
from lsync_flask.services.plan import CriterionBody
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.models import activity, bulk
from lsync_flask.worker.clock import ring_for_waiting
from tests.processes.slow_redis import slow_redis
from tests.worker.kit import Scripted, actor_with, provider_of, start, use_scripted, with_provider

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
WHERE = "LastName < 'B' AND IsConverted = false"
FEW = CriterionBody(field="LastName", operator="less-than", value="B")


class Plant:
    """One ledger, one Redis, and worker processes that are stopped at the end."""

    def __init__(self, resources, org, folder):
        self.org = org
        self.folder = folder
        self.socket = folder / "redis.sock"
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "LSYNC_INSTANCE": str(folder / "instance"),
            "DATABASE_URL": f"sqlite:///{folder / 'lsync.db'}",
            "REDIS_URL": f"unix://{self.socket}",
            "LSYNC_SECRET_KEY": resources.settings.secret_key.get_secret_value(),
            "LSYNC_ENCRYPTION_KEYS": resources.settings.encryption_keys[0].get_secret_value(),
            "LSYNC_ALLOWED_ORG_HOSTS": ",".join(resources.settings.allowed_org_hosts),
        }
        self.processes = []
        self.start_redis()
        self.redis = doorbell.connect(f"unix://{self.socket}")
        ringing = replace(resources, ring=lambda number: doorbell.ring(self.redis, number))
        self.resources = with_provider(ringing, provider_of(Scripted()))
        self.admin = actor_with(self.resources, org, "LSync_Admin", "admin")
        use_scripted(self.resources, self.admin, first_bulk_size=4, bulk_size=200)
        self.ledger = Ledger(self.resources.database, org["org_id"])

    def start_redis(self):
        command = server_command(self.folder / "redis", self.socket)
        self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        until(self.socket.exists, 10)
        return self.processes[-1]

    def start_worker(self, behaviour, **more):
        log = (self.folder / "worker.log").open("ab")
        worker = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker_main.py"))],
            env={**self.environment, "BEHAVIOUR": behaviour, **more},
            stdout=log,
            stderr=log,
        )
        log.close()
        self.processes.append(worker)
        return worker

    def run(self):
        return start(self.resources, self.admin, FEW)

    def tick(self, *, hurry=True):
        """What the clock does; with `hurry`, the leases of the dead have run out already."""
        if hurry:
            dead = {"lease_until": 1.0}
            with self.resources.database.writing_all() as connection:
                for table in (bulk, activity):
                    held = table.c.lease_until < time.time() + 58  # the living extend theirs every few seconds
                    connection.execute(update(table).where(table.c.lease_until.is_not(None), held).values(**dead))
        ring_for_waiting(self.resources)

    def status(self, activity_id):
        return self.ledger.status_of(activity_id)

    def await_end(self, activity_id, seconds=90, *, hurry=False):
        def ended():
            self.tick(hurry=hurry)
            return self.status(activity_id) in ENDED

        assert until(ended, seconds), (self.status(activity_id), (self.folder / "worker.log").read_text()[-3000:])

    def outcomes(self, activity_id):
        return outcomes.read_outcomes(self.resources, self.admin, activity_id, limit=500).outcomes

    def stop(self):
        self.redis.close()
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


def until(claim, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if claim():
            return True
        time.sleep(0.2)
    return False


@pytest.fixture
def plant(filled, simulated_org, tmp_path):
    made = Plant(filled, simulated_org, tmp_path)
    yield made
    made.stop()


def test_one_worker_process_does_a_job_longer_than_its_monitoring_interval_and_the_next_one(plant):
    worker = plant.start_worker("is slow")
    first = plant.run()
    plant.await_end(first)

    second = plant.run()
    plant.await_end(second)

    assert worker.poll() is None
    assert "the worker begins anew" not in (plant.folder / "worker.log").read_text()
    assert [plant.status(number) for number in (first, second)] == ["Success", "Success"]


@pytest.mark.parametrize(("behaviour", "hurry"), [("hangs", False), ("dies", True)])
@pytest.mark.long
def test_a_record_over_which_workers_hang_or_die_is_left_alone_and_the_others_are_written(plant, behaviour, hurry):
    company = _company_of_one(plant)
    worker = plant.start_worker(behaviour, BAD=company, LSYNC_PLUGIN_LIMIT_S="1")
    activity_id = plant.run()

    plant.await_end(activity_id, 150, hurry=hurry)

    outcomes = plant.outcomes(activity_id)
    given_up = [one for one in outcomes if one.fate == "failed"]
    assert worker.poll() is None
    assert plant.status(activity_id) == "Partial Success"
    assert {one.code for one in given_up} == {"WORKER_DIED"}
    assert 1 <= len(given_up) < len(outcomes)
    assert len({one.record for one in outcomes}) == len(outcomes) == plant.ledger.read_activity(activity_id).selected
    assert len(given_up) == _count(plant, company)


def test_a_child_that_holds_the_interpreter_is_killed_and_its_worker_goes_on(plant):
    worker = plant.start_worker("clutches", BAD=_company_of_one(plant), SILENT_S="2")
    plant.run()

    seen = until(lambda: "is silent and was killed" in (plant.folder / "worker.log").read_text(), 40)

    assert seen
    assert worker.poll() is None


def test_sigterm_hands_over_in_good_order_and_nobody_is_blamed(plant):
    worker = plant.start_worker("is slow")
    activity_id = plant.run()
    assert until(lambda: plant.ledger.read_activity(activity_id).bulks, 20)
    time.sleep(1)

    worker.send_signal(signal.SIGTERM)
    worker.wait(20)

    with plant.resources.database.reading_all() as connection:
        rows = connection.execute(bulk.select().where(bulk.c.activity_id == activity_id)).all()
    assert all(row.lease_owner is None and row.attempts == 0 for row in rows)
    plant.start_worker("answers")
    plant.await_end(activity_id)
    assert plant.status(activity_id) == "Success"


def test_a_redis_that_dies_and_comes_back_empty_stops_nothing_for_long(plant):
    worker = plant.start_worker("answers")
    redis = plant.processes[0]
    redis.kill()
    redis.wait()
    activity_id = plant.run()
    assert plant.status(activity_id) == "Queued"

    for file in (plant.folder / "redis").rglob("*"):
        if file.is_file():
            file.unlink()
    plant.socket.unlink()
    plant.start_redis()
    with plant.resources.database.writing_all() as connection:
        connection.execute(update(activity).values(rung_at=time.time() - 40))  # half a minute later
    plant.await_end(activity_id)

    assert worker.poll() is None
    assert plant.status(activity_id) == "Success"


def _company_of_one(plant):
    """A company of one of the leads; others may be at the same one."""
    door = OrgDoor(plant.org, user_with(plant.org, "LSync_Admin"))
    return door.query(f"SELECT Company FROM Lead WHERE {WHERE} ORDER BY Id LIMIT 1")[0]["Company"]


def _count(plant, company):
    door = OrgDoor(plant.org, user_with(plant.org, "LSync_Admin"))
    quoted = company.replace("\\", "\\\\").replace("'", "\\'")
    return door.count(f"SELECT COUNT() FROM Lead WHERE {WHERE} AND Company = '{quoted}'")


@pytest.mark.long
def test_a_slow_redis_slows_nothing_but_the_bell(plant, tmp_path):
    with slow_redis(plant.socket, tmp_path / "slow.sock", 0.3) as url:
        worker = plant.start_worker("answers", REDIS_URL=url)
        activity_id = plant.run()
        plant.await_end(activity_id)

        assert worker.poll() is None
        assert plant.status(activity_id) == "Success"
        worker.kill()
        worker.wait()
