"""Small operators, transforms and an object with one field of each type, for the engine's tests alone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from lsync_flask.engine.fields import FieldInfo, ObjectInfo, PicklistValue
from lsync_flask.plugin_api import Catalogue, Condition, Operator, ProviderField, RecordRejected, Transform
from lsync_flask.relative_dates import relative_range

ALL = frozenset(
    [
        "id",
        "reference",
        "string",
        "textarea",
        "email",
        "phone",
        "url",
        "picklist",
        "multipicklist",
        "boolean",
        "int",
        "double",
        "currency",
        "percent",
        "date",
        "datetime",
    ]
)
TEXT = frozenset({"string", "textarea", "email", "phone", "url", "picklist"})
ORDERED = ALL - {"boolean", "multipicklist", "id", "reference"} - TEXT


def is_equal(value, operand, now):
    if isinstance(value, date) and isinstance(operand, str):
        start, end = relative_range(operand, now)
        day = value.astimezone(now.tzinfo).date() if isinstance(value, datetime) else value
        return start <= day < end
    if isinstance(value, str) and isinstance(operand, str):
        return fold(value) == fold(operand)
    return value == operand


def fold(text):
    return frozenset(text.lower().split(";")) if ";" in text else text.lower()


class Equals(Operator):
    """One of the values."""

    name, label, api = "equals", "equals", 1
    operands = "many"
    types = ALL

    def matches(self, value, operand, now):
        return any(is_equal(value, part, now) for part in operand)

    def conditions(self, operand):
        return [Condition("one of", operand)]


class NotEqual(Equals):
    """None of the values."""

    name, label = "not-equal", "not equal to"

    def matches(self, value, operand, now):
        return not super().matches(value, operand, now)

    def conditions(self, operand):
        return [Condition("one of", operand, negated=True)]


class Less(Operator):
    """Below the value."""

    name, label, api = "less-than", "less than", 1
    types = ORDERED

    def matches(self, value, operand, now):
        if value is None:
            return False
        if isinstance(operand, str):
            day = value.astimezone(now.tzinfo).date() if isinstance(value, datetime) else value
            return day < relative_range(operand, now)[0]
        return value < operand

    def conditions(self, operand):
        return [Condition("less", operand)]


class Between(Operator):
    """From one value to another, both included."""

    name, label, api = "between", "between", 1
    operands = "two"
    types = ORDERED

    def matches(self, value, operand, now):
        low, high = operand
        if value is None:
            return False
        if isinstance(low, str) or isinstance(high, str):
            day = value.astimezone(now.tzinfo).date() if isinstance(value, datetime) else value
            ends = [end if isinstance(end, str) else None for end in operand]
            above = day >= relative_range(ends[0], now)[0] if ends[0] else value >= low
            below = day < relative_range(ends[1], now)[1] if ends[1] else value <= high
            return above and below
        return low <= value <= high

    def conditions(self, operand):
        return [Condition("at least", operand[0]), Condition("at most", operand[1])]


class Contains(Operator):
    """Has one of the texts in it."""

    name, label, api = "contains", "contains", 1
    operands = "many"
    types = TEXT

    def matches(self, value, operand, now):
        return value is not None and any(part.lower() in value.lower() for part in operand)

    def conditions(self, operand):
        return [Condition("contains", operand)]


class StartsWith(Operator):
    """Begins with the text."""

    name, label, api = "starts-with", "starts with", 1
    types = TEXT

    def matches(self, value, operand, now):
        return value is not None and value.lower().startswith(operand.lower())

    def conditions(self, operand):
        return [Condition("starts with", operand)]


class Includes(Operator):
    """Has all parts of one of the values."""

    name, label, api = "includes", "includes", 1
    operands = "many"
    types = frozenset({"multipicklist"})

    def matches(self, value, operand, now):
        chosen = set((value or "").split(";"))
        return any(value is None if part is None else set(part.split(";")) <= chosen for part in operand)

    def conditions(self, operand):
        return [Condition("includes", operand)]


class InLastDays(Operator):
    """Within so many days, today included."""

    name, label, api = "in-last-days", "in the last n days", 1
    operands = "days"
    types = frozenset({"date", "datetime"})

    def matches(self, value, operand, now):
        return is_equal(value, f"LAST_N_DAYS:{operand}", now)

    def conditions(self, operand):
        return [Condition("in range", f"LAST_N_DAYS:{operand}")]


class IsEmpty(Operator):
    """Has no value."""

    name, label, api = "is-empty", "is empty", 1
    operands = "none"
    types = ALL - {"boolean"}

    def matches(self, value, operand, now):
        return value is None

    def conditions(self, operand):
        return [Condition("equals", None)]


class HasOddLength(Operator):
    """Something that Salesforce cannot test."""

    name, label, api = "odd-length", "has an odd length", 1
    operands = "none"
    types = TEXT

    def matches(self, value, operand, now):
        return len(value or "") % 2 == 1

    def conditions(self, operand):
        return None


class Broken(Operator):
    """Fails, as a badly written plugin does."""

    name, label, api = "broken", "is broken", 1
    types = ALL

    def matches(self, value, operand, now):
        raise ZeroDivisionError

    def conditions(self, operand):
        return [Condition("equals", operand)] if operand != "fail" else 1 / 0


class Upper(Transform):
    """Capital letters."""

    name, label, api = "upper", "Upper case", 1

    def apply(self, value, record):
        return value.upper() if isinstance(value, str) else value


class Default(Transform):
    """A value where there is none."""

    name, label, api = "default", "Default", 1
    value: str

    def apply(self, value, record):
        return self.value if value is None else value


class Refuse(Transform):
    """Refuses one text."""

    name, label, api = "refuse", "Refuse", 1
    text: str = "bad"

    def apply(self, value, record):
        if value == self.text:
            raise RecordRejected(f"“{value}” is not wanted.", code="UNWANTED")
        return value


class Crash(Transform):
    """Fails on one text, or on everything."""

    name, label, api = "crash", "Crash", 1
    on: str = ""

    def apply(self, value, record):
        if not self.on or value == self.on:
            raise ZeroDivisionError
        return value


class MakeFloat(Transform):
    """Returns what is no value."""

    name, label, api = "make-float", "Make float", 1

    def apply(self, value, record):
        return 1.5


class WithCountry(Transform):
    """Adds the record's country."""

    name, label, api = "with-country", "With country", 1
    reads_record = True

    def apply(self, value, record):
        return f"{value} ({record['Country']})"


def by_name(classes: Sequence[type]) -> dict[str, type]:
    return {cls.name: cls for cls in classes}


@pytest.fixture(scope="session")
def operators():
    return by_name(
        [Equals, NotEqual, Less, Between, Contains, StartsWith, Includes, InLastDays, IsEmpty, HasOddLength, Broken]
    )


@pytest.fixture(scope="session")
def transforms():
    return by_name([Upper, Default, Refuse, Crash, MakeFloat, WithCountry])


@pytest.fixture(scope="session")
def now():
    return datetime(2026, 11, 23, 9, 30, tzinfo=ZoneInfo("America/New_York"))


def field(name, kind, **more):
    return FieldInfo(name, name.removesuffix("__c").replace("_", " "), kind, **more)


RATINGS = (PicklistValue("Hot", "Very hot"), PicklistValue("Cold", "Cold"), PicklistValue("Old", "Old", active=False))
COLOURS = (PicklistValue("Red", "Red"), PicklistValue("Green", "Green"), PicklistValue("Blue", "Blue"))

FIELDS = (
    field("Id", "id", length=18, nillable=False, updateable=False),
    field("Company", "string", length=40, nillable=False),
    field("Country", "string", length=80),
    field("Street", "textarea", length=255),
    field("Description", "longtextarea", length=32000, filterable=False),
    field("Email", "email", length=80),
    field("Phone", "phone", length=40),
    field("Website", "url", length=255),
    field("Rating", "picklist", length=255, values=RATINGS, restricted=True),
    field("Industry", "picklist", length=255, values=COLOURS),
    field("Colours__c", "multipicklist", length=4099, values=COLOURS),
    field("DoNotCall", "boolean", nillable=False),
    field("NumberOfEmployees", "int", digits=8),
    field("Score__c", "double", precision=5, scale=2),
    field("AnnualRevenue", "currency", precision=18, scale=0),
    field("Share__c", "percent", precision=5, scale=1),
    field("Founded__c", "date"),
    field("Seen__c", "datetime"),
    field("OwnerId", "reference", length=18, nillable=False, reference_to=("User",)),
    field("Formula__c", "string", length=1300, updateable=False, calculated=True),
)


@pytest.fixture(scope="session")
def fields():
    return {each.name: each for each in FIELDS}


@pytest.fixture(scope="session")
def lead(fields):
    owner = ObjectInfo("User", "User", "Users", "005", {"Name": field("Name", "string", length=121)})
    return ObjectInfo("Lead", "Lead", "Leads", "00Q", fields, {"Owner": owner})


@pytest.fixture(scope="session")
def account(fields):
    return ObjectInfo("Account", "Account", "Accounts", "001", fields)


@pytest.fixture(scope="session")
def catalogue():
    inputs = (ProviderField("company", "Company"), ProviderField("site", "Website"), ProviderField("mail", "E-mail"))
    outputs = (
        *(ProviderField(name, name) for name in ("name", "country", "rating", "colours", "street", "text")),
        ProviderField("site", "site", "url"),
        ProviderField("mail", "mail", "email"),
        ProviderField("employees", "employees", "int"),
        ProviderField("revenue", "revenue", "currency"),
        ProviderField("listed", "listed", "boolean"),
        ProviderField("founded", "founded", "date"),
        ProviderField("seen", "seen", "datetime"),
    )
    minimum = (frozenset({"company"}), frozenset({"site", "mail"}))
    return Catalogue(inputs, outputs, minimum)


@pytest.fixture(scope="session")
def utc_now():
    return datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
