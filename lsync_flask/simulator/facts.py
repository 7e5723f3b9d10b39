"""Reading what an encyclopaedia says of a company: head counts, money, places and addresses, all as free text."""

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"\d{1,3}(?:[,.  ]\d{3})+(?!\d)|\d+(?:\.\d+)?")
_SCALES = (("trillion", 10**12), ("billion", 10**9), ("bsek", 10**9), ("bn", 10**9), ("million", 10**6), ("mn", 10**6))
_SCALE_WORD = re.compile(r"\s*(trillion|billion|bsek|bn|million|mn)", re.IGNORECASE)
_CURRENCIES = (
    ("CHF", ("chf", "sfr")),
    ("SEK", ("sek", "kr")),
    ("EUR", ("€", "eur")),
    ("GBP", ("£", "gbp")),
    ("JPY", ("¥", "jpy", "yen")),
    ("USD", ("$", "usd")),
)
# Rough rates are enough: the figures are for a demo, and all of them are turned into the org's one currency.
_DOLLARS = {"USD": 1.0, "EUR": 1.1, "GBP": 1.27, "CHF": 1.13, "SEK": 0.096, "JPY": 0.0068}


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(part.split()) for part in text.split(";"))


# A listed company's revenue beyond these bounds means that a unit or a currency was left out of the text.
LEAST_DOLLARS, MOST_DOLLARS = 10**6, 10**12
US_STATES = _phrases(
    """Alabama;Alaska;Arizona;Arkansas;California;Colorado;Connecticut;Delaware;Florida;Georgia;Hawaii;Idaho;Illinois;
    Indiana;Iowa;Kansas;Kentucky;Louisiana;Maine;Maryland;Massachusetts;Michigan;Minnesota;Mississippi;Missouri;Montana;
    Nebraska;Nevada;New Hampshire;New Jersey;New Mexico;New York;North Carolina;North Dakota;Ohio;Oklahoma;Oregon;
    Pennsylvania;Puerto Rico;Rhode Island;South Carolina;South Dakota;Tennessee;Texas;Utah;Vermont;Virginia;Washington;
    West Virginia;Wisconsin;Wyoming"""
)
_COUNTRY_NAMES = {
    "us": "United States",
    "usa": "United States",
    "united states of america": "United States",
    "uk": "United Kingdom",
    "england": "United Kingdom",
    "scotland": "United Kingdom",
    "wales": "United Kingdom",
    "northern ireland": "United Kingdom",
    "the netherlands": "Netherlands",
    "russian federation": "Russia",
}
_COUNTRIES = _phrases(
    """United States;United Kingdom;Germany;France;Japan;Spain;Sweden;Switzerland;Finland;Netherlands;Belgium;Ireland;
    Italy;Canada;Luxembourg;Bermuda;China;Austria;Czech Republic;Argentina;Greece;New Zealand;Australia;Israel;Taiwan;
    Mexico;Russia;Isle of Man;Guernsey;Jersey;Norway;Denmark;Portugal;Poland;Singapore"""
)
_COUNTRY_BY_KEY = {**{name.lower(): name for name in _COUNTRIES}, **_COUNTRY_NAMES}
_ISIN_COUNTRIES = {
    "US": "United States",
    "GB": "United Kingdom",
    "DE": "Germany",
    "FR": "France",
    "JP": "Japan",
    "ES": "Spain",
    "SE": "Sweden",
    "CH": "Switzerland",
    "FI": "Finland",
    "NL": "Netherlands",
    "BE": "Belgium",
    "IE": "Ireland",
    "IT": "Italy",
    "LU": "Luxembourg",
    "AT": "Austria",
    "BM": "Bermuda",
}
_COORDINATES = re.compile(r"\(?\s*\d+°.*", re.DOTALL)
_NOTES = re.compile(r"\([^)]*\)?")
_AFTER_POSTCODE = re.compile(r"\d{4,6}\s+([^\d]+)$")
_BEFORE_POSTCODE = re.compile(r"^([^\d]+?)\s+[\d-]+$")
_CITY = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'\u2019-]){1,39}")
_NOT_CITIES = frozenset(("DC", "Japan", "Lower Saxony", "Île-de-France", "Andalusia", "Catalonia", "Scotland"))
_HOST = re.compile(r"(?:https?://)?((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24})(?![\w.])", re.IGNORECASE)
_SUB_SITES = frozenset(
    (
        "www",
        "corporate",
        "corp",
        "investors",
        "investor",
        "ir",
        "inc",
        "global",
        "group",
        "about",
        "company",
        "shop",
        "en",
        "holdings",
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a company sits; None for each part that the text does not say."""

    city: str | None = None
    state: str | None = None
    country: str | None = None


def read_count(text: str | int | None) -> int | None:
    """`3,167 (average, 2021)` and `c. 13,500` as a number; None where there is none or it is 0."""
    if text is None or isinstance(text, int):
        return text or None
    found = _NUMBER.search(_NOTES.sub("", text) or text)
    if not found:
        return None
    figure = found[0]
    count = float(figure) if re.fullmatch(r"\d+\.\d{1,2}", figure) else int(re.sub(r"\D", "", figure))
    return int(count * _scale(text, found.end())) or None


def read_dollars(text: str | int | None) -> int | None:
    """`€3.91 billion (2021)` in whole US dollars at rough rates; None where no sum can be read."""
    if not isinstance(text, str):
        return None
    found = _NUMBER.search(text)
    if not found:
        return None
    amount = _decimal(found[0]) * _scale(text, found.end())
    dollars = int(amount * _DOLLARS[_currency(text)])
    return dollars if LEAST_DOLLARS <= dollars <= MOST_DOLLARS else None


def _decimal(figure: str) -> float:
    if figure.count(",") == 1 and "." not in figure and not re.search(r",\d{3}$", figure):
        return float(figure.replace(",", "."))
    return float(re.sub(r"[, \s]", "", figure))


def _scale(text: str, end: int) -> int:
    found = _SCALE_WORD.match(text, end)
    return dict(_SCALES)[found[1].lower()] if found else 1


def _currency(text: str) -> str:
    low = text.lower()
    return next((code for code, marks in _CURRENCIES if any(mark in low for mark in marks)), "USD")


def read_country(text: str | None) -> str | None:
    """The country of `Houston, Texas`, `U.S.` or `Japan`; None if the text names none."""
    if not text:
        return None
    last = text.split(",")[-1].replace(".", "").strip()
    return "United States" if last in US_STATES else _COUNTRY_BY_KEY.get(last.lower())


def country_of_isin(isins: list[str] | None) -> str | None:
    """The country that a securities number names; None if there is none."""
    return _ISIN_COUNTRIES.get(isins[0][:2]) if isins else None


def read_place(text: str | None) -> Place:
    """City, state and country of a headquarters such as `Duke Energy Plaza Charlotte, North Carolina , U.S.`."""
    clean = _NOTES.sub("", _COORDINATES.sub("", text or "")).replace("\ufeff", "").strip(" ,;.")
    parts = [part.strip(" .;/") for part in clean.split(",") if part.strip(" .;/")]
    country, state = None, None
    while parts and (name := read_country(parts[-1])):
        country = country or name
        state = parts[-1] if parts[-1] in US_STATES else state
        parts.pop()
    return Place(_city(parts), state, country)


def _city(parts: list[str]) -> str | None:
    for part in reversed(parts):
        found = _AFTER_POSTCODE.search(part) or _BEFORE_POSTCODE.match(part)
        name = (found[1] if found else part).strip(" -\u2013").removesuffix(" Prefecture").removeprefix("England ")
        if _CITY.fullmatch(name) and not name.isupper() and name.replace(".", "") not in _NOT_CITIES:
            return name
    return None


def read_host(text: str | None) -> str | None:
    """The first host name in `epirocgroup.com epiroc.com` or `https://www.cewe.de/en`; None if there is none."""
    found = _HOST.search(text or "")
    return found[1].lower() if found else None


def domain_of(host: str) -> str:
    """The part of a host that people write after the @: without `www.`, `investors.` and the like."""
    labels = host.split(".")
    while labels[2:] and labels[0] in _SUB_SITES:
        labels.pop(0)
    return ".".join(labels)
