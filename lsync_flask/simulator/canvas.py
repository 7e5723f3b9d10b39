"""The signed request that Salesforce posts into a Canvas frame, byte for byte as recorded (reference, §1.2 to §1.4)."""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsync_flask.simulator.directory import Member

API_VERSION = "67.0"
DEVELOPER_NAME = "LSync"
REFERENCE_ID = "09HLS000000000G"
APPLICATION_ID = "06PLS0000000001"
ORG_NAME = "Northbridge Trading"
_OBJECTS = {"00Q": "Lead", "003": "Contact", "001": "Account"}
_INSTANCE_ID = re.compile(r"[\w:-]{1,120}", re.ASCII)
_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class CanvasHost:
    """The places that the request names: the org, the page around the frame, and the app in the frame."""

    org_id: str
    org_url: str
    lightning_url: str
    app_url: str
    consumer_secret: str
    multi_currency: bool = False

    @property
    def canvas_url(self) -> str:
        """The app's address without a fragment, which Salesforce cuts off."""
        return self.app_url.partition("#")[0]


@dataclass(frozen=True, slots=True)
class CanvasWish:
    """What the page around the frame asks to be signed. None of it is to be trusted, and none of it is checked."""

    instance_id: str
    target_origin: str
    display_location: str = "Aura"
    sublocation: str | None = None
    location_url: str = ""
    dimensions: Mapping[str, str] | None = None
    parameters: Mapping[str, Any] | None = None
    record: Mapping[str, Any] | None = None


def issued_at(now_ms: int) -> int:
    """Milliseconds cut to a signed 32-bit number, as in every recorded request: negative is normal."""
    return ((now_ms + 2**31) % 2**32) - 2**31


def sign(request: Mapping[str, Any], consumer_secret: str) -> str:
    """`signature.payload`, both in standard base64 with padding; the signature is over the payload's base64 text."""
    text = json.dumps(request, separators=(",", ":"), ensure_ascii=False)
    payload = base64.b64encode(text.encode())
    mac = hmac.digest(consumer_secret.encode(), payload, "sha256")
    return f"{base64.b64encode(mac).decode()}.{payload.decode()}"


def canvas_request(
    host: CanvasHost, member: Member, token: str | None, wish: CanvasWish, now_ms: int
) -> dict[str, Any]:
    """The request in the recorded order. `token` is None when the user has not approved the app."""
    return {
        "algorithm": "HMACSHA256",
        "issuedAt": issued_at(now_ms),
        "userId": member.id,
        "client": {
            "refreshToken": None,
            "instanceId": wish.instance_id,
            "targetOrigin": wish.target_origin,
            "instanceUrl": host.org_url,
            "oauthToken": token,
        },
        "context": {
            "user": _user(host, member),
            "links": _links(host, member),
            "application": _application(host),
            "organization": {
                "organizationId": host.org_id,
                "name": ORG_NAME,
                "multicurrencyEnabled": host.multi_currency,
                "namespacePrefix": None,
                "currencyIsoCode": "USD",
            },
            "environment": _environment(host, wish),
        },
    }


def _user(host: CanvasHost, member: Member) -> dict[str, Any]:
    return {
        "userId": member.id,
        "userName": member.username,
        "firstName": member.first_name,
        "lastName": member.last_name,
        "email": member.email,
        "fullName": member.name,
        "locale": member.locale,
        "language": "en_US",
        "timeZone": member.time_zone,
        "profileId": member.profile_id[:15],
        "roleId": None,
        "userType": "STANDARD",
        "currencyISOCode": "USD",
        "profilePhotoUrl": f"{host.org_url}/profilephoto/005/F",
        "profileThumbnailUrl": f"{host.org_url}/profilephoto/005/T",
        "siteUrl": None,
        "siteUrlPrefix": None,
        "networkId": None,
        "accessibilityModeEnabled": False,
        "isDefaultNetwork": True,
    }


def _links(host: CanvasHost, member: Member) -> dict[str, str]:
    data, soap, org = f"/services/data/v{API_VERSION}", "/services/Soap", host.org_id[:15]
    return {
        "loginUrl": host.org_url,
        "enterpriseUrl": f"{soap}/c/{API_VERSION}/{org}",
        "metadataUrl": f"{soap}/m/{API_VERSION}/{org}",
        "partnerUrl": f"{soap}/u/{API_VERSION}/{org}",
        "restUrl": f"{data}/",
        "sobjectUrl": f"{data}/sobjects/",
        "searchUrl": f"{data}/search/",
        "queryUrl": f"{data}/query/",
        "recentItemsUrl": f"{data}/recent/",
        "chatterFeedsUrl": "/services/data/v31.0/chatter/feeds",
        "chatterGroupsUrl": f"{data}/chatter/groups",
        "chatterUsersUrl": f"{data}/chatter/users",
        "chatterFeedItemsUrl": "/services/data/v31.0/chatter/feed-items",
        "userUrl": f"/{member.id}",
    }


def _application(host: CanvasHost) -> dict[str, Any]:
    return {
        "name": "LSync",
        "canvasUrl": host.canvas_url,
        "applicationId": APPLICATION_ID,
        "version": "1.0",
        "authType": "SIGNED_REQUEST",
        "referenceId": REFERENCE_ID,
        "options": [],
        "samlInitiationMethod": "None",
        "isInstalledPersonalApp": False,
        "developerName": DEVELOPER_NAME,
        "namespace": "",
    }


def _environment(host: CanvasHost, wish: CanvasWish) -> dict[str, Any]:
    return {
        "referer": None,
        "locationUrl": wish.location_url or f"{host.lightning_url}/lightning/n/{DEVELOPER_NAME}",
        "displayLocation": wish.display_location,
        "sublocation": wish.sublocation,
        "uiTheme": "Theme3",
        "dimensions": dict(wish.dimensions or default_dimensions()),
        "parameters": dict(wish.parameters or {}),
        "record": _record(wish.record or {}),
        "version": {"season": "SUMMER", "api": API_VERSION},
    }


def _record(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The record that the page is about, with what Salesforce adds to its id."""
    kind = _OBJECTS.get(str(asked.get("Id", ""))[:3])
    if kind is None:
        return dict(asked)
    url = f"/services/data/v{API_VERSION}/sobjects/{kind}/{asked['Id']}"
    return {"attributes": {"type": kind, "url": url}, **asked}


def default_dimensions() -> dict[str, str]:
    """The size of the frame as LSync's tab asks for it, before the page has measured itself."""
    return {
        "width": "100%",
        "height": "900px",
        "maxWidth": "infinite",
        "maxHeight": "infinite",
        "clientWidth": "865px",
        "clientHeight": "299px",
    }


def read_wish(body: Any, fallback: CanvasWish) -> CanvasWish:
    """What the page's own request asks to be signed; what it leaves out stays as in `fallback`."""
    asked = _mapping(_mapping(body).get("canvasRequest"))
    environment = _mapping(_mapping(asked.get("context")).get("environment"))
    client = _mapping(asked.get("client"))
    instance_id = str(client.get("instanceId") or fallback.instance_id)
    record = _mapping(environment.get("record", fallback.record))
    dimensions = {str(name): str(size) for name, size in _mapping(environment.get("dimensions")).items()}
    return CanvasWish(
        instance_id=instance_id if _INSTANCE_ID.fullmatch(instance_id) else fallback.instance_id,
        target_origin=str(client.get("targetOrigin") or fallback.target_origin),
        display_location=str(environment.get("displayLocation") or fallback.display_location),
        sublocation=environment.get("sublocation") or fallback.sublocation,
        location_url=fallback.location_url,
        dimensions={**default_dimensions(), **dimensions},
        parameters=_mapping(environment.get("parameters", fallback.parameters)),
        record={key: value for key, value in record.items() if isinstance(value, _PLAIN)},
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
