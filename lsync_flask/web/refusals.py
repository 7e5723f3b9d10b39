"""How often an address may be refused at the door. Kept in this process: it must hold when Redis is away."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

PER_MINUTE = 60
MINUTE_S = 60.0
ADDRESSES = 10_000


@dataclass
class Refusals:
    """Counts refusals by address. A good request is never counted and never refused for its neighbour's sake.

    Behind one address may be a whole company, so only what is refused anyway is answered shorter: status 429, no page,
    and no line in the log after the first.
    """

    per_minute: int = PER_MINUTE
    _counts: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, address: str, now_s: float) -> int:
        """How many refusals this address has had in its present minute, this one included."""
        with self._lock:
            began, count = self._counts.pop(address, (now_s, 0))
            if not began <= now_s < began + MINUTE_S:
                began, count = now_s, 0
            self._counts[address] = (began, count + 1)
            while len(self._counts) > ADDRESSES:
                self._counts.popitem(last=False)
            return count + 1
