"""`lsync activity ID`: where each bulk is, and why."""

from datetime import UTC, datetime

import click

from lsync_flask.cli.settings import resources_of
from lsync_flask.services.follow_activity import ActivityPlace, BulkPlace, follow_activity


@click.command(help="Show where an activity and each of its bulks is, and why.")
@click.argument("number", metavar="ID", type=click.IntRange(1))
@click.option("--most", default=50, type=click.IntRange(1), help="At most so many bulks that have not ended.")
@click.pass_context
def activity(context: click.Context, number: int, most: int) -> None:
    place = follow_activity(resources_of(context), number, most)
    for line in _lines(place):
        click.echo(line)


def _lines(place: ActivityPlace) -> list[str]:
    row = place.activity
    resumes = f" It goes on by itself at {_time(row.resume_at)}." if row.resume_at else ""
    reason = f": {row.reason}" if row.reason else ""
    return [
        f"activity {row.id} of org {row.org_id} is {row.status}{reason}{resumes}",
        f"audience: {row.selected:,} of {row.audience_size:,} records stored in {row.bulks} bulks ({row.selection})",
        "ended: " + (", ".join(f"{count} {state}" for state, count in sorted(place.ended.items())) or "no bulk yet"),
        *(_line(bulk) for bulk in place.going_on),
    ]


def _line(bulk: BulkPlace) -> str:
    calls = f", {bulk.calls_answered} of {bulk.calls} calls answered" if bulk.calls else ""
    crashes = f", {bulk.crashes} crashes in this state" if bulk.crashes else ""
    return f"bulk {bulk.number}: {bulk.state}, {bulk.size:,} records{calls}{crashes}; {bulk.why}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
