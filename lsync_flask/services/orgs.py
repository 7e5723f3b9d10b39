"""Enrolling an org and checking its connection, for the command line."""

import re
from dataclasses import dataclass

from lsync_flask.errors import FatalError
from lsync_flask.salesforce.hosts import check_org_url
from lsync_flask.salesforce.ids import to_18
from lsync_flask.salesforce.queries import count
from lsync_flask.services.checks import Check, run_check
from lsync_flask.services.resources import Resources
from lsync_flask.storage import orgs as storage
from lsync_flask.storage.orgs import OrgRow

_APP = re.compile(r"(?!(?:refresh|approve)$)[a-z0-9][a-z0-9-]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewOrg:
    """What is known of an org that is enrolled. `jwt_key` is the private key as PEM."""

    id: str
    name: str
    my_domain: str
    app: str | None
    consumer_key: str
    consumer_secrets: tuple[str, ...]
    jwt_key: str | None
    audience: str | None
    integration_username: str | None
    flow: str = "jwt"
    refresh_token: str | None = None


def add_org(resources: Resources, new: NewOrg) -> str:
    """Enrol an org, or replace what is stored of it; its 18-character id.

    Raises:
        FatalError: the id, the address or the secret cannot be right.
    """
    if not new.consumer_secrets:
        raise FatalError("The consumer secret is empty.")
    row = OrgRow(
        id=to_18(new.id),
        name=new.name,
        my_domain=check_org_url(new.my_domain, resources.settings.allowed_org_hosts),
        app=new.app,
        consumer_key=new.consumer_key,
        audience=new.audience,
        integration_username=new.integration_username,
        flow=new.flow,
    )
    if row.app is not None and not _APP.fullmatch(row.app):
        raise FatalError("The app is a name in an address: small letters, digits and hyphens, not refresh or approve.")
    if not row.id.startswith("00D"):
        raise FatalError(f"{new.id} is no org id: those begin with 00D.")
    if new.flow == "refresh-token" and not new.refresh_token:
        raise FatalError("The flow refresh-token needs a refresh token: see lsync org add --refresh-token-file.")
    kept = {"jwt_key": new.jwt_key, "refresh_token": new.refresh_token}
    storage.save_org(resources.database, resources.box, row, new.consumer_secrets, kept, resources.now_s())
    return row.id


def list_orgs(resources: Resources) -> list[OrgRow]:
    return storage.list_orgs(resources.database)


def remove_org(resources: Resources, org_id: str) -> str:
    """Delete all that is stored of an org; its 18-character id.

    Raises:
        NotFound: there is no such org.
    """
    row = storage.read_org(resources.database, to_18(org_id))
    storage.remove_org(resources.database, row.id)
    return row.id


def check_org(resources: Resources, org_id: str) -> list[Check]:
    """Whether the org's address is allowed, lets us in and lets us read who has which permission set."""
    row = storage.read_org(resources.database, to_18(org_id))
    return [
        run_check("address", lambda: check_org_url(row.my_domain, resources.settings.allowed_org_hosts)),
        run_check("connection", lambda: _say_connection(resources, row)),
        run_check("permission sets", lambda: _say_permissions(resources, row)),
    ]


def _say_connection(resources: Resources, row: OrgRow) -> str:
    api = resources.open_salesforce(row.id, None)
    api.request("GET", "limits")
    return f"{api.username} is let in, by the flow {row.flow}."


def _say_permissions(resources: Resources, row: OrgRow) -> str:
    api = resources.open_salesforce(row.id, None)
    number = count(api, "SELECT COUNT() FROM PermissionSetAssignment WHERE PermissionSet.Name LIKE 'LSync%'")
    if not number:
        raise FatalError("Nobody has an LSync permission set yet, or the integration user may not read who has.")
    return f"{number} assignments of LSync's permission sets can be read."
