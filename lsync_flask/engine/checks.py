"""Does a value fit a field? Told by describe, before anything is sent."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal

from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.readers import (
    LINE_TYPES,
    NUMBER_TYPES,
    plain_number,
    plain_text,
    read_boolean,
    read_date,
    read_datetime,
    read_id,
    read_number,
    round_to,
    shorten,
    to_utc,
)
from lsync_flask.errors import RecordRejected
from lsync_flask.plugin_api import Value

Check = Callable[[Value], Value]

WRONG_TYPE = "INVALID_TYPE_ON_FIELD_IN_RECORD"
TOO_LONG = "STRING_TOO_LONG"
OUT_OF_RANGE = "NUMBER_OUTSIDE_VALID_RANGE"
BAD_PICKLIST = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
BAD_EMAIL = "INVALID_EMAIL_ADDRESS"
MISSING = "REQUIRED_FIELD_MISSING"
BAD_ID = "MALFORMED_ID"

CLEAR = "#N/A"
"""What Bulk API takes as "no value": there an empty text leaves the field as it is."""

_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"]+@[^\s@,;:<>()\[\]\\\"]+\.[^\s@,;:<>()\[\]\\\".]{2,}")
# Neither CSV nor JSON of Salesforce takes these; one of them would fail the whole upload.
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_LINE_END = re.compile(r"\s*[\r\n]+\s*")
_TOO_LARGE = Decimal(10) ** 20


def check_value(field: FieldInfo, value: Value) -> Value:
    """The value as the field can take it: trimmed, rounded to its scale, of its type, in its picklist's spelling.

    Raises:
        RecordRejected: it does not fit; the sentence names field, value and limit, the code is Salesforce's own.
    """
    return value_checker(field)(value)


def value_checker(field: FieldInfo) -> Check:
    """`check_value` for one field, prepared once for many values."""
    check = value_fitter(field)

    def checked(value: Value) -> Value:
        fitting = None if value is None else check(value)
        if fitting is None and not field.nillable:
            raise RecordRejected(f"{field.label} must have a value, and there is none.", code=MISSING)
        return fitting

    return checked


def value_fitter(field: FieldInfo) -> Check:
    """Like `value_checker`, for values that are there; one of which nothing is left becomes None."""
    if field.type in NUMBER_TYPES:
        return _number_checker(field)
    if field.type == "boolean":
        return lambda value: _check_boolean(field, value)
    if field.type == "date":
        return lambda value: _check_date(field, value)
    if field.type == "datetime":
        return lambda value: _check_datetime(field, value)
    return _text_checker(field)


def _text_checker(field: FieldInfo) -> Check:
    if field.type in {"id", "reference"}:
        return lambda value: _check_id(field, value)
    if field.type == "picklist":
        return _picklist_checker(field)
    if field.type == "multipicklist":
        return _multipicklist_checker(field)
    if field.type == "email":
        return lambda value: _check_email(field, value)
    return _plain_checker(field)


def _plain_checker(field: FieldInfo) -> Check:
    longest = field.length or float("inf")

    def check(value: Value) -> Value:
        # Nearly every value is a short line of text, so this is worth a shortcut.
        if isinstance(value, str):
            text = value.strip()
            if len(text) <= longest and text.isprintable() and text != CLEAR:
                return text or None
        return _check_text(field, value)

    return check


def _check_text(field: FieldInfo, value: Value) -> str | None:
    text = value if isinstance(value, str) else _text_of(field, value)
    text = text.strip()
    if not text.isprintable():
        text = _clean(field, text)
    if text == CLEAR:
        raise _refusal(field, text, "would clear the field", WRONG_TYPE)
    if len(text) > field.length > 0:
        raise RecordRejected(
            f"{field.label} takes {field.length} characters, and “{shorten(text)}” has {len(text)}.", code=TOO_LONG
        )
    return text or None


def _clean(field: FieldInfo, text: str) -> str:
    clean = _UNSENDABLE.sub("", text)
    return (_LINE_END.sub(" ", clean) if field.type in LINE_TYPES else clean).strip()


def _text_of(field: FieldInfo, value: Value) -> str:
    if isinstance(value, tuple):
        filled = [part for part in value if part.strip()]
        if len(filled) > 1:
            raise RecordRejected(
                f"{field.label} takes one value, and there are {len(filled)}. Add a transform that joins them or takes "
                "the first.",
                code=WRONG_TYPE,
            )
        return filled[0] if filled else ""
    return plain_text(value)


def _check_email(field: FieldInfo, value: Value) -> str | None:
    text = _check_text(field, value)
    if text is not None and not _EMAIL.fullmatch(text):
        raise _refusal(field, text, "is not an e-mail address", BAD_EMAIL)
    return text


def _check_id(field: FieldInfo, value: Value) -> str | None:
    text = _check_text(field, value)
    if text is None:
        return None
    record = read_id(text)
    if record is None:
        raise _refusal(field, text, "is not a record's id", BAD_ID)
    return record


def _picklist_checker(field: FieldInfo) -> Check:
    find = picklist_finder(field)

    def check(value: Value) -> str | None:
        text = _check_text(field, value)
        return None if text is None else _check_choice(field, text, find)

    return check


def _multipicklist_checker(field: FieldInfo) -> Check:
    find = picklist_finder(field)

    def check(value: Value) -> str | None:
        parts = value if isinstance(value, tuple) else plain_text(value).split(";")
        texts = [text for text in (_check_text(field, part) for part in parts) if text]
        chosen = dict.fromkeys(_check_choice(field, text, find) for text in texts)
        return _check_text(field, ";".join(chosen))

    return check


def _check_choice(field: FieldInfo, text: str, find: Callable[[str], str | None]) -> str:
    found = find(text)
    if found is None and field.restricted:
        choices = [choice.value for choice in field.values if choice.active]
        few = ", ".join(choices[:8]) + (", …" if choices[8:] else "")
        raise _refusal(field, text, f"is not one of its values ({few})", BAD_PICKLIST)
    return found or text


def picklist_finder(field: FieldInfo) -> Callable[[str], str | None]:
    """A function from what somebody wrote to the API value: by the value itself, in any case, or by its label."""
    active = [choice for choice in field.values if choice.active]
    exact = {choice.value for choice in active}
    folded = _first_wins((choice.value.casefold(), choice.value) for choice in active)
    labels = _first_wins((choice.label.casefold(), choice.value) for choice in active)

    def find(text: str) -> str | None:
        if text in exact:
            return text
        key = text.casefold()
        return folded.get(key) or labels.get(key)

    return find


def _first_wins(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def _number_checker(field: FieldInfo) -> Check:
    scale = 0 if field.type == "int" else field.scale
    unit = Decimal(1).scaleb(-scale)
    digits = field.digits if field.type == "int" else max(field.precision - field.scale, 0)
    limit = Decimal(10) ** digits if digits else None

    def check(value: Value) -> Value:
        number = _number_of(field, value)
        if number is None:
            return None
        if abs(number) >= _TOO_LARGE:
            raise _refusal(field, plain_text(value), "is too large", OUT_OF_RANGE)
        rounded = round_to(number, unit)
        if limit is not None and abs(rounded) >= limit:
            raise _refusal(
                field, plain_number(rounded), f"has more than {digits} digits before the point", OUT_OF_RANGE
            )
        return int(rounded) if field.type == "int" else rounded

    return check


def _number_of(field: FieldInfo, value: Value) -> Decimal | None:
    number: Decimal | None = None
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        number = read_number(text.removesuffix("%") if field.type == "percent" else text)
    if number is None:
        raise _refusal(field, plain_text(value), "is not a number", WRONG_TYPE)
    return number


def _check_boolean(field: FieldInfo, value: Value) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and not value.strip():
        return None
    answer = read_boolean(plain_text(value)) if isinstance(value, str | int | Decimal) else None
    if answer is None:
        raise _refusal(field, plain_text(value), "is neither true nor false", WRONG_TYPE)
    return answer


def _check_date(field: FieldInfo, value: Value) -> date | None:
    if isinstance(value, str) and not value.strip():
        return None
    text = plain_text(value) if isinstance(value, str | date) else ""
    day = read_date(text)
    if day is None:
        raise _refusal(field, plain_text(value), "is not a date such as 2026-11-23", WRONG_TYPE)
    return day


def _check_datetime(field: FieldInfo, value: Value) -> datetime | None:
    if isinstance(value, str) and not value.strip():
        return None
    moment = _moment_of(value)
    if moment is None:
        raise _refusal(field, plain_text(value), "is not a date and time such as 2026-11-23T09:30:00Z", WRONG_TYPE)
    return moment.replace(microsecond=0)


def _moment_of(value: Value) -> datetime | None:
    try:
        if isinstance(value, datetime):
            return to_utc(value)
        day = value if isinstance(value, date) else None
        if isinstance(value, str):
            day = read_date(value) if len(value.strip()) == len("2026-11-23") else None
        if day:
            return to_utc(datetime.combine(day, time.min, tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    return read_datetime(value) if isinstance(value, str) else None


def _refusal(field: FieldInfo, text: str, why: str, code: str) -> RecordRejected:
    return RecordRejected(f"{field.label}: “{shorten(text)}” {why}.", code=code)
