"""The org's OAuth addresses: token, introspect, revoke and userinfo under `/services/oauth2/`, and the identity URL."""

import base64
import binascii
import re

from flask import Blueprint, Response, jsonify, request

from lsync_flask.simulator.connected_app import OAuthRefused
from lsync_flask.simulator.http import NEWEST
from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.oauth import OAuth, read_bearer

__all__ = ["create_identity", "create_oauth"]

_VERSION = re.compile(r"\d\d\.\d")


def create_oauth(oauth: OAuth) -> Blueprint:
    """What is under `/services/oauth2/`."""
    pages = Blueprint("oauth", __name__, url_prefix="/services/oauth2")
    pages.register_error_handler(OAuthRefused, _tell_refused)

    @pages.post("/token")
    def token() -> Response:
        return _uncached(jsonify(oauth.grant(request.form, _read_basic(request.headers.get("Authorization")))))

    @pages.post("/introspect")
    def introspect() -> Response:
        return jsonify(oauth.introspect(request.form, _read_basic(request.headers.get("Authorization"))))

    @pages.route("/revoke", methods=["GET", "POST"])
    def revoke() -> Response:
        if not oauth.sessions.revoke(request.values.get("token", "")):
            raise OAuthRefused("unsupported_token_type", "this token type is not supported")
        return Response(status=200)

    @pages.route("/userinfo", methods=["GET", "POST"])
    def userinfo() -> Response:
        held = _read_token("access_token")
        session, member = oauth.sessions.find(held), oauth.authenticate(held)
        if session is None or member is None:
            return _refuse_token(held)
        return _uncached(jsonify(oauth.userinfo(member, session.scopes)))

    return pages


def create_identity(oauth: OAuth) -> Blueprint:
    """`/id/<org>/<user>`, in JSON; one's own only, as for a token without `api` of an external user."""
    pages = Blueprint("identity", __name__)

    @pages.route("/id/<org_id>/<user_id>", methods=["GET", "POST"])
    def identity(org_id: str, user_id: str) -> Response:
        held = _read_token("oauth_token")
        session, asking = oauth.sessions.find(held), oauth.authenticate(held)
        if session is None or asking is None:
            return _refuse_token(held)
        if to_18(org_id) != oauth.org_id:
            return _refuse("Wrong_Org", 403)
        member = oauth.directory.by_id(user_id)
        if member is None:
            return _refuse("Bad_Id", 404)
        if not member.active:
            return _refuse("Inactive", 404)
        if member.id != asking.id and "api" not in session.scopes:
            return _refuse("No_Access", 404)
        body = oauth.identity(member, session.scopes, _asked_version())
        return _uncached(jsonify(body | {"asserted_user": member.id == asking.id}))

    return pages


def _asked_version() -> str:
    """What stands in the place of `{version}` in the addresses: itself, unless a version or the latest is asked for."""
    asked = request.values.get("version", "")
    if asked == "latest":
        return f"{NEWEST}.0"
    return asked if _VERSION.fullmatch(asked) else "{version}"


def _read_token(name: str) -> str:
    return read_bearer(request.headers.get("Authorization")) or request.values.get(name, "")


def _refuse_token(held: str) -> Response:
    return _refuse("Bad_OAuth_Token" if held else "Missing_OAuth_Token", 403)


def _refuse(word: str, status: int) -> Response:
    return Response(word, status, content_type="text/plain")


def _read_basic(header: str | None) -> tuple[str, str] | None:
    kind, _, code = (header or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(code, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return key, secret


def _tell_refused(error: OAuthRefused) -> tuple[Response, int]:
    return jsonify({"error": error.error, "error_description": error.description}), error.status


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache, no-store"
    response.headers["Pragma"] = "no-cache"
    return response
