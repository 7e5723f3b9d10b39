"""The mail to the owner when an activity ends: status, counts, the errors that matter with what to do, and a link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from lsync_flask.engine.advice import advice
from lsync_flask.errors import FatalError
from lsync_flask.folders import folder
from lsync_flask.plugin_api import Notice, build
from lsync_flask.services.outcomes import group_errors
from lsync_flask.services.resources import Resources
from lsync_flask.services.zones import local_now
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.storage.outbox import OutboxRow
from lsync_flask.storage.users import read_user

FATE_LABELS: Mapping[str, str] = {
    "written": "Updated",
    "unchanged": "Already up to date",
    "not_matched": "Not found by the provider",
    "skipped": "Skipped",
    "rejected": "Rejected",
    "failed": "Failed",
}


@dataclass(frozen=True, slots=True)
class _Error:
    code: str
    message: str
    count: int
    advice: str


def deliver(resources: Resources, row: OutboxRow) -> None:
    """Send one row of the outbox.

    Raises:
        RetryableError: try again later; FatalError: it can never be delivered, and the text says why.
    """
    if row.kind != "notice":
        raise FatalError(f"The outbox cannot send {row.kind}.")
    if not resources.settings.smtp_url.get_secret_value():
        raise FatalError("No mail was sent: SMTP_URL is not set.")
    make = make_reconnect_notice if row.body.get("event") == "reconnect" else make_notice
    notice = make(resources, Ledger(resources.database, row.org_id), row.key, int(row.body["activity"]))
    if not notice.to:
        raise FatalError("No mail was sent: the owner has no e-mail address.")
    smtp = resources.registry.notifiers.get("smtp")
    if smtp is None:
        raise FatalError("No mail was sent: the notifier smtp is switched off.")
    build(smtp, {"url": resources.settings.smtp_url, "sender": resources.settings.mail_from}).send(
        notice, resources.http
    )


def make_notice(resources: Resources, ledger: Ledger, key: str, activity_id: int) -> Notice:
    """The mail about an activity as it stands now."""
    activity = ledger.read_activity(activity_id)
    with resources.database.reading(ledger.org_id) as scope:
        owner = read_user(scope, activity.owner_id)
    errors = [
        _Error(group.code, group.message, group.count, advice(group.code))
        for group in group_errors(ledger, activity_id)
    ]
    words = {
        "activity": activity,
        "definition": activity.plan["definition"],
        "owner": owner.name,
        "counts": _counts(ledger.fates(activity_id)),
        "errors": errors,
        "ended": _local(activity.finished_at, owner.time_zone),
        "lasted": _lasted(activity),
        "link": f"{resources.settings.public_url.rstrip('/')}/activities/{activity_id}",
    }
    subject = f"{activity.plan['definition']}: {activity.status}"
    return Notice(key, _recipients(activity.plan), subject, _render("ended.txt", words), _render("ended.html", words))


def make_reconnect_notice(resources: Resources, ledger: Ledger, key: str, activity_id: int) -> Notice:
    """The mail about an activity that waits because Salesforce does not let LSync in any more."""
    activity = ledger.read_activity(activity_id)
    with resources.database.reading(ledger.org_id) as scope:
        owner = read_user(scope, activity.owner_id)
    words = {
        "activity": activity,
        "definition": activity.plan["definition"],
        "owner": owner.name,
        "org": ledger.org_id,
        "link": f"{resources.settings.public_url.rstrip('/')}/activities/{activity_id}",
    }
    subject = f"{activity.plan['definition']}: waiting for reconnect"
    texts = (_render("reconnect.txt", words), _render("reconnect.html", words))
    return Notice(key, _recipients(activity.plan), subject, *texts)


def _recipients(plan: Mapping[str, Any]) -> Sequence[str]:
    return [address for address in plan["mail_to"] if address]


def _counts(fates: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(label, f"{fates[fate]:,}") for fate, label in FATE_LABELS.items() if fates.get(fate)]


def _local(at_s: float | None, zone: str) -> str:
    moment = local_now(datetime.fromtimestamp(at_s or 0.0, UTC), zone)
    return moment.strftime("%Y-%m-%d %H:%M (%Z)")


def _lasted(activity: ActivityRow) -> str:
    seconds = int((activity.finished_at or 0.0) - (activity.started_at or activity.created_at))
    return str(timedelta(seconds=max(0, seconds)))


def _render(name: str, words: Mapping[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(folder("templates") / "mail"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(words)
