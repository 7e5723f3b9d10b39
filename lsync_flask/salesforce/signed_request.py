"""The signed request with which Salesforce opens our frame (`reference/salesforce.md` §1.2 to §1.4). No I/O.

Nothing in it is looked at before the signature over its bytes has been found to be ours. Even then only who the user
is, which org it is and the token are Salesforce's own word; the rest is made up by the page in the user's browser.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from lsync_flask.errors import FatalError, SignedRequestRefused
from lsync_flask.salesforce.ids import check_id, to_18

LARGEST = 64 * 1024
DEEPEST = 20
LONGEST_TEXT = 2_000
LONGEST_TOKEN = 8_000
PREFIX = 3
RECORDS = frozenset({"00Q", "003", "001"})
"""How the ids of Leads, Contacts and Accounts begin: what LSync enriches."""
SKEW_MS = 60_000
"""How far Salesforce's clock may be ahead of ours."""

_SIGNATURE = 44
"""Characters of 32 bytes in base64."""
_WRAP = 0xFFFFFFFF
_ALGORITHM = "HMACSHA256"
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class UserContext:
    """The user as Salesforce tells it; entries that it leaves out are empty."""

    username: str
    email: str
    full_name: str
    first_name: str
    last_name: str
    locale: str
    language: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class CanvasRequest:
    """A request whose signature is right. Ids have 18 characters.

    `issued_at` are the lower 32 bits of milliseconds since 1970, with a sign; None: not told. `user` None and `org_id`
    "": the app's set-up leaves them out. `mac` is the one thing that two copies of a request surely share.
    `target_origin`, `location_url`, `display_location`, `parameters`, `record` and `record_id` are the browser's word
    only.
    """

    mac: bytes
    issued_at: int | None
    user_id: str
    user: UserContext | None
    org_id: str
    org_name: str
    instance_url: str
    oauth_token: str = field(repr=False)
    instance_id: str
    target_origin: str
    location_url: str
    display_location: str
    parameters: Mapping[str, Any]
    record: Mapping[str, Any]
    application_name: str
    record_id: str
    """Of the Lead, Contact or Account on whose page the frame stands, 18 characters; "": on none."""


def verify_signed_request(raw: str, secrets: Sequence[str]) -> CanvasRequest:
    """The request, when it was signed with one of the secrets (several while the consumer secret is being changed).

    Raises:
        SignedRequestRefused: in every other case, whatever was sent.
    """
    mac, payload = _open(raw, secrets)
    body = _parse(payload)
    if _spell_algorithm(body.get("algorithm")) != _ALGORITHM:
        raise SignedRequestRefused("another algorithm")
    return _read(mac, body)


def check_age(request: CanvasRequest, now_ms: int, max_age_s: float) -> None:
    """Refuse a request that was issued longer ago than `max_age_s`; 0 switches this off.

    The time wraps every 49.7 days, so this alone proves nothing of very old requests.

    Raises:
        SignedRequestRefused: too old, or no time is given.
    """
    if max_age_s <= 0:
        return
    if request.issued_at is None:
        raise SignedRequestRefused("no time of issue")
    age_ms = (now_ms - request.issued_at) & _WRAP
    if max_age_s * 1000 < age_ms <= _WRAP - SKEW_MS:
        raise SignedRequestRefused("too old")


def _open(raw: str, secrets: Sequence[str]) -> tuple[bytes, bytes]:
    """The signature and the bytes that it is for."""
    if len(raw) > LARGEST:
        raise SignedRequestRefused("too large")
    signature, _, payload = raw.partition(".")
    if len(signature) != _SIGNATURE or not payload:
        raise SignedRequestRefused("not two parts")
    mac = _decode(signature)
    opened = _decode(payload)
    if not _is_signed(mac, payload.encode(), secrets):
        raise SignedRequestRefused("signature does not fit")
    return mac, opened


def _decode(text: str) -> bytes:
    """Only the one spelling that Salesforce uses: each request has then exactly one form."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SignedRequestRefused("not base64") from None
    if base64.b64encode(decoded).decode() != text:
        raise SignedRequestRefused("not canonical base64")
    return decoded


def _is_signed(mac: bytes, payload: bytes, secrets: Iterable[str]) -> bool:
    # Each secret is tried, so that the time tells nothing about which fits. An empty one would be everybody's.
    fits = [
        hmac.compare_digest(mac, hmac.digest(secret.encode(), payload, hashlib.sha256)) for secret in secrets if secret
    ]
    return any(fits)


def _parse(payload: bytes) -> Mapping[str, Any]:
    if _depth(payload) > DEEPEST:
        raise SignedRequestRefused("too deep")
    try:
        # orjson is strict about UTF-8, surrogates and numbers; json alone lets us see that a key comes twice.
        orjson.loads(payload)
        body = json.loads(payload, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise SignedRequestRefused("not JSON") from None
    if not isinstance(body, dict):
        raise SignedRequestRefused("not an object")
    return body


def _depth(payload: bytes) -> int:
    """How many brackets are open at most, those in texts aside."""
    depth = deepest = 0
    for token in _TOKENS.finditer(payload):
        mark = token[0]
        depth += 1 if mark in b"[{" else -1 if mark in b"]}" else 0
        deepest = max(depth, deepest)
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise SignedRequestRefused("a key comes twice")
    return found


def _spell_algorithm(value: object) -> str:
    # The documentation writes it with a space and hyphens, Salesforce without.
    return value.replace("-", "").replace(" ", "").upper() if isinstance(value, str) else ""


def _read(mac: bytes, body: Mapping[str, Any]) -> CanvasRequest:
    client, context = _mapping(body, "client"), _mapping(body, "context")
    environment, organization = _mapping(context, "environment"), _mapping(context, "organization")
    user_id = _id(body, "userId", "005")
    return CanvasRequest(
        mac=mac,
        issued_at=_issued_at(body.get("issuedAt")),
        user_id=user_id,
        user=_read_user(context, user_id),
        org_id=_id(organization, "organizationId", "00D") if organization else "",
        org_name=_text(organization, "name"),
        instance_url=_text(client, "instanceUrl"),
        oauth_token=_token(client),
        instance_id=_text(client, "instanceId"),
        target_origin=_text(client, "targetOrigin"),
        location_url=_text(environment, "locationUrl"),
        display_location=_text(environment, "displayLocation"),
        parameters=_mapping(environment, "parameters"),
        record=_mapping(environment, "record"),
        application_name=_text(_mapping(context, "application"), "name"),
        record_id=_record_id(_mapping(environment, "record"), _mapping(environment, "parameters")),
    )


def _read_user(context: Mapping[str, Any], user_id: str) -> UserContext | None:
    user = _mapping(context, "user")
    if not user:
        return None
    if user.get("userId") is not None and _id(user, "userId", "005") != user_id:
        raise SignedRequestRefused("two users")
    return UserContext(
        username=_text(user, "userName"),
        email=_text(user, "email"),
        full_name=_text(user, "fullName"),
        first_name=_text(user, "firstName"),
        last_name=_text(user, "lastName"),
        locale=_text(user, "locale"),
        language=_text(user, "language"),
        time_zone=_text(user, "timeZone"),
    )


def _mapping(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = body.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise SignedRequestRefused(f"{key} is no object")
    return found


def _text(body: Mapping[str, Any], key: str, longest: int = LONGEST_TEXT) -> str:
    found = body.get(key)
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > longest or "\0" in found:
        raise SignedRequestRefused(f"{key} is no text that can be used")
    return found


def _token(client: Mapping[str, Any]) -> str:
    token = _text(client, "oauthToken", LONGEST_TOKEN)
    if not token or not token.isascii() or not token.isprintable():
        # Salesforce sends none to a user who has not approved the app.
        raise SignedRequestRefused("no token")
    return token


def _id(body: Mapping[str, Any], key: str, prefix: str) -> str:
    try:
        return check_id(_text(body, key), prefix)
    except FatalError:
        raise SignedRequestRefused(f"{key} is no such id") from None


def _record_id(record: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """A page layout and Visualforce tell the record, a Lightning component what ours passes on; "" when none fits."""
    for told in (record.get("Id"), parameters.get("recordId")):
        try:
            if isinstance(told, str) and told[:PREFIX] in RECORDS:
                return to_18(told)
        except FatalError:
            continue
    return ""


def _issued_at(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise SignedRequestRefused("issuedAt is no number")
    return value
