"""The provider: public companies by name, website or e-mail domain, offline and free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from lsync_company_directory.catalogue import CATALOGUE, spell_values
from lsync_company_directory.companies import Company, load_companies
from lsync_company_directory.matching import Matcher
from lsync_company_directory.rates import Currency
from lsync_flask.plugin_api import Answer, Answers, Call, Catalogue, Field, Http, Inquiry, Limits, Provider, Ticket


@dataclass(frozen=True)
class Directory:
    """The companies, their index, and what is returned for each."""

    companies: Sequence[Company]
    matcher: Matcher
    values: Sequence[Mapping[str, Any]]


@cache
def _index() -> tuple[Sequence[Company], Matcher]:
    companies = load_companies()
    return companies, Matcher(companies)


@cache
def open_directory(currency: str) -> Directory:
    """Read once per process, at the first question."""
    companies, matcher = _index()
    return Directory(companies, matcher, [spell_values(company, currency) for company in companies])


class CompanyDirectory(Provider):
    """Some 1,800 real public companies of the world's stock indexes, from a list that comes with the plugin.

    It answers at once, needs no network and costs nothing; a credit is counted for each match, so that budgets can be
    tried out. A company is found by its website, by the domain of an e-mail address, or by its name.
    """

    name = "company-directory"
    label = "Company directory (public companies, offline)"
    api = 1
    idempotency = "natural"
    max_per_call = 500

    currency: Currency = Field(
        default="USD",
        title="Currency of your org",
        description="The output “Revenue in your currency” is converted to it; “Revenue, as reported” never is.",
    )

    def catalogue(self) -> Catalogue:
        return CATALOGUE

    def limits(self) -> Limits:
        # It works in our own process, where more threads would not make it quicker.
        return Limits(concurrency=2)

    def submit(self, call: Call, http: Http) -> Answers | Ticket:
        del http
        directory = open_directory(self.currency)
        answers = [_answer(directory, inquiry) for inquiry in call.inquiries]
        return Answers(answers, credits=sum(answer.matched for answer in answers))

    def check(self, http: Http) -> str:
        del http
        return f"The directory is ready: {len(open_directory(self.currency).companies):,} companies."


def _answer(directory: Directory, inquiry: Inquiry) -> Answer:
    given = inquiry.inputs
    match = directory.matcher.find(
        name=given.get("company_name", ""),
        website=given.get("website", ""),
        email=given.get("email", ""),
        country=given.get("country", ""),
    )
    if match is None:
        return Answer(inquiry.key, matched=False)
    # A copy for each answer, so that nobody can change what the directory holds.
    return Answer(inquiry.key, matched=True, values={**directory.values[match.number]}, confidence=match.confidence)
