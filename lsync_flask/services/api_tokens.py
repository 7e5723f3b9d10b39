"""API tokens for scripts: made in the tab, shown once, never worth more than their maker, revoked at any time."""

import secrets
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from lsync_flask.errors import InvalidParams, NotAllowed, NotFound
from lsync_flask.services.access import ALLOWED, Role
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.sessions import ROLE_KEPT_S, TOUCH_EVERY_S, SessionOver
from lsync_flask.services.sign_in import actor_of_user, hash_token, read_role
from lsync_flask.storage.api_tokens import (
    ApiTokenRow,
    add_api_token,
    find_api_token,
    list_api_tokens,
    revoke_api_token_row,
    set_maker_role,
    touch_api_token,
)
from lsync_flask.storage.audit import add_audit
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.users import list_users, read_user

PREFIX = "lsync_"
"""So that a token is recognised where it should not be, such as in a repository."""
TOKEN_BYTES = 32
SHOWN = 10
DAY_S = 86_400.0
MOST_PER_USER = 50


class TokenOver(SessionOver):
    """No such token, or it has expired or been revoked."""

    def __init__(self) -> None:
        NotAllowed.__init__(self, "This API token is not valid: it never was, has expired or was revoked.")


class ApiTokenCreate(BaseModel):
    """A token to make: what it is for, what it may do, and for how many days."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    role: Role
    days: int = Field(default=90, ge=1, le=366)


@dataclass(frozen=True, slots=True)
class ApiTokenView:
    """A token as it is listed: all but itself. `begins` are its first characters."""

    id: int
    name: str
    begins: str
    role: Role
    owner_id: str
    owner_name: str
    created_at: float
    expires_at: float
    used_at: float | None
    revoked_at: float | None
    is_valid: bool


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """A token that was just made. `token` is told this once."""

    id: int
    token: str
    expires_at: float


def is_api_token(token: str) -> bool:
    return token.startswith(PREFIX)


def make_api_token(resources: Resources, actor: Actor, body: ApiTokenCreate) -> NewApiToken:
    """Make a token that acts as the actor's user with this role.

    Raises:
        NotAllowed: the actor may not, or asks by a token; InvalidParams: the role may do what the actor's may not.
    """
    _must(actor)
    if body.role == "none" or not ALLOWED[body.role] <= ALLOWED[actor.role]:
        raise InvalidParams({"role": f"This role may do what yours ({actor.role}) may not. Choose a lesser one."})
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    now_s = resources.now_s()
    row = ApiTokenRow(
        id=0,
        org_id=actor.org_id,
        user_id=actor.user_id,
        name=body.name,
        begins=token[:SHOWN],
        role=body.role,
        maker_role=actor.role,
        role_checked_at=now_s,
        created_at=now_s,
        expires_at=now_s + body.days * DAY_S,
        used_at=None,
        revoked_at=None,
    )
    with resources.database.writing(actor.org_id) as scope:
        _check_number(scope, actor, now_s)
        number = add_api_token(scope, row, hash_token(token))
        after = {"name": body.name, "role": body.role, "days": body.days}
        _audit(scope, actor, "api_token.make", number, after, now_s)
    return NewApiToken(number, token, row.expires_at)


def list_tokens(resources: Resources, actor: Actor) -> list[ApiTokenView]:
    """The actor's own; an admin sees everybody's."""
    _must(actor)
    with resources.database.reading(actor.org_id) as scope:
        rows = list_api_tokens(scope, None if _sees_all(actor) else actor.user_id)
        names = {user.user_id: user.name for user in list_users(scope)}
    return [_view(row, names, resources.now_s()) for row in rows]


def revoke_api_token(resources: Resources, actor: Actor, number: int) -> None:
    """From now on it opens nothing. Doing it again changes nothing.

    Raises:
        NotFound: there is none, or it is another's and the actor is no admin.
    """
    _must(actor)
    with resources.database.writing(actor.org_id) as scope:
        rows = list_api_tokens(scope, None if _sees_all(actor) else actor.user_id)
        found = next((row for row in rows if row.id == number), None)
        if found is None:
            raise NotFound("There is no such API token.")
        if revoke_api_token_row(scope, number, resources.now_s()):
            _audit(scope, actor, "api_token.revoke", number, {"name": found.name}, resources.now_s())


def actor_of_token(resources: Resources, token: str, address: str, *, fresh: bool) -> Actor:
    """Who a token acts as. It is worth nothing while its maker's own role does not cover its own.

    Raises:
        TokenOver.
    """
    row = find_api_token(resources.database, hash_token(token))
    if row is None or not _is_valid(row, resources.now_s()):
        raise TokenOver
    maker_role = _maker_role(resources, row, 0.0 if fresh else ROLE_KEPT_S)
    role: Role = row.role  # type: ignore[assignment]  # stored by us alone
    with resources.database.reading(row.org_id) as scope:
        user = read_user(scope, row.user_id)
    if (row.used_at or 0.0) < resources.now_s() - TOUCH_EVERY_S:
        with resources.database.writing(row.org_id) as scope:
            touch_api_token(scope, row.id, resources.now_s())
    covered = ALLOWED[role] <= ALLOWED[maker_role]
    return actor_of_user(row.org_id, user, role if covered else "none", address, by_token=True)


def _maker_role(resources: Resources, row: ApiTokenRow, kept_s: float) -> Role:
    if row.role_checked_at > resources.now_s() - kept_s:
        role: Role = row.maker_role  # type: ignore[assignment]  # stored by us alone
        return role
    role = read_role(resources, row.org_id, row.user_id)
    with resources.database.writing(row.org_id) as scope:
        set_maker_role(scope, row.id, role, resources.now_s())
    return role


def _must(actor: Actor) -> None:
    actor.must("make API tokens")
    if actor.by_token:
        raise NotAllowed("An API token cannot make, list or revoke API tokens. Do it in the LSync tab.")


def _sees_all(actor: Actor) -> bool:
    return actor.may("change settings and mappings")


def _check_number(scope: OrgScope, actor: Actor, now_s: float) -> None:
    valid = [row for row in list_api_tokens(scope, actor.user_id) if _is_valid(row, now_s)]
    if len(valid) >= MOST_PER_USER:
        raise InvalidParams({"name": f"You have {len(valid)} valid API tokens, which is the most. Revoke one first."})


def _is_valid(row: ApiTokenRow, now_s: float) -> bool:
    return row.revoked_at is None and row.expires_at > now_s


def _view(row: ApiTokenRow, names: dict[str, str], now_s: float) -> ApiTokenView:
    role: Role = row.role  # type: ignore[assignment]  # stored by us alone
    return ApiTokenView(
        id=row.id,
        name=row.name,
        begins=row.begins,
        role=role,
        owner_id=row.user_id,
        owner_name=names.get(row.user_id, row.user_id),
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
        is_valid=_is_valid(row, now_s),
    )


def _audit(scope: OrgScope, actor: Actor, action: str, number: int, after: dict[str, object], now_s: float) -> None:
    add_audit(
        scope,
        user_id=actor.user_id,
        action=action,
        subject=f"api_token/{number}",
        before=None,
        after=after,
        address=actor.address,
        now_s=now_s,
    )
