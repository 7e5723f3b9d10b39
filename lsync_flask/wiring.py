"""The one place where the parts are put together, from checked settings. Nothing is opened before it is used."""

import base64
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from redis import Redis

from lsync_flask import doorbell, limiter
from lsync_flask.errors import GrantLost
from lsync_flask.limiter import Limiter
from lsync_flask.meters import TIMEOUT_S, Meters
from lsync_flask.outbound import GuardedHttp
from lsync_flask.rates import open_rates
from lsync_flask.registry import Registry, discover
from lsync_flask.salesforce.api import SalesforceApi, Usage
from lsync_flask.salesforce.tokens import (
    ClientCredentialsTokens,
    Grant,
    JwtTokens,
    Kept,
    RefreshTokens,
    Token,
    Tokens,
)
from lsync_flask.salesforce.transport import Transport
from lsync_flask.services.resources import Resources, utc_now
from lsync_flask.settings import Settings
from lsync_flask.storage import org_tokens
from lsync_flask.storage.db import Database, open_database
from lsync_flask.storage.orgs import OrgRow, consumer_secrets, read_org
from lsync_flask.storage.secrets import SecretBox, read_secret, secret_stamps


def wire(settings: Settings) -> Resources:
    """Everything that the web process, a worker and the command line work with."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database)
    box = SecretBox([base64.b64decode(key.get_secret_value()) for key in settings.encryption_keys])
    meters = Meters(doorbell.connect(settings.redis, timeout_s=TIMEOUT_S))
    transport = Transport(settings.allowed_org_hosts, settings.ca_bundle or None, partial(_time_request, meters))
    connections = OrgConnections(database, box, transport, meters)
    return Resources(
        settings=settings,
        database=database,
        registry=open_registry(settings),
        box=box,
        open_salesforce=connections.open,
        transport=transport,
        http=GuardedHttp(settings.allowed_provider_hosts, settings.ca_bundle or None),
        ring=_ring(settings),
        clock=utc_now,
        meters=meters,
        rates=open_rates(settings.redis),
        limiter=Limiter(doorbell.connect(settings.redis, timeout_s=limiter.TIMEOUT_S)),
    )


def _time_request(meters: Meters, kind: str, status: str, seconds: float) -> None:
    meters.time("lsync_salesforce_request_seconds", seconds, kind=kind, status=status)


def open_registry(settings: Settings) -> Registry:
    return discover(settings.allowed_plugins, settings.plugins_off)


def connect_redis(settings: Settings) -> Redis:
    return doorbell.connect(settings.redis)


def _ring(settings: Settings) -> Callable[[int], None]:
    return partial(doorbell.ring, connect_redis(settings))


@dataclass(frozen=True)
class OrgVault:
    """The refresh token of one org, in the database that all processes share."""

    database: Database
    box: SecretBox
    org_id: str

    def read(self) -> Kept:
        row = org_tokens.read_kept(self.database, self.box, self.org_id)
        if row.refresh_token is None:
            raise GrantLost("No refresh token is set for this org: see lsync org add --refresh-token-file.")
        return Kept(row.refresh_token, Token(*row.access) if row.access else None)

    def claim(self, owner: str) -> bool:
        return org_tokens.claim(self.database, self.org_id, owner)

    def store(self, owner: str, refresh_token: str, token: Token) -> None:
        access = (token.access_token, token.instance_url)
        now_s = utc_now().timestamp()
        org_tokens.store(self.database, self.box, self.org_id, owner, refresh_token, access, now_s)

    def release(self, owner: str) -> None:
        org_tokens.release(self.database, self.org_id, owner)


Grounds = tuple[OrgRow, tuple[tuple[str, float], ...]]
"""What tokens are asked for with: the org's row, and when each of its secrets was set."""


class OrgConnections:
    """Opens orgs; keeps one source of tokens for each, so that all threads share a token and its renewal."""

    def __init__(self, database: Database, box: SecretBox, transport: Transport, meters: Meters | None = None) -> None:
        self._database = database
        self._meters = meters or Meters(None)
        self._box = box
        self._transport = transport
        self._tokens: dict[str, tuple[Grounds, Tokens]] = {}
        self._lock = threading.Lock()

    def open(self, org_id: str, username: str | None) -> SalesforceApi:
        """The org as one of its users; None is the integration user. Flows other than jwt have one user for all."""
        org = read_org(self._database, org_id)
        if org.flow != "jwt":
            return self._open(org, org.integration_username or "the app's own user")
        name = username or org.integration_username or ""
        if not name:
            raise GrantLost("No integration user is set for this org: see lsync org add --integration-user.")
        return self._open(org, name)

    def _open(self, org: OrgRow, username: str) -> SalesforceApi:
        note = partial(self._note_usage, org.id)
        return SalesforceApi(org.id, self._tokens_of(org), username, self._transport, org.api_version, note)

    def _note_usage(self, org_id: str, usage: Usage | None) -> None:
        if usage is not None:
            self._meters.note("lsync_api_calls_left", usage.allowed - usage.used, org=org_id)

    def _tokens_of(self, org: OrgRow) -> Tokens:
        """The org's tokens; anew once its row, key or secret has changed, in whichever process that was."""
        with self._database.reading(org.id) as scope:
            grounds = org, secret_stamps(scope, ("jwt_key", "consumer_secret"))
        with self._lock:
            kept = self._tokens.get(org.id)
            if kept is None or kept[0] != grounds:
                kept = self._tokens[org.id] = grounds, self._open_tokens(org)
            return kept[1]

    def _open_tokens(self, org: OrgRow) -> Tokens:
        with self._database.reading(org.id) as scope:
            key = read_secret(scope, self._box, "jwt_key")
            secret = next(iter(consumer_secrets(scope, self._box)), "")
        grant = Grant(org.id, org.my_domain, org.consumer_key, key or "", org.audience, secret)
        if org.flow == "client-credentials":
            return ClientCredentialsTokens(grant, self._transport, utc_now)
        if org.flow == "refresh-token":
            vault = OrgVault(self._database, self._box, org.id)
            return RefreshTokens(grant, self._transport, utc_now, vault)
        if key is None:
            raise GrantLost("No JWT key is set for this org: see lsync org add --jwt-key-file.")
        return JwtTokens(grant, self._transport, utc_now)
