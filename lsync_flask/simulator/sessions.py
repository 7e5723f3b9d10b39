"""Access and refresh tokens of the org: who holds one, with which scopes, and until when."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

SESSION_S = 2 * 3600
"""How long a session lives without use, the org's default setting."""
APPROVALS = 5
"""How many refresh tokens one user may have for the app; one more ends the oldest (reference, §2.3)."""


@dataclass(frozen=True, slots=True)
class Session:
    """One access token and what it opens."""

    token: str
    user_id: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """One refresh token: the user let the app act for them."""

    token: str
    user_id: str
    scopes: frozenset[str]


class Sessions:
    """All tokens of the org, in memory; every method may be called from any thread."""

    def __init__(self, org_id: str, now: Callable[[], datetime], lifetime_s: int = SESSION_S) -> None:
        self._prefix = org_id[:15]
        self._now = now
        self._lifetime = timedelta(seconds=lifetime_s)
        self._sessions: dict[str, Session] = {}
        self._approvals: dict[str, Approval] = {}
        self._spent: dict[str, str] = {}
        self._lock = Lock()

    def open(self, user_id: str, scopes: frozenset[str]) -> Session:
        """A new access token, opaque and in the classic form `00D…!AQ…`."""
        now = self._now()
        token = f"{self._prefix}!AQ{secrets.token_urlsafe(69).replace('-', '.')}"
        session = Session(token, user_id, scopes, now, now + self._lifetime)
        with self._lock:
            self._drop_expired(now)
            self._sessions[token] = session
        return session

    def _drop_expired(self, now: datetime) -> None:
        for token in [token for token, session in self._sessions.items() if session.expires_at <= now]:
            del self._sessions[token]

    def find(self, token: str) -> Session | None:
        """The session of a token; None if it is unknown, expired or revoked."""
        session = self._sessions.get(token)
        return session if session is not None and session.expires_at > self._now() else None

    def approve(self, user_id: str, scopes: frozenset[str]) -> Approval:
        """A new refresh token."""
        approval = Approval(f"5Aep861{secrets.token_urlsafe(60).replace('-', '.')}", user_id, scopes)
        with self._lock:
            self._approvals[approval.token] = approval
            held = [token for token, other in self._approvals.items() if other.user_id == user_id]
            for token in held[:-APPROVALS]:
                del self._approvals[token]
        return approval

    def find_approval(self, token: str) -> Approval | None:
        """The approval of a refresh token; None if there is none (any more)."""
        return self._approvals.get(token)

    def rotate(self, approval: Approval) -> Approval:
        """The refresh token that takes the place of this one, which is spent."""
        with self._lock:
            self._approvals.pop(approval.token, None)
            self._spent[approval.token] = approval.user_id
        return self.approve(approval.user_id, approval.scopes)

    def punish_reuse(self, token: str) -> None:
        """A spent refresh token came back: somebody copied it, so every approval of that user ends."""
        with self._lock:
            user_id = self._spent.get(token)
            for other in [held for held, approval in self._approvals.items() if approval.user_id == user_id]:
                del self._approvals[other]

    def revoke(self, token: str) -> bool:
        """End a session, or an approval together with the sessions of its user; False if there is no such token."""
        with self._lock:
            if self._sessions.pop(token, None):
                return True
            approval = self._approvals.pop(token, None)
            if approval is None:
                return False
            self._end_sessions(approval.user_id)
            return True

    def _end_sessions(self, user_id: str) -> None:
        for token in [token for token, session in self._sessions.items() if session.user_id == user_id]:
            del self._sessions[token]

    def revoke_user(self, user_id: str) -> None:
        """End all sessions of a user, as when an admin freezes them."""
        with self._lock:
            self._end_sessions(user_id)

    def revoke_all(self) -> None:
        """End every session of the org."""
        with self._lock:
            self._sessions.clear()
