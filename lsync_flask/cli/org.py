"""`lsync org`: enrol a Salesforce org and check its connection."""

from importlib.metadata import version
from pathlib import Path

import click

from lsync_flask.cli.settings import resources_of
from lsync_flask.errors import FatalError
from lsync_flask.folders import package_folder
from lsync_flask.salesforce.package import PackageOptions, build_package, check_public_url
from lsync_flask.services.orgs import NewOrg, add_org, check_org, list_orgs, remove_org


@click.group(help="Salesforce orgs.")
def org() -> None:
    pass


@org.command(help="Enrol an org, or replace its settings.")
@click.option("--org-id", required=True, help="The org's id, 15 or 18 characters.")
@click.option("--name", default="", help="What to call it.")
@click.option("--my-domain", required=True, metavar="URL", help="https://your-domain.my.salesforce.com")
@click.option("--consumer-key", required=True, help="The app's consumer key.")
@click.option(
    "--consumer-secret-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the consumer secret; one per line while it is being rotated.",
)
@click.option(
    "--jwt-key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The private key (PEM) whose certificate the app has; background work needs it.",
)
@click.option(
    "--flow",
    type=click.Choice(["jwt", "client-credentials", "refresh-token"]),
    default="jwt",
    help="How LSync gets in: jwt acts as each activity's owner, the others as one user.",
)
@click.option(
    "--refresh-token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For the flow refresh-token: file with the token.",
)
@click.option("--integration-user", help="Username that reads who has which permission set.")
@click.option("--audience", help="Audience of the JWT; default: the My Domain address.")
@click.option("--app", help="Name in POST /canvas/NAME, when the org has a Canvas app of its own.")
@click.pass_context
def add(
    context: click.Context,
    org_id: str,
    name: str,
    my_domain: str,
    consumer_key: str,
    consumer_secret_file: Path,
    jwt_key_file: Path | None,
    flow: str,
    refresh_token_file: Path | None,
    integration_user: str | None,
    audience: str | None,
    app: str | None,
) -> None:
    new = NewOrg(
        id=org_id,
        name=name or my_domain.removeprefix("https://").partition(".")[0],
        my_domain=my_domain,
        app=app,
        consumer_key=consumer_key,
        consumer_secrets=tuple(consumer_secret_file.read_text().split()),
        jwt_key=jwt_key_file.read_text() if jwt_key_file else None,
        audience=audience,
        integration_username=integration_user,
        flow=flow,
        refresh_token=refresh_token_file.read_text().strip() if refresh_token_file else None,
    )
    click.echo(f"Org {add_org(resources_of(context), new)} is enrolled. Check it with: lsync org check {org_id}")


@org.command(name="list", help="List the orgs.")
@click.pass_context
def list_command(context: click.Context) -> None:
    for row in list_orgs(resources_of(context)):
        click.echo(f"{row.id}  {row.my_domain:48}  {row.name}{'' if row.is_active else '  (inactive)'}")


@org.command(help="Check an org's connection.")
@click.argument("org_id")
@click.pass_context
def check(context: click.Context, org_id: str) -> int:
    checks = check_org(resources_of(context), org_id)
    for one in checks:
        click.echo(f"{'ok  ' if one.ok else 'FAIL'}  {one.name}: {one.sentence}")
    return 0 if all(one.ok for one in checks) else 1


@org.command(help="Delete an org with everything that is stored of it: definitions, activities, secrets, audit log.")
@click.argument("org_id")
@click.option("--yes", is_flag=True, help="Really: it cannot be undone.")
@click.pass_context
def remove(context: click.Context, org_id: str, *, yes: bool) -> None:
    if not yes:
        raise click.UsageError(f"Everything of {org_id} would be deleted. If that is what you want, add --yes.")
    click.echo(f"Org {remove_org(resources_of(context), org_id)} and all that was stored of it are deleted.")


def _public_url(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return check_public_url(value)
    except FatalError as error:
        raise click.BadParameter(error.sentence) from error


@org.command(help="Make the package for an org: a zip that the Metadata API deploys.")
@click.option("--public-url", required=True, metavar="URL", callback=_public_url, help="Where users reach LSync.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path), help="The zip to write."
)
@click.option(
    "--certificate-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificate (PEM) of the key that lsync org add --jwt-key-file gets.",
)
@click.option("--contact-email", default="lsync@example.com", help="Whom Salesforce's admins ask about the app.")
@click.option("--legacy", is_flag=True, help="With a connected app, for orgs that have no External Client Apps.")
def package(public_url: str, out: Path, certificate_file: Path | None, contact_email: str, *, legacy: bool) -> None:
    certificate = certificate_file.read_text() if certificate_file else None
    options = PackageOptions(public_url, contact_email, version("lsync-flask"), certificate, legacy)
    out.write_bytes(build_package(package_folder(), options))
    click.echo(f"{out} is the package for {public_url}. Deploy it with: sf project deploy start --metadata-dir {out}")
