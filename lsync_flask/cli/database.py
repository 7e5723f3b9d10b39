"""`lsync db`: the ledger's tables."""

import click

from lsync_flask.cli.settings import resources_of
from lsync_flask.storage.migrate import upgrade
from lsync_flask.storage.secrets import rotate_secrets


@click.group(help="The ledger's database.")
def db() -> None:
    pass


@db.command(name="upgrade", help="Bring the tables up to date.")
@click.pass_context
def upgrade_command(context: click.Context) -> None:
    upgrade(resources_of(context).database)
    click.echo("The database is up to date.")


@click.group(help="Secrets at rest.")
def secrets() -> None:
    pass


@secrets.command(help="Encrypt all secrets again with the first of LSYNC_ENCRYPTION_KEYS.")
@click.pass_context
def rotate(context: click.Context) -> None:
    resources = resources_of(context)
    number = rotate_secrets(resources.database, resources.box)
    click.echo(f"{number} secrets are encrypted with the first key; the others can be dropped.")
