"""Text to typed values and back, shared by everything that reads what people, providers and Salesforce write."""

import re
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from lsync_flask.plugin_api import FieldType, Value
from lsync_flask.relative_dates import FIRST_DAY, LAST_DAY

NUMBER_TYPES: frozenset[FieldType] = frozenset({"int", "double", "currency", "percent"})
DATE_TYPES: frozenset[FieldType] = frozenset({"date", "datetime"})
ID_TYPES: frozenset[FieldType] = frozenset({"id", "reference"})
LINE_TYPES: frozenset[FieldType] = frozenset({"string", "email", "phone", "url", "picklist"})
LIKE_TYPES: frozenset[FieldType] = LINE_TYPES | {"textarea"}
"""Text that Salesforce can search in with LIKE."""

ID_LENGTH = 18

# The default of 28 digits is too few for a large number with 15 decimals.
_WIDE = Context(prec=60)

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9:]{4,5})?"
)
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_WORDS_FOR_TRUE = frozenset({"true", "yes", "y", "1", "on"})
_WORDS_FOR_FALSE = frozenset({"false", "no", "n", "0", "off"})
_CHECK_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def read_number(text: str) -> Decimal | None:
    """The number, or None if the text is not one in its plain form: digits, point, exponent; no separators."""
    stripped = text.strip()
    return Decimal(stripped) if _NUMBER.fullmatch(stripped) else None


def read_date(text: str) -> date | None:
    """The day of `2026-11-23`, or of a moment as it is written; None if it is neither, or not one Salesforce knows."""
    stripped = text.strip()
    if not (_DAY.fullmatch(stripped) or _MOMENT.fullmatch(stripped)):
        return None
    try:
        day = date.fromisoformat(stripped[:10])
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def read_datetime(text: str, zone: tzinfo = UTC) -> datetime | None:
    """The moment in UTC; without an offset it is one of `zone`. None if it is not one, or not one Salesforce knows."""
    stripped = text.strip()
    if not _MOMENT.fullmatch(stripped):
        return None
    try:
        return to_utc(datetime.fromisoformat(stripped), zone)
    except (ValueError, OverflowError):
        return None


def to_utc(moment: datetime, zone: tzinfo = UTC) -> datetime:
    """The same moment in UTC.

    Raises:
        ValueError: it is outside the years that Salesforce knows.
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    utc = aware.astimezone(UTC)
    if not FIRST_DAY <= utc.date() <= LAST_DAY:
        raise ValueError("outside the years 1700 to 4000")
    return utc


def read_boolean(text: str) -> bool | None:
    """True or false by their usual words; None if it is neither."""
    word = text.strip().lower()
    if word in _WORDS_FOR_TRUE:
        return True
    return False if word in _WORDS_FOR_FALSE else None


def read_id(text: str) -> str | None:
    """The record id with 18 characters; None if it cannot be one."""
    stripped = text.strip()
    if not _ID.fullmatch(stripped):
        return None
    return stripped if len(stripped) == ID_LENGTH else stripped + _check_letters(stripped)


def _check_letters(short: str) -> str:
    blocks = (short[start : start + 5] for start in (0, 5, 10))
    return "".join(_CHECK_LETTERS[sum(letter.isupper() << place for place, letter in enumerate(b))] for b in blocks)


def round_to(number: Decimal, unit: Decimal) -> Decimal:
    """The number rounded half up to a multiple of a power of ten such as 0.01.

    Raises:
        InvalidOperation: it has more than 60 digits.
    """
    return number.quantize(unit, ROUND_HALF_UP, context=_WIDE)


def plain_number(number: int | Decimal) -> str:
    """Digits without exponent: `12000000` for 1.2E7."""
    return format(number, "f") if isinstance(number, Decimal) else str(number)


@lru_cache(maxsize=1024)
def spell_datetime(moment: datetime) -> str:
    """`2026-11-23T09:30:00.000Z`, as Salesforce writes and takes it."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def plain_text(value: Value) -> str:
    """Any value as text that says the same; nothing is an empty text, a list is joined by semicolons."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return plain_number(value)
    if isinstance(value, datetime):
        return spell_datetime(value)
    return ";".join(value) if isinstance(value, tuple) else value.isoformat()


def shorten(value: object, limit: int = 60) -> str:
    """A value as shown within a sentence."""
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
