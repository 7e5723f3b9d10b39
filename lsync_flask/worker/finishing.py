"""Finishing: outcomes of a written bulk, and the end of an activity with its one mail."""

from collections import Counter
from collections.abc import Sequence

import orjson
import structlog

from lsync_flask.engine.bulk_state import finished_state
from lsync_flask.engine.status import Fate, bad, final_status
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.services.next_part import add_next_part
from lsync_flask.services.plan import ways_of
from lsync_flask.services.resources import Resources
from lsync_flask.services.run_activity import ring_now
from lsync_flask.storage.bodies import OutcomeEntry, decode_outcomes, decode_records, encode_outcomes, patch_outcomes
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_rows import BulkRow
from lsync_flask.storage.models import bulk as bulk_table
from lsync_flask.storage.outbox import add_notices
from lsync_flask.worker.bench import Bench

log = structlog.get_logger(__name__)

TO_BE_WRITTEN = ("written", "cleared")
"""Decisions on a field that come to nothing when Salesforce refuses the record."""


def finish(bench: Bench, api: SalesforceApi, bulk: BulkRow, failures: dict[str, tuple[str, str]]) -> None:
    """Store what became of each record; `failures` are those that Salesforce refused."""
    fates: dict[str, int] = dict(bulk.progress.get("fates", {}))
    outcomes = None
    if failures:
        outcomes = patch_outcomes(bench.ledger.read_outcomes(bulk.id), failures, TO_BE_WRITTEN)
        fates = count_fates(outcomes)
    unserved = bad(fates)
    state = finished_state(bulk.size - unserved, unserved)
    calls = bulk_table.c.api_calls + api.calls
    bench.ledger.finish_bulk(bulk, state, fates, outcomes, api_calls=calls)
    count_records(bench, fates)
    log.info(
        "bulk finished", org=bench.ledger.org_id, activity=bulk.activity_id, bulk=bulk.number, state=state, **fates
    )


def count_records(bench: Bench, fates: dict[str, int]) -> None:
    for fate, number in fates.items():
        bench.resources.meters.count("lsync_records", number, fate=fate)


def count_fates(outcomes: bytes) -> dict[str, int]:
    return dict(Counter(entry.fate for entries in decode_outcomes(outcomes) for entry in entries))


def fail_bulk(bench: Bench, bulk: BulkRow, code: str, sentence: str) -> None:
    """Give a bulk up: each of its records has failed for the same reason."""
    fate: Fate = "failed"
    ledger = bench.ledger
    lines = [
        encode_outcomes([OutcomeEntry(row[0] or "", fate, code, sentence, []) for row in rows])
        for rows in decode_records(ledger.read_records(bulk.id))
    ]
    ledger.finish_bulk(bulk, "failed", {fate: bulk.size}, b"\n".join(lines), error_code=code, error=sentence)
    count_records(bench, {fate: bulk.size})
    log.error("bulk given up", org=ledger.org_id, activity=bulk.activity_id, bulk=bulk.number, code=code)


def end_if_done(resources: Resources, ledger: Ledger, activity_id: int) -> bool:
    """End the activity when nothing is left to do: its status, its notices and its next part are one commit."""
    with ledger.ending(activity_id) as found:
        if found is None:
            return False
        scope, activity, fates = found
        status = final_status(fates, cancelled=activity.status == "Cancelling")
        ledger.end(scope, activity_id, status)
        following = add_next_part(scope, activity, status)
        _tell(resources, scope, ways_of(activity.plan), activity_id)
    log.info("activity ended", org=ledger.org_id, activity=activity_id, status=status, **fates)
    if following is not None:
        ring_now(resources, following)
    return True


def _tell(resources: Resources, scope: OrgScope, ways: Sequence[str], activity_id: int) -> None:
    """An activity that is retried ends again, and people hear of that too."""
    now_s = resources.now_s()
    add_notices(scope, ways, activity_id, "ended", now_s, f"/{now_s:.3f}")


def fail_activity(resources: Resources, ledger: Ledger, activity_id: int, sentence: str) -> None:
    """End an activity that could not even begin: no record was read, and the reason says why."""
    with ledger.database.writing(ledger.org_id) as scope:
        if ledger.end_failed(scope, activity_id, sentence):
            ways = ways_of(ledger.read_activity(activity_id).plan)
            _tell(resources, scope, ways, activity_id)
    log.error("activity failed", org=ledger.org_id, activity=activity_id)


def fates_text(fates: dict[str, int]) -> str:
    return orjson.dumps({"fates": fates}).decode()
