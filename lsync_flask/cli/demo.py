"""`lsync demo`: everything at once, with an org full of real public companies; `--run` does the main job and ends."""

import signal
from time import sleep
from types import FrameType

import click
import orjson

from lsync_flask.demo.job import run_main_job
from lsync_flask.demo.scratch import scratch_folder
from lsync_flask.demo.start import Demo, DemoOptions, start_demo
from lsync_flask.demo.supervisor import Supervisor

WATCH_S = 0.5


@click.command(help="Start everything on this machine, with a simulated org full of real public companies.")
@click.option("--port", default=8700, type=click.IntRange(1, 65535), help="Where LSync answers.")
@click.option("--records", default=2_000, type=click.IntRange(1), help="How many leads the org holds.")
@click.option("--seed", default=1, help="The same seed makes the same org.")
@click.option("--workers", default=2, type=click.IntRange(1, 32), help="How many worker processes.")
@click.option("--latency-ms", default=0, type=click.IntRange(0), help="How long the org holds back each answer.")
@click.option("--run", "run_job", is_flag=True, help="Do the main job without a browser, then end.")
@click.option("--json", "as_json", is_flag=True, help="With --run: print the summary as one line of JSON.")
@click.pass_context
def demo(
    context: click.Context,
    port: int,
    records: int,
    seed: int,
    workers: int,
    latency_ms: int,
    run_job: bool,
    as_json: bool,
) -> int:
    if as_json and not run_job:
        raise click.UsageError("--json goes with --run")
    # All ways out lead through the `finally` that stops all. SIGINT is asked for by name too: a shell that starts us in
    # the background has it ignored, and then Python would leave it so.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    with scratch_folder() as folder:
        options = DemoOptions(
            folder=folder,
            port=port,
            records=records,
            seed=seed,
            workers=workers,
            latency_ms=latency_ms,
            database_url=context.obj.get("DATABASE_URL", ""),
            redis_url=context.obj.get("REDIS_URL", ""),
        )
        supervisor = Supervisor(options.folder / "demo.log")
        try:
            click.echo("Starting LSync with a simulated Salesforce org …", err=True)
            started = start_demo(options, supervisor)
            return _run(started, supervisor, as_json) if run_job else _serve(started, supervisor)
        finally:
            supervisor.stop()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(started: Demo, supervisor: Supervisor, as_json: bool) -> int:
    summary = run_main_job(started.web_url, started.org, supervisor.watch)
    if as_json:
        click.echo(orjson.dumps(summary.as_json()).decode())
    else:
        for name, value in summary.as_json().items():
            click.echo(f"{name:20} {value}")
    return 0 if summary.is_good else 1


def _serve(started: Demo, supervisor: Supervisor) -> int:
    click.echo(f"\n  Open  {started.org['lightning_url']}\n")
    click.echo("  It is Salesforce's Lightning page with the LSync tab; choose who is signed in at its top right.")
    click.echo(f"  Mails arrive at {started.org.get('mails_url', started.org['control_url'] + '/mails')}")
    click.echo("  Press Ctrl-C to stop all of it.\n")
    try:
        while True:
            supervisor.watch()
            sleep(WATCH_S)
    except KeyboardInterrupt:
        click.echo("Stopping …", err=True)
        return 0
