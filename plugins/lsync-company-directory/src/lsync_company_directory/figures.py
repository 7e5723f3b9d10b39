"""Head counts, sums and years as an encyclopaedia writes them, read as numbers. What is not clear is left out."""

import re
from dataclasses import dataclass
from decimal import Decimal

MOST_EMPLOYEES = 5_000_000
YEARS = range(1000, 2101)

_SPACES = re.compile(r"[\s\u00a0\u2009\u202f\ufeff]+")
_NOTES = re.compile(r"\([^()]*\)?|\[[^\[\]]*\]?")
_COUNT = r"\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?: \d{3})+(?![\d,])|\d{1,3}(?:\.\d{3})+(?!\d)|\d+"
_COUNTS = re.compile(_COUNT)
_WHOLE_GROUP = (
    re.compile(rf"\(consolidated: ?({_COUNT})\)", re.IGNORECASE),
    re.compile(rf"\(({_COUNT}) consolidated\b", re.IGNORECASE),
    re.compile(rf"({_COUNT}) ?(?:\(| )(?:[^()]*[^-\w])?consolidated", re.IGNORECASE),
    re.compile(rf"({_COUNT}) ?\((?:group\b|[^()]*including subsidiaries)", re.IGNORECASE),
)
_UNCLEAR = re.compile(r"\d ?[-\u2013\u2014/] ?\d|;|\band\b|\bor\b|million|thousand|billion", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")

_CURRENCY = (
    r"US ?\$ ?\$|\$US ?\$|US ?\$|United States dollars?|USD ?\$?|C\$|CA\$|A\$|HK\$|NT\$|S\$|\$|€|EUR\b|euros?\b"
    r"|£|GBP\b|JP¥|JPY ?¥|JPY\b|¥|yen\b|CHF\b|SFr\b|SEKm|SEK\b|NOK\b|DKK\b|kr\b"
)
_SCALE = r"trillion|billion|million|bn|mln|mio|mn|mrd|[BM](?![A-Za-z])"
_SUM = re.compile(
    rf"(?P<before>{_CURRENCY})? ?(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf" ?(?P<inside>{_CURRENCY})? ?(?P<scale>{_SCALE})? ?(?P<after>{_CURRENCY})?",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"^(?:[>~≈]|c\.|ca\.|approx\.?|over|about) ?", re.IGNORECASE)
_SCALES = {
    "trillion": 10**12,
    "billion": 10**9,
    "bn": 10**9,
    "b": 10**9,
    "mrd": 10**9,
    "million": 10**6,
    "mln": 10**6,
    "mio": 10**6,
    "mn": 10**6,
    "m": 10**6,
}
_CODES = (
    ("USD", ("us$", "us $", "$us", "usd", "united states dollar")),
    ("EUR", ("€", "eur")),
    ("GBP", ("£", "gbp")),
    ("JPY", ("¥", "jp", "yen")),
    ("CHF", ("chf", "sfr")),
    ("SEK", ("sek",)),
    ("NOK", ("nok",)),
    ("DKK", ("dkk",)),
)
_CROWNS = {"Sweden": "SEK", "Norway": "NOK", "Denmark": "DKK"}
_OTHER_DOLLARS = frozenset({"Canada", "Australia", "New Zealand", "Hong Kong", "Taiwan", "Singapore", "Mexico"})

# Below and above, a unit was left out of the text or mistaken: no listed company earns so little or so much.
_LEAST = 10**6
_MOST = {"JPY": 10**14, "SEK": 10**13, "NOK": 10**13, "DKK": 10**13}
_MOST_ELSE = 10**12


@dataclass(frozen=True, slots=True)
class Money:
    """A sum in whole units of a currency."""

    amount: int
    currency: str


def tidy(text: object) -> str:
    """The text with single plain spaces."""
    return _SPACES.sub(" ", str(text)).strip()


def read_count(raw: object) -> int | None:
    """How many employees: 3167 of `3,167 (average, 2021)`. Figures of the whole group win; a range says nothing."""
    text = tidy(raw)
    found = next((match for pattern in _WHOLE_GROUP if (match := pattern.search(text))), None)
    if found:
        return _bounded(found[1])
    bare = tidy(_NOTES.sub(" | ", text)) if not isinstance(raw, int) else text
    first = bare.strip("| ").split("|")[0]
    if _UNCLEAR.search(first):
        return None
    counts = _COUNTS.search(first) or _COUNTS.search(bare)
    return _bounded(counts[0]) if counts else None


def _bounded(figure: str) -> int | None:
    count = int(re.sub(r"\D", "", figure))
    return count if 0 < count <= MOST_EMPLOYEES else None


def read_money(raw: object, country: str | None = None) -> Money | None:
    """The first sum of `€3.91 billion (2021)`; None where number, unit or currency is missing or cannot be right.

    `country` decides what plain dollars and crowns are.
    """
    text = _ABOUT.sub("", tidy(_NOTES.sub(" ", str(raw))))
    found = _SUM.match(text)
    if not found or not _is_end(text[found.end() :]):
        return None
    mark = found["before"] or found["inside"] or found["after"]
    currency = _code(mark, country) if mark else None
    if currency is None:
        return None
    scale = "m" if mark and mark.lower() == "sekm" else (found["scale"] or "").lower()
    amount = int(Decimal(found["number"].replace(",", "")) * _SCALES.get(scale, 1))
    return Money(amount, currency) if _LEAST <= amount <= _MOST.get(currency, _MOST_ELSE) else None


def _is_end(rest: str) -> bool:
    """Nothing may follow a sum but the sums of other years: words would give it another meaning."""
    bare = rest.strip(" ,;|+)")
    is_footnote = re.fullmatch(r": ?\d{1,3}", bare)
    return not bare or bool(is_footnote) or bool(re.match(rf"(?:{_CURRENCY})? ?\d", bare, re.IGNORECASE))


def _code(mark: str, country: str | None) -> str | None:
    low = mark.lower()
    if low == "$":
        return None if country in _OTHER_DOLLARS else "USD"
    if low == "kr":
        return _CROWNS.get(country or "")
    return next((code for code, marks in _CODES if low.startswith(marks)), None)


def read_year(raw: object) -> int | None:
    """The first year that the text names."""
    years = (int(found) for found in _YEAR.findall(tidy(raw)))
    return next((year for year in years if year in YEARS), None)
