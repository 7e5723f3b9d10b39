"""Access tokens of an org, by one of three flows (`reference/salesforce.md` §2.2, §2.3).

JWT bearer acts as any user who is let in; client credentials and refresh token act as one user for all. A refresh token
may change at each use, and one that is used twice ends the grant: whoever uses it holds the org's row for that time.
"""

import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import jwt

from lsync_flask.errors import GrantLost, LsyncError, RetryableError
from lsync_flask.salesforce.hosts import check_org_url
from lsync_flask.salesforce.ids import to_18
from lsync_flask.salesforce.transport import Reply, Transport

LIFE_S = 120
"""How long an assertion holds; Salesforce allows three minutes."""

_PATH = "/services/oauth2/token"
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_PASSING = frozenset({"rate_limit_exceeded", "temporarily_unavailable", "server_error", "unknown_error"})
_SERVER_ERROR = 500
_BUSY = frozenset({420, 429})
_OK = 200


@dataclass(frozen=True)
class Grant:
    """How an org lets us in: the app's key, and its private key or secret. `audience` None: the org's My Domain."""

    org_id: str
    my_domain: str
    consumer_key: str
    private_key_pem: str = field(repr=False, default="")
    audience: str | None = None
    consumer_secret: str = field(repr=False, default="")


@dataclass(frozen=True)
class Token:
    """A user's access and the only address that it is for."""

    access_token: str = field(repr=False)
    instance_url: str


class Tokens(Protocol):
    """Where an API gets its tokens from."""

    def token(self, username: str) -> Token:
        """The user's token, kept or asked for."""
        ...

    def renew(self, username: str, stale: Token | None) -> Token:
        """A token other than `stale`."""
        ...


class _KeptTokens(ABC):
    """The tokens of one org, kept until Salesforce refuses them; shared by all threads."""

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
                found = self._tokens[username] = self._ask(username, stale)
            return found

    def _lock_of(self, username: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(username, threading.Lock())

    @abstractmethod
    def _ask(self, username: str, stale: Token | None) -> Token: ...

    def _origin(self) -> str:
        return check_org_url(self._grant.my_domain, self._transport.extra_hosts)

    def _post(self, username: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        reply = self._transport.send("POST", self._origin(), _PATH, data=form)
        body = _read_object(reply)
        if reply.status != _OK:
            raise _refusal(username, reply, body)
        return body

    def _client(self) -> dict[str, str]:
        return {"client_id": self._grant.consumer_key, "client_secret": self._grant.consumer_secret}

    def _read_token(self, body: Mapping[str, Any]) -> Token:
        access_token, instance = body.get("access_token"), body.get("instance_url")
        if not isinstance(access_token, str) or not access_token or not isinstance(instance, str):
            raise RetryableError("Salesforce sent no token.")
        _check_identity(body.get("id"), self._grant.org_id)
        return Token(access_token, check_org_url(instance, self._transport.extra_hosts))


class JwtTokens(_KeptTokens):
    """Tokens by the JWT bearer flow: one for each user, with no password and no refresh token stored."""

    def _ask(self, username: str, stale: Token | None) -> Token:
        del stale
        assertion = self._sign(username, self._grant.audience or self._origin())
        return self._read_token(self._post(username, {"grant_type": _JWT, "assertion": assertion}))

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


class ClientCredentialsTokens(_KeptTokens):
    """Tokens by the client credentials flow: whoever asks, they act as the app's Run As user."""

    def _ask(self, username: str, stale: Token | None) -> Token:
        del stale
        return self._read_token(self._post(username, {"grant_type": "client_credentials", **self._client()}))


@dataclass(frozen=True)
class Kept:
    """What is stored of a refresh token: itself, and the newest token that it gave (None: none yet)."""

    refresh_token: str = field(repr=False)
    token: Token | None


class Vault(Protocol):
    """Where an org's refresh token lies; all processes share it."""

    def read(self) -> Kept:
        """Raises GrantLost when there is none."""
        ...

    def claim(self, owner: str) -> bool:
        """Hold the row; False while somebody else does."""
        ...

    def store(self, owner: str, refresh_token: str, token: Token) -> None:
        """Keep both, and let go of the row."""
        ...

    def release(self, owner: str) -> None:
        """Let go of the row."""
        ...


WAIT_S = 20.0
LOOK_EVERY_S = 0.05


class RefreshTokens(_KeptTokens):
    """Tokens by a refresh token. Of all threads and processes with the same stale token, one asks Salesforce."""

    def __init__(self, grant: Grant, transport: Transport, clock: Callable[[], datetime], vault: Vault) -> None:
        super().__init__(grant, transport, clock)
        self._vault = vault

    def _ask(self, username: str, stale: Token | None) -> Token:
        owner = uuid.uuid4().hex
        ends_at = time.monotonic() + WAIT_S
        while time.monotonic() < ends_at:
            kept = self._vault.read()
            if kept.token is not None and kept.token != stale:
                return kept.token
            if self._vault.claim(owner):
                return self._refresh(username, stale, owner)
            time.sleep(LOOK_EVERY_S)
        raise RetryableError("The token of this org is being renewed by another process.", after_s=WAIT_S)

    def _refresh(self, username: str, stale: Token | None, owner: str) -> Token:
        try:
            kept = self._vault.read()  # anew: it may have changed just before the row was ours
            if kept.token is not None and kept.token != stale:
                return kept.token
            form = {"grant_type": "refresh_token", "refresh_token": kept.refresh_token, **self._client()}
            body = self._post(username, form)
            token = self._read_token(body)
            self._vault.store(owner, str(body.get("refresh_token") or kept.refresh_token), token)
            return token
        finally:
            self._vault.release(owner)


@dataclass(frozen=True)
class WebServerCode:
    """A code of the web server flow, and what it is redeemed with."""

    org_id: str
    my_domain: str
    consumer_key: str
    consumer_secret: str = field(repr=False)
    code: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


def exchange_code(transport: Transport, code: WebServerCode) -> frozenset[str]:
    """Redeem a code at the org that it must be of; the scopes that were granted. The token itself is dropped.

    Raises:
        GrantLost: Salesforce does not take it, or it is another org's; RetryableError: it may later.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code.code,
        "client_id": code.consumer_key,
        "client_secret": code.consumer_secret,
        "redirect_uri": code.redirect_uri,
        "code_verifier": code.verifier,
    }
    reply = transport.send("POST", check_org_url(code.my_domain, transport.extra_hosts), _PATH, data=form)
    body = _read_object(reply)
    if reply.status != _OK:
        raise _refusal("the user", reply, body)
    if "id" not in body:
        raise GrantLost("Salesforce did not say whose the token is.")
    _check_identity(body["id"], code.org_id)
    return frozenset(str(body.get("scope") or "").split())


def _check_identity(identity: object, org_id: str) -> None:
    """The identity's address ends in the ids of org and user; another org's token must not be used for ours."""
    parts = identity.split("/") if isinstance(identity, str) else []
    if len(parts) > 1 and to_18(parts[-2]) != to_18(org_id):
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
