"""What the directory takes and what it returns."""

from collections.abc import Mapping
from typing import Any

from lsync_company_directory.companies import Company
from lsync_company_directory.places import NAMES
from lsync_company_directory.rates import YEAR, convert
from lsync_flask.plugin_api import Catalogue, ProviderField

INDUSTRIES = (
    "Agriculture;Apparel;Banking;Biotechnology;Chemicals;Communications;Construction;Consulting;Education;Electronics;"
    "Energy;Engineering;Entertainment;Environmental;Finance;Food & Beverage;Government;Healthcare;Hospitality;"
    "Insurance;Machinery;Manufacturing;Media;Not For Profit;Recreation;Retail;Shipping;Technology;Telecommunications;"
    "Transportation;Utilities;Other"
)

INPUTS = (
    ProviderField(
        "company_name",
        "Company name",
        sample="Siemens AG",
        help="Legal form, case, accents and punctuation do not matter.",
        default_targets={"Lead": "Company", "Contact": "Account.Name", "Account": "Name"},
    ),
    ProviderField(
        "website",
        "Website",
        "url",
        sample="www.siemens.com",
        default_targets={"Lead": "Website", "Contact": "Account.Website", "Account": "Website"},
    ),
    ProviderField(
        "email",
        "E-mail",
        "email",
        sample="ada@siemens.com",
        help="Only what stands behind the @ is used, and only if not everybody can get a mailbox there.",
        default_targets={"Lead": "Email", "Contact": "Email"},
    ),
    ProviderField(
        "country",
        "Country",
        sample="Germany",
        help="Tells companies of the same name apart, by name or ISO code.",
        default_targets={"Lead": "Country", "Contact": "Account.BillingCountry", "Account": "BillingCountry"},
    ),
)


def _same(target: str) -> Mapping[str, str]:
    return {"Lead": target, "Account": target}


def _address(part: str) -> Mapping[str, str]:
    return {"Lead": part, "Contact": f"Mailing{part}", "Account": f"Billing{part}"}


OUTPUTS = (
    ProviderField("name", "Company name", length=255, sample="Siemens"),
    ProviderField("website", "Website", "url", 255, sample="https://siemens.com", default_targets=_same("Website")),
    ProviderField("domain", "Domain", length=255, sample="siemens.com"),
    ProviderField(
        "industry",
        "Industry",
        "picklist",
        40,
        sample="Manufacturing",
        values=tuple(INDUSTRIES.split(";")),
        help="A value of Salesforce's default Industry picklist, chosen from the labels in Industries.",
        default_targets=_same("Industry"),
    ),
    ProviderField("industries", "Industries", sample="Conglomerate; Industrials", help="A list, as indexes name them."),
    ProviderField("employees", "Employees", "int", sample="327000"),
    ProviderField(
        "employees_text",
        "Employees, as published",
        length=255,
        sample="327,000 (2024)",
        help="Only where the first number in the text is the head count.",
        default_targets=_same("NumberOfEmployees"),
    ),
    ProviderField(
        "revenue_converted",
        "Revenue in your currency",
        "currency",
        sample="82190000000",
        help=f"In the currency of the settings, at a rough average rate of {YEAR} and to four digits.",
        default_targets=_same("AnnualRevenue"),
    ),
    ProviderField("revenue", "Revenue, as reported", "double", sample="75930000000", help="See its currency."),
    ProviderField("revenue_currency", "Revenue currency", length=3, sample="EUR"),
    ProviderField("revenue_text", "Revenue, as published", length=255, sample="€75.93 billion (2024)"),
    ProviderField("headquarters", "Headquarters, as published", length=255, sample="Munich, Germany"),
    ProviderField(
        "headquarters_city", "Headquarters city", length=40, sample="Munich", default_targets=_address("City")
    ),
    ProviderField(
        "headquarters_state",
        "Headquarters state",
        length=80,
        sample="California",
        help="For the United States only.",
        default_targets=_address("State"),
    ),
    ProviderField("country", "Country", length=80, sample="Germany", default_targets=_address("Country")),
    ProviderField("country_code", "Country code", length=2, sample="DE", help="ISO 3166, two letters."),
    ProviderField("founded", "Founded", length=4, sample="1847", default_targets={"Account": "YearStarted"}),
    ProviderField("ticker", "Ticker symbol", length=20, sample="SIE.DE", default_targets={"Account": "TickerSymbol"}),
    ProviderField("isin", "ISIN", length=12, sample="DE0007236101"),
    ProviderField("company_type", "Company type", length=255, sample="Public"),
    ProviderField("wikipedia_url", "Wikipedia page", "url", 255, sample="https://en.wikipedia.org/wiki/Siemens"),
)

CATALOGUE = Catalogue(INPUTS, OUTPUTS, (frozenset({"company_name"}), frozenset({"website"}), frozenset({"email"})))


def spell_values(company: Company, currency: str) -> Mapping[str, Any]:
    """What is returned for a company: only what is known of it."""
    revenue = company.revenue
    values: dict[str, Any] = {
        "name": company.name,
        "website": company.website,
        "domain": company.domains[0] if company.domains else None,
        "industry": company.industry,
        "industries": company.industries or None,
        "employees": company.employees,
        "employees_text": company.employees_text,
        "revenue_converted": convert(revenue, currency) if revenue else None,
        "revenue": revenue.amount if revenue else None,
        "revenue_currency": revenue.currency if revenue else None,
        "revenue_text": company.revenue_text,
        "headquarters": company.headquarters,
        "headquarters_city": company.place.city,
        "headquarters_state": company.place.state,
        "country": NAMES.get(company.place.country or ""),
        "country_code": company.place.country,
        "founded": str(company.founded) if company.founded else None,
        "ticker": company.ticker,
        "isin": company.isin,
        "company_type": company.company_type,
        "wikipedia_url": company.wikipedia_url,
    }
    return {name: value for name, value in values.items() if value is not None}
