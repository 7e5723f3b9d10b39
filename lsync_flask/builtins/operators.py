"""The operators that compare: equal, less and greater, between, one of, empty, within so many days.

Each has its meaning twice, for a value at hand (`matches`) and for Salesforce (`conditions`). Of a record without a
value, the negative ones (not equal, none of, not in the last n days) are true and those that order are false, as in
Salesforce's own filters.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from lsync_flask.builtins.comparing import ABOVE, BELOW, SAME, is_blank, is_equal, parts_of, place
from lsync_flask.plugin_api import Condition, FieldType, Operand, Operator, Value

__all__ = [
    "Between",
    "Equals",
    "GreaterOrEqual",
    "GreaterThan",
    "InLastDays",
    "IsEmpty",
    "IsNotEmpty",
    "LessOrEqual",
    "LessThan",
    "NoneOf",
    "NotEqual",
    "NotInLastDays",
    "OneOf",
]

LINKS: frozenset[FieldType] = frozenset({"id", "reference"})
TEXTS: frozenset[FieldType] = frozenset({"string", "textarea", "email", "phone", "url", "picklist"})
NUMBERS: frozenset[FieldType] = frozenset({"int", "double", "currency", "percent"})
DATES: frozenset[FieldType] = frozenset({"date", "datetime"})
ORDERED: frozenset[FieldType] = TEXTS | NUMBERS | DATES
LISTED: frozenset[FieldType] = ORDERED | LINKS | {"multipicklist"}
ALL: frozenset[FieldType] = LISTED | {"boolean"}
"""Every type that Salesforce can filter by."""

_DAY = date(2026, 11, 23)
_MOMENT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


class Equals(Operator):
    """The field has this value, or one of several with commas between them.

    Upper and lower case are the same. Blank means that the field has no value. A date takes a period such as TODAY,
    THIS MONTH or LAST 30 DAYS too. Put a value that holds a comma in double quotes.
    """

    name = "equals"
    label = "equals"
    api = 1
    operands = "many"
    types = ALL
    examples = (
        ("string", "Acme", ("ACME",), True),
        ("string", "Acme Ltd", ("Acme",), False),
        ("picklist", "Banking", ("Banking", "Insurance"), True),
        ("string", None, (None,), True),
        ("string", "Acme", (None,), False),
        ("string", None, ("Acme",), False),
        ("multipicklist", "Red;Green", ("green;red",), True),
        ("multipicklist", "Red;Green", ("Red",), False),
        ("boolean", True, (True,), True),
        ("boolean", False, (True,), False),
        ("int", 5, (Decimal("5.0"),), True),
        ("date", _DAY, (_DAY,), True),
        ("date", _DAY, ("2026-11-23",), True),
        ("datetime", _MOMENT, ("2026-11-22", "2026-11-23"), True),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        return any(is_equal(value, part, now) for part in parts_of(operand))

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("one of", parts_of(operand))]


class NotEqual(Operator):
    """The field has another value than this, or than all of several with commas between them, or none at all.

    Blank means that the field has some value.
    """

    name = "not-equal"
    label = "not equal to"
    api = 1
    operands = "many"
    types = ALL
    examples = (
        ("string", "Acme", ("Globex",), True),
        ("string", "Acme", ("acme",), False),
        ("string", "Acme", ("Globex", "Acme"), False),
        ("string", None, ("Acme",), True),
        ("string", None, (None,), False),
        ("int", 5, (6,), True),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        return not any(is_equal(value, part, now) for part in parts_of(operand))

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("none of", parts_of(operand))]


class OneOf(Operator):
    """The field has one of these values, a list with commas between them; upper and lower case are the same."""

    name = "one-of"
    label = "one of"
    api = 1
    operands = "many"
    types = LISTED
    examples = (
        ("string", "Acme", ("Globex", "ACME"), True),
        ("string", "Acme", ("Globex", "Initech"), False),
        ("string", None, ("Globex",), False),
        ("string", None, ("Globex", None), True),
        ("reference", "005000000000001AAA", ("005000000000001AAA",), True),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        return any(is_equal(value, part, now) for part in parts_of(operand))

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("one of", parts_of(operand))]


class NoneOf(Operator):
    """The field has none of these values, a list with commas between them; a field without a value counts too."""

    name = "none-of"
    label = "none of"
    api = 1
    operands = "many"
    types = LISTED
    examples = (
        ("string", "Acme", ("Globex", "Initech"), True),
        ("string", "Acme", ("Globex", "ACME"), False),
        ("string", None, ("Globex",), True),
        ("string", None, ("Globex", None), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        return not any(is_equal(value, part, now) for part in parts_of(operand))

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("none of", parts_of(operand))]


class LessThan(Operator):
    """The field is below this value, or before this day or period. A field without a value never is."""

    name = "less-than"
    label = "less than"
    api = 1
    types = ORDERED
    examples = (
        ("int", 4, 5, True),
        ("int", 5, 5, False),
        ("double", None, Decimal("5.5"), False),
        ("string", "acme", "Globex", True),
        ("date", date(2026, 11, 22), "2026-11-23", True),
        ("date", _DAY, "2026-11-23", False),
        ("datetime", _MOMENT, datetime(2026, 11, 23, 9, 31, tzinfo=UTC), True),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        return place(value, operand, now) == BELOW

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("less", operand)]


class GreaterThan(Operator):
    """The field is above this value, or after this day or period. A field without a value never is."""

    name = "greater-than"
    label = "greater than"
    api = 1
    types = ORDERED
    examples = (
        ("int", 6, 5, True),
        ("int", 5, 5, False),
        ("currency", None, Decimal(5), False),
        ("date", date(2026, 11, 24), "2026-11-23", True),
        ("date", _DAY, "2026-11-23", False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        return place(value, operand, now) == ABOVE

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("more", operand)]


class LessOrEqual(Operator):
    """The field is this value or below, or before the end of this day or period. A field without a value never is."""

    name = "less-or-equal"
    label = "less or equal"
    api = 1
    types = ORDERED
    examples = (
        ("int", 5, 5, True),
        ("int", 6, 5, False),
        ("int", None, 5, False),
        ("date", _DAY, "2026-11-23", True),
        ("date", date(2026, 11, 24), "2026-11-23", False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        return place(value, operand, now) in {BELOW, SAME}

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("at most", operand)]


class GreaterOrEqual(Operator):
    """The field is this value or above, or from the start of this day or period. A field without a value never is."""

    name = "greater-or-equal"
    label = "greater or equal"
    api = 1
    types = ORDERED
    examples = (
        ("percent", Decimal("5.5"), Decimal("5.5"), True),
        ("int", 4, 5, False),
        ("int", None, 5, False),
        ("date", _DAY, "2026-11-23", True),
        ("date", date(2026, 11, 22), "2026-11-23", False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        return place(value, operand, now) in {SAME, ABOVE}

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("at least", operand)]


class Between(Operator):
    """The field lies between two values, both of them included; for dates, two days or periods."""

    name = "between"
    label = "between"
    api = 1
    operands = "two"
    types = NUMBERS | DATES
    examples = (
        ("int", 10, (10, 20), True),
        ("int", 20, (10, 20), True),
        ("int", 21, (10, 20), False),
        ("int", None, (10, 20), False),
        ("date", _DAY, (date(2026, 11, 1), date(2026, 11, 30)), True),
        ("datetime", _MOMENT, ("2026-11-01", "2026-11-23"), True),
        ("datetime", _MOMENT, ("2026-11-01", "2026-11-22"), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        low, high = parts_of(operand)
        return place(value, low, now) in {SAME, ABOVE} and place(value, high, now) in {BELOW, SAME}

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        low, high = parts_of(operand)
        return [Condition("at least", low), Condition("at most", high)]


class IsEmpty(Operator):
    """The field has no value."""

    name = "is-empty"
    label = "is empty"
    api = 1
    operands = "none"
    types = LISTED
    examples = (
        ("string", None, None, True),
        ("string", "", None, True),
        ("string", "Acme", None, False),
        ("int", 0, None, False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del operand, now
        return is_blank(value)

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        del operand
        return [Condition("equals", None)]


class IsNotEmpty(Operator):
    """The field has a value."""

    name = "is-not-empty"
    label = "is not empty"
    api = 1
    operands = "none"
    types = LISTED
    examples = (
        ("string", "Acme", None, True),
        ("string", None, None, False),
        ("int", 0, None, True),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del operand, now
        return not is_blank(value)

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        del operand
        return [Condition("differs", None)]


class InLastDays(Operator):
    """The date lies in the last n days, today included; 0 is today alone. A date in the future does not."""

    name = "in-last-days"
    label = "in the last n days"
    api = 1
    operands = "days"
    types = DATES
    # The examples are of a year that is never "the last days"; the tests at a fixed moment are beside them.
    examples = (("date", date(1999, 12, 31), 30, False), ("date", None, 30, False))

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        return place(value, f"LAST_N_DAYS:{operand}", now) == SAME

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("in range", f"LAST_N_DAYS:{operand}")]


class NotInLastDays(Operator):
    """The date does not lie in the last n days, today included; or there is no date."""

    name = "not-in-last-days"
    label = "not in the last n days"
    api = 1
    operands = "days"
    types = DATES
    examples = (("date", date(1999, 12, 31), 30, True), ("date", None, 30, True))

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        return place(value, f"LAST_N_DAYS:{operand}", now) != SAME

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        return [Condition("in range", f"LAST_N_DAYS:{operand}", negated=True)]
