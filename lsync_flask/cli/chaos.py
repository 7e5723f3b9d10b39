"""`lsync chaos`: an activity over many records while processes are killed at random, and the promise checked."""

from contextlib import nullcontext

import click
import orjson

from lsync_flask.cli.postgresql import postgresql_to_kill
from lsync_flask.demo.chaos import run_chaos
from lsync_flask.demo.scratch import scratch_folder
from lsync_flask.demo.start import DemoOptions


@click.command(
    help="Kill workers, clock, web, Redis and database at random while an activity runs; then check what was promised."
)
@click.option("--records", default=20_000, type=click.IntRange(1), help="How many leads the org holds.")
@click.option("--workers", default=4, type=click.IntRange(1, 32), help="How many worker processes.")
@click.option("--every", "every_s", default=5.0, type=click.FloatRange(0.1), help="Seconds between kills, on average.")
@click.option("--longest", "longest_s", default=900.0, type=click.FloatRange(1), help="Give up after so many seconds.")
@click.option("--seed", default=1, help="The same seed kills in the same order.")
@click.option("--port", default=8700, type=click.IntRange(1, 65535), help="Where LSync answers meanwhile.")
@click.option("--postgresql", is_flag=True, help="On a PostgreSQL of its own, which is killed too.")
@click.pass_context
def chaos(
    context: click.Context,
    records: int,
    workers: int,
    every_s: float,
    longest_s: float,
    seed: int,
    port: int,
    postgresql: bool,
) -> int:
    kept = (context.obj.get("DATABASE_URL", ""), None)
    with scratch_folder() as folder, postgresql_to_kill() if postgresql else nullcontext(kept) as (url, database):
        options = DemoOptions(folder=folder, port=port, records=records, seed=seed, workers=workers, database_url=url)
        result = run_chaos(options, every_s, longest_s, database)
    click.echo(orjson.dumps(result.as_json()).decode())
    return 1 if result.violations else 0
