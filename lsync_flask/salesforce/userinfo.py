"""Who a token belongs to: proof that a signed request is fresh (`reference/salesforce.md` §1.4, §2.5)."""

from dataclasses import dataclass

from lsync_flask.errors import GrantLost, RetryableError
from lsync_flask.salesforce.ids import check_id
from lsync_flask.salesforce.refusals import explain, is_html, read_errors
from lsync_flask.salesforce.transport import Transport

_OK = 200
_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class UserInfo:
    """The user of a token. `custom_permissions` are only told when the app has that scope."""

    user_id: str
    organization_id: str
    username: str
    name: str
    email: str
    active: bool
    locale: str
    language: str
    time_zone: str
    custom_permissions: frozenset[str]


def read_userinfo(transport: Transport, instance_url: str, access_token: str) -> UserInfo:
    """Ask Salesforce whose token this is.

    Raises:
        GrantLost: the token is dead; FatalError: the address is no org; RetryableError: Salesforce is busy.
    """
    if not access_token.isascii() or not access_token.isprintable():
        raise GrantLost("This Salesforce session cannot be used. Open LSync again from its tab.")
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    reply = transport.send("GET", instance_url, "/services/oauth2/userinfo", headers=headers)
    if reply.status in _REFUSED and not is_html(reply.headers):
        raise GrantLost("This Salesforce session has ended. Open LSync again from its tab.")
    if reply.status != _OK or is_html(reply.headers):
        raise explain("GET", reply.status, reply.headers, read_errors(reply.status, reply.body))
    return _read(reply.json())


def _read(body: object) -> UserInfo:
    if not isinstance(body, dict):
        raise RetryableError("Salesforce did not say who the user is.")
    permissions = body.get("custom_permissions")
    held = permissions if isinstance(permissions, dict) else {}
    return UserInfo(
        user_id=check_id(str(body.get("user_id")), "005"),
        organization_id=check_id(str(body.get("organization_id")), "00D"),
        username=_text(body, "preferred_username"),
        name=_text(body, "name"),
        email=_text(body, "email"),
        active=body.get("active") is True,
        locale=_text(body, "locale"),
        language=_text(body, "language"),
        time_zone=_text(body, "zoneinfo"),
        custom_permissions=frozenset(str(name) for name, granted in held.items() if granted is True),
    )


def _text(body: dict[str, object], key: str) -> str:
    found = body.get(key)
    return found if isinstance(found, str) else ""
