"""One record, as somebody stands on its page: what the provider would change, and an activity of this record alone.

It goes the way of every activity, with a definition of its own that is never listed: one at a time, each write
explained, paid once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from lsync_flask.engine.fields import ObjectInfo
from lsync_flask.engine.inputs import CompiledInputs, Skip, compile_inputs
from lsync_flask.engine.policies import Policy, is_blank
from lsync_flask.errors import Conflict, InvalidParams, LsyncError, NotFound
from lsync_flask.salesforce.ids import to_18
from lsync_flask.salesforce.queries import query_rows
from lsync_flask.services.activities import ActivityView, newest_activity
from lsync_flask.services.describe_objects import object_info
from lsync_flask.services.outcomes import OutcomeView, targets_of, view_outcome, walk_outcomes
from lsync_flask.services.plan import CriterionBody, Plan, ResultRowBody
from lsync_flask.services.providers import open_named_provider, provider_class, read_catalogue
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.run_activity import (
    check_fields,
    credit_refusal,
    insert_activity,
    make_plan,
    repeated_activity,
    ring_now,
)
from lsync_flask.storage.audit import add_audit
from lsync_flask.storage.definitions import definition_of_record, find_record_definition
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.request_keys import add_key

OBJECTS: Mapping[str, str] = {"00Q": "Lead", "003": "Contact", "001": "Account"}
"""By how their ids begin; the same in every org."""


@dataclass(frozen=True, slots=True)
class TargetView:
    """One field that the provider may change: what it holds now, and in words what may happen to it."""

    field: str
    label: str
    current: str | None
    policy: Policy
    may_change: bool


@dataclass(frozen=True, slots=True)
class RecordActivity:
    """The last activity of this record alone; `outcome` is None until it has one."""

    id: int
    status: str
    reason: str
    is_active: bool
    credits: int
    started_at: float
    outcome: OutcomeView | None


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One record; `problem` says why it cannot be enriched, `skipped` why the provider would not be asked.

    Both are "" where it can be.
    """

    id: str
    object: str
    label: str
    name: str
    inputs: Mapping[str, str]
    skipped: str
    targets: Sequence[TargetView]
    problem: str
    provider: str
    activity: RecordActivity | None


@dataclass(frozen=True, slots=True)
class _Subject:
    """What of this record goes into a plan, as if it were a definition."""

    name: str
    object: str
    owner_id: str
    criteria: Sequence[CriterionBody]
    logic: str = ""
    where: str = ""
    notify: Sequence[str] = ()  # nobody is told of the one record that somebody is looking at


@dataclass(frozen=True, slots=True)
class _Found:
    """The record as it is in the org now: `row` holds the texts of `columns`."""

    name: str
    row: Sequence[str | None]
    index: Mapping[str, int]


def read_record(resources: Resources, actor: Actor, record_id: str) -> RecordPage:
    """The record as the actor may see it, for one API call.

    Raises:
        NotFound: there is no such Lead, Contact or Account, or the actor may not see it.
    """
    actor.must("enrich the open record")
    record, object_name = _check_record(record_id)
    info = object_info(resources, actor.org_id, actor.username, object_name)
    plan, inputs, provider, problem = _set_up(resources, actor, record, info)
    rows = [row for row in plan.results.rows if info.find(row.target)] if plan else []
    found = _read(resources, actor, record, info, inputs, rows)
    made = inputs.make_inquiry(record, found.row, found.index) if inputs else None
    return RecordPage(
        id=record,
        object=object_name,
        label=info.label,
        name=found.name,
        inputs=made.inputs if made and not isinstance(made, Skip) else {},
        skipped=made.sentence if isinstance(made, Skip) else "",
        targets=[_target(row, info, found) for row in rows],
        problem=problem or _converted(found),
        provider=provider,
        activity=read_record_activity(resources, actor, record),
    )


def read_record_activity(resources: Resources, actor: Actor, record_id: str) -> RecordActivity | None:
    """How far the last activity of this record alone is; None: there was none. Asks Salesforce nothing."""
    actor.must("enrich the open record")
    record, _ = _check_record(record_id)
    with resources.database.reading(actor.org_id) as scope:
        definition_id = find_record_definition(scope, record)
        view = None if definition_id is None else newest_activity(scope, actor, definition_id)
    return None if view is None else _activity(Ledger(resources.database, actor.org_id), view)


def enrich_record(resources: Resources, actor: Actor, record_id: str, request_key: str | None = None) -> int:
    """Start an activity of this one record, as the actor; its number. The same key returns the same activity.

    Raises:
        NotFound: there is no such record for the actor; Conflict: it is being enriched already, or no provider or
        mapping is set; InvalidParams: a mapping does not fit the org.
    """
    actor.must("enrich the open record")
    known = repeated_activity(resources, actor, request_key)
    if known is not None:
        return known
    record, object_name = _check_record(record_id)
    info = object_info(resources, actor.org_id, actor.username, object_name)
    found = _read(resources, actor, record, info, None, [])
    if _converted(found):
        raise Conflict(_converted(found))
    subject = _subject(record, f"{found.name} ({info.label})", object_name, actor)
    plan, settings = make_plan(resources, actor, subject)
    check_fields(resources, actor, plan)
    _compile_inputs(resources, actor, plan, info)
    refused = credit_refusal(1, settings)
    if refused:
        raise Conflict(refused)
    activity_id = _add(resources, actor, record, subject, plan, request_key)
    ring_now(resources, activity_id)
    return activity_id


def is_activity_of(resources: Resources, actor: Actor, activity_id: int, record_id: str) -> bool:
    """Is this an activity of the record alone?"""
    record, _ = _check_record(record_id)
    with resources.database.reading(actor.org_id) as scope:
        definition_id = find_record_definition(scope, record)
    return Ledger(resources.database, actor.org_id).read_activity(activity_id).definition_id == definition_id


def _check_record(record_id: str) -> tuple[str, str]:
    """(its 18-character id, its object). Raises NotFound."""
    try:
        record = to_18(record_id)
    except LsyncError as error:
        raise NotFound(str(error)) from error
    object_name = OBJECTS.get(record[:3])
    if object_name is None:
        raise NotFound("LSync enriches Leads, Contacts and Accounts; this is the id of something else.")
    return record, object_name


def _subject(record: str, name: str, object_name: str, actor: Actor) -> _Subject:
    criterion = CriterionBody(field="Id", operator="equals", value=record)
    return _Subject(name[:255], object_name, actor.user_id, [criterion])


def _set_up(
    resources: Resources, actor: Actor, record: str, info: ObjectInfo
) -> tuple[Plan | None, CompiledInputs | None, str, str]:
    """(plan, inputs, provider's label, why the record cannot be enriched)."""
    plan, provider = None, ""
    try:
        plan, _ = make_plan(resources, actor, _subject(record, record, info.name, actor))
        provider = provider_class(resources, plan.provider).label
        check_fields(resources, actor, plan)
        inputs = _compile_inputs(resources, actor, plan, info)
    except InvalidParams as error:
        return plan, None, provider, " ".join(error.problems.values())
    except LsyncError as error:
        return plan, None, provider, error.sentence
    return plan, inputs, provider, ""


def _compile_inputs(resources: Resources, actor: Actor, plan: Plan, info: ObjectInfo) -> CompiledInputs:
    opened = open_named_provider(resources, actor.org_id, plan.provider, plan.provider_params)
    return compile_inputs(plan.inputs.parsed(info.name), info, read_catalogue(opened), resources.registry.transforms)


def _read(
    resources: Resources,
    actor: Actor,
    record: str,
    info: ObjectInfo,
    inputs: CompiledInputs | None,
    rows: Sequence[ResultRowBody],
) -> _Found:
    extra = ["Name"] if info.find("Name") else []
    extra += ["IsConverted"] if info.name == "Lead" and info.find("IsConverted") else []
    wanted = ["Id", *extra, *(inputs.columns if inputs else ()), *(row.target for row in rows)]
    columns = tuple(dict.fromkeys(wanted))
    # The id has passed its check, and each column is a path that describe knows.
    query = f"SELECT {', '.join(columns)} FROM {info.name} WHERE Id = '{record}'"  # noqa: S608
    found = list(query_rows(resources.open_salesforce(actor.org_id, actor.username), query, columns))
    if not found:
        raise NotFound(f"There is no such {info.label}, or you may not see it.")
    index = {name: place for place, name in enumerate(columns)}
    return _Found(found[0][index["Name"]] or record if "Name" in index else record, found[0], index)


def _converted(found: _Found) -> str:
    place = found.index.get("IsConverted")
    if place is None or found.row[place] != "true":
        return ""
    return "The Lead is converted, and a converted Lead cannot be changed any more."


def _target(row: ResultRowBody, info: ObjectInfo, found: _Found) -> TargetView:
    field = info.get(row.target)
    current = found.row[found.index[row.target]]
    open_to_change = {
        "never": False,
        "fill_blanks": is_blank(current) and field.type != "boolean",
        "provider_wins": True,
        "always": True,
    }
    return TargetView(field.name, field.label, current, row.policy, open_to_change[row.policy])


def _activity(ledger: Ledger, view: ActivityView) -> RecordActivity:
    entry = next(walk_outcomes(ledger, view.id), None)
    targets = targets_of(ledger.read_activity(view.id))
    return RecordActivity(
        id=view.id,
        status=view.status,
        reason=view.reason,
        is_active=view.is_active,
        credits=view.credits,
        started_at=view.created_at,
        outcome=None if entry is None else view_outcome(entry, targets),
    )


def _add(
    resources: Resources, actor: Actor, record: str, subject: _Subject, plan: Plan, request_key: str | None
) -> int:
    stored = {"criteria": [row.model_dump(mode="json") for row in subject.criteria], "logic": ""}
    now_s = resources.now_s()
    try:
        with resources.database.writing(actor.org_id) as scope:
            definition_id = definition_of_record(
                scope, record, subject.name, subject.object, actor.user_id, stored, now_s
            )
            activity_id = insert_activity(scope, actor, definition_id, 1, actor.user_id, plan, 1)
            if request_key:
                add_key(scope, actor.user_id, request_key, activity_id, now_s)
            add_audit(
                scope,
                user_id=actor.user_id,
                action="activity.enrich_record",
                subject=f"activity/{activity_id}",
                before=None,
                after={"record": record},
                address=actor.address,
                now_s=now_s,
            )
    except IntegrityError as error:
        known = repeated_activity(resources, actor, request_key)
        if known is not None:
            return known
        raise Conflict(f"{subject.name} is being enriched already. Wait for it to end.") from error
    return activity_id
