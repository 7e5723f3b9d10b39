"""Preview: the first records of an audience, as they would be sent, and what would be skipped and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from lsync_flask.engine import soql
from lsync_flask.engine.audience import CompiledAudience
from lsync_flask.engine.inputs import CompiledInputs, Skip, compile_inputs
from lsync_flask.engine.values import parse_text
from lsync_flask.errors import Conflict
from lsync_flask.salesforce.queries import query_rows
from lsync_flask.services.definitions import DefinitionBody, compile_body
from lsync_flask.services.describe_objects import object_info
from lsync_flask.services.plan import InputMappingBody, ResultMappingBody
from lsync_flask.services.providers import read_catalogue
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import open_provider, org_settings
from lsync_flask.services.zones import local_now
from lsync_flask.storage.org_bodies import read_mapping

ROWS = 10
LOOKED_THROUGH = 2_000
"""Records, one page of a query, that are looked through where an operator is tested here."""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One record: what would be sent, what its target fields hold now, and why it would be skipped ("": it is not)."""

    record: str
    inputs: Mapping[str, str]
    current: Mapping[str, str | None]
    skipped: str


def preview_audience(resources: Resources, actor: Actor, body: DefinitionBody) -> list[PreviewRow]:
    """The first ten records, for one API call; where an operator is tested here, those among the first 2,000.

    Raises:
        InvalidParams: the definition or a mapping does not fit the org; Conflict: no mapping is saved.
    """
    actor.must("see definitions and activities")
    compiled = compile_body(resources, actor, body)
    inputs, targets = _mappings(resources, actor, body.object)
    tested = compiled.paths if compiled.remainder else ()
    columns = tuple(dict.fromkeys(["Id", *inputs.columns, *targets, *tested]))
    now = local_now(resources.clock(), actor.time_zone)
    limit = LOOKED_THROUGH if compiled.remainder else ROWS
    query = soql.select_query(body.object, columns, compiled, now, limit=limit)
    api = resources.open_salesforce(actor.org_id, actor.username)
    index = {name: place for place, name in enumerate(columns)}
    rows = (row for row in query_rows(api, query, columns) if _belongs(row, index, compiled, now))
    return [_row(row, index, inputs, targets) for row in islice(rows, ROWS)]


def _belongs(row: Sequence[str | None], index: Mapping[str, int], compiled: CompiledAudience, now: datetime) -> bool:
    """Whether the record belongs to the audience where Salesforce could not test all of it."""
    if not compiled.remainder:
        return True
    record = {one.field: parse_text(one.info.type, row[index[one.field]]) for one in compiled.rows}
    return compiled.matches(record, now)


def _mappings(resources: Resources, actor: Actor, object_name: str) -> tuple[CompiledInputs, list[str]]:
    with resources.database.reading(actor.org_id) as scope:
        settings = org_settings(scope)
        inputs = read_mapping(scope, "input", object_name)
        results = read_mapping(scope, "results", object_name)
    if inputs is None or results is None:
        raise Conflict(f"No mapping is saved for {object_name}. An admin saves it under Mappings.")
    info = object_info(resources, actor.org_id, actor.username, object_name)
    catalogue = read_catalogue(open_provider(resources, actor.org_id, settings))
    mapping = InputMappingBody.model_validate(inputs[1]).parsed(object_name)
    compiled = compile_inputs(mapping, info, catalogue, resources.registry.transforms)
    targets = [row.target for row in ResultMappingBody.model_validate(results[1]).rows if info.find(row.target)]
    return compiled, targets


def _row(
    row: Sequence[str | None], index: Mapping[str, int], inputs: CompiledInputs, targets: Sequence[str]
) -> PreviewRow:
    current = {name: row[index[name]] for name in targets}
    made = inputs.make_inquiry(row[0] or "", row, index)
    if isinstance(made, Skip):
        return PreviewRow(row[0] or "", {}, current, made.sentence)
    return PreviewRow(row[0] or "", made.inputs, current, "")
