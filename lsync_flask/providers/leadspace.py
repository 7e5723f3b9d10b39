"""Leadspace's enrichment API, version 4: bulks are taken with 202 and asked for until they are ready."""

import re
import threading
import time
from typing import Any, ClassVar

import orjson
from pydantic import PrivateAttr

from lsync_flask.plugin_api import (
    Answer,
    Answers,
    Call,
    Catalogue,
    FatalError,
    Field,
    Http,
    HttpReply,
    Idempotency,
    Limits,
    OutcomeUnknown,
    Provider,
    RetryableError,
    SecretStr,
    Ticket,
)
from lsync_flask.providers.leadspace_answers import read_answer, spell_inquiry
from lsync_flask.providers.leadspace_fields import INPUTS, MINIMUM, OUTPUTS, persona_outputs
from lsync_flask.providers.reading import SERVER_ERROR, out_of_credits, part_of, raise_busy, read_json, refused

TIMEOUT_S = 60.0
DAY_S = 86_400
RENEW_S = 600.0
"""A token is renewed so long before it ends."""
LONGEST_POLL_S = 30.0
MOST_POLLS = 3_000
"""About a day of asking; then the bulk counts as lost."""

_WHO = "Leadspace"
_OK, _ACCEPTED, _NOT_YET = 200, 202, 204
_BAD_KEY, _BAD_PROGRAM, _UNKNOWN, _NO_CREDITS = 401, 403, 404, 427
_RESULTS = re.compile(r"/v3/enrichment/results/[A-Za-z0-9_-]{1,100}")


class Leadspace(Provider):
    """Persons and companies from Leadspace, by its enrichment API version 4.

    With a program ID, the key is that program's password and LSync signs in for a day at a time; without one it is a
    perpetual key. The API cannot tell a repeat, so a call whose answer was lost on the way may have been paid: Settings
    say whether it is asked again.
    """

    name: ClassVar[str] = "leadspace"
    label: ClassVar[str] = "Leadspace"
    api: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = "none"
    max_per_call: ClassVar[int] = 500

    url: str = Field(
        default="https://apigw.leadspace.com",
        pattern=r"^https?://[^\s/?#]+$",
        max_length=300,
        title="Address",
        description="Of the API, without a path.",
    )
    key: SecretStr = Field(title="Key", description="The perpetual key, or the password of the program.")
    program: str = Field(
        default="", max_length=100, title="Program ID", description="Empty when the key is a perpetual one."
    )
    calls_per_s: int = Field(
        default=30, ge=1, le=1000, title="Calls per second", description="What the contract allows."
    )
    personas: str = Field(
        default="",
        max_length=1000,
        title="Personas",
        description="Names of your scoring profiles, with commas between them; each adds a score and a bucket.",
    )

    _lock: Any = PrivateAttr(default_factory=threading.Lock)
    _token: tuple[str, str, float] | None = PrivateAttr(default=None)
    """Token, refresh token, and when to renew it."""

    def catalogue(self) -> Catalogue:
        return Catalogue(INPUTS, (*OUTPUTS, *persona_outputs(self._personas())), MINIMUM)

    def limits(self) -> Limits:
        return Limits(concurrency=8, calls_per_s=self.calls_per_s)

    def submit(self, call: Call, http: Http) -> Answers | Ticket:
        if not call.inquiries:
            return Answers([], 0)
        body = {"data": [spell_inquiry(one) for one in call.inquiries], "external_bulk_id": call.key}
        reply = self._send(http, "POST", "/enrichment/enrich/bulk", body)
        if reply.status >= SERVER_ERROR:
            # A gateway that fails may have passed the bulk on before.
            raise OutcomeUnknown(f"{_WHO} answered {reply.status}; the call may have been taken.")
        if reply.status not in {_OK, _ACCEPTED}:
            raise refused(reply, _WHO)
        path = part_of(read_json(reply, _WHO), "id")
        if not isinstance(path, str) or not _RESULTS.fullmatch(path):
            raise OutcomeUnknown(f"{_WHO} took the call, and did not say where its answers will be.")
        return _ticket(path, 0, [one.key for one in call.inquiries])

    def collect(self, ticket: Ticket, http: Http) -> Answers | Ticket:
        path, polls, keys = _read_ticket(ticket)
        try:
            reply = self._send(http, "GET", path, None)
            if reply.status == _NOT_YET:
                return self._later(path, polls + 1, keys)
            return self._read(reply, keys)
        except OutcomeUnknown as error:
            # Asking for the answers costs nothing, so it may be done again.
            raise RetryableError(str(error)) from error

    def check(self, http: Http) -> str:
        """Ask for a bulk that does not exist: 404 says that the key is right, and nothing is bought."""
        try:
            reply = self._send(http, "GET", "/v3/enrichment/results/0", None)
        except OutcomeUnknown as error:
            raise RetryableError(str(error)) from error
        if reply.status in {_OK, _NOT_YET, _UNKNOWN}:
            return "Leadspace accepts the key."
        raise refused(reply, _WHO)

    def _personas(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.strip() for name in self.personas.split(",") if name.strip()))

    def _later(self, path: str, polls: int, keys: list[str]) -> Ticket:
        if polls > MOST_POLLS:
            raise FatalError(f"{_WHO} still works on bulk {path.rpartition('/')[2]} after {polls} questions.")
        return _ticket(path, polls, keys)

    def _read(self, reply: HttpReply, keys: list[str]) -> Answers:
        if reply.status == _UNKNOWN:
            return _all_failed(keys, "CHARGE_UNKNOWN", "Leadspace no longer knows the bulk. It may have been paid.")
        if reply.status != _OK:
            raise RetryableError(f"{_WHO} answered {reply.status}.")
        document = read_json(reply, _WHO)
        listed = part_of(document, "data")
        if not isinstance(listed, list):
            raise RetryableError(f"{_WHO} sent no list of records.")
        read = (read_answer(one, self._personas()) for one in listed if isinstance(one, dict))
        asked = set(keys)
        answers = {answer.key: answer for answer in read if answer and answer.key in asked}
        missing = [key for key in keys if key not in answers]
        return Answers(
            [*answers.values(), *_left_out(missing, part_of(document, "bulkStatus"))],
            sum(answer.matched for answer in answers.values()),
        )

    def _send(self, http: Http, method: str, path: str, body: Any) -> HttpReply:
        """The reply; the errors that mean the same for every request are raised."""
        token = self._sign_in(http) if self.program else self.key.get_secret_value()
        reply = self._raw(http, method, path, body, token)
        if reply.status == _BAD_KEY and self.program:
            # Refused requests are never paid. The day may have ended early on their side.
            reply = self._raw(http, method, path, body, self._sign_in(http, spent=token))
        _raise_common(reply)
        return reply

    def _raw(self, http: Http, method: str, path: str, body: Any, token: str | None) -> HttpReply:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        spelled = None if body is None else orjson.dumps(body)
        return http.send(method, self.url + path, headers=headers, body=spelled, timeout_s=TIMEOUT_S)

    def _sign_in(self, http: Http, spent: str = "") -> str:
        """A day token; one for all threads. `spent` is one that was refused."""
        with self._lock:
            kept = self._token
            if kept and kept[0] != spent and time.monotonic() < kept[2]:
                return kept[0]
            try:
                self._token = self._renew(http, kept[1]) if kept else self._open(http)
            except OutcomeUnknown as error:
                raise RetryableError(str(error)) from error
            return self._token[0]

    def _renew(self, http: Http, refresh: str) -> tuple[str, str, float]:
        reply = self._raw(http, "PUT", "/oauth/authorize", {"refreshToken": refresh}, None)
        return _read_token(reply) if reply.status == _OK else self._open(http)

    def _open(self, http: Http) -> tuple[str, str, float]:
        body = {"user": self.program, "pass": self.key.get_secret_value(), "audience": "API_GATEWAY"}
        reply = self._raw(http, "POST", "/oauth/authorize", body, None)
        _raise_common(reply)
        if reply.status >= SERVER_ERROR:
            raise RetryableError(f"{_WHO} answered {reply.status} to the sign-in.")
        if reply.status != _OK:
            raise refused(reply, _WHO)
        return _read_token(reply)


def _raise_common(reply: HttpReply) -> None:
    if reply.status == _BAD_KEY:
        raise FatalError("Leadspace does not accept the key. An admin can change it in Settings.")
    if reply.status == _BAD_PROGRAM:
        raise FatalError("Leadspace does not know the program, or it may not use this service.")
    if reply.status == _NO_CREDITS:
        raise out_of_credits(_WHO)
    raise_busy(reply, _WHO)


def _read_token(reply: HttpReply) -> tuple[str, str, float]:
    document = read_json(reply, _WHO)
    token, refresh = part_of(document, "token"), part_of(document, "refreshToken")
    life_s = part_of(document, "expiresIn")
    if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]{1,4000}", token):
        raise RetryableError(f"{_WHO} sent no token.")
    left_s = float(min(life_s, DAY_S)) if isinstance(life_s, int) else RENEW_S
    return token, str(refresh or ""), time.monotonic() + max(left_s - RENEW_S, 60.0)


def _ticket(path: str, polls: int, keys: list[str]) -> Ticket:
    """The bulk's address comes first: after it nothing can be lost but the time."""
    return Ticket(orjson.dumps([path, polls, keys]).decode(), min(0.3 * 1.6 ** min(polls, 12), LONGEST_POLL_S))


def _read_ticket(ticket: Ticket) -> tuple[str, int, list[str]]:
    path, polls, keys = orjson.loads(ticket.ref)
    return path, polls, keys


def _left_out(keys: list[str], status: Any) -> list[Answer]:
    if status == "INSUFFICIENT_CREDITS":
        sentence = "Leadspace had no credits left for this record."
        return list(_all_failed(keys, "NO_CREDITS", sentence).answers)
    return list(_all_failed(keys, "NO_ANSWER", "Leadspace left this record out.").answers)


def _all_failed(keys: list[str], code: str, sentence: str) -> Answers:
    return Answers([Answer(key, matched=False, error_code=code, error=sentence, may_retry=True) for key in keys], 0)
