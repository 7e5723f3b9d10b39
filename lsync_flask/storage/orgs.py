"""Enrolled orgs and what they sign in with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from lsync_flask.errors import NotFound
from lsync_flask.storage.db import Database, OrgScope
from lsync_flask.storage.models import org
from lsync_flask.storage.secrets import SecretBox, read_secret, save_secret


@dataclass(frozen=True, slots=True)
class OrgRow:
    """One org. `app`: its own Canvas address (POST /canvas/<app>), None for the deployment's."""

    id: str
    name: str
    my_domain: str
    app: str | None
    consumer_key: str
    audience: str | None
    integration_username: str | None
    api_version: str = "67.0"
    is_active: bool = True
    flow: str = "jwt"


def save_org(
    database: Database,
    box: SecretBox,
    row: OrgRow,
    consumer_secrets: Sequence[str],
    kept: Mapping[str, str | None],
    now_s: float,
) -> None:
    """Enrol an org or replace what is stored of it. `kept`: jwt_key and refresh_token; None leaves the stored one."""
    values = {name: getattr(row, name) for name in row.__slots__ if name != "id"}
    with database.writing_all() as connection:
        changed = connection.execute(update(org).where(org.c.id == row.id).values(values))
        if not changed.rowcount:
            connection.execute(insert(org).values(id=row.id, created_at=now_s, **values))
        scope = OrgScope(connection, row.id)
        save_secret(scope, box, "consumer_secret", "\n".join(consumer_secrets), now_s)
        for name, text in kept.items():
            if text:
                save_secret(scope, box, name, text, now_s)
        if kept.get("refresh_token"):
            save_secret(scope, box, "access_token", "", now_s)


def read_org(database: Database, org_id: str) -> OrgRow:
    """Raises NotFound."""
    with database.reading_all() as connection:
        row = connection.execute(select(org).where(org.c.id == org_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such org.")
    return _org(row)


def remove_org(database: Database, org_id: str) -> None:
    """Delete an org with all that is stored of it, its audit log included.

    Raises:
        NotFound: there is no such org.
    """
    with database.writing_all() as connection:
        if not connection.execute(delete(org).where(org.c.id == org_id)).rowcount:
            raise NotFound("There is no such org.")


def list_orgs(database: Database) -> list[OrgRow]:
    with database.reading_all() as connection:
        return [_org(row) for row in connection.execute(select(org).order_by(org.c.name, org.c.id))]


def orgs_of_app(database: Database, app: str | None) -> list[OrgRow]:
    """The active orgs that open LSync at this address."""
    at_app = org.c.app.is_(None) if app is None else org.c.app == app
    with database.reading_all() as connection:
        rows = connection.execute(select(org).where(at_app, org.c.is_active).order_by(org.c.id)).all()
    return [_org(row) for row in rows]


def consumer_secrets(scope: OrgScope, box: SecretBox) -> tuple[str, ...]:
    """The secrets that may have signed a request: two of them while one is being rotated."""
    return tuple((read_secret(scope, box, "consumer_secret") or "").split())


def _org(row: Row[Any]) -> OrgRow:
    return OrgRow(**{name: getattr(row, name) for name in OrgRow.__slots__})
