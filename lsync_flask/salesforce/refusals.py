"""What an answer that is no success means for the caller (`reference/salesforce.md` §2.6, §4.8, §4.9). No I/O."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from lsync_flask.errors import FatalError, GrantLost, LimitReached, LsyncError, OutcomeUnknown, RetryableError

LONGEST_WAIT_S = 3600.0
CONCURRENT_WAIT_S = 30.0
_LONGEST_TEXT = 600
_LONGEST_CODE = 80

_CHANGING = frozenset({"POST", "PUT", "PATCH"})
_UNHEARD = frozenset({502, 504})
"""Answers of something before Salesforce, which cannot know what became of the request."""
_PASSING_STATUS = frozenset({406, 408, 420, 425, 429})
_PASSING_CODE = frozenset(
    {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "QUERY_TIMEOUT", "INVALID_QUERY_LOCATOR"}
)
_LIMIT_CODE = frozenset({"REQUEST_LIMIT_EXCEEDED", "EXCEEDEDQUOTA"})
_SHUT_CODE = frozenset({"API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"})
_NOT_STALE = ("not valid for use with the REST API", "Connected app is not attached to Agent")
"""Two refusals that look like an expired session and that a new token does not cure."""
_FRAME = re.compile(r"\A.*?ERROR at Row:\d+:Column:\d+\s*", re.DOTALL)
_ADVICE = re.compile(r" If you are attempting to use a custom (?:object|field), be sure to append .*")
_UNAUTHORISED = 401
_REDIRECT = 300
_BAD_REQUEST = 400
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class ApiError:
    """One reason that Salesforce gave."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


class SalesforceRefused(FatalError):
    """Salesforce understood the request and will not do it; `errors` are its reasons."""

    def __init__(self, status: int, errors: tuple[ApiError, ...]) -> None:
        self.status = status
        self.errors = errors
        self.codes = frozenset(error.code for error in errors)
        super().__init__(f"Salesforce refused this: {spell_errors(errors)}")


def spell_errors(errors: tuple[ApiError, ...]) -> str:
    """The reasons as one text for the user, shortened."""
    text = "; ".join(f"{error.message.rstrip('.')} ({error.code})" for error in errors[:3])
    return text[:_LONGEST_TEXT] + "."


def read_errors(status: int, body: bytes) -> tuple[ApiError, ...]:
    """The reasons in a body; at least one, even when the body tells nothing."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        parsed = None
    entries = parsed if isinstance(parsed, list) else [parsed]
    found = tuple(read_error(entry) for entry in entries if isinstance(entry, dict))
    return found or (ApiError(f"HTTP_{status}", f"it gave no reason but HTTP {status}"),)


def read_error(entry: Mapping[str, Any]) -> ApiError:
    """One reason: its code is `errorCode` for a whole request and `statusCode` for one record."""
    code = entry.get("errorCode") or entry.get("statusCode") or entry.get("error") or "UNKNOWN"
    text = entry.get("message") or entry.get("error_description") or "no reason given"
    fields = entry.get("fields")
    names = tuple(str(name) for name in fields) if isinstance(fields, list) else ()
    return ApiError(str(code)[:_LONGEST_CODE], plain(str(text)), names)


def plain(text: str) -> str:
    """A message on one line, as a user can read it: some repeat the query and draw an arrow, some are escaped."""
    return _ADVICE.sub("", " ".join(_FRAME.sub("", html.unescape(text)).split()))


def is_html(headers: Mapping[str, str]) -> bool:
    return "text/html" in headers.get("Content-Type", "").lower()


def is_stale(status: int, errors: tuple[ApiError, ...]) -> bool:
    """Is this the answer to a token that has expired?"""
    return status == _UNAUTHORISED and any(
        error.code == "INVALID_SESSION_ID" and not any(words in error.message for words in _NOT_STALE)
        for error in errors
    )


def explain(method: str, status: int, headers: Mapping[str, str], errors: tuple[ApiError, ...]) -> LsyncError:
    """The error to raise for an answer that is no success."""
    if is_html(headers) or _REDIRECT <= status < _BAD_REQUEST or status in _PASSING_STATUS or status >= _SERVER_ERROR:
        return _busy(method, status, headers)
    codes = {error.code.upper() for error in errors}
    if codes & _LIMIT_CODE:
        return _limit(errors, headers)
    if codes & _PASSING_CODE:
        return RetryableError(f"Salesforce could not do this now: {spell_errors(errors)}", after_s=retry_after(headers))
    if status == _UNAUTHORISED or codes & _SHUT_CODE:
        return GrantLost(f"Salesforce no longer lets LSync in: {spell_errors(errors)} An admin must look at it.")
    return SalesforceRefused(status, errors)


def _busy(method: str, status: int, headers: Mapping[str, str]) -> RetryableError:
    text = f"Salesforce is busy or being maintained (HTTP {status})."
    unheard = status in _UNHEARD or status < _REDIRECT
    kind = OutcomeUnknown if unheard and method in _CHANGING else RetryableError
    return kind(text, after_s=retry_after(headers))


def _limit(errors: tuple[ApiError, ...], headers: Mapping[str, str]) -> RetryableError:
    """Too many at once passes in seconds; the day's allocation is back after hours, so the activity pauses."""
    if all("concurrent" in error.message.lower() for error in errors):
        return RetryableError(
            "Salesforce is working on too many long requests at once.",
            after_s=retry_after(headers) or CONCURRENT_WAIT_S,
        )
    return LimitReached(
        f"The org's limit of API requests is used up: {spell_errors(errors)}",
        reason="salesforce-limit",
        after_s=retry_after(headers),
    )


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """How many seconds Salesforce asks us to wait, at most an hour; None: it does not say."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(float(text), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0), LONGEST_WAIT_S)
