"""The door of the tab: Salesforce posts a signed request and gets the home page with a session. It never acts."""

import structlog
from flask import Blueprint, Response, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue

from lsync_flask.door import COOKIE, ancestors_of_org, resources, token_of_request
from lsync_flask.errors import SignedRequestRefused
from lsync_flask.services.sessions import SessionOver, read_open_session, sign_out
from lsync_flask.services.sign_in import USED, SignedIn, sign_in
from lsync_flask.storage.sessions import SessionRow
from lsync_flask.web.home import home_words

log = structlog.get_logger(__name__)

LONGEST_REQUEST = 64 * 1024

canvas = Blueprint("canvas", __name__)


@canvas.post("/canvas")
@canvas.post("/canvas/<app>")
def enter(app: str | None = None) -> ResponseReturnValue:
    """Sign in and show the first page."""
    try:
        signed = _sign_in(app)
    except SignedRequestRefused as error:
        return _refuse(error)
    g.ancestors = ancestors_of_org(resources(), signed.actor.org_id)
    g.actor = signed.actor
    answer = make_response(
        render_template("web/home.html", **home_words(resources(), signed.actor), signed=signed, whole=True)
    )
    # The tab works without the cookie; where the browser takes it, plain links and downloads work too.
    answer.set_cookie(COOKIE, signed.token, secure=True, httponly=True, samesite="None", partitioned=True, path="/")
    return answer


@canvas.get("/canvas")
@canvas.get("/canvas/<app>")
def explain(app: str | None = None) -> ResponseReturnValue:  # noqa: ARG001 - the address has it
    """What somebody sees who opens the address itself."""
    return render_template("web/open_from_salesforce.html"), 200


@canvas.post("/canvas/refresh")
def refresh() -> ResponseReturnValue:
    """A fresh signed request for the same user and org: a new session, the old one ends."""
    old = _old_session()
    try:
        signed = _sign_in(request.form.get("app") or None)
    except SignedRequestRefused as error:
        return _refuse(error)
    if old is not None and (old.org_id, old.user_id) == (signed.actor.org_id, signed.actor.user_id):
        sign_out(resources(), token_of_request())
    return jsonify(session=signed.token, expires_in=signed.expires_s)


def _old_session() -> SessionRow | None:
    try:
        return read_open_session(resources(), token_of_request())
    except SessionOver:
        return None


def _sign_in(app: str | None) -> SignedIn:
    if (request.content_length or 0) > LONGEST_REQUEST:
        raise SignedRequestRefused("too long")
    raw = request.form.getlist("signed_request")
    if len(raw) != 1:
        raise SignedRequestRefused("not one signed_request")
    return sign_in(resources(), raw[0], app, request.remote_addr or "")


def _refuse(error: SignedRequestRefused) -> Response:
    """The same page for every reason; a repeat asks Salesforce for a fresh request."""
    log.warning("signed request refused", reason=error.reason, address=request.remote_addr)
    again = error.reason == USED
    # A repeat comes from a page that Salesforce itself framed a moment ago; which org's is not said.
    g.ancestors = _all_ancestors() if again else []
    return make_response(render_template("web/refused.html", again=again), 401)


def _all_ancestors() -> list[str]:
    sites = ["https://*.my.salesforce.com", "https://*.lightning.force.com", "https://*.vf.force.com"]
    return sites + [f"http://{host}" for host in sorted(resources().settings.allowed_org_hosts)]
