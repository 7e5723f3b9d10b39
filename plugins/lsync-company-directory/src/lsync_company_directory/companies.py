"""The companies of the package pytickersymbols, each with its facts read and checked."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytickersymbols import PyTickerSymbols

from lsync_company_directory.figures import Money, read_count, read_money, read_year, tidy
from lsync_company_directory.industries import pick_industry
from lsync_company_directory.names import name_key
from lsync_company_directory.places import NAMES, Place, country_code, read_place
from lsync_company_directory.rates import convert
from lsync_company_directory.sites import read_sites

_FIGURE = re.compile(r"[0-9]+(?:[,. ][0-9]+)*")

# A head count that small beside a revenue that large is that of a holding company's office.
MOST_DOLLARS_EACH = 150_000_000


@dataclass(frozen=True)
class Company:
    """One public company; None for what is not known.

    `domains` are those that stand for it alone, `countries` the codes of all that it is tied to.
    """

    name: str
    website: str | None = None
    domains: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    industry: str | None = None
    employees_text: str | None = None
    employees: int | None = None
    revenue_text: str | None = None
    revenue: Money | None = None
    headquarters: str | None = None
    place: Place = field(default_factory=Place)
    countries: frozenset[str] = frozenset()
    founded: int | None = None
    ticker: str | None = None
    isin: str | None = None
    company_type: str | None = None
    wikipedia_url: str | None = None


def load_companies() -> tuple[Company, ...]:
    """All companies, by name. Several classes of one company's shares are one company."""
    by_key: defaultdict[str, list[Company]] = defaultdict(list)
    for stock in PyTickerSymbols().get_all_stocks():
        if stock.get("name"):
            company = read_company(stock)
            _add(by_key[name_key(company.name).strict], company)
    companies = (company for namesakes in by_key.values() for company in namesakes)
    return tuple(sorted(companies, key=lambda company: (company.name.casefold(), company.ticker or "")))


def _add(namesakes: list[Company], company: Company) -> None:
    """Keep the better known of two entries of one company; namesakes stay apart."""
    for place, known in enumerate(namesakes):
        if _is_same(known, company):
            namesakes[place] = max(known, company, key=_weight)
            return
    namesakes.append(company)


def _is_same(one: Company, other: Company) -> bool:
    is_tied = bool(set(one.domains) & set(other.domains)) or (one.isin is not None and one.isin == other.isin)
    return is_tied or one.name.casefold() == other.name.casefold()


def _weight(company: Company) -> int:
    return sum(value is not None for value in vars(company).values()) + len(company.domains)


def read_company(stock: Mapping[str, Any]) -> Company:
    """One entry as the package has it."""
    facts: Mapping[str, Any] = stock.get("metadata") or {}
    place = _place(stock, facts)
    isins: Sequence[str] = stock.get("isins") or ()
    name = tidy(stock["name"]).split(" (")[0]
    website, domains = read_sites(tidy(facts.get("website") or ""), frozenset(name.lower().split()))
    revenue = read_money(facts.get("revenue", ""), NAMES.get(place.country or ""))
    employees = _employees(facts.get("employees", ""), revenue)
    return Company(
        name=name,
        website=website,
        domains=domains,
        industries=tuple(label for label in map(tidy, stock.get("industries") or ()) if label),
        industry=pick_industry(stock.get("industries") or ()),
        employees_text=_count_text(_text(facts.get("employees")), employees),
        employees=employees,
        revenue_text=_text(facts.get("revenue")),
        revenue=revenue,
        headquarters=_text(facts.get("headquarters")),
        place=place,
        countries=_countries(stock, place, isins),
        founded=read_year(facts.get("founded", "")),
        ticker=_text(stock.get("symbol")),
        isin=isins[0] if isins else None,
        company_type=_text(facts.get("company_type")),
        wikipedia_url=_text(facts.get("wikipedia_url")),
    )


def _text(raw: object) -> str | None:
    return tidy(raw) or None if raw is not None else None


def _place(stock: Mapping[str, Any], facts: Mapping[str, Any]) -> Place:
    seat = read_place(facts.get("headquarters"))
    listed = read_place(stock.get("country"))
    if seat.country is None and (seat.city is None or seat.city == listed.city):
        return listed
    return Place(seat.city, seat.state, seat.country or listed.country)


def _countries(stock: Mapping[str, Any], place: Place, isins: Sequence[str]) -> frozenset[str]:
    listed = read_place(stock.get("country")).country
    codes = {place.country, listed, *(isin[:2] for isin in isins)}
    return frozenset(code for code in codes if code and code in NAMES)


def _employees(raw: object, revenue: Money | None) -> int | None:
    count = read_count(raw)
    if count is None or revenue is None:
        return count
    return count if convert(revenue, "USD") / count <= MOST_DOLLARS_EACH else None


def _count_text(text: str | None, count: int | None) -> str | None:
    """The text, if whoever reads the first number in it gets the head count.

    `14.046` and `8,056 (44,495 consolidated)` would mislead.
    """
    found = _FIGURE.search(text or "")
    return text if found and count is not None and found[0] in {str(count), f"{count:,}"} else None


def same_country(company: Company, country: str) -> bool | None:
    """Is the company tied to this country? None when either is not known."""
    code = country_code(country)
    return code in company.countries if code and company.countries else None
