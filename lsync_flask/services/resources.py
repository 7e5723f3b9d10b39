"""What the services work with, made once by wiring.py, and who asks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from lsync_flask.errors import NotAllowed
from lsync_flask.limiter import Limiter
from lsync_flask.meters import Meters
from lsync_flask.plugin_api import Http
from lsync_flask.rates import Rates
from lsync_flask.registry import Registry
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.transport import Transport
from lsync_flask.services.access import Permission, Role, allowed
from lsync_flask.settings import Settings
from lsync_flask.storage.db import Database
from lsync_flask.storage.secrets import SecretBox


class OpenSalesforce(Protocol):
    """Opens an org as one of its users; None is the org's integration user."""

    def __call__(self, org_id: str, username: str | None) -> SalesforceApi:
        """The org's API.

        Raises:
            NotFound: there is no such org; GrantLost: Salesforce does not let us in.
        """
        ...


@dataclass(frozen=True)
class Resources:
    """Everything outside that a service may touch."""

    settings: Settings
    database: Database
    registry: Registry
    box: SecretBox
    open_salesforce: OpenSalesforce
    transport: Transport  # for userinfo, with a user's own token
    http: Http  # the guarded way out for providers and notifiers
    ring: Callable[[int], None]  # the doorbell: there is work on this activity
    clock: Callable[[], datetime]
    meters: Meters
    rates: Rates  # how often something happens, at the door
    limiter: Limiter

    def now_s(self) -> float:
        return self.clock().timestamp()


@dataclass(frozen=True)
class Actor:
    """Who asks: a user of an org with the role that the permission sets gave."""

    org_id: str
    user_id: str
    username: str
    name: str
    email: str
    role: Role
    locale: str = "en_US"
    language: str = "en_US"
    time_zone: str = "UTC"
    address: str = ""
    by_token: bool = False

    def may(self, permission: Permission) -> bool:
        return allowed(self.role, permission)

    def must(self, permission: Permission) -> None:
        """Raises NotAllowed, with a sentence that names the permission set to ask for."""
        if not self.may(permission):
            raise NotAllowed(
                f"Your role does not allow this. Ask your admin for a permission set that can {permission}."
            )


def utc_now() -> datetime:
    return datetime.now(UTC)
