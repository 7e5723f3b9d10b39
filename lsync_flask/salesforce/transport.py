"""The one way to an org: guarded, limited in time and size, shared by all threads.

Nothing is taken from the environment: no proxy, no .netrc (which would replace the token), no certificate file.
"""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any
from urllib.parse import unquote

import orjson
import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from lsync_flask.errors import FatalError, LsyncError, OutcomeUnknown, RetryableError
from lsync_flask.salesforce.hosts import check_org_url

CONNECT_S = 5.0
READ_S = 120.0
WHOLE_S = 600.0
"""Salesforce itself gives up on a REST call after ten minutes (`reference/salesforce.md` §4.7)."""
LARGEST_BODY = 64 * 1024 * 1024
"""Salesforce answers a query with 50 MB at most; larger bodies are only ever streamed."""
CHUNK = 1 << 20
CONNECTIONS = 32

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Reply(AbstractContextManager["Reply"]):
    """An answer of Salesforce: read whole, or a stream that must be closed."""

    def __init__(self, response: requests.Response, body: bytes | None) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = CaseInsensitiveDict(response.headers)
        self._response = response
        self._body = body

    @property
    def body(self) -> bytes:
        """The whole body; a stream is read to its end."""
        if self._body is None:
            self._body = read_whole(self._response, time.monotonic() + WHOLE_S)
        return self._body

    @property
    def raw(self) -> Any:
        """The stream, decoded; it does not close itself at its end, as readers over it expect."""
        self._response.raw.decode_content = True
        self._response.raw.auto_close = False
        return self._response.raw

    def json(self) -> Any:
        """The body, parsed.

        Raises:
            RetryableError: it is no JSON; pages of the network's edge are not, and go away by themselves.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise RetryableError(f"Salesforce sent an answer that is not JSON (HTTP {self.status}).") from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._response.close()


def _unheard(_kind: str, _status: str, _seconds: float) -> None:
    """Nobody wants to know how long requests take."""


class Transport:
    """Sends requests to orgs; one for the whole process. `on_reply` hears of each: its kind, HTTP status and seconds.

    The status of a request that got no answer is `none`; a stream is timed until its headers are there.
    """

    def __init__(
        self,
        extra_hosts: frozenset[str],
        ca_bundle: str | None,
        on_reply: Callable[[str, str, float], None] = _unheard,
    ) -> None:
        self.extra_hosts = extra_hosts
        self.session = make_session(ca_bundle)
        self._on_reply = on_reply

    def send(
        self,
        method: str,
        origin: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        data: bytes | Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> Reply:
        """Send one request and read the answer, whatever its status; with `stream` the caller reads the body.

        Raises:
            FatalError: the origin is no org, or its certificate is not trusted.
            RetryableError: nothing was sent, or it only reads.
            OutcomeUnknown: a change may have had its effect.
        """
        url = check_org_url(origin, self.extra_hosts) + check_path(path)
        began = time.monotonic()
        ends_at = began + WHOLE_S
        status = "none"
        try:
            response = self.session.request(
                method,
                url,
                headers=headers,
                params=params,
                data=data,
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_S, READ_S),
            )
            reply = Reply(response, None if stream else read_whole(response, ends_at))
            status = str(reply.status)
        except (RequestException, HTTPError, OSError) as error:
            raise _explain(method, error) from None
        finally:
            self._on_reply(kind_of(path), status, time.monotonic() - began)
        return reply


KINDS = {
    "/jobs/query": "bulk-query",
    "/jobs/ingest": "bulk-ingest",
    "/composite/": "collections",
    "/oauth2/": "token",
    "/query": "query",
    "/sobjects": "records",
}


def kind_of(path: str) -> str:
    """What a request is for, in one of few words."""
    return next((kind for part, kind in KINDS.items() if part in path), "other")


def check_path(path: str) -> str:
    """A path that stays on its host, whatever Salesforce or a record's id put into it.

    Raises:
        FatalError: it leads to another host or climbs out of its folder.
    """
    folders = unquote(path.partition("?")[0]).split("/")
    odd = any(letter <= " " or letter > "~" or letter in "\\#" for letter in path)
    if odd or not path.startswith("/") or path.startswith("//") or ".." in folders or "." in folders:
        raise FatalError("Salesforce named an address that is not in this org; it was not followed.")
    return path


def make_session(ca_bundle: str | None) -> requests.Session:
    """A session that asks nobody but the host it is given: no proxies, no redirects, no retries, no cookies kept."""
    session = requests.Session()
    session.trust_env = False
    session.verify = ca_bundle or True
    session.headers.update({"Accept-Encoding": "gzip", "User-Agent": "LSync"})
    session.cookies.set_policy(_NoCookies())
    adapter = HTTPAdapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def read_whole(response: requests.Response, ends_at: float, largest: int = LARGEST_BODY) -> bytes:
    """The decoded body, counted as it grows, so that a small answer cannot unpack to fill the memory."""
    parts = []
    size = 0
    with response:
        for part in _parts(response):
            size += len(part)
            if size > largest:
                raise RetryableError(f"Salesforce's answer is larger than {largest // 1024 // 1024} MB.")
            if time.monotonic() > ends_at:
                raise RetryableError("Salesforce took too long to answer.")
            parts.append(part)
    return b"".join(parts)


def _parts(response: requests.Response) -> Iterator[bytes]:
    return iter(response.raw.stream(CHUNK, decode_content=True))


def _explain(method: str, error: Exception) -> LsyncError:
    """What a broken exchange means for the caller. The error's own text is left out: it may quote what was sent."""
    causes = tuple(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return FatalError("The certificate of the org's address is not trusted, so nothing was sent.")
    if any(isinstance(cause, NewConnectionError | ConnectTimeoutError) for cause in causes):
        return RetryableError("Salesforce could not be reached.")
    if method in _CHANGING:
        return OutcomeUnknown(broken(error).sentence)
    return broken(error)


def broken(error: Exception) -> RetryableError:
    """What to say when an answer that was on its way did not arrive whole."""
    timed_out = any(isinstance(cause, ReadTimeoutError | TimeoutError) for cause in _causes(error))
    return RetryableError(f"Salesforce {'did not answer in time' if timed_out else 'broke off the connection'}.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that it wraps: requests wraps urllib3's errors as arguments, urllib3 those of the socket."""
    waiting = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if isinstance(found, BaseException) and id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting += [*found.args, getattr(found, "reason", None), found.__cause__, found.__context__]


class _NoCookies(DefaultCookiePolicy):
    """Threads share the session and must not share what an org remembers of one of them."""

    def set_ok(self, cookie: Any, request: Any) -> bool:
        del cookie, request
        return False
