"""What a currency was worth, about: rough averages of 2024, units for one euro. Good for sizes, not for accounts."""

from decimal import Decimal
from typing import Literal

from lsync_company_directory.figures import Money

Currency = Literal["USD", "EUR", "GBP", "CHF", "JPY", "SEK"]

YEAR = 2024
PER_EURO = {
    "EUR": Decimal(1),
    "USD": Decimal("1.0824"),
    "GBP": Decimal("0.84662"),
    "CHF": Decimal("0.9526"),
    "JPY": Decimal("163.85"),
    "SEK": Decimal("11.4325"),
    "NOK": Decimal("11.6290"),
    "DKK": Decimal("7.4589"),
}
_DIGITS = 4


def convert(money: Money, currency: str) -> int:
    """The sum in another currency, to four significant digits: a rough rate allows no more."""
    if money.currency == currency:
        return money.amount
    amount = Decimal(money.amount) / PER_EURO[money.currency] * PER_EURO[currency]
    return int(amount.quantize(Decimal(1).scaleb(max(0, amount.adjusted() - _DIGITS + 1))))
