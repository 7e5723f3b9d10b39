"""What every call of the data plane has in common: its version, its user, its answer, its place in the counts."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Request, Response

from lsync_flask.simulator.api_errors import ApiRefusal, not_found
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.permissions import Access
from lsync_flask.simulator.sim_user import SimUser
from lsync_flask.simulator.soql_compile import Asker

__all__ = ["Call", "Handler", "answer_empty", "answer_json", "answer_refusal", "read_json", "unknown"]

log = logging.getLogger(__name__)

_JSON = "application/json;charset=UTF-8"
_VERSION = re.compile(r"v(\d\d)\.0")
OLDEST, NEWEST = 31, 68
_RELEASES = ("Winter '", "Spring '", "Summer '")
_MAX_URI = 16_384


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request."""

    org: Org
    user: SimUser
    version: str
    request: Request

    @property
    def access(self) -> Access:
        return self.org.access(self.user)

    @property
    def allows_duplicates(self) -> bool:
        """Whether the caller insists on saving past duplicate rules that only alert."""
        told = self.request.headers.get("Sforce-Duplicate-Rule-Header", "")
        return "allowsave=true" in told.replace(" ", "").lower()

    def asker(self, *, tooling: bool = False, all_rows: bool = False) -> Asker:
        return Asker(self.org.schema, self.access, self.user, self.org.now(), tooling, all_rows)


Handler = Callable[..., Response]


def version_list() -> list[dict[str, str]]:
    """The answer of `/services/data/`, oldest first."""
    return [
        {"label": _release(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(OLDEST, NEWEST + 1)
    ]


def _release(number: int) -> str:
    # 67.0 is Summer '26; Winter comes first and carries the next year's number.
    year, season = divmod(number - 65 + 75, 3)
    return f"{_RELEASES[season]}{year + 1}"


def check_version(spelled: str) -> str:
    """`67.0` of `v67.0`; a version that is not there is no resource."""
    match = _VERSION.fullmatch(spelled)
    if match is None or not OLDEST <= int(match[1]) <= NEWEST:
        raise unknown(f"version {spelled}")
    return spelled[1:]


def unknown(what: str) -> ApiRefusal:
    """The refusal of something that the org does not have, which leaves a line in the log."""
    log.warning("not in the local org: %s", what)
    return not_found()


def read_token(request: Request) -> str:
    """The access token: `Bearer` and `OAuth` mean the same."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if not scheme:
        raise session_invalid()
    if scheme.lower() not in {"bearer", "oauth"}:
        raise ApiRefusal(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
    return token.strip()


def session_invalid() -> ApiRefusal:
    return ApiRefusal(401, "INVALID_SESSION_ID", "Session expired or invalid")


def check_size(request: Request) -> None:
    if max(len(request.environ.get("RAW_URI", "")), len(request.full_path)) > _MAX_URI:
        raise ApiRefusal(414, "URI_TOO_LONG", "The URI of the request is too long")


def answer_json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, content_type=_JSON)


def answer_empty(status: int = 204) -> Response:
    """An answer without a body, and therefore without a word on what kind of body it is."""
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response


def answer_refusal(refusal: ApiRefusal) -> Response:
    response = answer_json([refusal.body], refusal.status)
    if refusal.status == 401:  # noqa: PLR2004
        response.headers["WWW-Authenticate"] = "Token"
    return response


def read_json(request: Request) -> Any:
    """The body as JSON.

    Raises:
        ApiRefusal: JSON_PARSER_ERROR when it is none.
    """
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        where = f"at [line:{error.lineno}, column:{error.colno}]"
        raise ApiRefusal(400, "JSON_PARSER_ERROR", f"{error.msg} {where}") from error


def read_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object."""
    found = read_json(request)
    if not isinstance(found, dict):
        raise ApiRefusal(400, "JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has none.")
    return found
