"""How pages are rendered: what every template has, and how numbers, times and durations are spelled."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import takewhile
from typing import Any

from flask import Flask, g, render_template, request

from lsync_flask.door import actor
from lsync_flask.engine.policies import POLICIES
from lsync_flask.services import spelling
from lsync_flask.services.notices import FATE_LABELS
from lsync_flask.services.resources import Actor
from lsync_flask.web.forms import COUNTED_PERIODS, PERIODS
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

SAID: Mapping[str, str] = {
    "saved": "Saved.",
    "restored": "Restored as a new version.",
    "cloned": "Cloned. Change what shall differ, and save.",
    "deleted": "Deleted.",
    "imported": "Imported.",
    "started": "The activity has started.",
    "asked": "The provider is being asked.",
}
"""What a toast says after a page has done something: the word travels in the address, never the sentence."""


def render(template: str, **words: Any) -> str:
    """A page with its tabs."""
    who = actor()
    tabs = tabs_of(who)
    here = current_tab(request.path, [address for address, _ in tabs])
    said = SAID.get(request.args.get("said", ""), "")
    return render_template(template, **{"actor": who, "tabs": tabs, "here": here, "said": said, **words})


def current_tab(path: str, tabs: Sequence[str]) -> str:
    """The tab that shares most of the page's path: /mappings/results/Lead on /mappings/results/Account; else none."""
    here = path.strip("/").split("/")
    shared = {tab: _shared(here, tab.strip("/").split("/")) for tab in tabs}
    best = max(tabs, key=lambda tab: (shared[tab], -len(tab)), default="")
    return best if best and shared[best] else ""


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def set_up_rendering(app: Flask) -> None:
    app.jinja_env.filters["number"] = spell_number
    app.jinja_env.filters["moment"] = spell_moment
    app.jinja_env.filters["iso"] = lambda at_s: datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
    app.jinja_env.globals.update(chips=CHIPS, labels=dict(FATE_LABELS), version=version("lsync-flask"))
    app.jinja_env.filters["file_name"] = lambda text: re.sub(r"[^\w-]+", "-", text).strip("-") or "definition"
    app.jinja_env.globals.update(policies={name: words.label for name, words in POLICIES.items()})
    app.jinja_env.globals.update(version_options=lambda rows: [(str(one.version), str(one.version)) for one in rows])
    app.jinja_env.globals.update(periods=PERIODS, counted_periods=dict(COUNTED_PERIODS))
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def spell_number(value: float | None) -> str:
    """A number in the manner of the user's locale; None counts as 0."""
    who: Actor | None = g.get("actor")
    return spelling.spell_number(value or 0, who.locale if who else spelling.USUAL_LOCALE)


def spell_moment(at_s: float | None, who: Actor) -> str:
    """A time in the user's zone and locale, such as `Nov 24, 2026, 2:31 PM`; "-": never."""
    return "-" if at_s is None else spelling.spell_moment(at_s, who.locale, who.time_zone)


def spell_duration(seconds: float) -> str:
    """How long, in the user's manner, such as `1 hr 12 min`."""
    who: Actor | None = g.get("actor")
    return spelling.spell_duration(seconds, who.locale if who else spelling.USUAL_LOCALE)
