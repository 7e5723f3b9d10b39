"""Any enrichment service that speaks JSON over HTTP, by configuration."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, Self
from urllib.parse import quote

import orjson

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
    Inquiry,
    Limits,
    OutcomeUnknown,
    Provider,
    RetryableError,
    SecretStr,
    Ticket,
    field_validator,
    model_validator,
)
from lsync_flask.providers import http_json_words as words
from lsync_flask.providers.reading import SERVER_ERROR, out_of_credits, raise_busy, read_json, refused

TIMEOUT_S = 60.0
REFUSED_RECORD = frozenset({400, 404, 410, 422})
"""What a service that is asked for one record answers when it is this record that it has not, or cannot use."""

_NOT_ALLOWED = frozenset({401, 403})
_WHO = "The service"
_LINES: Any = {"multiline": True}


class HttpJson(Provider):
    """Any service that takes and answers JSON over HTTP, as you describe it.

    Records are sent together when the body says `"{records}"`, one by one when it does not. Placeholders such as
    `{domain}` stand for the inputs, `{id}` for the record's id, `{secret}` in headers for the secret. What comes back
    is read by JMESPath. Only public https addresses are called, and those that the operator allows.
    """

    name: ClassVar[str] = "http-json"
    label: ClassVar[str] = "JSON over HTTP"
    api: ClassVar[int] = 1
    idempotency: ClassVar[Idempotency] = "none"
    max_per_call: ClassVar[int] = 500

    url: str = Field(
        pattern=r"^https?://[^\s{}/?#]+([/?#][^\s]*)?$",
        max_length=2000,
        title="Address",
        description="Where it is asked. Behind the host, {domain} and the like may stand when records go one by one.",
    )
    method: Literal["POST", "GET"] = Field(default="POST", title="Method", description="GET sends no body.")
    headers: str = Field(
        default="",
        max_length=4000,
        title="Headers",
        description="One line each, such as Authorization: Bearer {secret}.",
        json_schema_extra=_LINES,
    )
    secret: SecretStr | None = Field(default=None, title="Secret", description="Stands for {secret} in the headers.")
    inputs: str = Field(
        max_length=8000,
        title="Inputs",
        description="What it takes, one line each: domain, or domain: Web domain; domain* when it is needed.",
        json_schema_extra=_LINES,
    )
    body: str = Field(
        default='{"records": "{records}"}',
        max_length=20_000,
        title="Body",
        description='JSON. "{records}" is the list of all records of a call.',
        json_schema_extra=_LINES,
    )
    record: str = Field(
        default="",
        max_length=20_000,
        title="Record",
        description='JSON of one record in that list, such as {"key": "{id}", "web": "{domain}"}. Empty: all inputs.',
        json_schema_extra=_LINES,
    )
    results: str = Field(
        default="results",
        max_length=500,
        title="Results",
        description="JMESPath of the list of results, or of the one result; @ is the whole answer.",
    )
    result_id: str = Field(
        default="",
        max_length=500,
        title="Id of a result",
        description="JMESPath in a result. Empty: results come in the order of the records.",
    )
    outputs: str = Field(
        max_length=20_000,
        title="Outputs",
        description="What it returns, one line each: name = JMESPath in a result, or name (int) = path.",
        json_schema_extra=_LINES,
    )
    matched: str = Field(
        default="", max_length=500, title="Found", description="JMESPath in a result. Empty: found if any output is."
    )
    confidence: str = Field(default="", max_length=500, title="Confidence", description="JMESPath in a result.")
    confidence_most: int = Field(
        default=100, ge=1, le=1000, title="Highest confidence", description="1 for 0 to 1, 100 for per cent."
    )
    error: str = Field(
        default="",
        max_length=500,
        title="Error of a record",
        description="JMESPath in a result; something there: failed.",
    )
    credits: str = Field(
        default="", max_length=500, title="Credits", description="JMESPath in the answer. Empty: one for each match."
    )
    per_call: int = Field(default=100, ge=1, le=500, title="Records per call", description="When they go together.")
    calls_per_s: int | None = Field(
        default=None, ge=1, le=1000, title="Calls per second", description="Empty: no limit."
    )
    at_once: int = Field(default=4, ge=1, le=16, title="Calls at once", description="How many may wait for an answer.")
    no_credits: str = Field(
        default="402",
        pattern=r"^\s*(\d{3}(\s*,\s*\d{3})*)?\s*$",
        title="Out of credits",
        description="Statuses that say so, with commas between them: the activity pauses.",
    )
    idempotency_header: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9-]{0,80}$",
        title="Idempotency header",
        description="Carries the call's key, when the service charges once for each. Such as Idempotency-Key.",
    )
    asking_again: Literal["is paid again", "is free"] = Field(
        default="is paid again", title="Asking again", description="What it costs without an idempotency header."
    )
    check_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s{}]+)?$",
        max_length=2000,
        title="Address to test",
        description="Asked by GET without cost, to see that the secret is right. Empty: nothing is asked.",
    )

    @field_validator("inputs", "outputs", "headers", "body", "record", "results")
    @classmethod
    def _can_be_read(cls, text: str, about: Any) -> str:
        if text or about.field_name in {"inputs", "outputs", "body"}:
            _READERS[about.field_name](text)
        return text

    @field_validator("result_id", "matched", "confidence", "error", "credits")
    @classmethod
    def _is_a_path(cls, text: str) -> str:
        if text:
            words.read_path(text)
        return text

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        known = {field.name for field in self._inputs} | {words.ID}
        used = words.places_in([self._record] if self._is_batch else [self._body, self.url])
        if used - known:
            raise ValueError(f"There is no input {', '.join(sorted(used - known))} for the placeholder.")
        if self._is_batch and words.places_in(self.url):
            raise ValueError("The address can hold no placeholder when all records of a call go together.")
        if self.method == "GET" and self._is_batch:
            raise ValueError('GET sends no body, so the records cannot go together: take "{records}" out of the body.')
        if words.SECRET in words.places_in(self.headers) and self.secret is None:
            raise ValueError("The headers name {secret}, and no secret is set.")
        return self

    @cached_property
    def _inputs(self) -> tuple[Any, ...]:
        return words.read_inputs(self.inputs)

    @cached_property
    def _outputs(self) -> tuple[Any, ...]:
        return words.read_outputs(self.outputs)

    @cached_property
    def _body(self) -> Any:
        return words.read_template(self.body)

    @cached_property
    def _record(self) -> Any:
        if self.record:
            return words.read_template(self.record)
        return {words.ID: "{id}", **{field.name: f"{{{field.name}}}" for field in self._inputs}}

    @cached_property
    def _is_batch(self) -> bool:
        return words.RECORDS in words.places_in(self._body)

    @cached_property
    def _paths(self) -> Mapping[str, Any]:
        names = ("results", "result_id", "matched", "confidence", "error", "credits")
        return {name: words.read_path(getattr(self, name)) if getattr(self, name) else None for name in names}

    def repeats(self) -> Idempotency:
        if self.idempotency_header:
            return "key"
        return "natural" if self.asking_again == "is free" else "none"

    def limits(self) -> Limits:
        return Limits(self.at_once, self.calls_per_s, self.per_call if self._is_batch else 1)

    def catalogue(self) -> Catalogue:
        needed = frozenset(field.name for field in self._inputs if field.required)
        return Catalogue(self._inputs, tuple(field for field, _ in self._outputs), (needed,) if needed else ())

    def submit(self, call: Call, http: Http) -> Answers | Ticket:
        if not call.inquiries:
            return Answers([], 0)
        records = [{words.ID: one.key, **one.inputs} for one in call.inquiries]
        if self._is_batch:
            sent = words.fill(self._body, {words.RECORDS: [words.fill(self._record, one) for one in records]})
            return self._read(self._send(http, self.url, sent, call.key), call.inquiries)
        url = words.fill(self.url, {name: quote(text, safe="") for name, text in records[0].items()})
        reply = self._send(http, url, words.fill(self._body, records[0]), call.key, single=True)
        if reply.status in REFUSED_RECORD:
            return Answers([_refused_record(call.inquiries[0], reply.status)], 0)
        return self._read(reply, call.inquiries)

    def check(self, http: Http) -> str:
        if not self.check_url:
            return "The settings are complete. Nothing was asked, for no address to test is set."
        try:
            reply = http.send("GET", self.check_url, headers=self._headers(), body=None, timeout_s=TIMEOUT_S)
        except OutcomeUnknown as error:
            raise RetryableError(str(error)) from error
        self._raise_for(reply, single=False)
        return "The service accepts the secret."

    def _headers(self) -> dict[str, str]:
        secret = self.secret.get_secret_value() if self.secret else ""
        given = {name: text.replace("{secret}", secret) for name, text in words.read_headers(self.headers).items()}
        return {"Content-Type": "application/json", "Accept": "application/json", **given}

    def _send(self, http: Http, url: str, body: Any, key: str, *, single: bool = False) -> HttpReply:
        headers = self._headers()
        if self.idempotency_header:
            headers[self.idempotency_header] = key
        spelled = orjson.dumps(body) if self.method == "POST" else None
        reply = http.send(self.method, url, headers=headers, body=spelled, timeout_s=TIMEOUT_S)
        self._raise_for(reply, single=single)
        return reply

    def _raise_for(self, reply: HttpReply, *, single: bool) -> None:
        if str(reply.status) in self.no_credits.replace(" ", "").split(","):
            raise out_of_credits(_WHO)
        raise_busy(reply, _WHO)
        if reply.status in _NOT_ALLOWED:
            raise FatalError("The service does not accept the secret. An admin can change it in Settings.")
        if reply.status >= SERVER_ERROR:
            raise OutcomeUnknown(f"{_WHO} answered {reply.status}; the call may have been carried out.")
        if reply.status not in range(200, 300) and not (single and reply.status in REFUSED_RECORD):
            raise refused(reply, _WHO)

    def _read(self, reply: HttpReply, inquiries: Sequence[Inquiry]) -> Answers:
        document = read_json(reply, _WHO)
        found = words.find(self._paths["results"], document)
        listed = found if isinstance(found, list) and self._is_batch else [found]
        answers = self._by_id(listed, inquiries) if self._goes_by_id else self._by_order(listed, inquiries)
        told = words.find(self._paths["credits"], document)
        is_number = isinstance(told, int) and not isinstance(told, bool) and told >= 0
        return Answers(answers, told if is_number else sum(answer.matched for answer in answers))

    @property
    def _goes_by_id(self) -> bool:
        return self._is_batch and bool(self.result_id)

    def _by_id(self, listed: list[Any], inquiries: Sequence[Inquiry]) -> list[Answer]:
        by_id = {str(key): one for one in listed if (key := words.find(self._paths["result_id"], one)) is not None}
        return [self._answer(one.key, by_id[one.key]) for one in inquiries if one.key in by_id]

    def _by_order(self, listed: list[Any], inquiries: Sequence[Inquiry]) -> list[Answer]:
        if len(listed) != len(inquiries):
            raise OutcomeUnknown(f"{_WHO} sent {len(listed)} results for {len(inquiries)} records.")
        return [self._answer(one.key, result) for one, result in zip(inquiries, listed, strict=True)]

    def _answer(self, key: str, result: Any) -> Answer:
        wrong = words.find(self._paths["error"], result)
        if wrong:
            text = wrong if isinstance(wrong, str) else "The service failed on this record."
            return Answer(key, matched=False, error_code="SERVICE_ERROR", error=text[:500], may_retry=True)
        values = {
            field.name: value
            for field, path in self._outputs
            if (value := _plain(words.find(path, result))) is not None
        }
        is_found = bool(words.find(self._paths["matched"], result)) if self.matched else bool(values)
        if not is_found:
            return Answer(key, matched=False)
        return Answer(key, matched=True, values=values, confidence=self._confident(result))

    def _confident(self, result: Any) -> int | None:
        told = words.find(self._paths["confidence"], result)
        if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= self.confidence_most:
            return None
        return round(told * 100 / self.confidence_most)


_READERS: Mapping[str, Any] = {
    "inputs": words.read_inputs,
    "outputs": words.read_outputs,
    "headers": words.read_headers,
    "body": words.read_template,
    "record": words.read_template,
    "results": words.read_path,
}


def _plain(value: Any) -> Any:
    """A text, number, truth or list of texts; None for anything else."""
    if isinstance(value, list):
        texts = [str(part) for part in value if isinstance(part, str | int | float)]
        return texts or None
    return value if isinstance(value, str | int | float) and value != "" else None


def _refused_record(inquiry: Inquiry, status: int) -> Answer:
    if status in {404, 410}:
        return Answer(inquiry.key, matched=False)
    sentence = f"The service cannot use what was sent of this record (status {status})."
    return Answer(inquiry.key, matched=False, error_code=f"HTTP_{status}", error=sentence)
