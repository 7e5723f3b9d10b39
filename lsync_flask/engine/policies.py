"""When a proposed value may take the place of what is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from lsync_flask.plugin_api import Value

Policy = Literal["fill_blanks", "provider_wins", "always", "never"]

DEFAULT_POLICY: Policy = "fill_blanks"

FieldDecision = Literal[
    "written",
    "unchanged",
    "kept",
    "never",
    "no_value",
    "cleared",
    "rejected",
    "not_matched",
    "low_confidence",
]
"""What was decided for one field of one record, with its reason in one word (`DECISIONS` says it in a sentence)."""


@dataclass(frozen=True, slots=True)
class PolicyText:
    label: str
    sentence: str


POLICIES: Mapping[Policy, PolicyText] = {
    "fill_blanks": PolicyText(
        "Fill blanks only",
        "Writes only where Salesforce has no value; spaces count as no value. A checkbox always has a value, ticked or "
        "not, so this never changes one: choose another policy for checkboxes.",
    ),
    "provider_wins": PolicyText(
        "Provider value wins if present",
        "Writes the provider's value over any other; where the provider has none, Salesforce keeps its own.",
    ),
    "always": PolicyText(
        "Always, even blank",
        "Salesforce ends up with what the provider says: where it knows the record but has no value, the field is "
        "cleared. A record it does not know is left alone, and so is a field that must have a value.",
    ),
    "never": PolicyText("Never", "Nothing is written; what the provider says is shown beside it, for comparison."),
}

CHANGING: frozenset[FieldDecision] = frozenset({"written", "cleared"})
"""What changes the field in Salesforce."""

DECISIONS: Mapping[FieldDecision, str] = {
    "written": "The new value is written.",
    "unchanged": "Salesforce already has this value.",
    "kept": "Salesforce has a value and its policy keeps it.",
    "never": "Its policy is never to write.",
    "no_value": "The provider has no value.",
    "cleared": "The provider has no value, so the field is cleared.",
    "rejected": "The value does not fit the field, or a transform refused it.",
    "not_matched": "The provider does not know the record.",
    "low_confidence": "The match is less certain than this field asks for.",
}


def is_policy(text: object) -> bool:
    return text in get_args(Policy)


def is_blank(value: Value) -> bool:
    """No value, as people see it: nothing, an empty text or only spaces. A checkbox is never blank."""
    return value is None or value == () or (isinstance(value, str) and (not value or value.isspace()))


def apply_policy(policy: Policy, before: Value, proposed: Value) -> tuple[bool, FieldDecision]:
    """Is `proposed` to be written over `before`, and the word that says why.

    Equal values are the caller's to notice, for that depends on the field (`values.same_value`); a blank proposed
    means that the provider has no value.
    """
    if policy == "never":
        return False, "never"
    if is_blank(proposed):
        if policy != "always":
            return False, "no_value"
        return (False, "unchanged") if is_blank(before) else (True, "cleared")
    if policy == "fill_blanks" and not is_blank(before):
        return False, "kept"
    return True, "written"
