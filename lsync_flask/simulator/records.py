"""Fills a new org: accounts from real companies, made-up leads and contacts, and the users who own them."""

from lsync_flask.simulator.accounts import ACCOUNT_COLUMNS, account_rows, spell_companies
from lsync_flask.simulator.companies import load_companies
from lsync_flask.simulator.directory import Directory
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.people import (
    CONTACT_COLUMNS,
    CONVERTED_SHARE,
    LEAD_COLUMNS,
    contact_rows,
    converted_lead_rows,
    lead_rows,
)
from lsync_flask.simulator.users import INTEGRATION_SET

CONTACTS_PER_LEAD = 0.25


def fill_org(org: Org, directory: Directory, *, records: int, seed: int) -> None:
    """Insert `records` open leads, a fiftieth more that are converted, a quarter as many contacts, and all accounts."""
    companies, today = load_companies(), org.now()
    owners = [member.id for member in directory.members() if INTEGRATION_SET not in member.person.sets]
    spellings = spell_companies(companies, seed)
    accounts = [org.new_id("Account") for _ in spellings]
    rows = account_rows(spellings, owners, seed, today)
    org.insert_rows(
        "Account",
        ("Id", *ACCOUNT_COLUMNS),
        ((record, *row) for record, row in zip(accounts, rows, strict=True)),
    )
    people = contact_rows(
        list(zip(accounts, spellings, strict=True)), int(records * CONTACTS_PER_LEAD), owners, seed, today
    )
    org.insert_rows("Contact", CONTACT_COLUMNS, people)
    # The open ones come first, so that their number does not change which they are.
    extra = int(records * CONVERTED_SHARE)
    leads = lead_rows(companies, records, owners, seed, today)
    org.insert_rows("Lead", LEAD_COLUMNS, leads)
    converted = lead_rows(companies, extra, owners, seed + 1, today)
    org.insert_rows("Lead", LEAD_COLUMNS, converted_lead_rows(converted, accounts, seed))
