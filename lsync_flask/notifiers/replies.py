"""What a receiver's answer means: delivered, come again, or never."""

from lsync_flask.plugin_api import FatalError, HttpReply, RetryableError

TIMEOUT_S = 10.0
LONGEST_WAIT_S = 3_600.0
NEVER = frozenset({400, 401, 403, 405, 410, 413, 414, 415, 422})
"""Answers that another try does not change; every other one but a success may pass."""


def check_reply(reply: HttpReply, receiver: str) -> None:
    """Return when it was taken.

    Raises:
        FatalError: it is refused for good, or sent elsewhere; RetryableError: it may be taken later.
    """
    if reply.status // 100 == 2:  # noqa: PLR2004 (any success)
        return
    if reply.status // 100 == 3:  # noqa: PLR2004 (a redirect is not followed, for it could lead anywhere)
        raise FatalError(
            f"{receiver} sends to another address; it is not followed. Give the final address in Settings."
        )
    if reply.status in NEVER:
        raise FatalError(f"{receiver} refused the notice with code {reply.status}.")
    raise RetryableError(f"{receiver} answered with code {reply.status}.", after_s=_wait_of(reply))


def _wait_of(reply: HttpReply) -> float | None:
    text = reply.headers.get("retry-after", "")
    return min(float(text), LONGEST_WAIT_S) if text.isascii() and text.isdecimal() else None
