"""The three technical fields on each object: created through the app, with field-level security."""

from collections.abc import Callable, Sequence

from lsync_flask.salesforce.fields import NewField, create_field
from lsync_flask.services.checks import Check, run_check
from lsync_flask.services.describe_objects import OBJECTS, object_info
from lsync_flask.services.plan import TechnicalFields, missing_technical
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import org_settings
from lsync_flask.storage.audit import add_audit


def create_technical_fields(resources: Resources, actor: Actor, grant_to: Sequence[str]) -> list[Check]:
    """Create what is missing on Lead, Contact and Account and let these permission sets edit it.

    The actor's own Salesforce user creates them, so it needs Customize Application; one that is there already and fits
    is left as it is.
    """
    actor.must("change settings and mappings")
    with resources.database.reading(actor.org_id) as scope:
        names = org_settings(scope).technical_fields()
    checks = [
        run_check(f"{object_name}.{field.name}", _creating(resources, actor, object_name, field, grant_to))
        for object_name in OBJECTS
        for field in new_fields(names)
    ]
    for object_name in OBJECTS:
        object_info(resources, actor.org_id, actor.username, object_name, fresh=True)
    _audit(resources, actor, checks)
    return checks


def new_fields(names: TechnicalFields) -> tuple[NewField, NewField, NewField]:
    """What they are: when a record last went through, and what was wrong."""
    return (
        NewField(
            name=names.activity_date,
            label="LSync Last Activity Date",
            type="DateTime",
            description="When LSync last took this record through; empty means never.",
        ),
        NewField(
            name=names.error_code,
            label="LSync Error Code",
            type="Text",
            length=80,
            description="What was wrong when LSync last took this record through; empty means nothing.",
        ),
        NewField(
            name=names.error_message,
            label="LSync Error Message",
            type="Text",
            length=255,
            description="What was wrong, in words.",
        ),
    )


def check_technical_fields(resources: Resources, actor: Actor) -> list[Check]:
    """Whether they are there and the actor may write them, by object."""
    actor.must("see settings and mappings")
    with resources.database.reading(actor.org_id) as scope:
        names = org_settings(scope).technical_fields()
    return [_present(resources, actor, object_name, names) for object_name in OBJECTS]


def _present(resources: Resources, actor: Actor, object_name: str, names: TechnicalFields) -> Check:
    missing = missing_technical(object_info(resources, actor.org_id, actor.username, object_name), names)
    sentence = f"missing or not editable: {', '.join(missing)}" if missing else "all are there"
    return Check(object_name, ok=not missing, sentence=sentence)


def _creating(
    resources: Resources, actor: Actor, object_name: str, field: NewField, grant_to: Sequence[str]
) -> Callable[[], str]:
    def create() -> str:
        api = resources.open_salesforce(actor.org_id, actor.username)
        create_field(api, object_name, field, grant_to)
        return "is there and may be edited."

    return create


def _audit(resources: Resources, actor: Actor, checks: Sequence[Check]) -> None:
    with resources.database.writing(actor.org_id) as scope:
        add_audit(
            scope,
            user_id=actor.user_id,
            action="fields.create",
            subject="technical fields",
            before=None,
            after={check.name: check.sentence for check in checks},
            address=actor.address,
            now_s=resources.now_s(),
        )
