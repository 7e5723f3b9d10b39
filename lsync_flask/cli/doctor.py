"""`lsync doctor`: one line each for settings, database, Redis, plugins and orgs."""

from collections.abc import Callable
from functools import partial

import click

from lsync_flask import doorbell
from lsync_flask.cli.settings import settings_of
from lsync_flask.errors import FatalError, LsyncError, RetryableError
from lsync_flask.services.orgs import check_org, list_orgs
from lsync_flask.services.resources import Resources
from lsync_flask.storage.migrate import is_current
from lsync_flask.wiring import connect_redis, wire


@click.command(help="Check settings, database, Redis, plugins and orgs; exit status 1 on trouble.")
@click.pass_context
def doctor(context: click.Context) -> int:
    try:
        resources = wire(settings_of(context))
    except LsyncError as error:
        click.echo(f"FAIL  settings: {error.sentence}")
        return 1
    click.echo("ok    settings: all are well-formed.")
    checks: list[tuple[str, Callable[[Resources], str]]] = [
        ("database", _database),
        ("redis", _redis),
        ("plugins", _plugins),
    ]
    results = [_check(name, step, resources) for name, step in checks]
    # Without tables there is nothing to ask about orgs.
    results += _orgs(resources) if results[0] else []
    return 0 if all(results) else 1


def _check(name: str, step: Callable[[Resources], str], resources: Resources) -> bool:
    try:
        sentence = step(resources)
    except LsyncError as error:
        click.echo(f"FAIL  {name}: {error.sentence}")
        return False
    click.echo(f"ok    {name}: {sentence}")
    return True


def _database(resources: Resources) -> str:
    if not is_current(resources.database):
        raise FatalError("The tables are not up to date. Run: lsync db upgrade")
    return f"{resources.database.engine.dialect.name} is up to date."


def _redis(resources: Resources) -> str:
    if not doorbell.is_up(connect_redis(resources.settings)):
        raise RetryableError("It does not answer. Set REDIS_URL, or start the embedded one: lsync redis")
    return "it answers."


def _plugins(resources: Resources) -> str:
    if resources.registry.refused:
        raise FatalError("; ".join(f"{one.name} is refused: {one.reason}" for one in resources.registry.refused))
    return f"{len(resources.registry.installed)} are loaded."


def _orgs(resources: Resources) -> list[bool]:
    """A line for each org; none is trouble when none is enrolled yet."""
    orgs = list_orgs(resources)
    if not orgs:
        click.echo("ok    orgs: none is enrolled yet. Enrol one with: lsync org add")
    return [_check(f"org {row.id}", partial(_org, org_id=row.id, name=row.name), resources) for row in orgs]


def _org(resources: Resources, *, org_id: str, name: str) -> str:
    failed = [f"{check.name}: {check.sentence}" for check in check_org(resources, org_id) if not check.ok]
    if failed:
        raise FatalError("; ".join(failed))
    return f"{name} lets LSync in."
