"""What the home page shows, and what every page has: tabs by role."""

from typing import Any

from lsync_flask.errors import LsyncError
from lsync_flask.services.activities import ActivityView, list_activities
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import org_settings

TABS: tuple[tuple[str, str, str], ...] = (
    ("/", "Home", "enrich the open record"),
    ("/", "Home", "see definitions and activities"),
    ("/definitions", "Sync definitions", "see definitions and activities"),
    ("/activities", "Activities", "see definitions and activities"),
    ("/mappings/input/Lead", "Input mapping", "see settings and mappings"),
    ("/mappings/results/Lead", "Results mapping", "see settings and mappings"),
    ("/settings", "Settings", "see settings and mappings"),
    ("/setup", "Setup", "see settings and mappings"),
    ("/access", "Access", "see settings and mappings"),
    ("/plugins", "Plugins", "see settings and mappings"),
    ("/audit", "Audit", "see the audit log"),
)


def tabs_of(actor: Actor) -> list[tuple[str, str]]:
    """The tabs that the role may use, each once."""
    return list(dict.fromkeys((address, label) for address, label, needed in TABS if actor.may(needed)))  # type: ignore[arg-type]  # the table's words are permissions


def home_words(resources: Resources, actor: Actor) -> dict[str, Any]:
    """What the home page needs."""
    words: dict[str, Any] = {"actor": actor, "tabs": tabs_of(actor), "here": "/", "activities": [], "attention": []}
    if actor.may("see definitions and activities"):
        words["activities"] = list_activities(resources, actor, limit=10)
        words["attention"] = _attention(resources, actor, words["activities"])
    return words


def _attention(resources: Resources, actor: Actor, activities: list[ActivityView]) -> list[str]:
    """What somebody should look at."""
    found = [
        f"Activity {one.id} ({one.definition_name}) is paused: {one.reason}"
        for one in activities
        if one.status == "Paused"
    ]
    try:
        with resources.database.reading(actor.org_id) as scope:
            if not org_settings(scope).provider:
                found.append("No provider is chosen yet. An admin chooses one in Settings.")
    except LsyncError as error:
        found.append(error.sentence)
    found += [f"The plugin {one.name} was refused: {one.reason}" for one in resources.registry.refused]
    return found
