"""Enriching: a bulk is cut into calls, each call's intent is stored before it leaves and its answers as they arrive."""

import uuid
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import structlog

from lsync_flask.engine.inputs import Skip
from lsync_flask.engine.replies import SOON_S, check_reply
from lsync_flask.engine.sizes import cut, retry_wait_s
from lsync_flask.errors import FatalError, LimitReached, LsyncError, OutcomeUnknown, RetryableError
from lsync_flask.meters import timed
from lsync_flask.plugin_api import Answer, Answers, Call, Inquiry, Ticket
from lsync_flask.storage.bodies import StoredRecords
from lsync_flask.storage.ledger_rows import BulkRow, CallRow
from lsync_flask.worker.bench import Bench
from lsync_flask.worker.turns import Trip, seconds_told, wait_for_turn

log = structlog.get_logger(__name__)

NOT_SENT = "NOT_SENT/"
"""Begins the code of the stored answer of a record that was never sent to the provider; fate and reason follow."""

MOST_TRIES = 6
LONGEST_TICKET_WAIT_S = 60.0

_NAMESPACE = uuid.UUID("3f0e7f52-6a0c-5b0e-9a51-7f0b6d7c1a10")


def begin(bench: Bench, bulk: BulkRow) -> BulkRow:
    """From ready to enriching: store the intent of every call. A retried bulk keeps the calls that it has."""
    if bench.ledger.read_calls(bulk.id):
        return bench.ledger.change_bulk(bulk, "enriching")
    slices = cut(bulk.size, bench.recipe.provider.most_per_call())
    calls = [
        {"number": number, "first": first, "size": size, "key": _call_key(bench, bulk, number)}
        for number, (first, size) in enumerate(slices, start=1)
    ]
    return bench.ledger.begin_enriching(bulk, calls)


def _call_key(bench: Bench, bulk: BulkRow, number: int) -> str:
    """The same for every try of this call, so that a provider that knows keys charges once."""
    return str(uuid.uuid5(_NAMESPACE, f"{bench.ledger.org_id}/{bulk.activity_id}/{bulk.number}/{number}"))


@dataclass(frozen=True, slots=True)
class Waiting:
    """The bulk is not ready for its next step for so many seconds."""

    wait_s: float


def enrich(bench: Bench, bulk: BulkRow) -> BulkRow | Waiting:
    """From enriching to enriched, or how long to wait: send or collect every call that is not answered yet."""
    open_calls = [call for call in bench.ledger.read_calls(bulk.id) if call.state != "answered"]
    if open_calls:
        records = StoredRecords(bench.ledger.read_records(bulk.id))
        waits = _run_all(bench, bulk, open_calls, records)
        if waits:
            return Waiting(min(waits))
    return bench.ledger.change_bulk(bulk, "enriched")


def _run_all(bench: Bench, bulk: BulkRow, calls: Sequence[CallRow], records: StoredRecords) -> list[float]:
    """Run the calls side by side; the waits of those that are not answered. Errors are raised when all have ended."""
    futures: list[Future[float | None]] = [bench.calls.submit(_run_call, bench, bulk, call, records) for call in calls]
    waits: list[float] = []
    errors: list[LsyncError] = []
    for future in futures:
        try:
            wait_s = future.result()
        except LsyncError as error:
            errors.append(error)
        else:
            if wait_s is not None:
                waits.append(wait_s)
    if errors:
        raise errors[0]
    return waits


def _run_call(bench: Bench, bulk: BulkRow, call: CallRow, records: StoredRecords) -> float | None:
    """One call; None when it is answered, else the seconds to wait for it."""
    if bench.stop.is_set() or bench.cancelling.is_set():
        return 0.0
    rows = records.rows(call.first, call.size)
    with bench.watch.guard(bulk, "that transforms inputs"):
        inquiries, skipped = _make_inquiries(bench, rows)
    if not inquiries:
        bench.ledger.answer_call(bulk, call, skipped, 0)
        return None
    reply = _ask(bench, bulk, call, inquiries)
    if isinstance(reply, float):
        return reply
    if isinstance(reply, Ticket):
        wait_s = min(max(reply.after_s, 0.1), LONGEST_TICKET_WAIT_S)
        # A provider that is still at it has not failed: tries are counted from its last good word.
        bench.ledger.change_call(bulk, call, state="accepted", ticket=reply.ref, attempts=0)
        return wait_s
    answers = _in_order([row[0] or "" for row in rows], [*reply.answers, *skipped])
    credits_used = max(0, int(reply.credits))
    bench.ledger.answer_call(bulk, call, answers, credits_used, bench.caps)
    bench.resources.meters.count("lsync_credits", credits_used, provider=bench.recipe.provider.name)
    return None


def _make_inquiries(bench: Bench, rows: Sequence[Sequence[str | None]]) -> tuple[list[Inquiry], list[Answer]]:
    inquiries: list[Inquiry] = []
    skipped: list[Answer] = []
    for row in rows:
        key = row[0] or ""
        made = bench.recipe.inputs.make_inquiry(key, row, bench.recipe.index)
        if isinstance(made, Skip):
            code = f"{NOT_SENT}{made.fate}/{made.code}"
            skipped.append(Answer(key, matched=False, error_code=code, error=made.sentence))
        else:
            inquiries.append(made)
    return inquiries, skipped


def _ask(bench: Bench, bulk: BulkRow, call: CallRow, inquiries: Sequence[Inquiry]) -> Answers | Ticket | float:
    """The provider's reply, or the seconds until the next try.

    Raises:
        LimitReached, FatalError: the whole activity must pause.
    """
    if call.state == "asked" and _may_be_paid_twice(bench):
        return _unknown(bulk, call, inquiries)
    trip = wait_for_turn(bench, len(inquiries))
    if isinstance(trip, float):
        return trip
    with trip:
        bench.ledger.ask_call(bulk, call, bench.caps, len(inquiries))
        result = _call_provider(bench, bulk, call, inquiries, trip)
    if isinstance(result, _Trouble):
        return _try_again(bench, bulk, call, inquiries, result, left_alone=trip.left_alone_s > 0)
    return result


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What passes by itself; `paid`: the call may have been charged."""

    error: RetryableError
    paid: bool


def _call_provider(
    bench: Bench, bulk: BulkRow, call: CallRow, inquiries: Sequence[Inquiry], trip: Trip
) -> Answers | Ticket | _Trouble:
    provider = bench.recipe.provider
    try:
        with trip.asking(), bench.watch.guard(bulk, provider.label), _timed(bench, provider.name):
            reply = _send(bench, call, inquiries)
        checked = check_reply(reply)
    except (LimitReached, FatalError):
        bench.ledger.change_call(bulk, call, state="accepted" if call.ticket else "intended")
        raise
    except RetryableError as error:
        return _Trouble(error, paid=isinstance(error, OutcomeUnknown))
    except (Exception, SystemExit) as error:
        # A provider is somebody else's code: whatever it raises, its exit too, must not stop the others.
        log.exception("provider failed", provider=provider.name, activity=bulk.activity_id, bulk=bulk.number)
        plain = OutcomeUnknown(f"The provider {provider.label} failed with {type(error).__name__}.", after_s=SOON_S)
        return _Trouble(plain, paid=True)
    if isinstance(checked, Answers):
        trip.told_s = seconds_told(checked.pause_s)
    return checked


def _send(bench: Bench, call: CallRow, inquiries: Sequence[Inquiry]) -> Any:
    provider, http = bench.recipe.provider, bench.resources.http
    if call.ticket:
        return provider.collect(Ticket(call.ticket, 0.0, interrupted=call.state == "collecting"), http)
    return provider.submit(Call(call.key, inquiries), http)


def _timed(bench: Bench, provider: str) -> AbstractContextManager[None]:
    return timed(bench.resources.meters, "lsync_provider_call_seconds", provider=provider)


def _may_be_paid_twice(bench: Bench) -> bool:
    return bench.recipe.provider.repeats() == "none" and bench.recipe.plan.on_unknown_charge == "park"


def _try_again(
    bench: Bench, bulk: BulkRow, call: CallRow, inquiries: Sequence[Inquiry], trouble: _Trouble, *, left_alone: bool
) -> Answers | float:
    """The seconds until the next try; after too many, an answer that says what was wrong for each record.

    While the provider fails everybody no call is given up: it is not the call's fault.
    """
    error = trouble.error
    if trouble.paid and _may_be_paid_twice(bench):
        return _unknown(bulk, call, inquiries)
    if call.attempts + 1 >= MOST_TRIES and not left_alone:
        return _all_failed(inquiries, "PROVIDER_ERROR", error.sentence)
    wait_s = error.after_s if error.after_s is not None else retry_wait_s(call.attempts + 1)
    state = "accepted" if call.ticket else "intended"
    bench.ledger.change_call(bulk, call, state=state, error_code="PROVIDER_ERROR", error=error.sentence)
    return wait_s


def _unknown(bulk: BulkRow, call: CallRow, inquiries: Sequence[Inquiry]) -> Answers:
    """A reply was lost and asking again might be paid again: the call is named and its records are left alone."""
    log.warning("possibly paid without an answer", activity=bulk.activity_id, bulk=bulk.number, call=call.number)
    return _all_failed(
        inquiries,
        "CHARGE_UNKNOWN",
        f"The provider's reply to call {call.key} was lost. It may have been paid; retry to ask (and pay) again.",
    )


def _all_failed(inquiries: Sequence[Inquiry], code: str, sentence: str) -> Answers:
    answers = [Answer(i.key, matched=False, error_code=code, error=sentence, may_retry=True) for i in inquiries]
    return Answers(answers, 0)


def _in_order(keys: Sequence[str], answers: Sequence[Answer]) -> list[Answer]:
    """One answer for each record, in the records' order: unknown keys are dropped, the first of two wins."""
    by_key: dict[str, Answer] = {}
    for answer in answers:
        by_key.setdefault(answer.key, answer)
    return [by_key.get(key) or _no_answer(key) for key in keys]


def _no_answer(key: str) -> Answer:
    return Answer(
        key, matched=False, error_code="NO_ANSWER", error="The provider left this record out.", may_retry=True
    )
