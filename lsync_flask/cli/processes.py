"""`lsync worker`, `lsync clock`, `lsync redis`: the processes beside the web."""

import os
import signal
import threading
from types import FrameType

import click

from lsync_flask.cli.settings import resources_of, settings_of
from lsync_flask.embedded_redis import server_command
from lsync_flask.wiring import connect_redis
from lsync_flask.worker.clock import run_clock
from lsync_flask.worker.process import run_worker


@click.command(help="Work on activities until stopped. Start as many as you like, on as many machines.")
@click.pass_context
def worker(context: click.Context) -> None:
    resources = resources_of(context)
    run_worker(resources, connect_redis(resources.settings))


@click.command(help="Ring for what is waiting and send mails, until stopped. One is enough; two do no harm.")
@click.pass_context
def clock(context: click.Context) -> None:
    stop = threading.Event()

    def _stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    run_clock(resources_of(context), stop)


@click.command(help="Run the embedded Redis-compatible server, for a deployment on one machine.")
@click.pass_context
def redis(context: click.Context) -> None:
    settings = settings_of(context)
    if settings.redis_url:
        raise click.UsageError("REDIS_URL names a server already; unset it to use the embedded one")
    command = server_command(settings.instance.absolute() / "redis", settings.redis_socket)
    os.execv(command[0], command)  # noqa: S606 - it takes this process's place, and no shell is wanted
