"""Runs lives of an activity in children of its own: from the click on Run to the mail, with a kill at one point.

Each line on standard input is one life: {"database", "run", "definition", "target", "nth"}; each line on standard
output is what came of it: {"killed", "activity", "status", "passed"}. Forking is what makes hundreds affordable.
"""

import json
import os
import sys
import threading
import time
import traceback
from dataclasses import replace

from sqlalchemy import select, update

from lsync_flask.engine.status import ENDED
from lsync_flask.logs import set_up_logging
from lsync_flask.plugin_api import Answer, Answers, Catalogue, Provider, ProviderField
from lsync_flask.services.resources import Actor
from lsync_flask.services.run_activity import run_activity
from lsync_flask.settings import read_settings
from lsync_flask.storage.db import open_database
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.models import activity
from lsync_flask.wiring import OrgConnections, wire
from lsync_flask.worker.clock import send_outbox
from lsync_flask.worker.drain import drain
from tests.crash.points import Points, with_points
from tests.worker.kit import with_provider

LIFE_S = 60


class Metered(Provider):
    """Asks the simulated enrichment service, which keeps its own account of what was paid."""

    name = "scripted"
    label = "Metered"
    api = 1
    max_per_call = 4
    idempotency = "key"

    def catalogue(self):
        return Catalogue(
            (ProviderField("company", "Company"),), (ProviderField("site", "Site", "url"),), (frozenset({"company"}),)
        )

    def submit(self, call, http):
        body = {"records": [{"key": one.key, "company": one.inputs["company"]} for one in call.inquiries]}
        headers = {
            "Authorization": f"Bearer {os.environ['PROVIDER_KEY']}",
            "Idempotency-Key": call.key,
            "Content-Type": "application/json",
        }
        url = f"{os.environ['PROVIDER_URL']}/v1/enrich"
        reply = http.send("POST", url, headers=headers, body=json.dumps(body).encode(), timeout_s=20)
        assert reply.status == 200, reply.body
        site = f"https://run-{os.environ['RUN']}.example"
        answers = [Answer(one.key, matched=True, values={"site": site}, confidence=90) for one in call.inquiries]
        return Answers(answers, json.loads(reply.body)["credits"])


def live(life, resources, points):
    """From the click to the mail; picks up whatever an earlier life left."""
    found = with_points(
        resources, points, lambda database, transport: OrgConnections(database, resources.box, transport).open
    )
    actor = Actor(**life["actor"])
    activity_id = run_activity(found, actor, life["definition"], f"run-{life['run']}")
    _take_the_way(resources.database, activity_id, life["bulk_api_from"])
    ledger = Ledger(found.database, actor.org_id)
    end = time.monotonic() + LIFE_S
    while ledger.status_of(activity_id) not in ENDED and time.monotonic() < end:
        drain(found, activity_id, threading.Event(), slice_s=5)
    send_outbox(found)
    return {"activity": activity_id, "status": ledger.status_of(activity_id)}


def _take_the_way(database, activity_id, bulk_api_from):
    """A few records go the way of thousands, so that a life is short."""
    with database.writing_all() as connection:
        plan = json.loads(connection.execute(select(activity.c.plan).where(activity.c.id == activity_id)).scalar_one())
        changed = json.dumps(plan | {"bulk_api_from": bulk_api_from})
        connection.execute(update(activity).where(activity.c.id == activity_id).values(plan=changed))


def child(life, shared, way_out):
    os.environ["RUN"] = str(life["run"])
    points = Points(life.get("target", ""), life.get("nth", 1))
    resources = replace(shared, database=open_database(life["database"]))
    result = live(life, resources, points) | {"passed": points.passed}
    os.write(way_out, json.dumps(result).encode())


def run(life, shared):
    way_in, way_out = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(way_in)
        try:
            child(life, shared, way_out)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    os.close(way_out)
    with os.fdopen(way_in, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    return {"killed": os.WIFSIGNALED(status), "exit": os.waitstatus_to_exitcode(status), **json.loads(said or b"{}")}


def main():
    set_up_logging(os.environ["LSYNC_LOG_LEVEL"])
    # Plugins are found once, and not in each child; no connection is open yet.
    shared = with_provider(wire(read_settings(os.environ)), Metered)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line), shared)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
