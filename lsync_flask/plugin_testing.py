"""For authors of plugins: everything that must hold of one, as a list of sentences and as ready test classes.

    class TestPadLeft(TransformTests):
        plugin = PadLeft

runs under pytest the plugin's examples and what is asked of every transform. The same checks are behind
`lsync plugins --check NAME`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import SecretStr

from lsync_flask.errors import LsyncError, OutcomeUnknown, RetryableError
from lsync_flask.plugin_api import Answer, Answers, Call, Http, HttpReply, Inquiry, Notice, Plugin, Ticket, build
from lsync_flask.plugin_conformance import (
    NOW,
    ODD_VALUES,
    answer_problems,
    is_value,
    plugin_problems,
    provider_problems,
)
from lsync_flask.plugin_doubles import (
    FakeHttp,
    HttpRequest,
    NoHttp,
    Recorder,
    Replay,
    busy_replies,
    json_reply,
    odd_replies,
    refusing_replies,
    shuffled_replies,
)

__all__ = [
    "NOW",
    "ODD_VALUES",
    "FakeHttp",
    "HttpRequest",
    "NoHttp",
    "NotifierTests",
    "OperatorTests",
    "ProviderTests",
    "TransformTests",
    "is_value",
    "json_reply",
    "plugin_problems",
]

ODD_TEXTS = ("", " ", "\x00\r\n\t", "a" * 20_000, "\"'\\{}<&;", "ÄÖÜ 株式会社 \U0001f600", "{key}", "Bearer x")
"""What may stand in an input of a real org, or in a notice."""


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


def _secrets(plugin: Plugin) -> list[str]:
    """The secret texts among a plugin's parameters."""
    values = [getattr(plugin, name) for name in type(plugin).model_fields]
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr) and value.get_secret_value()]


class ProviderTests(_PluginTests):
    """Set `plugin` to your provider, `params` to what it needs and `inquiries` to some that it can serve with `http`.

    `http` is a `FakeHttp`, or leads to a service of your own here. With `http` as it is, nothing may be sent.
    One ordinary exchange is recorded and played back with replies that are lost, refused, shuffled, cut and garbled.
    """

    params: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    inquiries: ClassVar[Sequence[Inquiry]] = ()
    http: ClassVar[Any] = NoHttp()
    most_tickets: ClassVar[int] = 20
    answers_in_order: ClassVar[bool] = False
    """True for a service whose answers name no record, so that only their order tells whose they are."""

    def provider(self) -> Any:
        return build(self.plugin, dict(self.params))

    def answers_of(self, call: Call, http: Http | None = None) -> Answers:
        """The answers at last, without waiting between."""
        reply = self._last_reply(call, self.http if http is None else http)
        if isinstance(reply, Answers):
            return reply
        raise AssertionError(f"There are still no answers after {self.most_tickets} tickets.")

    def _last_reply(self, call: Call, http: Http) -> Any:
        provider = self.provider()
        reply = provider.submit(call, http)
        for _ in range(self.most_tickets):
            if not isinstance(reply, Ticket):
                break
            reply = provider.collect(reply, http)
        return reply

    def _recorded(self) -> tuple[Call, Recorder, dict[str, Answer]]:
        """An ordinary exchange: the call, what went to and fro, and the answers by key."""
        call, recorder = Call("test-recorded", self.inquiries), Recorder(self.http)
        answers = self.answers_of(call, recorder).answers
        return call, recorder, {answer.key: answer for answer in answers}

    def _played(self, call: Call, tape: Sequence[HttpReply | LsyncError]) -> Any:
        """What the provider makes of these replies: answers, a ticket, or the error that it may raise."""
        try:
            return self._last_reply(call, Replay(tape))
        except LsyncError as error:
            return error
        except Exception as error:
            raise AssertionError(f"It raised {type(error).__name__}: {error}") from error

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
        is_free = self.provider().repeats() == "none" or again.credits <= first.credits
        _expect(is_free, "The same call again costs more than the first time.")

    def test_the_key_of_the_call_is_sent_where_the_service_goes_by_it(self) -> None:
        call, recorder, _ = self._recorded()

        needs_key = self.provider().repeats() == "key" and recorder.requests
        is_sent = any(request.holds(call.key) for request in recorder.requests)
        _expect(is_sent or not needs_key, "It goes by the call's key, and never sends it.")

    def test_the_largest_call_has_an_answer_for_each_inquiry(self) -> None:
        many = [
            Inquiry(f"large-{number:05}", self.inquiries[number % len(self.inquiries)].inputs)
            for number in range(self.provider().most_per_call() if self.inquiries else 0)
        ]

        answers = self.answers_of(Call("test-5", many)).answers

        same = Counter(answer.key for answer in answers) == Counter(inquiry.key for inquiry in many)
        _expect(same, f"{len(many)} were asked of, and {len(answers)} answered on, or not the same ones.")

    def test_odd_inputs_are_answered_or_refused(self) -> None:
        names = [field.name for field in self.provider().catalogue().inputs]
        outputs = {field.name for field in self.provider().catalogue().outputs}
        odd = [Inquiry(f"odd-{number}", dict.fromkeys(names, text)) for number, text in enumerate(ODD_TEXTS)]

        # Where a minimum is declared, nothing is asked of a record that does not have it.
        nothing = [] if self.provider().catalogue().minimum else [Inquiry("odd-none", {})]
        for inquiries in [[inquiry] for inquiry in [*odd, *nothing]]:
            try:
                reply = self.answers_of(Call(f"test-{inquiries[0].key}", inquiries))
            except LsyncError:
                continue
            _expect_none(_unsound(reply, inquiries, outputs))

    def test_answers_go_to_their_records_in_any_order_and_number(self) -> None:
        call, recorder, expected = self._recorded()

        for tape in _tapes(recorder.replies, shuffled_replies) if not self.answers_in_order else ():
            reply = self._played(call, tape)
            for answer in reply.answers if isinstance(reply, Answers) else ():
                wrong = answer.error_code is None and answer != expected.get(answer.key) and answer.matched
                _expect(not wrong, f"The answer for {answer.key} came from another record: {answer}.")

    def test_garbage_is_answered_or_refused_and_never_more(self) -> None:
        call, recorder, _ = self._recorded()
        outputs = {field.name for field in self.provider().catalogue().outputs}

        for tape in _tapes(recorder.replies, odd_replies):
            reply = self._played(call, tape)
            if not isinstance(reply, Ticket | LsyncError):
                _expect_none(_unsound(reply, self.inquiries, outputs))

    def test_a_busy_service_is_asked_again_later(self) -> None:
        call, recorder, _ = self._recorded()

        for tape in _tapes(recorder.replies, lambda _reply: busy_replies()):
            reply = self._played(call, tape)
            later = isinstance(reply, Ticket | RetryableError) or _all_may_retry(reply)
            _expect(later, f"A service that is busy must be asked later, and it gave {reply!r:.200}.")

    def test_a_lost_reply_is_said_to_be_unknown_where_it_may_be_paid(self) -> None:
        call, recorder, _ = self._recorded()
        lost = OutcomeUnknown("The reply was lost.")

        given = [self._played(call, [*recorder.replies[:place], lost]) for place in range(len(recorder.replies))]

        for reply in given:
            later = isinstance(reply, Ticket | RetryableError) or _all_may_retry(reply)
            _expect(later, f"A lost reply must be asked for later, and it gave {reply!r:.200}.")
        is_said = any(isinstance(reply, OutcomeUnknown) for reply in given)
        _expect(
            is_said or not given or self.provider().repeats() != "none",
            "A lost reply may have been paid, and submit() does not raise OutcomeUnknown.",
        )

    def test_no_secret_gets_out(self) -> None:
        provider = self.provider()
        secrets = _secrets(provider)
        call, recorder, _ = self._recorded()

        texts = [repr(provider), str(provider)]
        for tape in _tapes(recorder.replies, lambda _reply: refusing_replies(secrets)):
            reply = self._played(call, tape)
            texts += [str(reply)] if isinstance(reply, LsyncError) else []
        _expect(not any(secret in text for secret in secrets for text in texts), "A secret stands in a text.")


def _tapes(replies: Sequence[HttpReply], alter: Any) -> Iterator[list[HttpReply | LsyncError]]:
    """The replies with one of them altered, in each way."""
    for place, reply in enumerate(replies):
        for other in alter(reply):
            yield [*replies[:place], other, *replies[place + 1 :]]


def _all_may_retry(reply: object) -> bool:
    return isinstance(reply, Answers) and all(answer.may_retry or answer.matched for answer in reply.answers)


def _unsound(reply: object, inquiries: Sequence[Inquiry], outputs: set[str]) -> list[str]:
    """What is wrong with the answers of a call; some may be missing."""
    if not isinstance(reply, Answers) or not isinstance(reply.credits, int) or reply.credits < 0:
        return [f"{reply!r:.200} is no Answers with whole credits."]
    asked = {inquiry.key for inquiry in inquiries}
    counted = Counter(answer.key for answer in reply.answers)
    odd = [
        f"{key!r:.40} was not asked of, or answered on twice" for key, n in counted.items() if key not in asked or n > 1
    ]
    return odd + [text for answer in reply.answers for text in answer_problems(answer, outputs)]


class NotifierTests(_PluginTests):
    """Set `plugin` to your notifier, `params` to what it needs and `http` to a `FakeHttp` that takes what it sends.

    A notifier that goes another way out than `http` (mail, say) is asked for what does not depend on it.
    """

    params: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    http: ClassVar[Any] = NoHttp()
    notice: ClassVar[Notice] = Notice(
        "activity/7/ended", ("ada@example.com",), "New leads: Success", "42 records.", "<p>42 records.</p>"
    )

    def notifier(self) -> Any:
        return build(self.plugin, dict(self.params))

    def _sent(self, notice: Notice) -> Recorder:
        recorder = Recorder(self.http)
        self.notifier().send(notice, recorder)
        return recorder

    def _outcome(self, notice: Notice, http: Http) -> LsyncError | None:
        try:
            self.notifier().send(notice, http)
        except LsyncError as error:
            return error
        except Exception as error:
            raise AssertionError(f"It raised {type(error).__name__}: {error}") from error
        return None

    def test_a_notice_is_delivered(self) -> None:
        self._sent(self.notice)

    def test_the_same_notice_again_can_be_told_as_a_repeat(self) -> None:
        first, again = self._sent(self.notice), self._sent(self.notice)
        other = self._sent(Notice("activity/8/ended", *_rest(self.notice)))

        is_told = not first.requests or any(
            request.holds(self.notice.key) for sent in (first, again) for request in sent.requests
        )
        _expect(
            is_told or first.requests == again.requests != other.requests,
            "The key of the notice is never sent, so that a receiver cannot drop a repeat.",
        )

    def test_odd_notices_are_delivered_or_refused(self) -> None:
        for text in ODD_TEXTS:
            self._outcome(Notice(f"odd/{text[:10]}", ("ada@example.com",), text, text, text), self.http)
        self._outcome(Notice("odd/nobody", (), "Subject", "Text", ""), self.http)

    def test_a_busy_receiver_is_tried_again_later(self) -> None:
        for reply in busy_replies() if self._sent(self.notice).replies else ():
            given = self._outcome(self.notice, Replay([reply]))
            _expect(isinstance(given, RetryableError), f"A busy receiver must be tried later, and it gave {given!r}.")

    def test_a_refusal_is_an_error_without_secrets(self) -> None:
        notifier = self.notifier()
        secrets = _secrets(notifier)

        texts = [repr(notifier), str(notifier)]
        for reply in refusing_replies(secrets) if self._sent(self.notice).replies else ():
            given = self._outcome(self.notice, Replay([reply]))
            _expect(given is not None, f"The receiver answered {reply.status}, and it was taken for delivered.")
            texts.append(str(given))
        _expect(not any(secret in text for secret in secrets for text in texts), "A secret stands in a text.")


def _rest(notice: Notice) -> tuple[Sequence[str], str, str, str]:
    return notice.to, notice.subject, notice.text, notice.html
