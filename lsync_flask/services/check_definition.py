"""What a definition means, saved or not: in words and in SOQL. Nothing is asked of Salesforce that is kept here."""

from dataclasses import dataclass

from lsync_flask.engine import soql
from lsync_flask.services.definitions import DefinitionBody, compile_body
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.zones import local_now


@dataclass(frozen=True, slots=True)
class CheckedDefinition:
    """The audience in words and as the count would ask for it; `tested_here`: an operator is tested by LSync."""

    sentence: str
    soql: str
    tested_here: bool


def check_definition(resources: Resources, actor: Actor, body: DefinitionBody) -> CheckedDefinition:
    """Raises InvalidParams: with each problem by its place, such as `criteria.0.value` or `logic`."""
    actor.must("see definitions and activities")
    compiled = compile_body(resources, actor, body, stale=True, look_again=False)
    query = soql.count_query(body.object, compiled, local_now(resources.clock(), actor.time_zone))
    return CheckedDefinition(compiled.sentence, query, compiled.remainder)
