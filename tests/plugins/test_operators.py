from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lsync_flask.builtins import operators, text_operators
from lsync_flask.plugin_testing import plugin_problems

ALL = [getattr(module, name) for module in (operators, text_operators) for name in module.__all__]
NAMES = {cls.name: cls for cls in ALL}
ORDERED = "equals greater-or-equal greater-than is-empty is-not-empty less-or-equal less-than none-of not-equal one-of"
NEW_YORK = datetime(2026, 11, 23, 22, 30, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.name)
def test_every_operator_keeps_all_rules(cls):
    assert plugin_problems(cls) == []


def test_the_operators_of_the_specification_are_there():
    names = """equals not-equal less-than greater-than less-or-equal greater-or-equal contains not-contains starts-with
        ends-with includes excludes is-empty is-not-empty one-of none-of between in-last-days not-in-last-days"""

    assert sorted(NAMES) == sorted(names.split())


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("string", f"contains ends-with {ORDERED} not-contains starts-with"),
        ("currency", f"between {ORDERED}"),
        ("datetime", f"between {ORDERED} in-last-days not-in-last-days"),
        ("boolean", "equals not-equal"),
        ("multipicklist", "equals excludes includes is-empty is-not-empty none-of not-equal one-of"),
        ("reference", "equals is-empty is-not-empty none-of not-equal one-of"),
        ("longtextarea", ""),
    ],
)
def test_each_field_type_offers_its_operators(kind, names):
    assert sorted(name for name, cls in NAMES.items() if kind in cls.types) == sorted(names.split())


@pytest.mark.parametrize(
    ("days_ago", "days", "is_within"),
    [(0, 0, True), (1, 0, False), (30, 30, True), (31, 30, False), (-1, 30, False)],
)
def test_the_last_days_include_today_and_end_with_it(days_ago, days, is_within):
    day = NEW_YORK.date() - timedelta(days=days_ago)

    assert NAMES["in-last-days"]().matches(day, days, NEW_YORK) is is_within
    assert NAMES["not-in-last-days"]().matches(day, days, NEW_YORK) is not is_within


def test_a_day_of_a_moment_is_that_of_the_users_time_zone():
    # 03:00 in London is still the evening before in New York.
    moment = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

    assert NAMES["equals"]().matches(moment, ("2026-11-23",), NEW_YORK)
    assert not NAMES["equals"]().matches(moment, ("2026-11-23",), NEW_YORK.astimezone(UTC))


@pytest.mark.parametrize(
    ("name", "operand"),
    [
        ("not-equal", ("x",)),
        ("none-of", ("x", "y")),
        ("not-contains", ("x",)),
        ("excludes", ("x",)),
        ("not-in-last-days", 5),
        ("is-empty", None),
    ],
)
def test_negative_operators_are_true_of_a_record_without_a_value(name, operand):
    assert NAMES[name]().matches(None, operand, NEW_YORK)


@pytest.mark.parametrize("name", ["less-than", "greater-than", "less-or-equal", "greater-or-equal"])
@pytest.mark.parametrize("operand", [5, "x", date(2026, 11, 23), None])
def test_comparing_operators_are_false_of_a_record_without_a_value(name, operand):
    assert not NAMES[name]().matches(None, operand, NEW_YORK)


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("value", ["text", 5, True, date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), ("a", "b")])
@pytest.mark.parametrize("operand", ["text", 5, False, date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)])
def test_values_of_different_kinds_are_no_error(name, value, operand):
    cls = NAMES[name]
    given = {"two": (operand, operand), "many": (operand,), "days": 5, "none": None, "one": operand}[cls.operands]

    assert cls().matches(value, given, NEW_YORK) in {True, False}
