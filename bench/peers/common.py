"""What the peers' scripts share: the job that they get, the provider that they ask, and how they say what it cost."""

import json
import re
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lsync_flask.benchmark.work import OBJECT, SOURCES, TARGETS, WHERE, answer

API = "/services/data/v67.0"
MAX_PER_CALL = 500
SOQL = f"SELECT Id, {', '.join(SOURCES)} FROM {OBJECT} WHERE {WHERE}"
_NUMBER = re.compile(r"-?[\d,]+(?:\.\d+)?")

TRANSFORMS: Mapping[str, Callable[[str], str]] = {
    "text01": str.strip,
    "text02": str.upper,
    "text03": lambda text: " ".join(text.split()),
    "number01": lambda text: _NUMBER.search(text)[0].replace(",", ""),
}


class Job:
    """One round: where the org is, and what time it took until the first write and the end."""

    def __init__(self) -> None:
        self.told = json.loads(sys.stdin.read())
        self.org_url: str = self.told["org_url"]
        self.token: str = self.told["token"]
        self.round_number: int = self.told["round_number"]
        self.calls_at_once: int = self.told["calls_at_once"]
        self.first_write_s: float | None = None
        self._cpu = _cpu_s()
        self._began = time.monotonic()

    def ask(self, keys: Sequence[str]) -> list[Mapping[str, str]]:
        """One call to the provider for these records, transforms applied: the values by output."""
        if self.told["provider_ms"]:
            time.sleep(self.told["provider_ms"] / 1000)
        return [_transformed(answer(key, self.round_number)) for key in keys]

    def ask_all(self, keys: Sequence[str]) -> list[Mapping[str, str]]:
        """As many calls as it takes, as many at once as the provider allows."""
        slices = [keys[place : place + MAX_PER_CALL] for place in range(0, len(keys), MAX_PER_CALL)]
        if not self.told["provider_ms"]:
            return [values for one in slices for values in self.ask(one)]
        with ThreadPoolExecutor(self.calls_at_once) as pool:
            return [values for several in pool.map(self.ask, slices) for values in several]

    def note_write(self) -> None:
        """Salesforce has accepted records."""
        if self.first_write_s is None:
            self.first_write_s = time.monotonic() - self._began

    def finish(self) -> None:
        cost = {
            "wall_s": time.monotonic() - self._began,
            "first_write_s": self.first_write_s,
            "cpu_s": _cpu_s() - self._cpu,
            "peak_rss_mb": _peak_rss_mb(),
        }
        print(json.dumps(cost))


def as_update(key: str, values: Mapping[str, str]) -> dict[str, object]:
    """One record of a Collections update. A number must go as one, or Salesforce refuses the whole call."""
    fields = {one.field: int(values[one.output]) if one.is_number else values[one.output] for one in TARGETS}
    return {"attributes": {"type": OBJECT}, "Id": key, **fields}


def _transformed(values: Mapping[str, str]) -> Mapping[str, str]:
    return {**values, **{name: change(values[name]) for name, change in TRANSFORMS.items()}}


def _cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak_rss_mb() -> float:
    # Not getrusage: its maximum is the parent's when that was larger.
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1000
