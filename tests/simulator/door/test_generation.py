"""The made-up data: the same for the same seed, honest about the world, and as untidy as real orgs are."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from lsync_flask.simulator.accounts import ACCOUNT_COLUMNS, account_rows, spell_companies
from lsync_flask.simulator.companies import Company, load_companies, read_company
from lsync_flask.simulator.facts import (
    Place,
    country_of_isin,
    domain_of,
    read_count,
    read_dollars,
    read_host,
    read_place,
)
from lsync_flask.simulator.fields import standard_schema
from lsync_flask.simulator.industries import pick_industry
from lsync_flask.simulator.people import (
    CONTACT_COLUMNS,
    LEAD_COLUMNS,
    contact_rows,
    converted_lead_rows,
    fold,
    lead_rows,
)

TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
OWNERS = ("005Ls0000000001IAA", "005Ls0000000002IAA")


def leads(count: int, seed: int = 1) -> list[dict[str, object]]:
    rows = lead_rows(load_companies(), count, OWNERS, seed, TODAY)
    return [dict(zip(LEAD_COLUMNS, row, strict=True)) for row in rows]


def share(rows: list[dict[str, object]], field: str) -> float:
    """How many rows have nothing in the field."""
    return sum(row[field] is None for row in rows) / len(rows)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("3,167 (average, 2021)", 3167),
        ("c. 13,500 (2024)", 13500),
        ("8,000+", 8000),
        ("~48,000 (December 2023)", 48000),
        ("2200 (2017)", 2200),
        ("1.5 million", 1_500_000),
        (91000, 91000),
        (0, None),
        (None, None),
        ("many", None),
    ],
)
def test_head_counts_are_read_out_of_free_text(text, count):
    assert read_count(text) == count


@pytest.mark.parametrize(
    ("text", "dollars"),
    [
        ("US$ 29.06 billion (2023)", 29_060_000_000),
        ("€3.91 billion (2021)", 4_301_000_000),
        ("£ 3,589 million (2025)", 4_558_030_000),
        ("116,000,000 euro (2021)", 127_600_000),
        ("12.3 (2021)", None),
        ("unknown", None),
        (None, None),
    ],
)
def test_sums_are_read_as_dollars(text, dollars):
    assert read_dollars(text) == pytest.approx(dollars) if dollars else read_dollars(text) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Montabaur , Germany", Place("Montabaur", None, "Germany")),
        ("Dearborn, Michigan , US", Place("Dearborn", "Michigan", "United States")),
        ("London , England, UK", Place("London", None, "United Kingdom")),
        ("24 Rue du Faubourg \u2013 75008 Paris, France 48°52\u203208″N", Place("Paris", None, "France")),
        ("3-3-5 Umeda , Kita-ku , Osaka 530-8241, Japan", Place("Osaka", None, "Japan")),
        (None, Place()),
    ],
)
def test_a_headquarters_gives_city_state_and_country(text, place):
    assert read_place(text) == place


def test_hosts_and_domains_are_read_out_of_addresses():
    assert read_host("epirocgroup.com epiroc.com") == "epirocgroup.com"
    assert read_host("https://www.cewe.de/en") == "www.cewe.de"
    assert read_host("Official website") is None
    assert domain_of("investors.axosfinancial.com") == "axosfinancial.com"
    assert domain_of("group.bnpparibas") == "group.bnpparibas"
    assert country_of_isin(["JP3519400000"]) == "Japan"


def test_every_industry_is_one_of_the_orgs_picklist():
    allowed = {each.value for each in standard_schema()["Account"].field("Industry").picklist}

    used = {company.industry for company in load_companies()} - {None}

    assert used <= allowed
    assert len(used) > 20
    assert pick_industry([]) is None
    assert pick_industry(["Semiconductors", "Technology"]) == "Electronics"


def test_the_directory_is_read_almost_whole():
    companies = load_companies()

    assert len(companies) > 1700
    assert sum(company.country is None for company in companies) < 60
    assert sum(company.employees is not None for company in companies) > 1300
    assert sum(company.website is not None for company in companies) > 1400
    assert read_company({"name": "Namesake (software company)", "metadata": None}) == Company("Namesake")


def test_the_same_seed_makes_the_same_people_and_another_seed_others():
    assert leads(500, seed=7) == leads(500, seed=7)
    assert leads(500, seed=7) != leads(500, seed=8)


def test_most_leads_lack_what_a_provider_knows():
    rows = leads(5000)

    assert 0.5 < share(rows, "Website") < 0.85
    assert 0.5 < share(rows, "Industry") < 0.85
    assert 0.6 < share(rows, "NumberOfEmployees") < 0.95
    assert 0.8 < share(rows, "AnnualRevenue") < 0.99
    assert 0.09 < share(rows, "Email") < 0.15
    assert share(rows, "Company") == share(rows, "LastName") == 0


def test_some_leads_work_where_no_directory_can_find_them():
    rows = leads(5000)

    made_up = sum(str(row["Email"] or "").endswith(".example") for row in rows)

    assert 0.1 < made_up / len(rows) < 0.3
    assert any(row["Company"] in {"n/a", "-", "Self-employed"} for row in rows)


def test_values_fit_the_fields_they_are_for():
    schema, companies = standard_schema(), load_companies()
    accounts = [("001Ls0000000001AAA", spelling) for spelling in spell_companies(companies, 1)]
    tables = {
        "Lead": (LEAD_COLUMNS, lead_rows(companies, 5000, OWNERS, 1, TODAY)),
        "Contact": (CONTACT_COLUMNS, contact_rows(accounts, 2000, OWNERS, 1, TODAY)),
        "Account": (ACCOUNT_COLUMNS, account_rows([each for _, each in accounts], OWNERS, 1, TODAY)),
    }

    for name, (columns, rows) in tables.items():
        fields = [schema[name].field(column) for column in columns]
        assert None not in fields
        for row in rows:
            for field, value in zip(fields, row, strict=True):
                if isinstance(value, str) and field.length:
                    assert len(value) <= field.length, (field.name, value)
                if field.type == "picklist" and value is not None:
                    assert value in {each.value for each in field.picklist}, (field.name, value)


def test_accounts_hold_doubles_other_spellings_and_old_figures():
    companies = load_companies()
    spellings = spell_companies(companies, 1)

    rows = [dict(zip(ACCOUNT_COLUMNS, row, strict=True)) for row in account_rows(spellings, OWNERS, 1, TODAY)]

    known = {company.name: company for company in companies}
    truly = Counter(spelling.company.name for spelling in spellings if spelling.known)
    assert len(rows) > len(companies)
    assert max(truly.values()) == 2
    assert 0.25 < sum(spelling.name not in known for spelling in spellings if spelling.known) / len(companies) < 0.6
    stale = [
        row for spelling, row in zip(spellings, rows, strict=True)
        if row["NumberOfEmployees"] and row["NumberOfEmployees"] != spelling.company.employees
    ]  # fmt: skip
    assert 0.1 < len(stale) / len(rows) < 0.4


def test_records_are_spread_over_years_and_none_is_from_the_future():
    created = sorted(str(row["CreatedDate"]) for row in leads(3000))

    assert created[0] < "2022-09"
    assert created[-1] > "2026-11"
    assert created[-1] < "2026-11-23T12"
    assert all(str(row["LastModifiedDate"]) >= str(row["CreatedDate"]) for row in leads(500))


def test_converted_leads_say_so():
    rows = converted_lead_rows(lead_rows(load_companies(), 20, OWNERS, 1, TODAY), ["001Ls0000000001AAA"], 1)

    for row in (dict(zip(LEAD_COLUMNS, each, strict=True)) for each in rows):
        assert (row["IsConverted"], row["Status"]) == (True, "Closed - Converted")
        assert row["ConvertedAccountId"] == "001Ls0000000001AAA"


def test_names_become_plain_in_addresses():
    assert [fold(name) for name in ("Åberg", "Weißmann", "O'Neill", "Ōno")] == ["aberg", "weissmann", "oneill", "ono"]
