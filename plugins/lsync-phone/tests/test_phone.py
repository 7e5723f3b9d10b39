"""The plugins keep the rules of all plugins, and these of their own."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsync_phone import IsValidPhone, PhoneToE164, PhoneToRegion, PhoneToTimeZone, ValidPhoneOf

from lsync_flask.errors import InvalidParams, RecordRejected
from lsync_flask.plugin_api import Transform, build
from lsync_flask.plugin_testing import is_value, plugin_problems

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TRANSFORMS: list[type[Transform]] = [PhoneToE164, PhoneToRegion, PhoneToTimeZone]
TEXTS = st.one_of(st.text(max_size=30), st.text("+()0123456789 -x.", max_size=25))


@pytest.mark.parametrize("plugin", [*TRANSFORMS, IsValidPhone, ValidPhoneOf])
def test_the_plugin_keeps_all_rules(plugin: type) -> None:
    assert plugin_problems(plugin) == []


def outcome(transform: Transform, value: Any) -> Any:
    try:
        result = transform.apply(value, {})
    except RecordRejected as error:
        return RecordRejected, str(error)
    assert is_value(result)
    return result


@pytest.mark.parametrize("plugin", TRANSFORMS)
@settings(max_examples=60, deadline=None)
@given(value=st.one_of(TEXTS, st.none(), st.integers(), st.booleans(), st.lists(TEXTS, max_size=3).map(tuple)))
def test_a_transform_raises_nothing_but_a_rejection_and_says_the_same_twice(
    plugin: type[Transform], value: Any
) -> None:
    for params in {json.dumps(params): params for params, *_ in plugin.examples}.values():
        assert outcome(build(plugin, params), value) == outcome(build(plugin, params), value)


@settings(max_examples=60, deadline=None)
@given(value=st.one_of(TEXTS, st.none(), st.integers()), typed=st.lists(TEXTS, max_size=3).map(tuple))
def test_the_operators_say_true_or_false_whatever_is_typed(value: Any, typed: tuple[str, ...]) -> None:
    assert IsValidPhone().matches(value, None, NOW) in {True, False}
    assert ValidPhoneOf().matches(value, typed, NOW) in {True, False}


@settings(max_examples=60, deadline=None)
@given(text=st.text("+()0123456789 -", max_size=20))
def test_the_international_form_is_read_back_as_the_same_number(text: str) -> None:
    phone = build(PhoneToE164, {"country": "GB"})
    written = outcome(phone, text)

    assert not isinstance(written, str) or build(PhoneToE164, {}).apply(written, {}) == written


def test_a_country_typed_wrongly_is_refused_with_what_would_be_right() -> None:
    with pytest.raises(InvalidParams, match="“XX” is not the two-letter code of a country, such as GB"):
        ValidPhoneOf().conditions(("GB", "XX"))


def test_a_country_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidParams) as refused:
        build(PhoneToE164, {"country": "XX"})

    assert refused.value.problems == {"country": "“XX” is not the two-letter code of a country, such as GB."}


def test_the_leading_zero_of_italian_numbers_stays() -> None:
    phone = build(PhoneToE164, {"country": "IT"})

    assert phone.apply("06 1234 5678", {}) == "+390612345678"


def test_a_number_without_a_country_says_what_is_missing() -> None:
    phone = build(PhoneToE164, {})

    with pytest.raises(RecordRejected, match="say which country") as rejected:
        phone.apply("020 7946 0000", {})

    assert rejected.value.code == "NOT_A_PHONE_NUMBER"


@pytest.mark.parametrize("text", ["+1", "1" * 101, "+999 123456789", "tel:", "+44 20 7946 0000 x"])
def test_odd_texts_are_rejected_or_read_and_never_fail(text: str) -> None:
    phone = build(PhoneToE164, {})

    try:
        result = phone.apply(text, {})
    except RecordRejected:
        return
    assert result == "+442079460000"
