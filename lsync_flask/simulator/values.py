"""Values on their way in: read from JSON or CSV, checked against their field, made what is stored."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from lsync_flask.simulator.api_errors import ApiRefusal
from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.numbers import spell_double
from lsync_flask.simulator.schema import TEXTS, Field, Schema
from lsync_flask.simulator.soql_dates import read_day, read_moment

__all__ = [
    "DOUBLES",
    "MOST_INT",
    "JsonTypeWrong",
    "Reader",
    "RowRefused",
    "has_more_checks",
    "json_reader",
    "text_reader",
]

Reader = Callable[[Any], Any]
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>().]+")
_TOKENS = {str: "VALUE_STRING", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", list: "START_ARRAY"}
_JAVA = {"datetime": "dateTime", "int": "int", "boolean": "boolean", "date": "date"}
MOST_INT = 2_147_483_647
DOUBLES = frozenset({"double", "currency", "percent"})


class RowRefused(Exception):
    """One record is not accepted, for this reason; the others are none the worse for it."""

    def __init__(
        self, code: str, message: str, fields: tuple[str, ...] = (), more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.fields, self.more = code, message, fields, more or {}


class JsonTypeWrong(ApiRefusal):
    """A value of the wrong JSON type: it refuses the whole call. `value` is for finding its place in the body."""

    def __init__(self, message: str, value: Any) -> None:
        super().__init__(400, "JSON_PARSER_ERROR", message)
        self.value = value


def json_reader(field: Field, schema: Schema) -> Reader:
    """Make a JSON value what is stored.

    The reader raises ApiRefusal when the JSON type is wrong, for that refuses the whole call, and RowRefused when only
    the record is refused.
    """
    check = _checker(field, schema)
    absent = _absent(field)

    def read(value: Any) -> Any:
        if value is None:
            return absent()
        return check(_of_json(field, value))

    return read


def text_reader(field: Field, schema: Schema) -> Reader:
    """Make the text of a CSV cell what is stored; `#N/A` is null. An empty cell must not come here."""
    check = _checker(field, schema)
    absent = _absent(field)
    if field.type in DOUBLES:
        return _quick_double(field, lambda text: absent() if text == "#N/A" else check(_of_text(field, text)))
    if field.type in TEXTS and _more_checks(field) is None:
        return _quick_text(field, lambda text: absent() if text == "#N/A" else check(text))
    if field.type in TEXTS or field.type in {"id", "reference"}:
        return lambda text: absent() if text == "#N/A" else check(text)
    return lambda text: absent() if text == "#N/A" else check(_of_text(field, text))


def _quick_text(field: Field, slow: Reader) -> Reader:
    """For the many: a text that fits, has no blank at its end and is not `#N/A` is stored as it is."""
    length = field.length

    def read(text: str) -> Any:
        if len(text) <= length and text[-1] > " " and text != "#N/A" and text[-1].isascii():
            return text
        return slow(text)

    return read


def _quick_double(field: Field, slow: Reader) -> Reader:
    """For the many: a number within its range. Everything else, `nan` included, takes the long way."""
    limit, scale = 10.0 ** (field.precision - field.scale), field.scale

    def read(text: str) -> Any:
        try:
            number = round(float(text), scale)
        except (ValueError, OverflowError):
            return slow(text)
        return number if -limit < number < limit and "_" not in text else slow(text)

    return read


def _absent(field: Field) -> Callable[[], Any]:
    if field.type == "boolean":
        return lambda: 0
    if field.nillable:
        return lambda: None

    def refuse() -> None:
        raise RowRefused("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{field.name}]", (field.name,))

    return refuse


def _of_json(field: Field, value: Any) -> Any:
    if field.type == "boolean":
        return int(value) if isinstance(value, bool) else _wrong(field, value)
    if field.type == "int":
        return value if type(value) is int else _wrong(field, value)
    if field.type in DOUBLES:
        return float(value) if type(value) in (int, float) else _wrong(field, value)
    if not isinstance(value, str):
        return _wrong(field, value)
    if field.type in {"date", "datetime"}:
        read = read_day if field.type == "date" else read_moment
        return read(value) or _wrong(field, value)
    return value


def _wrong(field: Field, value: Any) -> NoReturn:
    kind = _JAVA.get(field.type, "double" if field.type in DOUBLES else "string")
    token = f"VALUE_{str(value).upper()}" if isinstance(value, bool) else _TOKENS.get(type(value), "START_OBJECT")
    told = f" value {value}" if token.startswith("VALUE_") and not isinstance(value, bool) else ""
    message = f"Cannot deserialize instance of {kind} from {token}{told} or request may be missing a required field"
    raise JsonTypeWrong(message, value)


def _of_text(field: Field, text: str) -> Any:
    found = _parse(field, text.strip())
    if found is None:
        message = f"{field.label}: value not of required type: {text}"
        raise RowRefused("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (field.name,))
    return found


def _parse(field: Field, text: str) -> Any:
    """The value, or None when the text is not of the field's type."""
    if field.type == "boolean":
        return {"true": 1, "false": 0, "1": 1, "0": 0}.get(text.lower())
    if field.type in {"date", "datetime"}:
        return read_day(text) if field.type == "date" else read_moment(text)
    try:
        number = int(text) if field.type == "int" else float(text)
    except ValueError:
        return None
    if "_" in text:
        # A digit separator to Python alone.
        return None
    return number if number == number and abs(number) != float("inf") else None  # noqa: PLR0124


def _checker(field: Field, schema: Schema) -> Reader:
    if field.type in DOUBLES or field.type == "int":
        return _number_checker(field)
    if field.type in {"id", "reference"}:
        return _id_checker(field, schema)
    if field.type in TEXTS or field.type == "multipicklist":
        return _text_checker(field)
    return lambda value: value


def _number_checker(field: Field) -> Reader:
    whole = field.type == "int"
    limit = min(MOST_INT, 10**field.digits - 1) + 1 if whole else 10.0 ** (field.precision - field.scale)
    scale = field.scale

    def check(number: Any) -> Any:
        rounded = number if whole else round(number, scale)
        if abs(rounded) >= limit:
            told = number if whole else spell_double(number)
            message = f"{field.label}: value outside of valid range on numeric field: {told}"
            raise RowRefused("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))
        return rounded

    return check


def _id_checker(field: Field, schema: Schema) -> Reader:
    prefixes = {found.key_prefix for name in field.references if (found := schema.get(name))}

    def check(text: str) -> str | None:
        if text == "":
            return None
        found = to_18(text.strip())
        if found is None or (prefixes and found[:3] not in prefixes):
            raise RowRefused("MALFORMED_ID", f"{field.label}: id value of incorrect type: {text}", (field.name,))
        return found

    return check


def _text_checker(field: Field) -> Reader:
    length = field.length
    absent = _absent(field)
    more = _more_checks(field)

    def check(text: str) -> str | None:
        # Salesforce keeps no blanks at the end, and no text is no value.
        kept = text.rstrip()
        if not kept:
            absent()
            return None
        if len(kept) > length:
            message = f"{field.label}: data value too large: {text} (max length={length})"
            raise RowRefused("STRING_TOO_LONG", message, (field.name,))
        if more:
            more(kept)
        return kept

    return check


def _more_checks(field: Field) -> Callable[[str], None] | None:
    if field.type == "email":
        return lambda text: _check_email(field, text)
    if field.restricted and field.picklist:
        return lambda text: _check_picklist(field, text)
    return None


def has_more_checks(field: Field) -> bool:
    """Whether a text of this field is looked at beyond its length."""
    return _more_checks(field) is not None


def _check_email(field: Field, text: str) -> None:
    if not _EMAIL.fullmatch(text):
        raise RowRefused("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", (field.name,))


def _check_picklist(field: Field, text: str) -> None:
    known = {each.value for each in field.picklist}
    parts = text.split(";") if field.type == "multipicklist" else [text]
    for part in parts:
        if part not in known:
            message = f"{field.label}: bad value for restricted picklist field: {part}"
            raise RowRefused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))
