"""The transforms that read and write dates."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from lsync_flask.builtins.dates import NotADate, Order, read_date, reading_form, write_date
from lsync_flask.builtins.values import is_nothing, one, shown
from lsync_flask.plugin_api import Field, RecordRejected, Transform, Value, field_validator

__all__ = ["DateFormat", "DateParse"]

NOT_A_DATE = "NOT_A_DATE"
LONGEST_PATTERN = 50

_TOKENS = "YYYY, MM, MMM (Nov), MMMM (November), DD, HH, mm, ss; text in [brackets] stays"


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"There is no time zone {shown(name)}; write one such as Europe/Berlin or UTC.") from error
    return name


class DateParse(Transform):
    """Read a date or a time that is written as text.

    Without a pattern it reads 2026-11-23, 23.11.2026, 23 November 2026, Nov 23, 2026 and the like, and 11/23/2026 where
    day and month cannot be mistaken. Month names are English. What it cannot read for certain rejects the record.
    """

    name = "date-parse"
    label = "Date from text"
    api = 1
    examples = (
        ({}, "2026-11-23", date(2026, 11, 23)),
        ({}, "23.11.2026", date(2026, 11, 23)),
        ({}, "November 23, 2026", date(2026, 11, 23)),
        ({}, "23rd of Nov 2026", date(2026, 11, 23)),
        ({}, "11/23/2026", date(2026, 11, 23)),
        ({}, "3/4/2026", RecordRejected),
        ({"order": "day first"}, "3/4/2026", date(2026, 4, 3)),
        ({"pattern": "MMM-DD-YY"}, "Nov-23-26", date(2026, 11, 23)),
        ({}, "2026-11-23T09:30:00+01:00", datetime(2026, 11, 23, 8, 30, tzinfo=UTC)),
        ({"time_zone": "America/New_York"}, "11/23/2026 9:30 PM", datetime(2026, 11, 24, 2, 30, tzinfo=UTC)),
        ({"result": "date", "time_zone": "Asia/Tokyo"}, "2026-11-23T20:00:00Z", date(2026, 11, 24)),
        ({}, "30.02.2026", RecordRejected),
        ({}, "soon", RecordRejected),
        ({}, date(2026, 11, 23), date(2026, 11, 23)),
        ({}, " ", None),
        ({}, None, None),
    )

    pattern: str = Field("", title="Pattern", description=f"{_TOKENS}. Empty: see it.", max_length=LONGEST_PATTERN)
    order: Order = Field(
        "auto", title="Order", description="For 3/4/2026: day first, month first, or auto: reject what is not clear."
    )
    time_zone: str = Field("UTC", title="Time zone", description="Of times that name none, such as Europe/Berlin.")
    result: Literal["auto", "date", "date and time"] = Field(
        "auto", title="Result", description="Auto: a date and time when the text has a time."
    )

    _zone_exists = field_validator("time_zone")(_check_zone)

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str) -> str:
        if pattern:
            reading_form(pattern)
        return pattern

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        single = one(value)
        if is_nothing(single):
            return None
        day = _as_date(single, self.pattern, self.order, self.time_zone)
        try:
            return self._as_result(day)
        except OverflowError:
            raise _out_of_range(single) from None

    def _as_result(self, day: date) -> date:
        zone = ZoneInfo(self.time_zone)
        if self.result == "date" and isinstance(day, datetime):
            return day.astimezone(zone).date()
        if self.result == "date and time" and not isinstance(day, datetime):
            return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        return day


class DateFormat(Transform):
    """Write a date or a time as text, by a pattern.

    Month and day names are English.
    """

    name = "date-format"
    label = "Date to text"
    api = 1
    examples = (
        ({}, date(2026, 11, 23), "2026-11-23"),
        ({"pattern": "DD.MM.YYYY"}, date(2026, 11, 3), "03.11.2026"),
        ({"pattern": "DDDD, D MMMM YYYY"}, date(2026, 11, 23), "Monday, 23 November 2026"),
        ({"pattern": "[on] MMM D, h:mm A"}, datetime(2026, 11, 23, 21, 5, tzinfo=UTC), "on Nov 23, 9:05 PM"),
        ({"pattern": "DD.MM. HH:mm", "time_zone": "Europe/Berlin"}, "2026-11-23T09:30:00Z", "23.11. 10:30"),
        ({"pattern": "YYYY"}, "23 Nov 2026", "2026"),
        ({}, "soon", RecordRejected),
        ({}, None, None),
    )

    pattern: str = Field(
        "YYYY-MM-DD", title="Pattern", description=f"{_TOKENS}.", min_length=1, max_length=LONGEST_PATTERN
    )
    time_zone: str = Field("UTC", title="Time zone", description="In which times are written, such as Europe/Berlin.")

    _zone_exists = field_validator("time_zone")(_check_zone)

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        single = one(value)
        if is_nothing(single):
            return None
        day = _as_date(single, "", "auto", "UTC")
        try:
            return write_date(day, self.pattern, ZoneInfo(self.time_zone))
        except OverflowError:
            raise _out_of_range(single) from None


def _out_of_range(value: Value) -> RecordRejected:
    return RecordRejected(f"{shown(value)} is outside the years that can be used.", code=NOT_A_DATE)


def _as_date(value: Value, pattern: str, order: Order, zone: str) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise RecordRejected(f"{shown(value)} is no date.", code=NOT_A_DATE)
    try:
        return read_date(value, pattern, order, ZoneInfo(zone))
    except NotADate as error:
        raise RecordRejected(f"{shown(value)} {error}.", code=NOT_A_DATE) from error
