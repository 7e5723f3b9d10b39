"""Which country or subdivision a text means: ISO 3166-1 and 3166-2 by pycountry, names in many languages included."""

import gettext
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

import pycountry

LANGUAGES = ("cs", "da", "de", "es", "fi", "fr", "hu", "it", "ja", "nb_NO", "nl", "pl", "pt", "ru", "sv", "tr")
"""Names of countries are understood, and can be written, in these and in English."""

Language = Literal[
    "en", "cs", "da", "de", "es", "fi", "fr", "hu", "it", "ja", "nb_NO", "nl", "pl", "pt", "ru", "sv", "tr"
]

LONGEST = 200

_ALSO = {
    "GB": "uk, great britain, united kingdom of great britain",
    "US": "america, united states america",
    "GR": "el, hellas",
    "TR": "turkey",
    "RU": "russia",
    "NL": "holland",
    "CI": "ivory coast",
    "MM": "burma",
    "SZ": "swaziland",
    "CV": "cape verde",
    "MK": "macedonia",
    "LA": "laos",
    "SY": "syria",
    "BN": "brunei",
    "KP": "north korea",
    "KR": "south korea, korea",
    "CD": "dr congo",
    "PS": "palestine",
    "VA": "vatican",
}
"""What people write besides the names and codes of ISO."""

_PLACES: Any = pycountry.subdivisions
_WORDS = re.compile(r"[\W_]+")
_BRACKETS = re.compile(r"([^\[\]()]*)[\[(]([^\[\]()]*)[\])]")
_CODE_AT_END = re.compile(r" [A-Z]{2}-[A-Z0-9]{1,3}$")


def fold(text: str) -> str:
    """The words of a name without accents, capitals and punctuation, so that spellings can be compared."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("&", " and ").replace("\u0131", "i"))
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter)).replace(".", "")
    return " ".join(word for word in _WORDS.sub(" ", letters).split() if word != "the")


@lru_cache(maxsize=4096)
def find_country(text: str) -> Any | None:
    """The country of this name or code, as pycountry has it; None if there is none."""
    code = _countries().get(fold(text[:LONGEST]))
    return pycountry.countries.get(alpha_2=code) if code else None


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, str]:
    """The two-letter code by each folded name or code; ISO's own come before translations."""
    found: dict[str, str] = {}
    for key, code in (*_own_keys(), *_translated_keys()):
        found.setdefault(fold(key), code)
    found.pop("", None)
    return found


def _own_keys() -> Iterator[tuple[str, str]]:
    for country in pycountry.countries:
        names = ("alpha_2", "alpha_3", "numeric", "name", "common_name", "official_name")
        yield from ((getattr(country, name), country.alpha_2) for name in names if getattr(country, name, None))
        # “Korea, Republic of” is also “Republic of Korea”.
        yield " ".join(reversed(country.name.split(", "))), country.alpha_2
    for code, names_also in _ALSO.items():
        yield from ((name, code) for name in names_also.split(", "))


def _translated_keys() -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        translate = translation(language).gettext
        for country in pycountry.countries:
            for name in (country.name, getattr(country, "common_name", country.name)):
                yield translate(name), country.alpha_2


@lru_cache(maxsize=len(LANGUAGES) + 1)
def translation(language: str) -> gettext.NullTranslations:
    """The names of countries in a language; English ones are the keys."""
    return gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language], fallback=True)


@lru_cache(maxsize=4096)
def find_subdivision(text: str, country: str) -> Any | None:
    """The subdivision of this name or code within a country (two letters), or anywhere if that is "".

    A name that several have is that of the one above the others, or of none. “California, USA” brings its country.
    """
    short = text[:LONGEST]
    name, _, rest = short.rpartition(",")
    of = find_country(rest) if name else None
    with_country = _by_key(fold(name), of.alpha_2) if of and country in {"", of.alpha_2} else None
    return with_country or _by_key(fold(short), country)


def _by_key(key: str, country: str) -> Any | None:
    code = _subdivisions().get((country, key))
    return _PLACES.get(code=code) if code else None


@lru_cache(maxsize=1)
def _subdivisions() -> Mapping[tuple[str, str], str]:
    """The ISO code by country (or "") and folded name or code; what several share stays out."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    tops: dict[tuple[str, str], set[str]] = defaultdict(set)
    for place in _PLACES:
        for country, key in _subdivision_keys(place):
            found[country, fold(key)].add(place.code)
            if place.parent_code is None:
                tops[country, fold(key)].add(place.code)
    single = {key: next(iter(codes)) for key, codes in found.items() if len(codes) == 1 and key[1]}
    return {key: next(iter(codes)) for key, codes in tops.items() if len(codes) == 1 and key[1]} | single


def _subdivision_keys(place: Any) -> Iterator[tuple[str, str]]:
    yield from (("", place.code), (place.country_code, place.code))
    yield place.country_code, place.code.partition("-")[2]
    for name in _spellings(place.name):
        yield from ((place.country_code, name), ("", name))


def _spellings(name: str) -> Iterator[str]:
    """“Catalunya [Cataluña]” is both, “Asturias, Principado de” also Asturias and Principado de Asturias."""
    brackets = _BRACKETS.fullmatch(name.strip())
    for part in brackets.groups() if brackets else (name,):
        spelled = _CODE_AT_END.sub("", part).strip()
        head, comma, rest = spelled.partition(", ")
        yield from (spelled, head, f"{rest} {head}") if comma and "," not in rest else (spelled,)
