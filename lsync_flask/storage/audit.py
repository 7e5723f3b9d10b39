"""Who changed what, when and from where. Rows are added and read, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

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


def list_audit(scope: OrgScope, after: int | None = None, limit: int = 50) -> list[AuditRow]:
    """The newest first; `after` is the last id of the page before."""
    statement = scope.select(audit).order_by(audit.c.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(audit.c.id < after)
    return [
        AuditRow(r.id, r.at, r.user_id, r.action, r.subject, _parse(r.before), _parse(r.after), r.address)
        for r in scope.run(statement)
    ]


def _spell(body: Mapping[str, Any] | None) -> str | None:
    return None if body is None else orjson.dumps(dict(body), default=str).decode()


def _parse(text: str | None) -> Mapping[str, Any] | None:
    parsed: Mapping[str, Any] | None = None if text is None else orjson.loads(text)
    return parsed
