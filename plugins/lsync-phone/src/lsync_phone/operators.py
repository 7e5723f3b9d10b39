"""The operators of phone numbers; Salesforce can test neither."""

from collections.abc import Sequence
from datetime import datetime

from lsync_flask.plugin_api import Condition, FieldType, InvalidParams, Operand, Operator, Value
from lsync_phone.numbers import check_country, is_valid

PHONES: frozenset[FieldType] = frozenset({"phone", "string"})


class IsValidPhone(Operator):
    """The number is written with its country code and can be dialled: its length and beginning are in use there.

    Whether somebody answers is not tested. A field without a value is not valid.
    """

    name = "is-valid-phone"
    label = "is valid phone"
    api = 1
    operands = "none"
    types = PHONES
    examples = (
        ("phone", "+44 20 7946 0000", None, True),
        ("phone", "020 7946 0000", None, False),
        ("phone", "+1 555", None, False),
        ("string", "ask Ada", None, False),
        ("phone", None, None, False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del operand, now
        return isinstance(value, str) and is_valid(value, "")

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        del operand
        return None


class ValidPhoneOf(Operator):
    """The number can be dialled, taken for one of this country where it has no country code, or of one of several.

    Countries are given by their two-letter codes with commas between them: GB, DE.
    """

    name = "valid-phone-of"
    label = "is valid phone of"
    api = 1
    operands = "many"
    types = PHONES
    examples = (
        ("phone", "020 7946 0000", ("GB",), True),
        ("phone", "020 7946 0000", ("US", "gb"), True),
        ("phone", "(212) 555-0123", ("GB",), False),
        ("phone", None, ("GB",), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        return isinstance(value, str) and any(is_valid(value, country) for country in _countries(operand))

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        try:
            countries = [check_country(country) for country in _countries(operand)]
        except ValueError as error:
            raise InvalidParams({"": str(error)}) from error
        if not countries:
            raise InvalidParams({"": "Type the two-letter code of a country, such as GB."})
        return None


def _countries(operand: Operand) -> list[str]:
    parts = operand if isinstance(operand, tuple) else (operand,)
    return [part.strip().upper() for part in parts if isinstance(part, str) and part.strip()]
