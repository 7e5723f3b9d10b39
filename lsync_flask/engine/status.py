"""The status of an activity, computed from what became of its records and never counted separately."""

from collections.abc import Mapping
from typing import Literal, get_args

Fate = Literal["written", "unchanged", "skipped", "not_matched", "rejected", "failed"]
FATES: tuple[Fate, ...] = get_args(Fate)
BAD_FATES: frozenset[Fate] = frozenset({"rejected", "failed"})

Status = Literal[
    "Queued",
    "Selecting",
    "Running",
    "Paused",
    "Cancelling",
    "Success",
    "Partial Success",
    "Failed",
    "Cancelled",
    "Undone",
]
GOING_ON: tuple[Status, ...] = ("Queued", "Selecting", "Running", "Paused", "Cancelling")
WORKING: tuple[Status, ...] = ("Queued", "Selecting", "Running", "Cancelling")
"""What a worker takes up; a paused activity waits."""
ENDED: frozenset[Status] = frozenset({"Success", "Partial Success", "Failed", "Cancelled", "Undone"})


def add_fates(counts: list[Mapping[str, int]]) -> dict[str, int]:
    """The sum by fate; fates that nothing had are left out."""
    sums = {fate: sum(count.get(fate, 0) for count in counts) for fate in FATES}
    return {fate: number for fate, number in sums.items() if number}


def bad(fates: Mapping[str, int]) -> int:
    """Records that could not be served: rejected or failed."""
    return sum(number for fate, number in fates.items() if fate in BAD_FATES)


def final_status(fates: Mapping[str, int], *, cancelled: bool) -> Status:
    """How an activity ends: Success when no record was rejected or failed, Failed when all were."""
    if cancelled:
        return "Cancelled"
    unserved = bad(fates)
    if not unserved:
        return "Success"
    return "Failed" if unserved == sum(fates.values()) else "Partial Success"
