"""How many calls a service takes in a second."""

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock

__all__ = ["Window"]


@dataclass
class Window:
    """The calls of the last second, in real time."""

    _calls: deque[float] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def takes(self, most: int | None) -> bool:
        """Count one more call; False, and nothing counted, when `most` are there already. None sets no limit."""
        moment = time.monotonic()
        with self._lock:
            while self._calls and self._calls[0] <= moment - 1:
                self._calls.popleft()
            if most is not None and len(self._calls) >= most:
                return False
            self._calls.append(moment)
            return True
