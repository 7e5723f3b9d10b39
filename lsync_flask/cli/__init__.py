"""The command line: `lsync`. Bad usage is one line that says what would be right, and exit status 2."""

import importlib
import os
import sys
import warnings
from collections.abc import Sequence

import click

from lsync_flask.errors import LsyncError

# A command's module is imported when it is called: a worker needs no simulator, and may not have its libraries.
COMMANDS = {
    "bench": "lsync_flask.cli.bench:bench",
    "activity": "lsync_flask.cli.activity:activity",
    "chaos": "lsync_flask.cli.chaos:chaos",
    "clock": "lsync_flask.cli.processes:clock",
    "db": "lsync_flask.cli.database:db",
    "demo": "lsync_flask.cli.demo:demo",
    "doctor": "lsync_flask.cli.doctor:doctor",
    "org": "lsync_flask.cli.org:org",
    "plugins": "lsync_flask.cli.plugins:plugins",
    "redis": "lsync_flask.cli.processes:redis",
    "secrets": "lsync_flask.cli.database:secrets",
    "simulator": "lsync_flask.cli.simulator:simulator",
    "worker": "lsync_flask.cli.processes:worker",
}
BAD_USAGE = 2
INTERRUPTED = 130


class _OnDemand(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_OnDemand, help="Enrich audiences of Salesforce records in bulk, inside a Lightning tab.")
@click.version_option(package_name="lsync-flask")
@click.pass_context
def cli(context: click.Context) -> None:
    context.obj = dict(os.environ)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its status."""
    if not sys.warnoptions:
        # What libraries warn of is for developers, who ask for it by `python -W`; a user gets one line.
        warnings.simplefilter("ignore")
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status."""
    try:
        result = cli.main(args=arguments, prog_name="lsync", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return BAD_USAGE
    except click.UsageError as error:
        return _say(_with_help(error), BAD_USAGE)
    except click.ClickException as error:
        return _say(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except LsyncError as error:
        return _say(error.sentence, 1)
    return result if isinstance(result, int) else 0


def _with_help(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx else "lsync"
    return f"{error.format_message().rstrip('.')}. See {path} --help."


def _say(sentence: str, status: int) -> int:
    click.echo("lsync: " + " ".join(sentence.split()), err=True)
    return status
