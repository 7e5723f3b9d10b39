"""What pages and API share of HTTP: who asks, which status an error has, and the headers of every answer."""

from flask import Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from lsync_flask.errors import (
    Conflict,
    FatalError,
    GrantLost,
    InvalidParams,
    LsyncError,
    NotAllowed,
    NotFound,
    RetryableError,
    TooMany,
)
from lsync_flask.salesforce.hosts import all_org_origins, org_origins
from lsync_flask.services.api_tokens import actor_of_token, is_api_token
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.sessions import SessionOver, actor_for_change, actor_of
from lsync_flask.storage.orgs import read_org

COOKIE = "__Host-lsync"
UNKNOWN = 401
READING = frozenset({"GET", "HEAD", "OPTIONS"})

NUMBERS = frozenset({"after", "from", "new", "old", "over", "version"})
"""What pages call a number, in queries and forms."""
MOST_DIGITS = 15

STATUSES: tuple[tuple[type[LsyncError], int, str], ...] = (
    (SessionOver, 401, "The session has ended"),
    (NotAllowed, 403, "Your role does not allow this"),
    (NotFound, 404, "Not found"),
    (TooMany, 429, "Too many at once"),
    (GrantLost, 409, "Salesforce does not let LSync in"),
    (Conflict, 409, "Not possible now"),
    (InvalidParams, 422, "Something must be corrected"),
    (RetryableError, 503, "Try again in a moment"),
    (FatalError, 400, "Not possible"),
    (LsyncError, 400, "Not possible"),
)
"""The first that fits counts."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors "
)


def status_of(error: LsyncError) -> tuple[int, str]:
    """The HTTP status of an error, and its title."""
    return next((status, title) for cls, status, title in STATUSES if isinstance(error, cls))


def resources() -> Resources:
    found: Resources = current_app.extensions["lsync"]
    return found


def token_of_request() -> str:
    """The session's token: from the header where it is, else from the cookie."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.cookies.get(COOKIE, "")


def is_by_cookie() -> bool:
    return "Authorization" not in request.headers and COOKIE in request.cookies


def actor() -> Actor:
    """Who asks; once per request. For a change the role is read anew.

    Raises:
        SessionOver: there is no session; CSRFError: a change by cookie alone without its token.
    """
    return _actor(fresh=request.method not in READING)


def reader() -> Actor:
    """Who asks by POST for something that changes nothing, such as a count: as `actor` for a GET.

    Raises:
        SessionOver, CSRFError: as `actor`.
    """
    return _actor(fresh=False)


def _actor(*, fresh: bool) -> Actor:
    if "actor" not in g:
        if request.method not in READING and is_by_cookie():
            csrf().protect()
        g.actor = _ask(fresh=fresh)
    found: Actor = g.actor
    return found


def _ask(*, fresh: bool) -> Actor:
    """By the session, or by an API token, which opens the API alone and only as a header."""
    token, address = token_of_request(), request.remote_addr or ""
    if is_api_token(token) and request.blueprint == "api":
        return actor_of_token(resources(), token, address, fresh=fresh)
    return (actor_for_change if fresh else actor_of)(resources(), token, address)


def csrf() -> CSRFProtect:
    found: CSRFProtect = current_app.extensions["csrf"]
    return found


def set_headers(response: Response) -> Response:
    """The headers of every answer. We must be framed, so no X-Frame-Options: frame-ancestors says by whom."""
    response.headers.setdefault(
        "Content-Security-Policy", POLICY + (" ".join(_ancestors(response.status_code)) or "'none'")
    )
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    response.headers.pop("Server", None)
    return response


def _ancestors(status: int) -> list[str]:
    if "ancestors" in g:
        found: list[str] = g.ancestors
        return found
    if "actor" in g:
        return ancestors_of_org(resources(), g.actor.org_id)
    # Who has no session is told so in the tab as well; that page says nothing of any org.
    return all_org_origins(resources().settings.allowed_org_hosts) if status == UNKNOWN else []


def ancestors_of_org(parts: Resources, org_id: str) -> list[str]:
    """The origins of this org's own pages, which may frame us."""
    return org_origins(read_org(parts.database, org_id).my_domain, parts.settings.allowed_org_hosts)


def origins_of_page() -> list[str]:
    """The origins whose messages the page being rendered may heed."""
    return _ancestors(UNKNOWN)


class _Number(IntegerConverter):
    """A row's number in an address; one that no table can hold is the address of nothing."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**53 - 1)


def refuse_absurd_numbers() -> None:
    """A number in a page's query or form that no row can have is the address of nothing: views may read the others.

    Raises:
        NotFound: one has more than 15 digits.
    """
    if request.blueprint != "pages":
        return
    for name in NUMBERS & set(request.values):
        if any(len(text) > MOST_DIGITS and text.isdecimal() for text in request.values.getlist(name)):
            raise NotFound("There is nothing with such a number.")


def set_up_door(app: Flask, parts: Resources) -> None:
    """Resources, CSRF and headers of an app."""
    app.extensions["lsync"] = parts
    proxies = parts.settings.trusted_proxies
    # What else a proxy may say, such as the host, is not believed: nothing depends on it.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]
    app.config.update(
        SECRET_KEY=parts.settings.secret_key.get_secret_value(),
        SESSION_COOKIE_NAME="__Host-lsync-form",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="None",
        SESSION_COOKIE_PARTITIONED=True,
        WTF_CSRF_TIME_LIMIT=None,
        # Only what a cookie authenticates needs the token; `actor` asks for it there.
        WTF_CSRF_CHECK_DEFAULT=False,
        MAX_CONTENT_LENGTH=1024 * 1024,
        MAX_FORM_MEMORY_SIZE=512 * 1024,
    )
    app.url_map.converters["int"] = _Number
    CSRFProtect(app)
    app.jinja_env.globals.update(is_by_cookie=is_by_cookie, origins_of_page=origins_of_page)
    app.before_request(refuse_absurd_numbers)
    app.after_request(set_headers)


__all__ = [
    "COOKIE",
    "CSRFError",
    "actor",
    "ancestors_of_org",
    "csrf",
    "is_by_cookie",
    "reader",
    "resources",
    "set_headers",
    "set_up_door",
    "status_of",
    "token_of_request",
]
