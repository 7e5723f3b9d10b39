"""The transform keeps the rules of all transforms, and these of its own."""

import pytest
from lsync_phone import PhoneToE164

from lsync_flask.errors import InvalidParams, RecordRejected
from lsync_flask.plugin_api import build
from lsync_flask.plugin_testing import TransformTests


class TestPhoneToE164(TransformTests):
    plugin = PhoneToE164


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
