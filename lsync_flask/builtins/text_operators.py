"""The operators that look into text and into multi-select picklists. Upper and lower case are the same for all.

Several values with commas between them: any of them for the positive ones, none of them for the negative ones. Of a
record without a value the negative ones are true, as in Salesforce's own filters.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from lsync_flask.builtins.comparing import fold, is_blank, parts_of, parts_of_set
from lsync_flask.builtins.operators import TEXTS
from lsync_flask.plugin_api import Condition, Operand, Operator, Value

__all__ = ["Contains", "EndsWith", "Excludes", "Includes", "NotContains", "StartsWith"]


def _is_found(value: Value, operand: Operand, test: Callable[[str, str], bool]) -> bool:
    """Is the test true of the text and one of the parts? Never of a record without a value."""
    if not isinstance(value, str) or not value:
        return False
    folded = fold(value)
    return any(isinstance(part, str) and part != "" and test(folded, fold(part)) for part in parts_of(operand))


class Contains(Operator):
    """The text has this in it, or one of several with commas between them."""

    name = "contains"
    label = "contains"
    api = 1
    operands = "many"
    types = TEXTS
    examples = (
        ("string", "Acme GmbH", ("gmbh",), True),
        ("string", "Acme GmbH", ("Ltd", "me g"), True),
        ("string", "100 %", ("%",), True),
        ("string", "Acme", ("%",), False),
        ("string", "Acme", ("_",), False),
        ("string", None, ("a",), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        return _is_found(value, operand, lambda text, part: part in text)

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("contains", parts_of(operand))]


class NotContains(Operator):
    """The text has none of these in it; a field without a value counts too."""

    name = "not-contains"
    label = "does not contain"
    api = 1
    operands = "many"
    types = TEXTS
    examples = (
        ("string", "Acme GmbH", ("ltd", "plc"), True),
        ("string", "Acme GmbH", ("ltd", "GMBH"), False),
        ("string", None, ("a",), True),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        return not _is_found(value, operand, lambda text, part: part in text)

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("contains", parts_of(operand), negated=True)]


class StartsWith(Operator):
    """The text begins with this, or with one of several with commas between them."""

    name = "starts-with"
    label = "starts with"
    api = 1
    operands = "many"
    types = TEXTS
    examples = (
        ("string", "Acme GmbH", ("acme",), True),
        ("string", "50%", ("5_",), False),
        ("phone", "+44 20 7946", ("+43", "+44"), True),
        ("string", None, ("acme",), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        return _is_found(value, operand, lambda text, part: text.startswith(part))

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("starts with", parts_of(operand))]


class EndsWith(Operator):
    """The text ends with this, or with one of several with commas between them."""

    name = "ends-with"
    label = "ends with"
    api = 1
    operands = "many"
    types = TEXTS
    examples = (
        ("email", "ada@example.com", ("@EXAMPLE.com",), True),
        ("email", "ada@example.com", (".org", ".net"), False),
        ("email", None, (".org",), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        return _is_found(value, operand, lambda text, part: text.endswith(part))

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("ends with", parts_of(operand))]


def _is_included(value: Value, operand: Operand) -> bool:
    chosen = parts_of_set(value) if isinstance(value, str) else frozenset()
    wanted = (part for part in parts_of(operand) if isinstance(part, str))
    return any(parts_of_set(part) <= chosen for part in wanted if parts_of_set(part)) or (
        is_blank(value) and any(is_blank(part) for part in parts_of(operand))
    )


class Includes(Operator):
    """One of these values is chosen; with semicolons, as in `Red;Green`, all of them are."""

    name = "includes"
    label = "includes"
    api = 1
    operands = "many"
    types = frozenset({"multipicklist"})
    examples = (
        ("multipicklist", "Red;Green", ("green",), True),
        ("multipicklist", "Red;Green", ("Blue", "Red"), True),
        ("multipicklist", "Red;Green", ("Red;Blue",), False),
        ("multipicklist", "Red;Green;Blue", ("Blue;Red",), True),
        ("multipicklist", None, ("Red",), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        return _is_included(value, operand)

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("includes", parts_of(operand))]


class Excludes(Operator):
    """None of these values is chosen; a field without a value counts too."""

    name = "excludes"
    label = "excludes"
    api = 1
    operands = "many"
    types = frozenset({"multipicklist"})
    examples = (
        ("multipicklist", "Red;Green", ("Blue",), True),
        ("multipicklist", "Red;Green", ("Blue", "Red"), False),
        ("multipicklist", None, ("Red",), True),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        return not _is_included(value, operand)

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("excludes", parts_of(operand))]
