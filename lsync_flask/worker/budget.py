"""What may be spent: the org's API calls up to the admin's share, and credits up to the caps."""

import threading
from datetime import UTC, datetime, timedelta

from lsync_flask.errors import LimitReached
from lsync_flask.salesforce.api import Usage
from lsync_flask.services.resources import Resources
from lsync_flask.services.settings import OrgSettings, org_settings
from lsync_flask.storage.credit_caps import CreditCaps

LOOK_AGAIN_S = 900.0
"""Salesforce counts the last 24 hours: what was used a day ago becomes free bit by bit."""


class ApiBudget:
    """How much of the org's API calls is used, as Salesforce says with each answer; shared by a drain's threads."""

    def __init__(self, share_percent: int) -> None:
        self._share_percent = share_percent
        self._lock = threading.Lock()
        self._usage: Usage | None = None

    def note(self, usage: Usage | None) -> None:
        """What Salesforce last said; None: nothing new."""
        with self._lock:
            self._usage = usage or self._usage

    def check(self) -> None:
        """Raises LimitReached when the admin's share is used; it goes on when Salesforce counts less."""
        seen = self._usage
        if seen and seen.used * 100 >= seen.allowed * self._share_percent:
            raise LimitReached(
                f"{seen.used:,} of the org's {seen.allowed:,} API calls of 24 hours are used, and LSync stops at "
                f"{self._share_percent} %. It goes on by itself when there are fewer.",
                reason="salesforce-limit",
                after_s=LOOK_AGAIN_S,
            )


def read_settings_now(resources: Resources, org_id: str) -> OrgSettings:
    """The org's settings as they are now: a cap that an admin raises holds for what runs already."""
    with resources.database.reading(org_id) as scope:
        return org_settings(scope)


def credit_caps(settings: OrgSettings, now: datetime) -> CreditCaps:
    began = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ends = (began + timedelta(days=32)).replace(day=1)
    return CreditCaps(
        per_run=settings.credits_per_run,
        per_month=settings.credits_per_month,
        month=began.strftime("%Y-%m"),
        month_began_at=began.timestamp(),
        next_month_in_s=(ends - now).total_seconds(),
    )
