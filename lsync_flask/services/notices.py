"""Notices of activities: what they say, and how each gets out in its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from lsync_flask.engine.advice import advice
from lsync_flask.errors import FatalError, GrantLost, Interrupted, InvalidParams, LsyncError, RetryableError
from lsync_flask.folders import folder
from lsync_flask.notifiers.salesforce_mail import PATH as MAIL_ACTION
from lsync_flask.plugin_api import Http, HttpReply, Notice, Notifier
from lsync_flask.registry import time_limit
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.services.checks import Check, run_check
from lsync_flask.services.notice_settings import open_notifier
from lsync_flask.services.outcomes import group_errors
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.zones import local_now
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.storage.outbox import MAIL, OutboxRow
from lsync_flask.storage.users import read_user

FATE_LABELS: Mapping[str, str] = {
    "written": "Updated",
    "unchanged": "Already up to date",
    "not_matched": "Not found by the provider",
    "skipped": "Skipped",
    "rejected": "Rejected",
    "failed": "Failed",
}


NOTIFIER_S = 60
BY_ORG = "salesforce"
TOLD: Mapping[str, tuple[str, str]] = {
    "ended": ("ended", ""),
    "paused": ("paused", "waiting for somebody"),
    "reconnect": ("reconnect", "waiting for reconnect"),
}
"""By event: the mail's template, and what its subject says; "": the status."""


@dataclass(frozen=True, slots=True)
class _Error:
    code: str
    message: str
    count: int
    advice: str


def deliver(resources: Resources, row: OutboxRow) -> None:
    """Send one row of the outbox in its way.

    Raises:
        RetryableError: try again later; FatalError: it can never be delivered, and the text says why.
    """
    if row.kind != "notice":
        raise FatalError(f"The outbox cannot send {row.kind}.")
    way = str(row.body.get("notifier", MAIL))
    notifier = open_notifier(resources, row.org_id, way)
    ledger = Ledger(resources.database, row.org_id)
    activity = ledger.read_activity(int(row.body["activity"]))
    notice = make_notice(resources, ledger, row.key, activity, str(row.body.get("event", "ended")))
    if way == MAIL and not notice.to:
        raise FatalError("No mail was sent: the owner has no e-mail address.")
    send(notifier, notice, _way_out(resources, row.org_id, way, str(activity.plan["username"])))


def send(notifier: Notifier, notice: Notice, http: Http) -> None:
    """Have a notifier deliver a notice; whatever else it raises, or that it takes too long, is its failure."""
    failed = f"The notifier {notifier.label} failed"
    try:
        with time_limit(NOTIFIER_S, f"the notifier was not done after {NOTIFIER_S} seconds"):
            notifier.send(notice, http)
    except LsyncError:
        raise
    except Interrupted as error:
        raise RetryableError(f"{failed}: it was not done after {NOTIFIER_S} seconds.") from error
    except (Exception, SystemExit) as error:
        raise FatalError(f"{failed} ({type(error).__name__}). Tell whoever maintains it.") from error


def send_test_notice(resources: Resources, actor: Actor, way: str) -> Check:
    """Tell the actor, in this way, that a test was asked for."""
    actor.must("change settings and mappings")
    cls = resources.registry.notifiers.get(way)
    if cls is None:
        raise InvalidParams({"way": f"There is no notifier {way}."})
    return run_check(cls.label, lambda: _send_test(resources, actor, way))


def _send_test(resources: Resources, actor: Actor, way: str) -> str:
    now = resources.clock()
    text = "This is the test that you asked for. Notices of activities come the same way."
    facts = {"event": "test", "at": now.isoformat(timespec="seconds"), "org": actor.org_id}
    key = f"{actor.org_id}/test/{now.timestamp()}"
    notice = Notice(key, (actor.email,), "LSync: test notice", text, f"<p>{text}</p>", facts)
    notifier = open_notifier(resources, actor.org_id, way)
    send(notifier, notice, _way_out(resources, actor.org_id, way, actor.username))
    return "a test notice is on its way."


def _way_out(resources: Resources, org_id: str, way: str, username: str) -> Http:
    return OrgMail(resources.open_salesforce(org_id, username)) if way == BY_ORG else resources.http


@dataclass(frozen=True)
class OrgMail:
    """The way out of the notifier that sends through the org: one action of it, as one user, and no token in reach."""

    api: SalesforceApi

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpReply:
        del timeout_s
        if (method, url) != ("POST", MAIL_ACTION):
            raise FatalError("A notifier can reach no other part of the org than the action that sends mail.")
        try:
            reply = self.api.request(method, url, data=body, headers=headers)
        except GrantLost as error:
            raise RetryableError(f"Salesforce does not let LSync in: {error.sentence}") from error
        return HttpReply(reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.body)


def make_notice(resources: Resources, ledger: Ledger, key: str, activity: ActivityRow, event: str) -> Notice:
    """What there is to tell of an activity as it stands now; `event` is ended, paused or reconnect."""
    template, subject = TOLD.get(event, TOLD["ended"])
    words = _words(resources, ledger, activity, has_errors=event == "ended")
    subject = f"{words['definition']}: {subject or activity.status}"
    texts = (_render(f"{template}.txt", words), _render(f"{template}.html", words))
    return Notice(key, _recipients(activity.plan), subject, *texts, _facts(resources, ledger, activity, event, words))


def _words(resources: Resources, ledger: Ledger, activity: ActivityRow, *, has_errors: bool) -> dict[str, Any]:
    with resources.database.reading(ledger.org_id) as scope:
        owner = read_user(scope, activity.owner_id)
    groups = group_errors(ledger, activity.id) if has_errors else ()
    return {
        "activity": activity,
        "definition": activity.plan["definition"],
        "owner": owner.name,
        "org": ledger.org_id,
        "counts": _counts(ledger.fates(activity.id)),
        "errors": [_Error(group.code, group.message, group.count, advice(group.code)) for group in groups],
        "ended": _local(activity.finished_at, owner.time_zone),
        "lasted": _lasted(activity),
        "link": f"{resources.settings.public_url.rstrip('/')}/activities/{activity.id}",
    }


def _facts(
    resources: Resources, ledger: Ledger, activity: ActivityRow, event: str, words: Mapping[str, Any]
) -> dict[str, Any]:
    at_s = activity.finished_at if event == "ended" and activity.finished_at else resources.now_s()
    return {
        "event": event,
        "activity": activity.id,
        "definition": words["definition"],
        "object": activity.object,
        "status": activity.status,
        "reason": activity.reason,
        "counts": dict(ledger.fates(activity.id)),
        "link": words["link"],
        "org": ledger.org_id,
        "at": datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds"),
    }


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
