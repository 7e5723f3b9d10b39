import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsync_flask.errors import FatalError
from lsync_flask.salesforce.ids import check_id, to_18

RECORDED = [
    ("005gL000002iC2j", "QAE"),
    ("00DgL000003KIqH", "UAW"),
    ("0035500001H9cak", "AAB"),
    ("a3I7400000000ep", "EAA"),
    ("012000000000000", "AAA"),
    ("750R0000000zlh9", "IAA"),
]


@pytest.mark.parametrize(("short", "checks"), RECORDED)
def test_ids_of_real_orgs_get_their_check_characters(short, checks):
    assert to_18(short) == short + checks


@pytest.mark.parametrize(("short", "checks"), RECORDED)
def test_an_id_that_lost_its_case_on_the_way_gets_it_back(short, checks):
    assert to_18((short + checks).upper()) == short + checks
    assert to_18((short + checks).lower()) == short + checks


@given(st.from_regex(r"[A-Za-z0-9]{15}", fullmatch=True))
def test_the_long_form_of_the_long_form_is_itself(short):
    assert to_18(to_18(short)) == to_18(short)


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "005",
        "005gL000002iC2jQAF",
        "005gL000002iC2j'",
        "https://evil/xxxx",
        "005gL000002iC2jQ",
        "005gL000002iC2é",
        "005gL000002iC2j\n",
        "005gL000002iC2jQA9",
    ],
)
def test_what_is_no_id_is_refused(odd):
    with pytest.raises(FatalError, match="no Salesforce id"):
        to_18(odd)


def test_the_id_of_something_else_is_refused():
    with pytest.raises(FatalError, match="begin with 005"):
        check_id("00DgL000003KIqH", "005")
