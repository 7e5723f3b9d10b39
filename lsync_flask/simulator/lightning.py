"""The site around the app: a page in the manner of Lightning that frames LSync as Canvas does, and a mail reader."""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Blueprint, Flask, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from lsync_flask.simulator.canvas import (
    DEVELOPER_NAME,
    ORG_NAME,
    REFERENCE_ID,
    CanvasHost,
    CanvasWish,
    canvas_request,
    default_dimensions,
    read_wish,
    sign,
)
from lsync_flask.simulator.canvas_places import RECORD_PAGE, TAB, VISUALFORCE, CanvasPlace, record_page
from lsync_flask.simulator.directory import Directory, Member
from lsync_flask.simulator.mailbox import Mailbox
from lsync_flask.simulator.oauth import read_bearer
from lsync_flask.simulator.sessions import Sessions

__all__ = ["TAB", "Lightning", "create_address", "create_lightning", "create_signing"]

PAGES = Path(__file__).parent / "pages"
COOKIE = "lsync_local_user"
MAIL_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
CANVAS_SCOPES = frozenset(("api", "id", "custom_permissions"))
_SIZE = re.compile(r"\d{1,5}px|infinite")


@dataclass(frozen=True, slots=True)
class Lightning:
    """What the site needs of the org."""

    host: CanvasHost
    directory: Directory
    sessions: Sessions
    mailbox: Mailbox
    authenticate: Callable[[str], Member | None]
    has_record: Callable[[str, str], bool]
    now: Callable[[], datetime]

    def signed_request(self, member: Member, wish: CanvasWish) -> str:
        """A fresh signed request for this user, with a session of its own."""
        token = self.sessions.open(member.id, CANVAS_SCOPES).token
        now_ms = int(self.now().timestamp() * 1000)
        return sign(canvas_request(self.host, member, token, wish, now_ms), self.host.consumer_secret)

    def new_wish(self, place: CanvasPlace = TAB) -> CanvasWish:
        """What a page with the app in it asks for when it is opened; without a word, the LSync tab."""
        return CanvasWish(
            place.instance_id(secrets.randbelow(900) + 100),
            self.host.lightning_url,
            display_location=place.display_location,
            sublocation=place.sublocation,
            location_url=self.host.lightning_url + place.path,
            record=place.record,
        )


def create_signing(lightning: Lightning) -> Blueprint:
    """`PUT …/platformconnect/signedrequest`, which the page around the frame calls with the user's own session."""
    pages = Blueprint("platformconnect", __name__)

    @pages.put("/services/data/v<version>/platformconnect/signedrequest")
    def signed_request(version: str) -> Response | tuple[Response, int]:
        member = lightning.authenticate(read_bearer(request.headers.get("Authorization")))
        if member is None:
            return _refuse(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if not re.fullmatch(r"\d\d\.0", version) or not _names_our_app():
            return _refuse(404, "APP_NOT_FOUND", "The canvas app could not be found.")
        if not member.approved:
            return _refuse(403, "ADMIN_AUTH_REQUIRED", "The user is not approved by the admin to access this app.")
        wish = read_wish(request.get_json(silent=True), lightning.new_wish())
        auxiliary = {"appApprovalType": "ADMIN_APPROVED", "appInstallType": "DEVELOPMENT", "idpInitiatedUrl": None}
        answer = {"auxiliary": auxiliary, "canvasRequest": None, "response": lightning.signed_request(member, wish)}
        return jsonify(answer)

    return pages


def create_address(lightning: Lightning) -> Blueprint:
    """The tab under the org's own address, which Salesforce sends on to Lightning's."""
    pages = Blueprint("address", __name__)

    @pages.get(TAB.path)
    def tab() -> BaseResponse:
        query = request.query_string.decode("ascii", "ignore")
        return redirect(f"{lightning.host.lightning_url}{TAB.path}{'?' if query else ''}{query}")

    return pages


def _names_our_app() -> bool:
    return request.args.get("canvas") == DEVELOPER_NAME or request.args.get("referenceId") == REFERENCE_ID


def _refuse(status: int, code: str, message: str) -> tuple[Response, int]:
    return jsonify([{"message": message, "errorCode": code}]), status


def create_lightning(lightning: Lightning, data: Blueprint) -> Flask:
    """The site as a WSGI app. `data` is the org's data plane, which the page asks in the name of the frame."""
    app = Flask(
        __name__,
        template_folder=str(PAGES / "templates"),
        static_folder=str(PAGES / "static"),
        static_url_path="/assets",
    )
    app.jinja_env.globals.update(org_name=ORG_NAME, tab=TAB.path)
    app.register_blueprint(create_signing(lightning))
    app.register_blueprint(data)
    app.register_blueprint(_create_tab(lightning))
    app.register_blueprint(_create_mails(lightning))
    app.after_request(_guard(lightning))
    return app


def _guard(lightning: Lightning) -> Callable[[Response], Response]:
    parts = urlsplit(lightning.host.canvas_url)
    app_origin = f"{parts.scheme}://{parts.netloc}"
    policy = (
        f"default-src 'self'; img-src 'self' data:; frame-src 'self' {app_origin}; "
        f"form-action 'self' {app_origin}; base-uri 'none'"
    )

    def guard(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers["Cache-Control"] = "no-store"
        return response

    return guard


def _create_tab(lightning: Lightning) -> Blueprint:
    pages = Blueprint("tab", __name__)

    @pages.get("/")
    def home() -> BaseResponse:
        return redirect(TAB.path)

    @pages.get(TAB.path)
    def tab() -> Response:
        return _show(lightning, TAB)

    @pages.get(VISUALFORCE.path)
    def visualforce() -> Response:
        return _show(lightning, VISUALFORCE)

    @pages.get(RECORD_PAGE)
    def record(object_name: str, record: str) -> Response:
        if not lightning.has_record(object_name, record):
            abort(404)
        return _show(lightning, record_page(object_name, record))

    @pages.post("/switch-user")
    def switch_user() -> BaseResponse:
        member = lightning.directory.by_id(request.form.get("user", ""))
        if member is None or not member.active:
            abort(400)
        response = redirect(TAB.path, 303)
        response.set_cookie(COOKIE, member.id, httponly=True, samesite="Lax")
        return response

    return pages


def _signed_in(lightning: Lightning) -> Member:
    """The user of `?user=` (id or username), else the one chosen last, else the first."""
    asked = request.args.get("user")
    if asked:
        member = lightning.directory.by_id(asked) or lightning.directory.by_username(asked)
        if member is None or not member.active:
            abort(404)
        return member
    member = lightning.directory.by_id(request.cookies.get(COOKIE, ""))
    return member if member is not None and member.active else lightning.directory.members()[0]


def _show(lightning: Lightning, place: CanvasPlace) -> Response:
    """A page with the app in it, for whoever is signed in."""
    member = _signed_in(lightning)
    response = Response(_render_tab(lightning, member, place), content_type="text/html; charset=utf-8")
    response.set_cookie(COOKIE, member.id, httponly=True, samesite="Lax")
    return response


def _asked_wish(lightning: Lightning, place: CanvasPlace) -> CanvasWish:
    """What the page asks for, with the sizes and `parameters` (a JSON object) of its own address."""
    sizes = {
        name: size for name, size in request.args.items() if name in default_dimensions() and _SIZE.fullmatch(size)
    }
    environment = {"dimensions": sizes, "parameters": _parameters()}
    return read_wish({"canvasRequest": {"context": {"environment": environment}}}, lightning.new_wish(place))


def _render_tab(lightning: Lightning, member: Member, place: CanvasPlace) -> str:
    wish = _asked_wish(lightning, place)
    by_get = request.args.get("access") == "get"
    approved = member.approved and not by_get
    config = {
        "canvasUrl": lightning.host.canvas_url if approved else _get_url(lightning.host, wish, asks=not by_get),
        "approved": approved,
        "developerName": DEVELOPER_NAME,
        "instanceId": wish.instance_id,
        "targetOrigin": wish.target_origin,
        "dimensions": dict(wish.dimensions or {}),
        "environment": {
            "displayLocation": wish.display_location,
            "sublocation": wish.sublocation,
            "parameters": dict(wish.parameters or {}),
            "record": dict(wish.record or {}),
        },
        "session": lightning.sessions.open(member.id, CANVAS_SCOPES).token,
    }
    return render_template(
        "tab.html",
        member=member,
        members=lightning.directory.members(),
        config=json.dumps(config).replace("<", "\\u003c"),
        wish=wish,
        canvas_url=lightning.host.canvas_url,
        signed_request=lightning.signed_request(member, wish) if approved else "",
        mails=len(lightning.mailbox.all()),
    )


def _parameters() -> dict[str, Any]:
    """What the page hands on to the app: what begins with c__ in its address, without that, and JSON `parameters`."""
    begin = "c__"
    named = {name.removeprefix(begin): value for name, value in request.args.items() if name.startswith(begin)}
    try:
        more = json.loads(request.args.get("parameters", "{}"))
    except ValueError:
        more = None
    if not isinstance(more, dict):
        abort(400, "parameters must be a JSON object")
    return {**named, **more}


def _get_url(host: CanvasHost, wish: CanvasWish, *, asks: bool) -> str:
    """Where the frame goes by GET: because the user must approve the app (`asks`), or because the app wants it so."""
    joint = "&" if "?" in host.canvas_url else "?"
    approval = "_sfdc_canvas_auth=user_approval_required&" if asks else ""
    asked = f"{approval}loginUrl={quote(host.org_url, safe='')}"
    fragment = f"target_origin={quote(wish.target_origin, safe='')}&instance_id={quote(wish.instance_id, safe='')}"
    return f"{host.canvas_url}{joint}{asked}#{fragment}"


def _create_mails(lightning: Lightning) -> Blueprint:
    pages = Blueprint("mails", __name__)

    @pages.get("/mails")
    def mails() -> str:
        kept = lightning.mailbox.all()
        chosen = next(
            (mail for mail in kept if str(mail.number) == request.args.get("mail")), kept[-1] if kept else None
        )
        return render_template("mails.html", mails=kept[::-1], chosen=chosen, member=_signed_in(lightning))

    @pages.get("/mails/<int:number>/html")
    def mail_html(number: int) -> Response:
        mail = lightning.mailbox.find(number)
        if mail is None:
            abort(404)
        # Its links open beside it, as in any mail program.
        html = mail.html.replace("<head>", '<head><base target="_blank">', 1)
        response = Response(html, content_type="text/html; charset=utf-8")
        # A mail is somebody else's HTML: it may look as it likes and do nothing.
        response.headers["Content-Security-Policy"] = (
            f"sandbox {MAIL_SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        )
        return response

    return pages
