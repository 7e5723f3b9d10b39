"""Likeness of texts, by rapidfuzz: 100 is the same, 0 has nothing in common."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from rapidfuzz import fuzz, process, utils

from lsync_flask.plugin_api import Condition, Field, InvalidParams, Operand, Operator, Transform, Value, field_validator
from lsync_text.texts import TEXT_TYPES, Unknown, map_texts, otherwise, shown, text_of, words_of

ENOUGH = 85
MOST_CHOICES = 1_000
LONGEST_COMPARED = 255
"""Likeness takes time by the product of the lengths; what is longer than a text field is compared by its beginning."""


class ClosestOf(Transform):
    """Replace the text by the one of a list that it is most like, if it is like enough.

    For picklists: “Manufacturng” becomes “Manufacturing”. Upper and lower case, punctuation and the order of words do
    not count. Of several equally like the first is taken.
    """

    name = "closest-of"
    label = "Closest of a list"
    api = 1
    examples = (
        ({"choices": "Manufacturing\nRetail"}, "manufacturng", "Manufacturing"),
        ({"choices": "Information Technology, Retail"}, "technology (information)", "Information Technology"),
        ({"choices": "Manufacturing, Retail"}, "Banking", None),
        ({"choices": "Manufacturing, Retail", "unknown": "keep"}, "Banking", "Banking"),
        ({"choices": "Retail"}, ("retail", "Banking"), ("Retail",)),
        ({"choices": "Retail"}, None, None),
    )

    choices: str = Field(
        title="Choices", description="With commas or line breaks between them.", min_length=1, max_length=32_000
    )
    minimum: int = Field(ENOUGH, title="At least as like", description="From 1 to 100, the same.", ge=1, le=100)
    unknown: Unknown = Field(
        "blank", title="If none is", description="Leave blank, keep the text or reject the record."
    )

    @field_validator("choices")
    @classmethod
    def _check_choices(cls, choices: str) -> str:
        if not 1 <= len(split_choices(choices)) <= MOST_CHOICES:
            raise ValueError(f"Give 1 to {MOST_CHOICES:,} choices.")
        return choices

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_texts(value, self._find)

    def _find(self, text: str) -> str:
        choices, folded = _fold_choices(self.choices)
        found = process.extractOne(_fold(text), folded, scorer=fuzz.token_sort_ratio, score_cutoff=self.minimum)
        if found:
            return choices[found[2]]
        return otherwise(text, self.unknown, f"{shown(text)} is like none of the choices.", "NOT_A_CHOICE")


class Resembles(Operator):
    """The text is like this one, or like one of several with commas between them, but for a letter here and there.

    Upper and lower case, punctuation and the order of words do not count; about one letter in seven may differ.
    """

    name = "resembles"
    label = "resembles"
    api = 1
    operands = "many"
    types = TEXT_TYPES
    examples = (
        ("string", "Siemens Helthineers", ("Siemens Healthineers",), True),
        ("string", "HEALTHINEERS, Siemens", ("Siemens Healthineers",), True),
        ("string", "Siemens", ("Bosch", "siemens"), True),
        ("string", "Siemens", ("Bosch",), False),
        ("string", None, ("Bosch",), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        text = _fold(text_of(value))
        return bool(text) and any(_is_like(text, _fold(word)) for word in words_of(operand))

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        if not any(_fold(word) for word in words_of(operand)):
            raise InvalidParams({"": "Type a text with letters or digits in it."})
        return None


def _is_like(text: str, word: str) -> bool:
    return bool(word) and fuzz.token_sort_ratio(text, word, score_cutoff=ENOUGH) > 0


@lru_cache(maxsize=4096)
def _fold(text: str) -> str:
    return utils.default_process(text[:LONGEST_COMPARED])


def split_choices(choices: str) -> tuple[str, ...]:
    """The parts between line breaks, or between commas where there is no line break; each once."""
    separator = "\n" if "\n" in choices.strip() else ","
    return tuple(dict.fromkeys(part.strip() for part in choices.split(separator) if part.strip()))


@lru_cache(maxsize=256)
def _fold_choices(choices: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    split = split_choices(choices)
    return split, tuple(map(_fold, split))
