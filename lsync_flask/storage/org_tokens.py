"""An org's refresh token and the newest access token that it gave, sealed, and the row that one holds at a time."""

from dataclasses import dataclass

import orjson
from sqlalchemy import or_
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from lsync_flask.storage.db import Database, OrgScope, db_now
from lsync_flask.storage.models import org_token
from lsync_flask.storage.secrets import SecretBox, read_secret, save_secret

LEASE_S = 150.0
"""Longer than an answer of Salesforce is waited for, so that nobody else uses the token meanwhile."""

REFRESH, ACCESS = "refresh_token", "access_token"


@dataclass(frozen=True, slots=True)
class KeptRow:
    """`refresh_token` None: there is none. `access`: (token, instance address), None: none yet."""

    refresh_token: str | None
    access: tuple[str, str] | None


def read_kept(database: Database, box: SecretBox, org_id: str) -> KeptRow:
    with database.reading(org_id) as scope:
        refresh, access = read_secret(scope, box, REFRESH), read_secret(scope, box, ACCESS)
    return KeptRow(refresh, tuple(orjson.loads(access)) if access else None)


def claim(database: Database, org_id: str, owner: str) -> bool:
    """Hold the row for a while, by the database's clock; False while somebody else does.

    No transaction stays open meanwhile, since on SQLite that would stop every other writer.
    """
    with database.writing(org_id) as scope:
        insert = postgresql_insert if database.is_postgresql else sqlite_insert
        scope.run(insert(org_token).values(org_id=org_id).on_conflict_do_nothing(index_elements=["org_id"]))
        free = or_(org_token.c.lease_until.is_(None), org_token.c.lease_until < db_now())
        values = {"lease_owner": owner, "lease_until": db_now() + LEASE_S}
        return bool(scope.run(scope.update(org_token).where(free).values(values)).rowcount)


def store(
    database: Database,
    box: SecretBox,
    org_id: str,
    owner: str,
    refresh_token: str,
    access: tuple[str, str],
    now_s: float,
) -> None:
    """Keep both and let go of the row, in one commit."""
    with database.writing(org_id) as scope:
        save_secret(scope, box, REFRESH, refresh_token, now_s)
        save_secret(scope, box, ACCESS, orjson.dumps(access).decode(), now_s)
        _let_go(scope, owner)


def release(database: Database, org_id: str, owner: str) -> None:
    with database.writing(org_id) as scope:
        _let_go(scope, owner)


def _let_go(scope: OrgScope, owner: str) -> None:
    mine = scope.update(org_token).where(org_token.c.lease_owner == owner)
    scope.run(mine.values(lease_owner=None, lease_until=None))
