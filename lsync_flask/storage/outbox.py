"""The outbox: what must be sent because of a change is stored with the change, and sent afterwards, once by its key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from lsync_flask.storage.db import Database, OrgScope, db_now
from lsync_flask.storage.models import outbox

NEVER_S = 1e12
TRYING_S = 60.0
"""While a row is being tried nobody else takes it; if its sender dies, the next one does after so long."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One thing to send. `key` stays the same when it is sent again."""

    id: int
    org_id: str
    kind: str
    key: str
    body: Mapping[str, Any]
    attempts: int


def add_outbox(scope: OrgScope, kind: str, key: str, body: Mapping[str, Any], due_s: float) -> None:
    """Store something to send; a second row with the same key is not stored."""
    insert = postgresql_insert if scope.connection.dialect.name == "postgresql" else sqlite_insert
    values = {"org_id": scope.org_id, "kind": kind, "key": f"{scope.org_id}/{key}", "due_at": due_s}
    scope.run(
        insert(outbox)
        .values(**values, body=orjson.dumps(dict(body)).decode(), attempts=0, error="")
        .on_conflict_do_nothing(index_elements=["key"])
    )


MAIL = "smtp"
"""The way that every org has without setting it."""
LONGEST_WAY = 40


def add_notices(
    scope: OrgScope,
    ways: Sequence[str],
    activity_id: int,
    event: str,
    now_s: float,
    which: str = "",
    moment: Mapping[str, Any] | None = None,
) -> None:
    """Tell people in each of these ways, once: a change of state that is stored twice is told once.

    `which` tells one change from another where an activity may come to the same state several times; `moment` is what
    the activity's row may no longer say when the notice is sent, such as its reason.
    """
    for way in ways:
        key = f"activity/{activity_id}/{event}{which}{'' if way == MAIL else '/' + way[:LONGEST_WAY]}"
        add_outbox(
            scope, "notice", key, {**(moment or {}), "activity": activity_id, "event": event, "notifier": way}, now_s
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far a notice is: `sent_at` None: not yet; `due_at` None: never, for the reason in `error`."""

    activity: int
    event: str
    way: str
    attempts: int
    sent_at: float | None
    due_at: float | None
    error: str


def list_deliveries(scope: OrgScope, limit: int) -> list[Delivery]:
    """The newest notices of the org."""
    rows = scope.run(scope.select(outbox).where(outbox.c.kind == "notice").order_by(outbox.c.id.desc()).limit(limit))
    return [_delivery(row, orjson.loads(row.body)) for row in rows]


def _delivery(row: Any, body: Mapping[str, Any]) -> Delivery:
    due_at = row.due_at if row.due_at < NEVER_S else None
    way, event = body.get("notifier", MAIL), str(body.get("event", ""))
    return Delivery(int(body.get("activity", 0)), event, way, row.attempts, row.sent_at, due_at, row.error)


def claim_due_outbox(database: Database, limit: int) -> list[OutboxRow]:
    """Take what is due; nobody else gets it for a minute."""
    due = and_(outbox.c.sent_at.is_(None), outbox.c.due_at <= db_now())
    ids = select(outbox.c.id).where(due).order_by(outbox.c.due_at).limit(limit).with_for_update(skip_locked=True)
    with database.writing_all() as connection:
        rows = connection.execute(
            update(outbox)
            .where(outbox.c.id.in_(ids.scalar_subquery()))
            .values(due_at=db_now() + TRYING_S)
            .returning(outbox)
        ).all()
    return [OutboxRow(r.id, r.org_id, r.kind, r.key, orjson.loads(r.body), r.attempts) for r in rows]


def mark_sent(database: Database, row: OutboxRow) -> None:
    with database.writing(row.org_id) as scope:
        scope.run(scope.update(outbox).where(outbox.c.id == row.id).values(sent_at=db_now(), error=""))


def mark_failed(database: Database, row: OutboxRow, error: str, wait_s: float | None) -> None:
    """It could not be sent: try again after so many seconds, or never when None (it stays, with the reason)."""
    values = {"attempts": row.attempts + 1, "error": error}
    due = db_now() + wait_s if wait_s is not None else NEVER_S
    with database.writing(row.org_id) as scope:
        scope.run(scope.update(outbox).where(outbox.c.id == row.id).values(**values, due_at=due))
