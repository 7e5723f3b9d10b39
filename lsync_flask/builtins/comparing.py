"""How two values compare, as Salesforce compares them. A value of None is a record that has none."""

from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lsync_flask.plugin_api import Operand, Value
from lsync_flask.relative_dates import normalise_period, relative_range, utc_bounds

BELOW, SAME, ABOVE = -1, 0, 1


def parts_of(operand: Operand) -> tuple[Value, ...]:
    """The operand as a list: one value is a list of one."""
    return operand if isinstance(operand, tuple) else (operand,)


def is_blank(value: Operand) -> bool:
    """Salesforce knows no difference between an empty text and no value."""
    return value is None or value in ("", ())


def fold(text: str) -> str:
    """Text as it compares: upper and lower case are the same."""
    return text.lower()


def parts_of_set(text: str) -> frozenset[str]:
    """The chosen values of a multi-select picklist."""
    return frozenset(part for part in fold(text).split(";") if part)


def is_equal(value: Value, part: Value, now: datetime) -> bool:
    """Is the value the same as one part of the operand? A day or moment equals a period that it lies in."""
    if is_blank(value):
        # A checkbox without a value, such as that of a related record which is missing, is not checked.
        return is_blank(part) or part is False
    if isinstance(value, str) and isinstance(part, str):
        # The values of a multi-select picklist are a set; their order means nothing.
        is_set = ";" in value and ";" in part
        return parts_of_set(value) == parts_of_set(part) if is_set else fold(value) == fold(part)
    if isinstance(value, bool) or isinstance(part, bool):
        return value is part
    return place(value, part, now) == SAME


def place(value: Value, operand: Operand, now: datetime) -> int | None:
    """Where the value lies: `BELOW`, `SAME` (for a period: within it) or `ABOVE`.

    None when there is no value, or when the two are of kinds that have no order between them.
    """
    if isinstance(value, date) and isinstance(operand, str):
        return _place_in_period(value, operand, now)
    left, right = _key(value), _key(operand)
    if left is None or right is None or left[0] != right[0]:
        return None
    return int(left[1] > right[1]) - int(left[1] < right[1])


def _place_in_period(value: date, text: str, now: datetime) -> int | None:
    """Days are those of the user's time zone, which is that of `now`."""
    if normalise_period(text) is None:
        return None
    is_moment = isinstance(value, datetime)
    begin, end = _bounds(text, now.date(), now.tzinfo, is_moment)
    point: Any = _aware(value) if isinstance(value, datetime) else value
    return BELOW if point < begin else (SAME if point < end else ABOVE)


@lru_cache(maxsize=256)
def _bounds(text: str, today: date, zone: tzinfo | None, is_moment: bool) -> tuple[Any, Any]:
    # The zone is named on its own: one moment in two zones is equal, and its day is not.
    now = datetime.combine(today, time.min, zone)
    return utc_bounds(text, now) if is_moment else relative_range(text, now)


def _key(value: Operand) -> tuple[str, Any] | None:
    """The kind of a value and what to compare; None where there is no order."""
    if isinstance(value, bool) or is_blank(value):
        return None
    if isinstance(value, int | Decimal):
        return "number", value
    if isinstance(value, str):
        return "text", fold(value)
    if isinstance(value, datetime):
        return "moment", _aware(value)
    return ("day", value) if isinstance(value, date) else None


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
