"""Run now: the audience is counted, the plan is frozen, and an activity is put into the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson
import structlog
from sqlalchemy.exc import IntegrityError

from lsync_flask.engine.fields import ObjectInfo
from lsync_flask.errors import Conflict, InvalidParams, LsyncError, RetryableError
from lsync_flask.services.count_audience import AudienceCount, count_audience
from lsync_flask.services.definitions import DefinitionView, body_of, read_definition
from lsync_flask.services.describe_objects import object_info
from lsync_flask.services.notice_settings import notice_settings
from lsync_flask.services.plan import (
    CriterionBody,
    InputMappingBody,
    Plan,
    ResultMappingBody,
    missing_sentence,
    missing_technical,
)
from lsync_flask.services.providers import provider_class
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import OrgSettings, org_settings
from lsync_flask.services.taking import EVERYTHING, Taking, number_of_parts, orders_for, part_of
from lsync_flask.storage.audit import add_audit
from lsync_flask.storage.db import OrgScope, db_now
from lsync_flask.storage.models import activity
from lsync_flask.storage.org_bodies import read_mapping
from lsync_flask.storage.request_keys import activity_of_key, add_key
from lsync_flask.storage.rings import mark_rung
from lsync_flask.storage.users import UserRow, read_user

log = structlog.get_logger(__name__)

SPLIT = Taking(split=True)


class OverLimit(Conflict):
    """The audience is larger than the admin allows: nothing was started."""

    def __init__(self, count: int, maximum: int) -> None:
        self.count = count
        self.maximum = maximum
        super().__init__(
            f"The audience has {count:,} records, {count - maximum:,} more than the {maximum:,} allowed per activity. "
            "Nothing was started. Narrow the filter, take only the first records, or split it into "
            f"{number_of_parts(count, maximum):,} activities."
        )


class EmptyAudience(InvalidParams):
    """Nothing matches the filter: nothing was started."""

    def __init__(self) -> None:
        super().__init__({"criteria": "No record matches this filter, so nothing was started."})


def run_activity(
    resources: Resources,
    actor: Actor,
    definition_id: int,
    request_key: str | None = None,
    taking: Taking = EVERYTHING,
) -> int:
    """Start an activity and return its number; the same `request_key` returns the same activity.

    Of several activities it is the first; each following one is queued when the one before it ends.

    Raises:
        OverLimit, EmptyAudience: the audience cannot be run; Conflict: the definition runs already, or no provider or
        mapping is set; InvalidParams: the definition no longer fits the org, or cannot be taken in this way.
    """
    actor.must("run activities")
    repeated = repeated_activity(resources, actor, request_key)
    if repeated is not None:
        return repeated
    definition = read_definition(resources, actor, definition_id)
    if definition.running_activity is not None:
        raise Conflict(f"{definition.name} is running already: see activity {definition.running_activity}.")
    plan, settings = make_plan(resources, actor, definition)
    info = check_fields(resources, actor, plan)
    _check_taking(taking, settings, info)
    count = count_audience(resources, actor, body_of(definition), taking)
    _check_size(count, settings, taking)
    plan = plan.model_copy(update={"part": part_of(taking, count.count, settings.maximum_records, info)})
    activity_id = _add(resources, actor, definition, plan, count, request_key)
    log.info("activity queued", org=actor.org_id, activity=activity_id, records=count.takes, user=actor.user_id)
    ring_now(resources, activity_id)
    return activity_id


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run would do, to be confirmed; `problem` says why it cannot be started ("": it can).

    Where the audience is above the maximum, `orders` are those in which its first records may be taken.
    """

    definition: DefinitionView
    count: AudienceCount | None
    problem: str
    orders: Sequence[tuple[str, str]]
    provider: str
    targets: Sequence[tuple[str, str]]
    username: str
    mail_to: Sequence[str]


def summarise_run(resources: Resources, actor: Actor, definition_id: int) -> RunSummary:
    """Everything that a run would check, and what it would use; nothing is started. One API call for the count.

    Raises:
        NotFound: there is no such definition.
    """
    actor.must("run activities")
    definition = read_definition(resources, actor, definition_id)
    plan, count, problem = None, None, ""
    orders: Sequence[tuple[str, str]] = ()
    try:
        if definition.running_activity is not None:
            raise Conflict(f"{definition.name} is running already: see activity {definition.running_activity}.")
        plan, settings = make_plan(resources, actor, definition)
        orders = orders_for(check_fields(resources, actor, plan))
        count = count_audience(resources, actor, body_of(definition))
        _check_size(count, settings, SPLIT if count.over_limit else EVERYTHING)
    except InvalidParams as error:
        problem = " ".join(error.problems.values())
    except LsyncError as error:
        problem = error.sentence
    return _summary(definition, plan, count, problem, orders)


def _summary(
    definition: DefinitionView,
    plan: Plan | None,
    count: AudienceCount | None,
    problem: str,
    orders: Sequence[tuple[str, str]],
) -> RunSummary:
    rows = plan.results.rows if plan else ()
    return RunSummary(
        definition=definition,
        count=count,
        problem=problem,
        orders=orders,
        provider=plan.provider if plan else "",
        targets=[(row.target, row.policy) for row in rows],
        username=plan.username if plan else "",
        mail_to=plan.mail_to if plan else (),
    )


def ring_now(resources: Resources, activity_id: int) -> None:
    """Ring at once; when Redis is away the clock rings later."""
    if mark_rung(resources.database, activity_id):
        try:
            resources.ring(activity_id)
        except RetryableError:
            return


def repeated_activity(resources: Resources, actor: Actor, request_key: str | None) -> int | None:
    """The activity that this key of the actor's has started; None: none."""
    if not request_key:
        return None
    with resources.database.reading(actor.org_id) as scope:
        return activity_of_key(scope, actor.user_id, request_key)


class Subject(Protocol):
    """What of a definition goes into a plan."""

    @property
    def name(self) -> str: ...
    @property
    def object(self) -> str: ...
    @property
    def owner_id(self) -> str: ...
    @property
    def criteria(self) -> Sequence[CriterionBody]: ...
    @property
    def logic(self) -> str: ...
    @property
    def notify(self) -> Sequence[str] | None: ...
    @property
    def where(self) -> str: ...


def make_plan(resources: Resources, actor: Actor, definition: Subject) -> tuple[Plan, OrgSettings]:
    """The plan of a run that begins now, and the settings it was made from.

    Raises:
        Conflict: no mapping is saved; FatalError: no provider is chosen or installed.
    """
    with resources.database.reading(actor.org_id) as scope:
        settings = org_settings(scope)
        ways = notice_settings(scope).use if definition.notify is None else definition.notify
        inputs = read_mapping(scope, "input", definition.object)
        results = read_mapping(scope, "results", definition.object)
        owner = read_user(scope, definition.owner_id)
    provider_class(resources, settings.provider)
    if inputs is None or results is None or not results[1].get("rows"):
        raise Conflict(f"No mapping is saved for {definition.object}. An admin saves it under Mappings.")
    plan = Plan(
        definition=definition.name,
        object=definition.object,
        criteria=tuple(definition.criteria),
        logic=definition.logic,
        where=definition.where,
        username=owner.username,
        time_zone=owner.time_zone,
        provider=settings.provider,
        provider_params=settings.provider_params,
        inputs=InputMappingBody.model_validate(inputs[1]),
        results=ResultMappingBody.model_validate(results[1]),
        technical_fields=settings.technical_fields(),
        first_bulk_size=settings.first_bulk_size,
        bulk_size=settings.bulk_size,
        on_unknown_charge=settings.on_unknown_charge,
        mail_to=_recipients(owner, settings),
        notify=tuple(dict.fromkeys(ways)),
    )
    return plan, settings


def _recipients(owner: UserRow, settings: OrgSettings) -> tuple[str, ...]:
    return tuple(dict.fromkeys([owner.email, *settings.mail_to]))


def check_fields(resources: Resources, actor: Actor, plan: Plan) -> ObjectInfo:
    """Refuse what cannot end well before anything is read or paid: a technical field that the owner cannot write."""
    info = object_info(resources, actor.org_id, plan.username, plan.object)
    if missing_technical(info, plan.technical_fields):
        # Describe may have been kept from before an admin created them.
        info = object_info(resources, actor.org_id, plan.username, plan.object, fresh=True)
    missing = missing_technical(info, plan.technical_fields)
    if missing:
        raise Conflict(missing_sentence(info, missing))
    return info


def _check_taking(taking: Taking, settings: OrgSettings, info: ObjectInfo) -> None:
    """Before anything is asked of Salesforce."""
    if taking.first is not None and taking.first > settings.maximum_records:
        raise InvalidParams({"first": f"At most {settings.maximum_records:,} records are allowed per activity."})
    part_of(taking, 0, settings.maximum_records, info)


def _check_size(count: AudienceCount, settings: OrgSettings, taking: Taking) -> None:
    if count.over_limit and taking == EVERYTHING:
        raise OverLimit(count.count, settings.maximum_records)
    if not count.count:
        raise EmptyAudience
    refused = credit_refusal(min(count.credits, settings.maximum_records), settings)
    if refused:
        raise Conflict(refused)


def credit_refusal(most: int, settings: OrgSettings) -> str:
    """Why an activity that may use so many credits is not started; "": it may be."""
    if settings.credits_per_run is None or most <= settings.credits_per_run:
        return ""
    return (
        f"The activity may use {most:,} credits, more than the {settings.credits_per_run:,} allowed per run. Nothing "
        "was started. Narrow the filter, or ask an admin to raise the cap in Settings."
    )


def _add(
    resources: Resources,
    actor: Actor,
    definition: DefinitionView,
    plan: Plan,
    count: AudienceCount,
    request_key: str | None,
) -> int:
    size = count.takes if plan.part is None else min(count.takes, plan.part.most)
    try:
        with resources.database.writing(actor.org_id) as scope:
            activity_id = insert_activity(
                scope, actor, definition.id, definition.version, definition.owner_id, plan, size
            )
            if request_key:
                add_key(scope, actor.user_id, request_key, activity_id, resources.now_s())
            add_audit(
                scope,
                user_id=actor.user_id,
                action="activity.run",
                subject=f"activity/{activity_id}",
                before=None,
                after={"definition": definition.id, "version": definition.version, "records": count.takes},
                address=actor.address,
                now_s=resources.now_s(),
            )
    except IntegrityError as error:
        repeated = repeated_activity(resources, actor, request_key)
        if repeated is not None:
            return repeated
        raise Conflict(f"{definition.name} is running already. Wait for it to end, or cancel it.") from error
    return activity_id


def insert_activity(
    scope: OrgScope, actor: Actor, definition_id: int, version: int, owner_id: str, plan: Plan, count: int
) -> int:
    """Queue an activity. Raises IntegrityError: the definition runs already."""
    activity_id: int = scope.add(
        activity,
        {
            "definition_id": definition_id,
            "definition_version": version,
            "running_definition_id": definition_id,
            "object": plan.object,
            "owner_id": owner_id,
            "started_by": actor.user_id,
            "status": "Queued",
            "reason": "",
            "plan": orjson.dumps(plan.model_dump(mode="json")).decode(),
            "audience_size": count,
            "selection": "waiting",
            "selected": 0,
            "bulks": 0,
            "epoch": 0,
            "api_calls": 1,  # the count itself
            "attempts": 0,
            "created_at": db_now(),
        },
    )
    return activity_id
