"""API tokens: only a hash of each is stored, with whose it is, what it may do and until when."""

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Row, select

from lsync_flask.storage.db import Database, OrgScope
from lsync_flask.storage.models import api_token


@dataclass(frozen=True, slots=True)
class ApiTokenRow:
    """One token. `maker_role` is the role that its maker had when it was last looked up."""

    id: int
    org_id: str
    user_id: str
    name: str
    begins: str
    role: str
    maker_role: str
    role_checked_at: float
    created_at: float
    expires_at: float
    used_at: float | None
    revoked_at: float | None


def add_api_token(scope: OrgScope, row: ApiTokenRow, token_hash: str) -> int:
    """Store a new token; its number (the row's own is ignored)."""
    values = {field.name: getattr(row, field.name) for field in fields(row) if field.name not in {"id", "org_id"}}
    number: int = scope.add(api_token, {**values, "token_hash": token_hash})
    return number


def find_api_token(database: Database, token_hash: str) -> ApiTokenRow | None:
    """The token with this hash; None when there is none. Which org it is of is what it tells."""
    with database.reading_all() as connection:
        row = connection.execute(select(api_token).where(api_token.c.token_hash == token_hash)).one_or_none()
    return None if row is None else _row(row)


def list_api_tokens(scope: OrgScope, user_id: str | None) -> list[ApiTokenRow]:
    """The newest first; those of one user, or all of the org when `user_id` is None."""
    statement = scope.select(api_token).order_by(api_token.c.id.desc())
    if user_id is not None:
        statement = statement.where(api_token.c.user_id == user_id)
    return [_row(row) for row in scope.run(statement)]


def touch_api_token(scope: OrgScope, number: int, now_s: float) -> None:
    scope.run(scope.update(api_token).where(api_token.c.id == number).values(used_at=now_s))


def set_maker_role(scope: OrgScope, number: int, role: str, now_s: float) -> None:
    scope.run(scope.update(api_token).where(api_token.c.id == number).values(maker_role=role, role_checked_at=now_s))


def revoke_api_token_row(scope: OrgScope, number: int, now_s: float) -> bool:
    """False when it was revoked before."""
    statement = scope.update(api_token).where(api_token.c.id == number, api_token.c.revoked_at.is_(None))
    return bool(scope.run(statement.values(revoked_at=now_s)).rowcount)


def _row(row: Row[Any]) -> ApiTokenRow:
    return ApiTokenRow(**{field.name: getattr(row, field.name) for field in fields(ApiTokenRow)})
