"""`/metrics` and `/readyz`, asked over HTTP, with what stands in the ledger and what processes have counted."""

import subprocess
import uuid
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lsync_flask import doorbell
from lsync_flask.app import create_app
from lsync_flask.embedded_redis import server_command
from lsync_flask.meters import Meters
from lsync_flask.services.plan import CriterionBody
from lsync_flask.settings import Settings
from lsync_flask.storage.gauges import read_gauges
from lsync_flask.storage.models import bulk, outbox
from lsync_flask.wiring import OrgConnections, wire
from tests.ledger.test_ledger import ORG, ledger, running  # noqa: F401 - fixtures
from tests.processes.test_worker import until
from tests.worker.kit import Scripted, actor_with, answer_all, carry_on, provider_of, start, use_scripted, with_provider

TOKEN = "a token of some length"
FEW = CriterionBody(field="LastName", operator="less-than", value="B")


@pytest.fixture
def redis_server(tmp_path):
    """A Redis-compatible server of the test's own: its process and address."""
    socket = tmp_path / "redis.sock"
    process = subprocess.Popen(
        server_command(tmp_path / "redis", socket), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert until(socket.exists, 30)
    yield process, f"unix://{socket}"
    process.kill()
    process.wait()


@pytest.fixture
def parts(resources, redis_server):
    settings = resources.settings.model_copy(
        update={"redis_url": redis_server[1], "metrics_token": Settings.model_fields["metrics_token"].annotation(TOKEN)}
    )
    wired = wire(settings)
    connections = OrgConnections(resources.database, wired.box, wired.transport, wired.meters)
    return replace(wired, database=resources.database, open_salesforce=connections.open, ring=resources.ring)


def read(parts, token=TOKEN):
    answer = create_app(parts).test_client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("header", "status"), [(None, 401), ("Bearer wrong", 401), (TOKEN, 401), (f"Bearer {TOKEN}", 200)]
)
def test_metrics_open_to_the_token_alone(parts, header, status):
    answer = create_app(parts).test_client().get("/metrics", headers={"Authorization": header} if header else {})

    assert answer.status_code == status


def test_without_a_token_set_there_is_no_such_address(resources):
    answer = create_app(resources).test_client().get("/metrics", headers={"Authorization": "Bearer "})

    assert answer.status_code == 404


def test_what_a_worker_has_done_is_counted_and_timed(parts, simulated_org, filled):
    script = Scripted()
    script.reply = answer_all({"site": f"https://{uuid.uuid4().hex}.example"})  # other tests write into the same org
    working = with_provider(parts, provider_of(script))
    admin = actor_with(working, simulated_org, "LSync_Admin", "admin")
    use_scripted(working, admin, credits_per_month=1_000)
    activity_id = start(working, admin, FEW)
    queued = read(working)

    row = carry_on(working, activity_id, admin.org_id)
    working.meters.send()
    found = read(working)

    assert row.status == "Success"
    assert queued["lsync_activities", "Queued"] == 1
    assert ("lsync_activities", "Queued") not in found
    assert found["lsync_records_total", "written"] == found["lsync_credits_total", "scripted"] == row.selected > 0
    assert found["lsync_credits_left", admin.org_id] == 1_000 - row.selected
    assert found["lsync_provider_call_seconds_count", "scripted", "ok"] >= 1
    assert found["lsync_salesforce_request_seconds_count", "collections", "200"] >= 1
    assert found["lsync_api_calls_left", admin.org_id] > 0
    assert found["lsync_up", "database"] == found["lsync_up", "redis"] == 1


def test_the_counts_of_several_processes_add_up(parts, redis_server):
    for _process in range(2):
        meters = Meters(doorbell.connect(redis_server[1]))
        meters.count("lsync_records", 3, fate="written")
        meters.time("lsync_provider_call_seconds", 0.2, provider="p", result="ok")
        meters.time("lsync_provider_call_seconds", 500.0, provider="p", result="ok")
        meters.send()

    found = read(parts)

    assert found["lsync_records_total", "written"] == 6
    assert found["lsync_provider_call_seconds_bucket", "0.1", "p", "ok"] == 0
    assert found["lsync_provider_call_seconds_bucket", "0.25", "p", "ok"] == 2
    assert found["lsync_provider_call_seconds_bucket", "+Inf", "p", "ok"] == 4
    assert found["lsync_provider_call_seconds_sum", "p", "ok"] == pytest.approx(1000.4)


def test_what_was_counted_while_redis_was_away_is_not_lost(parts, redis_server):
    _, address = redis_server
    away = Meters(doorbell.connect("unix:///nowhere/redis.sock"))
    away.count("lsync_records", 5, fate="written")
    away.send()
    away._connection = doorbell.connect(address)
    away.send()

    assert read(parts)["lsync_records_total", "written"] == 5


def test_without_redis_the_ledger_is_shown_and_the_process_is_not_ready(parts, redis_server):
    redis_server[0].kill()
    redis_server[0].wait()
    client = create_app(parts).test_client()

    found = read(parts)
    ready = client.get("/readyz")

    assert found["lsync_up", "redis"] == 0
    assert found["lsync_up", "database"] == 1
    assert ("lsync_queue_depth",) not in found
    assert (ready.status_code, ready.json) == (503, {"database": True, "redis": False})
    assert client.get("/healthz").status_code == 200


def test_a_process_with_database_and_redis_is_ready(parts):
    ready = create_app(parts).test_client().get("/readyz")

    assert (ready.status_code, ready.json) == (200, {"database": True, "redis": True})


def test_held_dead_and_waiting_bulks_are_told_apart(database, ledger, running):  # noqa: F811
    ledger.claim_bulk(running, "one")
    ledger.claim_bulk(running, "two")
    with database.writing_all() as connection:
        connection.execute(bulk.update().where(bulk.c.number == 2).values(lease_until=ledger.now_s() - 30))
        connection.execute(
            outbox.insert().values(
                org_id=ORG, kind="notice", key="k", body="{}", due_at=ledger.now_s() - 100, attempts=0, error=""
            )
        )

    seen = read_gauges(database, "2026-11")

    assert seen.bulks == {"ready": 2}
    assert seen.held == 2
    assert seen.leases_run_out == 1
    assert 90 <= seen.lease_age_s < 150
    assert seen.due == 1
    assert seen.outbox == 1
    assert seen.outbox_age_s >= 100


def test_an_idle_ledger_has_no_ages(database):
    seen = read_gauges(database, "2026-11")

    assert (seen.bulks, seen.held, seen.lease_age_s, seen.due_age_s, seen.outbox_age_s) == ({}, 0, 0.0, 0.0, 0.0)
