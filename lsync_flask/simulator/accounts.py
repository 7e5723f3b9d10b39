"""The org's accounts: real public companies as real orgs hold them: gaps, old figures, odd spellings, doubles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from lsync_flask.simulator.companies import Company
from lsync_flask.simulator.names import FIRM_SUFFIXES, FIRM_TRADES, FIRM_WORDS
from lsync_flask.simulator.stamps import happens, make_stamps

ACCOUNT_COLUMNS = (
    "Name",
    "Type",
    "BillingCity",
    "BillingState",
    "BillingCountry",
    "Phone",
    "Website",
    "Industry",
    "AnnualRevenue",
    "NumberOfEmployees",
    "TickerSymbol",
    "YearStarted",
    "Rating",
    "AccountSource",
    "OwnerId",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
)
TYPES = ("Prospect", "Customer - Direct", "Customer - Channel", "Technology Partner", "Other")
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")

_STYLES = ("right", "suffix", "upper", "lower", "slip")
_STYLE_WEIGHTS = (60, 26, 5, 3, 6)

DUPLICATE_SHARE = 0.04
UNKNOWN_SHARE = 0.05

_SUFFIXES = {
    "United States": (", Inc.", " Inc", " Corporation", " Corp.", " Incorporated", " Co", " LLC"),
    "United Kingdom": (" plc", " PLC", " Ltd", " Limited", " Group plc"),
    "Germany": (" AG", " SE", " GmbH", " Aktiengesellschaft", " SE & Co. KGaA"),
    "Switzerland": (" AG", " SA", " Ltd."),
    "France": (" SA", " S.A.", " SE", " SAS"),
    "Japan": (" Co., Ltd.", " K.K.", " Corporation", " Co Ltd"),
    "Spain": (" S.A.", " SA"),
    "Sweden": (" AB", " AB (publ)"),
    "Finland": (" Oyj", " Oy"),
    "Netherlands": (" N.V.", " NV", " B.V."),
    "Belgium": (" SA/NV", " NV"),
    "Italy": (" S.p.A.", " SpA"),
}
_COUNTRY_SPELLINGS = {
    "United States": ("USA", "US", "U.S.A.", "United States of America", "usa"),
    "United Kingdom": ("UK", "Great Britain", "England", "GB"),
    "Germany": ("Deutschland", "DE", "germany", "Gemany"),
    "Switzerland": ("Schweiz", "Suisse"),
    "Spain": ("España", "ES"),
    "Netherlands": ("The Netherlands", "Holland"),
    "Japan": ("JP", "Nippon", "japan"),
    "France": ("FR", "FRANCE"),
}


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the org writes a company, and what it really is; `known` is false for a firm that no directory knows."""

    name: str
    company: Company
    known: bool


def spell_companies(companies: Sequence[Company], seed: int) -> list[Spelling]:
    """One spelling for each company, some doubles, and made-up firms that no directory knows."""
    random = Random(f"accounts {seed}")
    spellings = [Spelling(spell_name(company, random), company, known=True) for company in companies]
    doubles = random.sample(companies, int(len(companies) * DUPLICATE_SHARE))
    spellings += [Spelling(spell_name(company, random), company, known=True) for company in doubles]
    firms = make_firms(int(len(companies) * UNKNOWN_SHARE), random)
    spellings += [Spelling(firm.name, firm, known=False) for firm in firms]
    random.shuffle(spellings)
    return spellings


def make_firms(count: int, random: Random) -> list[Company]:
    """Small firms that exist nowhere, so that "not matched" is the honest answer for them."""
    firms = []
    for number in range(count):
        word, trade = random.choice(FIRM_WORDS), random.choice(FIRM_TRADES)
        domain = f"{word}-{trade}-{number}.example".lower().replace(" ", "-")
        country = random.choice(("United Kingdom", "United States", "Germany", "France", "Ireland", "Netherlands"))
        firms.append(Company(f"{word} {trade}{random.choice(FIRM_SUFFIXES)}", country=country, domain=domain))
    return firms


def spell_name(company: Company, random: Random) -> str:
    """The company's name as somebody typed it: mostly right, else another legal suffix, other case, or a slip."""
    style = random.choices(_STYLES, _STYLE_WEIGHTS)[0]
    if style == "suffix":
        return _bare(company.name) + random.choice(_SUFFIXES.get(company.country or "", (" Ltd", " Inc.", " SA")))
    if style == "slip":
        return misspell(company.name, random)
    return {"upper": company.name.upper(), "lower": company.name.lower()}.get(style, company.name)


def misspell(text: str, random: Random) -> str:
    """Two neighbouring letters changed places, or one was typed twice or left out."""
    if len(text) < len("Kone") + 1:
        return text + " "
    place = random.randrange(1, len(text) - 2)
    return random.choice(
        (
            text[:place] + text[place + 1] + text[place] + text[place + 2 :],
            text[:place] + text[place] + text[place:],
            text[:place] + text[place + 1 :],
        )
    )


def _bare(name: str) -> str:
    endings = (
        ", Inc.",
        " Inc.",
        " AG",
        " SE",
        " plc",
        " PLC",
        " Corporation",
        " Company",
        " Group",
        " S.A.",
        " N.V.",
        " AB",
    )
    return next((name.removesuffix(ending) for ending in endings if name.endswith(ending)), name)


def spell_country(country: str | None, random: Random, share: float = 0.18) -> str | None:
    """The country's name, at times in another spelling."""
    others = _COUNTRY_SPELLINGS.get(country or "")
    return random.choice(others) if others and happens(random, share) else country


def age_figure(figure: int | None, random: Random) -> int | None:
    """A figure as it was some years ago."""
    return max(1, int(figure * random.uniform(0.35, 0.92))) if figure else None


def blur(company: Company, random: Random, *, blank: float, stale: float) -> Company:
    """What the org holds of a company: a fact may be blank, and its figures may be old."""

    def kept(share: float) -> bool:
        return not happens(random, blank * share)

    old = happens(random, stale)
    return replace(
        company,
        website=_spell_website(company.website, random) if kept(0.8) else None,
        industry=company.industry if kept(1.0) else None,
        employees=(age_figure(company.employees, random) if old else company.employees) if kept(1.2) else None,
        revenue=(age_figure(company.revenue, random) if old else company.revenue) if kept(1.3) else None,
        city=company.city if kept(0.9) else None,
        country=spell_country(company.country, random) if kept(0.6) else None,
    )


def _spell_website(website: str | None, random: Random) -> str | None:
    if website is None or happens(random, 0.5):
        return website
    host = website.removeprefix("https://")
    return random.choice((host, f"http://{host}", f"http://{host}/", f"www.{host.removeprefix('www.')}", host.upper()))


def account_rows(
    spellings: Sequence[Spelling], owners: Sequence[str], seed: int, today: datetime
) -> Iterator[tuple[object, ...]]:
    """A row for each spelling, in the order of `ACCOUNT_COLUMNS`."""
    random = Random(f"account rows {seed}")
    stamps = make_stamps(random, today)
    for spelling in spellings:
        yield _account_row(spelling, random, random.choice(owners), random.choice(stamps))


def _account_row(spelling: Spelling, random: Random, owner: str, stamp: tuple[str, str]) -> tuple[object, ...]:
    held = blur(spelling.company, random, blank=0.28, stale=0.3)
    return (
        spelling.name,
        random.choice(TYPES) if happens(random, 0.7) else None,
        held.city,
        held.state if held.city else None,
        held.country,
        None,
        held.website,
        held.industry,
        held.revenue,
        held.employees,
        held.ticker if happens(random, 0.4) else None,
        str(held.founded) if held.founded and happens(random, 0.3) else None,
        random.choice(("Hot", "Warm", "Cold")) if happens(random, 0.3) else None,
        random.choice(SOURCES) if happens(random, 0.5) else None,
        owner,
        stamp[0],
        owner,
        stamp[1],
        owner,
        stamp[1],
    )
