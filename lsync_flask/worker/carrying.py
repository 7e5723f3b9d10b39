"""Carrying one bulk: step after step until it has ended, must wait, or the drain stops."""

import random
from collections.abc import Callable

import structlog

from lsync_flask.engine.bulk_state import FINISHED, NOT_YET_WRITTEN
from lsync_flask.engine.sizes import retry_wait_s, write_path
from lsync_flask.errors import FatalError, GrantLost, LimitReached, LsyncError, RetryableError
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.storage.ledger_bulks import Fenced
from lsync_flask.storage.ledger_rows import BulkRow
from lsync_flask.storage.splits import split_bulk
from lsync_flask.worker import enriching, ingesting, sending
from lsync_flask.worker.bench import Bench
from lsync_flask.worker.deciding import decide_all
from lsync_flask.worker.enriching import Waiting
from lsync_flask.worker.finishing import fail_bulk, fates_text
from lsync_flask.worker.pausing import pause_activity, wait_for_person

log = structlog.get_logger(__name__)

MOST_CRASHES = 3
"""A bulk over which so many workers died in one step is cut in two, until the record at fault is alone and given up."""
MOST_TRIES = 8
"""So many passing troubles in a row pause the activity; it then tries again by itself."""
MOST_BREAKS = 3
PAUSE_S = 300.0

Result = BulkRow | Waiting | None


def carry(bench: Bench, bulk: BulkRow) -> None:
    """Carry a claimed bulk as far as it goes now. Never raises for what the ledger can say instead."""
    try:
        if bulk.attempts >= MOST_CRASHES:
            _isolate(bench, bulk)
        else:
            _carry(bench, bulk)
    except Fenced:
        log.info("taken over by another worker", activity=bulk.activity_id, bulk=bulk.number)
    finally:
        bench.uploads.pop(bulk.id, None)


def _isolate(bench: Bench, bulk: BulkRow) -> None:
    """Find out which record kills workers. Where a write may have begun, a person decides: nothing is guessed."""
    why = bulk.error or "Worker after worker died over it."
    if bulk.state not in NOT_YET_WRITTEN:
        bench.ledger.release_bulk(bench.ledger.change_bulk(bulk, attempts=0))
        sentence = f"Bulk {bulk.number} could not be written: {why} Resume to try again."
        pause_activity(bench.ledger, bulk.activity_id, sentence, None)
        return
    number = split_bulk(bench.ledger, bulk, MOST_CRASHES - 1)
    if number is None:
        fail_bulk(bench, bulk, "WORKER_DIED", f"A worker died over this. {why}")
        return
    log.warning("bulk split after crashes", activity=bulk.activity_id, bulk=bulk.number, into=number, size=bulk.size)


def _carry(bench: Bench, bulk: BulkRow) -> None:
    api: SalesforceApi | None = None
    held = bulk
    try:
        api = bench.open_api()
        came_from = bulk.state
        while held.state not in FINISHED and not _is_to_be_left(bench, held):
            bench.budget.note(api.usage)
            bench.budget.check()
            result = _STEPS[held.state](bench, api, held, held.state != came_from)
            if result is None:
                return
            if isinstance(result, Waiting):
                bench.ledger.release_bulk(held, wait_s=result.wait_s, api_calls=api.calls)
                return
            held = result
            log.info("bulk moved", activity=held.activity_id, bulk=held.number, state=held.state)
        bench.ledger.release_bulk(held, api_calls=api.calls)
    except Fenced:
        raise
    except (LimitReached, GrantLost, RetryableError, FatalError) as error:
        _stumble(bench, _latest(bench, held), error, api.calls if api else 0)
    except Exception:
        # A plugin gave us something that nobody foresaw: this bulk must not take the others along, nor spin.
        log.exception("a step broke", activity=held.activity_id, bulk=held.number, state=held.state)
        _break(bench, _latest(bench, held), api.calls if api else 0)


def _break(bench: Bench, bulk: BulkRow, api_calls: int) -> None:
    """Try a bulk whose step broke again, later; give it up when that does not help."""
    tries = int(bulk.progress.get("tries", 0)) + 1
    sentence = "Something unforeseen went wrong with this bulk; the log on the server says what."
    if tries >= MOST_BREAKS:
        fail_bulk(bench, bulk, "INTERNAL_ERROR", sentence)
        return
    bulk = bench.ledger.note_try(bulk, tries, sentence)
    bench.ledger.release_bulk(bulk, wait_s=retry_wait_s(tries), api_calls=api_calls)


def _is_to_be_left(bench: Bench, bulk: BulkRow) -> bool:
    if bulk.id in bench.uploads:
        return False  # the rows are made: sending them off is quick, and making them again is not
    return bench.stop.is_set() or (bench.cancelling.is_set() and bulk.state in NOT_YET_WRITTEN)


def _latest(bench: Bench, bulk: BulkRow) -> BulkRow:
    """The bulk as stored: a step may have moved it on before it raised."""
    return bench.ledger.read_bulk(bulk)


def _stumble(bench: Bench, bulk: BulkRow, error: LsyncError, api_calls: int) -> None:
    """Say what is in the way: the bulk waits and is tried again, or the whole activity pauses."""
    log.warning("bulk stumbled", activity=bulk.activity_id, bulk=bulk.number, state=bulk.state, error=str(error))
    if isinstance(error, LimitReached):
        bench.ledger.release_bulk(bulk, wait_s=0.0, api_calls=api_calls)
        pause_activity(bench.ledger, bulk.activity_id, str(error), error.after_s or PAUSE_S)
    elif isinstance(error, RetryableError):
        _wait_and_try_again(bench, bulk, error, api_calls)
    else:
        bench.ledger.release_bulk(bulk, wait_s=0.0, api_calls=api_calls)
        wait_for_person(bench.ledger, bulk.activity_id, error)


def _wait_and_try_again(bench: Bench, bulk: BulkRow, error: RetryableError, api_calls: int) -> None:
    tries = int(bulk.progress.get("tries", 0)) + 1
    bulk = bench.ledger.note_try(bulk, tries, str(error))
    wait_s = error.after_s if error.after_s is not None else retry_wait_s(tries) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
    bench.ledger.release_bulk(bulk, wait_s=wait_s, api_calls=api_calls)
    if tries % MOST_TRIES == 0:
        pause_activity(bench.ledger, bulk.activity_id, str(error), PAUSE_S)


def _begin(bench: Bench, _api: SalesforceApi, bulk: BulkRow, _fresh: bool) -> Result:
    return enriching.begin(bench, bulk)


def _enrich(bench: Bench, _api: SalesforceApi, bulk: BulkRow, _fresh: bool) -> Result:
    return enriching.enrich(bench, bulk)


def _decide(bench: Bench, _api: SalesforceApi, bulk: BulkRow, _fresh: bool) -> Result:
    # Whole seconds, as Salesforce keeps them: the date on the record is compared with this one after a crash.
    decided_at = float(int(bench.resources.now_s()))
    path = write_path(bulk.size, bench.recipe.plan.bulk_api_from)
    decided = decide_all(bench, bulk, decided_at, for_upload=path == "writing")
    held = bench.ledger.begin_writing(bulk, path, decided.outcomes, decided_at, fates_text(decided.fates))
    if decided.upload:
        bench.uploads[bulk.id] = decided.upload
    return held


def _send(bench: Bench, api: SalesforceApi, bulk: BulkRow, fresh: bool) -> Result:
    sending.send(bench, api, bulk, fresh=fresh)
    return None


def _submit(bench: Bench, api: SalesforceApi, bulk: BulkRow, fresh: bool) -> Result:
    return ingesting.submit(bench, api, bulk, fresh=fresh)


def _attend(bench: Bench, api: SalesforceApi, bulk: BulkRow, fresh: bool) -> Result:
    if fresh:
        return Waiting(ingesting.FIRST_WAIT_S)
    return ingesting.attend(bench, api, bulk)


_STEPS: dict[str, Callable[[Bench, SalesforceApi, BulkRow, bool], Result]] = {
    "ready": _begin,
    "enriching": _enrich,
    "enriched": _decide,
    "sending": _send,
    "writing": _submit,
    "closing": _attend,
}
