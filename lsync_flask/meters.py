"""Meters: what processes count and time is added up in Redis, from where `/metrics` reads it.

A worker's drain lives in a child process of its own, which nobody could ask afterwards. So each process keeps its
counts for a moment and adds them to those of all others. They are for graphs and alarms, and may be lost: the truth is
in the ledger.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import orjson
from redis import Redis
from redis.exceptions import RedisError

SUMS = "lsync:meters:sums"
LAST = "lsync:meters:last"
BOUNDS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
EVERY_S = 2.0
AWAY_S = 30.0
TIMEOUT_S = 1.0

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """One number as kept in Redis: its name, its labels, and the value."""

    name: str
    labels: Labels
    value: float


class Meters:
    """One process's counts on their way to Redis. Safe to use from threads; never raises, never waits for long."""

    def __init__(self, connection: Redis | None, clock: Callable[[], float] = monotonic) -> None:
        self._connection = connection
        self._clock = clock
        self._lock = threading.Lock()
        self._sums: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._send_at = clock() + EVERY_S

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        with self._lock:
            self._add(name, labels, amount)
        self._send_when_due()

    def time(self, name: str, seconds: float, **labels: str) -> None:
        """Put a duration into a histogram."""
        place = bisect_left(BOUNDS_S, seconds)
        bound = str(BOUNDS_S[place]) if place < len(BOUNDS_S) else "+Inf"
        with self._lock:
            self._add(f"{name}_bucket", {**labels, "le": bound}, 1)
            self._add(f"{name}_sum", labels, seconds)
        self._send_when_due()

    def note(self, name: str, value: float, **labels: str) -> None:
        """Set a number that somebody else told us, such as what is left of a limit."""
        with self._lock:
            self._last[_field(name, labels)] = value
        self._send_when_due()

    def send(self) -> None:
        """Add to Redis what has been counted; while Redis is away it is kept for the next time."""
        if self._connection is None:
            return
        with self._lock:
            sums, self._sums = self._sums, {}
            last, self._last = self._last, {}
        if not sums and not last:
            return
        try:
            self._write(self._connection, sums, last)
        except RedisError:
            self._keep(sums, last)

    def _add(self, name: str, labels: Labels, amount: float) -> None:
        field = _field(name, labels)
        self._sums[field] = self._sums.get(field, 0.0) + amount

    def _send_when_due(self) -> None:
        with self._lock:
            now = self._clock()
            if now < self._send_at:
                return
            self._send_at = now + EVERY_S
        self.send()

    def _write(self, connection: Redis, sums: Mapping[str, float], last: Mapping[str, float]) -> None:
        pipe = connection.pipeline(transaction=False)
        for field, amount in sums.items():
            pipe.hincrbyfloat(SUMS, field, amount)
        for field, value in last.items():
            pipe.hset(LAST, field, str(value))
        pipe.execute()

    def _keep(self, sums: Mapping[str, float], last: Mapping[str, float]) -> None:
        with self._lock:
            self._send_at = self._clock() + AWAY_S
            for field, amount in sums.items():
                self._sums[field] = self._sums.get(field, 0.0) + amount
            self._last = {**last, **self._last}


@contextmanager
def timed(meters: Meters, name: str, **labels: str) -> Iterator[None]:
    """Time what is done inside; `result` is ok, or the name of what it raised."""
    began = monotonic()
    result = "ok"
    try:
        yield
    except BaseException as error:
        result = type(error).__name__
        raise
    finally:
        meters.time(name, monotonic() - began, **labels, result=result)


def read_sums(connection: Redis) -> list[Reading]:
    """All counters and histograms; RedisError when Redis is away."""
    return _read(connection, SUMS)


def read_last(connection: Redis) -> list[Reading]:
    """What was noted last."""
    return _read(connection, LAST)


def _read(connection: Redis, key: str) -> list[Reading]:
    kept: Any = connection.hgetall(key)
    return [_reading(orjson.loads(field), float(value)) for field, value in kept.items()]


def _reading(field: tuple[str, Labels], value: float) -> Reading:
    return Reading(field[0], field[1], value)


def _field(name: str, labels: Labels) -> str:
    return orjson.dumps([name, labels], option=orjson.OPT_SORT_KEYS).decode()
