"""What describe said, kept for each user: field-level security differs."""

from sqlalchemy.exc import IntegrityError

from lsync_flask.storage.db import Database, OrgScope
from lsync_flask.storage.models import describe_cache


def read_described(scope: OrgScope, username: str, object_name: str) -> tuple[float, str] | None:
    """(when it was read, body); None when it was not."""
    row = scope.run(
        scope.select(describe_cache).where(
            describe_cache.c.username == username, describe_cache.c.object == object_name
        )
    ).one_or_none()
    return None if row is None else (row.read_at, row.body)


def save_described(database: Database, org_id: str, username: str, object_name: str, body: str, now_s: float) -> None:
    key = {"username": username, "object": object_name}
    try:
        with database.writing(org_id) as scope:
            mine = (describe_cache.c.username == username) & (describe_cache.c.object == object_name)
            scope.run(scope.delete(describe_cache).where(mine))
            scope.add(describe_cache, {**key, "body": body, "read_at": now_s})
    except IntegrityError:
        # Another process has just stored the same.
        return
