"""Regular expressions by RE2, Google's engine: the time grows with the text's length, whatever the expression."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import re2

from lsync_flask.plugin_api import (
    Condition,
    Field,
    InvalidParams,
    Operand,
    Operator,
    RecordRejected,
    Transform,
    Value,
    field_validator,
    model_validator,
)
from lsync_text.texts import LONGEST, TEXT_TYPES, map_texts, shown, text_of, words_of

LONGEST_PATTERN = 500
BYTES_FOR_PATTERN = 1_000_000


class RegexReplace(Transform):
    r"""Replace whatever matches a regular expression.

    In the new text \1 is what the first pair of brackets matched. The expressions are RE2's: no look-ahead, no
    references back, and in return no text on which one never ends.
    """

    name = "regex-replace"
    label = "Regex replace"
    api = 1
    examples = (
        ({"pattern": r"\s*\(.*?\)"}, "Acme (UK) Bolts (old)", "Acme Bolts"),
        ({"pattern": r"(\w+), (\w+)", "replacement": r"\2 \1"}, "Lovelace, Ada", "Ada Lovelace"),
        ({"pattern": "acme", "replacement": "Acme", "ignore_case": True}, "ACME acme", "Acme Acme"),
        ({"pattern": "(a+)+b", "replacement": "x"}, "a" * 5000, "a" * 5000),
        ({"pattern": ".*"}, "gone", None),
        ({"pattern": "[0-9]+"}, "none", "none"),
        ({"pattern": "x"}, None, None),
    )

    pattern: str = Field(title="Expression", description="Such as [0-9]{4}.", min_length=1, max_length=LONGEST_PATTERN)
    replacement: str = Field("", title="New text", description=r"May hold \1 to \9.", max_length=500)
    ignore_case: bool = Field(False, title="Upper and lower case are the same", description="acme finds ACME too.")

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str) -> str:
        compile_pattern(pattern, ignore_case=False)
        return pattern

    @model_validator(mode="after")
    def _check_groups(self) -> "RegexReplace":
        groups = compile_pattern(self.pattern, ignore_case=False).groups
        for number in _groups_of(self.replacement):
            if number > groups:
                raise ValueError(f"The expression has {groups} pairs of brackets; there is no \\{number}.")
        return self

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_texts(value, self._replace)

    def _replace(self, text: str) -> str:
        compiled = compile_pattern(self.pattern, self.ignore_case)
        replaced: str = compiled.sub(lambda match: _fill(self.replacement, match), encodable(text))
        if len(replaced) > LONGEST:
            raise RecordRejected(f"With the new text {shown(text)} has more than {LONGEST:,} characters.")
        return replaced.strip()


class MatchesRegex(Operator):
    """The text has a part that matches the regular expression (RE2's spelling); ^ and $ are its ends.

    Upper and lower case are the same, as in Salesforce's own filters. Put NOT into the filter logic for the opposite.
    """

    name = "matches-regex"
    label = "matches regex"
    api = 1
    operands = "one"
    types = TEXT_TYPES
    examples = (
        ("string", "Acme GmbH", r"\bgmbh$", True),
        ("string", "Acme GmbH", "^gmbh", False),
        ("phone", "+44 20 7946", r"^\+4[49]", True),
        ("string", "a" * 5000, "^(a+)+$", True),
        ("string", None, "a*", False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        text = text_of(value)
        return (
            bool(text) and compile_pattern(_pattern_of(operand), ignore_case=True).search(encodable(text)) is not None
        )

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        try:
            compile_pattern(_pattern_of(operand), ignore_case=True)
        except ValueError as error:
            raise InvalidParams({"": str(error)}) from error
        return None


def _pattern_of(operand: Operand) -> str:
    return next(iter(words_of(operand)), "")


@lru_cache(maxsize=256)
def compile_pattern(pattern: str, ignore_case: bool) -> Any:
    """The expression ready to use.

    Raises:
        ValueError: it is empty, too long or not an expression; the text is a sentence.
    """
    if not pattern:
        raise ValueError("Type a regular expression.")
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"The expression is longer than {LONGEST_PATTERN} characters.")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    options.max_mem = BYTES_FOR_PATTERN
    try:
        return re2.compile(encodable(pattern), options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"The expression cannot be read: {reason}.") from error


def encodable(text: str) -> str:
    """The text without halves of characters, which cannot be encoded."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


_GROUP = re2.compile(r"\\([1-9])")


def _groups_of(replacement: str) -> list[int]:
    return [int(number) for number in _GROUP.findall(encodable(replacement))]


def _fill(replacement: str, match: Any) -> str:
    filled: str = _GROUP.sub(lambda group: match[int(group[1])] or "", encodable(replacement))
    return filled
