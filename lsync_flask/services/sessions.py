"""Sessions: who is behind a token, with the role as it is now."""

from lsync_flask.errors import NotAllowed
from lsync_flask.services.access import Role
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.sign_in import IDLE_S, actor_of_user, hash_token, read_role
from lsync_flask.storage.sessions import (
    SessionRow,
    end_session,
    read_session,
    set_session_role,
    touch_session,
)
from lsync_flask.storage.users import read_user

ABSOLUTE_S = 12 * 3_600
ROLE_KEPT_S = 60
TOUCH_EVERY_S = 30


class SessionOver(NotAllowed):
    """There is no such session, or it has ended: the tab asks Salesforce for a new signed request."""

    def __init__(self) -> None:
        super().__init__("Your session has ended. Open the LSync tab again.")


def actor_of(resources: Resources, token: str, address: str) -> Actor:
    """Who asks; the role is at most a minute old.

    Raises:
        SessionOver.
    """
    return _actor(resources, token, address, role_kept_s=ROLE_KEPT_S)


def actor_for_change(resources: Resources, token: str, address: str) -> Actor:
    """Who asks for something to be changed: the role is read now."""
    return _actor(resources, token, address, role_kept_s=0)


def _actor(resources: Resources, token: str, address: str, *, role_kept_s: float) -> Actor:
    session = read_open_session(resources, token)
    role = _role(resources, session, role_kept_s)
    with resources.database.reading(session.org_id) as scope:
        user = read_user(scope, session.user_id)
    if session.used_at < resources.now_s() - TOUCH_EVERY_S:
        with resources.database.writing(session.org_id) as scope:
            touch_session(scope, session.token_hash, resources.now_s())
    return actor_of_user(session.org_id, user, role, address)


def read_open_session(resources: Resources, token: str) -> SessionRow:
    """Raises SessionOver when it has ended, idled too long or lived too long."""
    session = read_session(resources.database, hash_token(token)) if token else None
    now_s = resources.now_s()
    if session is None or session.ended_at is not None:
        raise SessionOver
    if session.used_at < now_s - IDLE_S or session.created_at < now_s - ABSOLUTE_S:
        raise SessionOver
    return session


def _role(resources: Resources, session: SessionRow, kept_s: float) -> Role:
    if session.role_checked_at > resources.now_s() - kept_s:
        role: Role = session.role  # type: ignore[assignment]  # stored by us alone
        return role
    role = read_role(resources, session.org_id, session.user_id)
    with resources.database.writing(session.org_id) as scope:
        set_session_role(scope, session.token_hash, role, resources.now_s())
    return role


def sign_out(resources: Resources, token: str) -> None:
    session = read_open_session(resources, token)
    with resources.database.writing(session.org_id) as scope:
        end_session(scope, session.token_hash, resources.now_s())
