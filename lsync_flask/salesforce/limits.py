"""How much of the org's daily allowances is left (`reference/salesforce.md` §4.7)."""

from collections.abc import Mapping
from dataclasses import dataclass

from lsync_flask.errors import RetryableError
from lsync_flask.salesforce.api import SalesforceApi


@dataclass(frozen=True, slots=True)
class Limit:
    """One allowance of 24 hours; `remaining` is below zero when more was used than allowed."""

    allowed: int
    remaining: int

    @property
    def used(self) -> int:
        return self.allowed - self.remaining


def read_limits(api: SalesforceApi) -> Mapping[str, Limit]:
    """The allowances by Salesforce's names, such as `DailyApiRequests`; one that is missing is not known.

    Raises:
        SalesforceRefused: the user may not view the set-up.
    """
    body = api.request("GET", "limits").json()
    if not isinstance(body, dict):
        raise RetryableError("Salesforce did not tell its limits.")
    return {name: limit for name, entry in body.items() if (limit := _read(entry))}


def _read(entry: object) -> Limit | None:
    if not isinstance(entry, dict):
        return None
    allowed, remaining = entry.get("Max"), entry.get("Remaining")
    return Limit(allowed, remaining) if isinstance(allowed, int) and isinstance(remaining, int) else None
