"""Sessions: who is behind a token, with the role as it is now."""

import structlog

from lsync_flask.errors import LsyncError, NotAllowed
from lsync_flask.services.access import Role
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.sign_in import IDLE_S, actor_of_user, ask_role, hash_token
from lsync_flask.storage.audit import add_audit
from lsync_flask.storage.orgs import read_org
from lsync_flask.storage.sessions import (
    SessionRow,
    count_open_sessions,
    end_session,
    end_sessions_of,
    read_session,
    set_session_role,
    touch_session,
)
from lsync_flask.storage.users import read_user

log = structlog.get_logger(__name__)

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
    if not read_org(resources.database, session.org_id).is_active:
        raise SessionOver
    return session


def _role(resources: Resources, session: SessionRow, kept_s: float) -> Role:
    """The role now; who has lost it loses all sessions, since what is on their pages is no longer for them."""
    if session.role_checked_at > resources.now_s() - kept_s:
        role: Role = session.role  # type: ignore[assignment]  # stored by us alone
        return role
    try:
        role = ask_role(resources, session.org_id, session.user_id)
    except LsyncError as error:
        # Not to be read is not the same as lost: the answer is no, and the next request asks again.
        log.warning("the role could not be read", org=session.org_id, user=session.user_id, error=str(error))
        return "none"
    is_lost = role == "none" and session.role != "none"
    with resources.database.writing(session.org_id) as scope:
        set_session_role(scope, session.token_hash, role, resources.now_s())
        if is_lost:
            end_sessions_of(scope, session.user_id, resources.now_s())
    if is_lost:
        log.info("sessions ended: no permission set", org=session.org_id, user=session.user_id)
        raise SessionOver
    return role


def read_old_session(resources: Resources, token: str) -> SessionRow:
    """The session with this token, whether it is open or has ended: whose tab it is that asks for a new one.

    Raises:
        SessionOver: there is none.
    """
    session = read_session(resources.database, hash_token(token)) if token else None
    if session is None:
        raise SessionOver
    return session


def count_sessions(resources: Resources, actor: Actor) -> int:
    """How many sessions of the org are open, the asking user's own included."""
    actor.must("see settings and mappings")
    with resources.database.reading(actor.org_id) as scope:
        return count_open_sessions(scope, resources.now_s() - IDLE_S)


def end_all_sessions(resources: Resources, actor: Actor, token: str) -> int:
    """End every session of the org but the asking admin's, which `token` names; how many."""
    actor.must("change settings and mappings")
    with resources.database.writing(actor.org_id) as scope:
        ended = end_sessions_of(scope, None, resources.now_s(), but=hash_token(token))
        add_audit(
            scope,
            user_id=actor.user_id,
            action="end_sessions",
            subject="session",
            before=None,
            after={"ended": ended},
            address=actor.address,
            now_s=resources.now_s(),
        )
    return ended


def sign_out(resources: Resources, token: str) -> None:
    session = read_open_session(resources, token)
    with resources.database.writing(session.org_id) as scope:
        end_session(scope, session.token_hash, resources.now_s())
