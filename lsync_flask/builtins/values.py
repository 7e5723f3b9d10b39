"""How the transforms look at a value: is it blank, what is it as text, how is it shown in a sentence."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from lsync_flask.plugin_api import RecordRejected, Value

SHOWN = 60


def is_nothing(value: Value) -> bool:
    """No value, or a text or list with nothing but spaces in it."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, tuple):
        return all(is_nothing(part) for part in value)
    return value is None


def spell(value: Value) -> str:
    """Any value as text that says the same; a list is joined by semicolons."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ";".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        utc = value.astimezone(UTC) if value.tzinfo else value
        return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
    return value.isoformat() if isinstance(value, date) else str(value if value is not None else "")


def shown(value: Value) -> str:
    """The value in quotation marks, shortened, for a sentence."""
    text = spell(value)
    return f"“{text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'}”"


def one(value: Value) -> Value:
    """The value itself, or the single text of a list.

    Raises:
        RecordRejected: the list holds several.
    """
    if not isinstance(value, tuple):
        return value
    parts = [part for part in value if part.strip()]
    if len(parts) > 1:
        raise RecordRejected(f"{shown(value)} is a list. Put “First of a list” or “Join a list” before this transform.")
    return parts[0] if parts else None


def map_text(value: Value, change: Callable[[str], str]) -> Value:
    """The text, or each text of a list, changed; what becomes empty is no value. Other values stay as they are."""
    if isinstance(value, tuple):
        parts = (change(part) for part in value)
        return tuple(part for part in parts if part) or None
    return (change(value) or None) if isinstance(value, str) else value
