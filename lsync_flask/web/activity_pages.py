"""Home, activities, and one activity while it moves."""

from dataclasses import dataclass
from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue

from lsync_flask.door import actor, resources
from lsync_flask.engine.advice import advice
from lsync_flask.engine.policies import DECISIONS
from lsync_flask.errors import Conflict
from lsync_flask.services import activities
from lsync_flask.services.activities import ActivityView
from lsync_flask.services.notices import FATE_LABELS
from lsync_flask.storage.ledger import Ledger
from lsync_flask.web.home import home_words
from lsync_flask.web.rendering import render, spell_duration

PER_PAGE = 50
STEPS = {
    "pause": activities.pause,
    "resume": activities.resume,
    "cancel": activities.cancel,
    "retry": activities.retry,
}


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
    return render("web/activities.html", activities=found, next=found[-1].id if len(found) == PER_PAGE else None)


def details(number: int, error: str = "") -> str:
    view = activities.read_activity(resources(), actor(), number)
    chosen = request.args.get("fate", "")
    outcomes = activities.read_outcomes(
        resources(), actor(), number, chosen or None, request.args.get("after") or None, limit=PER_PAGE
    )
    return render(
        "web/activity.html",
        **_words(view),
        error=error,
        chosen=chosen,
        outcomes=outcomes,
        decisions=DECISIONS,
        steps=[
            (view.may_pause, "pause", "Pause"),
            (view.may_resume, "resume", "Resume"),
            (view.may_cancel, "cancel", "Cancel"),
            (view.may_retry, "retry", "Retry what failed"),
        ],
    )


def live(number: int) -> str:
    """The part of the page that moves; it stops asking when the activity has ended."""
    return render("web/activity_live_part.html", **_words(activities.read_activity(resources(), actor(), number)))


def change(number: int, step: str) -> ResponseReturnValue:
    try:
        STEPS[step](resources(), actor(), number)
    except Conflict as error:
        return details(number, error.sentence), 409
    return redirect(f"/activities/{number}", 303)


def _words(view: ActivityView) -> dict[str, Any]:
    bulks = activities.list_bulks(resources(), actor(), view.id, limit=PER_PAGE)
    done = sum(view.counts.values())
    lasted = _seconds(view)
    return {
        "view": view,
        "bulks": bulks,
        "more_bulks": sum(view.bulks.values()) > len(bulks),
        "done": done,
        "total": max(view.selected, view.audience_size if view.is_active else view.selected),
        "lasted": spell_duration(lasted),
        "rate": int(done / lasted) if lasted >= 1 and done else 0,
        "fates": list(FATE_LABELS.items()),
        "errors": _errors(view),
    }


def _seconds(view: ActivityView) -> float:
    if view.started_at is None:
        return 0.0
    return (view.finished_at or resources().now_s()) - view.started_at


def _errors(view: ActivityView) -> list[_Error]:
    if not view.counts.get("rejected") and not view.counts.get("failed"):
        return []
    groups = activities.group_errors(Ledger(resources().database, actor().org_id), view.id)
    return [_Error(one.code, one.message, one.count, advice(one.code)) for one in groups]
