"""The audit log: who changed what and when, with the difference; filtered, and as CSV."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import redirect, request
from flask.typing import ResponseReturnValue

from lsync_flask.csv_files import csv_response
from lsync_flask.door import actor, resources
from lsync_flask.services.mapping_history import Difference, differences, rows_by_name, spell
from lsync_flask.services.zones import zone
from lsync_flask.storage.audit import AuditFilter, AuditRow, list_audit, list_audit_kinds
from lsync_flask.storage.db import Database
from lsync_flask.storage.users import list_users
from lsync_flask.web.rendering import render

PER_PAGE = 50
PER_READ = 500
HEAD = ("When (UTC)", "User", "User Id", "Action", "Subject", "What", "Before", "After", "Address")

ACTIONS = {
    "activity.run": "started an activity",
    "activity.cancel": "cancelled an activity",
    "activity.enrich_record": "enriched a record",
    "activity.pause": "paused an activity",
    "activity.resume": "resumed an activity",
    "activity.retry": "retried an activity",
    "definition.save": "saved a definition",
    "definition.delete": "deleted a definition",
    "end_sessions": "ended all sessions",
    "field.create": "created a field",
    "fields.create": "created the technical fields",
    "mapping.save": "saved a mapping",
    "notices.save": "saved the notices",
    "settings.save": "saved the settings",
    "sign_in": "signed in",
    "sites.add": "added trusted sites",
    "api_token.make": "made an API token",
    "api_token.revoke": "revoked an API token",
}
KINDS = {
    "activity": "Activities",
    "definition": "Definitions",
    "end_sessions": "Ended sessions",
    "field": "Fields",
    "fields": "Technical fields",
    "mapping": "Mappings",
    "notices": "Notices",
    "settings": "Settings",
    "sign_in": "Sign-ins",
    "sites": "Trusted sites",
    "api_token": "API tokens",
}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the form asks for, as typed."""

    user: str
    kind: str
    since: str
    until: str
    problem: str
    wanted: AuditFilter

    def address(self, **more: Any) -> str:
        words = {"user": self.user, "kind": self.kind, "since": self.since, "until": self.until, **more}
        return urlencode({name: value for name, value in words.items() if value})


def audit() -> ResponseReturnValue:
    actor().must("see the audit log")
    after = request.args.get("after", "")
    if after and not after.isdecimal():
        return redirect("/audit", 303)
    chosen = _chosen()
    with resources().database.reading(actor().org_id) as scope:
        rows = list_audit(scope, int(after) if after else None, PER_PAGE, chosen.wanted)
        users = list_users(scope)
        kinds = list_audit_kinds(scope)
    return render(
        "web/audit.html",
        rows=[(row, changes_of(row)) for row in rows],
        names={user.user_id: user.name for user in users},
        user_options=[(user.user_id, user.name) for user in users],
        kinds=[(kind, KINDS.get(kind, kind)) for kind in kinds],
        actions=ACTIONS,
        chosen=chosen,
        is_filtered=bool(chosen.address()),
        more=chosen.address(after=rows[-1].id) if len(rows) == PER_PAGE else "",
    )


def download() -> ResponseReturnValue:
    """All rows that the filter keeps, as CSV: one line for each thing that was changed."""
    actor().must("see the audit log")
    with resources().database.reading(actor().org_id) as scope:
        names = {user.user_id: user.name for user in list_users(scope)}
    # The lines are spelled while they are sent, when the request is no more.
    return csv_response("audit.csv", HEAD, _lines(resources().database, actor().org_id, _chosen().wanted, names))


def _lines(
    database: Database, org_id: str, wanted: AuditFilter, names: Mapping[str, str]
) -> Iterator[Sequence[object]]:
    after = None
    while True:
        with database.reading(org_id) as scope:
            rows = list_audit(scope, after, PER_READ, wanted)
        for row in rows:
            at = datetime.fromtimestamp(row.at, zone("UTC")).isoformat(timespec="seconds")
            begins = (at, names.get(row.user_id, ""), row.user_id, row.action, row.subject)
            for one in changes_of(row) or [Difference("", "", "")]:
                yield (*begins, one.what, one.before, one.after, row.address)
        if len(rows) < PER_READ:
            return
        after = rows[-1].id


def changes_of(row: AuditRow) -> list[Difference]:
    """What the row's change made of each thing; a mapping row by row."""
    before, after = row.before or {}, row.after or {}
    if row.action == "mapping.save":
        return differences(rows_by_name(before), rows_by_name(after))
    return differences(
        {str(name): spell(value) for name, value in before.items()},
        {str(name): spell(value) for name, value in after.items()},
    )


def _chosen() -> _Chosen:
    user, kind = request.args.get("user", "")[:18], request.args.get("kind", "")[:40]
    since, until = request.args.get("since", "")[:10], request.args.get("until", "")[:10]
    first, last = _day(since), _day(until)
    problem = "Type the days as 2026-01-31." if (since and not first) or (until and not last) else ""
    wanted = AuditFilter(user, kind, _begin(first), _begin(last + timedelta(days=1)) if last else None)
    return _Chosen(user, kind, since, until, problem, wanted)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _begin(day: date | None) -> float | None:
    """When the day begins for the user."""
    return None if day is None else datetime.combine(day, time.min, zone(actor().time_zone)).timestamp()
