"""The provider's values that a picklist of the org does not have: which, how often, and a table to map them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from lsync_flask.engine.checks import BAD_PICKLIST
from lsync_flask.engine.fields import FieldInfo
from lsync_flask.errors import InvalidParams
from lsync_flask.services.describe_objects import object_info
from lsync_flask.services.mappings import read_result_mapping, save_result_mapping
from lsync_flask.services.outcomes import Entry, targets_of, walk_outcomes
from lsync_flask.services.plan import PluginCallBody, ResultMappingBody, ResultRowBody
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.storage.ledger import Ledger

VALUE_MAP = "value-map"
NOT_IN_LIST = "NOT_IN_LIST"
MOST_VALUES = 200
MOST_RECORDS = 200_000
"""So many rejected records are looked through; a report on more says that it is not whole."""
LONGEST = 255


@dataclass(frozen=True, slots=True)
class UnmappedValue:
    """One value that was refused for one picklist, on so many records; `choices` are the picklist's own values."""

    field: str
    label: str
    value: str
    records: int
    choices: Sequence[str]


@dataclass(frozen=True, slots=True)
class UnmappedReport:
    """The most frequent ones first. `is_whole`: all rejected records were looked through, and all values are here."""

    object: str
    values: Sequence[UnmappedValue]
    is_whole: bool


class MappedValue(BaseModel):
    """The org's value for one of the provider's; empty: it counts as blank."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(max_length=80)
    value: str = Field(min_length=1, max_length=LONGEST, pattern="^[^=]*$")
    to: str = Field(max_length=LONGEST)


def list_unmapped(resources: Resources, actor: Actor, activity_id: int) -> UnmappedReport:
    """What an activity's rejected records say of it. Raises NotFound."""
    actor.must("see definitions and activities")
    ledger = Ledger(resources.database, actor.org_id)
    row = ledger.read_activity(activity_id)
    info = object_info(resources, actor.org_id, actor.username, row.object, stale=True)
    fields = {name: info.find(name) for name in targets_of(row)}
    counts, is_whole = _count(ledger, activity_id, [fields[name] for name in targets_of(row)])
    values = [_value(field, text, number) for (field, text), number in counts.most_common(MOST_VALUES)]
    return UnmappedReport(row.object, values, is_whole=is_whole and len(counts) <= MOST_VALUES)


def _count(
    ledger: Ledger, activity_id: int, fields: Sequence[FieldInfo | None]
) -> tuple[Counter[tuple[FieldInfo, str]], bool]:
    counts: Counter[tuple[FieldInfo, str]] = Counter()
    for number, entry in enumerate(walk_outcomes(ledger, activity_id, frozenset({"rejected"}))):
        if number == MOST_RECORDS:
            return counts, False
        counts.update(_refused(entry, fields))
    return counts, True


def _refused(entry: Entry, fields: Sequence[FieldInfo | None]) -> list[tuple[FieldInfo, str]]:
    """(picklist, value) of one rejected record, where that is why it was rejected."""
    if entry[2] not in {BAD_PICKLIST, NOT_IN_LIST}:
        return []
    found = [(fields[place], proposed) for place, _, proposed, decision in entry[4] if decision == "rejected"]
    return [(field, text) for field, text in found if field is not None and text and _is_unmapped(field, text)]


def _is_unmapped(field: FieldInfo, text: str) -> bool:
    return field.type in {"picklist", "multipicklist"} and text not in {choice.value for choice in field.values}


def _value(field: FieldInfo, text: str, number: int) -> UnmappedValue:
    choices = [choice.value for choice in field.values if choice.active]
    return UnmappedValue(field.name, field.label, text, number, choices)


def map_values(resources: Resources, actor: Actor, object_name: str, pairs: Sequence[MappedValue]) -> int:
    """Put the org's values for the provider's into the result mapping of the object; its new version.

    The records that were rejected are tried again with it by a new run; what was paid for is not bought again by it.

    Raises:
        InvalidParams: named `pairs.0.field`: nothing is mapped to this field; and as `save_result_mapping`.
    """
    actor.must("change settings and mappings")
    view = read_result_mapping(resources, actor, object_name)
    targets = {row.target for row in view.body.rows}
    problems = {
        f"pairs.{number}.field": f"No row of the mapping changes {pair.field}."
        for number, pair in enumerate(pairs)
        if pair.field not in targets
    }
    if problems or not pairs:
        raise InvalidParams(problems or {"pairs": "Choose the org's value for at least one."})
    chosen = {target: {pair.value: pair.to for pair in pairs if pair.field == target} for target in targets}
    rows = tuple(_with_pairs(row, chosen[row.target]) for row in view.body.rows)
    return save_result_mapping(resources, actor, object_name, ResultMappingBody(rows=rows), view.version)


def _with_pairs(row: ResultRowBody, pairs: Mapping[str, str]) -> ResultRowBody:
    """The row whose first transform is a value map that has these pairs too.

    A value map further on that does not keep what it does not know must let the org's values through.
    """
    if not pairs:
        return row
    first, rest = row.transforms[:1], row.transforms[1:]
    if not first or first[0].plugin != VALUE_MAP:
        first, rest = (PluginCallBody(plugin=VALUE_MAP, params={"pairs": {}}),), row.transforms
    known = {to: to for to in pairs.values() if to}
    later = tuple(_extend(call, known) if call.plugin == VALUE_MAP else call for call in rest)
    return row.model_copy(update={"transforms": (_extend(first[0], pairs), *later)})


def _extend(call: PluginCallBody, pairs: Mapping[str, str]) -> PluginCallBody:
    params = dict(call.params)
    return call.model_copy(update={"params": {**params, "pairs": {**params.get("pairs", {}), **pairs}}})
