"""Fills a demo: the org is enrolled, the admin's first steps are done, and there are definitions to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsync_flask.errors import FatalError
from lsync_flask.salesforce.permissions import read_grants
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.services.definitions import DefinitionBody, save_definition
from lsync_flask.services.describe_objects import OBJECTS
from lsync_flask.services.mappings import propose_inputs, propose_results, save_input_mapping, save_result_mapping
from lsync_flask.services.orgs import NewOrg, add_org
from lsync_flask.services.plan import CriterionBody
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import OrgSettings, read_settings, save_settings
from lsync_flask.services.technical_fields import create_technical_fields
from lsync_flask.storage.users import UserRow, save_user

PROVIDER = "company-directory"
MAXIMUM = 5_000_000

DEFINITIONS = (
    ("All open leads", "Lead", (), ""),
    (
        "European accounts without a size",
        "Account",
        (
            CriterionBody(field="BillingCountry", operator="one-of", value="Germany, France, United Kingdom"),
            CriterionBody(field="NumberOfEmployees", operator="is-empty"),
        ),
        "1 AND 2",
    ),
    (
        "Contacts at technology companies",
        "Contact",
        (CriterionBody(field="Account.Industry", operator="equals", value="Technology"),),
        "",
    ),
)


def set_up(resources: Resources, org: Mapping[str, Any]) -> None:
    """Do what an admin does first. Doing it again changes nothing."""
    org_id = _enrol(resources, org)
    actor = _admin(resources, org_id, org)
    seen = read_settings(resources, actor)
    if seen.settings.provider == PROVIDER:
        return
    settings = OrgSettings(provider=PROVIDER, maximum_records=MAXIMUM)
    save_settings(resources, actor, settings, {}, seen.version)
    _create_fields(resources, actor)
    for object_name in OBJECTS:
        inputs = propose_inputs(resources, actor, object_name)
        results = propose_results(resources, actor, object_name)
        save_input_mapping(resources, actor, object_name, inputs, None)
        save_result_mapping(resources, actor, object_name, results, None)
    for name, object_name, criteria, logic in DEFINITIONS:
        save_definition(
            resources, actor, DefinitionBody(name=name, object=object_name, criteria=list(criteria), logic=logic)
        )


def _enrol(resources: Resources, org: Mapping[str, Any]) -> str:
    return add_org(
        resources,
        NewOrg(
            id=org["org_id"],
            name="Demo org",
            my_domain=org["org_url"],
            app=None,
            consumer_key=org["consumer_key"],
            consumer_secrets=(org["consumer_secret"],),
            jwt_key=Path(org["jwt_private_key_file"]).read_text(),
            audience=None,
            integration_username=integration_username(org),
        ),
    )


def integration_username(org: Mapping[str, Any]) -> str:
    """The user that may read who has which permission set."""
    for user in org["users"]:
        if user["username"].startswith("integration"):
            return str(user["username"])
    raise FatalError("The simulated org has no integration user.")


def user_with(org: Mapping[str, Any], permission_set: str) -> Mapping[str, Any]:
    """The simulated user that holds just this set."""
    for user in org["users"]:
        if user["permission_sets"] == [permission_set]:
            found: Mapping[str, Any] = user
            return found
    raise FatalError(f"The simulated org has no user with {permission_set}.")


def _admin(resources: Resources, org_id: str, org: Mapping[str, Any]) -> Actor:
    user = user_with(org, PERMISSION_SETS["admin"])
    grants = read_grants(resources.open_salesforce(org_id, None), user["id"])
    if PERMISSION_SETS["admin"] not in grants.permission_sets:
        raise FatalError("The simulated admin has lost the permission set.")
    row = UserRow(
        user_id=user["id"],
        username=user["username"],
        email=user.get("email", user["username"]),
        name=user.get("name", "Demo Admin"),
        locale="en_US",
        language="en_US",
        time_zone=user.get("time_zone", "Europe/London"),
    )
    with resources.database.writing(org_id) as scope:
        save_user(scope, row, resources.now_s())
    return Actor(org_id, row.user_id, row.username, row.name, row.email, "admin", time_zone=row.time_zone)


def _create_fields(resources: Resources, actor: Actor) -> None:
    failed = [
        check for check in create_technical_fields(resources, actor, list(PERMISSION_SETS.values())) if not check.ok
    ]
    if failed:
        raise FatalError("; ".join(check.sentence for check in failed))
