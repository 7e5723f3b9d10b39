from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsync_flask.errors import InvalidParams
from lsync_flask.relative_dates import MONDAY, normalise_period, relative_range, utc_bounds

MONDAY_MORNING = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "literal"),
    [
        ("today", "TODAY"),
        ("LAST 30 DAYS", "LAST_N_DAYS:30"),
        ("last_n_days : 30", "LAST_N_DAYS:30"),
        ("LAST N DAYS 30", "LAST_N_DAYS:30"),
        ("LAST_90_DAYS", "LAST_N_DAYS:90"),
        ("next 1 month", "NEXT_N_MONTHS:1"),
        ("2 weeks ago", "N_WEEKS_AGO:2"),
        ("this quarter", "THIS_QUARTER"),
        ("2026-11-23", "2026-11-23"),
        ("LAST_DAY", None),
        ("2026-02-30", None),
        ("soon", None),
        ("", None),
    ],
)
def test_periods_are_brought_into_one_form(typed, literal):
    assert normalise_period(typed) == literal


def test_a_period_of_the_fiscal_year_is_refused_with_a_sentence():
    with pytest.raises(InvalidParams, match="fiscal year"):
        normalise_period("THIS_FISCAL_QUARTER")
    with pytest.raises(InvalidParams, match="fiscal year"):
        normalise_period("LAST_N_FISCAL_YEARS:2")


@pytest.mark.parametrize(
    ("literal", "first", "last"),
    [
        ("TODAY", "2026-11-23", "2026-11-23"),
        ("YESTERDAY", "2026-11-22", "2026-11-22"),
        ("TOMORROW", "2026-11-24", "2026-11-24"),
        ("LAST_N_DAYS:1", "2026-11-22", "2026-11-23"),
        ("LAST_N_DAYS:30", "2026-10-24", "2026-11-23"),
        ("NEXT_N_DAYS:3", "2026-11-24", "2026-11-26"),
        ("NEXT_90_DAYS", "2026-11-24", "2027-02-21"),
        ("N_DAYS_AGO:3", "2026-11-20", "2026-11-20"),
        ("THIS_WEEK", "2026-11-22", "2026-11-28"),
        ("LAST_WEEK", "2026-11-15", "2026-11-21"),
        ("LAST_N_WEEKS:2", "2026-11-08", "2026-11-21"),
        ("N_WEEKS_AGO:2", "2026-11-08", "2026-11-14"),
        ("THIS_MONTH", "2026-11-01", "2026-11-30"),
        ("NEXT_MONTH", "2026-12-01", "2026-12-31"),
        ("LAST_N_MONTHS:2", "2026-09-01", "2026-10-31"),
        ("NEXT_N_MONTHS:2", "2026-12-01", "2027-01-31"),
        ("N_MONTHS_AGO:11", "2025-12-01", "2025-12-31"),
        ("THIS_QUARTER", "2026-10-01", "2026-12-31"),
        ("NEXT_QUARTER", "2027-01-01", "2027-03-31"),
        ("N_QUARTERS_AGO:4", "2025-10-01", "2025-12-31"),
        ("LAST_YEAR", "2025-01-01", "2025-12-31"),
        ("LAST_N_YEARS:2", "2024-01-01", "2025-12-31"),
        ("N_YEARS_AGO:2", "2024-01-01", "2024-12-31"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
    ],
)
def test_a_period_means_the_days_that_salesforce_means(literal, first, last):
    start, end = relative_range(literal, MONDAY_MORNING)

    assert (start.isoformat(), (end - timedelta(days=1)).isoformat()) == (first, last)


def test_the_week_starts_on_sunday_unless_told_otherwise():
    assert relative_range("THIS_WEEK", MONDAY_MORNING)[0] == date(2026, 11, 22)
    assert relative_range("THIS_WEEK", MONDAY_MORNING, MONDAY)[0] == date(2026, 11, 23)


def test_today_is_the_day_of_the_user_and_not_of_utc():
    late = datetime(2026, 11, 23, 22, 0, tzinfo=ZoneInfo("America/Los_Angeles"))

    assert relative_range("TODAY", late)[0] == date(2026, 11, 23)
    assert utc_bounds("TODAY", late)[0] == datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_a_day_without_midnight_begins_when_summer_time_does():
    now = datetime(2018, 11, 4, 12, tzinfo=ZoneInfo("America/Sao_Paulo"))

    start, end = utc_bounds("TODAY", now)

    assert start == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert end - start == timedelta(hours=23)


@pytest.mark.parametrize(
    "literal", ["LAST_N_YEARS:400", "NEXT_N_YEARS:999999", "LAST_N_DAYS:999999", "1699-12-31", "soon"]
)
def test_a_period_beyond_what_salesforce_knows_is_refused(literal):
    with pytest.raises(InvalidParams):
        relative_range(literal, MONDAY_MORNING)


@given(
    st.sampled_from(["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]),
    st.integers(1, 100),
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis adds it)
)
def test_past_present_and_future_lie_next_to_each_other(unit, count, now):
    past = relative_range(f"LAST_N_{unit}S:{count}", now)
    future = relative_range(f"NEXT_N_{unit}S:{count}", now)
    ago = relative_range(f"N_{unit}S_AGO:{count}", now)

    assert past[0] == ago[0]
    assert past[0] < past[1] <= future[0] < future[1]
    if unit == "DAY":
        assert past[1] == future[0] == now.date() + timedelta(days=1)
    else:
        assert relative_range(f"THIS_{unit}", now) == (past[1], future[0])
