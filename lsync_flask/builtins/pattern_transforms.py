"""The transform that takes a part out of a text by a regular expression."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from lsync_flask.builtins.patterns import longest_text
from lsync_flask.builtins.values import is_nothing, map_text, shown, spell
from lsync_flask.plugin_api import Field, RecordRejected, Transform, Value, field_validator, model_validator

__all__ = ["RegexExtract"]


class RegexExtract(Transform):
    """Take the first part of the text that matches a regular expression.

    With a group in the expression, as in id=([0-9]+), the group is taken, else the whole match. Expressions that repeat
    a repeat, such as (a+)+, are refused, because on some texts they never end; for the same reason a text may not be
    too long for its expression.
    """

    name = "regex-extract"
    label = "Regex extract"
    api = 1
    examples = (
        ({"pattern": "[0-9]{4}"}, "founded in 1988 in Montabaur", "1988"),
        ({"pattern": "id=([0-9]+)"}, "https://example.com/?id=42&x=1", "42"),
        ({"pattern": r"(\w+)@(\w+)", "group": 2}, "ada@example.com", "example"),
        ({"pattern": "acme", "ignore_case": True}, "The ACME Company", "ACME"),
        ({"pattern": "[0-9]+"}, "none here", None),
        ({"pattern": "[0-9]+", "no_match": "keep"}, "none here", "none here"),
        ({"pattern": "[0-9]+", "no_match": "reject"}, "none here", RecordRejected),
        ({"pattern": "[0-9]+"}, None, None),
    )

    pattern: str = Field(title="Expression", description="In Python's spelling, such as [0-9]{4}.", min_length=1)
    group: int | None = Field(
        None, title="Group", description="Which pair of brackets is taken; empty: the first; 0: all.", ge=0, le=20
    )
    ignore_case: bool = Field(False, title="Upper and lower case are the same", description="acme finds ACME too.")
    no_match: Literal["blank", "keep", "reject"] = Field(
        "blank", title="Without a match", description="Leave blank, keep the text, or reject the record."
    )

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str) -> str:
        longest_text(pattern)
        return pattern

    @model_validator(mode="after")
    def _check_group(self) -> "RegexExtract":
        groups = _compiled(self.pattern, self.ignore_case).groups
        if self.group is not None and self.group > groups:
            raise ValueError(f"The expression has {groups} groups; there is no group {self.group}.")
        return self

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        if is_nothing(value):
            return None
        return map_text(value if isinstance(value, tuple) else spell(value), self._extract)

    def _extract(self, text: str) -> str:
        limit = longest_text(self.pattern)
        if len(text) > limit:
            raise RecordRejected(
                f"{shown(text)} has {len(text):,} characters; with this expression {limit:,} are the most."
            )
        compiled = _compiled(self.pattern, self.ignore_case)
        found = compiled.search(text)
        if found:
            return found[min(1, compiled.groups) if self.group is None else self.group] or ""
        if self.no_match == "reject":
            raise RecordRejected(f"{shown(text)} does not match the expression.", code="NO_MATCH")
        return text if self.no_match == "keep" else ""


@lru_cache(maxsize=256)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE if ignore_case else 0)
