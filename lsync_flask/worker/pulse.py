"""The pulse of a drain's process, felt by its parent: a moment in memory that both share."""

import mmap
import struct
from time import monotonic

_MOMENT = struct.Struct("d")


class Pulse:
    """Made before the fork. The monotonic clock is the machine's, so that both mean the same moment."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _MOMENT.size)
        self.beat()

    def beat(self) -> None:
        _MOMENT.pack_into(self._memory, 0, monotonic())

    def silent_s(self) -> float:
        """Seconds since the last beat."""
        (beaten_at,) = _MOMENT.unpack_from(self._memory, 0)
        return monotonic() - float(beaten_at)
