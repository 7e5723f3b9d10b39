"""The data plane of a simulated org over HTTP: everything under `/services/data`."""

from collections.abc import Callable

from flask import Blueprint

from lsync_flask.simulator.org import Org, SimUser

__all__ = ["create_rest"]


def create_rest(org: Org, authenticate: Callable[[str], SimUser | None]) -> Blueprint:
    """The blueprint of one org. `authenticate` gives the user of an access token, or None when it is dead."""
    del org, authenticate
    return Blueprint("rest", __name__)
