"""What an org's objects look like to one of its users, kept for a while."""

from pydantic import TypeAdapter

from lsync_flask.engine.fields import ObjectInfo
from lsync_flask.errors import NotFound
from lsync_flask.salesforce.describe import describe_object
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.storage.describe_cache import read_described, save_described

OBJECTS = ("Lead", "Contact", "Account")
PARENTS = {"Lead": ("Owner",), "Contact": ("Account", "Owner"), "Account": ("Owner",)}
"""Relationships whose fields may be used in criteria and as inputs."""
KEPT_S = 900.0

_INFO = TypeAdapter(ObjectInfo)


def object_info(
    resources: Resources, org_id: str, username: str, object_name: str, *, fresh: bool = False, stale: bool = False
) -> ObjectInfo:
    """The object as this user sees it: kept for a quarter of an hour, read anew when `fresh`, of any age when `stale`.

    Raises:
        NotFound: LSync does not work with this object; what opening the org raises.
    """
    check_object(object_name)
    with resources.database.reading(org_id) as scope:
        kept = read_described(scope, username, object_name)
    if kept and not fresh and (stale or kept[0] > resources.now_s() - KEPT_S):
        return _INFO.validate_json(kept[1])
    info = describe_object(resources.open_salesforce(org_id, username), object_name, PARENTS[object_name])
    body = _INFO.dump_json(info).decode()
    save_described(resources.database, org_id, username, object_name, body, resources.now_s())
    return info


def check_object(object_name: str) -> None:
    """Raises NotFound for anything but Lead, Contact and Account."""
    if object_name not in OBJECTS:
        raise NotFound(f"LSync works with {', '.join(OBJECTS)}; there is no {object_name[:40]}.")


def describe_for(resources: Resources, actor: Actor, object_name: str) -> ObjectInfo:
    """The object as the actor sees it, for pages and the API."""
    actor.must("see definitions and activities")
    return object_info(resources, actor.org_id, actor.username, object_name)
