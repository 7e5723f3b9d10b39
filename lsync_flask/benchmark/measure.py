"""What processes cost: CPU seconds and memory of a process with all its children, read while they run."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import psutil

MB = 1_000_000
EVERY_S = 0.2


def cpu_s(pids: Sequence[int]) -> float:
    """CPU seconds that these processes and all their descendants have used, ended ones included."""
    return sum(_cpu_of(one) for pid in pids for one in _family(pid))


def _cpu_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # A parent holds the times of the children that it has waited for; living ones are counted by themselves.
    return float(times.user + times.system + times.children_user + times.children_system)


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@dataclass
class PeakMemory:
    """Watches the resident memory of these processes' families; `peak_mb` is the most that any one process had."""

    pids: Sequence[int]
    peak_mb: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(EVERY_S):
            for pid in self.pids:
                self.peak_mb = max([self.peak_mb, *(_memory_mb(one) for one in _family(pid))])


def _memory_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / MB
    except psutil.NoSuchProcess:
        return 0.0
