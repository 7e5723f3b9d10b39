"""One org as one of its users: requests with a token, a count of them, and errors that say what to do next."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

from lsync_flask.errors import FatalError, GrantLost, LsyncError
from lsync_flask.salesforce.refusals import ApiError, SalesforceRefused, explain, is_html, is_stale, read_errors
from lsync_flask.salesforce.tokens import Token, Tokens
from lsync_flask.salesforce.transport import Reply, Transport

__all__ = ["ApiError", "Reply", "SalesforceApi", "SalesforceRefused", "Usage"]

_USAGE = re.compile(r"(?:^|[;,\s])api-usage=(\d+)/(\d+)", re.ASCII)
_VERSION = re.compile(r"[0-9]{2,3}\.0", re.ASCII)
_REDIRECT = 300
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Usage:
    """How many of the org's API requests of the last 24 hours are used, of how many."""

    used: int
    allowed: int


class SalesforceApi:
    """An org's API for one user; cheap to make, shared by threads if need be. `on_call` hears of each request."""

    def __init__(
        self,
        org_id: str,
        tokens: Tokens,
        username: str,
        transport: Transport,
        version: str = "67.0",
        on_call: Callable[[Usage | None], None] | None = None,
    ) -> None:
        if not _VERSION.fullmatch(version):
            raise FatalError(f"“{version}” is no version of Salesforce's API, such as 67.0.")
        self.org_id = org_id
        self.username = username
        self.version = version
        self._tokens = tokens
        self._transport = transport
        self._on_call = on_call
        self._lock = threading.Lock()
        self._calls = 0
        self._usage: Usage | None = None

    @property
    def calls(self) -> int:
        """How many requests went out. Asking for a token is not one that Salesforce counts."""
        return self._calls

    @property
    def usage(self) -> Usage | None:
        """What Salesforce last said of its limit; None: nothing yet."""
        return self._usage

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> Reply:
        """Send one request and return the answer, which is a success. `path` is `query`, or whole, from `/services/`.

        With `stream` the caller closes the answer. An expired token is renewed once and the request sent once more.

        Raises:
            SalesforceRefused: the request is wrong, or the user may not do this.
            GrantLost: the user is not let in any more; LimitReached: the org's requests are used up.
            RetryableError: Salesforce is busy; OutcomeUnknown: a change may or may not have had its effect.
        """
        body = data if json is None else orjson.dumps(json)
        sent = {"Accept": "application/json", **_content_type(json), **(headers or {})}
        token = self._tokens.token(self.username)
        reply = self._send(token, method, path, sent, params, body, stream=stream)
        errors = _errors(reply)
        if errors and is_stale(reply.status, errors):
            token = self._tokens.renew(self.username, token)
            reply = self._send(token, method, path, sent, params, body, stream=stream)
            errors = _errors(reply)
        if errors:
            raise _error(method, reply, errors)
        return reply

    def path_of(self, path: str, instance_url: str = "") -> str:
        """The whole path for one that is relative, or that Salesforce named; an address elsewhere is refused.

        `contentUrl` comes without a leading slash, `nextRecordsUrl` with one.
        """
        if path.startswith("services/"):
            return f"/{path}"
        if path.startswith("/"):
            return path
        if ":" not in path.partition("?")[0].partition("/")[0]:
            return f"/services/data/v{self.version}/{path}"
        parts = urlsplit(path)
        if f"{parts.scheme}://{parts.netloc}".lower() != instance_url:
            raise FatalError("Salesforce named an address that is not in this org; it was not followed.")
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _send(
        self,
        token: Token,
        method: str,
        path: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        data: bytes | None,
        *,
        stream: bool,
    ) -> Reply:
        whole = self.path_of(path, token.instance_url)
        sent = {**headers, "Authorization": f"Bearer {token.access_token}"}
        with self._lock:
            self._calls += 1
        reply = self._transport.send(
            method, token.instance_url, whole, headers=sent, params=params, data=data, stream=stream
        )
        self._note(read_usage(reply.headers))
        return reply

    def _note(self, usage: Usage | None) -> None:
        self._usage = usage or self._usage
        if self._on_call:
            self._on_call(usage)


def read_usage(headers: Mapping[str, str]) -> Usage | None:
    """What `Sforce-Limit-Info` says: `api-usage=18/5000`, and more may follow. None: nothing."""
    found = _USAGE.search(headers.get("Sforce-Limit-Info", ""))
    return Usage(int(found[1]), int(found[2])) if found else None


def _content_type(json: object) -> dict[str, str]:
    return {} if json is None else {"Content-Type": "application/json; charset=UTF-8"}


def _errors(reply: Reply) -> tuple[ApiError, ...]:
    """The reasons, when the answer is no success. A page where JSON or CSV was asked for comes from the edge."""
    if (reply.status < _REDIRECT or reply.status == _NOT_MODIFIED) and not is_html(reply.headers):
        return ()
    with reply:
        return read_errors(reply.status, reply.body)


def _error(method: str, reply: Reply, errors: tuple[ApiError, ...]) -> LsyncError:
    if is_stale(reply.status, errors):
        return GrantLost("Salesforce refuses a token that it has just given. An admin must look at the connected app.")
    return explain(method, reply.status, reply.headers, errors)
