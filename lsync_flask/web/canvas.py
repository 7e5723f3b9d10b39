"""The door of the tab: Salesforce posts a signed request and gets the first page with a session. It never acts."""

import structlog
from flask import Blueprint, Response, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue

from lsync_flask.door import COOKIE, ancestors_of_org, resources, token_of_request
from lsync_flask.errors import SignedRequestRefused, TooMany
from lsync_flask.salesforce.hosts import all_org_origins
from lsync_flask.services.sessions import SessionOver, read_old_session, sign_out
from lsync_flask.services.sign_in import USED, SignedIn, sign_in
from lsync_flask.storage.orgs import read_org
from lsync_flask.storage.sessions import SessionRow
from lsync_flask.web.home import home_words
from lsync_flask.web.self_authorise import ask_for_approval, finish, start

log = structlog.get_logger(__name__)

LONGEST_REQUEST = 64 * 1024
LONGEST_NUMBER = 18
FORM_ROOM = 3
"""In a form each of the characters + / = takes three."""
REFUSED_PER_MINUTE = 60
"""By address. Behind one may be a whole company: a good request is never refused for its neighbour's sake."""

canvas = Blueprint("canvas", __name__)


@canvas.post("/canvas")
@canvas.post("/canvas/<app>")
def enter(app: str | None = None) -> ResponseReturnValue:
    """Sign in and show the first page."""
    try:
        signed = _sign_in(app)
    except SignedRequestRefused as error:
        return _refuse(error)
    except TooMany:
        return _wait()
    _end_session_of_another(signed)
    g.ancestors = ancestors_of_org(resources(), signed.actor.org_id)
    g.actor = signed.actor
    page = _first_page(signed)
    answer = make_response(page)
    # The tab works without the cookie; where the browser takes it, plain links and downloads work too.
    answer.set_cookie(COOKIE, signed.token, secure=True, httponly=True, samesite="None", partitioned=True, path="/")
    return answer


def _first_page(signed: SignedIn) -> str:
    """Home; on the page of a record that one, which the tab then asks for with the session it has got."""
    words = {"signed": signed, "origin": _heeded(signed), "actor": signed.actor, "goes_to": _goes_to(signed)}
    if signed.request.record_id and signed.actor.may("enrich the open record"):
        return render_template("web/open_record.html", **words, address=f"/records/{signed.request.record_id}")
    return render_template("web/home.html", **{**home_words(resources(), signed.actor), **words})


def _goes_to(signed: SignedIn) -> str:
    """The page that a mail's link names; "": home. It is the browser's word, so that only a number is heeded."""
    number = str(signed.request.parameters.get("activity", ""))
    is_number = number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER
    return f"/activities/{number}" if is_number and signed.actor.may("see definitions and activities") else ""


def _heeded(signed: SignedIn) -> str:
    """Where the page sends its messages: the page around the frame may have had any origin signed."""
    origin = signed.request.target_origin
    return origin if origin in g.ancestors else ""


def _end_session_of_another(signed: SignedIn) -> None:
    """Whoever worked in this browser before has left it."""
    try:
        old = read_old_session(resources(), request.cookies.get(COOKIE, ""))
        if (old.org_id, old.user_id) != (signed.actor.org_id, signed.actor.user_id):
            sign_out(resources(), request.cookies[COOKIE])
    except SessionOver:
        return


@canvas.get("/canvas")
@canvas.get("/canvas/<app>")
def explain(app: str | None = None) -> ResponseReturnValue:
    """What somebody sees who opens the address itself, or who has yet to let LSync in."""
    return ask_for_approval(app)


canvas.add_url_rule("/canvas/approve", "approve", start)
canvas.add_url_rule("/oauth/callback", "callback", finish)


@canvas.post("/canvas/refresh")
def refresh() -> ResponseReturnValue:
    """A fresh signed request for the user and org of the session that is here: a new session, the old one ends.

    Anybody can post somebody's signed request into a tab; the session of the tab says whose it must be.
    """
    try:
        old = read_old_session(resources(), token_of_request())
        signed = _sign_in(read_org(resources().database, old.org_id).app, old)
    except SessionOver:
        return _refuse(SignedRequestRefused("no session to follow"))
    except SignedRequestRefused as error:
        return _refuse(error)
    except TooMany:
        return _wait()
    if old.ended_at is None:
        _end(token_of_request())
    return jsonify(session=signed.token, expires_in=signed.expires_s)


def _end(token: str) -> None:
    try:
        sign_out(resources(), token)
    except SessionOver:
        return


def _sign_in(app: str | None, old: SessionRow | None = None) -> SignedIn:
    if (request.content_length or 0) > FORM_ROOM * LONGEST_REQUEST:
        raise SignedRequestRefused("too long")
    raw = request.form.getlist("signed_request")
    if len(raw) != 1:
        raise SignedRequestRefused("not one signed_request")
    expected = None if old is None else (old.org_id, old.user_id)
    return sign_in(resources(), raw[0], app, request.remote_addr or "", expected)


def _refuse(error: SignedRequestRefused) -> Response:
    """The same page for every reason; a repeat, whose signature was right, asks Salesforce for a fresh request."""
    count = resources().rates.count(f"refused {request.remote_addr}", resources().now_s())
    if count > REFUSED_PER_MINUTE:
        if count == REFUSED_PER_MINUTE + 1:
            log.warning("too many refusals", address=request.remote_addr)
        return _wait()
    log.warning("signed request refused", reason=error.reason, address=request.remote_addr)
    g.ancestors = all_org_origins(resources().settings.allowed_org_hosts)
    return make_response(render_template("web/refused.html", again=error.reason == USED), 401)


def _wait() -> Response:
    return Response("Too many requests.", 429, {"Retry-After": "60"}, mimetype="text/plain")
