"""What becomes of a true answer on its way to the client: held back, in drops, cut, spoilt, its rows disturbed."""

import gzip
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

from flask import Response

from lsync_flask.simulator.fault_errors import PAGE
from lsync_flask.simulator.fault_rows import disturb_rows
from lsync_flask.simulator.plans import FaultRule

__all__ = ["spoil"]

_HUGE = 16 * 1024 * 1024


def spoil(rule: FaultRule, response: Response, chance: Random) -> Response:
    """The answer as the rule lets it arrive. What the request did stays done."""
    if rule.action in _BODILY:
        return _BODILY[rule.action](rule, response)
    if rule.action.startswith("rows-"):
        return _rewrite(response, lambda body: disturb_rows(rule, body, response.mimetype or "", chance))
    return _rewrite(response, _GARBAGE[rule.options.get("kind", "truncated")])


def _lose(rule: FaultRule, response: Response) -> Response:
    del rule, response
    return Response(PAGE, 504, content_type="text/html")


def _hold_back(rule: FaultRule, response: Response) -> Response:
    time.sleep(rule.options.get("seconds", 60))
    return response


def _drip(rule: FaultRule, response: Response) -> Response:
    size, pause_s = rule.options.get("bytes", 1), rule.options.get("pause_ms", 1000) / 1000

    def drops(body: bytes) -> Iterator[bytes]:
        for start in range(0, len(body), size):
            time.sleep(pause_s)
            yield body[start : start + size]

    body = _body(response)
    return _replace(response, drops(body), len(body))


def _cut(rule: FaultRule, response: Response) -> Response:
    """The whole length is announced, and the connection closed before it."""
    body = _body(response)
    kept = body[: rule.options.get("bytes", len(body) // 2)]
    # Never between two rows, where nobody would see that something is missing.
    return _replace(response, iter([kept[:-1] if kept.endswith(b"\n") else kept]), max(len(body), len(kept) + 1))


def _body(response: Response) -> bytes:
    return b"".join(response.iter_encoded())


def _replace(response: Response, body: Iterator[bytes] | Sequence[bytes], length: int) -> Response:
    response.response = body
    response.headers["Content-Length"] = str(length)
    return response


def _rewrite(response: Response, change: Callable[[bytes], bytes]) -> Response:
    body = _body(response)
    if response.headers.pop("Content-Encoding", "") == "gzip":
        body = gzip.decompress(body)
    changed = change(body)
    return _replace(response, [changed], len(changed))


_BODILY: Mapping[str, Callable[[FaultRule, Response], Response]] = {
    "lost": _lose,
    "late": _hold_back,
    "drip": _drip,
    "cut": _cut,
}
_GARBAGE: Mapping[str, Callable[[bytes], bytes]] = {
    "truncated": lambda body: body[: len(body) // 2],
    "nan": lambda body: b'{"results": NaN, "data": NaN}' if body else body,
    "bom": lambda body: b"\xef\xbb\xbf" + body,
    "charset": lambda body: b'{"results": "\xff\xfe\xe4", ' + body[1:],
    "login": lambda _: PAGE.replace("Maintenance", "Login").encode(),
    "huge": lambda body: body[:-1] + b" " * _HUGE + body[-1:],
}
