"""The steps before the first activity, each checked by the app: what is right, or what is wrong and what to do."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from lsync_flask.errors import FatalError, InvalidParams, LsyncError
from lsync_flask.plugin_api import Notice, build
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.queries import query_records
from lsync_flask.salesforce.sites import NAME, add_csp_site, add_remote_site
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.services.checks import Check, run_check
from lsync_flask.services.describe_objects import OBJECTS
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import open_provider, org_settings
from lsync_flask.services.technical_fields import check_technical_fields
from lsync_flask.storage.audit import add_audit
from lsync_flask.storage.org_bodies import read_mapping
from lsync_flask.storage.orgs import read_org


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `advice` says what to do while it is not right; `action` and `button`: what the app does by itself."""

    key: str
    title: str
    checks: tuple[Check, ...]
    advice: str
    action: str = ""
    button: str = ""

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


def read_steps(resources: Resources, actor: Actor) -> list[Step]:
    """All steps in their order, checked now."""
    actor.must("see settings and mappings")
    return [
        Step(
            "package",
            "Package deployed",
            (run_check("In the org", lambda: _say_package(resources, actor)),),
            "On the server run lsync org package, and deploy the zip: sf project deploy start --metadata-dir lsync.zip",
        ),
        Step(
            "access",
            "Permission sets assigned",
            (run_check("Who has which", lambda: _say_assigned(resources, actor)),),
            "In Salesforce: Setup, Permission Sets, LSync …, Manage Assignments.",
        ),
        Step(
            "connection",
            "Connection",
            (run_check("Salesforce", lambda: _say_connection(resources, actor)),),
            "On the server run lsync org check with the org's id; it names what must be changed.",
        ),
        Step(
            "mail",
            "Mail",
            (run_check("Mail server", lambda: _say_mail(resources)),),
            "Set SMTP_URL and LSYNC_MAIL_FROM on the server.",
            "mail",
            "Send me a test mail",
        ),
        Step(
            "sites",
            "Trusted sites",
            (run_check("Address", lambda: _say_address(resources)),),
            "Set LSYNC_PUBLIC_URL to the https address at which Salesforce's users reach LSync.",
            "sites",
            "Add Remote Site Setting and CSP trusted site",
        ),
        Step(
            "fields",
            "Technical fields",
            tuple(_fields(resources, actor)),
            "Create them here; your user needs Customize Application.",
            "fields",
            "Create the technical fields",
        ),
        Step(
            "provider",
            "Provider",
            (run_check("Provider", lambda: _say_provider(resources, actor)),),
            "Choose the provider and its key in Settings.",
        ),
        Step("mappings", "Mappings", tuple(_mappings(resources, actor)), "Propose and save them under Mappings."),
    ]


def _say_package(resources: Resources, actor: Actor) -> str:
    api = resources.open_salesforce(actor.org_id, None)
    found = {str(row["Name"]) for row in query_records(api, "SELECT Name FROM PermissionSet WHERE Name LIKE 'LSync%'")}
    missing = sorted(set(PERMISSION_SETS.values()) - found)
    if missing:
        raise FatalError(f"Missing: {', '.join(missing)}.")
    return f"its permission sets are there{_versions(api)}."


def _versions(api: SalesforceApi) -> str:
    """What the sets' descriptions say of the package's version; empty where they cannot be read."""
    try:
        rows = query_records(api, "SELECT Description FROM PermissionSet WHERE Name LIKE 'LSync%'")
    except LsyncError:
        return ""
    texts = {str(row.get("Description") or "").partition("(package ")[2].rstrip(")") for row in rows} - {""}
    return f", of package {', '.join(sorted(texts))}" if texts else ""


def _say_assigned(resources: Resources, actor: Actor) -> str:
    api = resources.open_salesforce(actor.org_id, None)
    soql = "SELECT PermissionSet.Name FROM PermissionSetAssignment WHERE PermissionSet.Name LIKE 'LSync%'"
    names = Counter(str((row.get("PermissionSet") or {}).get("Name")) for row in query_records(api, soql))
    if not names:
        raise FatalError("Nobody has one yet, or the integration user may not see who has.")
    return ", ".join(f"{name} {number}" for name, number in sorted(names.items())) + "."


def _say_connection(resources: Resources, actor: Actor) -> str:
    api = resources.open_salesforce(actor.org_id, actor.username)
    api.request("GET", "limits")
    said = f"LSync is let in as {api.username}, by the flow {read_org(resources.database, actor.org_id).flow}"
    return f"{said}; {api.usage.used:,} of {api.usage.allowed:,} API calls are used today." if api.usage else f"{said}."


def _say_mail(resources: Resources) -> str:
    if not resources.settings.smtp_url.get_secret_value():
        raise FatalError("None is set, so nobody hears when an activity ends.")
    return f"mails come from {resources.settings.mail_from}."


def _say_address(resources: Resources) -> str:
    parts = urlsplit(resources.settings.public_url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise FatalError(f"{resources.settings.public_url} is not https; Salesforce frames nothing else.")
    site = site_of(resources)
    return f"{site} can be framed. Whether it is among the org's trusted sites is not asked; the tab needs none."


def site_of(resources: Resources) -> str:
    """LSync's origin, as it stands in the org's lists of trusted sites."""
    parts = urlsplit(resources.settings.public_url)
    return f"{parts.scheme}://{parts.netloc}"


def _fields(resources: Resources, actor: Actor) -> list[Check]:
    try:
        return check_technical_fields(resources, actor)
    except LsyncError as error:
        return [Check("Technical fields", ok=False, sentence=error.sentence)]


def _say_provider(resources: Resources, actor: Actor) -> str:
    with resources.database.reading(actor.org_id) as scope:
        settings = org_settings(scope)
    if not settings.provider:
        raise FatalError("None is chosen yet.")
    return open_provider(resources, actor.org_id, settings).check(resources.http)


def _mappings(resources: Resources, actor: Actor) -> list[Check]:
    with resources.database.reading(actor.org_id) as scope:
        saved = {name: [kind for kind in ("input", "results") if read_mapping(scope, kind, name)] for name in OBJECTS}
    return [
        Check(name, ok=len(kinds) > 1, sentence="saved." if len(kinds) > 1 else _missing_mapping(kinds))
        for name, kinds in saved.items()
    ]


def _missing_mapping(kinds: list[str]) -> str:
    missing = [
        words for kind, words in (("input", "input mapping"), ("results", "result mapping")) if kind not in kinds
    ]
    return f"no {' and no '.join(missing)} yet."


def add_sites(resources: Resources, actor: Actor) -> list[Check]:
    """Add LSync's address to the org's trusted ones; where that fails, the sentence has the exact address to add."""
    actor.must("change settings and mappings")
    url = site_of(resources)
    checks = [
        _adding(resources, actor, "Remote Site Setting", "Remote Site Settings", url, add_remote_site),
        _adding(resources, actor, "CSP trusted site", "Trusted URLs", url, add_csp_site),
    ]
    with resources.database.writing(actor.org_id) as scope:
        add_audit(
            scope,
            user_id=actor.user_id,
            action="sites.add",
            subject=url[:120],
            before=None,
            after={check.name: check.sentence for check in checks},
            address=actor.address,
            now_s=resources.now_s(),
        )
    return checks


def _adding(
    resources: Resources, actor: Actor, name: str, place: str, url: str, add: Callable[[SalesforceApi, str], bool]
) -> Check:
    try:
        is_new = add(resources.open_salesforce(actor.org_id, actor.username), url)
    except LsyncError as error:
        by_hand = f"Add it by hand: in Setup, {place}, New, name {NAME}, address {url}"
        return Check(name, ok=False, sentence=f"It could not be added. {error.sentence} {by_hand}")
    return Check(name, ok=True, sentence=f"added, named {NAME}." if is_new else f"is there already, named {NAME}.")


def send_test_mail(resources: Resources, actor: Actor) -> list[Check]:
    """Send the actor a mail the way LSync does, and one the way Salesforce does, which shows its deliverability."""
    actor.must("change settings and mappings")
    return [
        run_check("Mail server", lambda: _send_by_smtp(resources, actor)),
        run_check("Salesforce", lambda: _send_by_salesforce(resources, actor)),
    ]


def _send_by_smtp(resources: Resources, actor: Actor) -> str:
    url = resources.settings.smtp_url.get_secret_value()
    smtp = resources.registry.notifiers.get("smtp")
    if not url or smtp is None:
        raise FatalError("No mail was sent: SMTP_URL is not set, or the notifier smtp is switched off.")
    text = "This is the test mail that you asked for on LSync's Setup page. Mails about activities come the same way."
    notice = Notice(
        f"{actor.org_id}/test/{resources.now_s()}", (actor.email,), "LSync: test mail", text, f"<p>{text}</p>"
    )
    try:
        build(smtp, {"url": url, "sender": resources.settings.mail_from}).send(notice, resources.http)
    except InvalidParams as error:
        raise FatalError(f"SMTP_URL or LSYNC_MAIL_FROM is wrong: {error.sentence}") from error
    return f"a mail to {actor.email} is on its way."


_DELIVERABILITY = (
    "In Salesforce: Setup, Email, Deliverability, set Access level to “All email”. LSync's own mails do not need it."
)


def _send_by_salesforce(resources: Resources, actor: Actor) -> str:
    sent = {"emailAddresses": actor.email, "emailSubject": "LSync: test mail", "emailBody": "Salesforce sends mails."}
    api = resources.open_salesforce(actor.org_id, actor.username)
    try:
        answer = api.request("POST", "actions/standard/emailSimple", json={"inputs": [sent]}).json()
    except FatalError as error:
        raise FatalError(f"{error.sentence} {_DELIVERABILITY}") from error
    if not (isinstance(answer, list) and answer and isinstance(answer[0], dict) and answer[0].get("isSuccess")):
        raise FatalError(f"Salesforce sent no mail. {_DELIVERABILITY}")
    return f"a mail to {actor.email} is on its way."
