"""Headquarters as free text, read as city, state and country. What is not certain is left out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

LONGEST_CITY = 40
MOST_WORDS = 4


def _phrases(text: str) -> frozenset[str]:
    return frozenset(" ".join(part.split()) for part in text.split(";"))


COUNTRIES = {
    name: code
    for code, name in (
        pair.split(" ", 1)
        for pair in """AR Argentina;AT Austria;AU Australia;BE Belgium;BM Bermuda;BR Brazil;BS Bahamas;CA Canada;
    CH Switzerland;CN China;CZ Czechia;DE Germany;DK Denmark;ES Spain;FI Finland;FR France;
    GB United Kingdom;GG Guernsey;GR Greece;HK Hong Kong;HU Hungary;IE Ireland;IL Israel;IM Isle of Man;
    IN India;IT Italy;JE Jersey;JP Japan;KR South Korea;KY Cayman Islands;LI Liechtenstein;LU Luxembourg;
    MX Mexico;NL Netherlands;NO Norway;NZ New Zealand;PA Panama;PL Poland;PT Portugal;RU Russia;SE Sweden;
    SG Singapore;TR Turkey;TW Taiwan;US United States;ZA South Africa""".replace("\n    ", "").split(";")
    )
}
NAMES = {code: name for name, code in COUNTRIES.items()}
_ALSO = {
    "us": "US",
    "usa": "US",
    "america": "US",
    "united states of america": "US",
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "the netherlands": "NL",
    "holland": "NL",
    "deutschland": "DE",
    "frankreich": "FR",
    "schweiz": "CH",
    "suisse": "CH",
    "svizzera": "CH",
    "osterreich": "AT",
    "österreich": "AT",
    "espana": "ES",
    "españa": "ES",
    "italia": "IT",
    "belgique": "BE",
    "belgië": "BE",
    "sverige": "SE",
    "suomi": "FI",
    "nippon": "JP",
    "czech republic": "CZ",
    "russian federation": "RU",
    "republic of ireland": "IE",
    "puerto rico": "US",
}
_CODES = {name.lower(): code for name, code in COUNTRIES.items()} | _ALSO | {code.lower(): code for code in NAMES}

US_STATES = _phrases(
    """Alabama;Alaska;Arizona;Arkansas;California;Colorado;Connecticut;Delaware;Florida;Georgia;Hawaii;Idaho;Illinois;
    Indiana;Iowa;Kansas;Kentucky;Louisiana;Maine;Maryland;Massachusetts;Michigan;Minnesota;Mississippi;Missouri;Montana;
    Nebraska;Nevada;New Hampshire;New Jersey;New Mexico;New York;North Carolina;North Dakota;Ohio;Oklahoma;Oregon;
    Pennsylvania;Puerto Rico;Rhode Island;South Carolina;South Dakota;Tennessee;Texas;Utah;Vermont;Virginia;Washington;
    West Virginia;Wisconsin;Wyoming"""
)
_REGIONS = _phrases(
    """Baden-Württemberg;Bavaria;Upper Bavaria;Brandenburg;Hesse;Lower Saxony;North Rhine-Westphalia;
    Rhineland-Palatinate;Saarland;Saxony;Saxony-Anhalt;Schleswig-Holstein;Thuringia;England;Scotland;Wales;Berkshire;
    Surrey;Hertfordshire;Hampshire;Kent;Essex;Cheshire;Buckinghamshire;Bedfordshire;Oxfordshire;Cambridgeshire;
    West Sussex;West Yorkshire;North Yorkshire;Warwickshire;Staffordshire;Greater London;Île-de-France;Hauts-de-Seine;
    Auvergne-Rhône-Alpes;Hauts-de-France;Andalusia;Catalonia;Galicia;Basque Country;Biscay;Navarre;Community of Madrid;
    Lombardy;Emilia-Romagna;Flanders;Wallonia;North Holland;South Holland;North Brabant;Gelderland;Ontario;Quebec;
    British Columbia;Alberta;Vorarlberg;Upper Austria;Styria;Vaud;Aargau;Canton of Zug;Canton of Vaud;Baselland;Schwyz;
    Kanagawa;Aichi;Hyogo;Hyōgo;Ibaraki;Ishikawa;Iwate;Kagawa;Mie;Miyagi;Shiga;Shimane;Tochigi;Yamanashi;Ehime;Okinawa;
    Gunma;Hokkaido;Uusimaa;Essonne;New South Wales;Greater Manchester;North-East Region;Kirchberg"""
)
# Names of a wider place and of a town: with another place before them it is not certain which is the town.
_EITHER = _phrases(
    """Zug;Zürich;Basel;Bern;Geneva;Lucerne;St. Gallen;Schaffhausen;Osaka;Kyoto;Fukuoka;Hiroshima;Nagano;Okayama;
    Shizuoka;Toyama;Niigata;Gifu;Chiba;Saitama;Nara;Wakayama;Fukushima;Fukui;Kumamoto;Nagasaki;Yamaguchi;Barcelona;
    Madrid;Valencia;Seville;Antwerp;Luxembourg;Utrecht;Groningen;Cork;Dublin"""
)
# Nobody lives in a town of such a name: it is a building, a district, a remark, or two towns.
_BUILDING = re.compile(
    r"\b(?:and|near|formerly|mailing|ave|blvd|mart|central|strip|distrito"
    r"|tower|towers|plaza|building|center|centre|avenue|street|road|drive|boulevard|campus|house|square|lane|district"
    r"|headquarters|office|offices|prefecture|county|unincorporated|parkway|yards|broadway|wharf|airport|base|mansion"
    r"|arrondissement|township|suite|floor|way|canton|ward|island|legal|province|chome|industrial)\b",
    re.IGNORECASE,
)
_CITY = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'\u2019-]){1,39}")
_COORDINATES = re.compile(r"\(?\s*\d+°.*", re.DOTALL)
_NOTE_FIRST = re.compile(r"^\s*\([^)]*\)\s*:?")
_POSTCODE = re.compile(r"(?<![\w-])\d[\d-]{3,}(?![\w-])")
_SAME_CITY = {"New York City": "New York", "Luxembourg City": "Luxembourg", "Kyōto": "Kyoto", "Ōsaka": "Osaka"}
_CAPITALS = {"Tokyo": "JP", "London": "GB", "Paris": "FR", "Madrid": "ES", "Berlin": "DE"}
_WARD = re.compile(r"-k[uū]$|\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a company sits; None for each part that the text does not say for certain. `country` is an ISO code."""

    city: str | None = None
    state: str | None = None
    country: str | None = None


@lru_cache(maxsize=4096)
def country_code(text: str) -> str | None:
    """The ISO code of `Germany`, `U.S.`, `DE` or `Deutschland`; None if the country is unknown here."""
    return _CODES.get(" ".join(text.replace(".", "").split()).lower())


def read_place(text: str | None) -> Place:
    """City, state and country of a headquarters such as `Hunt Valley, Maryland , U.S.`.

    Of a text that names several places only the first is read.
    """
    parts = _first_place(_parts(text or ""))
    country: str | None = None
    state: str | None = None
    while parts:
        last = parts[-1].strip(" .;/")
        code = country_code(last)
        if last in US_STATES and state is None and country in {None, "US"}:
            state, country = last, "US"
        elif code and country in {None, code}:
            country = code
        else:
            break
        parts.pop()
    city = _city(parts, country)
    return Place(city, state, country or _CAPITALS.get(city or ""))


def _first_place(parts: list[str]) -> list[str]:
    """Cut behind the first country: `Tempe`, `Arizona`, `U.S. Prague`, `Czech Republic` names two places."""
    for number, part in enumerate(parts):
        words = part.split()
        if number and words[0] == "and":
            return parts[:number]
        for count in range(1, len(words)):
            # Jersey City and Mexico City are towns.
            if country_code(" ".join(words[:count])) and words[count] != "City":
                return [*parts[:number], " ".join(words[:count])]
    return parts


def _parts(text: str) -> list[str]:
    first = _COORDINATES.sub("", _NOTE_FIRST.sub("", text)).split("(", maxsplit=1)[0]
    clean = _POSTCODE.sub(" ", first.replace("\ufeff", " "))
    parts = [" ".join(part.split()) for part in clean.split(",") if part.strip(" .;/")]
    return [*parts[:-1], *_without_comma(parts[-1])] if parts else []


def _without_comma(last: str) -> list[str]:
    """`Tokyo` and `Japan` of `Tokyo Japan`; a name that ends like a country, as New Jersey does, stays whole."""
    words = last.split()
    if last in US_STATES or country_code(last):
        return [last]
    for count in range(len(words) - 1, 0, -1):
        if country_code(" ".join(words[-count:])):
            return [" ".join(words[:-count]), " ".join(words[-count:])]
    return [last]


def _city(parts: Sequence[str], country: str | None) -> str | None:
    names = [part.strip(" .;/") for part in parts]
    while names[1:] and names[-1].removesuffix(" Prefecture") in _REGIONS:
        names.pop()
    if not names or (names[-1] in _EITHER and _has_town_before(names)):
        return None
    name = _SAME_CITY.get(names[-1], names[-1])
    return name if _is_city(name, country) else None


def _has_town_before(names: Sequence[str]) -> bool:
    return len(names) > 1 and not _WARD.search(names[-2]) and not _BUILDING.search(names[-2])


def _is_city(name: str, country: str | None) -> bool:
    is_word = bool(_CITY.fullmatch(name)) and len(name) <= LONGEST_CITY and len(name.split()) <= MOST_WORDS
    is_wider = (
        name in _REGIONS or name in US_STATES - {"New York", "Washington"} or country_code(name) not in {None, "LU"}
    )
    return (
        is_word
        and not name.isupper()
        and not is_wider
        and not _BUILDING.search(name)
        and not (country == "JP" and name.endswith(("-ku", "-shi", "-gun", "chō")))
    )
