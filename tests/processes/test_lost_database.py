"""PostgreSQL is killed in the middle of an activity and started again: the work stops, goes on, and nothing is lost."""

import random
import threading
from collections import Counter
from dataclasses import replace

import pytest
import requests
from sqlalchemy import update

from lsync_flask.cli.postgresql import postgresql_to_kill
from lsync_flask.demo.set_up import set_up
from lsync_flask.demo.supervisor import Supervisor
from lsync_flask.errors import RetryableError
from lsync_flask.services.plan import CriterionBody
from lsync_flask.storage.db import open_database
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.migrate import upgrade
from lsync_flask.storage.models import activity, bulk
from lsync_flask.wiring import OrgConnections, wire
from lsync_flask.worker.clock import ring_for_waiting
from lsync_flask.worker.drain import drain
from tests.processes.test_worker import until
from tests.worker.kit import Scripted, actor_with, carry_on, provider_of, start, use_scripted, with_provider

pytestmark = [pytest.mark.processes, pytest.mark.postgres, pytest.mark.timeout(300), pytest.mark.long]

SOME = CriterionBody(field="LastName", operator="less-than", value="D")


@pytest.fixture
def server(tmp_path):
    """A PostgreSQL of the test's own under a supervisor, and its address."""
    with postgresql_to_kill() as (url, service):
        supervisor = Supervisor(tmp_path / "server.log", most_restarts=100)
        supervisor.start(service, wait_s=60)
        yield supervisor, url
        supervisor.stop()


def test_a_database_that_is_killed_in_the_middle_pauses_the_work_and_nothing_is_lost(server, settings, simulated_org):
    supervisor, url = server
    database = open_database(url)
    upgrade(database)
    script = Scripted()
    wired = wire(settings)
    connections = OrgConnections(database, wired.box, wired.transport)
    resources = replace(wired, database=database, open_salesforce=connections.open, ring=lambda _number: None)
    set_up(resources, simulated_org)
    resources = with_provider(resources, provider_of(script))
    admin = actor_with(resources, simulated_org, "LSync_Admin", "admin")
    use_scripted(resources, admin, first_bulk_size=10, bulk_size=200)
    activity_id = start(resources, admin, SOME)
    ledger = Ledger(database, admin.org_id)
    good, killed = script.reply, threading.Event()

    def reply(call):
        if not killed.is_set():
            killed.set()
            supervisor.kill_one("database", random.Random(1))
        return good(call)

    script.reply = reply
    drain(resources, activity_id, threading.Event(), slice_s=5)  # it ends, and raises nothing
    with pytest.raises(RetryableError):
        ledger.status_of(activity_id)
    with pytest.raises(RetryableError):
        ring_for_waiting(resources)

    def is_back():
        supervisor.watch()
        try:
            return ledger.status_of(activity_id)
        except RetryableError:
            return False

    assert until(is_back, 60)
    with database.writing_all() as connection:  # the leases of what was in flight run out
        for table in (activity, bulk):
            connection.execute(update(table).where(table.c.lease_until.is_not(None)).values(lease_until=1.0))
    row = carry_on(resources, activity_id, admin.org_id)
    database.close()

    charged_as = {inquiry.key: call.key for call in script.calls for inquiry in call.inquiries}
    assert row.status == "Success", row.reason
    assert all(charged_as[inquiry.key] == call.key for call in script.calls for inquiry in call.inquiries)
    writes = requests.get(f"{simulated_org['control_url']}/ledger/writes", timeout=20).json()
    written = Counter(one["record"] for one in writes if one["record"] in charged_as)
    assert set(written) == set(charged_as)
    assert len(charged_as) == row.selected
