"""How often something has happened within a minute: counted in Redis for all processes, here while it is away."""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from redis import Redis
from redis.exceptions import RedisError

MINUTE_S = 60
NAMES = 10_000
AWAY_S = 15.0
"""For so long a Redis that did not answer is not asked again: nobody at the door waits for it twice."""
ANSWERS_WITHIN_S = 0.5


@dataclass
class Rates:
    """Counts by name within the present minute. Names are hashed: no address of anybody is in Redis."""

    redis: Redis | None = None
    _counts: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _asked_from_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, name: str, now_s: float) -> int:
        """How many times this has happened in this minute, this one included."""
        key = f"lsync:rate:{hashlib.sha256(name.encode()).hexdigest()[:32]}:{int(now_s // MINUTE_S)}"
        counted = self._count_together(key, now_s)
        return self._count_here(key) if counted is None else counted

    def _count_together(self, key: str, now_s: float) -> int | None:
        if self.redis is None or now_s < self._asked_from_s:
            return None
        try:
            with self.redis.pipeline(transaction=False) as pipeline:
                pipeline.incr(key)
                pipeline.expire(key, 2 * MINUTE_S)
                counted, _ = pipeline.execute()
        except RedisError:
            self._asked_from_s = now_s + AWAY_S
            return None
        return int(counted)

    def _count_here(self, key: str) -> int:
        with self._lock:
            self._counts[key] = self._counts.pop(key, 0) + 1
            while len(self._counts) > NAMES:
                self._counts.popitem(last=False)
            return self._counts[key]


def open_rates(redis_url: str) -> Rates:
    """Nothing is opened before it is used."""
    return Rates(
        Redis.from_url(redis_url, socket_timeout=ANSWERS_WITHIN_S, socket_connect_timeout=ANSWERS_WITHIN_S, retry=None)
    )
