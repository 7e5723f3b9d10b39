"""The public companies that the org's accounts are made from: real names and figures of the package pytickersymbols."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pytickersymbols import PyTickerSymbols

from lsync_flask.simulator.facts import (
    Place,
    country_of_isin,
    domain_of,
    read_count,
    read_country,
    read_dollars,
    read_host,
    read_place,
)
from lsync_flask.simulator.industries import pick_industry


@dataclass(frozen=True, slots=True)
class Company:
    """What is publicly known of one company; None for what is not. Revenue is in whole US dollars."""

    name: str
    ticker: str | None = None
    country: str | None = None
    state: str | None = None
    city: str | None = None
    industry: str | None = None
    employees: int | None = None
    revenue: int | None = None
    website: str | None = None
    domain: str | None = None
    founded: int | None = None


@cache
def load_companies() -> tuple[Company, ...]:
    """All companies of the directory, by name; the same ones in the same order each time."""
    stocks = [stock for stock in PyTickerSymbols().get_all_stocks() if stock.get("name")]
    return tuple(sorted((read_company(stock) for stock in stocks), key=lambda company: company.name.lower()))


def read_company(stock: Mapping[str, Any]) -> Company:
    """One entry of the directory, its free texts read as far as they can be."""
    facts: Mapping[str, Any] = stock.get("metadata") or {}
    place = read_place(facts.get("headquarters"))
    host = read_host(facts.get("website"))
    return Company(
        name=_name(stock["name"]),
        ticker=stock.get("symbol"),
        country=_country(stock, place),
        state=place.state,
        city=place.city,
        industry=pick_industry(stock.get("industries") or ()),
        employees=read_count(facts.get("employees")),
        revenue=read_dollars(facts.get("revenue")),
        website=f"https://{host}" if host else None,
        domain=domain_of(host) if host else None,
        founded=_year(facts.get("founded")),
    )


def _name(text: str) -> str:
    # The encyclopaedia tells namesakes apart by a note, as in "PTC (software company)", which nobody types into an org.
    return " ".join(text.split("(", maxsplit=1)[0].split()) or text


def _country(stock: Mapping[str, Any], place: Place) -> str | None:
    return place.country or read_country(stock.get("country")) or country_of_isin(stock.get("isins"))


def _year(text: str | int | None) -> int | None:
    digits = "".join(character if character.isdigit() else " " for character in str(text or ""))
    years = (int(part) for part in digits.split() if len(part) == len("1988"))
    return next(years, None)
