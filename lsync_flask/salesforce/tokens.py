"""Access tokens by the JWT bearer flow (`reference/salesforce.md` §2.2, §2.3): no password, no refresh token stored."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jwt

from lsync_flask.errors import GrantLost, LsyncError, RetryableError
from lsync_flask.salesforce.hosts import check_org_url
from lsync_flask.salesforce.ids import to_18
from lsync_flask.salesforce.transport import Reply, Transport

LIFE_S = 120
"""How long an assertion holds; Salesforce allows three minutes."""

_PATH = "/services/oauth2/token"
_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_PASSING = frozenset({"rate_limit_exceeded", "temporarily_unavailable", "server_error", "unknown_error"})
_SERVER_ERROR = 500
_BUSY = frozenset({420, 429})
_OK = 200


@dataclass(frozen=True)
class Grant:
    """How an org lets us in: `consumer_key` and the key of its certificate. `audience` None: the org's My Domain."""

    org_id: str
    my_domain: str
    consumer_key: str
    private_key_pem: str = field(repr=False)
    audience: str | None = None


@dataclass(frozen=True)
class Token:
    """A user's access and the only address that it is for."""

    access_token: str = field(repr=False)
    instance_url: str


class JwtTokens:
    """The tokens of one org's users, kept until Salesforce refuses them; shared by all threads."""

    def __init__(self, grant: Grant, transport: Transport, clock: Callable[[], datetime]) -> None:
        self._grant = grant
        self._transport = transport
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def token(self, username: str) -> Token:
        """This user's token, asked for when there is none yet.

        Raises:
            GrantLost: the org does not let this user in; RetryableError: it may later.
        """
        found = self._tokens.get(username)
        return found or self.renew(username, None)

    def renew(self, username: str, stale: Token | None) -> Token:
        """A token other than `stale`. Of many threads that come with the same stale one, only one asks Salesforce.

        Raises:
            GrantLost: the org does not let this user in; RetryableError: it may later.
        """
        with self._lock_of(username):
            found = self._tokens.get(username)
            if found is None or found == stale:
                self._tokens.pop(username, None)
                found = self._tokens[username] = self._ask(username)
            return found

    def _lock_of(self, username: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(username, threading.Lock())

    def _ask(self, username: str) -> Token:
        origin = check_org_url(self._grant.my_domain, self._transport.extra_hosts)
        form = {"grant_type": _GRANT_TYPE, "assertion": self._sign(username, self._grant.audience or origin)}
        reply = self._transport.send("POST", origin, _PATH, data=form)
        body = _read_object(reply)
        if reply.status != _OK:
            raise _refusal(username, reply, body)
        return self._read_token(body)

    def _sign(self, username: str, audience: str) -> str:
        claims = {
            "iss": self._grant.consumer_key,
            "sub": username,
            "aud": audience,
            "exp": int(self._clock().timestamp()) + LIFE_S,
        }
        try:
            return jwt.encode(claims, self._grant.private_key_pem, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError):
            # The library's own words may quote the key.
            raise GrantLost("The JWT key of this org is no RSA key in PEM form. Store it again.") from None

    def _read_token(self, body: Mapping[str, Any]) -> Token:
        access_token, instance = body.get("access_token"), body.get("instance_url")
        if not isinstance(access_token, str) or not access_token or not isinstance(instance, str):
            raise RetryableError("Salesforce sent no token.")
        self._check_org(body.get("id"))
        return Token(access_token, check_org_url(instance, self._transport.extra_hosts))

    def _check_org(self, identity: object) -> None:
        """The identity's address ends in the ids of org and user; another org's token must not be used for ours."""
        parts = identity.split("/") if isinstance(identity, str) else []
        if len(parts) > 1 and to_18(parts[-2]) != to_18(self._grant.org_id):
            raise GrantLost("The org's address belongs to another org. Correct its My Domain.")


def _read_object(reply: Reply) -> Mapping[str, Any]:
    try:
        body = reply.json()
    except RetryableError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(username: str, reply: Reply, body: Mapping[str, Any]) -> LsyncError:
    error, said = (str(body.get(key) or "") for key in ("error", "error_description"))
    if not error or error in _PASSING or reply.status >= _SERVER_ERROR or reply.status in _BUSY:
        return RetryableError(f"Salesforce gave no token for {username} (HTTP {reply.status}{_say(error)}).")
    return GrantLost(
        f"Salesforce does not let LSync in as {username}: {said or error}{_say(error) if said else ''}. "
        f"{_ADVICE.get(said.lower(), _ADVICE_BY_ERROR.get(error, _DEFAULT_ADVICE))}"
    )


def _say(error: str) -> str:
    return f", {error}" if error else ""


_DEFAULT_ADVICE = "An admin must check the connected app."
_ADVICE_BY_ERROR = {
    "invalid_client_id": "Check the consumer key.",
    "invalid_app_access": "Give the user the profile or permission set that the app asks for.",
    "OAUTH_APP_BLOCKED": "The app is blocked in this org; an admin must unblock it.",
    "inactive_org": "The org is not active.",
}
_ADVICE = {
    "user hasn't approved this consumer": "Pre-authorise the user for the app, with the scopes api and refresh_token.",
    "inactive user": "Activate the user or choose another.",
    "audience is invalid": "Check the audience of this org.",
    "invalid assertion": "Check that the app's certificate belongs to the JWT key.",
    "ip restricted": "Allow this server's address for the user or the app.",
}
