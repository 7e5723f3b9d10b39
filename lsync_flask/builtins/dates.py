"""Dates as people write them, read and written by a pattern such as `DD.MM.YYYY` or by what the text itself tells."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Literal

Order = Literal["auto", "day first", "month first"]

LONGEST = 100
FIRST_YEAR, LAST_YEAR = 1700, 4000
"""The years that Salesforce knows."""
_PIVOT = 69
_NOON = 12

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH_NUMBERS = {
    name: number for number, month in enumerate(MONTHS, 1) for name in (month.lower(), month[:3].lower())
} | {"sept": 9}
_NAME = "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True))

_TIME = (
    r"(?:(?:T|,?\s+|\s+at\s+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]{1,9})?)?"
    r"\s?(?P<half>am|pm)?\s?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_FORMS = tuple(
    re.compile(form + _TIME, re.IGNORECASE)
    for form in (
        r"(?P<year>[0-9]{4})(?P<gap>[-/.])(?P<month>[0-9]{1,2})(?P=gap)(?P<day>[0-9]{1,2})",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        r"(?P<day>[0-9]{1,2})\.\s?(?P<month>[0-9]{1,2})\.\s?(?P<year>[0-9]{4})",
        r"(?P<one>[0-9]{1,2})(?P<gap>[/-])(?P<two>[0-9]{1,2})(?P=gap)(?P<year>[0-9]{4})",
        rf"(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th|\.)?[\s-]+(?:of\s+)?(?P<name>{_NAME})\.?,?[\s-]+(?P<year>[0-9]{{4}})",
        rf"(?P<name>{_NAME})\.?\s+(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>[0-9]{{4}})",
    )
)
_TOKENS: Mapping[str, str] = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "YY": r"(?P<short>[0-9]{2})",
    "MMMM": rf"(?P<name>{_NAME})",
    "MMM": rf"(?P<name>{_NAME})\.?",
    "MM": r"(?P<month>[0-9]{2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "DD": r"(?P<day>[0-9]{2})",
    "D": r"(?P<day>[0-9]{1,2})",
    "HH": r"(?P<hour>[0-9]{2})",
    "H": r"(?P<hour>[0-9]{1,2})",
    "hh": r"(?P<hour>[0-9]{2})",
    "h": r"(?P<hour>[0-9]{1,2})",
    "mm": r"(?P<minute>[0-9]{2})",
    "ss": r"(?P<second>[0-9]{2})",
    "A": r"(?P<half>am|pm)",
}
_WRITERS: Mapping[str, Callable[[datetime], str]] = {
    "YYYY": lambda moment: f"{moment.year:04}",
    "YY": lambda moment: f"{moment.year % 100:02}",
    "MMMM": lambda moment: MONTHS[moment.month - 1],
    "MMM": lambda moment: MONTHS[moment.month - 1][:3],
    "MM": lambda moment: f"{moment.month:02}",
    "M": lambda moment: str(moment.month),
    "DDDD": lambda moment: DAYS[moment.weekday()],
    "DD": lambda moment: f"{moment.day:02}",
    "D": lambda moment: str(moment.day),
    "HH": lambda moment: f"{moment.hour:02}",
    "H": lambda moment: str(moment.hour),
    "hh": lambda moment: f"{(moment.hour - 1) % _NOON + 1:02}",
    "h": lambda moment: str((moment.hour - 1) % _NOON + 1),
    "mm": lambda moment: f"{moment.minute:02}",
    "ss": lambda moment: f"{moment.second:02}",
    "A": lambda moment: "AM" if moment.hour < _NOON else "PM",
}
_TOKEN = re.compile(r"\[[^\[\]]*\]|YYYY|YY|MMMM|MMM|MM|M|DDDD|DD|D|HH|H|hh|h|mm|ss|A")


class NotADate(Exception):
    """The text is no date; the exception's text ends the sentence about it."""


def read_date(text: str, pattern: str, order: Order, zone: tzinfo) -> date:
    """The day, or the moment in UTC when the text has a time. `pattern` "" means: as the text itself tells.

    Raises:
        NotADate: it is none, or the order of day and month is not clear.
    """
    bare = " ".join(text[: LONGEST + 1].split())
    if len(bare) > LONGEST:
        raise NotADate("is too long for a date")
    forms = (reading_form(pattern),) if pattern else _FORMS
    found = next(filter(None, (form.fullmatch(bare) for form in forms)), None)
    if found is None:
        raise NotADate(f"is not written as {pattern}" if pattern else "is no date that can be read")
    return _build(found.groupdict(), order, zone)


def write_date(day: date, pattern: str, zone: tzinfo) -> str:
    """The day or moment by the pattern; a moment as it is in the time zone."""
    if isinstance(day, datetime):
        moment = (day if day.tzinfo else day.replace(tzinfo=UTC)).astimezone(zone)
    else:
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return _TOKEN.sub(lambda found: _write_token(found[0], moment), pattern)


def _write_token(token: str, moment: datetime) -> str:
    return token[1:-1] if token.startswith("[") else _WRITERS[token](moment)


@lru_cache(maxsize=256)
def reading_form(pattern: str) -> re.Pattern[str]:
    """The expression that reads texts of this pattern.

    Raises:
        ValueError: the pattern names no whole day, or a part of it twice.
    """
    tokens = _TOKEN.findall(pattern)
    parts = (_TOKENS.get(token, re.escape(token.strip("[]"))) for token in tokens)
    between = (re.escape(part) for part in _TOKEN.split(pattern))
    whole = next(between) + "".join(part + gap for part, gap in zip(parts, between, strict=True))
    try:
        form = re.compile(whole, re.IGNORECASE)
    except re.error as error:
        raise ValueError("The pattern names a part of the date twice.") from error
    groups = form.groupindex.keys()
    if not (groups & {"year", "short"} and groups & {"month", "name"} and "day" in groups):
        raise ValueError("The pattern needs a year (YYYY), a month (MM, MMM or MMMM) and a day (DD).")
    return form


def _build(parts: Mapping[str, str | None], order: Order, zone: tzinfo) -> date:
    month, day = _month_and_day(parts, order)
    year = int(parts.get("year") or _whole_year(str(parts["short"])))
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotADate(f"is outside the years {FIRST_YEAR} to {LAST_YEAR}, which Salesforce knows")
    try:
        if parts.get("hour") is None:
            return date(year, month, day)
        clock = _clock(parts)
        return datetime(year, month, day, *clock, tzinfo=_zone(parts.get("zone"), zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotADate("is no day of the calendar or no time of day") from error


def _month_and_day(parts: Mapping[str, str | None], order: Order) -> tuple[int, int]:
    if parts.get("one") is None:
        name = parts.get("name")
        month = _MONTH_NUMBERS[name.lower()] if name else int(parts["month"] or 0)
        return month, int(parts["day"] or 0)
    one, two = int(parts["one"] or 0), int(parts["two"] or 0)
    if order == "auto" and one <= len(MONTHS) and two <= len(MONTHS) and one != two:
        raise NotADate("may have the day or the month first: say which in the transform's settings")
    is_day_first = order == "day first" or (order == "auto" and one > len(MONTHS))
    return (two, one) if is_day_first else (one, two)


def _whole_year(short: str) -> int:
    return int(short) + (1900 if int(short) >= _PIVOT else 2000)


def _clock(parts: Mapping[str, str | None]) -> tuple[int, int, int]:
    hour = int(parts.get("hour") or 0)
    half = (parts.get("half") or "").lower()
    if half:
        if not 1 <= hour <= _NOON:
            raise ValueError("no such hour")
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    return hour, int(parts.get("minute") or 0), int(parts.get("second") or 0)


def _zone(text: str | None, zone: tzinfo) -> tzinfo:
    if not text:
        return zone
    if text[0] not in "+-":
        return UTC
    return datetime.strptime(text.replace(":", ""), "%z").tzinfo or UTC
