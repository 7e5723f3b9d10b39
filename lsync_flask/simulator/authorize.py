"""The web server flow up to its code: what an app asks a user for, and the code that it gets (`salesforce.md` §2.1)."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlencode

from lsync_flask.simulator.connected_app import ConnectedApp, OAuthRefused

__all__ = ["Ask", "Code", "Codes", "SentBack", "add_answer", "read_ask"]

LASTS_S = 900
"""How long a code may be redeemed."""
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43,128}")


class SentBack(Exception):
    """A refusal that the app is told by way of the user's browser."""

    def __init__(self, ask: Mapping[str, str], error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        answer = {"error": error, "error_description": description}
        self.url = add_answer(ask.get("redirect_uri", ""), answer, ask.get("state"))


@dataclass(frozen=True, slots=True)
class Ask:
    """What an app asks for. `challenge` is that of PKCE, or None."""

    redirect_uri: str
    scopes: frozenset[str]
    state: str | None
    challenge: str | None


@dataclass(frozen=True, slots=True)
class Code:
    """What a user has allowed and an app has not redeemed yet."""

    user_id: str
    ask: Ask
    expires_at: datetime

    def accepts(self, verifier: str) -> bool:
        """Whether the verifier is the one that the challenge was made of; anything is, where there was none."""
        if self.ask.challenge is None:
            return True
        made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        return hmac.compare_digest(made, self.ask.challenge)


class Codes:
    """All codes that are out, in memory; each is good once."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._codes: dict[str, Code] = {}
        self._lock = Lock()

    def give(self, user_id: str, ask: Ask) -> str:
        text = f"aPrx{secrets.token_urlsafe(48)}"
        with self._lock:
            self._codes[text] = Code(user_id, ask, self._now() + timedelta(seconds=LASTS_S))
        return text

    def take(self, text: str) -> Code | None:
        """The code, which is spent by this; None if there is none."""
        with self._lock:
            return self._codes.pop(text, None)


def read_ask(app: ConnectedApp, asked: Mapping[str, str]) -> Ask:
    """What the address of the authorize page asks for.

    Raises:
        OAuthRefused: the app or its address is not known, so that nobody can be sent back.
        SentBack: anything else is wrong.
    """
    if asked.get("client_id") != app.consumer_key:
        raise OAuthRefused("invalid_client_id", "client identifier invalid")
    if asked.get("redirect_uri") not in app.callback_urls:
        raise OAuthRefused("redirect_uri_mismatch", "redirect_uri must match configuration")
    if asked.get("response_type") != "code":
        raise SentBack(asked, "unsupported_response_type", "response type not supported")
    scopes = _read_scopes(app, asked)
    return Ask(asked["redirect_uri"], scopes, asked.get("state"), _read_challenge(app, asked))


def _read_scopes(app: ConnectedApp, asked: Mapping[str, str]) -> frozenset[str]:
    names = asked.get("scope", "").replace("offline_access", "refresh_token").split()
    if set(names) - app.scopes:
        raise SentBack(asked, "invalid_scope", "the requested scope is invalid, unknown, or malformed")
    return frozenset(names) or app.scopes


def _read_challenge(app: ConnectedApp, asked: Mapping[str, str]) -> str | None:
    challenge = asked.get("code_challenge")
    if not challenge and not app.requires_pkce:
        return None
    if not challenge:
        raise SentBack(asked, "invalid_request", "missing required code challenge")
    if asked.get("code_challenge_method", "S256") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise SentBack(asked, "invalid_request", "invalid code challenge")
    return challenge


def add_answer(redirect_uri: str, answer: Mapping[str, str], state: str | None) -> str:
    """The app's address with an answer in its query."""
    joint = "&" if "?" in redirect_uri else "?"
    return redirect_uri + joint + urlencode({**answer, **({} if state is None else {"state": state})})
