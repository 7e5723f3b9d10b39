"""Access and plugins: who may do what, and what is installed."""

from typing import get_args

from flask import request

from lsync_flask.door import actor, resources, token_of_request
from lsync_flask.errors import LsyncError
from lsync_flask.services.access import ALLOWED, PERMISSION_SETS, Permission
from lsync_flask.services.assignments import list_assignments
from lsync_flask.services.sessions import count_sessions, end_all_sessions
from lsync_flask.storage.users import list_users
from lsync_flask.web.plugin_views import plugin_views
from lsync_flask.web.rendering import render


def end_sessions() -> str:
    ended = end_all_sessions(resources(), actor(), token_of_request())
    return access(f"{ended} {'session was' if ended == 1 else 'sessions were'} ended.")


def access(said: str = "") -> str:
    """Who has which permission set, what each may do, and who has been here."""
    actor().must("see settings and mappings")
    with resources().database.reading(actor().org_id) as scope:
        users = list_users(scope)
    try:
        assignments, problem = list_assignments(resources(), actor()), ""
    except LsyncError as error:
        assignments, problem = [], error.sentence
    return render(
        "web/access.html",
        users=users,
        assignments=assignments,
        problem=problem,
        allowed=ALLOWED,
        permissions=get_args(Permission),
        sets=PERMISSION_SETS,
        sessions=count_sessions(resources(), actor()),
        said=said,
        now_s=resources().now_s(),
    )


def plugins() -> str:
    actor().must("see settings and mappings")
    search = request.args.get("search", "")[:100]
    registry = resources().registry
    return render("web/plugins.html", groups=plugin_views(registry, search), refused=registry.refused, search=search)
