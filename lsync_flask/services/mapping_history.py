"""What others saved meanwhile: who, when, and what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsync_flask.services.resources import Actor, Resources
from lsync_flask.storage.audit import list_audit_of
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.org_bodies import Change, read_mapping_change, read_settings_change
from lsync_flask.storage.users import name_user


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was; texts, "": it is not there."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """The newest version, who saved it and when, and what differs from the version that was seen."""

    version: int
    by: str
    at: float
    differences: Sequence[Difference]


def list_mapping_changes(
    resources: Resources, actor: Actor, kind: str, object_name: str, version_seen: int | None
) -> Meanwhile | None:
    """What has changed since that version of a mapping; None: nothing is saved."""
    actor.must("see settings and mappings")
    with resources.database.reading(actor.org_id) as scope:
        newest = read_mapping_change(scope, kind, object_name, None)
        seen = read_mapping_change(scope, kind, object_name, version_seen) if version_seen else None
        if newest is None:
            return None
        before = rows_by_name(seen.body if seen else {})
        return _meanwhile(scope, newest, before, rows_by_name(newest.body))


def list_settings_changes(resources: Resources, actor: Actor, version_seen: int | None) -> Meanwhile | None:
    """What has changed since that version of the settings; None: nothing is saved."""
    actor.must("see settings and mappings")
    with resources.database.reading(actor.org_id) as scope:
        newest = read_settings_change(scope)
        if newest is None:
            return None
        saves = list_audit_of(scope, "settings.save", newest.version - (version_seen or 0))
        before: dict[str, str] = {}
        after: dict[str, str] = {}
        for row in saves:  # the newest first: what was before the oldest one counts
            before.update({name: spell(value) for name, value in (row.before or {}).items()})
            after = {**{name: spell(value) for name, value in (row.after or {}).items()}, **after}
        return _meanwhile(scope, newest, before, after)


def _meanwhile(scope: OrgScope, newest: Change, before: Mapping[str, str], after: Mapping[str, str]) -> Meanwhile:
    return Meanwhile(newest.version, name_user(scope, newest.by), newest.at, differences(before, after))


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """What is in one and not, or otherwise, in the other; in the order of both."""
    names = dict.fromkeys([*before, *after])
    rows = [Difference(name, before.get(name, ""), after.get(name, "")) for name in names]
    return [row for row in rows if row.before != row.after]


def rows_by_name(body: Mapping[str, Any]) -> dict[str, str]:
    """The rows of a mapping as lines, by their target (results) or input."""
    found: dict[str, str] = {}
    for row in body.get("rows", []):
        name = str(row.get("target") or row.get("input") or "")
        found[name] = _line(row)
    return found


def _line(row: Mapping[str, Any]) -> str:
    steps = [_step(step) for step in row.get("transforms", [])]
    parts = [str(row.get("output") or row.get("source") or ""), *steps]
    line = " → ".join(part for part in parts if part)
    rules = [str(row[name]).replace("_", " ") for name in ("policy",) if row.get(name)]
    if row.get("minimum_confidence") is not None:
        rules.append(f"confidence from {row['minimum_confidence']}")
    if row.get("placeholders"):
        rules.append(f"blank: {', '.join(map(str, row['placeholders']))}")
    return f"{line} ({', '.join(rules)})" if rules else line


def _step(step: Mapping[str, Any]) -> str:
    params = ", ".join(f"{name} {spell(value)}" for name, value in step.get("params", {}).items())
    return f"{step.get('plugin')} {params}".strip()


def spell(value: Any) -> str:
    """Any stored value in one line, as people read it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {spell(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(spell(inner) for inner in value)
    return str(value)
