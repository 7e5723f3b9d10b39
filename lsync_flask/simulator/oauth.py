"""The org's tokens: who gets one by JWT bearer, client credentials, refresh or code, and what it says of its user."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from lsync_flask.errors import FatalError
from lsync_flask.simulator.authorize import Code, Codes
from lsync_flask.simulator.connected_app import ConnectedApp, OAuthRefused
from lsync_flask.simulator.directory import Directory, Member
from lsync_flask.simulator.org import SimUser
from lsync_flask.simulator.sessions import Session, Sessions
from lsync_flask.simulator.userinfo import identity, userinfo

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PUBLIC_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
EXPIRY_SKEW_S = 180
_LONGEST_EXPIRY = 20


def read_public_key(certificate_pem: bytes) -> RSAPublicKey:
    """The key of a registered certificate, which must be an RSA one.

    Raises:
        FatalError: it is of another kind.
    """
    key = x509.load_pem_x509_certificate(certificate_pem).public_key()
    if not isinstance(key, RSAPublicKey):
        raise FatalError("The connected app's certificate holds no RSA key.")
    return key


class OAuth:
    """Grants tokens and says whose they are."""

    def __init__(
        self,
        *,
        app: ConnectedApp,
        org_url: str,
        org_id: str,
        directory: Directory,
        sessions: Sessions,
        now: Callable[[], datetime],
    ) -> None:
        self.app = app
        self.org_url = org_url
        self.org_id = org_id
        self.directory = directory
        self.sessions = sessions
        self.codes = Codes(now)
        self._now = now
        self._jws = jwt.PyJWS(algorithms=["RS256"])
        self._key = read_public_key(app.certificate_pem)

    def authenticate(self, token: str) -> Member | None:
        """Whose live session this is; None for a token that is unknown, expired, revoked or of an inactive user."""
        session = self.sessions.find(token)
        member = self.directory.by_id(session.user_id) if session else None
        return member if member is not None and member.active else None

    def sim_user(self, token: str) -> SimUser | None:
        """The same for the data plane."""
        member = self.authenticate(token)
        return self.directory.sim_user(member.id) if member else None

    def grant(self, form: Mapping[str, str], basic: tuple[str, str] | None) -> dict[str, Any]:
        """The body of a token answer.

        Raises:
            OAuthRefused: no token for this request.
        """
        if self.app.refuses is not None:
            error, description = self.app.refuses
            raise OAuthRefused(error, description, 401 if error == "invalid_client" else 400)
        grants = {
            JWT_GRANT: self._by_jwt,
            "client_credentials": self._by_client_credentials,
            "refresh_token": self._by_refresh_token,
            "authorization_code": self._by_code,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise OAuthRefused("unsupported_grant_type", "grant type not supported")
        return grant(form, basic)

    def _by_jwt(self, form: Mapping[str, str], _basic: tuple[str, str] | None) -> dict[str, Any]:
        claims = self._read_assertion(form.get("assertion", ""))
        self._check_times_and_audience(claims)
        member = self._member(str(claims.get("sub", "")))
        return self._token_body(member, self.sessions.open(member.id, self.app.scopes))

    def _read_assertion(self, assertion: str) -> dict[str, Any]:
        if not assertion:
            raise OAuthRefused("invalid_request", "assertion must be provided")
        unchecked = self._decode(assertion, verify=False)
        if unchecked.get("iss") != self.app.consumer_key:
            raise OAuthRefused("invalid_client_id", "client identifier invalid")
        return self._decode(assertion, verify=True)

    def _decode(self, assertion: str, *, verify: bool) -> dict[str, Any]:
        # Only the signature is PyJWT's to check: times and audience get Salesforce's own answers, by our clock.
        try:
            payload = self._jws.decode(
                assertion, key=self._key, algorithms=["RS256"], options={"verify_signature": verify}
            )
            claims = json.loads(payload)
        except (jwt.PyJWTError, ValueError) as error:
            raise OAuthRefused("invalid_grant", "invalid assertion") from error
        if not isinstance(claims, dict):
            raise OAuthRefused("invalid_grant", "invalid assertion")
        return claims

    def _check_times_and_audience(self, claims: Mapping[str, Any]) -> None:
        # Salesforce takes any far future, for its own CLI sends milliseconds; simple-salesforce sends seconds as text.
        if _read_expiry(claims.get("exp")) < self._now().timestamp() - EXPIRY_SKEW_S:
            raise OAuthRefused("invalid_grant", "expired authorization code")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if not set(map(str, named)) & {*PUBLIC_AUDIENCES, self.org_url}:
            raise OAuthRefused("invalid_grant", "audience is invalid")

    def _member(self, username: str) -> Member:
        member = self.directory.by_username(username)
        if member is None:
            raise OAuthRefused("invalid_grant", "user hasn't approved this consumer")
        if not member.active:
            raise OAuthRefused("invalid_grant", "inactive user")
        if not member.approved:
            raise OAuthRefused("invalid_app_access", "user is not admin approved to access this app")
        return member

    def _by_client_credentials(self, form: Mapping[str, str], basic: tuple[str, str] | None) -> dict[str, Any]:
        self._check_client(form, basic, secret_needed=True)
        if self.app.run_as is None:
            raise OAuthRefused("invalid_grant", "no client credentials user enabled")
        member = self._member(self.app.run_as)
        session = self.sessions.open(member.id, self.app.scopes - {"refresh_token"})
        return self._signed(self._token_body(member, session), session)

    def _by_refresh_token(self, form: Mapping[str, str], basic: tuple[str, str] | None) -> dict[str, Any]:
        self._check_client(form, basic, secret_needed=False)
        token = form.get("refresh_token", "")
        approval = self.sessions.find_approval(token)
        member = self.directory.by_id(approval.user_id) if approval else None
        if approval is None or member is None:
            self.sessions.punish_reuse(token)
            raise OAuthRefused("invalid_grant", "expired access/refresh token")
        if not member.active:
            raise OAuthRefused("invalid_grant", "inactive user")
        session = self.sessions.open(member.id, approval.scopes)
        body = self._signed(self._token_body(member, session), session)
        if self.app.rotates_refresh_tokens:
            body["refresh_token"] = self.sessions.rotate(approval).token
        return body

    def _by_code(self, form: Mapping[str, str], basic: tuple[str, str] | None) -> dict[str, Any]:
        self._check_client(form, basic, secret_needed=True)
        code = self.codes.take(form.get("code", ""))
        if code is None:
            raise OAuthRefused("invalid_grant", "invalid authorization code")
        if code.expires_at <= self._now():
            raise OAuthRefused("invalid_grant", "expired authorization code")
        if form.get("redirect_uri") != code.ask.redirect_uri:
            raise OAuthRefused("redirect_uri_mismatch", "redirect_uri must match configuration")
        if not code.accepts(form.get("code_verifier", "")):
            raise OAuthRefused("invalid_grant", "invalid code verifier")
        return self._answer_code(code)

    def _answer_code(self, code: Code) -> dict[str, Any]:
        member = self.directory.by_id(code.user_id)
        if member is None or not member.active:
            raise OAuthRefused("invalid_grant", "inactive user")
        session = self.sessions.open(member.id, code.ask.scopes)
        body = self._signed(self._token_body(member, session), session)
        if "refresh_token" in code.ask.scopes:
            body["refresh_token"] = self.sessions.approve(member.id, code.ask.scopes).token
        return body

    def _check_client(self, form: Mapping[str, str], basic: tuple[str, str] | None, *, secret_needed: bool) -> None:
        key, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if not hmac.compare_digest(key.encode(), self.app.consumer_key.encode()):
            raise OAuthRefused("invalid_client_id", "client identifier invalid")
        if not secret and not secret_needed:
            return
        if not hmac.compare_digest(secret.encode(), self.app.consumer_secret.encode()):
            raise OAuthRefused("invalid_client", "invalid client credentials", 401)

    def _token_body(self, member: Member, session: Session) -> dict[str, Any]:
        return {
            "access_token": session.token,
            "scope": " ".join(sorted(session.scopes)),
            "instance_url": self.org_url,
            "id": self.identity_url(member),
            "token_type": "Bearer",
        }

    def _signed(self, body: dict[str, Any], session: Session) -> dict[str, Any]:
        issued = str(int(session.issued_at.timestamp() * 1000))
        mac = hmac.digest(self.app.consumer_secret.encode(), (body["id"] + issued).encode(), "sha256")
        return {**body, "issued_at": issued, "signature": base64.b64encode(mac).decode()}

    def identity_url(self, member: Member) -> str:
        """The address that names a user of this org."""
        return f"{self.org_url}/id/{self.org_id}/{member.id}"

    def introspect(self, form: Mapping[str, str], basic: tuple[str, str] | None) -> dict[str, Any]:
        """What a token is good for; `active` false says no more.

        Raises:
            OAuthRefused: the client is not the app.
        """
        self._check_client(form, basic, secret_needed=True)
        token = form.get("token", "")
        session, member = self.sessions.find(token), self.authenticate(token)
        if session is None or member is None:
            return {"active": False}
        issued = int(session.issued_at.timestamp())
        return {
            "active": True,
            "scope": " ".join(sorted(session.scopes)),
            "client_id": self.app.consumer_key,
            "username": member.username,
            "sub": self.identity_url(member),
            "token_type": "access_token",
            "exp": int(session.expires_at.timestamp()),
            "iat": issued,
            "nbf": issued,
        }

    def userinfo(self, member: Member, scopes: frozenset[str]) -> dict[str, Any]:
        """What userinfo tells of the token's user (reference, §2.5)."""
        body = userinfo(self.org_url, self.org_id, self.identity_url(member), member, self._now())
        return body | self._permissions(member, scopes)

    def identity(self, member: Member, scopes: frozenset[str], version: str) -> dict[str, Any]:
        """What the identity URL tells of a user (Salesforce Help, "Identity URLs")."""
        body = identity(self.org_url, self.org_id, self.identity_url(member), member, self._now(), version)
        return body | self._permissions(member, scopes)

    def _permissions(self, member: Member, scopes: frozenset[str]) -> dict[str, Any]:
        if "custom_permissions" not in scopes:
            return {}
        held = self.directory.custom_permissions(member.id)
        return {"custom_permissions": dict.fromkeys(sorted(held), True)}


def _read_expiry(claim: object) -> int | float:
    """The seconds of `exp`, a number or its digits."""
    if isinstance(claim, str) and claim.isdecimal() and len(claim) <= _LONGEST_EXPIRY:
        return int(claim)
    if not isinstance(claim, int | float) or isinstance(claim, bool):
        raise OAuthRefused("invalid_grant", "invalid assertion")
    return claim


def read_bearer(header: str | None) -> str:
    """The token of an `Authorization: Bearer …` or `OAuth …` header; empty if there is none."""
    kind, _, token = (header or "").partition(" ")
    return token.strip() if kind.lower() in {"bearer", "oauth"} else ""
