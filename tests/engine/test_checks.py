from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsync_flask.engine.values import check_value, same_value, spell_json, spell_text
from lsync_flask.errors import RecordRejected

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value", "fitting"),
    [
        ("Company", "  Acme ", "Acme"),
        ("Company", 42, "42"),
        ("Country", "   ", None),
        ("Country", None, None),
        ("Country", Decimal("1E+3"), "1000"),
        ("Country", True, "true"),
        ("Country", ("", "Chile"), "Chile"),
        ("Country", "A\x00B\x1fC\ud800", "ABC"),
        ("Country", "North\r\n Korea", "North Korea"),
        ("Street", "One\nTwo", "One\nTwo"),
        ("Country", NOON, "2026-11-23T12:00:00.000Z"),
        ("Rating", "hot", "Hot"),
        ("Rating", "Very Hot", "Hot"),
        ("Industry", "Mining", "Mining"),
        ("Colours__c", ("red", "Blue", "Red"), "Red;Blue"),
        ("Colours__c", "red; blue;", "Red;Blue"),
        ("DoNotCall", "Yes", True),
        ("DoNotCall", 0, False),
        ("NumberOfEmployees", Decimal("12.5"), 13),
        ("NumberOfEmployees", " 42 ", 42),
        ("Score__c", Decimal("1.005"), Decimal("1.01")),
        ("Score__c", "1.2E2", Decimal("120.00")),
        ("Share__c", "12.34%", Decimal("12.3")),
        ("Founded__c", "2026-11-23", date(2026, 11, 23)),
        ("Founded__c", NOON, date(2026, 11, 23)),
        ("Seen__c", "2026-11-23T13:00:00+01:00", NOON),
        ("Seen__c", "2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("Seen__c", date(2026, 11, 23), datetime(2026, 11, 23, tzinfo=UTC)),
        ("Email", "Ann.O'Neil+x@sub.example.com", "Ann.O'Neil+x@sub.example.com"),
        ("OwnerId", "005gL000002iC2j", "005gL000002iC2jQAE"),
    ],
)
def test_a_value_is_brought_into_the_form_that_the_field_takes(fields, name, value, fitting):
    checked = check_value(fields[name], value)

    assert checked == fitting
    assert type(checked) is type(fitting)


@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        ("Company", "x" * 41, "STRING_TOO_LONG", "takes 40 characters"),
        ("Company", None, "REQUIRED_FIELD_MISSING", "Company must have a value"),
        ("Company", " ", "REQUIRED_FIELD_MISSING", "Company"),
        ("Country", "#N/A", "INVALID_TYPE_ON_FIELD_IN_RECORD", "would clear the field"),
        ("Country", ("Chile", "Peru"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "takes one value"),
        ("Rating", "Old", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "is not one of its values (Hot, Cold)"),
        ("Email", "ann at example", "INVALID_EMAIL_ADDRESS", "is not an e-mail address"),
        ("Email", "a@b@example.com", "INVALID_EMAIL_ADDRESS", "is not an e-mail address"),
        ("DoNotCall", "perhaps", "INVALID_TYPE_ON_FIELD_IN_RECORD", "neither true nor false"),
        ("DoNotCall", 2, "INVALID_TYPE_ON_FIELD_IN_RECORD", "neither true nor false"),
        ("DoNotCall", None, "REQUIRED_FIELD_MISSING", "must have a value"),
        ("NumberOfEmployees", 10**8, "NUMBER_OUTSIDE_VALID_RANGE", "more than 8 digits"),
        ("NumberOfEmployees", "99999999.5", "NUMBER_OUTSIDE_VALID_RANGE", "more than 8 digits"),
        ("NumberOfEmployees", True, "INVALID_TYPE_ON_FIELD_IN_RECORD", "is not a number"),
        ("NumberOfEmployees", "1,200", "INVALID_TYPE_ON_FIELD_IN_RECORD", "is not a number"),
        ("Score__c", Decimal("999.995"), "NUMBER_OUTSIDE_VALID_RANGE", "more than 3 digits"),
        ("AnnualRevenue", Decimal("1E999"), "NUMBER_OUTSIDE_VALID_RANGE", "too large"),
        ("AnnualRevenue", Decimal("NaN"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "is not a number"),
        ("Founded__c", "1066-10-14", "INVALID_TYPE_ON_FIELD_IN_RECORD", "is not a date"),
        ("Founded__c", 1999, "INVALID_TYPE_ON_FIELD_IN_RECORD", "is not a date"),
        ("Seen__c", "yesterday", "INVALID_TYPE_ON_FIELD_IN_RECORD", "is not a date and time"),
        ("OwnerId", "Ann", "MALFORMED_ID", "is not a record's id"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_a_sentence(fields, name, value, code, words):
    with pytest.raises(RecordRejected, match=r".*") as caught:
        check_value(fields[name], value)

    assert caught.value.code == code
    assert words in caught.value.sentence
    assert fields[name].label in caught.value.sentence
    assert len(caught.value.sentence) < 255


values = st.one_of(
    st.none(),
    st.text(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.text(max_size=5), max_size=3).map(tuple),
    st.sampled_from(["12.5", "true", "2026-11-23", "Hot", "red;blue", "a@b.example", "005gL000002iC2jQAE", "1E5"]),
)


@given(st.data(), values)
def test_a_checked_value_can_always_be_sent_and_checks_again_to_itself(fields, data, value):
    field = data.draw(st.sampled_from(sorted(fields.values(), key=lambda each: each.name)))
    checked = check_or_none(field, value)

    spell_text(field, checked).encode()
    spell_json(field, checked)
    if checked is not None:
        assert check_value(field, checked) == checked
        assert same_value(field, checked, checked)


def check_or_none(field, value):
    try:
        return check_value(field, value)
    except RecordRejected:
        return None
