"""A user lets LSync in where the org leaves that to its users: the web server flow with PKCE (salesforce.md §1.6).

All that comes of it is the user's approval, kept by Salesforce: it then opens the tab with a signed request. The token
of the flow is dropped. What the flow began with travels in a sealed cookie, so that it ends in the browser it began in.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import orjson
import structlog

from lsync_flask.errors import FatalError, LsyncError, NotFound, SignedRequestRefused
from lsync_flask.salesforce.hosts import check_org_url
from lsync_flask.salesforce.tokens import WebServerCode, exchange_code
from lsync_flask.services.resources import Resources
from lsync_flask.storage.orgs import OrgRow, consumer_secrets, orgs_of_app, read_org
from lsync_flask.storage.sessions import use_request

log = structlog.get_logger(__name__)

LASTS_S = 600
SCOPES = "api id custom_permissions"
NARROW = frozenset({"api", "id", "custom_permissions", "refresh_token", "offline_access", "openid", "profile", "email"})
"""What an app of ours may be granted; `full` or `web` would be more than it needs."""
PUBLIC_LOGINS = frozenset({"https://login.salesforce.com", "https://test.salesforce.com"})
_NAME = "self_authorise"


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow that begins: where the user goes, and what the browser keeps meanwhile."""

    url: str
    cookie: str


def org_to_approve(resources: Resources, app: str | None, login_url: str) -> OrgRow | None:
    """The enrolled org whose users are sent to this address to log in; None: it is nobody's.

    The address comes from whoever made the link. It only chooses among enrolled orgs, and is never gone to.
    """
    try:
        origin = login_url if login_url in PUBLIC_LOGINS else check_org_url(login_url, _hosts(resources))
    except FatalError:
        return None
    orgs = orgs_of_app(resources.database, app)
    if origin in PUBLIC_LOGINS:
        return orgs[0] if len(orgs) == 1 else None
    return next((org for org in orgs if org.my_domain == origin), None)


def begin_flow(resources: Resources, org_id: str) -> Flow:
    """Raises NotFound when no such org is enrolled."""
    org = read_org(resources.database, org_id)
    if not org.is_active:
        raise NotFound("There is no such org.")
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": org.consumer_key,
        "redirect_uri": _callback(resources),
        "scope": SCOPES,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    kept = orjson.dumps([state, verifier, resources.now_s()]).decode()
    sealed = base64.urlsafe_b64encode(resources.box.seal(org.id, _NAME, kept)).decode()
    origin = check_org_url(org.my_domain, _hosts(resources))
    return Flow(f"{origin}/services/oauth2/authorize?{urlencode(asked)}", f"{org.id}.{sealed}")


def end_flow(resources: Resources, cookie: str, state: str, code: str) -> OrgRow:
    """Check that Salesforce's answer belongs to the flow of this browser, and redeem its code; the org.

    The org is the one that the flow began with, whatever the answer says: no other login server's code is taken.

    Raises:
        SignedRequestRefused: with the reason, which is for the log alone.
    """
    if not code:
        raise SignedRequestRefused("Salesforce sent no code")
    org_id, expected, verifier = _open_cookie(resources, cookie)
    if not hmac.compare_digest(expected.encode(), state.encode()):
        raise SignedRequestRefused("another state")
    if not use_request(resources.database, hashlib.sha256(f"{_NAME}{state}".encode()).hexdigest(), resources.now_s()):
        raise SignedRequestRefused("a state that was used")
    org = read_org(resources.database, org_id)
    scopes = _redeem(resources, org, code, verifier)
    wider = scopes - NARROW
    if wider:
        log.warning("the app is granted more than it needs", org=org.id, scopes=" ".join(sorted(wider)))
        raise SignedRequestRefused("wider scopes than asked for")
    return org


def _open_cookie(resources: Resources, cookie: str) -> tuple[str, str, str]:
    """The org, the state and the verifier of the flow that this browser has begun."""
    org_id, _, sealed = cookie.partition(".")
    try:
        kept = orjson.loads(resources.box.unseal(org_id, _NAME, base64.urlsafe_b64decode(sealed)))
    except (binascii.Error, ValueError, FatalError):
        raise SignedRequestRefused("no flow has begun here") from None
    state, verifier, began_at = kept
    if not began_at <= resources.now_s() <= began_at + LASTS_S:
        raise SignedRequestRefused("the flow began too long ago")
    return org_id, state, verifier


def _redeem(resources: Resources, org: OrgRow, code: str, verifier: str) -> frozenset[str]:
    with resources.database.reading(org.id) as scope:
        secret = next(iter(consumer_secrets(scope, resources.box)), "")
    redeemed = WebServerCode(org.id, org.my_domain, org.consumer_key, secret, code, verifier, _callback(resources))
    try:
        return exchange_code(resources.transport, redeemed)
    except LsyncError as error:
        raise SignedRequestRefused("the code was not redeemed") from error


def _callback(resources: Resources) -> str:
    parts = urlsplit(resources.settings.public_url)
    return f"{parts.scheme}://{parts.netloc}/oauth/callback"


def _hosts(resources: Resources) -> frozenset[str]:
    return resources.settings.allowed_org_hosts
