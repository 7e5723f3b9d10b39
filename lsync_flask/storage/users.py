"""The users who have been here: whom an activity acts as, and whom a mail goes to."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from lsync_flask.errors import NotFound
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.models import org_user


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user as the last signed request told."""

    user_id: str
    username: str
    email: str
    name: str
    locale: str
    language: str
    time_zone: str


def save_user(scope: OrgScope, row: UserRow, now_s: float) -> None:
    values = {name: getattr(row, name) for name in row.__slots__ if name != "user_id"}
    changed = scope.run(scope.update(org_user).where(org_user.c.user_id == row.user_id).values(**values, seen_at=now_s))
    if not changed.rowcount:
        scope.add(org_user, {"user_id": row.user_id, **values, "seen_at": now_s})


def read_user(scope: OrgScope, user_id: str) -> UserRow:
    """Raises NotFound."""
    row = scope.run(scope.select(org_user).where(org_user.c.user_id == user_id)).one_or_none()
    if row is None:
        raise NotFound("This user has never opened LSync.")
    return _user(row)


def name_user(scope: OrgScope, user_id: str) -> str:
    """The user's name, or the id of one who has never been here."""
    try:
        return read_user(scope, user_id).name
    except NotFound:
        return user_id


def list_users(scope: OrgScope) -> list[UserRow]:
    return [_user(row) for row in scope.run(scope.select(org_user).order_by(org_user.c.name))]


def _user(row: Row[Any]) -> UserRow:
    return UserRow(**{name: getattr(row, name) for name in UserRow.__slots__})
