"""What the enrichment service has charged, in order."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock


@dataclass(frozen=True, slots=True)
class Charge:
    """One paid lookup of one record."""

    record: str
    idempotency_key: str
    matched: bool
    credits: int
    charged_at: datetime


class ChargeLedger:
    """Every charge since the start; a record is charged once for each idempotency key.

    `credits_left` is what the program has to spend; None, as at the start, means that it never runs out.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.credits_left: int | None = None
        self._now = now
        self._charges: list[Charge] = []
        self._paid: set[tuple[str, str]] = set()
        self._lock = Lock()

    def has_credits(self) -> bool:
        return self.credits_left is None or self.credits_left > 0

    def charge(self, record: str, idempotency_key: str, *, matched: bool) -> int:
        """Charge one lookup; its credits, 0 when this key has paid for this record or nothing matched."""
        credits_due = 1 if matched else 0
        with self._lock:
            if idempotency_key and (idempotency_key, record) in self._paid:
                return 0
            self._paid.add((idempotency_key, record))
            self._charges.append(Charge(record, idempotency_key, matched, credits_due, self._now()))
            if self.credits_left is not None:
                self.credits_left = max(0, self.credits_left - credits_due)
        return credits_due

    def all(self, record: str = "") -> list[Charge]:
        """The charges of a record, or all of them, in order."""
        with self._lock:
            return [charge for charge in self._charges if not record or charge.record == record]
