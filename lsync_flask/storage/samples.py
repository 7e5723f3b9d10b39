"""Real values to try a mapping on: what the provider last said of records of an object."""

from lsync_flask.plugin_api import Answer
from lsync_flask.storage.bodies import decode_answers
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.models import activity, bulk, call, call_answers


def latest_answers(scope: OrgScope, object_name: str) -> list[Answer]:
    """The answers of the last call for this object; none when nothing has run yet."""
    statement = (
        scope.select(call_answers, call_answers.c.body)
        .join(call, call.c.id == call_answers.c.call_id)
        .join(bulk, bulk.c.id == call.c.bulk_id)
        .join(activity, activity.c.id == bulk.c.activity_id)
        .where(activity.c.object == object_name)
        .order_by(call_answers.c.call_id.desc())
        .limit(1)
    )
    body = scope.run(statement).scalar_one_or_none()
    return decode_answers(bytes(body)) if body else []
