"""The page on which a user logs in and lets the app in, or not. It is never shown in a frame."""

from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from lsync_flask.simulator.authorize import SentBack, add_answer, read_ask
from lsync_flask.simulator.connected_app import OAuthRefused
from lsync_flask.simulator.oauth import OAuth

__all__ = ["create_login"]

PAGES = Path(__file__).parent / "pages"
_SCOPES = {
    "api": "Manage user data via APIs",
    "id": "Access the identity URL service",
    "custom_permissions": "Access custom permissions",
    "refresh_token": "Perform requests at any time",
}
_ASKED = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)


def create_login(oauth: OAuth) -> Blueprint:
    """`/services/oauth2/authorize`: whoever picks a name is that user, for it is a local org."""
    pages = Blueprint(
        "login",
        __name__,
        template_folder=str(PAGES / "templates"),
        static_folder=str(PAGES / "static"),
        static_url_path="/login-assets",
    )
    pages.register_error_handler(OAuthRefused, _show_refused)
    pages.register_error_handler(SentBack, lambda error: redirect(error.url))

    @pages.after_request
    def guard(response: Response) -> Response:
        # A browser applies form-action to the redirect that answers the form too.
        origins = " ".join(sorted({_origin(url) for url in oauth.app.callback_urls}))
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {origins}; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @pages.get("/services/oauth2/authorize")
    def ask() -> str:
        asked = read_ask(oauth.app, request.args)
        return render_template(
            "login.html",
            members=[member for member in oauth.directory.members() if member.active],
            scopes=[_SCOPES.get(name, name) for name in sorted(asked.scopes)],
            asked={name: request.args[name] for name in _ASKED if name in request.args},
        )

    @pages.post("/services/oauth2/authorize")
    def answer() -> BaseResponse:
        asked = read_ask(oauth.app, request.form)
        member = oauth.directory.by_id(request.form.get("user", ""))
        if request.form.get("answer") != "allow":
            raise SentBack(request.form, "access_denied", "end-user denied authorization")
        if member is None or not member.active:
            raise SentBack(request.form, "access_denied", "user account is inactive")
        oauth.directory.set_approved(member.id, approved=True)
        code = oauth.codes.give(member.id, asked)
        return redirect(add_answer(asked.redirect_uri, {"code": code}, asked.state))

    return pages


def _show_refused(error: OAuthRefused) -> tuple[str, int]:
    return render_template("login_refused.html", error=error), error.status


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
