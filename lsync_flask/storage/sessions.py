"""Sessions of the frame, and the signed requests that have been used. Only a hash of a session's token is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from lsync_flask.storage.db import Database, OrgScope
from lsync_flask.storage.models import used_request, web_session


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session; `context` says where the frame stands (instance id, target origin, record)."""

    token_hash: str
    org_id: str
    user_id: str
    role: str
    role_checked_at: float
    context: Mapping[str, Any]
    created_at: float
    used_at: float
    ended_at: float | None


def add_session(
    scope: OrgScope, token_hash: str, user_id: str, role: str, context: Mapping[str, Any], now_s: float
) -> None:
    scope.add(
        web_session,
        {
            "token_hash": token_hash,
            "user_id": user_id,
            "role": role,
            "role_checked_at": now_s,
            "context": orjson.dumps(dict(context)).decode(),
            "created_at": now_s,
            "used_at": now_s,
        },
    )


def read_session(database: Database, token_hash: str) -> SessionRow | None:
    """The session with this token; None when there is none. Which org it is of is what it tells."""
    with database.reading_all() as connection:
        row = connection.execute(select(web_session).where(web_session.c.token_hash == token_hash)).one_or_none()
    return None if row is None else _session(row)


def touch_session(scope: OrgScope, token_hash: str, now_s: float) -> None:
    scope.run(scope.update(web_session).where(web_session.c.token_hash == token_hash).values(used_at=now_s))


def set_session_role(scope: OrgScope, token_hash: str, role: str, now_s: float) -> None:
    scope.run(
        scope.update(web_session).where(web_session.c.token_hash == token_hash).values(role=role, role_checked_at=now_s)
    )


def end_session(scope: OrgScope, token_hash: str, now_s: float) -> None:
    scope.run(
        scope.update(web_session)
        .where(web_session.c.token_hash == token_hash, web_session.c.ended_at.is_(None))
        .values(ended_at=now_s)
    )


def count_open_sessions(scope: OrgScope, used_since_s: float) -> int:
    """Sessions of the org that have not ended and were used since then."""
    is_open = (web_session.c.ended_at.is_(None), web_session.c.used_at >= used_since_s)
    return int(scope.run(scope.select(web_session, func.count()).where(*is_open)).scalar_one())


def end_sessions_of(scope: OrgScope, user_id: str | None, now_s: float, but: str = "") -> int:
    """End all sessions of a user, or of the whole org when `user_id` is None, `but` that of this hash; how many."""
    open_ones = (web_session.c.ended_at.is_(None), web_session.c.token_hash != but)
    statement = scope.update(web_session).where(*open_ones).values(ended_at=now_s)
    if user_id is not None:
        statement = statement.where(web_session.c.user_id == user_id)
    return int(scope.run(statement).rowcount)


def use_request(database: Database, mac_hash: str, now_s: float) -> bool:
    """Mark a signed request as used; False when it was used before, by whomever."""
    try:
        with database.writing_all() as connection:
            connection.execute(insert(used_request).values(mac_hash=mac_hash, used_at=now_s))
    except IntegrityError:
        return False
    return True


def forget_requests(database: Database, before_s: float) -> int:
    """Drop what is too old to be accepted again anyway; how many."""
    with database.writing_all() as connection:
        return int(connection.execute(delete(used_request).where(used_request.c.used_at < before_s)).rowcount)


def _session(row: Row[Any]) -> SessionRow:
    values = {name: getattr(row, name) for name in SessionRow.__slots__}
    return SessionRow(**{**values, "context": orjson.loads(row.context)})
