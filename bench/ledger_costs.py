"""What the ledger and Redis cost by themselves: commits, reads and turns of the limiter a second, here and now.

Run: python bench/ledger_costs.py [SECONDS]. It uses a PostgreSQL of its own (the wheel), SQLite and the embedded Redis.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from lsync_flask import doorbell
from lsync_flask.cli.postgresql import open_postgresql
from lsync_flask.demo.supervisor import Service, Supervisor
from lsync_flask.embedded_redis import server_command
from lsync_flask.limiter import Account, Limiter
from lsync_flask.plugin_api import Answer, Limits
from lsync_flask.storage.db import open_database
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.migrate import upgrade
from lsync_flask.storage.models import activity, definition, org

ORG = "00D000000000001EAA"
CALL = 500
VALUES = {f"text{number:02}": f"Value {number} of a record" for number in range(16)}


def rate(step, seconds):
    """How often a second, and how much CPU of ours each took."""
    done, began, cpu = 0, time.monotonic(), time.process_time()
    while time.monotonic() < began + seconds:
        step()
        done += 1
    return {
        "per_s": round(done / (time.monotonic() - began), 1),
        "own_cpu_us": round((time.process_time() - cpu) / done * 1e6, 1),
    }


def running(database):
    """An activity with more bulks than are taken."""
    with database.writing_all() as connection:
        connection.execute(
            org.insert().values(
                id=ORG, name="Org", my_domain="https://x.my.salesforce.com", consumer_key="k", api_version="67.0",
                is_active=True, created_at=0.0,
            )
        )  # fmt: skip
    with database.writing(ORG) as scope:
        user = "005000000000001AAA"
        made = {"created_at": 0.0, "changed_at": 0.0}
        number = scope.add(definition, {"name": "D", "object": "Lead", "owner_id": user, "version": 1, **made})
        return scope.add(
            activity,
            {
                "definition_id": number, "definition_version": 1, "running_definition_id": number, "object": "Lead",
                "owner_id": user, "started_by": user, "status": "Queued", "reason": "", "plan": "{}",
                "audience_size": 1, "selection": "waiting", "selected": 0, "bulks": 0, "epoch": 0, "api_calls": 0,
                "attempts": 0, "created_at": 0.0,
            },
        )  # fmt: skip


def ledger_costs(url, seconds):
    database = open_database(url)
    upgrade(database)
    number = running(database)
    ledger = Ledger(database, ORG)
    held = ledger.claim_selection(number, "selector")
    ledger.add_bulk(held, [["00Q000000000001AAA", "a"] * 10] * CALL, {"rows": 1})
    bulk = ledger.claim_bulk(number, "worker")
    bulk = ledger.begin_enriching(bulk, [{"number": 1, "first": 0, "size": CALL, "key": "k"}])
    call = ledger.read_calls(bulk.id)[0]
    answers = [Answer(f"00Q{place:015}", matched=True, values=VALUES) for place in range(CALL)]
    found = {
        "a small commit": rate(lambda: ledger.change_bulk(bulk, progress="{}"), seconds),
        "a read": rate(lambda: ledger.status_of(number), seconds),
        "the answers of a call of 500": rate(lambda: ledger.answer_call(bulk, call, answers, 0), seconds),
    }
    database.close()
    return found


def redis_costs(seconds):
    with tempfile.TemporaryDirectory() as name:
        supervisor = Supervisor(Path(name) / "log")
        socket = Path(name) / "redis.sock"
        supervisor.start(Service("redis", server_command(Path(name) / "redis", socket), {}, socket.exists))
        try:
            limiter = Limiter(doorbell.connect(f"unix://{socket}"))
            one = Account("costs", Limits(16, 1_000_000))
            return {
                "a turn taken and given back": rate(lambda: limiter.give_back(limiter.take(one, CALL), "ok"), seconds)
            }
        finally:
            supervisor.stop()


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    with tempfile.TemporaryDirectory() as name:
        found = {"sqlite": ledger_costs(f"sqlite:///{name}/costs.db", seconds)}
    with open_postgresql() as (url, _pids):
        found["postgresql"] = ledger_costs(url, seconds)
    found["redis"] = redis_costs(seconds)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
