"""How pages are rendered: what every template has, and how numbers, times and durations are spelled."""

from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from flask import Flask, render_template, request

from lsync_flask.door import actor
from lsync_flask.services.notices import FATE_LABELS
from lsync_flask.services.resources import Actor
from lsync_flask.services.zones import local_now
from lsync_flask.web.home import tabs_of

CHIPS = {
    "Success": "good",
    "written": "good",
    "Partial Success": "warn",
    "partial": "warn",
    "Paused": "warn",
    "Failed": "bad",
    "failed": "bad",
    "Running": "busy",
    "Selecting": "busy",
    "Queued": "busy",
    "Cancelling": "busy",
}


def render(template: str, **words: Any) -> str:
    """A page with its tabs."""
    who = actor()
    here = "/" + "/".join(request.path.strip("/").split("/")[:1])
    tabs = tabs_of(who)
    current = next((address for address, _ in tabs if request.path == address), None) or next(
        (address for address, _ in tabs if address != "/" and address.startswith(here) and here != "/"), here
    )
    return render_template(template, **{"actor": who, "tabs": tabs, "here": current, **words})


def set_up_rendering(app: Flask) -> None:
    app.jinja_env.filters["number"] = lambda value: f"{int(value or 0):,}"
    app.jinja_env.filters["moment"] = spell_moment
    app.jinja_env.globals.update(chips=CHIPS, labels=dict(FATE_LABELS), version=version("lsync-flask"))
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def spell_moment(at_s: float | None, who: Actor) -> str:
    """A time in the user's zone."""
    if at_s is None:
        return "-"
    return local_now(datetime.fromtimestamp(at_s, UTC), who.time_zone).strftime("%Y-%m-%d %H:%M:%S")


def spell_duration(seconds: float) -> str:
    return str(timedelta(seconds=int(max(0.0, seconds))))
