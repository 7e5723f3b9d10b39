"""The side door to the connected app: its policies, and what the token endpoint refuses."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from lsync_flask.simulator.connected_app import ConnectedApp
from lsync_flask.simulator.directory import Directory
from lsync_flask.simulator.refused import Refused

__all__ = ["create_app_control"]

_FLAGS = frozenset({"rotates_refresh_tokens", "requires_pkce"})
_BODY = (
    "The body must hold any of rotates_refresh_tokens, requires_pkce (true or false), run_as (a username or null) and "
    "refuses (null or [error, error_description])."
)


def create_app_control(app: ConnectedApp, directory: Directory) -> Blueprint:
    """`GET` and `POST /app`."""
    pages = Blueprint("app", __name__)

    @pages.get("/app")
    def read() -> Response:
        return jsonify(_spell(app))

    @pages.post("/app")
    def change() -> Response:
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or not body or not all(_fits(directory, *pair) for pair in body.items()):
            raise Refused(_BODY)
        for name, value in body.items():
            setattr(app, name, tuple(value) if isinstance(value, list) else value)
        return jsonify(_spell(app))

    return pages


def _spell(app: ConnectedApp) -> dict[str, Any]:
    return {name: getattr(app, name) for name in (*sorted(_FLAGS), "run_as", "refuses", "callback_urls")}


def _fits(directory: Directory, name: str, value: Any) -> bool:
    if name in _FLAGS:
        return isinstance(value, bool)
    if name == "run_as":
        return value is None or (isinstance(value, str) and directory.by_username(value) is not None)
    texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return name == "refuses" and (value is None or (texts and len(value) == 2))  # noqa: PLR2004
