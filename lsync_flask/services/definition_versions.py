"""The versions of a definition: listed, compared line by line, and restored as a new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import ndiff

from lsync_flask.services.definition_text import export_definition
from lsync_flask.services.definitions import body_of, read_definition, save_definition
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.storage.definitions import list_version_rows
from lsync_flask.storage.users import list_users

MOST = 50


@dataclass(frozen=True, slots=True)
class VersionView:
    """Who saved a version, and when."""

    version: int
    changed_by: str
    changed_at: float


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a comparison; `sign` is "+" for new, "-" for old, " " for both."""

    sign: str
    text: str


def list_versions(resources: Resources, actor: Actor, definition_id: int) -> Sequence[VersionView]:
    """The newest first, at most fifty."""
    actor.must("see definitions and activities")
    with resources.database.reading(actor.org_id) as scope:
        names = {user.user_id: user.name for user in list_users(scope)}
        rows = list_version_rows(scope, definition_id, MOST)
    return [VersionView(row.version, names.get(row.changed_by, row.changed_by), row.changed_at) for row in rows]


def compare_versions(resources: Resources, actor: Actor, definition_id: int, old: int, new: int) -> Sequence[DiffLine]:
    """The YAML of both, line by line.

    Raises:
        NotFound: there is no such version.
    """
    before, after = (export_definition(resources, actor, definition_id, one).splitlines() for one in (old, new))
    return [DiffLine(line[0], line[2:]) for line in ndiff(before, after) if line[0] != "?"]


def restore_version(resources: Resources, actor: Actor, definition_id: int, version: int) -> int:
    """Save an old version's criteria and logic as the newest; the definition's id.

    Raises:
        NotFound; InvalidParams: it no longer fits the org; Conflict: somebody saves at the same moment.
    """
    view = read_definition(resources, actor, definition_id, version)
    current = read_definition(resources, actor, definition_id)
    return save_definition(resources, actor, body_of(view), definition_id, current.version)
