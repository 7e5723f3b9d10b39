"""One record of the enrichment gateway (v4): what is taken, and what is told of the person and the company."""

from collections.abc import Mapping
from typing import Any

from lsync_flask.simulator.companies import Company
from lsync_flask.simulator.matching import Match, Matcher

__all__ = ["answer_record", "is_valid"]

Json = dict[str, Any]
_LEVELS = ((95, "HIGH"), (85, "MEDIUM"), (70, "LOW"), (0, "VERY LOW"))
_EMPLOYEES = ((10, "1-9"), (50, "10-49"), (250, "50-249"), (1000, "250-999"), (10_000, "1,000-9,999"))
_REVENUES = ((10**6, "< 1M"), (10**7, "1M-10M"), (10**8, "10M-100M"), (10**9, "100M-1B"), (10**10, "1B-10B"))


def is_valid(record: Mapping[str, Any]) -> bool:
    """Whether there is anything to look for: a company's name or website, or an e-mail address, each a text."""
    person, company = _part(record, "person"), _part(record, "company")
    texts = [company.get("name"), company.get("website"), person.get("email")]
    return all(text is None or isinstance(text, str) for text in texts) and any(texts)


def answer_record(record: Mapping[str, Any], matcher: Matcher) -> Json:
    """The data of a record; `enrichment_status` says what was found."""
    person, company = _part(record, "person"), _part(record, "company")
    match = matcher.find(
        company=company.get("name") or "", website=company.get("website") or "", email=person.get("email") or ""
    )
    if match is None:
        return {"enrichment_status": "Not Enriched", "person": None, "company": None}
    domain = str(person.get("email") or "").rpartition("@")[2].lower()
    known = _person(person) if domain and domain == match.company.domain else None
    return {
        "enrichment_status": "Person & Company Enriched" if known else "Company Enriched",
        "person": known,
        "company": _company(match),
    }


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, dict) else {}


def _person(person: Mapping[str, Any]) -> Json:
    # The directory knows no people; what can be said is that the address belongs to the company.
    told = {name: person[name] for name in ("first_name", "last_name", "title") if person.get(name)}
    address = str(person["email"]).strip().lower()
    return {**told, "email": address, "original_email": person["email"], "verification_source": "Email"}


def _company(match: Match) -> Json:
    company = match.company
    told = {
        "ug_company_id": f"UG-{company.ticker or company.name}",
        "name": company.name,
        "website": company.website,
        "industry": company.industry,
        "address": _some({"country": company.country, "state": company.state, "city": company.city}),
        "employees": _sized(company.employees, _EMPLOYEES, "10,000+"),
        "revenue_dollar": _sized(company.revenue, _REVENUES, "> 10B"),
        "matching_confidence": {"level": _level(match.confidence)},
        "primary_location": _location(company),
    }
    return _some(told)


def _some(values: Mapping[str, Any]) -> Json:
    return {name: value for name, value in values.items() if value not in (None, {}, "")}


def _sized(exact: int | None, ranges: tuple[tuple[int, str], ...], most: str) -> Json:
    if exact is None:
        return {}
    return {"exact": exact, "range": next((name for below, name in ranges if exact < below), most)}


def _level(confidence: int) -> str:
    return next(name for least, name in _LEVELS if confidence >= least)


def _location(company: Company) -> str:
    return ", ".join(part for part in (company.city, company.state, company.country) if part)
