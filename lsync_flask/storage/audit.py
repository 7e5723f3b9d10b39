"""Who changed what, when and from where. Rows are added and read, never changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, or_

from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.models import audit


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change; `before` and `after` are what changed, without secrets."""

    id: int
    at: float
    user_id: str
    action: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    address: str


def add_audit(
    scope: OrgScope,
    *,
    user_id: str,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    address: str,
    now_s: float,
) -> None:
    scope.add(
        audit,
        {
            "at": now_s,
            "user_id": user_id,
            "action": action,
            "subject": subject,
            "before": _spell(before),
            "after": _spell(after),
            "address": address,
        },
    )


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any], secrets: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(before, after) of what changed; of a secret only that it was set."""
    changed = [name for name in after if before.get(name) != after[name]]
    said = {name: after[name] for name in changed} | dict.fromkeys(secrets, "(set)")
    return {name: before[name] for name in changed if name in before}, said


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows are wanted: of one user, of one kind (the first word of the action), from and before a moment."""

    user_id: str = ""
    kind: str = ""
    since: float | None = None
    until: float | None = None


EVERYTHING = AuditFilter()


def list_audit(
    scope: OrgScope, after: int | None = None, limit: int = 50, wanted: AuditFilter = EVERYTHING
) -> list[AuditRow]:
    """The newest first; `after` is the last id of the page before."""
    statement = scope.select(audit).where(*_conditions(wanted)).order_by(audit.c.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(audit.c.id < after)
    return [_row(row) for row in scope.run(statement)]


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.user_id:
        found.append(audit.c.user_id == wanted.user_id)
    if wanted.kind:
        begins = audit.c.action.startswith(f"{wanted.kind}.", autoescape=True)
        found.append(or_(audit.c.action == wanted.kind, begins))
    if wanted.since is not None:
        found.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(audit.c.at < wanted.until)
    return found


def list_audit_of(scope: OrgScope, action: str, limit: int) -> list[AuditRow]:
    """The last rows of one action, the newest first."""
    statement = scope.select(audit).where(audit.c.action == action).order_by(audit.c.id.desc()).limit(limit)
    return [_row(row) for row in scope.run(statement)]


def list_audit_kinds(scope: OrgScope) -> list[str]:
    """The kinds of actions that there are, such as `settings`."""
    actions = scope.run(scope.select(audit, audit.c.action).distinct()).scalars()
    return sorted({str(action).partition(".")[0] for action in actions})


def _row(r: Row[Any]) -> AuditRow:
    return AuditRow(r.id, r.at, r.user_id, r.action, r.subject, _parse(r.before), _parse(r.after), r.address)


def _spell(body: Mapping[str, Any] | None) -> str | None:
    return None if body is None else orjson.dumps(dict(body), default=str).decode()


def _parse(text: str | None) -> Mapping[str, Any] | None:
    parsed: Mapping[str, Any] | None = None if text is None else orjson.loads(text)
    return parsed
