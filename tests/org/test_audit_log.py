"""The audit log cannot be changed, not even by who holds the app's own connection to the database."""

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from lsync_flask.storage.audit import add_audit, list_audit
from lsync_flask.storage.models import audit
from lsync_flask.storage.orgs import OrgRow, remove_org, save_org
from lsync_flask.storage.secrets import SecretBox

ORG_ID = "00DLs0000000001MAA"
NOW_S, YEAR_S = 4_000_000_000.0, 366 * 86_400.0


@pytest.fixture
def written(database):
    """A database with an org, a row of today in its log, and one of long ago."""
    row = OrgRow(ORG_ID, "Acme", "https://acme.my.salesforce.com", None, "key", None, None)
    save_org(database, SecretBox([b"k" * 32]), row, ("secret",), {}, 0.0)
    with database.writing(ORG_ID) as scope:
        for action, at_s in (("new", NOW_S), ("old", 0.0)):
            add_audit(
                scope, user_id="005", action=action, subject="x", before=None, after=None, address="::1", now_s=at_s
            )
    return database


def actions(database):
    with database.reading(ORG_ID) as scope:
        return [row.action for row in list_audit(scope)]


@pytest.mark.parametrize(
    "change",
    [
        update(audit).values(user_id="006"),
        update(audit).where(audit.c.action == "old").values(after="{}"),
        delete(audit).where(audit.c.action == "new"),
    ],
)
def test_no_row_is_changed_and_none_of_this_year_deleted(written, change):
    with pytest.raises(DBAPIError, match="append-only"), written.writing_all() as connection:
        connection.execute(change)

    assert actions(written) == ["old", "new"]


def test_what_is_older_than_a_year_may_be_deleted(written):
    with written.writing_all() as connection:
        connection.execute(delete(audit).where(audit.c.at < NOW_S - YEAR_S))

    assert actions(written) == ["new"]


def test_an_org_that_is_removed_takes_its_log_along(written):
    remove_org(written, ORG_ID)

    with written.reading_all() as connection:
        assert connection.execute(select(func.count()).select_from(audit)).scalar_one() == 0
