"""How an audience is cut into bulks, a bulk into calls, and which way a bulk is written."""

from typing import Literal

BULK_API_FROM = 2_000
"""From so many records on, the Bulk API reads an audience and writes a bulk; fewer go by REST query and sObject
Collections (Salesforce's own rule of thumb).
"""

LARGEST_BULK = 10_000


def bulk_size(number: int, *, first: int, largest: int) -> int:
    """Records in the bulk with this number, counted from 1.

    The first is small, so that the first write comes within seconds; the second four times as large; then full ones,
    which cost the fewest API calls.
    """
    if number == 1:
        return min(first, largest)
    if number == 2:  # noqa: PLR2004 - the second of three sizes
        return min(4 * first, largest)
    return largest


def cut(size: int, most: int) -> list[tuple[int, int]]:
    """(first, size) of the slices of at most `most` that cover `size` records."""
    return [(first, min(most, size - first)) for first in range(0, size, most)]


def write_path(size: int, bulk_api_from: int = BULK_API_FROM) -> Literal["sending", "writing"]:
    """The bulk state that begins its writing."""
    return "sending" if size < bulk_api_from else "writing"


def estimated_api_calls(records: int, *, first: int, largest: int) -> int:
    """About how many Salesforce API calls an activity over this many records makes, polling included."""
    reading = 3 if records < BULK_API_FROM else 6 + records // 40_000
    writing, left, number = 0, records, 1
    while left > 0:
        size = min(left, bulk_size(number, first=first, largest=largest))
        writing += -(-size // 200) if write_path(size) == "sending" else 5
        left, number = left - size, number + 1
    return reading + writing


def retry_wait_s(attempts: int) -> float:
    """Seconds to wait before the next try: 1, 2, 4 … at most a minute. The caller adds the jitter."""
    return float(min(60, 2 ** max(0, attempts - 1)))
