"""What the built-in transforms do beyond their examples, which run in test_builtins."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lsync_company_directory import CompanyDirectory
from lsync_company_directory.provider import open_directory

from lsync_flask.engine.steps import PluginCall, build_chain, run_chain
from lsync_flask.errors import InvalidParams, RecordRejected
from lsync_flask.plugin_api import Call, Inquiry, build
from lsync_flask.plugin_testing import is_value

TEXTS = (
    st.text(max_size=40)
    | st.from_regex(r"[-(]?[$€£]?[0-9.,' ]{1,12} ?(million|bn|k|Mrd)?( ?\(.{0,6}\))?", fullmatch=True)
    | st.from_regex(r"[0-9]{1,4}[-/. ][0-9A-Za-z]{1,9}[-/. ][0-9]{1,4}( [0-9:]{1,8})?", fullmatch=True)
    | st.from_regex(r"(https?://)?[a-z0-9.@/-]{1,30}", fullmatch=True)
)
VALUES = (
    st.none()
    | TEXTS
    | st.integers()
    | st.booleans()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
    | st.lists(TEXTS, max_size=3).map(tuple)
)


@pytest.fixture(scope="module")
def steps(builtins):
    """Every built-in transform with the parameters of each of its examples."""
    return [
        build(cls, dict(params)) for cls in builtins.transforms.values() for params, _value, _result in cls.examples
    ]


@given(data=st.data())
@settings(max_examples=1500, deadline=None)
def test_a_transform_gives_a_value_or_a_sentence_and_the_same_one_again(steps, data):
    step, value = data.draw(st.sampled_from(steps)), data.draw(VALUES)

    first, again = outcome(step, value), outcome(step, value)

    assert (type(first), first) == (type(again), again)
    assert is_value(first) or is_sentence(first)


def is_sentence(outcome):
    return isinstance(outcome, Said) and outcome.text.endswith(".") and len(outcome.text) < 300


@dataclass(frozen=True)
class Said:
    """What a rejection says; no value can be equal to it."""

    text: str


def outcome(step, value):
    try:
        return step.apply(value, {})
    except RecordRejected as rejected:
        return Said(rejected.sentence)


@given(value=st.sampled_from([None, "", "  ", "\n", (), ("", " ")]), data=st.data())
@settings(max_examples=200, deadline=None)
def test_what_is_blank_stays_blank(steps, value, data):
    step = data.draw(st.sampled_from([step for step in steps if step.name != "default-if-blank"]))

    result = step.apply(value, {})

    assert result is None or not "".join(result).strip()


@given(text=st.text(max_size=60))
@example(text="a0AA")
@example(text="a AA IBM")
@settings(max_examples=300, deadline=None)
def test_a_name_in_title_case_is_in_title_case(builtins, text):
    title_case = builtins.transforms["title-case"]()
    once = title_case.apply(text, {})

    assert title_case.apply(once, {}) == once or not text.isascii()


def transform(builtins, name, **params):
    return build(builtins.transforms[name], params)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("US$ 1,027,700,000 (2020)", 1_027_700_000),
        ("¥2,811,424 million ( FY 2011)", 2_811_424_000_000),
        ("SFr 26.4 billion (2024)", 26_400_000_000),
        ("140.7 kr billion (2023)", 140_700_000_000),
        ("Approximately 2,500", 2500),
        ("14,359 (consolidated) (as of March 31, 2018)", 14359),
        ("1\u202f234\u202f567", 1_234_567),
        ("12,34,567", 1_234_567),
        ("1.2E7", 12_000_000),
        ("\u22125", -5),
        ("Q3 15", 15),
        ("As of 2021 3,167 people", 3167),
        ("3.9 (in billion)", 3_900_000_000),
    ],
)
def test_numbers_are_read_as_people_write_them(builtins, text, number):
    assert transform(builtins, "number-from-text").apply(text, {}) == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("6,000 - 8,000 (2022)", "range"),
        ("10 to 20", "range"),
        ("1.234.56", "separators"),
        ("9" * 41, "digits"),
        ("1" * 1001, "longer"),
        ("none", "no number"),
    ],
)
def test_a_text_that_is_not_one_number_is_rejected_with_the_reason(builtins, text, reason):
    with pytest.raises(RecordRejected, match=reason) as rejected:
        transform(builtins, "number-from-text").apply(text, {})

    assert rejected.value.code == "NOT_A_NUMBER"


def test_the_head_counts_of_the_company_directory_are_read_as_it_reads_them(builtins):
    directory = CompanyDirectory()
    names = [company.name for company in open_directory("USD").companies]
    chain = build_chain(
        [PluginCall("number-from-text"), PluginCall("round", {"digits": 0})], builtins.transforms, "Employees"
    )

    answers = directory.submit(Call("1", [Inquiry(name, {"company_name": name}) for name in names]), None).answers

    texts = [answer.values for answer in answers if "employees_text" in answer.values]
    assert len(texts) > 1000
    assert [
        each["employees_text"] for each in texts if run_chain(chain, each["employees_text"], {}) != each["employees"]
    ] == []


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|b)*c", r"(\d+\s?)+", "((a{2,}))+", "(?i:a+)+", "(?x)(a +) +", "("])
def test_an_expression_that_may_never_end_is_refused(builtins, pattern):
    with pytest.raises(InvalidParams) as refused:
        transform(builtins, "regex-extract", pattern=pattern)

    assert refused.value.problems["pattern"].startswith(("The expression", "The flag"))


@pytest.mark.parametrize("pattern", [r"\d{1,3}(?:,\d{3})*", "[(*+]+x", r"\(a+\)", "(?P<year>[0-9]{4})", "^(?:a|b)c+$"])
def test_an_expression_without_repeats_in_repeats_is_taken(builtins, pattern):
    assert transform(builtins, "regex-extract", pattern=pattern).pattern == pattern


def test_a_text_too_long_for_its_expression_rejects_the_record(builtins):
    extract = transform(builtins, "regex-extract", pattern=".*a.*b.*c")

    with pytest.raises(RecordRejected, match="291 are the most"):
        extract.apply("a" * 301, {})


def test_a_group_that_the_expression_lacks_is_refused(builtins):
    with pytest.raises(InvalidParams, match="no group 2"):
        transform(builtins, "regex-extract", pattern="(a)", group=2)


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"pattern": "DD.MM"}, "pattern"),
        ({"pattern": "DD.DD.YYYY MM"}, "pattern"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"order": "year first"}, "order"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_parameters_are_named(builtins, params, name):
    with pytest.raises(InvalidParams) as refused:
        transform(builtins, "date-parse", **params)

    assert list(refused.value.problems) == [name]


def test_a_day_becomes_midnight_in_the_time_zone(builtins):
    parse = transform(builtins, "date-parse", result="date and time", time_zone="Europe/Berlin")

    assert parse.apply("23.11.2026", {}) == datetime(2026, 11, 22, 23, tzinfo=UTC)


def test_a_list_of_several_must_be_joined_first(builtins):
    with pytest.raises(RecordRejected, match="First of a list"):
        transform(builtins, "number-from-text").apply(("1", "2"), {})

    assert transform(builtins, "number-from-text").apply(("", "2"), {}) == 2


def test_the_lines_of_a_value_map_must_have_an_equals_sign(builtins):
    with pytest.raises(InvalidParams, match="“FR” has no ="):
        transform(builtins, "value-map", pairs="DE = Germany\nFR")


def test_every_country_is_found_by_name_and_by_both_codes(builtins):
    to_code, to_name = transform(builtins, "country-to-code"), transform(builtins, "code-to-country")
    to_three = transform(builtins, "country-to-code", letters="three")

    names = [to_name.apply(code, {}) for code in ("DE", "ST", "CI", "KR", "BQ")]
    codes = [to_code.apply(name, {}) for name in names]
    three = [to_three.apply(name, {}) for name in names]

    assert codes == ["DE", "ST", "CI", "KR", "BQ"]
    assert [to_code.apply(code, {}) for code in three] == codes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Czech Republic", "CZ"),
        ("Korea, Republic of", "KR"),
        ("Republic of China", "TW"),
        ("Bosnia & Herzegovina", "BA"),
        ("St. Lucia", "LC"),
        ("Österreich", "AT"),
    ],
)
def test_other_names_of_countries_are_known(builtins, text, code):
    assert transform(builtins, "country-to-code").apply(text, {}) == code


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("UNIVERSITY OF LOS ANGELES", "University of Los Angeles"),
        ("maria de la cruz", "Maria de la Cruz"),
        ("MACDONALD & SONS", "MacDonald & Sons"),
        ("KLM royal dutch airlines", "KLM Royal Dutch Airlines"),
        ("wendy's", "Wendy's"),
        ("mcdonald's", "McDonald's"),
        ("société générale s.a.", "Société Générale S.A."),
        ("DIE MÜLLER AG", "Die Müller AG"),
    ],
)
def test_names_have_their_own_capitals(builtins, text, spelled):
    assert transform(builtins, "title-case").apply(text, {}) == spelled


@pytest.mark.parametrize("text", ["http://", "1.2.3.4", "a@b", "x y.com", "-.com", "http://[::1]/", "." * 3000])
def test_what_is_no_address_has_no_domain(builtins, text):
    with pytest.raises(RecordRejected, match="no web or e-mail address"):
        transform(builtins, "domain-of-url").apply(text, {})
