"""What a user typed behind an operator, turned into values of the field's type.

The conventions are Salesforce's: a comma makes a list, double quotes protect a comma, blank means no value, and a date
may be a period such as `TODAY` or `LAST 30 DAYS`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from lsync_flask.engine.checks import picklist_finder
from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.readers import (
    NUMBER_TYPES,
    plain_text,
    read_boolean,
    read_date,
    read_datetime,
    read_id,
    read_number,
    shorten,
)
from lsync_flask.errors import InvalidParams
from lsync_flask.plugin_api import FieldType, Operand, Value
from lsync_flask.relative_dates import normalise_period, utc_bounds

Takes = Literal["none", "one", "two", "many", "days"]

MAX_DAYS = 36_500
MAX_INT = 2**31
MAX_DIGITS = 18
_QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?=,|$)')
_SEPARATED = re.compile(r"\s*[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?\s*")


@dataclass(frozen=True, slots=True)
class _Reader:
    """How to read one value for a field; `now` gives the zone and the day of what is relative."""

    field: FieldInfo
    now: datetime


def read_operand(field: FieldInfo, takes: Takes, value: object, now: datetime) -> Operand:
    """The operand for an operator: one value, or a tuple for one that takes two or many.

    A period arrives as its text, such as `LAST_N_DAYS:30`; so does a single day on a date-and-time field.

    Raises:
        InvalidParams: under the name "", with the sentence for the user.
    """
    reader = _Reader(field, now)
    if takes == "none":
        return None
    if takes == "days":
        return _read_days(value)
    if takes == "two":
        return _read_two(reader, value)
    if takes == "many":
        return tuple(dict.fromkeys(_read_one(reader, text) for text in _texts(reader, value)))
    return _read_one(reader, _single(value))


def split_list(text: str) -> list[str]:
    """The parts between commas, trimmed; a part in double quotes keeps its commas, and `""` in it is one quote.

    Empty parts are left out unless quoted, but there is always at least one part.
    """
    parts: list[str] = []
    position = 0
    while position <= len(text):
        quoted = _QUOTED.match(text, position)
        if quoted:
            parts.append(quoted[1].replace('""', '"'))
            position = quoted.end() + 1
        else:
            end = text.find(",", position)
            end = len(text) if end < 0 else end
            part = text[position:end].strip()
            parts += [part] if part else []
            position = end + 1
    return parts or [""]


def _invalid(sentence: str) -> InvalidParams:
    return InvalidParams({"": sentence})


def _texts(reader: _Reader, value: object) -> Sequence[str]:
    if isinstance(value, list | tuple):
        return [_element(part).strip() for part in value] or [""]
    text = _element(value)
    if reader.field.type in NUMBER_TYPES and _SEPARATED.fullmatch(text):
        bare = text.strip()
        raise _invalid(
            f"“{shorten(bare)}” can be read as one number or as a list. Write a number without separators, such as "
            f"{shorten(bare.replace(',', ''))}, or put a space after each comma of a list."
        )
    return split_list(text)


def _element(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return plain_text(Decimal(repr(value)))
    if isinstance(value, bool | int | Decimal):
        return plain_text(value)
    raise _invalid("Type a text or a number here.")


def _single(value: object) -> str:
    text = _element(value)
    quoted = _QUOTED.fullmatch(text)
    return quoted[1].replace('""', '"') if quoted else text.strip()


def _read_days(value: object) -> int:
    number = read_number(_single(value))
    if number is None or number != number.to_integral_value() or not 0 <= number <= MAX_DAYS:
        raise _invalid(f"Type a whole number of days from 0 to {MAX_DAYS}.")
    return int(number)


def _read_two(reader: _Reader, value: object) -> Operand:
    if isinstance(value, Mapping):
        ends: Sequence[str] = [_single(value.get("from")), _single(value.get("to"))]
    else:
        ends = _texts(reader, value)
    if len(ends) != len(("from", "to")) or not all(end.strip() for end in ends):
        raise _invalid("Fill in both values, from and to.")
    low, high = (_read_one(reader, end) for end in ends)
    if _is_above(low, high, reader.now):
        raise _invalid(f"The first value, {ends[0]}, must not be greater than the second, {ends[1]}.")
    return low, high


def _is_above(low: Value, high: Value, now: datetime) -> bool:
    if isinstance(low, int | Decimal) and isinstance(high, int | Decimal):
        return low > high
    first, last = _moment(low, now), _moment(high, now)
    return first is not None and last is not None and first > last


def _moment(value: Value, now: datetime) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return utc_bounds(value.isoformat(), now)[0]
    is_period = isinstance(value, str) and normalise_period(value)
    return utc_bounds(str(value), now)[0] if is_period else None


def _read_one(reader: _Reader, text: str) -> Value:
    if not text.strip() and reader.field.type != "boolean":
        return None
    read = _READERS.get(reader.field.type)
    return read(reader, text.strip()) if read else text


def _read_picklist(reader: _Reader, text: str) -> Value:
    return picklist_finder(reader.field)(text) or text


def _read_multipicklist(reader: _Reader, text: str) -> Value:
    find = picklist_finder(reader.field)
    parts = [part.strip() for part in text.split(";") if part.strip()]
    return ";".join(dict.fromkeys(find(part) or part for part in parts)) or None


def _read_boolean(reader: _Reader, text: str) -> Value:
    answer = {"checked": True, "unchecked": False}.get(text.lower(), read_boolean(text))
    if answer is None:
        raise _invalid(f"{reader.field.label} is a checkbox: type true or false.")
    return answer


def _read_id(reader: _Reader, text: str) -> Value:
    record = read_id(text)
    if record is None:
        raise _invalid(
            f"“{shorten(text)}” is no record id: {reader.field.label} takes the 15 or 18 letters and digits of one."
        )
    return record


def _read_int(reader: _Reader, text: str) -> Value:
    number = _read_decimal(reader, text)
    if number != number.to_integral_value() or abs(number) >= MAX_INT:
        raise _invalid(f"“{shorten(text)}” does not fit: {reader.field.label} holds whole numbers below {MAX_INT:,}.")
    return int(number)


def _read_decimal(reader: _Reader, text: str) -> Decimal:
    number = read_number(text.removesuffix("%") if reader.field.type == "percent" else text)
    if number is None:
        raise _invalid(
            f"“{shorten(text)}” is not a number, and {reader.field.label} holds numbers. Write 5000 or -0.5, without "
            "separators or currency."
        )
    exponent = number.as_tuple().exponent
    if number.adjusted() >= MAX_DIGITS or (isinstance(exponent, int) and exponent < -MAX_DIGITS):
        raise _invalid(f"“{shorten(text)}” has more digits than Salesforce keeps, which are {MAX_DIGITS}.")
    return number


def _read_period(reader: _Reader, text: str) -> str | None:
    period = normalise_period(text)
    if period is not None:
        utc_bounds(period, reader.now)
    return period


def _read_day(reader: _Reader, text: str) -> Value:
    day = read_date(text) if len(text) == len("2026-11-23") else None
    return day or _read_period(reader, text) or _refuse_date(reader, text, "2026-11-23")


def _read_moment(reader: _Reader, text: str) -> Value:
    moment = read_datetime(text, reader.now.tzinfo or UTC)
    return moment or _read_period(reader, text) or _refuse_date(reader, text, "2026-11-23 or 2026-11-23 09:30")


def _refuse_date(reader: _Reader, text: str, example: str) -> Value:
    raise _invalid(
        f"“{shorten(text)}” does not fit {reader.field.label}: write {example}, or a period such as TODAY, THIS MONTH "
        "or LAST 30 DAYS."
    )


_READERS: Mapping[FieldType, Callable[[_Reader, str], Value]] = {
    "id": _read_id,
    "reference": _read_id,
    "picklist": _read_picklist,
    "multipicklist": _read_multipicklist,
    "boolean": _read_boolean,
    "int": _read_int,
    "double": _read_decimal,
    "currency": _read_decimal,
    "percent": _read_decimal,
    "date": _read_day,
    "datetime": _read_moment,
}
