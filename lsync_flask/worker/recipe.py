"""The recipe of an activity: its plan, compiled against what describe says, ready to be applied to each record."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from lsync_flask.engine import soql
from lsync_flask.engine.audience import CompiledAudience, compile_audience
from lsync_flask.engine.decide import CompiledResults, compile_results
from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.engine.inputs import CompiledInputs, compile_inputs
from lsync_flask.errors import FatalError
from lsync_flask.plugin_api import Provider
from lsync_flask.registry import Registry
from lsync_flask.services.plan import Plan, missing_sentence, missing_technical
from lsync_flask.services.providers import read_catalogue
from lsync_flask.services.zones import local_now

_INFO = TypeAdapter(ObjectInfo)


@dataclass(frozen=True)
class Technical:
    """The three fields that say on the record itself when it went through, and what was wrong."""

    activity_date: FieldInfo
    error_code: FieldInfo
    error_message: FieldInfo


@dataclass(frozen=True)
class Recipe:
    """What a worker does with each record of one activity.

    `columns` are the SOQL paths read for each record, `Id` first; `index` gives their places. `untested` is the
    audience when Salesforce could not test all of it, so that each row is tested here.
    """

    plan: Plan
    columns: tuple[str, ...]
    index: Mapping[str, int]
    query: str
    inputs: CompiledInputs
    results: CompiledResults
    provider: Provider
    technical: Technical
    untested: CompiledAudience | None
    info: ObjectInfo
    now: datetime


def prepare(plan: Plan, info: ObjectInfo, registry: Registry, provider: Provider, now: datetime) -> dict[str, Any]:
    """What is stored once per activity: the SOQL, the columns and the fields as describe had them.

    Raises:
        InvalidParams: the definition or a mapping does not fit the org any more, with each problem.
        FatalError: a technical field is missing.
    """
    recipe = _compile(plan, info, registry, provider, now)
    return {
        "query": recipe.query,
        "columns": list(recipe.columns),
        "now": now.isoformat(),
        "info": _INFO.dump_python(_only_used(info, recipe), mode="json"),
    }


def read_recipe(plan: Plan, prepared: Mapping[str, Any], registry: Registry, provider: Provider) -> Recipe:
    """The recipe from what `prepare` stored: the same for every worker and after every restart."""
    info = _INFO.validate_python(prepared["info"])
    recipe = _compile(plan, info, registry, provider, datetime.fromisoformat(prepared["now"]))
    columns = tuple(prepared["columns"])
    return replace(recipe, columns=columns, index=_places(columns), query=prepared["query"])


def _compile(plan: Plan, info: ObjectInfo, registry: Registry, provider: Provider, now: datetime) -> Recipe:
    zone_now = local_now(now, plan.time_zone)
    catalogue = read_catalogue(provider)
    audience = compile_audience(plan.audience(), info, registry.operators, zone_now)
    inputs = compile_inputs(plan.inputs.parsed(plan.object), info, catalogue, registry.transforms)
    results = compile_results(plan.results.parsed(plan.object), info, catalogue, registry.transforms)
    technical = find_technical(info, plan)
    untested = audience if audience.remainder else None
    columns = _columns(inputs, results, technical, untested)
    return Recipe(
        plan=plan,
        columns=columns,
        index=_places(columns),
        query=_query(plan, columns, audience, zone_now),
        inputs=inputs,
        results=results,
        provider=provider,
        technical=technical,
        untested=untested,
        info=info,
        now=zone_now,
    )


def _query(plan: Plan, columns: tuple[str, ...], audience: CompiledAudience, now: datetime) -> str:
    """The whole audience, or its part; of rows that are tested here as well, nobody knows how many must be read."""
    part = plan.part
    if part is None:
        return soql.select_query(plan.object, columns, audience, now)
    limit = None if audience.remainder else part.most
    return soql.select_query(
        plan.object, columns, audience, now, limit=limit, order_by=part.order_by, behind=part.behind
    )


def find_technical(info: ObjectInfo, plan: Plan) -> Technical:
    """The three technical fields.

    Raises:
        FatalError: one is missing or may not be written by the activity's owner.
    """
    missing = missing_technical(info, plan.technical_fields)
    if missing:
        raise FatalError(missing_sentence(info, missing))
    return Technical(*(info.get(name) for name in plan.technical_fields.names()))


def _columns(
    inputs: CompiledInputs, results: CompiledResults, technical: Technical, untested: CompiledAudience | None
) -> tuple[str, ...]:
    wanted = [
        "Id",
        *inputs.columns,
        *(field.name for field in results.targets),
        technical.error_code.name,
        technical.error_message.name,
        *(row.field for row in (untested.rows if untested else ())),
    ]
    return tuple(dict.fromkeys(wanted))


def _places(columns: tuple[str, ...]) -> dict[str, int]:
    return {name: place for place, name in enumerate(columns)}


def _only_used(info: ObjectInfo, recipe: Recipe) -> ObjectInfo:
    """Describe cut to the fields that the recipe names: what is stored stays small."""
    used = {
        *recipe.columns,
        *(criterion.field for criterion in recipe.plan.criteria),
        *recipe.plan.technical_fields.names(),
    }
    return _cut(info, {path.lower() for path in used})


def _cut(info: ObjectInfo, paths: set[str]) -> ObjectInfo:
    fields = {name: field for name, field in info.fields.items() if name.lower() in paths}
    parents = {
        name: _cut(parent, {rest for head, _, rest in (path.partition(".") for path in paths) if head == name.lower()})
        for name, parent in info.parents.items()
    }
    return replace(info, fields=fields, parents={name: parent for name, parent in parents.items() if parent.fields})
