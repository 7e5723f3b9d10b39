"""Apply filters: how many records an audience has, for exactly one Salesforce API call."""

from dataclasses import dataclass

from lsync_flask.engine import soql
from lsync_flask.engine.sizes import estimated_api_calls
from lsync_flask.salesforce.queries import count as count_records
from lsync_flask.services.definitions import DefinitionBody, body_of, compile_body, read_definition
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import OrgSettings, org_settings
from lsync_flask.services.zones import local_now
from lsync_flask.storage.definitions import set_counted


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """The audience's size and what an activity over it would use at most.

    `tested_here` says that an operator cannot be tested by Salesforce: the count is then an upper bound.
    """

    count: int
    credits: int
    api_calls: int
    over_limit: bool
    over_by: int
    soql: str
    sentence: str
    audience: str
    tested_here: bool


def count_audience(resources: Resources, actor: Actor, body: DefinitionBody) -> AudienceCount:
    """Count a definition that need not be saved, as the actor's own Salesforce user.

    Raises:
        InvalidParams: the definition does not fit the org, with each problem by its place.
    """
    actor.must("see definitions and activities")
    compiled = compile_body(resources, actor, body, stale=True)
    query = soql.count_query(body.object, compiled, local_now(resources.clock(), actor.time_zone))
    number = count_records(resources.open_salesforce(actor.org_id, actor.username), query)
    with resources.database.reading(actor.org_id) as scope:
        settings = org_settings(scope)
    return _say(number, query, compiled.sentence, settings, tested_here=compiled.remainder)


def count_definition(resources: Resources, actor: Actor, definition_id: int) -> AudienceCount:
    """Count a saved definition and remember its size."""
    view = read_definition(resources, actor, definition_id)
    counted = count_audience(resources, actor, body_of(view))
    with resources.database.writing(actor.org_id) as scope:
        set_counted(scope, definition_id, counted.count, resources.now_s())
    return counted


def _say(number: int, query: str, audience: str, settings: OrgSettings, *, tested_here: bool) -> AudienceCount:
    over_by = max(0, number - settings.maximum_records)
    calls = estimated_api_calls(number, first=settings.first_bulk_size, largest=settings.bulk_size)
    return AudienceCount(
        count=number,
        credits=number,
        api_calls=calls if number else 0,
        over_limit=over_by > 0,
        over_by=over_by,
        soql=query,
        sentence=_sentence(number, over_by, settings.maximum_records, calls, tested_here=tested_here),
        audience=audience,
        tested_here=tested_here,
    )


def _sentence(number: int, over_by: int, maximum: int, calls: int, *, tested_here: bool) -> str:
    if not number:
        return "No record matches this filter. Loosen it before you run."
    if over_by:
        return (
            f"The audience has {number:,} records, {over_by:,} more than the {maximum:,} allowed per activity. Narrow "
            "the filter, or ask an admin to raise the maximum."
        )
    upper = "at most " if tested_here else ""
    records = "record" if number == 1 else "records"
    return f"The audience has {upper}{number:,} {records}: up to {number:,} credits and about {calls:,} API calls."
