"""The catalogue of the Leadspace enrichment API, version 4: what it takes and returns, with types.

Each output's name is its path in a record's answer. Facts: the vendor's description of version 4, as condensed in the
project's notes; a field that a contract does not hold simply stays blank.
"""

from collections.abc import Iterator

from lsync_flask.plugin_api import FieldType, ProviderField

LEVELS = ("HIGH", "MEDIUM", "LOW", "VERY LOW")
_MAIL_STATES = ("VALID", "INVALID", "UNKNOWN", "CATCH-ALL")
_INTENT_LEVELS = ("High", "Medium", "Low", "NO_INTENT")
_JOB_LEVELS = ("C Level", "Board Level", "VP Level", "Director Level", "Manager Level", "Staff Level")
_EMPLOYEES = ("1-9", "10-49", "50-249", "250-999", "1,000-9,999", "10,000+")
_REVENUES = ("< 1M", "1M-10M", "10M-100M", "100M-1B", "1B-10B", "> 10B")
_FOUND = ("Not Enriched", "Company Enriched", "Person Enriched", "Person & Company Enriched")

_ADDRESS = ("country", "state", "city", "region", "address", "zipcode")
FAMILY = {
    "SITE": "Site",
    "DU": "Domestic ultimate",
    "GU": "Global ultimate",
    "PARENT": "Parent",
    "HQ": "Headquarters",
    "SU": "Segment ultimate",
}
"""The companies of a family tree by the `type` under which they are listed."""
_OF_FAMILY = ("name", "ls_id", "website", "phone", "sic", "naics", *(f"address.{part}" for part in _ADDRESS))
_DEPARTMENTS = (
    "hr",
    "sales",
    "mgmt",
    "product_mgmt",
    "it",
    "administration",
    "marketing",
    "operations",
    "rnd",
    "business_dev",
    "finance",
)
_TYPES: dict[str, FieldType] = {"website": "url", "phone": "phone"}


def _one(
    name: str,
    label: str,
    kind: FieldType = "string",
    length: int | None = None,
    values: tuple[str, ...] = (),
    sample: str | None = None,
    **targets: str,
) -> ProviderField:
    long = 255 if kind in {"string", "url"} else None
    return ProviderField(name, label, kind, length or long, sample=sample, values=values, default_targets=targets)


INPUTS = (
    _one("person.first_name", "First name", length=80, Lead="FirstName", Contact="FirstName"),
    _one("person.last_name", "Last name", length=80, Lead="LastName", Contact="LastName"),
    _one("person.email", "E-mail", "email", Lead="Email", Contact="Email"),
    _one("person.title", "Title", Lead="Title", Contact="Title"),
    _one("person.person_phone", "Phone", "phone", Lead="Phone", Contact="Phone"),
    _one("person.person_country", "Country of the person"),
    _one("person.linkedinUrl", "LinkedIn profile of the person", "url"),
    _one("company.lsid", "Leadspace id of the company", length=64),
    _one("company.ugLsid", "Leadspace UG id of the company", length=64),
    _one("company.name", "Company", Lead="Company", Contact="Account.Name", Account="Name"),
    _one("company.website", "Website", "url", Lead="Website", Contact="Account.Website", Account="Website"),
    _one("company.companyLinkedinUrl", "LinkedIn page of the company", "url"),
    _one("company.phone", "Phone of the company", "phone", Account="Phone"),
    _one("company.address.country", "Country", Lead="Country", Contact="MailingCountry", Account="BillingCountry"),
    _one("company.address.state", "State", Lead="State", Contact="MailingState", Account="BillingState"),
    _one("company.address.city", "City", Lead="City", Contact="MailingCity", Account="BillingCity"),
    _one("company.address.street", "Street", Lead="Street", Contact="MailingStreet", Account="BillingStreet"),
    _one(
        "company.address.postalcode",
        "Postal code",
        Lead="PostalCode",
        Contact="MailingPostalCode",
        Account="BillingPostalCode",
    ),
)
MINIMUM = tuple(
    frozenset({name}) for name in ("company.name", "company.website", "person.email", "company.lsid", "company.ugLsid")
)

_RECORD = (
    _one("enrichment_status", "Enrichment status", "picklist", values=_FOUND),
    _one("cdi_matched", "CDI matched"),
    _one("max_positive_total_score_profiles", "Best personas in total", "longtextarea"),
)

_PERSON = (
    _one("person.ug_person_id", "Person id", length=64),
    _one("person.first_name", "First name", length=80, Lead="FirstName", Contact="FirstName"),
    _one("person.last_name", "Last name", length=80, Lead="LastName", Contact="LastName"),
    _one("person.title", "Title", Lead="Title", Contact="Title"),
    _one("person.department", "Department", length=80, Contact="Department"),
    _one("person.level", "Job level", "picklist", values=_JOB_LEVELS),
    _one("person.email", "E-mail", "email", Lead="Email", Contact="Email"),
    _one("person.original_email", "E-mail as sent", "email"),
    _one("person.original_email_verification_status", "E-mail as sent: state", "picklist", values=_MAIL_STATES),
    _one("person.verification_status", "Verification", "picklist", values=("Verified", "Moved", "Not Verified")),
    _one("person.verification_source", "Verified by", "picklist", values=("Social", "Email", "Social & Email")),
    _one("person.linkedin_profile", "LinkedIn profile", "url"),
    _one("person.phone", "Phone", "phone", Lead="Phone", Contact="Phone"),
    *(_one(f"person.person_mobile_phone_{n}", f"Mobile phone {n}", "phone") for n in (1, 2, 3)),
    _one("person.is_retired", "Retired", "boolean"),
    *(_one(f"person.address.{part}", f"Person: {part}") for part in _ADDRESS),
    _one("person.analytics.job_functions", "Job functions", "longtextarea"),
    _one("person.analytics.technologies", "Technologies of the person", "longtextarea"),
    _one("person.analytics.max_positive_score_profiles", "Best personas", "longtextarea"),
    _one("person.matching_confidence.level", "Match of the person", "picklist", values=LEVELS),
)

_COMPANY = (
    _one("company.ug_company_id", "Company id", length=64),
    _one("company.ls_id", "Company id (legacy)", length=64),
    _one("company.name", "Company", Lead="Company", Account="Name"),
    _one("company.original_name", "Company as sent"),
    _one("company.description", "Description", "longtextarea", Account="Description"),
    _one("company.website", "Website", "url", Lead="Website", Account="Website"),
    _one("company.linkedin_profile", "LinkedIn page", "url"),
    _one("company.phone", "Phone of the company", "phone", Account="Phone"),
    _one("company.industry", "Industry", sample="Industrials", Lead="Industry", Account="Industry"),
    _one("company.sub_industry", "Sub-industry"),
    _one("company.sic", "SIC code", length=8, Account="Sic"),
    _one("company.sicDescription", "SIC description", Account="SicDesc"),
    _one("company.naics", "NAICS code", length=8),
    _one("company.naicsDescription", "NAICS description"),
    _one("company.ownership", "Ownership"),
    _one("company.latitude", "Latitude", "double"),
    _one("company.longitude", "Longitude", "double"),
    _one("company.primary_location", "Primary location"),
    *(_one(f"company.address.{part}", f"Company: {part}") for part in _ADDRESS),
    _one(
        "company.employees.exact",
        "Employees",
        "int",
        sample="327000",
        Lead="NumberOfEmployees",
        Account="NumberOfEmployees",
    ),
    _one("company.employees.range", "Employees (range)", "picklist", values=_EMPLOYEES),
    _one("company.revenue_dollar.exact", "Revenue (US$)", "currency", Lead="AnnualRevenue", Account="AnnualRevenue"),
    _one("company.revenue_dollar.range", "Revenue (range)", "picklist", values=_REVENUES),
    _one("company.matching_confidence.level", "Match of the company", "picklist", values=LEVELS),
    _one("company.matching_confidence.score", "Match of the company (number)", "int"),
    *(_one(f"company.department_size.{name}", f"People in {name.replace('_', ' ')}", "int") for name in _DEPARTMENTS),
    _one("company.funding.last_round_date", "Last funding: date", "date"),
    _one("company.funding.last_round_type", "Last funding: type"),
    _one("company.funding.last_round_money_raised", "Last funding: raised", "double"),
    _one("company.funding.last_round_investor_count", "Last funding: investors", "int"),
    _one("company.funding.total_rounds_count", "Funding rounds", "int"),
    _one("company.funding.cb_url", "Funding: page", "url"),
    _one("company.investors.last_investor_name", "Last investor"),
    _one("company.investors.company_investors", "Investors", "longtextarea"),
    _one("company.investors.cb_url", "Investors: page", "url"),
    *(
        _one(f"company.signals.{name}_rank", f"{label} rank", "int")
        for name, label in (("fortune_500", "Fortune 500"), ("fortune_1000", "Fortune 1000"), ("g2k", "Global 2000"))
    ),
    _one("company.intent_modeling_v4.model", "Intent: model"),
    _one("company.intent_modeling_v4.model_level", "Intent: level", "picklist", values=_INTENT_LEVELS),
    _one("company.intent_modeling_v4.source", "Intent: source"),
    _one("company.intent_modeling_v4.cadence", "Intent: cadence"),
    _one("company.intent_modeling_v4.new_high_intent", "Intent: newly high", "boolean"),
    _one("company.intent_modeling_v4.industries", "Intent: industries", "longtextarea"),
    _one("company.intent_modeling_v4.top_metros", "Intent: metropolitan areas", "longtextarea"),
    _one("company.intent_modeling_v4.domain_origins", "Intent: origins", "longtextarea"),
    _one("company.domain_intent", "Surging topics", "longtextarea"),
    _one("company.specialties", "Specialties", "longtextarea"),
    _one("company.analytics.installed_base_technologies", "Installed technologies", "longtextarea"),
    _one("company.analytics.web_site_technologies", "Technologies of the website", "longtextarea"),
    _one("company.analytics.company_technologies_categories", "Kinds of technologies", "longtextarea"),
    _one("company.analytics.customTechnologiesCategories", "Own kinds of technologies", "longtextarea"),
)


def _family() -> Iterator[ProviderField]:
    for kind, label in FAMILY.items():
        for part in _OF_FAMILY:
            words = part.removeprefix("address.").replace("_", " ")
            yield _one(f"company.family_tree.{kind.lower()}.{part}", f"{label}: {words}", _TYPES.get(part, "string"))


OUTPUTS = (*_RECORD, *_PERSON, *_COMPANY, *_family())


def persona_outputs(names: tuple[str, ...]) -> tuple[ProviderField, ...]:
    """Score and bucket of each persona that the customer has defined at the vendor."""
    return tuple(
        field
        for name in names
        for field in (
            _one(f"score.{name}.value", f"Score: {name}", "int"),
            _one(f"score.{name}.bucket", f"Score: {name} (bucket)", "picklist", values=("A", "B", "C", "D")),
        )
    )
