"""The simulator's own time: the machine's, plus what a test has moved it by."""

from datetime import UTC, datetime, timedelta
from threading import Lock


class Clock:
    """Goes with the machine's clock; `advance` moves it on for everybody who asks it."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._lock = Lock()

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> datetime:
        """Move on by so many seconds (a negative number moves back) and say what time it is now."""
        with self._lock:
            self._ahead += timedelta(seconds=seconds)
        return self.now()
