"""Apply filters: how many records an audience has, for exactly one Salesforce API call."""

from dataclasses import dataclass

from lsync_flask.engine.sizes import estimated_api_calls
from lsync_flask.services.definitions import DefinitionBody, ask_count, body_of, compile_body, read_definition
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import OrgSettings, org_settings
from lsync_flask.services.taking import EVERYTHING, Taking, number_of_parts, taken
from lsync_flask.storage.definitions import set_counted


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """The audience's size and what a run over it would use at most.

    `takes` is how many of its records the run would take, in `activities` activities of at most `maximum` records each.
    `tested_here` says that an operator cannot be tested by Salesforce: the count is then an upper bound.
    """

    count: int
    takes: int
    maximum: int
    activities: int
    credits: int
    api_calls: int
    over_limit: bool
    over_by: int
    soql: str
    sentence: str
    audience: str
    tested_here: bool


def count_audience(
    resources: Resources, actor: Actor, body: DefinitionBody, taking: Taking = EVERYTHING
) -> AudienceCount:
    """Count a definition that need not be saved, as the actor's own Salesforce user.

    Raises:
        InvalidParams: the definition does not fit the org, with each problem by its place.
    """
    actor.must("see definitions and activities")
    compiled = compile_body(resources, actor, body, stale=True)
    number, query = ask_count(resources, actor, body, compiled)
    with resources.database.reading(actor.org_id) as scope:
        settings = org_settings(scope)
    return _say(number, query, compiled.sentence, settings, taking, tested_here=compiled.remainder)


def count_definition(
    resources: Resources, actor: Actor, definition_id: int, taking: Taking = EVERYTHING
) -> AudienceCount:
    """Count a saved definition and remember its size."""
    view = read_definition(resources, actor, definition_id)
    counted = count_audience(resources, actor, body_of(view), taking)
    with resources.database.writing(actor.org_id) as scope:
        set_counted(scope, definition_id, counted.count, resources.now_s())
    return counted


def _say(
    number: int, query: str, audience: str, settings: OrgSettings, taking: Taking, *, tested_here: bool
) -> AudienceCount:
    maximum = settings.maximum_records
    over_by, takes = max(0, number - maximum), taken(taking, number)
    parts = number_of_parts(takes, maximum)
    calls = _calls(takes, settings)
    return AudienceCount(
        count=number,
        takes=takes,
        maximum=maximum,
        activities=parts,
        credits=takes,
        api_calls=calls,
        over_limit=over_by > 0,
        over_by=over_by,
        soql=query,
        sentence=(
            _sentence(number, takes, settings, calls, tested_here=tested_here)
            if taking == EVERYTHING
            else _taking_sentence(number, takes, parts, calls)
        ),
        audience=audience,
        tested_here=tested_here,
    )


def _calls(takes: int, settings: OrgSettings) -> int:
    """Of all activities together."""
    full, rest = divmod(takes, settings.maximum_records)
    sizes = {settings.maximum_records: full, rest: 1 if rest else 0}
    first, largest = settings.first_bulk_size, settings.bulk_size
    return sum(
        times * estimated_api_calls(size, first=first, largest=largest) for size, times in sizes.items() if times
    )


def _sentence(number: int, takes: int, settings: OrgSettings, calls: int, *, tested_here: bool) -> str:
    maximum, parts = settings.maximum_records, number_of_parts(takes, settings.maximum_records)
    if not number:
        return "No record matches this filter. Loosen it before you run."
    if number > maximum:
        return (
            f"The audience has {number:,} records, {number - maximum:,} more than the {maximum:,} allowed per "
            f"activity. Narrow the filter, take only the first {maximum:,}, or split it into {parts:,} activities."
        )
    upper = "at most " if tested_here else ""
    records = "record" if number == 1 else "records"
    return f"The audience has {upper}{number:,} {records}: up to {number:,} credits and about {calls:,} API calls."


def _taking_sentence(number: int, takes: int, parts: int, calls: int) -> str:
    activities = "one activity takes" if parts <= 1 else f"{parts:,} activities, one after another, take"
    return (
        f"Of the audience's {number:,} records {activities} {takes:,}: up to {takes:,} credits and about {calls:,} API "
        "calls."
    )
