"""For authors of plugins: everything that must hold of one, as a list of sentences and as ready test classes.

    class TestPadLeft(TransformTests):
        plugin = PadLeft

runs under pytest the plugin's examples and what is asked of every transform. The same checks are behind
`lsync plugins --check NAME`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from lsync_flask.errors import FatalError
from lsync_flask.plugin_api import Answers, Call, HttpReply, Inquiry, Plugin, Ticket, build
from lsync_flask.plugin_conformance import (
    NOW,
    ODD_VALUES,
    answer_problems,
    is_value,
    plugin_problems,
    provider_problems,
)

__all__ = [
    "NOW",
    "ODD_VALUES",
    "NoHttp",
    "OperatorTests",
    "ProviderTests",
    "TransformTests",
    "is_value",
    "plugin_problems",
]


class NoHttp:
    """A way out that leads nowhere: for providers that need none, and to see that a check sends nothing."""

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpReply:
        del method, headers, body, timeout_s
        raise FatalError(f"The test has no way out, and {url} was asked for.")


def _expect(is_true: object, sentence: str) -> None:
    if not is_true:
        raise AssertionError(sentence)


def _expect_none(problems: Sequence[str]) -> None:
    _expect(not problems, "\n".join(problems))


class _PluginTests:
    """What the test classes have in common: they are told the plugin."""

    plugin: ClassVar[type[Plugin]]

    def test_the_plugin_keeps_all_rules(self) -> None:
        _expect_none(plugin_problems(self.plugin))


class TransformTests(_PluginTests):
    """Set `plugin` to your transform."""


class OperatorTests(_PluginTests):
    """Set `plugin` to your operator."""


class ProviderTests(_PluginTests):
    """Set `plugin` to your provider, `params` to what it needs and `inquiries` to some that it can serve with `http`.

    With `http` as it is, nothing may be sent.
    """

    params: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    inquiries: ClassVar[Sequence[Inquiry]] = ()
    http: ClassVar[Any] = NoHttp()
    most_tickets: ClassVar[int] = 20

    def provider(self) -> Any:
        return build(self.plugin, dict(self.params))

    def answers_of(self, call: Call) -> Answers:
        """The answers at last, without waiting between."""
        provider = self.provider()
        reply = provider.submit(call, self.http)
        for _ in range(self.most_tickets):
            if not isinstance(reply, Ticket):
                break
            reply = provider.collect(reply, self.http)
        if isinstance(reply, Answers):
            return reply
        raise AssertionError(f"There are still no answers after {self.most_tickets} tickets.")

    def test_the_catalogue_is_sound(self) -> None:
        _expect_none(provider_problems(self.provider()))

    def test_the_check_says_something(self) -> None:
        _expect(self.provider().check(self.http).strip(), "check() says nothing.")

    def test_there_is_one_answer_for_each_inquiry(self) -> None:
        answers = self.answers_of(Call("test-1", self.inquiries)).answers

        asked = Counter(inquiry.key for inquiry in self.inquiries)
        answered = Counter(answer.key for answer in answers)
        _expect(asked == answered, f"Asked of {dict(asked)}, answered on {dict(answered)}.")

    def test_answers_hold_what_the_catalogue_promises(self) -> None:
        outputs = {field.name for field in self.provider().catalogue().outputs}

        for answer in self.answers_of(Call("test-1", self.inquiries)).answers:
            _expect_none(answer_problems(answer, outputs))

    def test_the_order_of_inquiries_does_not_matter(self) -> None:
        there = self.answers_of(Call("test-1", self.inquiries)).answers
        back = self.answers_of(Call("test-2", self.inquiries[::-1])).answers

        same = {answer.key: answer for answer in there} == {answer.key: answer for answer in back}
        _expect(same, "Answers depend on the order of the inquiries.")

    def test_an_empty_call_costs_nothing(self) -> None:
        reply = self.answers_of(Call("test-3", ()))

        _expect(not reply.answers and reply.credits == 0, "An empty call has answers or costs something.")

    def test_the_same_call_again_costs_no_more_where_that_is_promised(self) -> None:
        first = self.answers_of(Call("test-4", self.inquiries))
        again = self.answers_of(Call("test-4", self.inquiries))

        _expect(isinstance(first.credits, int) and first.credits >= 0, "credits must be a whole number from 0 on.")
        is_free = self.provider().idempotency == "none" or again.credits <= first.credits
        _expect(is_free, "The same call again costs more than the first time.")
