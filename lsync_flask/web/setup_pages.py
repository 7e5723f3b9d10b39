"""Setup: the steps before the first activity as a checklist, most of them done at the press of a button."""

from collections.abc import Sequence

from flask import jsonify
from flask.typing import ResponseReturnValue

from lsync_flask.door import actor, resources
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.services.checks import Check
from lsync_flask.services.setup import add_sites, read_steps, send_test_mail
from lsync_flask.services.technical_fields import create_technical_fields
from lsync_flask.web.rendering import render


def setup(done: Sequence[Check] = (), key: str = "") -> str:
    """The checklist; `done` is what the button of the step `key` has just done."""
    steps = read_steps(resources(), actor())
    return render("web/setup.html", steps=steps, done=done, key=key, right=sum(step.ok for step in steps))


def create_fields() -> ResponseReturnValue:
    return setup(create_technical_fields(resources(), actor(), list(PERMISSION_SETS.values())), "fields")


def mail() -> ResponseReturnValue:
    return setup(send_test_mail(resources(), actor()), "mail")


def sites() -> ResponseReturnValue:
    return setup(add_sites(resources(), actor()), "sites")


def site_console() -> ResponseReturnValue:
    """The same as the button, for `remSite()` in the browser's console."""
    return jsonify([f"{one.name}: {one.sentence}" for one in add_sites(resources(), actor())])
