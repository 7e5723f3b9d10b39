"""The days that a date literal means, in the zone and with the week of the user who asks (`salesforce.md` §5.1)."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lsync_flask.simulator.ledger import spell_moment

__all__ = ["day_bounds", "find_period", "read_moment", "user_zone"]

_NAMED = re.compile(r"(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR)")
_COUNTED = re.compile(r"(LAST|NEXT)_N_(DAY|WEEK|MONTH|QUARTER|YEAR)S:(\d{1,6})")
_AGO = re.compile(r"N_(DAY|WEEK|MONTH|QUARTER|YEAR)S_AGO:(\d{1,6})")
_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_SUNDAY_LOCALES = frozenset(
    {
        "en_US",
        "en_CA",
        "fr_CA",
        "es_MX",
        "pt_BR",
        "ja_JP",
        "ko_KR",
        "zh_TW",
        "zh_HK",
        "en_PH",
        "iw_IL",
        "en_IN",
        "en_ZA",
    }
)
_FIRST, _LAST = date(1700, 1, 1), date(4000, 12, 31)


def user_zone(name: str) -> ZoneInfo:
    """The user's time zone; GMT where the name is not known."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def find_period(literal: str, today: date, locale: str) -> tuple[date, date] | None:
    """The first day of the period and the first day after it; None when this is no date literal."""
    # This org's fiscal year is the calendar year.
    word = literal.replace("FISCAL_", "")
    sunday = locale in _SUNDAY_LOCALES
    try:
        return _find(word, today, sunday)
    except (OverflowError, ValueError):
        return None


def _find(word: str, today: date, sunday: bool) -> tuple[date, date] | None:
    if word in _DAYS:
        return _span(today, _DAYS[word], 1)
    if word in {"LAST_90_DAYS", "NEXT_90_DAYS"}:
        return _span(today, *((-90, 91) if word.startswith("LAST") else (1, 90)))
    if named := _NAMED.fullmatch(word):
        return _units(named[2], {"LAST": -1, "THIS": 0, "NEXT": 1}[named[1]], 1, today, sunday)
    if ago := _AGO.fullmatch(word):
        return _units(ago[1], -int(ago[2]), 1, today, sunday)
    if counted := _COUNTED.fullmatch(word):
        return _counted(counted[1], counted[2], int(counted[3]), today, sunday)
    return None


def _counted(way: str, unit: str, count: int, today: date, sunday: bool) -> tuple[date, date]:
    if way == "NEXT":
        return _units(unit, 1, count, today, sunday)
    # LAST_N_DAYS is the one that includes the present unit.
    return _units(unit, -count, count + (unit == "DAY"), today, sunday)


def _units(unit: str, first: int, count: int, today: date, sunday: bool) -> tuple[date, date]:
    if unit == "DAY":
        return _span(today, first, count)
    if unit == "WEEK":
        begin = today - timedelta(days=(today.weekday() + sunday) % 7)
        return _span(begin, 7 * first, 7 * count)
    size = _MONTHS[unit]
    month = (today.year * 12 + today.month - 1) // size * size
    return _month(month + size * first), _month(month + size * (first + count))


def _span(day: date, first: int, count: int) -> tuple[date, date]:
    return day + timedelta(days=first), day + timedelta(days=first + count)


def _month(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def day_bounds(days: tuple[date, date], zone: ZoneInfo) -> tuple[str, str]:
    """The moments at which these days begin and have ended for the user, as they are stored."""
    begin, end = (datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC) for day in days)
    return spell_moment(begin), spell_moment(end)


def read_moment(text: str) -> str | None:
    """A moment with its zone as it is stored, or None when there is no such moment or it is out of range."""
    spelled = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.strip().upper())
    try:
        moment = datetime.fromisoformat(spelled)
    except ValueError:
        return None
    if moment.tzinfo is None or not _FIRST.year < moment.year <= _LAST.year:
        return None
    return spell_moment(moment.astimezone(UTC))


def read_day(text: str) -> str | None:
    """A day as it is stored, or None when there is no such day or it is out of range."""
    try:
        day = date.fromisoformat(text.strip()) if re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip()) else None
    except ValueError:
        return None
    return day.isoformat() if day and _FIRST <= day <= _LAST else None
