"""Home, activities, and one activity while it moves."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue

from lsync_flask.csv_files import csv_response
from lsync_flask.door import actor, resources
from lsync_flask.engine.advice import advice
from lsync_flask.engine.bulk_state import FINISHED
from lsync_flask.engine.policies import DECISIONS
from lsync_flask.errors import Conflict
from lsync_flask.services import activities
from lsync_flask.services.activities import ActivityView
from lsync_flask.services.notices import FATE_LABELS
from lsync_flask.services.outcome_tables import WHAT, outcome_table
from lsync_flask.services.outcomes import group_errors, read_outcomes, targets_of
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_rows import ActivityRow
from lsync_flask.storage.orgs import read_org
from lsync_flask.web.home import home_words
from lsync_flask.web.rendering import render, spell_duration

PER_PAGE = 50
RECORDS_PER_PAGE = 25
"""So that a page of records with thirty fields each stays below 100 KB."""
STEPS = {
    "pause": activities.pause,
    "resume": activities.resume,
    "cancel": activities.cancel,
    "retry": activities.retry,
}
PATH = ("Queued", "Selecting", "Running")
ENDS_BADLY = {"Failed": "bad", "Cancelled": "bad", "Partial Success": "warn"}
POLL_S, PAUSED_POLL_S = 2, 15


@dataclass(frozen=True, slots=True)
class _Error:
    code: str
    message: str
    count: int
    advice: str


def home() -> str:
    return render("web/home.html", **home_words(resources(), actor()))


def index() -> str:
    after = request.args.get("after", "")
    found = activities.list_activities(
        resources(), actor(), after=int(after) if after.isdecimal() else None, limit=PER_PAGE
    )
    after_these = found[-1].id if len(found) == PER_PAGE else None
    return render("web/activities.html", activities=found, shows_definition=True, next=after_these)


def details(number: int, error: str = "") -> str:
    view = activities.read_activity(resources(), actor(), number)
    return render(
        "web/activity.html", **_live_words(view), **_bulk_words(view.id), **_record_words(view.id), error=error
    )


def live(number: int) -> ResponseReturnValue:
    """The part of the page that moves: nothing (204) when it has not; it stops asking when the activity has ended."""
    words = _live_words(activities.read_activity(resources(), actor(), number))
    if request.args.get("seen") == words["stamp"]:
        return "", 204
    return render("web/activity_live_part.html", **words)


def bulks(number: int) -> str:
    view = activities.read_activity(resources(), actor(), number)
    return render("web/activity_bulks_part.html", view=view, **_bulk_words(number))


def records(number: int) -> str:
    view = activities.read_activity(resources(), actor(), number)
    return render("web/activity_records_part.html", view=view, **_errors_of(number), **_record_words(number))


def cost(number: int) -> str:
    return render("web/activity_cost.html", cost=activities.cost_of_cancel(resources(), actor(), number))


def change(number: int, step: str) -> ResponseReturnValue:
    try:
        STEPS[step](resources(), actor(), number)
    except Conflict as error:
        return details(number, error.sentence), 409
    return redirect(f"/activities/{number}", 303)


def _live_words(view: ActivityView) -> dict[str, Any]:
    done = sum(view.counts.values())
    total = max(view.selected, view.audience_size if view.is_active else view.selected)
    lasted = _seconds(view)
    rate = done / lasted if lasted >= 1 and done else 0.0
    words = {
        "view": view,
        "done": done,
        "total": total,
        "bulks_done": sum(number for state, number in view.bulks.items() if state in FINISHED),
        "bulks_in_all": sum(view.bulks.values()),
        "fates": list(FATE_LABELS.items()),
        **_path(view),
        **_errors_of(view.id),
    }
    return {
        **words,
        "stamp": f"{zlib.crc32(repr(words).encode()):08x}",
        "lasted": spell_duration(lasted),
        "rate": rate,
        "left": spell_duration((total - done) / rate) if rate and view.is_active and view.status != "Paused" else "",
        "poll_s": PAUSED_POLL_S if view.status == "Paused" else POLL_S,
        "just_ended": "seen" in request.args and not view.is_active,
        "steps": [
            (view.may_pause, "pause", "Pause"),
            (view.may_resume, "resume", "Resume"),
            (view.may_retry, "retry", "Retry what failed"),
        ],
    }


def _path(view: ActivityView) -> dict[str, Any]:
    """The steps of the status path, which one is the present one, and how it stands."""
    if not view.is_active:
        return {
            "path": (*PATH, view.status),
            "path_at": len(PATH) if view.status in ENDS_BADLY else len(PATH) + 1,
            "path_state": ENDS_BADLY.get(view.status, ""),
        }
    if view.status in PATH:
        return {"path": (*PATH, "Ended"), "path_at": PATH.index(view.status), "path_state": ""}
    return {"path": (*PATH[:2], view.status, "Ended"), "path_at": 2, "path_state": "warn"}


def _seconds(view: ActivityView) -> float:
    if view.started_at is None:
        return 0.0
    return (view.finished_at or resources().now_s()) - view.started_at


def _errors_of(number: int) -> dict[str, Any]:
    groups = group_errors(Ledger(resources().database, actor().org_id), number, most=10)
    return {
        "errors": [_Error(one.code, one.message, one.count, advice(one.code)) for one in groups],
        "error_choices": [(one.code, one.code) for one in groups],
    }


def _bulk_words(number: int) -> dict[str, Any]:
    after = request.args.get("bulks_after", "")
    found = activities.list_bulks(resources(), actor(), number, int(after) if after.isdecimal() else 0, limit=PER_PAGE)
    return {"bulk_rows": found, "bulks_next": found[-1].number if len(found) == PER_PAGE else None}


def _record_words(number: int) -> dict[str, Any]:
    chosen = {name: request.args.get(name, "") for name in ("fate", "code", "field", "decision")}
    page = read_outcomes(
        resources(),
        actor(),
        number,
        chosen["fate"],
        request.args.get("after") or None,
        RECORDS_PER_PAGE,
        code=chosen["code"],
        field=chosen["field"],
        decision=chosen["decision"],
    )
    row = Ledger(resources().database, actor().org_id).read_activity(number)
    names = _labels(row)
    return {
        "chosen": chosen,
        "outcomes": page,
        "decisions": DECISIONS,
        "targets": [(name, names.get(name, name)) for name in targets_of(row)],
        "field_labels": names,
        "org_url": read_org(resources().database, actor().org_id).my_domain.rstrip("/"),
    }


def _labels(row: ActivityRow) -> Mapping[str, str]:
    """What the fields were called when the activity began."""
    fields: Mapping[str, Mapping[str, Any]] = (row.prepared or {}).get("info", {}).get("fields", {})
    return {name: str(field["label"]) for name, field in fields.items()}


def download(number: int, what: WHAT) -> ResponseReturnValue:
    """All outcomes, or what went wrong, as CSV: one row for each record."""
    table = outcome_table(resources(), actor(), number, what)
    return csv_response(table.name, table.head, table.rows)
