"""Numbers, times and durations in the manner of a user's locale."""

from datetime import UTC, datetime
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_datetime_format
from babel.numbers import format_decimal
from babel.units import format_unit

from lsync_flask.services.zones import local_now

USUAL_LOCALE = "en_US"
MOST_UNITS = 2
UNITS = (("duration-day", 86_400), ("duration-hour", 3_600), ("duration-minute", 60), ("duration-second", 1))


@lru_cache(maxsize=64)
def find_locale(name: str) -> Locale:
    """The locale of a Salesforce user, such as `de_AT_EURO`; one that nobody knows counts as `en_US`."""
    for known in (name, "_".join(name.split("_")[:2]), name.split("_", maxsplit=1)[0]):
        try:
            return Locale.parse(known)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(USUAL_LOCALE)


def spell_number(value: float, locale: str) -> str:
    return str(format_decimal(value, locale=find_locale(locale)))


def spell_moment(at_s: float, locale: str, time_zone: str) -> str:
    """A time in the user's zone and locale, such as `Nov 24, 2026, 2:31 PM`."""
    known = find_locale(locale)
    local = local_now(datetime.fromtimestamp(at_s, UTC), time_zone)
    form = str(get_datetime_format("medium", locale=known))
    time, day = format_time(local, "short", locale=known), format_date(local, "medium", locale=known)
    return form.replace("{0}", time).replace("{1}", day).replace("'", "")


def spell_zone(at_s: float, time_zone: str) -> str:
    """The short name of the user's zone at that time, such as GMT or CET."""
    return local_now(datetime.fromtimestamp(at_s, UTC), time_zone).strftime("%Z")


def spell_duration(seconds: float, locale: str) -> str:
    """The two largest units, such as `1 hr 12 min`."""
    left = int(max(0.0, seconds))
    parts: list[str] = []
    for unit, size in UNITS:
        number, rest = divmod(left, size)
        if number and len(parts) < MOST_UNITS:
            parts.append(format_unit(number, unit, length="short", locale=find_locale(locale)))
            left = rest
        elif parts:
            break
    return " ".join(parts) or format_unit(0, "duration-second", length="short", locale=find_locale(locale))
