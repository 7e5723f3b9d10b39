"""Notices of activities: what they say, and how each gets out in its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
from lsync_flask.services.links import activity_link
from lsync_flask.services.notice_settings import open_notifier
from lsync_flask.services.outcomes import group_errors
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.spelling import spell_duration, spell_moment, spell_number, spell_zone
from lsync_flask.services.usage import credits_of
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.storage.orgs import OrgRow, read_org
from lsync_flask.storage.outbox import MAIL, OutboxRow
from lsync_flask.storage.users import UserRow, read_user

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
TITLES: Mapping[str, str] = {
    "Success": "your sync has ended: everything is done.",
    "Partial Success": "your sync has ended, but some records could not be written.",
    "Failed": "your sync has failed.",
    "Cancelled": "your sync was cancelled.",
    "Paused": "your sync is paused.",
    "Waiting": "your sync waits for somebody.",
}
COLOURS: Mapping[str, str] = {"Success": "#2e844a", "Failed": "#ba0517"}
WARNING = "#8c4b02"
"""Ink on white with a contrast above 4.5 to 1, each."""


@dataclass(frozen=True, slots=True)
class _Error:
    code: str
    message: str
    count: str
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
    notice = make_notice(resources, ledger, row.key, activity, row.body)
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


def make_notice(
    resources: Resources, ledger: Ledger, key: str, activity: ActivityRow, body: Mapping[str, Any]
) -> Notice:
    """What there is to tell of a change of state: `body` has the event, and for a pause its reason and its end."""
    with resources.database.reading(ledger.org_id) as scope:
        owner = read_user(scope, activity.owner_id)
    org = read_org(resources.database, ledger.org_id)
    state = _state(activity, body)
    subject = f"{activity.plan['definition']}: {_say_state(state, body)}"
    words = {
        "subject": subject,
        "definition": activity.plan["definition"],
        "owner": owner.name,
        "title": TITLES.get(state, f"your sync is {state}."),
        "state": _say_state(state, body),
        "colour": COLOURS.get(state, WARNING),
        "reason": str(body.get("reason") or activity.reason),
        "next": _say_next(body, owner, org),
        "facts": _lines(resources, ledger, activity, owner),
        "errors": _errors(ledger, activity.id, owner.locale),
        "link": activity_link(org, activity.id),
        "number": activity.id,
    }
    texts = (_render("activity.txt", words), _render("activity.html", words))
    told = _facts(resources, ledger, activity, str(body.get("event", "ended")), words)
    return Notice(key, _recipients(activity.plan), subject, *texts, told)


def _state(activity: ActivityRow, body: Mapping[str, Any]) -> str:
    """The activity's state, or what it was when it stopped: by now it may have gone on."""
    if body.get("event") in {"paused", "reconnect"}:
        return "Waiting" if body.get("waits") else "Paused"
    return activity.status


def _say_state(state: str, body: Mapping[str, Any]) -> str:
    return "waiting for reconnect" if body.get("event") == "reconnect" else state


def _say_next(body: Mapping[str, Any], owner: UserRow, org: OrgRow) -> str:
    """What happens now, or what somebody has to do."""
    event, resume_at = body.get("event"), body.get("resume_at")
    if event == "paused" and resume_at:
        moment = _say_moment(float(resume_at), owner)
        return f"Nothing is lost and nobody has to do anything: it goes on by itself at {moment}."
    if event == "reconnect":
        return (
            "Nothing is lost. When your admin has put this right (on the server: lsync org check "
            f"{org.id}), open the activity and press Resume; it goes on where it stopped."
        )
    if event == "paused":
        return "Nothing is lost. When it is put right, open the activity and press Resume; it goes on where it stopped."
    return ""


def _lines(resources: Resources, ledger: Ledger, activity: ActivityRow, owner: UserRow) -> list[tuple[str, str]]:
    """(what, how much or when), as they stand in the mail's table."""
    fates = ledger.fates(activity.id)
    with resources.database.reading(ledger.org_id) as scope:
        paid = credits_of(scope, activity.id)
    selected = activity.selected or activity.audience_size
    started = activity.started_at or activity.created_at
    ended = activity.finished_at
    return [
        (f"{activity.object} records", spell_number(selected, owner.locale)),
        *((label, spell_number(fates[fate], owner.locale)) for fate, label in FATE_LABELS.items() if fates.get(fate)),
        ("Credits", spell_number(paid, owner.locale)),
        ("Started", _say_moment(started, owner)),
        *(
            [("Ended", _say_moment(ended, owner)), ("Took", spell_duration(ended - started, owner.locale))]
            if ended
            else []
        ),
    ]


def _say_moment(at_s: float, owner: UserRow) -> str:
    zone = spell_zone(at_s, owner.time_zone)
    return f"{spell_moment(at_s, owner.locale, owner.time_zone)} ({zone})"


def _errors(ledger: Ledger, activity_id: int, locale: str) -> list[_Error]:
    return [
        _Error(group.code, group.message, spell_number(group.count, locale), advice(group.code))
        for group in group_errors(ledger, activity_id)
    ]


def _facts(
    resources: Resources, ledger: Ledger, activity: ActivityRow, event: str, words: Mapping[str, Any]
) -> dict[str, Any]:
    """The same for machines."""
    at_s = activity.finished_at if event == "ended" and activity.finished_at else resources.now_s()
    return {
        "event": event,
        "activity": activity.id,
        "definition": words["definition"],
        "object": activity.object,
        "status": activity.status,
        "reason": words["reason"],
        "counts": dict(ledger.fates(activity.id)),
        "link": words["link"],
        "org": ledger.org_id,
        "at": datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds"),
    }


def _recipients(plan: Mapping[str, Any]) -> Sequence[str]:
    return list(dict.fromkeys(address for address in plan["mail_to"] if address))


def _render(name: str, words: Mapping[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(folder("templates") / "mail"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(words)
