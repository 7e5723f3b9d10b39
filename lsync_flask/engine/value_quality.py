"""What counts as no value, and how certain a match is in words."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from lsync_flask.plugin_api import Value

Grade = Literal["low", "medium", "high"]

LEAST: Mapping[Grade, int] = {"low": 1, "medium": 50, "high": 80}
"""The least confidence, of 100, for each word: one scale for all providers."""

MOST_PLACEHOLDERS = 50
USUAL_PLACEHOLDERS = ("N/A", "unknown", "none", "null", "-", "--", "?", "tbd", "not available", "not provided")
"""What people and systems write where they have nothing to say."""


def grade_of(confidence: float) -> Grade | None:
    """The word for a confidence of 0 to 100; None for 0, which is no match."""
    words: tuple[Grade, ...] = ("high", "medium", "low")
    return next((word for word in words if confidence >= LEAST[word]), None)


def least_of(minimum: int | Grade | None) -> int | None:
    """The least confidence that a row asks for, as a number; None: any, even an unknown one."""
    return LEAST[minimum] if isinstance(minimum, str) else minimum


def fold_placeholders(placeholders: Iterable[str]) -> frozenset[str]:
    return frozenset(folded for text in placeholders if (folded := fold(text)))


def fold(text: str) -> str:
    """How a text is compared with placeholders: upper and lower case and spaces around it do not count."""
    return text.strip().casefold()


def without_placeholders(read: Callable[[Any], Value], folded: frozenset[str]) -> Callable[[Any], Value]:
    """The reader, for which a placeholder is no value; of a list it is left out."""
    if not folded:
        return read

    def read_rest(raw: Any) -> Value:
        value = read(raw)
        if isinstance(value, tuple):
            return tuple(part for part in value if fold(part) not in folded) or None
        return None if isinstance(value, str) and fold(value) in folded else value

    return read_rest
