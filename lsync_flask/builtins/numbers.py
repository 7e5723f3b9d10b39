"""Numbers as people write them: with separators of thousands, currencies, scale words and remarks."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

Style = Literal["auto", "point", "comma"]

LONGEST = 1_000
MOST_DIGITS = 40

_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")
_SPACE = r"\s"
_FIGURE = re.compile(
    # Not behind a letter, as in Q3 or A10, unless it is a currency.
    r"(?<![0-9][.,])(?:(?<![^\W_])|(?<=EUR)|(?<=USD)|(?<=CHF)|(?<=GBP)|(?<=JPY)|(?<=SEK)|(?<=SFr))"
    rf"(?P<digits>[0-9]+(?:(?:[.,'\u2019]|{_SPACE}(?=[0-9]{{3}}(?![0-9])))[0-9]+)*|[.,][0-9]+)"
    rf"(?:{_SPACE}?(?:(?:[$€£¥]|kr|yen|[A-Z]{{3}}){_SPACE})?(?P<scale>[^\W\d_]+))?"
)
_MINUS = re.compile(r"(?:^|[\s(])[-\u2212][A-Za-z]{0,3}[$€£¥]?\s?$")
_IN_BRACKETS = re.compile(r"\(\s*[$€£¥]?\s?[0-9][^()a-zA-Z]*\)")
_RANGE = re.compile(r"\s?(?:[-\u2010-\u2015]|\.{2,}|\bto\b|\bbis\b)\s?[$€£¥]?[0-9]")
_NOTES = re.compile(r"\([^()]*\)?|\[[^\[\]]*\]?")
_SCALE_NOTE = re.compile(r"\((?:in )?((?:b|m|tr)illions?|thousands?)\)", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_BEFORE_YEAR = re.compile(r"(?:\b(?:FY|in|of|year|end|fiscal|since|december|march|june|september)\s?)$", re.IGNORECASE)

_SCALES: Mapping[str, int] = {
    word: scale
    for scale, words in (
        (10**3, "k thousand thousands tsd tausend"),
        (10**5, "lakh lakhs"),
        (10**6, "m mm mn mln mio million millions millionen millones milioni miljoner sekm"),
        (10**7, "crore crores"),
        (10**9, "b bn bln mrd md billion billions milliarden milliarde milliard milliards miljard miljarder miliardi"),
        (10**12, "t tn trn trillion trillions"),
    )
    for word in words.split()
}
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,.'\s\u2019][0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}|[0-9]+|")


class NotANumber(Exception):
    """The text holds no number, or not one alone; the exception's text ends the sentence about it."""


def read_number(text: str, style: Style = "auto") -> int | Decimal:
    """The number that the text holds: 3167 of `3,167 (average, 2021)`, 3910000000 of `€3.91 billion (2021)`.

    Remarks in brackets are left aside, scale words multiplied. `style` says what stands before the decimals; `auto`
    sees it from the figure, and takes a single point for a decimal point.

    Raises:
        NotANumber: there is none, or several that make a range.
    """
    bare = text.strip()
    if len(bare) > LONGEST:
        raise NotANumber(f"is longer than {LONGEST:,} characters")
    if style != "comma" and _PLAIN.fullmatch(bare):
        return _whole(Decimal(bare))
    is_negative = bool(_IN_BRACKETS.fullmatch(bare))
    clean = _NOTES.sub(" ", _SCALE_NOTE.sub(r"\1", bare))
    clean = clean if any(letter.isdigit() for letter in clean) else bare
    found = _first_figure(clean)
    if _RANGE.match(clean, found.end("digits")) or _RANGE.match(clean, found.end()):
        raise NotANumber("is a range, not one number")
    number = _read_digits(found["digits"], style) * _scale(found)
    is_negative = is_negative or bool(_MINUS.search(clean[: found.start()]))
    return _whole(-number if is_negative else number)


def _first_figure(text: str) -> re.Match[str]:
    for found in _FIGURE.finditer(text):
        if not _is_year(text, found):
            return found
    raise NotANumber("holds no number")


def _is_year(text: str, found: re.Match[str]) -> bool:
    """Only a year that says what comes after it, as in `FY 2022: 5 million`."""
    introduces = bool(_BEFORE_YEAR.search(text[: found.start()])) or text[found.end() : found.end() + 1] == ":"
    return introduces and bool(_YEAR.fullmatch(found["digits"])) and bool(_FIGURE.search(text, found.end()))


def _scale(found: re.Match[str]) -> int:
    return _SCALES.get((found["scale"] or "").lower(), 1)


def _read_digits(digits: str, style: Style) -> Decimal:
    mark = {"point": ".", "comma": ","}.get(style) or _decimal_mark(digits)
    whole, _, decimals = digits.rpartition(mark) if mark and mark in digits else (digits, "", "")
    if not _GROUPED.fullmatch(whole) or (decimals and not decimals.isdigit()):
        raise NotANumber("has its separators in places that make no number")
    plain = re.sub(r"[^0-9]", "", whole)
    return Decimal(f"{plain or '0'}.{decimals or '0'}")


def _decimal_mark(digits: str) -> str:
    """What stands before the decimals of this figure; "" if it has none."""
    marks = [letter for letter in digits if letter in ".,"]
    if len(marks) > 1:
        return marks[-1] if marks.count(marks[-1]) == 1 else ""
    if marks == ["."]:
        return "."
    is_group = bool(_GROUPED.fullmatch(digits)) and not digits.startswith("0")
    return "" if is_group or not marks else marks[0]


def _whole(number: Decimal) -> int | Decimal:
    exponent = number.as_tuple().exponent
    if number.adjusted() >= MOST_DIGITS or (isinstance(exponent, int) and exponent < -MOST_DIGITS):
        raise NotANumber(f"has more than {MOST_DIGITS} digits")
    return int(number) if number == number.to_integral_value() else number
