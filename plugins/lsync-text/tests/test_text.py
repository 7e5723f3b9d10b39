"""Each plugin keeps the rules of all plugins, and these of its own."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsync_text import (
    BusinessDomain,
    ClosestOf,
    CompanyWithoutForm,
    DomainEquals,
    IsBusinessEmail,
    LanguageIs,
    MatchesRegex,
    NamePart,
    RegexReplace,
    Resembles,
    ScriptIs,
    TextLanguage,
    TextScript,
)

from lsync_flask.errors import InvalidParams, RecordRejected
from lsync_flask.plugin_api import Operator, Transform, build
from lsync_flask.plugin_testing import is_value, plugin_problems

TRANSFORMS: list[type[Transform]] = [
    BusinessDomain,
    ClosestOf,
    CompanyWithoutForm,
    NamePart,
    RegexReplace,
    TextLanguage,
    TextScript,
]
OPERATORS: list[type[Operator]] = [DomainEquals, IsBusinessEmail, LanguageIs, MatchesRegex, Resembles, ScriptIs]
NOW = datetime(2026, 11, 23, tzinfo=UTC)

TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(["GmbH", "Dr.", "@", "www.", ".", "acme", ", ", "<", "https://", "ä", "株", " "])).map(
        "".join
    ),
)


@pytest.mark.parametrize("plugin", [*TRANSFORMS, *OPERATORS])
def test_the_plugin_keeps_all_rules(plugin: type) -> None:
    assert plugin_problems(plugin) == []


def outcome(transform: Transform, value: Any) -> Any:
    try:
        result = transform.apply(value, {})
    except RecordRejected as error:
        return RecordRejected, str(error)
    assert is_value(result)
    return result


def refusal(operator: Operator, typed: Any) -> list[str]:
    try:
        assert operator.conditions(typed) is None
    except InvalidParams as error:
        return list(error.problems.values())
    return []


@pytest.mark.parametrize("plugin", TRANSFORMS)
@settings(max_examples=40, deadline=None)
@given(
    value=st.one_of(
        TEXTS,
        st.none(),
        st.integers(),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.dates(),
        st.booleans(),
        st.lists(TEXTS, max_size=3).map(tuple),
    )
)
def test_a_transform_raises_nothing_but_a_rejection_and_says_the_same_twice(
    plugin: type[Transform], value: Any
) -> None:
    for params in {json.dumps(params): params for params, *_ in plugin.examples}.values():
        transform = build(plugin, params)

        assert outcome(transform, value) == outcome(transform, value)


@pytest.mark.parametrize("plugin", OPERATORS)
@settings(max_examples=40, deadline=None)
@given(value=st.one_of(TEXTS, st.none(), st.integers()))
def test_an_operator_says_true_or_false_and_the_same_twice(plugin: type[Operator], value: Any) -> None:
    operator = build(plugin, {})
    for *_, operand, _expected in plugin.examples:
        said = operator.matches(value, operand, NOW)

        assert said in {True, False}
        assert operator.matches(value, operand, NOW) is said


@pytest.mark.parametrize("plugin", [cls for cls in OPERATORS if cls.operands != "none"])
@settings(max_examples=40, deadline=None)
@given(typed=st.one_of(TEXTS, st.lists(TEXTS, max_size=3).map(tuple), st.none()))
def test_what_is_typed_is_refused_with_a_sentence_or_can_be_tested(plugin: type[Operator], typed: Any) -> None:
    operator = build(plugin, {})

    problems = refusal(operator, typed)

    assert all(text.endswith(".") for text in problems)
    assert problems or operator.matches("Acme", typed, NOW) in {True, False}


@pytest.mark.parametrize("pattern", ["(", "a{5000}", "(?=x)", r"(a)\1", "(((a{100}){100}){100})"])
def test_an_expression_that_re2_cannot_read_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidParams, match="cannot be read"):
        build(RegexReplace, {"pattern": pattern})
    with pytest.raises(InvalidParams, match="cannot be read"):
        MatchesRegex().conditions(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(.*a){20}", "(a|aa)+$", "(x+x+)+y"])
def test_an_expression_that_would_never_end_elsewhere_ends(pattern: str) -> None:
    text = "a" * 20_000 + "!" + "x" * 10_000

    assert MatchesRegex().matches(text, pattern, NOW) in {True, False}
    assert isinstance(build(RegexReplace, {"pattern": pattern, "replacement": "-"}).apply(text, {}), str)


def test_a_new_text_that_names_a_group_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidParams, match="there is no"):
        build(RegexReplace, {"pattern": "(a)", "replacement": r"\2"})


def test_a_text_that_grows_too_long_is_rejected() -> None:
    transform = build(RegexReplace, {"pattern": "a", "replacement": "b" * 500})

    with pytest.raises(RecordRejected, match="more than 32,000 characters"):
        transform.apply("a" * 100, {})


@pytest.mark.parametrize(
    ("operator", "typed", "sentence"),
    [
        (DomainEquals, ("not a domain",), "“not a domain” is no domain, such as example.com."),
        (LanguageIs, ("German",), "“German” is no code of a language, such as de or en."),
        (ScriptIs, ("Runes",), "“Runes” is no script. There are Arabic"),
        (Resembles, ("…",), "Type a text with letters or digits in it."),
    ],
)
def test_what_is_typed_wrongly_is_refused_with_what_would_be_right(
    operator: type[Operator], typed: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(InvalidParams) as refused:
        operator().conditions(typed)

    assert refused.value.problems[""].startswith(sentence)


@pytest.mark.parametrize(
    "domain", ["gmail.com", "googlemail.com", "outlook.com", "gmx.de", "web.de", "yahoo.co.jp", "qq.com", "orange.fr",
               "mail.ru", "icloud.com", "proton.me", "seznam.cz", "eu.gmx.net"]
)  # fmt: skip
def test_well_known_free_mail_services_are_known(domain: str) -> None:
    assert IsBusinessEmail().matches(f"ada@{domain}", None, NOW) is False


@pytest.mark.parametrize("domain", ["sap.com", "siemens.com", "ibm.com", "notgmail.com", "gmail.com.example"])
def test_domains_of_companies_are_business(domain: str) -> None:
    assert IsBusinessEmail().matches(f"ada@{domain}", None, NOW) is True
