"""The activity that takes the next part of an audience; it is queued by the commit that ends the one before."""

from collections.abc import Mapping
from typing import Any

import orjson
import structlog

from lsync_flask.engine.status import Status
from lsync_flask.services.plan import PartBody
from lsync_flask.services.taking import part_words
from lsync_flask.storage.db import OrgScope, db_now
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.storage.models import activity

log = structlog.get_logger(__name__)

COPIED = ("definition_id", "definition_version", "object", "owner_id", "started_by")
WAITS = "Every record of the part before it was refused. See why there, then resume or cancel."


def add_next_part(scope: OrgScope, ended: ActivityRow, status: Status) -> int | None:
    """Queue the part that follows an activity that has just ended; its number, None: there is none.

    After a part that failed the next one waits for a person, so that no more credits go the same way. A cancelled part
    is the last. Records that have joined the audience meanwhile are taken by a further part.
    """
    part = None if ended.plan.get("part") is None else PartBody.model_validate(ended.plan["part"])
    if part is None or status == "Cancelled" or not _is_followed(part, ended.selected):
        return None
    following = part.model_copy(
        update={
            "behind": str((ended.selection_cursor or {})["last"]),
            "number": part.number + 1,
            "of": max(part.of, part.number + 1),
            "words": part_words(part.number + 1, max(part.of, part.number + 1)),
        }
    )
    number = _insert(scope, ended, following, status)
    log.info("next part queued", org=ended.org_id, activity=number, part=following.number)
    return number


def _is_followed(part: PartBody, selected: int) -> bool:
    """A part that is not full was the end of the audience; so was a full one that makes up the number counted."""
    return part.of > 1 and selected >= part.most and part.number * part.most != part.counted


def _insert(scope: OrgScope, ended: ActivityRow, part: PartBody, status: Status) -> int:
    columns = (activity.c[name] for name in COPIED)
    row = scope.run(scope.select(activity, *columns).where(activity.c.id == ended.id)).one()
    plan: Mapping[str, Any] = {**ended.plan, "part": part.model_dump(mode="json")}
    waits = status == "Failed"
    number: int = scope.add(
        activity,
        {
            **dict(zip(COPIED, row, strict=True)),
            "running_definition_id": row.definition_id,
            "status": "Paused" if waits else "Queued",
            "reason": WAITS if waits else "",
            "plan": orjson.dumps(plan).decode(),
            "audience_size": max(1, min(part.most, part.counted - (part.number - 1) * part.most)),
            "selection": "waiting",
            "selected": 0,
            "bulks": 0,
            "epoch": 0,
            "api_calls": 0,
            "attempts": 0,
            "created_at": db_now(),
        },
    )
    return number
