"""What an enrichment gateway (v4) holds between two calls: tokens, bulks that are worked on, and how much it takes."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from threading import Lock
from typing import Any

from lsync_flask.simulator.charges import ChargeLedger
from lsync_flask.simulator.leadspace_records import answer_record, is_valid
from lsync_flask.simulator.matching import Matcher
from lsync_flask.simulator.rates import Window

__all__ = ["Bulk", "Gateway", "GatewayRefused", "GatewaySettings"]

Json = dict[str, Any]
TOKEN_LIFE = timedelta(hours=24)


@dataclass(slots=True)
class GatewaySettings:
    """What a contract and a good or bad day decide; the control address may change it while the gateway runs.

    `program` and `key` are the credentials. `internal_errors` is the share of records, 0 to 1, that get error 1100.
    """

    key: str
    program: str = "LSYNC-LOCAL"
    calls_per_s: int = 30
    backlog: int = 100_000
    bulk_ms: int = 200
    internal_errors: float = 0.0


class GatewayRefused(Exception):
    """A call that is answered by an HTTP error and its envelope."""

    def __init__(self, status: int, error: str, details: str) -> None:
        super().__init__(details)
        self.status, self.error, self.details = status, error, details


@dataclass(frozen=True, slots=True)
class Bulk:
    """A bulk that was taken. `answers` are there from the start and told from `ready_at` on."""

    id: str
    external_id: str | None
    status: str
    answers: Sequence[Json]
    ready_at: datetime

    def spell(self) -> Json:
        return {
            "bulkId": self.id,
            "external_bulk_id": self.external_id,
            "bulkStatus": self.status,
            "data": list(self.answers),
        }

    def spell_callback(self, url: str, polling_url: str) -> Json:
        """The body of the callback, which is neither signed nor authenticated: a hint to poll, and no more."""
        statuses = [(one["data"] or {}).get("enrichment_status", "") for one in self.answers]
        return {
            "bulkId": self.id,
            "callbackMethod": {"callbackUrl": url, "pollingUrl": polling_url},
            "bulkStatus": self.status,
            "successRecords": sum(one["status"] == "Success" for one in self.answers),
            "personEnriched": sum("Person" in one for one in statuses),
            "companyEnriched": sum("Company" in one for one in statuses),
        }


@dataclass
class Gateway:
    """Takes records, charges each enriched one and keeps bulks until they are asked for. Nothing here is idempotent."""

    settings: GatewaySettings
    matcher: Matcher
    charges: ChargeLedger
    now: Callable[[], datetime]
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _refreshes: set[str] = field(default_factory=set)
    _bulks: dict[str, Bulk] = field(default_factory=dict)
    _window: Window = field(default_factory=Window)
    _chance: Random = field(default_factory=lambda: Random(4))
    _lock: Lock = field(default_factory=Lock)

    def open_token(self) -> Json:
        """A token for a day, and what it is renewed with."""
        token, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        with self._lock:
            self._tokens[token] = self.now() + TOKEN_LIFE
            self._refreshes.add(refresh)
        return {"token": token, "refreshToken": refresh, "expiresIn": int(TOKEN_LIFE.total_seconds())}

    def renew_token(self, refresh: str) -> Json:
        """A new pair for the old one, which is spent.

        Raises:
            GatewayRefused: 401 for a refresh token that is unknown or spent.
        """
        with self._lock:
            if refresh not in self._refreshes:
                raise GatewayRefused(401, "Unauthorized", "Invalid refresh token")
            self._refreshes.discard(refresh)
        return self.open_token()

    def knows(self, token: str) -> bool:
        """Whether a call with this key or token may go on."""
        expires = self._tokens.get(token)
        return secrets.compare_digest(token.encode(), self.settings.key.encode()) or (
            expires is not None and self.now() < expires
        )

    def count_call(self) -> None:
        """Take one more call of this second.

        Raises:
            GatewayRefused: 429 when the contract allows no more.
        """
        if not self._window.takes(self.settings.calls_per_s):
            raise GatewayRefused(429, "Too Many Requests", "The rate limit of your program is exceeded")

    def enrich(self, record: Mapping[str, Any]) -> Json:
        """The answer of one record, charged when something was found.

        Raises:
            GatewayRefused: 427 when the program has no credits.
        """
        with self._lock:
            self._check_credits()
            return self._answer(record)

    def take_bulk(self, records: Sequence[Mapping[str, Any]], external_id: str | None) -> Bulk:
        """Take records to be enriched; each is charged again however often it was sent before.

        Raises:
            GatewayRefused: 427 without credits, 429 when more would wait than the backlog holds.
        """
        with self._lock:
            self._check_credits()
            moment = self.now()
            waiting = sum(len(bulk.answers) for bulk in self._bulks.values() if bulk.ready_at > moment)
            if waiting + len(records) > self.settings.backlog:
                raise GatewayRefused(429, "Too Many Requests", f"{waiting} records are waiting already")
            answers, status = self._answer_all(records)
            ready_at = moment + timedelta(milliseconds=self.settings.bulk_ms)
            bulk = Bulk(secrets.token_hex(12), external_id, status, answers, ready_at)
            self._bulks[bulk.id] = bulk
        return bulk

    def find_bulk(self, bulk_id: str) -> Bulk | None:
        """The bulk of that id, ready or not; None when there never was one."""
        return self._bulks.get(bulk_id)

    def _check_credits(self) -> None:
        if not self.charges.has_credits():
            raise GatewayRefused(427, "Insufficient Credits", "The program has no credits left")

    def _answer_all(self, records: Sequence[Mapping[str, Any]]) -> tuple[list[Json], str]:
        answers: list[Json] = []
        for record in records:
            if not self.charges.has_credits():
                return answers, "INSUFFICIENT_CREDITS"
            answers.append(self._answer(record))
        # In which order a bulk comes back is not promised, so it is another one than it was sent in.
        self._chance.shuffle(answers)
        return answers, "COMPLETED"

    def _answer(self, record: Mapping[str, Any]) -> Json:
        echoed = record.get("external_id")
        if not is_valid(record):
            return _failed("Invalid Input", echoed, 1200, "Invalid input")
        if self.settings.internal_errors and self._chance.random() < self.settings.internal_errors:
            return _failed("Internal Error", echoed, 1100, "Internal error")
        data = answer_record(record, self.matcher)
        self.charges.charge(str(echoed or ""), "", matched=data["enrichment_status"] != "Not Enriched")
        return {"status": "Success", "external_id": echoed, "data": data}


def _failed(status: str, echoed: Any, code: int, message: str) -> Json:
    return {"status": status, "external_id": echoed, "data": None, "error": {"code": code, "message": message}}
