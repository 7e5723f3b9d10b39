"""Stand-ins for the way out, for tests of plugins: a service that is a function, and replies that go wrong."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from lsync_flask.errors import FatalError, LsyncError
from lsync_flask.plugin_api import Http, HttpReply

__all__ = [
    "FakeHttp",
    "HttpRequest",
    "NoHttp",
    "Recorder",
    "Replay",
    "busy_replies",
    "json_reply",
    "odd_replies",
    "refusing_replies",
    "shuffled_replies",
]

MOST_PLACES = 60
_ODD_PARTS: Sequence[Any] = (None, 5, -1.5, "x", True, [], {}, [None], {"x": [1]}, "9" * 5_000)
_ODD_BODIES = (
    b"",
    b"<html><body>Sorry</body></html>",
    b"null",
    b"5",
    b'"text"',
    b"[]",
    b"{}",
    b"[null]",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a": 1' * 9,
)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a plugin sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    def holds(self, text: str) -> bool:
        """Does the text stand in the address, a header or the body?"""
        return any(text in part for part in (self.url, *self.headers.values(), (self.body or b"").decode("latin-1")))


class NoHttp:
    """A way out that leads nowhere: for plugins that need none, and to see that nothing is sent."""

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpReply:
        del method, headers, body, timeout_s
        raise FatalError(f"The test has no way out, and {url} was asked for.")


class FakeHttp:
    """A way out to a service that is a function; `requests` holds what was sent."""

    def __init__(self, answer: Callable[[HttpRequest], HttpReply]) -> None:
        self._answer = answer
        self.requests: list[HttpRequest] = []

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpReply:
        del timeout_s
        request = HttpRequest(method, url, dict(headers), body)
        self.requests.append(request)
        return self._answer(request)


def json_reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpReply:
    """A reply with this as JSON."""
    return HttpReply(status, {"content-type": "application/json", **(headers or {})}, json.dumps(body).encode())


@dataclass
class Recorder:
    """Sends by another way out, and keeps what was sent and what came back."""

    http: Http
    requests: list[HttpRequest] = field(default_factory=list)
    replies: list[HttpReply] = field(default_factory=list)

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpReply:
        self.requests.append(HttpRequest(method, url, dict(headers), body))
        reply = self.http.send(method, url, headers=headers, body=body, timeout_s=timeout_s)
        self.replies.append(reply)
        return reply


@dataclass
class Replay:
    """Answers with what is on the tape, in order; an error there is raised. After its end the last reply is given."""

    tape: Sequence[HttpReply | LsyncError]
    place: int = 0

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpReply:
        del method, url, headers, body, timeout_s
        reply = self.tape[min(self.place, len(self.tape) - 1)]
        self.place += 1
        if isinstance(reply, LsyncError):
            raise reply
        return reply


def odd_replies(reply: HttpReply) -> Iterator[HttpReply]:
    """The reply as no service should send it: other bodies, and each part of its JSON replaced by something else."""
    yield from (replace(reply, body=body) for body in (*_ODD_BODIES, reply.body[: len(reply.body) // 2]))
    document = _document(reply)
    for path in _paths(document)[:MOST_PLACES]:
        yield from (_spell(reply, _changed(document, path, part)) for part in _ODD_PARTS)


def shuffled_replies(reply: HttpReply) -> Iterator[HttpReply]:
    """The reply with its lists of objects turned round, and without their first or last one."""
    document = _document(reply)
    for path in _paths(document):
        part = _at(document, path)
        if isinstance(part, list) and part and all(isinstance(one, dict) for one in part):
            yield from (_spell(reply, _changed(document, path, other)) for other in (part[::-1], part[1:], part[:-1]))


def busy_replies() -> Iterator[HttpReply]:
    """How services say: not now."""
    yield from (HttpReply(status, {}, b"Come back later") for status in (429, 503))


def refusing_replies(secrets: Sequence[str]) -> Iterator[HttpReply]:
    """Refusals of all kinds, whose text repeats the secrets that were sent."""
    text = json.dumps({"error": " ".join(secrets)}).encode()
    yield from (HttpReply(status, {}, text) for status in (400, 401, 403, 404, 409, 422, 427, 429, 500, 502, 503, 504))


def _document(reply: HttpReply) -> Any:
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def _spell(reply: HttpReply, document: Any) -> HttpReply:
    return replace(reply, body=json.dumps(document).encode())


Path = tuple[str | int, ...]


def _paths(document: Any, above: Path = ()) -> list[Path]:
    """The places in a document, the outer ones first."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(document, dict):
        inner = list(document.items())
    elif isinstance(document, list):
        inner = list(enumerate(document[:3]))
    below = [path for name, part in inner for path in _paths(part, (*above, name))]
    return sorted([above, *below] if document is not None else below, key=len)


def _at(document: Any, path: Path) -> Any:
    for name in path:
        document = document[name]
    return document


def _changed(document: Any, path: Path, part: Any) -> Any:
    if not path:
        return part
    changed = deepcopy(document)
    _at(changed, path[:-1])[path[-1]] = part
    return changed
