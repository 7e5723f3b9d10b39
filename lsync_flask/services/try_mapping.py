"""A row of a mapping tried on real values before it is saved: what comes out, and what may go wrong."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.engine.paths import label_path, resolve_path
from lsync_flask.engine.row_warnings import row_warnings
from lsync_flask.engine.steps import Chain, build_chain
from lsync_flask.engine.trials import Trial, try_answer, try_input
from lsync_flask.errors import InvalidParams, LsyncError
from lsync_flask.plugin_api import Catalogue, ProviderField
from lsync_flask.salesforce.queries import query_rows
from lsync_flask.services.describe_objects import check_object, object_info
from lsync_flask.services.plan import InputRowBody, PluginCallBody, ResultRowBody
from lsync_flask.services.providers import read_catalogue
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import open_provider, org_settings
from lsync_flask.storage.samples import latest_answers

MOST_SAMPLES = 5
UNSORTED = frozenset({"longtextarea", "textarea", "multipicklist"})


@dataclass(frozen=True, slots=True)
class Ground:
    """What mappings of an object stand on: the provider's fields, and the object as the actor sees it."""

    catalogue: Catalogue
    info: ObjectInfo

    def output(self, name: str) -> ProviderField | None:
        return next((one for one in self.catalogue.outputs if one.name == name), None)

    def input(self, name: str) -> ProviderField | None:
        return next((one for one in self.catalogue.inputs if one.name == name), None)


def read_ground(resources: Resources, actor: Actor, object_name: str) -> Ground:
    """Raises FatalError: no provider is chosen or installed; NotFound; InvalidParams: a provider's setting is wrong."""
    actor.must("see settings and mappings")
    check_object(object_name)
    with resources.database.reading(actor.org_id) as scope:
        settings = org_settings(scope)
    catalogue = read_catalogue(open_provider(resources, actor.org_id, settings))
    return Ground(catalogue, object_info(resources, actor.org_id, actor.username, object_name))


def warn_of_row(resources: Resources, ground: Ground, row: ResultRowBody) -> list[str]:
    """What may go wrong with a results row, from the catalogue and its sample alone; empty while it is incomplete."""
    output, target = ground.output(row.output), ground.info.find(row.target)
    if output is None or target is None:
        return []
    try:
        chain = _chain(resources, row.transforms, target.label)
    except InvalidParams:
        return []
    samples = [output.sample] if output.sample is not None else []
    trials = [try_answer(raw, output, chain, target) for raw in samples]
    return row_warnings(output, target, trials, row.policy, is_transformed=bool(chain))


def try_results(
    resources: Resources, actor: Actor, ground: Ground, row: ResultRowBody, typed: Sequence[str] = ()
) -> list[Trial]:
    """What the provider said last, its sample, and what was typed, each through the row.

    Raises:
        InvalidParams: the row is not complete, or a transform's parameter is wrong.
    """
    output, target = ground.output(row.output), ground.info.find(row.target)
    if output is None or target is None:
        raise InvalidParams({"": "Choose both fields first."})
    chain = _chain(resources, row.transforms, target.label)
    with resources.database.reading(actor.org_id) as scope:
        said = [answer.values.get(output.name) for answer in latest_answers(scope, ground.info.name)]
    samples = [*typed, *_first_distinct(said), *([output.sample] if output.sample is not None else [])]
    return [try_answer(raw, output, chain, target) for raw in _first_distinct(samples)]


def try_inputs(
    resources: Resources, actor: Actor, ground: Ground, row: InputRowBody, typed: Sequence[str] = ()
) -> list[Trial]:
    """Values of the records changed last, for one API call, and what was typed, each through the row.

    Raises:
        InvalidParams: as `try_results`; what Salesforce raises.
    """
    found = resolve_path(ground.info, row.source) if row.source else None
    if found is None:
        raise InvalidParams({"": "Choose both fields first."})
    path, source = found
    chain = _chain(resources, row.transforms, label_path(ground.info, path))
    samples = [*typed, *_read_values(resources, actor, ground.info.name, path, source)]
    return [try_input(text, source, chain) for text in _first_distinct(samples)]


def build_steps(resources: Resources, calls: Iterable[PluginCallBody]) -> None:
    """Raises InvalidParams when a transform is not installed or one of its parameters is wrong."""
    _chain(resources, calls, "")


def _chain(resources: Resources, calls: Iterable[PluginCallBody], place: str) -> Chain:
    return build_chain([call.parsed() for call in calls], resources.registry.transforms, place)


def _read_values(resources: Resources, actor: Actor, object_name: str, path: str, source: FieldInfo) -> Iterator[str]:
    filled = f"WHERE {path} != null " if source.filterable and source.type not in UNSORTED else ""
    # Object and path are names that describe has spelled.
    query = f"SELECT {path} FROM {object_name} {filled}ORDER BY LastModifiedDate DESC LIMIT 50"  # noqa: S608
    api = resources.open_salesforce(actor.org_id, actor.username)
    yield from (row[0] for row in query_rows(api, query, [path]) if row[0])


def _first_distinct(values: Iterable[Any]) -> list[Any]:
    """The first few values that differ; blanks are left out."""
    found: dict[str, Any] = {}
    for value in values:
        if value is not None and str(value).strip():
            found.setdefault(str(value), value)
        if len(found) >= MOST_SAMPLES:
            break
    return list(found.values())


def explain_trial_error(error: LsyncError) -> str:
    """The sentence of what could not be tried."""
    return " ".join(error.problems.values()) if isinstance(error, InvalidParams) else error.sentence
