import itertools

import pytest

from lsync_flask.errors import FatalError
from lsync_flask.plugin_api import (
    Answer,
    Answers,
    Catalogue,
    Condition,
    Field,
    Inquiry,
    Limits,
    Operator,
    Provider,
    ProviderField,
    RecordRejected,
    Ticket,
    Transform,
    Window,
)
from lsync_flask.plugin_testing import NoHttp, ProviderTests, TransformTests, plugin_problems


class Double(Transform):
    """Twice the text."""

    name = "double"
    label = "Double"
    api = 1
    examples = (({}, "la", "lala"), ({"times": 3}, "la", "lalala"), ({}, None, None), ({}, 5, RecordRejected))

    times: int = Field(default=2, ge=1, le=9, title="Times", description="How often.")

    def apply(self, value, record):
        if value is None:
            return None
        if not isinstance(value, str):
            raise RecordRejected("Only text can be doubled.")
        return value * self.times


def made(base, **attributes):
    return type("Made", (base,), {"__doc__": "Made for a test.", "__module__": __name__, **attributes})


class TestDouble(TransformTests):
    plugin = Double


def test_a_sound_transform_has_no_problems():
    assert plugin_problems(Double) == []


@pytest.mark.parametrize("thing", [int, object, None, "Double", Double()])
def test_what_is_no_plugin_is_said_so(thing):
    assert "no subclass" in plugin_problems(thing)[0]


def test_examples_are_needed():
    assert plugin_problems(made(Double, examples=())) == [
        "It has no examples; they are its tests and its documentation."
    ]


@pytest.mark.parametrize(
    ("example", "finding"),
    [
        (({}, "la", "la"), "gives 'lala', and not 'la'"),
        (({}, 5, 10), "gives RecordRejected"),
        (({"times": 0}, "la", None), "it raised InvalidParams"),
        (({"tims": 1}, "la", "la"), "it raised InvalidParams"),
        (({"times": {1}}, "la", "la"), "it raised TypeError"),
        (({}, "la"), "it raised ValueError"),
    ],
)
def test_an_example_that_is_not_so_is_found(example, finding):
    assert any(finding in problem for problem in plugin_problems(made(Double, examples=(example,))))


def test_true_is_not_one():
    cls = made(Double, apply=lambda self, value, record: True, examples=(({}, "a", 1),))

    assert "gives True, and not 1" in plugin_problems(cls)[0]


@pytest.mark.parametrize("result", [1.5, [], {}, object(), b"x", ("a", 1), float("nan")])
def test_a_result_that_is_no_value_is_found(result):
    cls = made(Double, apply=lambda self, value, record: result)

    assert any("which is no value" in problem for problem in plugin_problems(cls))


def test_a_transform_that_changes_its_mind_is_found():
    counter = itertools.count()
    cls = made(Double, apply=lambda self, value, record: next(counter))

    assert any("the second time" in problem for problem in plugin_problems(cls))


def test_a_transform_that_fails_on_odd_values_is_found():
    cls = made(Double, apply=lambda self, value, record: value.upper() * 2, examples=(({}, "la", "LALA"),))

    assert any("AttributeError" in problem for problem in plugin_problems(cls))


def test_a_parameter_without_title_or_description_is_found():
    cls = made(Double, __annotations__={"how": int}, how=1)

    assert any("how has no title" in problem for problem in plugin_problems(cls))
    assert any("how has no description" in problem for problem in plugin_problems(cls))


class Longer(Operator):
    """The text is longer than the operand."""

    name = "longer"
    label = "longer than"
    api = 1
    types = frozenset({"string"})
    examples = (("string", "Acme", "abc", True), ("string", None, "abc", False))

    def matches(self, value, operand, now):
        return isinstance(value, str) and len(value) > len(operand)

    def conditions(self, operand):
        return None


def test_a_sound_operator_has_no_problems():
    assert plugin_problems(Longer) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"examples": (("string", "Acme", "abc", False),)}, "and not False"),
        ({"examples": (("date", "Acme", "abc", True),)}, "does not offer"),
        ({"matches": lambda self, value, operand, now: 1}, "gives 1, and not True"),
        ({"matches": lambda self, value, operand, now: len(value) > 3}, "TypeError"),
        ({"conditions": lambda self, operand: [Condition("sounds like", operand)]}, "Salesforce has no test"),
        ({"conditions": lambda self, operand: ["Name = 'x'"]}, "no Condition"),
    ],
)
def test_an_operator_that_breaks_a_rule_is_found(change, finding):
    assert any(finding in problem for problem in plugin_problems(made(Longer, **change)))


class Echo(Provider):
    """Says what it is told."""

    name = "echo"
    label = "Echo"
    api = 1
    idempotency = "natural"
    max_per_call = 10

    def catalogue(self):
        return Catalogue((ProviderField("text", "Text"),), (ProviderField("echo", "Echo"),), (frozenset({"text"}),))

    def submit(self, call, http):
        return Ticket(",".join(f"{inquiry.key}={inquiry.inputs['text']}" for inquiry in call.inquiries), 1)

    def collect(self, ticket, http):
        pairs = [part.split("=") for part in ticket.ref.split(",") if part]
        return Answers([Answer(key, True, {"echo": text}) for key, text in pairs], len(pairs))

    def check(self, http):
        return "It hears you."


class TestEcho(ProviderTests):
    plugin = Echo
    inquiries = (Inquiry("1", {"text": "a"}), Inquiry("2", {"text": "b"}))


def test_a_sound_provider_has_no_problems():
    assert plugin_problems(Echo) == []


TEXT = ProviderField("text", "Text")


@pytest.mark.parametrize(
    ("catalogue", "finding"),
    [
        (None, "gives no Catalogue"),
        (Catalogue((), (TEXT,)), "has no inputs"),
        (Catalogue((TEXT,), (TEXT, TEXT)), "is there 2 times"),
        (Catalogue((TEXT,), (ProviderField("x", " "),)), "no name or no label"),
        (Catalogue((TEXT,), (ProviderField("x", "X", "float"),)), "which Salesforce does not know"),
        (Catalogue((TEXT,), (ProviderField("x", "X", length=0),)), "length below 1"),
        (Catalogue((TEXT,), (ProviderField("x", "X", values=("a",)),)), "is no picklist"),
        (Catalogue((TEXT,), (TEXT,), (frozenset({"other"}),)), "names inputs that do not exist"),
        (Catalogue((TEXT,), (TEXT,), (frozenset(),)), "or none"),
    ],
)
def test_an_unsound_catalogue_is_found(catalogue, finding):
    cls = made(Echo, catalogue=lambda self: catalogue)

    assert any(finding in problem for problem in plugin_problems(cls))


@pytest.mark.parametrize(
    "limits", [Limits(0), Limits(1, 0), Limits(1, windows=(Window(0, 5),)), Limits(1, windows=(Window(60),)), None]
)
def test_impossible_limits_are_found(limits):
    assert any("limits() must " in p for p in plugin_problems(made(Echo, limits=lambda self: limits)))


@pytest.mark.parametrize(
    ("answers", "test"),
    [
        ([Answer("1", True, {})], "test_there_is_one_answer_for_each_inquiry"),
        ([Answer("1", True, {"other": 1})], "test_answers_hold_what_the_catalogue_promises"),
        ([Answer("1", True, {}, confidence=101)], "test_answers_hold_what_the_catalogue_promises"),
        ([Answer("1", False, {"echo": "x"})], "test_answers_hold_what_the_catalogue_promises"),
        ([Answer("1", True)], "test_an_empty_call_costs_nothing"),
    ],
)
def test_a_provider_that_answers_wrongly_fails_its_tests(answers, test):
    checks = made(TestEcho, plugin=made(Echo, submit=lambda self, call, http: Answers(answers, 1)))()

    with pytest.raises(AssertionError):
        getattr(checks, test)()


def test_a_provider_that_never_answers_fails_its_tests():
    checks = made(TestEcho, plugin=made(Echo, collect=lambda self, ticket, http: ticket))()

    with pytest.raises(AssertionError, match="still no answers"):
        checks.test_there_is_one_answer_for_each_inquiry()


def test_there_is_no_way_out_in_tests():
    with pytest.raises(FatalError):
        NoHttp().send("GET", "https://example.com", headers={}, body=None, timeout_s=1)
