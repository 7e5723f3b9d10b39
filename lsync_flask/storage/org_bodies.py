"""What an org has set: its settings and mappings, in versions. Whoever saves says which version was seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.exc import IntegrityError

from lsync_flask.errors import Conflict
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.models import mapping, notice_setting, setting

MEANWHILE = "Somebody else has saved this meanwhile. Reload the page to see the change, then save again."


@dataclass(frozen=True, slots=True)
class Change:
    """One saved version: what it says, who saved it (a user's id) and when."""

    version: int
    body: Mapping[str, Any]
    by: str
    at: float


def read_settings_body(scope: OrgScope) -> tuple[int, Mapping[str, Any]] | None:
    """(version, body); None when nothing was ever saved."""
    return _read_body(scope, setting)


def read_notices_body(scope: OrgScope) -> tuple[int, Mapping[str, Any]] | None:
    """(version, body) of the ways to tell people; None when nothing was ever saved."""
    return _read_body(scope, notice_setting)


def _read_body(scope: OrgScope, table: Any) -> tuple[int, Mapping[str, Any]] | None:
    row = scope.run(scope.select(table)).one_or_none()
    return None if row is None else (row.version, orjson.loads(row.body))


def read_settings_change(scope: OrgScope) -> Change | None:
    """The settings as saved last; None when nothing was ever saved."""
    row = scope.run(scope.select(setting)).one_or_none()
    return None if row is None else _change(row)


def _change(row: Any) -> Change:
    return Change(row.version, orjson.loads(row.body), row.changed_by, row.changed_at)


def save_settings_body(
    scope: OrgScope, version_seen: int | None, body: Mapping[str, Any], changed_by: str, now_s: float
) -> int:
    """Replace the settings; the new version. `version_seen` None: nothing was saved yet.

    Raises:
        Conflict: another version was saved meanwhile.
    """
    return _save_body(scope, setting, version_seen, body, changed_by, now_s)


def save_notices_body(
    scope: OrgScope, version_seen: int | None, body: Mapping[str, Any], changed_by: str, now_s: float
) -> int:
    """Replace the ways to tell people; as `save_settings_body`."""
    return _save_body(scope, notice_setting, version_seen, body, changed_by, now_s)


def _save_body(
    scope: OrgScope, table: Any, version_seen: int | None, body: Mapping[str, Any], changed_by: str, now_s: float
) -> int:
    values = {"body": orjson.dumps(dict(body)).decode(), "changed_by": changed_by, "changed_at": now_s}
    if version_seen is None:
        _insert(scope, table, {**values, "version": 1})
        return 1
    changed = scope.run(
        scope.update(table).where(table.c.version == version_seen).values(**values, version=version_seen + 1)
    )
    if not changed.rowcount:
        raise Conflict(MEANWHILE)
    return version_seen + 1


def read_mapping(scope: OrgScope, kind: str, object_name: str) -> tuple[int, Mapping[str, Any]] | None:
    """(version, body) of the newest mapping; None when nothing was ever saved. `kind` is input or results."""
    row = scope.run(
        scope.select(mapping)
        .where(mapping.c.kind == kind, mapping.c.object == object_name)
        .order_by(mapping.c.version.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.version, orjson.loads(row.body))


def read_mapping_change(scope: OrgScope, kind: str, object_name: str, version: int | None) -> Change | None:
    """A version of a mapping, the newest when None; None when there is no such version."""
    statement = scope.select(mapping).where(mapping.c.kind == kind, mapping.c.object == object_name)
    if version is not None:
        statement = statement.where(mapping.c.version == version)
    row = scope.run(statement.order_by(mapping.c.version.desc()).limit(1)).one_or_none()
    return None if row is None else _change(row)


def save_mapping(
    scope: OrgScope,
    kind: str,
    object_name: str,
    version_seen: int | None,
    body: Mapping[str, Any],
    changed_by: str,
    now_s: float,
) -> int:
    """Save the next version of a mapping; its number.

    Raises:
        Conflict: another version was saved meanwhile.
    """
    stored = read_mapping(scope, kind, object_name)
    if (stored[0] if stored else None) != version_seen:
        raise Conflict(MEANWHILE)
    values = {"kind": kind, "object": object_name, "version": (version_seen or 0) + 1}
    text = orjson.dumps(dict(body)).decode()
    _insert(scope, mapping, {**values, "body": text, "changed_by": changed_by, "changed_at": now_s})
    return (version_seen or 0) + 1


def _insert(scope: OrgScope, table: Any, values: Mapping[str, Any]) -> None:
    try:
        scope.add(table, values)
    except IntegrityError as error:
        raise Conflict(MEANWHILE) from error
