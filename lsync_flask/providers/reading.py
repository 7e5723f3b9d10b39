"""What providers over HTTP have in common: reading replies that may be anything, and telling what a status means."""

from collections.abc import Mapping
from typing import Any

import orjson

from lsync_flask.plugin_api import FatalError, HttpReply, LimitReached, OutcomeUnknown, RetryableError

TOO_MANY = 429
UNAVAILABLE = 503
SERVER_ERROR = 500
LONGEST_WAIT_S = 3600.0
CREDITS_WAIT_S = 900.0


def read_json(reply: HttpReply, who: str) -> Any:
    """Raises OutcomeUnknown when the body is no JSON: what was asked for may have been done."""
    try:
        return orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        raise OutcomeUnknown(f"{who} answered something that is no JSON.") from None


def part_of(document: Any, *names: str) -> Any:
    """The part under these names, one inside the other; None when there is none."""
    for name in names:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def wait_of(reply: HttpReply, default_s: float) -> float:
    """The seconds that `Retry-After` asks for; the default when it says none that can be used."""
    text = reply.headers.get("retry-after", "").strip()
    return min(float(text), LONGEST_WAIT_S) if text.isascii() and text.isdecimal() and text else default_s


def raise_busy(reply: HttpReply, who: str) -> None:
    """Raise LimitReached for 429 and RetryableError for 503: neither has done anything."""
    if reply.status == TOO_MANY:
        raise LimitReached(
            f"{who} takes no more requests just now.", reason="provider-limit", after_s=wait_of(reply, 5.0)
        )
    if reply.status == UNAVAILABLE:
        raise RetryableError(f"{who} is not available.", after_s=wait_of(reply, 10.0))


def out_of_credits(who: str) -> LimitReached:
    return LimitReached(
        f"{who} has no credits left. Buy more, or ask who keeps the contract; the activity then goes on.",
        reason="credits",
        after_s=CREDITS_WAIT_S,
    )


def refused(reply: HttpReply, who: str) -> FatalError:
    """For a status that asking again will not change; the body is not repeated, for it may quote what was sent."""
    return FatalError(f"{who} refused the request with status {reply.status}. Look at the provider's settings.")
