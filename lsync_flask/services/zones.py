"""The user's time zone; one that this machine does not know counts as UTC."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def local_now(now: datetime, zone_name: str) -> datetime:
    return now.astimezone(zone(zone_name))
