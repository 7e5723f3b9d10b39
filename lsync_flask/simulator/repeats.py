"""What an idempotent service remembers: the first answer of each key, given again to whoever repeats the call."""

import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

__all__ = ["KeyReused", "Repeats"]

_MOST_KEYS = 10_000


class KeyReused(Exception):
    """The key came with another body before."""


@dataclass(slots=True)
class _Kept:
    digest: bytes = b""
    answer: bytes | None = None
    lock: Lock = field(default_factory=Lock)


class Repeats:
    """Answers by key. The oldest of more than 10,000 are forgotten; the charge ledger still knows what was paid."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = Lock()

    def once(self, key: str, body: bytes, work: Callable[[], bytes]) -> tuple[bytes, bool]:
        """The answer of this key, and whether it was there already; `work` runs only the first time.

        A repeat that comes while the first call is still at work waits for it. Work that raises is not kept.

        Raises:
            KeyReused: the key stands for another body.
        """
        kept, digest = self._find(key), hashlib.sha256(body).digest()
        with kept.lock:
            if kept.answer is None:
                answer = work()
                kept.digest, kept.answer = digest, zlib.compress(answer, 1)
                return answer, False
            if kept.digest != digest:
                raise KeyReused
            return zlib.decompress(kept.answer), True

    def _find(self, key: str) -> _Kept:
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            while len(self._kept) > _MOST_KEYS:
                self._kept.popitem(last=False)
        return kept
