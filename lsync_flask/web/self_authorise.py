"""Where an org leaves it to its users: the page that asks for the approval, and the popup in which Salesforce does."""

import structlog
from flask import Response, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from lsync_flask.door import ancestors_of_org, resources
from lsync_flask.errors import NotFound, SignedRequestRefused
from lsync_flask.salesforce.hosts import all_org_origins
from lsync_flask.services.self_authorise import LASTS_S, begin_flow, end_flow, org_to_approve

log = structlog.get_logger(__name__)

FLOW_COOKIE = "__Host-lsync-flow"
LONGEST = 2_000
NEEDED = "user_approval_required"


def ask_for_approval(app: str | None) -> str:
    """What is in the frame while the user has not let LSync in yet; for anybody else, how LSync is opened.

    Salesforce's guide calls the parameter `_sfdc_canvas_authvalue`, its pages send `_sfdc_canvas_auth`.
    """
    g.ancestors = all_org_origins(resources().settings.allowed_org_hosts)
    asked = {request.args.get("_sfdc_canvas_auth"), request.args.get("_sfdc_canvas_authvalue")}
    if NEEDED not in asked:
        return render_template("web/open_from_salesforce.html")
    org = org_to_approve(resources(), app, request.args.get("loginUrl", "")[:LONGEST].rstrip("/"))
    if org is None:
        log.warning("approval asked for an unknown login address", address=request.remote_addr)
        return render_template("web/open_from_salesforce.html")
    g.ancestors = ancestors_of_org(resources(), org.id)
    return render_template("web/self_authorise.html", org=org)


def start() -> ResponseReturnValue:
    """The popup: on to Salesforce's own page."""
    try:
        flow = begin_flow(resources(), request.args.get("org", ""))
    except NotFound:
        return _say("LSync is not set up for this org.", 404)
    answer = redirect(flow.url, 303)
    answer.set_cookie(FLOW_COOKIE, flow.cookie, max_age=LASTS_S, secure=True, httponly=True, samesite="Lax", path="/")
    return answer


def finish() -> ResponseReturnValue:
    """Back from Salesforce."""
    code, state = (request.args.get(name, "")[:LONGEST] for name in ("code", "state"))
    try:
        org = end_flow(resources(), request.cookies.get(FLOW_COOKIE, ""), state, code)
    except SignedRequestRefused as error:
        log.warning("approval refused", reason=error.reason, address=request.remote_addr)
        return _say("LSync was not approved. Close this window, and press the button in the tab again.", 400)
    log.info("approved by a user", org=org.id)
    return _say("LSync is approved. Close this window, and go on in the tab.", 200, approved=True)


def _say(sentence: str, status: int, *, approved: bool = False) -> Response:
    answer = make_response(render_template("web/approved.html", sentence=sentence, approved=approved), status)
    answer.delete_cookie(FLOW_COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
    return answer
