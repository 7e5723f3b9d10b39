"""Signing in by a Canvas signed request: its bytes are verified, then everything it says is checked against the org."""

import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from lsync_flask.errors import GrantLost, LsyncError, NotFound, SignedRequestRefused, TooMany
from lsync_flask.salesforce.permissions import read_grants, role_of
from lsync_flask.salesforce.signed_request import CanvasRequest, UserContext, check_age, verify_signed_request
from lsync_flask.salesforce.userinfo import read_userinfo
from lsync_flask.services.access import Role
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.storage.audit import add_audit
from lsync_flask.storage.orgs import OrgRow, consumer_secrets, orgs_of_app, read_org
from lsync_flask.storage.sessions import add_session, use_request
from lsync_flask.storage.users import UserRow, save_user

log = structlog.get_logger(__name__)

TOKEN_BYTES = 32
IDLE_S = 30 * 60
USED = "used"
SIGN_INS_PER_MINUTE = 1_200
"""By org. Each costs the org some API calls: who has got hold of its secret must not use them up."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `token` is told once and stored only as a hash."""

    token: str
    actor: Actor
    request: CanvasRequest
    expires_s: int


def sign_in(
    resources: Resources, raw: str, app: str | None, address: str, expected: tuple[str, str] | None = None
) -> SignedIn:
    """Verify a signed request and begin a session; it does nothing else.

    `expected`: the org and user of the session that this one follows; None when there is none to follow.

    Raises:
        SignedRequestRefused: with the reason, which is for the log alone; `USED` means it was used before.
        TooMany: the org's users have signed in too often within this minute.
    """
    org, request = _verify(resources, raw, app)
    _check_rate(resources, org.id)
    check_age(request, int(resources.clock().timestamp() * 1000), resources.settings.signed_request_age_s)
    if not use_request(resources.database, hashlib.sha256(request.mac).hexdigest(), resources.now_s()):
        raise SignedRequestRefused(USED)
    if expected is not None and expected != (org.id, request.user_id):
        raise SignedRequestRefused("another user than the session's")
    user = _user(resources, org, request)
    role = read_role(resources, org.id, request.user_id)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    actor = actor_of_user(org.id, user, role, address)
    _begin(resources, actor, user, token, request)
    log.info("signed in", org=org.id, user=request.user_id, role=role)
    return SignedIn(token, actor, request, IDLE_S)


def _check_rate(resources: Resources, org_id: str) -> None:
    count = resources.rates.count(f"sign-ins {org_id}", resources.now_s())
    if count == SIGN_INS_PER_MINUTE + 1:
        log.warning("too many sign-ins", org=org_id)
    if count > SIGN_INS_PER_MINUTE:
        raise TooMany("Too many users of this org open LSync at once. Try again in a minute.")


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def actor_of_user(org_id: str, user: UserRow, role: Role, address: str, *, by_token: bool = False) -> Actor:
    return Actor(
        org_id=org_id,
        user_id=user.user_id,
        username=user.username,
        name=user.name,
        email=user.email,
        role=role,
        locale=user.locale,
        language=user.language,
        time_zone=user.time_zone,
        address=address,
        by_token=by_token,
    )


def _verify(resources: Resources, raw: str, app: str | None) -> tuple[OrgRow, CanvasRequest]:
    """The org whose secret signed the request, and the request.

    An admin who holds one org's secret can sign any body, another org's id included: the secret's owner decides.
    """
    owners: dict[str, list[str]] = {}
    for org in orgs_of_app(resources.database, app):
        with resources.database.reading(org.id) as scope:
            for secret in consumer_secrets(scope, resources.box):
                owners.setdefault(secret, []).append(org.id)
    request = verify_signed_request(raw, list(owners))
    signers = next((owners[s] for s in owners if _signed_with(raw, s)), [])
    if request.org_id not in signers:
        raise SignedRequestRefused("signed with another org's secret")
    try:
        org = read_org(resources.database, request.org_id)
    except NotFound as error:
        raise SignedRequestRefused("unknown org") from error
    if _origin(request.instance_url) != _origin(org.my_domain):
        raise SignedRequestRefused("another instance than the org's")
    return org, request


def _signed_with(raw: str, secret: str) -> bool:
    try:
        verify_signed_request(raw, [secret])
    except SignedRequestRefused:
        return False
    return True


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _user(resources: Resources, org: OrgRow, request: CanvasRequest) -> UserRow:
    """The user as the request tells or, when it leaves the user out, as Salesforce does.

    Salesforce is asked in any case: the token of a request that was signed long ago is dead (salesforce.md §1.4).
    """
    if not request.oauth_token:
        raise SignedRequestRefused("no token")
    try:
        info = read_userinfo(resources.transport, org.my_domain, request.oauth_token)
    except GrantLost as error:
        raise SignedRequestRefused("the token is dead") from error
    except LsyncError as error:
        raise SignedRequestRefused("the user could not be asked for") from error
    if info.user_id != request.user_id or info.organization_id != org.id:
        raise SignedRequestRefused("the token is another user's")
    if not info.active:
        raise SignedRequestRefused("the user is inactive")
    if request.user is not None:
        return _row(request.user_id, request.user)
    return UserRow(request.user_id, info.username, info.email, info.name, info.locale, info.language, info.time_zone)


def _row(user_id: str, user: UserContext) -> UserRow:
    return UserRow(
        user_id=user_id,
        username=user.username,
        email=user.email,
        name=user.full_name,
        locale=user.locale,
        language=user.language,
        time_zone=user.time_zone,
    )


def read_role(resources: Resources, org_id: str, user_id: str) -> Role:
    """The role that the permission sets give now; none when that cannot be read."""
    try:
        return ask_role(resources, org_id, user_id)
    except LsyncError as error:
        log.warning("the role could not be read", org=org_id, user=user_id, error=str(error))
        return "none"


def ask_role(resources: Resources, org_id: str, user_id: str) -> Role:
    """Raises LsyncError when it cannot be read."""
    return role_of(read_grants(resources.open_salesforce(org_id, None), user_id))


def _begin(resources: Resources, actor: Actor, user: UserRow, token: str, request: CanvasRequest) -> None:
    now_s = resources.now_s()
    context = {
        "instance_id": request.instance_id,
        "target_origin": request.target_origin,
        "record": dict(request.record),
    }
    with resources.database.writing(actor.org_id) as scope:
        save_user(scope, user, now_s)
        add_session(scope, hash_token(token), actor.user_id, actor.role, context, now_s)
        add_audit(
            scope,
            user_id=actor.user_id,
            action="sign_in",
            subject="session",
            before=None,
            after={"role": actor.role},
            address=actor.address,
            now_s=now_s,
        )
