"""Values between their typed form and the forms that Salesforce reads and writes."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from lsync_flask.engine.checks import CLEAR, check_value, value_checker
from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.readers import (
    NUMBER_TYPES,
    plain_text,
    read_boolean,
    read_date,
    read_datetime,
    round_to,
    shorten,
)
from lsync_flask.errors import RecordRejected
from lsync_flask.plugin_api import FieldType, Value

__all__ = ["check_value", "comparison_key", "parse_text", "same_value", "spell_json", "spell_text", "value_checker"]

_MOST_DIGITS = 30


def parse_text(type: FieldType, text: str | None) -> Value:  # noqa: A002 (the name that describe uses)
    """A value from Salesforce as Bulk CSV or REST write it; an empty text is no value.

    Raises:
        RecordRejected: the text is no value of this type.
    """
    if not text:
        return None
    read = _READERS.get(type)
    return read(text) if read else text


def text_parser(type: FieldType) -> Callable[[str], Value] | None:  # noqa: A002 (as above)
    """How to read a text that is not empty; None: it is the value already."""
    return _READERS.get(type)


def spell_text(field: FieldInfo, value: Value) -> str:
    """The value for a Bulk API upload; no value is `#N/A`, which clears the field."""
    if value is None:
        return CLEAR
    if field.type == "date" and isinstance(value, datetime):
        return value.date().isoformat()
    return plain_text(value) or CLEAR


def spell_json(field: FieldInfo, value: Value) -> object:
    """The value for a JSON body, in the JSON type that the field's type asks for; no value is None.

    A number of a wrong JSON type would make Salesforce refuse the whole call. Salesforce's own numbers are doubles, so
    a fraction goes as one.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal) and field.type in NUMBER_TYPES:
        return int(value) if value == int(value) else float(value)
    return plain_text(value) or None if field.type != "date" else spell_text(field, value)


def same_value(field: FieldInfo, before: Value, after: Value) -> bool:
    """Would Salesforce hold the same after writing `after` over `before`?"""
    key = comparison_key(field)
    return key(before) == key(after)


def comparison_key(field: FieldInfo) -> Callable[[Value], object]:
    """A function that maps two values to equal keys when they are one value to Salesforce."""
    if field.type in NUMBER_TYPES:
        return _number_key(0 if field.type == "int" else field.scale)
    return _KEYS.get(field.type, _text_key)


def _number_key(scale: int) -> Callable[[Value], object]:
    unit = Decimal(1).scaleb(-scale)

    def key(value: Value) -> object:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return _text_key(value)
        try:
            return round_to(Decimal(value), unit)
        except InvalidOperation:
            return value

    return key


def _text_key(value: Value) -> object:
    # Salesforce trims what it stores, and keeps line ends as they were written by browser or API.
    text = (value if isinstance(value, str) else plain_text(value)).strip()
    return text.replace("\r\n", "\n") if "\r" in text else text or None


def _email_key(value: Value) -> object:
    # Salesforce stores e-mail addresses in lower case.
    return plain_text(value).strip().lower() or None


def _id_key(value: Value) -> object:
    return plain_text(value)[:15] or None


def _set_key(value: Value) -> object:
    parts = value if isinstance(value, tuple) else plain_text(value).split(";")
    return frozenset(part.strip() for part in parts if part.strip()) or None


def _boolean_key(value: Value) -> object:
    return bool(value)


def _date_key(value: Value) -> object:
    return value.date() if isinstance(value, datetime) else value


def _moment_key(value: Value) -> object:
    # Salesforce keeps whole seconds.
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


_KEYS: Mapping[FieldType, Callable[[Value], object]] = {
    "email": _email_key,
    "id": _id_key,
    "reference": _id_key,
    "multipicklist": _set_key,
    "boolean": _boolean_key,
    "date": _date_key,
    "datetime": _moment_key,
}


def _parse_int(text: str) -> Value:
    try:
        return int(text)
    except ValueError:
        number = _parse_number(text)
        return int(number) if number.adjusted() < _MOST_DIGITS and number == int(number) else number


def _parse_number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _unreadable(text, "a number") from None
    if not number.is_finite():
        raise _unreadable(text, "a number")
    return number


def _parse_boolean(text: str) -> Value:
    if text == "true":
        return True
    if text == "false":
        return False
    value = read_boolean(text)
    if value is None:
        raise _unreadable(text, "true or false")
    return value


def _parse_date(text: str) -> Value:
    day: date | None = read_date(text)
    if day is None:
        raise _unreadable(text, "a date")
    return day


def _parse_datetime(text: str) -> Value:
    # The common form first, for speed: Salesforce always writes UTC.
    if len(text) == len("2026-11-23T09:30:00.000Z") and text.endswith("Z"):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise _unreadable(text, "a date and time") from None
    moment = read_datetime(text, UTC)
    if moment is None:
        raise _unreadable(text, "a date and time")
    return moment


def _unreadable(text: str, wanted: str) -> RecordRejected:
    return RecordRejected(f"Salesforce sent “{shorten(text)}”, which is not {wanted}.", code="UNREADABLE_VALUE")


_READERS: Mapping[FieldType, Callable[[str], Value]] = {
    "int": _parse_int,
    "double": _parse_number,
    "currency": _parse_number,
    "percent": _parse_number,
    "boolean": _parse_boolean,
    "date": _parse_date,
    "datetime": _parse_datetime,
}
