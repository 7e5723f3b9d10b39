"""The plugins keep the rules of all plugins, and these of their own."""

import json
from datetime import UTC, datetime
from typing import Any

import pycountry
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsync_geo import CountryForm, CountryIs, SubdivisionForm

from lsync_flask.errors import InvalidParams, RecordRejected
from lsync_flask.plugin_api import Transform, build
from lsync_flask.plugin_testing import is_value, plugin_problems

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TEXTS = st.one_of(
    st.text(max_size=40), st.lists(st.sampled_from(["US", "-", "CA", ", ", "the", "Saint", "İ", "[", "."])).map("".join)
)


@pytest.mark.parametrize("plugin", [CountryForm, SubdivisionForm, CountryIs])
def test_the_plugin_keeps_all_rules(plugin: type) -> None:
    assert plugin_problems(plugin) == []


def outcome(transform: Transform, value: Any) -> Any:
    try:
        result = transform.apply(value, {})
    except RecordRejected as error:
        return RecordRejected, str(error)
    assert is_value(result)
    return result


@pytest.mark.parametrize("plugin", [CountryForm, SubdivisionForm])
@settings(max_examples=60, deadline=None)
@given(value=st.one_of(TEXTS, st.none(), st.integers(), st.booleans(), st.lists(TEXTS, max_size=3).map(tuple)))
def test_a_transform_raises_nothing_but_a_rejection_and_says_the_same_twice(
    plugin: type[Transform], value: Any
) -> None:
    for params in {json.dumps(params): params for params, *_ in plugin.examples}.values():
        assert outcome(build(plugin, params), value) == outcome(build(plugin, params), value)


@settings(max_examples=60, deadline=None)
@given(value=st.one_of(TEXTS, st.none(), st.integers()), typed=st.lists(TEXTS, max_size=3).map(tuple))
def test_the_operator_says_true_or_false_whatever_is_typed(value: Any, typed: tuple[str, ...]) -> None:
    assert CountryIs().matches(value, typed, NOW) in {True, False}


@pytest.mark.parametrize("style", ["two letters", "three letters", "number", "name", "common name", "official name"])
def test_every_country_is_found_by_what_was_written_of_it(style: str) -> None:
    there, back = build(CountryForm, {"write": style}), build(CountryForm, {})

    codes = [country.alpha_2 for country in pycountry.countries]

    assert [back.apply(there.apply(code, {}), {}) for code in codes] == codes


def test_every_subdivision_is_found_by_its_code_with_and_without_its_country() -> None:
    codes = [place.code for place in pycountry.subdivisions]
    whole = build(SubdivisionForm, {"write": "ISO code"})

    assert [whole.apply(code, {}) for code in codes] == codes
    assert [whole.apply(f"{code.partition('-')[2]}, {code[:2]}", {}) for code in codes] == codes


def test_the_states_of_the_united_states_go_by_name_and_back() -> None:
    there = build(SubdivisionForm, {"country": "US", "write": "name"})
    back = build(SubdivisionForm, {"country": "US"})

    codes = [place.code[3:] for place in pycountry.subdivisions.get(country_code="US")]

    assert [back.apply(there.apply(code, {}), {}) for code in codes] == codes


@pytest.mark.parametrize(
    ("country", "state", "code"),
    [
        ("Deutschland", "Bayern", "BY"),
        ("US", "Georgia", "GA"),
        ("Canada", "Quebec", "QC"),
        ("Italy", "Roma", "RM"),
        ("Spain", "Asturias", "AS"),
    ],
)
def test_the_country_may_stand_in_a_field_of_the_record(country: str, state: str, code: str) -> None:
    transform = build(SubdivisionForm, {"country_field": "BillingCountry"})

    assert transform.apply(state, {"BillingCountry": country}) == code


def test_a_name_of_several_countries_is_not_guessed() -> None:
    with pytest.raises(RecordRejected, match="without its country") as rejected:
        build(SubdivisionForm, {}).apply("Punjab", {})

    assert rejected.value.code == "NOT_A_SUBDIVISION"
    assert build(SubdivisionForm, {}).apply("Punjab, India", {}) == "PB"


def test_a_country_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidParams) as refused:
        build(SubdivisionForm, {"country": "Atlantis"})
    with pytest.raises(InvalidParams, match="“Atlantis” is no country"):
        CountryIs().conditions(("DE", "Atlantis"))

    assert refused.value.problems == {"country": "“Atlantis” is no country, such as US or Germany."}
