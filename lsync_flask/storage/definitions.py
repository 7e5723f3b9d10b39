"""Sync definitions: a name that stays and versions that never change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, and_, func, or_

from lsync_flask.errors import Conflict, NotFound
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.models import activity, definition, definition_version
from lsync_flask.storage.org_bodies import MEANWHILE


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """One definition in one of its versions; `body` holds criteria and logic."""

    id: int
    name: str
    object: str
    owner_id: str
    version: int
    body: Mapping[str, Any]
    changed_at: float
    counted: int | None
    counted_at: float | None
    running_activity: int | None
    last_activity: int | None
    last_status: str | None
    last_run_at: float | None
    lowered: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """Who saved a version, and when."""

    version: int
    changed_by: str
    changed_at: float


SORTED_BY: Mapping[str, Any] = {
    "name": func.lower(definition.c.name),
    "changed": definition.c.changed_at,
    "counted": func.coalesce(definition.c.counted, -1),
}
"""What a list of definitions can be sorted by; one that was never counted counts as -1."""


def sort_value(row: "DefinitionRow", sort: str) -> float | str:
    """The value by which `sort` puts this definition in its place."""
    by: Mapping[str, float | str] = {
        "name": row.lowered,
        "changed": row.changed_at,
        "counted": -1 if row.counted is None else row.counted,
    }
    return by[sort.removeprefix("-")]


def add_definition(
    scope: OrgScope, name: str, object_name: str, owner_id: str, body: Mapping[str, Any], now_s: float
) -> int:
    """Store a new definition as version 1; its id."""
    values = {"name": name, "object": object_name, "owner_id": owner_id, "version": 1}
    definition_id: int = scope.add(definition, {**values, "created_at": now_s, "changed_at": now_s})
    _add_version(scope, definition_id, 1, body, owner_id, now_s)
    return definition_id


def definition_of_record(
    scope: OrgScope, record_id: str, name: str, object_name: str, owner_id: str, body: Mapping[str, Any], now_s: float
) -> int:
    """The id of the definition that is of this one record, made where there is none; its name follows the record's."""
    found = find_record_definition(scope, record_id)
    if found is not None:
        scope.run(scope.update(definition).where(definition.c.id == found).values(name=name))
        return found
    made = add_definition(scope, name, object_name, owner_id, body, now_s)
    scope.run(scope.update(definition).where(definition.c.id == made).values(record_id=record_id))
    return made


def find_record_definition(scope: OrgScope, record_id: str) -> int | None:
    """None: the record was never enriched by itself."""
    statement = scope.select(definition, definition.c.id).where(definition.c.record_id == record_id)
    found: int | None = scope.run(statement).scalar_one_or_none()
    return found


def save_definition_version(
    scope: OrgScope,
    definition_id: int,
    version_seen: int | None,
    name: str,
    object_name: str,
    body: Mapping[str, Any],
    changed_by: str,
    now_s: float,
) -> int:
    """Store the next version; its number. `version_seen` None takes whatever is the newest.

    Raises:
        NotFound; Conflict: somebody else has saved meanwhile.
    """
    current = read_definition_row(scope, definition_id).version
    if version_seen not in {None, current}:
        raise Conflict(MEANWHILE)
    changed = scope.run(
        scope.update(definition)
        .where(definition.c.id == definition_id, definition.c.version == current, definition.c.deleted_at.is_(None))
        .values(name=name, object=object_name, version=current + 1, changed_at=now_s, counted=None, counted_at=None)
    )
    if not changed.rowcount:
        raise Conflict(MEANWHILE)
    _add_version(scope, definition_id, current + 1, body, changed_by, now_s)
    return current + 1


def _add_version(
    scope: OrgScope, definition_id: int, version: int, body: Mapping[str, Any], changed_by: str, now_s: float
) -> None:
    text = orjson.dumps(dict(body)).decode()
    values = {"definition_id": definition_id, "version": version, "body": text}
    scope.add(definition_version, {**values, "changed_by": changed_by, "changed_at": now_s})


def read_definition_row(scope: OrgScope, definition_id: int, version: int | None = None) -> DefinitionRow:
    """The newest version, or the one named.

    Raises:
        NotFound: there is no such definition or version, it was deleted, or it is of one record.
    """
    wanted = definition.c.version if version is None else version
    row = scope.run(
        _rows(scope, wanted).where(
            definition.c.id == definition_id, definition.c.deleted_at.is_(None), definition.c.record_id.is_(None)
        )
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such definition.")
    return _definition(row)


def list_definition_rows(
    scope: OrgScope,
    search: str,
    object_name: str | None,
    after: tuple[float | str, int] | None,
    limit: int,
    sort: str = "-changed",
) -> list[DefinitionRow]:
    """By `sort`, such as `name` or `-changed`; `after` is (its value, id) of the last one of the page before."""
    column, falls = SORTED_BY[sort.removeprefix("-")], sort.startswith("-")
    order = [column.desc(), definition.c.id.desc()] if falls else [column.asc(), definition.c.id.asc()]
    statement = (
        _rows(scope, definition.c.version)
        .where(definition.c.deleted_at.is_(None), definition.c.record_id.is_(None))
        .order_by(*order)
        .limit(limit)
    )
    if search:
        statement = statement.where(func.lower(definition.c.name).contains(search.lower(), autoescape=True))
    if object_name:
        statement = statement.where(definition.c.object == object_name)
    if after is not None:
        value, number = after
        beyond = column < value if falls else column > value
        same = and_(column == value, definition.c.id < number if falls else definition.c.id > number)
        statement = statement.where(or_(beyond, same))
    return [_definition(row) for row in scope.run(statement)]


def list_version_rows(scope: OrgScope, definition_id: int, limit: int) -> list[VersionRow]:
    """The newest first."""
    statement = (
        scope.select(definition_version)
        .where(definition_version.c.definition_id == definition_id)
        .order_by(definition_version.c.version.desc())
        .limit(limit)
    )
    return [VersionRow(row.version, row.changed_by, row.changed_at) for row in scope.run(statement)]


def _rows(scope: OrgScope, version: Any) -> Any:
    running = scope.select(activity, func.max(activity.c.id)).where(activity.c.running_definition_id == definition.c.id)
    last = scope.select(activity, func.max(activity.c.id)).where(activity.c.definition_id == definition.c.id)
    newest = last.correlate(definition).scalar_subquery()
    status, at = (
        scope.select(activity, column).where(activity.c.id == newest)
        for column in (activity.c.status, activity.c.created_at)
    )
    chosen = and_(definition_version.c.definition_id == definition.c.id, definition_version.c.version == version)
    return scope.select(
        definition,
        definition,
        definition_version.c.version.label("chosen"),
        definition_version.c.body,
        running.correlate(definition).scalar_subquery().label("running_activity"),
        newest.label("last_activity"),
        status.correlate(definition).scalar_subquery().label("last_status"),
        at.correlate(definition).scalar_subquery().label("last_run_at"),
        func.lower(definition.c.name).label("lowered"),
    ).join(definition_version, chosen)


def delete_definition_row(scope: OrgScope, definition_id: int, now_s: float) -> None:
    """Hide a definition; its activities stay explained.

    Raises:
        NotFound; Conflict: it is running.
    """
    row = read_definition_row(scope, definition_id)
    if row.running_activity is not None:
        raise Conflict(f"{row.name} is running. Wait until activity {row.running_activity} has ended, or cancel it.")
    scope.run(scope.update(definition).where(definition.c.id == definition_id).values(deleted_at=now_s))


def set_counted(scope: OrgScope, definition_id: int, count: int, now_s: float) -> None:
    """Remember the audience's size when it was last counted."""
    scope.run(scope.update(definition).where(definition.c.id == definition_id).values(counted=count, counted_at=now_s))


def _definition(row: Row[Any]) -> DefinitionRow:
    return DefinitionRow(
        id=row.id,
        name=row.name,
        object=row.object,
        owner_id=row.owner_id,
        version=row.chosen,
        body=orjson.loads(row.body),
        changed_at=row.changed_at,
        counted=row.counted,
        counted_at=row.counted_at,
        running_activity=row.running_activity,
        last_activity=row.last_activity,
        last_status=row.last_status,
        last_run_at=row.last_run_at,
        lowered=row.lowered,
    )
