"""How pages are rendered: what every template has, and how numbers, times and durations are spelled."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_datetime_format
from babel.numbers import format_decimal
from flask import Flask, g, render_template, request

from lsync_flask.door import actor
from lsync_flask.engine.policies import POLICIES
from lsync_flask.services.notices import FATE_LABELS
from lsync_flask.services.resources import Actor
from lsync_flask.services.zones import local_now
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
}
"""What a toast says after a page has done something: the word travels in the address, never the sentence."""

USUAL_LOCALE = "en_US"


def render(template: str, **words: Any) -> str:
    """A page with its tabs."""
    who = actor()
    here = "/" + "/".join(request.path.strip("/").split("/")[:1])
    tabs = tabs_of(who)
    current = next((address for address, _ in tabs if request.path == address), None) or next(
        (address for address, _ in tabs if address != "/" and address.startswith(here) and here != "/"), here
    )
    said = SAID.get(request.args.get("said", ""), "")
    return render_template(template, **{"actor": who, "tabs": tabs, "here": current, "said": said, **words})


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
    return str(format_decimal(value or 0, locale=find_locale(who.locale if who else USUAL_LOCALE)))


def spell_moment(at_s: float | None, who: Actor) -> str:
    """A time in the user's zone and locale, such as `Nov 24, 2026, 2:31 PM`; "-": never."""
    if at_s is None:
        return "-"
    locale = find_locale(who.locale)
    local = local_now(datetime.fromtimestamp(at_s, UTC), who.time_zone)
    form = str(get_datetime_format("medium", locale=locale))
    time, day = format_time(local, "short", locale=locale), format_date(local, "medium", locale=locale)
    return form.replace("{0}", time).replace("{1}", day).replace("'", "")


@lru_cache(maxsize=64)
def find_locale(name: str) -> Locale:
    """The locale of a Salesforce user, such as `de_AT_EURO`; one that nobody knows counts as `en_US`."""
    for known in (name, "_".join(name.split("_")[:2]), name.split("_", maxsplit=1)[0]):
        try:
            return Locale.parse(known)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(USUAL_LOCALE)


def spell_duration(seconds: float) -> str:
    return str(timedelta(seconds=int(max(0.0, seconds))))
