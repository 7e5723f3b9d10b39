"""What a provider sent, which may be anything, read as values."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from lsync_flask.engine.checks import WRONG_TYPE
from lsync_flask.engine.readers import (
    NUMBER_TYPES,
    plain_text,
    read_boolean,
    read_date,
    read_datetime,
    read_number,
    shorten,
    to_utc,
)
from lsync_flask.errors import RecordRejected
from lsync_flask.plugin_api import FieldType, ProviderField, Value

_PARSERS: Mapping[FieldType, Callable[[str], Value]] = {
    **dict.fromkeys(NUMBER_TYPES, read_number),
    "boolean": read_boolean,
    "date": read_date,
    "datetime": read_datetime,
}


def answer_reader(output: ProviderField) -> Callable[[Any], Value]:
    """A function from what the provider sent for this output to a value; blank is None.

    A text for an output that is declared as a number, date or checkbox becomes one if it can; else it stays a text, for
    a transform may know what to do. What is no value at all raises RecordRejected.
    """
    parse = _PARSERS.get(output.type)

    def read(raw: Any) -> Value:
        if raw is None:
            return None
        if isinstance(raw, str):
            if not raw or raw.isspace():
                return None
            parsed = parse(raw) if parse else None
            return raw if parsed is None else parsed
        return _read_other(output, raw)

    return read


def _read_other(output: ProviderField, raw: Any) -> Value:
    if isinstance(raw, list | tuple):
        texts = (plain_text(_read_scalar(output, part)).strip() for part in raw)
        return tuple(text for text in texts if text) or None
    return _read_scalar(output, raw)


def _read_scalar(output: ProviderField, raw: Any) -> Value:
    if isinstance(raw, float) and isfinite(raw):
        return Decimal(repr(raw))
    if isinstance(raw, Decimal) and not raw.is_finite():
        raise _garbage(output, raw)
    if isinstance(raw, datetime):
        return _read_moment(output, raw)
    if raw is None or isinstance(raw, str | int | Decimal | date):
        return raw
    raise _garbage(output, raw)


def _read_moment(output: ProviderField, raw: datetime) -> datetime:
    try:
        return to_utc(raw)
    except (ValueError, OverflowError):
        raise _garbage(output, raw) from None


def _garbage(output: ProviderField, raw: Any) -> RecordRejected:
    sentence = f"The provider sent {output.label} as “{shorten(raw)}” ({type(raw).__name__}), which is no value."
    return RecordRejected(sentence, code=WRONG_TYPE)
