"""`lsync plugins`: what is installed, what was refused and why, the conformance test, and a new plugin's project."""

from collections.abc import Iterable
from pathlib import Path

import click

from lsync_flask.errors import FatalError, InvalidParams
from lsync_flask.plugin_api import GROUPS
from lsync_flask.plugin_docs import markdown_of
from lsync_flask.plugin_project import write_project
from lsync_flask.plugin_testing import plugin_problems
from lsync_flask.registry import Registry, discover


@click.group(invoke_without_command=True, help="List the plugins, with the refused ones and why.")
@click.option("--check", metavar="NAME", help="Run the conformance test of one plugin.")
@click.option("--markdown", is_flag=True, help="Write the list as Markdown.")
@click.pass_context
def plugins(context: click.Context, check: str | None, markdown: bool) -> int:
    if context.invoked_subcommand:
        return 0
    registry = _registry(context)
    if check:
        return _check(registry, check)
    if markdown:
        click.echo(markdown_of(registry))
        return 0
    for plugin in registry.installed:
        click.echo(f"{plugin.kind:10} {plugin.name:24} {plugin.label:32} {plugin.distribution} {plugin.version}")
    for refused in registry.refused:
        click.echo(f"refused    {refused.name:24} {refused.reason} ({refused.distribution})")
    return 0


@plugins.command(help="Make a project for a new plugin, with tests that pass as they are.")
@click.argument("name")
@click.option("--kind", type=click.Choice(list(GROUPS)), default="transform", show_default=True)
@click.pass_context
def new(context: click.Context, name: str, kind: str) -> None:
    try:
        files = write_project(Path.cwd(), name, kind, _registry(context))
    except InvalidParams as error:
        raise click.BadParameter(error.problems["name"], context, param_hint="NAME") from error
    for file in files:
        click.echo(file)
    click.echo(f"\nNext: cd {name} && pytest. README.md says how to install it.")


def _registry(context: click.Context) -> Registry:
    off = _names(context.obj.get("LSYNC_PLUGINS_OFF", ""))
    return discover(_names(context.obj.get("LSYNC_ALLOWED_PLUGINS", "")) or None, off or frozenset())


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _check(registry: Registry, name: str) -> int:
    found = [kind[name] for kind in _kinds(registry) if name in kind]
    reasons = [refused.reason for refused in registry.refused if refused.name == name]
    if not found and not reasons:
        raise FatalError(f"No plugin {name} is installed. See lsync plugins for those that are.")
    problems = [*reasons, *(problem for cls in found for problem in plugin_problems(cls))]
    for problem in problems:
        click.echo(f"{name}: {problem}")
    if not problems:
        click.echo(f"{name}: all is well.")
    return 1 if problems else 0


def _kinds(registry: Registry) -> Iterable[dict[str, type]]:
    return (
        dict(registry.transforms),
        dict(registry.operators),
        dict(registry.providers),
        dict(registry.notifiers),
    )
