"""Periods of days as text: `TODAY`, `LAST_N_DAYS:30`, `2026-11-23`, and the days that they mean at a moment.

The meaning is Salesforce's ("Date Formats and Date Literals"): `LAST_N_DAYS:n` and `LAST_90_DAYS` include today, the
other `LAST_N_…` end before the present unit, `NEXT_N_DAYS:n` begins tomorrow, `N_…_AGO:n` is one unit.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from lsync_flask.errors import InvalidParams

__all__ = ["FIRST_DAY", "LAST_DAY", "MONDAY", "SUNDAY", "normalise_period", "relative_range", "utc_bounds"]

MONDAY = 0
SUNDAY = 6
FIRST_DAY = date(1700, 1, 1)
LAST_DAY = date(4000, 12, 31)

_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_UNIT = r"(DAY|WEEK|MONTH|QUARTER|YEAR)"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FISCAL = re.compile(r"(LAST|THIS|NEXT|[0-9N]+)_([0-9N]+_)?FISCAL_.*")
_COUNTED = re.compile(rf"(LAST|NEXT)_N_{_UNIT}S:([0-9]{{1,6}})")
_AGO = re.compile(rf"N_{_UNIT}S_AGO:([0-9]{{1,6}})")
_NAMED = re.compile(r"(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR)")
_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
_SPOKEN = (
    (re.compile(rf"(LAST|NEXT)_([0-9]{{1,6}})_{_UNIT}S?"), r"\1_N_\3S:\2"),
    (re.compile(rf"([0-9]{{1,6}})_{_UNIT}S?_AGO"), r"N_\2S_AGO:\1"),
    (re.compile(rf"(LAST|NEXT)_N_{_UNIT}S?_([0-9]{{1,6}})"), r"\1_N_\2S:\3"),
)

Range = tuple[date, date]


def normalise_period(text: str) -> str | None:
    """The period in the form that Salesforce writes, such as `LAST_N_DAYS:30` for `last 30 days`.

    A single day, `2026-11-23`, is a period too. None: this is no period (and may be something else).

    Raises:
        InvalidParams: it is a period that cannot be used, such as one of the org's fiscal year.
    """
    stripped = text.strip()
    if _DAY.fullmatch(stripped):
        return stripped if _read_day(stripped) else None
    literal = re.sub(r"\s*:\s*", ":", stripped.upper())
    literal = re.sub(r"[\s_]+", "_", literal)
    for pattern, form in _SPOKEN:
        literal = pattern.sub(form, literal) if pattern.fullmatch(literal) else literal
    if _FISCAL.fullmatch(literal):
        raise InvalidParams({"": f"{literal} depends on the org's fiscal year. Use a calendar period or two dates."})
    known = literal in _DAYS or any(pattern.fullmatch(literal) for pattern in (_COUNTED, _AGO, _NAMED))
    return literal if known else None


def relative_range(literal: str, now: datetime, week_start: int = SUNDAY) -> Range:
    """The first day of the period and the first day after it.

    `now` is in the user's time zone; `week_start` counts from Monday = 0.

    Raises:
        InvalidParams: no such period, or it leaves the days that Salesforce knows, 1700 to 4000.
    """
    period = normalise_period(literal)
    if period is None:
        raise InvalidParams({"": f"{literal} is not a period such as TODAY, LAST_N_DAYS:30 or 2026-11-23."})
    try:
        start, end = _days(period, now.date(), week_start)
    except (OverflowError, ValueError) as error:
        raise InvalidParams({"": f"{literal} goes too far back or ahead."}) from error
    if start < FIRST_DAY or end > LAST_DAY:
        raise InvalidParams({"": f"{literal} goes too far back or ahead: Salesforce knows the years 1700 to 4000."})
    return start, end


def utc_bounds(literal: str, now: datetime, week_start: int = SUNDAY) -> tuple[datetime, datetime]:
    """The moments, in UTC, at which the period begins and has ended for somebody in the time zone of `now`."""
    start, end = relative_range(literal, now, week_start)
    return _midnight(start, now), _midnight(end, now)


def _midnight(day: date, now: datetime) -> datetime:
    # Where summer time skips or repeats midnight, fold=0 gives the first moment of the day.
    return datetime.combine(day, time.min, tzinfo=now.tzinfo).astimezone(UTC)


def _days(period: str, today: date, week_start: int) -> Range:
    if period in _DAYS:
        return _span(today, _DAYS[period], 1)
    if named := _NAMED.fullmatch(period):
        return _units(named[2], {"LAST": -1, "THIS": 0, "NEXT": 1}[named[1]], 1, today, week_start)
    if ago := _AGO.fullmatch(period):
        return _units(ago[1], -int(ago[2]), 1, today, week_start)
    if counted := _COUNTED.fullmatch(period):
        return _counted(counted[1], counted[2], int(counted[3]), today, week_start)
    day = date.fromisoformat(period)
    return _span(day, 0, 1)


def _counted(way: str, unit: str, count: int, today: date, week_start: int) -> Range:
    if way == "NEXT":
        return _units(unit, 1, count, today, week_start)
    # LAST_N_DAYS alone includes the present unit.
    return _units(unit, -count, count + 1 if unit == "DAY" else count, today, week_start)


def _units(unit: str, first: int, count: int, today: date, week_start: int) -> Range:
    """`count` units of which the first is `first` units away from the present one."""
    if unit == "DAY":
        return _span(today, first, count)
    if unit == "WEEK":
        begin = today - timedelta(days=(today.weekday() - week_start) % 7)
        return _span(begin, 7 * first, 7 * count)
    size = _MONTHS[unit]
    month = (today.year * 12 + today.month - 1) // size * size
    return _month_start(month + size * first), _month_start(month + size * (first + count))


def _span(day: date, first: int, count: int) -> Range:
    begin = day + timedelta(days=first)
    return begin, begin + timedelta(days=count)


def _month_start(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _read_day(text: str) -> date | None:
    parse: Callable[[str], date] = date.fromisoformat
    try:
        return parse(text)
    except ValueError:
        return None
