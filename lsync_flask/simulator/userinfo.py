"""What the org tells of a user who holds a token: OpenID's userinfo, and Salesforce's older identity URL."""

from datetime import datetime
from typing import Any

from lsync_flask.simulator.directory import Member

__all__ = ["identity", "userinfo"]

_CHANGED = "2026-01-05T09:00:00"


def userinfo(org_url: str, org_id: str, identity_url: str, member: Member, now: datetime) -> dict[str, Any]:
    """The answer of `/services/oauth2/userinfo` (reference, §2.5)."""
    return {
        "sub": identity_url,
        "user_id": member.id,
        "organization_id": org_id,
        "preferred_username": member.username,
        "nickname": member.nickname,
        "name": member.name,
        "email": member.email,
        "email_verified": True,
        "given_name": member.first_name,
        "family_name": member.last_name,
        "zoneinfo": member.time_zone,
        "photos": _photos(org_url),
        "profile": f"{org_url}/{member.id}",
        "picture": _photos(org_url)["picture"],
        "address": {},
        "is_salesforce_integration_user": False,
        "urls": _urls(org_url, org_id, member.id),
        **_ways(member, now),
        "updated_at": f"{_CHANGED}Z",
    }


def identity(
    org_url: str, org_id: str, identity_url: str, member: Member, now: datetime, version: str
) -> dict[str, Any]:
    """The answer of `/id/<org>/<user>` (Salesforce Help, "Identity URLs"); `version` takes the place of `{version}`."""
    return {
        "id": identity_url,
        "asserted_user": True,
        "user_id": member.id,
        "organization_id": org_id,
        "username": member.username,
        "nick_name": member.nickname,
        "display_name": member.name,
        "email": member.email,
        "email_verified": True,
        "first_name": member.first_name,
        "last_name": member.last_name,
        "timezone": member.time_zone,
        "photos": _photos(org_url),
        **dict.fromkeys(("addr_street", "addr_city", "addr_state", "addr_country", "addr_zip", "mobile_phone")),
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "urls": {name: url.replace("{version}", version) for name, url in _urls(org_url, org_id, member.id).items()},
        **_ways(member, now),
        "last_modified_date": f"{_CHANGED}.000+0000",
    }


def _ways(member: Member, now: datetime) -> dict[str, Any]:
    return {
        "active": member.active,
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": member.locale,
        "utcOffset": member.utc_offset_ms(now),
    }


def _photos(org_url: str) -> dict[str, str]:
    photo = f"{org_url}/profilephoto/005"
    return {"picture": f"{photo}/F", "thumbnail": f"{photo}/T"}


def _urls(org_url: str, org_id: str, user_id: str) -> dict[str, str]:
    rest = f"{org_url}/services/data/v{{version}}"
    return {
        "enterprise": f"{org_url}/services/Soap/c/{{version}}/{org_id[:15]}",
        "metadata": f"{org_url}/services/Soap/m/{{version}}/{org_id[:15]}",
        "partner": f"{org_url}/services/Soap/u/{{version}}/{org_id[:15]}",
        "rest": f"{rest}/",
        "sobjects": f"{rest}/sobjects/",
        "search": f"{rest}/search/",
        "query": f"{rest}/query/",
        "recent": f"{rest}/recent/",
        "profile": f"{org_url}/{user_id}",
        "feeds": f"{rest}/chatter/feeds",
        "custom_domain": org_url,
    }
