"""Idempotency keys: the same key from the same user starts no second activity."""

from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.models import request_key


def activity_of_key(scope: OrgScope, user_id: str, key: str) -> int | None:
    """The activity that this key started; None when it is new."""
    found: int | None = scope.run(
        scope.select(request_key, request_key.c.activity_id).where(
            request_key.c.user_id == user_id, request_key.c.key == key
        )
    ).scalar_one_or_none()
    return found


def add_key(scope: OrgScope, user_id: str, key: str, activity_id: int, now_s: float) -> None:
    """Raises IntegrityError when somebody else was first."""
    scope.add(request_key, {"user_id": user_id, "key": key, "activity_id": activity_id, "used_at": now_s})
