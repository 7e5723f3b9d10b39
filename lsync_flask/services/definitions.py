"""Sync definitions: list, read, save as a new version, delete."""

from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from lsync_flask.engine import soql
from lsync_flask.engine.audience import Audience, CompiledAudience, Criterion, compile_audience
from lsync_flask.engine.raw_where import MAX_LENGTH
from lsync_flask.errors import InvalidParams, LsyncError, NotFound
from lsync_flask.salesforce.queries import count
from lsync_flask.salesforce.refusals import SalesforceRefused
from lsync_flask.services.access import Permission
from lsync_flask.services.describe_objects import check_object, object_info
from lsync_flask.services.plan import CriterionBody
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.zones import local_now
from lsync_flask.storage.audit import add_audit
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.definitions import (
    SORTED_BY,
    DefinitionRow,
    add_definition,
    delete_definition_row,
    list_definition_rows,
    read_definition_row,
    save_definition_version,
    sort_value,
)
from lsync_flask.storage.users import list_users

MOST_PER_PAGE = 500
WRITES_WHERE: Permission = "change settings and mappings"
ORDERS = tuple(f"{sign}{name}" for name in SORTED_BY for sign in ("", "-"))
"""How a list can be sorted: by name, time of change, size when last counted; "-": the greatest first."""


class DefinitionBody(BaseModel):
    """A definition as it is saved: a named audience of one object."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=255)
    object: str
    criteria: list[CriterionBody] = []
    logic: str = Field(default="", max_length=1_000)
    where: str = Field(default="", max_length=MAX_LENGTH, description="A condition in SOQL, by admins only.")
    notify: list[str] | None = Field(default=None, max_length=10)
    """The ways to tell people of its activities; none of them: nobody is told; None: as the org has set."""

    def audience(self) -> Audience:
        criteria = tuple(Criterion(row.field, row.operator, row.value) for row in self.criteria)
        return Audience(self.object, criteria, self.logic, self.where)


@dataclass(frozen=True, slots=True)
class DefinitionView:
    """A definition as pages and API show it."""

    id: int
    name: str
    object: str
    version: int
    owner_id: str
    owner_name: str
    criteria: list[CriterionBody]
    logic: str
    where: str
    notify: list[str] | None
    counted: int | None
    counted_at: float | None
    changed_at: float
    running_activity: int | None
    last_activity: int | None
    last_status: str | None
    last_run_at: float | None


@dataclass(frozen=True, slots=True)
class DefinitionPage:
    """Some definitions; `next` is handed back as `after` for the following ones, None at the end."""

    definitions: list[DefinitionView]
    next: str | None


def list_definitions(
    resources: Resources,
    actor: Actor,
    search: str = "",
    object: str | None = None,  # noqa: A002 - our word for it
    after: str | None = None,
    limit: int = 50,
    sort: str = "-changed",
) -> DefinitionPage:
    """The last changed first, or as `sort` says.

    Raises:
        InvalidParams: `after` is not one of ours, or not of this order.
    """
    actor.must("see definitions and activities")
    if sort not in ORDERS:
        raise InvalidParams({"sort": f"Choose one of {', '.join(ORDERS)}."})
    limit = max(1, min(limit, MOST_PER_PAGE))
    with resources.database.reading(actor.org_id) as scope:
        rows = list_definition_rows(scope, search, object, _place(after, sort), limit + 1, sort)
        names = _names(scope)
    views = [_view(row, names) for row in rows[:limit]]
    return DefinitionPage(views, _next(rows[limit - 1], sort) if len(rows) > limit else None)


def _next(row: DefinitionRow, sort: str) -> str:
    return orjson.dumps([sort_value(row, sort), row.id]).decode()


def _place(after: str | None, sort: str) -> tuple[float | str, int] | None:
    if not after:
        return None
    wanted = str if sort.endswith("name") else (int, float)
    try:
        value, number = orjson.loads(after)
    except (TypeError, ValueError):
        value, number = None, None
    if not isinstance(value, wanted) or "\0" in str(value) or not isinstance(number, int) or number >= 2**53:
        raise InvalidParams({"after": "This is not the `next` of a page of definitions."})
    return value if isinstance(value, str) else float(value), number


def read_definition(
    resources: Resources, actor: Actor, definition_id: int, version: int | None = None
) -> DefinitionView:
    """Raises NotFound."""
    actor.must("see definitions and activities")
    with resources.database.reading(actor.org_id) as scope:
        return _view(read_definition_row(scope, definition_id, version), _names(scope))


def save_definition(
    resources: Resources,
    actor: Actor,
    body: DefinitionBody,
    definition_id: int | None = None,
    version_seen: int | None = None,
) -> int:
    """Save a new definition, or the next version of one; its id.

    Raises:
        InvalidParams: with each problem by its place, such as `criteria.0.value` or `logic`.
        NotFound; Conflict: somebody else has saved meanwhile.
    """
    actor.must("change definitions")
    _check_ways(resources, body)
    _check_where(resources, actor, body, definition_id)
    stored = body.model_dump(mode="json", include={"criteria", "logic", "where", "notify"})
    now_s = resources.now_s()
    with resources.database.writing(actor.org_id) as scope:
        before = None
        if definition_id is None:
            definition_id = add_definition(scope, body.name, body.object, actor.user_id, stored, now_s)
        else:
            before = dict(read_definition_row(scope, definition_id).body)
            save_definition_version(
                scope, definition_id, version_seen, body.name, body.object, stored, actor.user_id, now_s
            )
        _audit(scope, actor, "definition.save", definition_id, before, {"name": body.name, **stored}, now_s)
    return definition_id


def _check_ways(resources: Resources, body: DefinitionBody) -> None:
    for way in body.notify or ():
        if way not in resources.registry.notifiers:
            raise InvalidParams({"notify": f"There is no way “{way[:40]}” to tell people. Choose another."})


def _check_where(resources: Resources, actor: Actor, body: DefinitionBody, definition_id: int | None) -> None:
    """Check all of it. A condition in SOQL that is new is an admin's to write, and asked of the org in one API call.

    Others may keep one that is there.
    """
    before = ""
    if definition_id is not None:
        with resources.database.reading(actor.org_id) as scope:
            before = str(read_definition_row(scope, definition_id).body.get("where", "")).strip()
    is_new = body.where.strip() not in {"", before}
    if is_new and not actor.may(WRITES_WHERE):
        raise InvalidParams({"where": "Only an admin may write a condition in SOQL. Use criteria instead."})
    compiled = compile_body(resources, actor, body)
    if is_new:
        ask_count(resources, actor, body, compiled)


def ask_count(resources: Resources, actor: Actor, body: DefinitionBody, compiled: CompiledAudience) -> tuple[int, str]:
    """(how many records Salesforce says there are, the query that asked), for one API call.

    Raises:
        InvalidParams: Salesforce refuses the condition that an admin wrote.
    """
    query = soql.count_query(body.object, compiled, local_now(resources.clock(), actor.time_zone))
    try:
        return count(resources.open_salesforce(actor.org_id, actor.username), query), query
    except SalesforceRefused as error:
        if not compiled.where:
            raise
        raise InvalidParams({"where": error.sentence}) from error


def compile_body(
    resources: Resources, actor: Actor, body: DefinitionBody, *, stale: bool = False, look_again: bool = True
) -> CompiledAudience:
    """Check a definition against the org as the actor sees it.

    A field that seems to be gone is looked up once more, freshly, before it is said to be gone; not so without
    `look_again`, which is for what is still being typed.

    Raises:
        InvalidParams: with each problem by its place.
    """
    try:
        check_object(body.object)
    except NotFound as error:
        raise InvalidParams({"object": error.sentence}) from error
    try:
        return _compile(resources, actor, body, fresh=False, stale=stale)
    except InvalidParams as error:
        if not look_again or not _may_be_stale(error):
            raise
        return _compile(resources, actor, body, fresh=True, stale=False)


def _may_be_stale(error: InvalidParams) -> bool:
    return any(name.startswith("criteria.") for name in error.problems)


def _compile(resources: Resources, actor: Actor, body: DefinitionBody, *, fresh: bool, stale: bool) -> CompiledAudience:
    info = object_info(resources, actor.org_id, actor.username, body.object, fresh=fresh, stale=stale)
    return compile_audience(
        body.audience(), info, resources.registry.operators, local_now(resources.clock(), actor.time_zone)
    )


def delete_definition(resources: Resources, actor: Actor, definition_id: int) -> None:
    """Raises NotFound; Conflict while it runs."""
    actor.must("change definitions")
    with resources.database.writing(actor.org_id) as scope:
        row = read_definition_row(scope, definition_id)
        delete_definition_row(scope, definition_id, resources.now_s())
        _audit(scope, actor, "definition.delete", definition_id, {"name": row.name}, None, resources.now_s())


def say_audience(resources: Resources, actor: Actor, view: DefinitionView) -> str:
    """The audience in words; empty when it no longer fits the org."""
    try:
        return compile_body(resources, actor, body_of(view), stale=True).sentence
    except LsyncError:
        return ""


def _audit(
    scope: OrgScope,
    actor: Actor,
    action: str,
    definition_id: int,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    now_s: float,
) -> None:
    add_audit(
        scope,
        user_id=actor.user_id,
        action=action,
        subject=f"definition/{definition_id}",
        before=before,
        after=after,
        address=actor.address,
        now_s=now_s,
    )


def _names(scope: OrgScope) -> dict[str, str]:
    return {user.user_id: user.name for user in list_users(scope)}


def _view(row: DefinitionRow, names: dict[str, str]) -> DefinitionView:
    return DefinitionView(
        id=row.id,
        name=row.name,
        object=row.object,
        version=row.version,
        owner_id=row.owner_id,
        owner_name=names.get(row.owner_id, row.owner_id),
        criteria=[CriterionBody.model_validate(one) for one in row.body["criteria"]],
        logic=row.body["logic"],
        where=row.body.get("where", ""),
        notify=row.body.get("notify"),
        counted=row.counted,
        counted_at=row.counted_at,
        changed_at=row.changed_at,
        running_activity=row.running_activity,
        last_activity=row.last_activity,
        last_status=row.last_status,
        last_run_at=row.last_run_at,
    )


def body_of(view: DefinitionView) -> DefinitionBody:
    """What was saved of a definition."""
    return DefinitionBody(
        name=view.name,
        object=view.object,
        criteria=view.criteria,
        logic=view.logic,
        where=view.where,
        notify=view.notify,
    )
