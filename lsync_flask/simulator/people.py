"""Made-up leads and contacts at the org's companies: generated names, gaps, old figures, and firms nobody knows."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import accumulate
from random import Random

from lsync_flask.simulator.accounts import SOURCES, Spelling, blur, make_firms, misspell, spell_name
from lsync_flask.simulator.companies import Company
from lsync_flask.simulator.names import DEPARTMENTS, FIRST_NAMES, LANGUAGES, LAST_NAMES, TITLES
from lsync_flask.simulator.phones import spell_phone
from lsync_flask.simulator.stamps import happens, make_stamps

LEAD_COLUMNS = (
    "Salutation",
    "FirstName",
    "LastName",
    "Title",
    "Company",
    "City",
    "State",
    "Country",
    "Phone",
    "Email",
    "Website",
    "Industry",
    "AnnualRevenue",
    "NumberOfEmployees",
    "LeadSource",
    "Status",
    "Rating",
    "OwnerId",
    "IsConverted",
    "ConvertedDate",
    "ConvertedAccountId",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
)
CONTACT_COLUMNS = (
    "AccountId",
    "Salutation",
    "FirstName",
    "LastName",
    "Title",
    "Department",
    "Email",
    "Phone",
    "MailingCity",
    "MailingState",
    "MailingCountry",
    "LeadSource",
    "OwnerId",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
)

CONVERTED_SHARE = 0.02
UNKNOWN_LEADS_SHARE = 0.10
NAMELESS_LEADS_SHARE = 0.02
BLANK_EMAIL_SHARE = 0.12
PRIVATE_EMAIL_SHARE = 0.08
# A company of this size has three times as many leads as a smaller one.
LARGE = 20_000

OPEN_STATUSES = ("Open - Not Contacted", "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")
RATINGS = ("Hot", "Warm", "Cold")
SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.")
_NAMELESS = ("n/a", "-", "Self-employed", "private", "None", "unknown", "Test", "Freelance", "[not provided]")
_TWO_DIGITS = range(10, 100)
_FREE_MAIL = ("freemail.example", "webpost.example", "inbox.example")
# The same held facts serve several leads of a company, as when they came from one list.
_VARIANTS = 4
_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "\u0131": "i", "æ": "ae", "đ": "d", "'": "", " ": ""})


@dataclass(frozen=True, slots=True)
class Card:
    """What a lead or contact takes over from its company, as some list or form once had it."""

    company: str
    city: str | None
    state: str | None
    country: str | None
    website: str | None
    industry: str | None
    revenue: int | None
    employees: int | None
    domain: str | None
    language: str
    true_country: str | None


@cache
def fold(name: str) -> str:
    """A name as it stands in an e-mail address: no accents, no apostrophes, lower case."""
    plain = unicodedata.normalize("NFKD", name.translate(_SPECIAL))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()


def make_cards(companies: Sequence[Company], random: Random) -> list[list[Card]]:
    """For each company a few cards, each spelled, blurred and now and then plainly wrong in its own way."""
    return [
        [_make_card(company, spell_name(company, random), random) for _ in range(_VARIANTS)] for company in companies
    ]


def _make_card(company: Company, name: str, random: Random) -> Card:
    held = blur(company, random, blank=0.7, stale=0.45)
    return Card(
        company=misspell(name, random) if happens(random, 0.03) else name,
        city=held.city,
        state=held.state if held.city and happens(random, 0.6) else None,
        country=held.country,
        website=held.website,
        industry=random.choice(("Other", "Consulting", "Technology")) if happens(random, 0.05) else held.industry,
        revenue=held.revenue,
        employees=random.choice((1, 10, 100, 999)) if happens(random, 0.04) else held.employees,
        domain=company.domain,
        language=LANGUAGES.get(company.country or "", "English"),
        true_country=company.country,
    )


class People:
    """Draws people; the same seed draws the same ones."""

    def __init__(self, seed: int, kind: str, owners: Sequence[str], today: datetime) -> None:
        self.random = Random(f"{kind} {seed}")
        self.owners = owners
        self.stamps = make_stamps(self.random, today)
        self.languages = tuple(FIRST_NAMES)

    def name(self, language: str) -> tuple[str, str]:
        """First and last name, mostly of the company's country."""
        if happens(self.random, 0.15):
            language = self.random.choice(self.languages)
        return self.random.choice(FIRST_NAMES[language]), self.random.choice(LAST_NAMES[language])

    def email(self, first: str, last: str, domain: str | None) -> str | None:
        """An address at the company, at times a private one or none."""
        draw = self.random
        if happens(draw, BLANK_EMAIL_SHARE):
            return None
        one, two = fold(first), fold(last)
        if domain is None or happens(draw, PRIVATE_EMAIL_SHARE):
            return f"{one}.{two}{draw.choice(_TWO_DIGITS)}@{draw.choice(_FREE_MAIL)}"
        return (
            draw.choice((f"{one}.{two}", f"{one}.{two}", f"{one}.{two}", f"{one[0]}{two}", f"{one}_{two[0]}"))
            + f"@{domain}"
        )

    def moments(self) -> tuple[str, str]:
        """When the record was made and when it was last changed."""
        return self.random.choice(self.stamps)


def lead_rows(
    companies: Sequence[Company], count: int, owners: Sequence[str], seed: int, today: datetime
) -> Iterator[tuple[object, ...]]:
    """`count` open leads, in the order of `LEAD_COLUMNS`."""
    people = People(seed, "leads", owners, today)
    draw = people.random
    known = make_cards(companies, draw)
    strange = make_cards(make_firms(max(40, count // 200), draw), draw)
    weights = list(accumulate(3.0 if (company.employees or 0) > LARGE else 1.0 for company in companies))
    left = count
    while left > 0:
        batch = draw.choices(known, cum_weights=weights, k=min(left, 10_000))
        left -= len(batch)
        for cards in batch:
            yield _lead_row(people, _draw_card(draw, cards, strange))


def _draw_card(draw: Random, cards: Sequence[Card], strange: Sequence[Sequence[Card]]) -> Card | None:
    if happens(draw, NAMELESS_LEADS_SHARE):
        return None
    return draw.choice(draw.choice(strange) if happens(draw, UNKNOWN_LEADS_SHARE) else cards)


_NOBODY = Card("", None, None, None, None, None, None, None, None, "English", None)


def _lead_row(people: People, drawn: Card | None) -> tuple[object, ...]:
    draw = people.random
    card = drawn or _NOBODY
    first, last = people.name(card.language)
    owner = draw.choice(people.owners)
    created, modified = people.moments()
    return (
        draw.choice(SALUTATIONS) if happens(draw, 0.25) else None,
        first,
        last,
        draw.choice(TITLES) if happens(draw, 0.8) else None,
        card.company or draw.choice(_NAMELESS),
        card.city,
        card.state,
        card.country,
        spell_phone(card.true_country, draw) if happens(draw, 0.45) else None,
        people.email(first, last, card.domain),
        card.website,
        card.industry,
        card.revenue,
        card.employees,
        draw.choice(SOURCES) if happens(draw, 0.85) else None,
        draw.choice(OPEN_STATUSES),
        draw.choice(RATINGS) if happens(draw, 0.2) else None,
        owner,
        False,
        None,
        None,
        created,
        owner,
        modified,
        owner,
        modified,
    )


def converted_lead_rows(
    rows: Iterator[tuple[object, ...]], accounts: Sequence[str], seed: int
) -> Iterator[tuple[object, ...]]:
    """The same leads as converted ones, each into one of the accounts."""
    draw = Random(f"converted {seed}")
    places = {name: place for place, name in enumerate(LEAD_COLUMNS)}
    for row in rows:
        cells = list(row)
        cells[places["Status"]] = "Closed - Converted"
        cells[places["IsConverted"]] = True
        cells[places["ConvertedDate"]] = str(cells[places["LastModifiedDate"]])[:10]
        cells[places["ConvertedAccountId"]] = draw.choice(accounts)
        yield tuple(cells)


def contact_rows(
    accounts: Sequence[tuple[str, Spelling]], count: int, owners: Sequence[str], seed: int, today: datetime
) -> Iterator[tuple[object, ...]]:
    """`count` contacts at (account id, spelling) pairs, in the order of `CONTACT_COLUMNS`."""
    people = People(seed, "contacts", owners, today)
    for _ in range(count):
        account, spelling = people.random.choice(accounts)
        yield _contact_row(people, account, spelling.company)


def _contact_row(people: People, account: str, company: Company) -> tuple[object, ...]:
    draw = people.random
    first, last = people.name(LANGUAGES.get(company.country or "", "English"))
    owner = draw.choice(people.owners)
    created, modified = people.moments()
    placed = happens(draw, 0.45)
    return (
        account if happens(draw, 0.98) else None,
        draw.choice(SALUTATIONS) if happens(draw, 0.4) else None,
        first,
        last,
        draw.choice(TITLES) if happens(draw, 0.88) else None,
        draw.choice(DEPARTMENTS) if happens(draw, 0.4) else None,
        people.email(first, last, company.domain),
        spell_phone(company.country, draw) if happens(draw, 0.6) else None,
        company.city if placed else None,
        company.state if placed else None,
        company.country if placed else None,
        draw.choice(SOURCES) if happens(draw, 0.6) else None,
        owner,
        created,
        owner,
        modified,
        owner,
        modified,
    )
