"""What the home page shows, and what every page has: tabs by role."""

from dataclasses import dataclass
from typing import Any

from lsync_flask.errors import LsyncError
from lsync_flask.services.activities import ActivityView, list_activities
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import org_settings
from lsync_flask.services.usage import read_usage
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.definitions import list_definition_rows
from lsync_flask.storage.org_bodies import read_mapping

TABS: tuple[tuple[str, str, str], ...] = (
    ("/", "Home", "enrich the open record"),
    ("/", "Home", "see definitions and activities"),
    ("/definitions", "Sync definitions", "see definitions and activities"),
    ("/activities", "Activities", "see definitions and activities"),
    ("/mappings/input/Lead", "Input mapping", "see settings and mappings"),
    ("/mappings/results/Lead", "Results mapping", "see settings and mappings"),
    ("/settings", "Settings", "see settings and mappings"),
    ("/settings/tokens", "API tokens", "make API tokens"),
    ("/setup", "Setup", "see settings and mappings"),
    ("/access", "Access", "see settings and mappings"),
    ("/plugins", "Plugins", "see settings and mappings"),
    ("/audit", "Audit", "see the audit log"),
)


LATEST = 10
MOST_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Attention:
    """What somebody should look at, and the page to look at it; `address` "": there is none."""

    sentence: str
    address: str
    label: str


def tabs_of(actor: Actor) -> list[tuple[str, str]]:
    """The tabs that the role may use, each once."""
    return list(dict.fromkeys((address, label) for address, label, needed in TABS if actor.may(needed)))  # type: ignore[arg-type]  # the table's words are permissions


def home_words(resources: Resources, actor: Actor) -> dict[str, Any]:
    """What the home page needs."""
    words: dict[str, Any] = {"actor": actor, "tabs": tabs_of(actor), "here": "/", "activities": [], "attention": []}
    if actor.may("see definitions and activities"):
        words |= latest_words(resources, actor)
        words["attention"] = _attention(resources, actor, words["activities"])
        words["usage"] = read_usage(resources, actor)
    return words


def latest_words(resources: Resources, actor: Actor) -> dict[str, Any]:
    """The last activities, and whether one of them moves."""
    found = list_activities(resources, actor, limit=LATEST)
    moves = any(one.is_active and one.status != "Paused" for one in found)
    running = sum(one.is_active for one in found)
    words = {"activities": found, "moves": moves, "running": running}
    return {**words, "latest_address": "/latest", "shows_definition": True}


def _attention(resources: Resources, actor: Actor, activities: list[ActivityView]) -> list[Attention]:
    """What somebody should look at."""
    found = [
        Attention(
            f"Activity {one.id} ({one.definition_name}) {_trouble(one)}", f"/activities/{one.id}", "See the activity"
        )
        for one in activities
        if one.status in {"Paused", "Failed", "Partial Success"}
    ]
    settings = "/settings" if actor.may("see settings and mappings") else ""
    try:
        with resources.database.reading(actor.org_id) as scope:
            if not org_settings(scope).provider:
                found.append(
                    Attention("No provider is chosen yet. An admin chooses one in Settings.", settings, "Open Settings")
                )
            found += _unmapped(scope, settings and "/mappings/results/{}")
    except LsyncError as error:
        found.append(Attention(error.sentence, "", ""))
    refused = resources.registry.refused
    plugins = "/plugins" if settings else ""
    found += [Attention(f"The plugin {one.name} was refused: {one.reason}", plugins, "See plugins") for one in refused]
    return found


def _trouble(one: ActivityView) -> str:
    if one.status == "Paused":
        return f"is paused: {one.reason}"
    number = one.counts.get("failed", 0) + one.counts.get("rejected", 0)
    return f"ended as {one.status}: {number:,} records could not be written."


def _unmapped(scope: OrgScope, address: str) -> list[Attention]:
    """The objects that have definitions but no results mapping."""
    used = {row.object for row in list_definition_rows(scope, "", None, None, MOST_LOOKED_AT)}
    return [
        Attention(
            f"{name} has definitions but no results mapping: nothing could be written.", address.format(name), "Map"
        )
        for name in sorted(used)
        if read_mapping(scope, "results", name) is None
    ]
