"""What was typed on a page and is not saved. It is kept here, for a frame of another site may have no store of its own.

A page's form names the address of its draft; htmx posts it there a moment after each change.
"""

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from lsync_flask.door import actor, reader, resources
from lsync_flask.errors import NotFound
from lsync_flask.services.describe_objects import OBJECTS
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.drafts import drop_draft, read_draft, save_draft
from lsync_flask.storage.org_bodies import read_mapping_change, read_settings_change

PAGES = frozenset({"/settings", *(f"/mappings/{kind}/{name}" for kind in ("input", "results") for name in OBJECTS)})
LEFT_OUT = ("secret.", "csrf_token", "search", "add.", "typed.")
LONGEST_DRAFT = 200_000


def keep(page: str) -> ResponseReturnValue:
    """Keep the form as it is now; secrets are never kept."""
    reader().must("change settings and mappings")
    address = f"/{page}"
    if address not in PAGES:
        raise NotFound("There is no such page.")
    pairs = [(name, value) for name, value in request.form.items(multi=True) if not name.startswith(LEFT_OUT)]
    if sum(len(name) + len(value) for name, value in pairs) <= LONGEST_DRAFT:
        with resources().database.writing(actor().org_id) as scope:
            if not _is_overtaken(scope, address, request.form.get("version", "")):
                save_draft(scope, actor().user_id, address, pairs, resources().now_s())
    return "", 204


def _is_overtaken(scope: OrgScope, address: str, version: str) -> bool:
    """Has this user saved a newer version? Then this request is one that saving has overtaken."""
    _, kind, *names = address.split("/")
    newest = read_settings_change(scope) if kind == "settings" else read_mapping_change(scope, names[0], names[1], None)
    seen = int(version) if version.isdecimal() else 0
    return newest is not None and newest.version > seen and newest.by == actor().user_id


def find() -> MultiDict[str, str] | None:
    """The draft of this page; None: nothing was changed."""
    if not actor().may("change settings and mappings"):
        return None
    with resources().database.reading(actor().org_id) as scope:
        pairs = read_draft(scope, actor().user_id, request.path)
    return None if pairs is None else MultiDict(pairs)


def drop() -> None:
    """Forget the draft of this page: it is saved, or thrown away."""
    with resources().database.writing(actor().org_id) as scope:
        drop_draft(scope, actor().user_id, request.path)
