"""The benchmark's provider: it knows everybody, at once or after a given time, and costs next to nothing to ask."""

from time import sleep
from typing import ClassVar, Literal

from lsync_flask.benchmark.work import SOURCES, TARGETS, answer
from lsync_flask.plugin_api import (
    Answer,
    Answers,
    Call,
    Catalogue,
    Field,
    Http,
    Limits,
    Provider,
    ProviderField,
    Ticket,
)


class Instant(Provider):
    """Answers every record with values made from its id. For measuring alone."""

    name: ClassVar[str] = "bench"
    label: ClassVar[str] = "Benchmark"
    api: ClassVar[int] = 1
    idempotency: ClassVar[Literal["key", "natural", "none"]] = "natural"
    max_per_call: ClassVar[int] = 500

    round_number: int = Field(default=1, ge=1, title="Round", description="Every round gives other values.")
    latency_ms: int = Field(default=0, ge=0, title="Latency", description="How long a call takes, in milliseconds.")
    calls_at_once: int = Field(default=16, ge=1, le=64, title="Calls at once")

    def catalogue(self) -> Catalogue:
        inputs = tuple(ProviderField(name.lower(), name) for name in SOURCES)
        return Catalogue(inputs, tuple(ProviderField(one.output, one.output) for one in TARGETS))

    def limits(self) -> Limits:
        return Limits(concurrency=self.calls_at_once)

    def submit(self, call: Call, _http: Http) -> Answers:
        if self.latency_ms:
            sleep(self.latency_ms / 1000)
        answers = [Answer(one.key, matched=True, values=answer(one.key, self.round_number)) for one in call.inquiries]
        return Answers(answers, len(answers))

    def collect(self, _ticket: Ticket, _http: Http) -> Answers | Ticket:
        return Answers((), 0)

    def check(self, _http: Http) -> str:
        return "It answers."
