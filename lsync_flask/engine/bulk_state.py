"""The states of a bulk, which may follow which, and what each asks a worker to do next.

```
ready ─▶ enriching ─▶ enriched ─▶ sending ────────────▶ written | partial | failed
                              └─▶ writing ─▶ closing ─▶
any state before a write ─▶ cancelled
```

`sending` is the path by sObject Collections; `writing` and `closing` are the two halves of a Bulk API ingest job: an
intent and a job that has had no effect yet, then a job that is uploaded and closed.
"""

from collections.abc import Mapping
from typing import Literal, get_args

BulkState = Literal[
    "ready", "enriching", "enriched", "sending", "writing", "closing", "written", "partial", "failed", "cancelled"
]

NEXT: Mapping[BulkState, frozenset[BulkState]] = {
    "ready": frozenset({"enriching", "cancelled", "failed"}),
    "enriching": frozenset({"enriched", "cancelled", "failed"}),
    "enriched": frozenset({"sending", "writing", "cancelled", "failed"}),
    "sending": frozenset({"written", "partial", "failed"}),
    "writing": frozenset({"closing", "failed"}),
    "closing": frozenset({"written", "partial", "failed"}),
    "written": frozenset(),
    "partial": frozenset(),
    "failed": frozenset({"ready"}),  # a person retries it
    "cancelled": frozenset({"ready"}),
}

STATES: tuple[BulkState, ...] = get_args(BulkState)
FINISHED: frozenset[BulkState] = frozenset({"written", "partial", "failed", "cancelled"})
UNFINISHED: tuple[BulkState, ...] = tuple(state for state in STATES if state not in FINISHED)
NOT_YET_WRITTEN: tuple[BulkState, ...] = ("ready", "enriching", "enriched")
"""What a cancelled activity gives up; the other unfinished states are carried to their end."""


def may_follow(state: BulkState, following: BulkState) -> bool:
    return state == following or following in NEXT[state]


def finished_state(written: int, bad: int) -> BulkState:
    """How a bulk ends, from the number of its records that came out well and that did not."""
    if not bad:
        return "written"
    return "partial" if written else "failed"
