"""How the plugins look at a value: as text, each text of a list by itself, shortened for a sentence."""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from lsync_flask.plugin_api import FieldType, Operand, RecordRejected, Value

TEXT_TYPES: frozenset[FieldType] = frozenset({"string", "textarea", "picklist", "email", "phone", "url"})
LONGEST = 32_000
SHOWN = 60

Unknown = Literal["blank", "keep", "reject"]


def map_texts(value: Value, change: Callable[[str], str | None]) -> Value:
    """The value as text, or each text of a list, changed; blank ones are left out and give no value.

    Raises:
        RecordRejected: a text is longer than any field of Salesforce holds.
    """
    if isinstance(value, tuple):
        return tuple(filter(None, (_change(part, change) for part in value))) or None
    return _change(_spell(value), change)


def _change(text: str, change: Callable[[str], str | None]) -> str | None:
    if len(text) > LONGEST:
        raise RecordRejected(f"{shown(text)} has more than {LONGEST:,} characters.")
    return (change(text) or None) if text.strip() else None


def _spell(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # A number with a great exponent is not written out, digit by digit.
    is_long = isinstance(value, Decimal) and abs(value.adjusted()) > SHOWN
    return "" if value is None else format(value, "f") if isinstance(value, Decimal) and not is_long else str(value)


def text_of(value: Value) -> str:
    """The text that an operator looks at; empty for what is none."""
    return value[:LONGEST] if isinstance(value, str) else ""


def words_of(operand: Operand) -> tuple[str, ...]:
    """The texts of an operand that takes several; blank ones are left out."""
    parts = operand if isinstance(operand, tuple) else (operand,)
    return tuple(part.strip() for part in parts if isinstance(part, str) and part.strip())


def otherwise(text: str, unknown: Unknown, sentence: str, code: str) -> str:
    """What becomes of a text that could not be understood.

    Raises:
        RecordRejected: with the sentence, if that is wanted.
    """
    if unknown == "reject":
        raise RecordRejected(sentence, code=code)
    return text if unknown == "keep" else ""


def shown(text: str) -> str:
    """The text in quotation marks, shortened."""
    return f"“{text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'}”"
