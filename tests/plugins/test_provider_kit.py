"""The test classes that authors get find what they are for: each broken provider or notifier fails its test."""

import json

import pytest

from lsync_flask.errors import FatalError, OutcomeUnknown, RetryableError
from lsync_flask.plugin_api import (
    Answer,
    Answers,
    Catalogue,
    Field,
    Inquiry,
    Limits,
    Notifier,
    Provider,
    ProviderField,
    SecretStr,
)
from lsync_flask.plugin_testing import FakeHttp, NotifierTests, ProviderTests, json_reply


def serve(request):
    records = json.loads(request.body)
    return json_reply([{"id": one["id"], "city": "Montabaur" if one["name"] == "1&1" else None} for one in records])


class Cities(Provider):
    """Knows where companies are."""

    name = "cities"
    label = "Cities"
    api = 1
    idempotency = "key"
    max_per_call = 50

    secret: SecretStr = Field(title="Key", description="Yours.")

    def catalogue(self):
        return Catalogue((ProviderField("name", "Name"),), (ProviderField("city", "City"),))

    def submit(self, call, http):
        if not call.inquiries:
            return Answers([], 0)
        return self.read(self.ask(call, http), call)

    def ask(self, call, http):
        body = json.dumps([{"id": one.key, "name": one.inputs.get("name")} for one in call.inquiries]).encode()
        headers = {"Key": self.secret.get_secret_value(), "Idempotency-Key": call.key}
        reply = http.send("POST", "https://cities.example.com", headers=headers, body=body, timeout_s=5)
        if reply.status in {429, 503}:
            raise RetryableError("Busy.")
        if reply.status != 200:
            raise FatalError(f"It answered {reply.status}.")
        return reply

    def read(self, reply, call):
        try:
            found = json.loads(reply.body)
        except (ValueError, RecursionError):
            raise OutcomeUnknown("No JSON.") from None
        asked = {one.key for one in call.inquiries}
        found = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        cities = {one["id"]: one.get("city") for one in found if isinstance(one.get("id"), str)}
        answers = [answer_of(key, city) for key, city in cities.items() if key in asked]
        return Answers(answers, sum(answer.matched for answer in answers))

    def check(self, http):
        return "It is there."


def answer_of(key, city):
    return Answer(key, True, {"city": city}) if isinstance(city, str) else Answer(key, False)


class TestCities(ProviderTests):
    plugin = Cities
    params = {"secret": "not-to-be-told"}
    inquiries = (Inquiry("1", {"name": "1&1"}), Inquiry("2", {"name": "2&2"}), Inquiry("3", {"name": "1&1"}))
    http = FakeHttp(serve)


def by_order(self, reply, call):
    found = json.loads(reply.body) if reply.body[:1] == b"[" and len(reply.body) < 5_000 else []
    cities = [one.get("city") if isinstance(one, dict) else None for one in found]
    answers = [answer_of(one.key, city) for one, city in zip(call.inquiries, cities, strict=False)]
    return Answers(answers, len(answers))


def carelessly(self, reply, call):
    return Answers([answer_of(one["id"], one["city"]) for one in json.loads(reply.body)], 0)


def twice(self, reply, call):
    read = Cities.read(self, reply, call)
    return Answers([*read.answers, *read.answers], read.credits)


def telling(self, call, http):
    reply = http.send("POST", "https://x.example.com", headers={}, body=None, timeout_s=5)
    raise FatalError(f"It said {reply.body.decode('latin-1')}.")


def without_key(self, call, http):
    body = json.dumps([{"id": one.key, "name": one.inputs.get("name")} for one in call.inquiries]).encode()
    return http.send("POST", "https://x.example.com", headers={}, body=body, timeout_s=5)


def giving_up(self, call, http):
    try:
        return Cities.ask(self, call, http)
    except RetryableError:
        raise FatalError("No.") from None


def forgetting(self, call, http):
    try:
        return Cities.ask(self, call, http)
    except OutcomeUnknown:
        raise RetryableError("Again.") from None


def few(self, call, http):
    return Answers([answer_of(one.key, None) for one in call.inquiries[:10]], 0)


def strict(self, call, http):
    names = [one.inputs["name"].encode("ascii") for one in call.inquiries]
    return Answers([answer_of(one.key, None) for one in call.inquiries], 0 * len(names))


BROKEN = [
    ({"read": by_order}, "test_answers_go_to_their_records_in_any_order_and_number"),
    ({"read": carelessly}, "test_garbage_is_answered_or_refused_and_never_more"),
    ({"read": twice}, "test_garbage_is_answered_or_refused_and_never_more"),
    ({"read": twice}, "test_there_is_one_answer_for_each_inquiry"),
    ({"ask": without_key}, "test_the_key_of_the_call_is_sent_where_the_service_goes_by_it"),
    ({"ask": giving_up}, "test_a_busy_service_is_asked_again_later"),
    ({"ask": forgetting, "idempotency": "none"}, "test_a_lost_reply_is_said_to_be_unknown_where_it_may_be_paid"),
    ({"submit": few}, "test_the_largest_call_has_an_answer_for_each_inquiry"),
    ({"submit": strict}, "test_odd_inputs_are_answered_or_refused"),
    ({"limits": lambda self: Limits(per_call=51), "most_per_call": lambda self: 51}, "test_the_catalogue_is_sound"),
    ({"repeats": lambda self: "sometimes"}, "test_the_catalogue_is_sound"),
]


def checks_of(base, plugin, **change):
    cls = type("Broken", (plugin,), {"__doc__": "Broken.", "__module__": __name__, **change})
    return type("Checks", (base,), {"plugin": cls})()


@pytest.mark.parametrize(("change", "test"), BROKEN)
def test_a_provider_that_breaks_a_promise_fails_the_test_of_it(change, test):
    checks = checks_of(TestCities, Cities, **change)

    with pytest.raises((AssertionError, UnicodeEncodeError, KeyError, TypeError)):
        getattr(checks, test)()


def test_a_secret_in_a_sentence_is_found():
    checks = checks_of(TestCities, Cities)
    recorded = checks._recorded()
    broken = checks_of(TestCities, Cities, ask=telling)
    broken._recorded = lambda: recorded

    with pytest.raises(AssertionError, match="A secret"):
        broken.test_no_secret_gets_out()


class Hook(Notifier):
    """Posts to an address."""

    name = "hook"
    label = "Hook"
    api = 1

    url: SecretStr = Field(title="Address", description="Where to.")

    def send(self, notice, http):
        body = json.dumps({"key": notice.key, "text": notice.text}).encode()
        self.post(http, body)

    def post(self, http, body):
        reply = http.send("POST", self.url.get_secret_value(), headers={}, body=body, timeout_s=5)
        if reply.status in {429, 503}:
            raise RetryableError("Busy.")
        if reply.status != 200:
            raise FatalError(f"It answered {reply.status}.")


class TestHook(NotifierTests):
    plugin = Hook
    params = {"url": "https://hooks.example.com/not-to-be-told"}
    http = FakeHttp(lambda request: json_reply({}))


def posting_without_key(self, notice, http):
    self.post(http, json.dumps([notice.text, str(object())]).encode())


def posting_ascii(self, notice, http):
    self.post(http, f"{notice.key} {notice.subject}".encode("ascii"))


def never_minding(self, http, body):
    http.send("POST", self.url.get_secret_value(), headers={}, body=body, timeout_s=5)


def telling_the_address(self, http, body):
    reply = http.send("POST", self.url.get_secret_value(), headers={}, body=body, timeout_s=5)
    if reply.status != 200:
        raise RetryableError(f"{self.url.get_secret_value()} answered {reply.status}.")


@pytest.mark.parametrize(
    ("change", "test"),
    [
        ({"send": posting_without_key}, "test_the_same_notice_again_can_be_told_as_a_repeat"),
        ({"send": posting_ascii}, "test_odd_notices_are_delivered_or_refused"),
        ({"post": never_minding}, "test_a_busy_receiver_is_tried_again_later"),
        ({"post": never_minding}, "test_a_refusal_is_an_error_without_secrets"),
        ({"post": telling_the_address}, "test_a_refusal_is_an_error_without_secrets"),
    ],
)
def test_a_notifier_that_breaks_a_promise_fails_the_test_of_it(change, test):
    checks = checks_of(TestHook, Hook, **change)

    with pytest.raises(AssertionError):
        getattr(checks, test)()
