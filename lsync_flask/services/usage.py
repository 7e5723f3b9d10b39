"""What the org's activities have used since the month began, against the limits that an admin set."""

from dataclasses import dataclass

from sqlalchemy import func, select

from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import org_settings
from lsync_flask.services.zones import local_now
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.models import activity, bulk, call


@dataclass(frozen=True, slots=True)
class Usage:
    """This calendar month in the user's zone; `credits_limit` None: there is no limit. API calls are Salesforce's."""

    credits: int
    credits_limit: int | None
    api_calls: int
    activities: int


def read_usage(resources: Resources, actor: Actor) -> Usage:
    """The usage of the activities that were started this month, whoever started them."""
    actor.must("see definitions and activities")
    first = local_now(resources.clock(), actor.time_zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    since = first.timestamp()
    with resources.database.reading(actor.org_id) as scope:
        started, own_calls = scope.run(
            scope.select(activity, func.count(), func.coalesce(func.sum(activity.c.api_calls), 0)).where(
                activity.c.created_at >= since
            )
        ).one()
        limit = org_settings(scope).credits_per_month
        return Usage(_credits(scope, since), limit, int(own_calls) + _bulk_calls(scope, since), int(started))


def credits_of(scope: OrgScope, activity_id: int) -> int:
    """What an activity has used so far."""
    total = scope.run(
        scope.select(call, func.coalesce(func.sum(call.c.credits), 0))
        .join(bulk, bulk.c.id == call.c.bulk_id)
        .where(bulk.c.activity_id == activity_id)
    ).scalar_one()
    return int(total)


def _bulk_calls(scope: OrgScope, since: float) -> int:
    total = scope.run(
        select(func.coalesce(func.sum(bulk.c.api_calls), 0))
        .join(activity, activity.c.id == bulk.c.activity_id)
        .where(bulk.c.org_id == scope.org_id, activity.c.created_at >= since)
    ).scalar_one()
    return int(total)


def _credits(scope: OrgScope, since: float) -> int:
    total = scope.run(
        select(func.coalesce(func.sum(call.c.credits), 0))
        .join(bulk, bulk.c.id == call.c.bulk_id)
        .join(activity, activity.c.id == bulk.c.activity_id)
        .where(bulk.c.org_id == scope.org_id, activity.c.created_at >= since)
    ).scalar_one()
    return int(total)
