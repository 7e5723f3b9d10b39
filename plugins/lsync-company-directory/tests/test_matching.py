from collections.abc import Callable

import pytest
from lsync_company_directory.companies import Company
from lsync_company_directory.matching import Matcher

SIEMENS, ALPHABET, MITSUI, MINES, DELTA_AIR, DELTA_BANK, GAP, BOERSE = range(8)
COMPANIES = (
    Company("Siemens", domains=("siemens.com",), countries=frozenset({"DE"})),
    Company("Alphabet Inc.", domains=("abc.xyz", "gmail.com"), countries=frozenset({"US"})),
    Company("Mitsui & Co.", domains=("mitsui.com",), countries=frozenset({"JP"})),
    Company("Mitsui Mining & Smelting", domains=("mitsui.com",), countries=frozenset({"JP"})),
    Company("Delta plc", domains=("delta.co.uk",), countries=frozenset({"GB"})),
    Company("Delta Corporation", countries=frozenset({"US"})),
    Company("The Gap Group", countries=frozenset({"US"})),
    Company("Deutsche Börse", countries=frozenset({"DE"})),
)


Find = Callable[..., tuple[int, int] | None]


@pytest.fixture(scope="module")
def find() -> Find:
    matcher = Matcher(COMPANIES)

    def find(**clues: str) -> tuple[int, int] | None:
        match = matcher.find(**clues)
        return (match.number, match.confidence) if match else None

    return find


@pytest.mark.parametrize(
    "name",
    ["Siemens", "SIEMENS AG", "siemens aktiengesellschaft", "Siemens, Inc.", "The Siemens Co., Ltd.", " Siemens. "],
)
def test_legal_form_case_and_punctuation_do_not_matter(find: Find, name: str) -> None:
    assert (find(name=name) or (None,))[0] == SIEMENS


@pytest.mark.parametrize("name", ["Deutsche Boerse AG", "deutsche borse", "DEUTSCHE BÖRSE"])
def test_accents_do_not_matter(find: Find, name: str) -> None:
    assert (find(name=name) or (None,))[0] == BOERSE


@pytest.mark.parametrize("name", ["Mitsui and Co. Ltd", "MITSUI & CO., LTD.", "Mitsui"])
def test_and_is_the_same_as_its_sign(find: Find, name: str) -> None:
    assert (find(name=name) or (None,))[0] == MITSUI


@pytest.mark.parametrize(
    ("clues", "found"),
    [
        ({"name": "Siemens AG", "website": "https://www.siemens.com/de/"}, (SIEMENS, 100)),
        ({"name": "Siemens AG", "email": "ada@siemens.com"}, (SIEMENS, 97)),
        ({"website": "SIEMENS.COM"}, (SIEMENS, 92)),
        ({"name": "Simens", "website": "siemens.com"}, (SIEMENS, 92)),
        ({"name": "Healthineers", "website": "siemens.com"}, (SIEMENS, 80)),
        ({"email": "ada@ir.siemens.com"}, (SIEMENS, 88)),
        ({"name": "Siemens"}, (SIEMENS, 90)),
        ({"name": "Siemens", "country": "Germany"}, (SIEMENS, 93)),
        ({"name": "Siemens", "country": "Japan"}, (SIEMENS, 70)),
        ({"name": "Siemens S.p.A."}, (SIEMENS, 80)),
        ({"name": "Gap, Inc."}, (GAP, 72)),
    ],
)
def test_confidence_follows_the_clues(find: Find, clues: dict[str, str], found: tuple[int, int]) -> None:
    assert find(**clues) == found


@pytest.mark.parametrize(
    "clues",
    [
        {},
        {"name": ""},
        {"name": "Inc."},
        {"name": "Smith Trading Ltd"},
        {"name": "Gap", "country": "Japan"},
        {"website": "no address at all"},
        {"website": "https://www.linkedin.com/company/siemens"},
        {"website": "gmail.com.evil.example"},
        {"email": "ada@gmail.com"},
        {"email": "siemens.com"},
        {"email": "@siemens.com"},
    ],
)
def test_what_is_not_known_is_not_matched(find: Find, clues: dict[str, str]) -> None:
    assert find(**clues) is None


def test_a_free_mailbox_says_nothing_but_the_name_beside_it_does(find: Find) -> None:
    assert find(name="Alphabet", email="larry@gmail.com") == (ALPHABET, 90)


def test_clues_that_contradict_each_other_match_nothing(find: Find) -> None:
    assert find(name="Alphabet", website="siemens.com") is None
    assert find(website="siemens.com", email="larry@abc.xyz") is None


def test_namesakes_are_told_apart_by_country_or_website_or_not_at_all(find: Find) -> None:
    assert find(name="Delta") is None
    assert find(name="Delta", country="UK") == (DELTA_AIR, 83)
    assert find(name="Delta", country="USA") == (DELTA_BANK, 83)
    assert find(name="Delta", website="www.delta.co.uk") == (DELTA_AIR, 100)


def test_companies_that_share_a_domain_are_told_apart_by_name_or_not_at_all(find: Find) -> None:
    assert find(email="a@mitsui.com") is None
    assert find(name="Mitsui Mining and Smelting", email="a@mitsui.com") == (MINES, 97)


def test_very_long_and_odd_texts_do_no_harm(find: Find) -> None:
    assert find(name="a " * 100_000, website="b." * 100_000, email="@" * 100_000) is None
    assert find(name="\x00\ud800", website="\n", email="\t@\t") is None
