"""The transforms that make numbers of texts and round them."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Literal

from lsync_flask.builtins.numbers import NotANumber, Style, read_number
from lsync_flask.builtins.values import is_nothing, one, shown
from lsync_flask.plugin_api import Field, RecordRejected, Transform, Value

__all__ = ["NumberFromText", "Round"]

NOT_A_NUMBER = "NOT_A_NUMBER"

_WIDE = Context(prec=80)


class NumberFromText(Transform):
    """Read the number in a text such as 3,167 (average, 2021) or €3.91 billion (2021).

    Remarks in brackets and currencies are left aside; thousand, million, billion, trillion and their usual short forms
    are multiplied. A text without a number, or with a range such as 50-100, rejects the record.
    """

    name = "number-from-text"
    label = "Number from text"
    api = 1
    examples = (
        ({}, "3,167 (average, 2021)", 3167),
        ({}, "€3.91 billion (2021)", 3_910_000_000),
        ({}, "US$ 14.7 billion (2024)", 14_700_000_000),
        ({}, "£ 5,325.4 million (2025)", 5_325_400_000),
        ({}, "c. 13,500", 13500),
        ({}, "1.234.567,89", Decimal("1234567.89")),
        ({}, "3,91 Mrd. €", 3_910_000_000),
        ({"decimals": "comma"}, "14.046", 14046),
        ({}, "14.046", Decimal("14.046")),
        ({}, "12 500 employees", 12500),
        ({}, "CHF11'201.50", Decimal("11201.50")),
        ({}, "-12.5 %", Decimal("-12.5")),
        ({}, "(1,234)", -1234),
        ({}, "FY 2022: 5 million", 5_000_000),
        ({}, 417, 417),
        ({}, "50-100", RecordRejected),
        ({}, "many", RecordRejected),
        ({}, " ", None),
        ({}, None, None),
    )

    decimals: Style = Field(
        "auto",
        title="Decimals after",
        description="What stands before the decimals: a point (3.91), a comma (3,91), or auto: see it from the text.",
    )

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return as_number(value, self.decimals)


class Round(Transform):
    """Round a number, halves away from zero unless said otherwise.

    Digits are those behind the point: 0 for whole numbers, 2 for cents, -3 for thousands.
    """

    name = "round"
    label = "Round"
    api = 1
    examples = (
        ({}, Decimal("2.5"), 3),
        ({}, Decimal("-2.5"), -3),
        ({"digits": 1}, Decimal("2.25"), Decimal("2.3")),
        ({"digits": -3}, 3_910_400_000, 3_910_400_000),
        ({"digits": -3}, 12_345, 12_000),
        ({"direction": "down"}, Decimal("2.9"), 2),
        ({"direction": "up"}, Decimal("2.1"), 3),
        ({}, "2.7", 3),
        ({}, "many", RecordRejected),
        ({}, None, None),
    )

    digits: int = Field(0, title="Digits", description="Behind the point; -3 rounds to thousands.", ge=-15, le=15)
    direction: Literal["nearest", "up", "down"] = Field(
        "nearest", title="Direction", description="To the nearest, up to the next or down to the last."
    )

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        number = as_number(value, "point")
        return None if number is None else self._round(Decimal(number))

    def _round(self, number: Decimal) -> int | Decimal:
        ways = {"nearest": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}
        try:
            rounded = number.quantize(Decimal(1).scaleb(-self.digits), ways[self.direction], context=_WIDE)
        except InvalidOperation:
            raise RecordRejected(f"{shown(number)} has more digits than can be rounded.", code=NOT_A_NUMBER) from None
        return rounded if self.digits > 0 else int(rounded)


def as_number(value: Value, style: Style) -> int | Decimal | None:
    """The value as a number; None if it is blank.

    Raises:
        RecordRejected: it is something else.
    """
    single = one(value)
    if is_nothing(single):
        return None
    if isinstance(single, Decimal) and single.is_finite():
        return single
    if isinstance(single, int) and not isinstance(single, bool):
        return single
    if not isinstance(single, str):
        raise RecordRejected(f"{shown(single)} is not a number.", code=NOT_A_NUMBER)
    try:
        return read_number(single, style)
    except NotANumber as error:
        raise RecordRejected(f"{shown(single)} {error}.", code=NOT_A_NUMBER) from error
