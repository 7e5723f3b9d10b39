"""What a user has changed on a page and not saved: one draft for each page, gone when it is saved or thrown away."""

from collections.abc import Sequence

import orjson

from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.models import draft

Pairs = Sequence[tuple[str, str]]
"""The form's fields by name, in order; a name may be there several times."""


def save_draft(scope: OrgScope, user_id: str, page: str, pairs: Pairs, now_s: float) -> None:
    values = {"body": orjson.dumps(list(pairs)).decode(), "changed_at": now_s}
    mine = (draft.c.user_id == user_id) & (draft.c.page == page)
    if not scope.run(scope.update(draft).where(mine).values(**values)).rowcount:
        scope.add(draft, {"user_id": user_id, "page": page, **values})


def read_draft(scope: OrgScope, user_id: str, page: str) -> Pairs | None:
    """None: there is none."""
    statement = scope.select(draft, draft.c.body).where(draft.c.user_id == user_id, draft.c.page == page)
    body = scope.run(statement).scalar_one_or_none()
    return None if body is None else [(str(name), str(value)) for name, value in orjson.loads(body)]


def drop_draft(scope: OrgScope, user_id: str, page: str) -> None:
    scope.run(scope.delete(draft).where(draft.c.user_id == user_id, draft.c.page == page))
