"""Whatever filter is asked, the org finds the ids that Salesforce's rules give, tested here record by record."""

import itertools
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from lsync_flask.simulator.org import Org, SimUser
from lsync_flask.simulator.rest import create_rest
from lsync_flask.simulator.schema import Field, PicklistValue

# Half past three in the morning of Greenwich is still the day before, a Sunday, in New York.
NOW = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
TODAY = NOW.astimezone(ZONE).date()
TEXTS = (
    None,
    "Acme",
    "ACME Corp",
    "acme",
    "50%_off",
    "a_b",
    'it\'s \\ "quoted"',
    "line\nbreak",
    "Müller",
    "MÜLLER",
    "100",
)
MOMENTS = (
    None,
    "2026-11-22T04:59:59.000Z",
    "2026-11-22T05:00:00.000Z",
    "2026-11-23T03:30:00.000Z",
    "2026-11-23T05:00:00.000Z",
    "2026-11-01T04:00:00.000Z",
    "2026-10-31T12:00:00.000Z",
    "2025-12-31T23:00:00.000Z",
    "2026-11-15T12:00:00.000Z",
)
SAMPLES = {
    "Title": TEXTS,
    "Department": tuple(reversed(TEXTS)),
    "Birthdate": (None, "2026-11-22", "2026-11-23", "2026-11-21", "2026-10-31", "2026-01-01", "2025-06-15"),
    "EmailBouncedDate": MOMENTS,
    "Score__c": (None, 0.0, 1.5, -2.25, 100.0, 12_000_000.0),
    "Do__c": (True, False),
    "Colours__c": (None, "R", "R;G", "G;B", "R;G;B", "B"),
    "Code__c": (None, "x1", "X1", "x2"),
}
NUMBERS = (0, 1.5, -2.25, 100, 12_000_000, 7)
ORDERED = ("=", "!=", "<", "<=", ">", ">=")
LITERALS = (
    "TODAY",
    "YESTERDAY",
    "TOMORROW",
    "THIS_WEEK",
    "LAST_WEEK",
    "THIS_MONTH",
    "LAST_MONTH",
    "THIS_YEAR",
    "LAST_YEAR",
    "LAST_N_DAYS:1",
    "LAST_N_DAYS:22",
    "NEXT_N_DAYS:1",
    "N_DAYS_AGO:1",
    "LAST_N_MONTHS:1",
    "LAST_N_WEEKS:1",
)


# -- the records


@pytest.fixture(scope="module")
def org(tmp_path_factory):
    org = Org.create(
        tmp_path_factory.mktemp("org"), org_id="00D", name="O", my_domain_url="http://o.example", now=lambda: NOW
    )
    common = {"custom": True, "nillable": True, "filterable": True}
    colours = tuple(PicklistValue(name, name) for name in "RGB")
    for field in (
        Field("Score__c", "Score", "double", precision=18, scale=2, **common),
        Field("Do__c", "Do", "boolean", default=False, **(common | {"nillable": False})),
        Field("Colours__c", "Colours", "multipicklist", length=4099, picklist=colours, **common),
        Field("Code__c", "Code", "string", length=20, case_sensitive=True, **common),
    ):
        org.add_field("Contact", field)
        org.insert("FieldPermissions", {"SobjectType": "Contact", "Field": f"Contact.{field.name}", **GRANT})
    org.insert("PermissionSet", {"Id": GRANT["ParentId"], "Name": "All", "Label": "All"})
    org.insert("PermissionSetAssignment", {"AssigneeId": USER, "PermissionSetId": GRANT["ParentId"]})
    cities = ("Paris", "PARIS", None)
    accounts = [org.insert("Account", {"Name": f"A{place}", "BillingCity": city}) for place, city in enumerate(cities)]
    columns = [*SAMPLES, "AccountId"]
    cycled = (itertools.islice(itertools.cycle(values), 70) for values in (*SAMPLES.values(), (*accounts, None)))
    org.insert_rows("Contact", ["LastName", *columns], [("L", *row) for row in zip(*cycled, strict=True)])
    yield org
    org.close()


USER = "005000000000001AAA"
GRANT = {"ParentId": "0PS000000000001AAA", "PermissionsRead": True, "PermissionsEdit": True}


@pytest.fixture(scope="module")
def records(org):
    names = ", ".join((*SAMPLES, "AccountId", "Account.Name", "Account.BillingCity"))
    found = org.rows(f"SELECT Id, {names} FROM Contact")
    assert len(found) == 70
    return found


@pytest.fixture(scope="module")
def ask(org):
    user = SimUser(USER, "ann@o.example", "America/New_York", "en_US", is_admin=True)
    site = Flask(__name__)
    site.register_blueprint(create_rest(org, lambda _: user))

    def find(condition):
        query = {"q": f"SELECT Id FROM Contact WHERE {condition}"}
        headers = {"Authorization": "Bearer x"}
        answer = site.test_client().get("/services/data/v67.0/query", query_string=query, headers=headers)
        assert answer.status_code == 200, (condition, answer.text)
        return {record["Id"] for record in answer.get_json()["records"]}

    return find


# -- what a condition means: its text in SOQL, and whether a record fits


def quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def fold(value):
    return value.lower() if isinstance(value, str) else value


def compares(left, operator, right):
    """Nothing equals nothing alone, differs from everything else, and is neither less nor more."""
    if operator in {"=", "!="}:
        return (left == right) == (operator == "=")
    if left is None or right is None:
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]


def text_test(field, operator, value):
    same = (lambda one: one) if field == "Code__c" else fold
    return lambda row: compares(same(row[field]), operator, same(value))


@st.composite
def texts(draw):
    field = draw(st.sampled_from(("Title", "Department", "Code__c", "Account.BillingCity", "Account.Name")))
    operator, value = draw(st.sampled_from(ORDERED)), draw(st.sampled_from((*TEXTS[1:], "x1", "paris", "A1")))
    return f"{field} {operator} {quote(value)}", text_test(field, operator, value)


@st.composite
def nothings(draw):
    field = draw(st.sampled_from((*(name for name in SAMPLES if name != "Do__c"), "AccountId", "Account.BillingCity")))
    operator = draw(st.sampled_from(("=", "!=")))
    return f"{field} {operator} null", lambda row: (row[field] is None) == (operator == "=")


@st.composite
def members(draw):
    field, negated = draw(st.sampled_from(("Title", "Code__c"))), draw(st.booleans())
    values = draw(st.lists(st.sampled_from((*TEXTS, "X1")), min_size=1, max_size=4, unique=True))
    spelled = ", ".join("null" if value is None else quote(value) for value in values)
    same = (lambda one: one) if field == "Code__c" else fold
    known = {same(value) for value in values}
    return f"{field} {'NOT ' if negated else ''}IN ({spelled})", lambda row: (same(row[field]) in known) != negated


@st.composite
def likes(draw):
    text = draw(st.sampled_from(("acme", "e", "\\", "_", "%", "it's", "mül", "MÜL", "100")))
    place, negated = draw(st.sampled_from(("start", "end", "inside"))), draw(st.booleans())
    plain = quote(text)[1:-1].replace("%", "\\%").replace("_", "\\_")
    pattern = {"start": f"{plain}%", "end": f"%{plain}", "inside": f"%{plain}%"}[place]

    def test(row):
        found, wanted = fold(row["Title"] or ""), fold(text)
        fits = {"start": found.startswith(wanted), "end": found.endswith(wanted), "inside": wanted in found}[place]
        return fits != negated

    return (f"(NOT Title LIKE '{pattern}')" if negated else f"Title LIKE '{pattern}'"), test


@st.composite
def numbers(draw):
    operator, value = draw(st.sampled_from(ORDERED)), draw(st.sampled_from(NUMBERS))
    return f"Score__c {operator} {value}", lambda row: compares(row["Score__c"], operator, value)


@st.composite
def flags(draw):
    operator, value = draw(st.sampled_from(("=", "!="))), draw(st.sampled_from(("TRUE", "false", "null")))
    return f"Do__c {operator} {value}", lambda row: (row["Do__c"] == (value == "TRUE")) == (operator == "=")


@st.composite
def colours(draw):
    sets = draw(st.lists(st.sampled_from(("R", "G;B", "R;G;B", "B")), min_size=1, max_size=3, unique=True))
    word = draw(st.sampled_from(("INCLUDES", "EXCLUDES")))
    spelled = ", ".join(map(quote, sets))

    def test(row):
        have = set((row["Colours__c"] or "").split(";")) - {""}
        return any(set(one.split(";")) <= have for one in sets) == (word == "INCLUDES")

    return f"Colours__c {word} ({spelled})", test


@st.composite
def exact_colours(draw):
    value, operator = draw(st.sampled_from(("R", "G;R", "B;G;R"))), draw(st.sampled_from(("=", "!=")))

    def test(row):
        return (set((row["Colours__c"] or "").split(";")) == set(value.split(";"))) == (operator == "=")

    return f"Colours__c {operator} '{value}'", test


# -- days


def week(day):
    return day - timedelta(days=(day.weekday() + 1) % 7)


def month(day):
    return day.year * 12 + day.month


def is_within(literal, day):
    """Whether a day of the user is within a date literal."""
    name, _, count = literal.partition(":")
    ahead, n = (day - TODAY).days, int(count or 0)
    weeks = (week(day) - week(TODAY)).days // 7
    return {
        "TODAY": ahead == 0,
        "YESTERDAY": ahead == -1,
        "TOMORROW": ahead == 1,
        "THIS_WEEK": weeks == 0,
        "LAST_WEEK": weeks == -1,
        "THIS_MONTH": month(day) == month(TODAY),
        "LAST_MONTH": month(day) == month(TODAY) - 1,
        "THIS_YEAR": day.year == TODAY.year,
        "LAST_YEAR": day.year == TODAY.year - 1,
        "LAST_N_DAYS": -n <= ahead <= 0,
        "NEXT_N_DAYS": 0 < ahead <= n,
        "N_DAYS_AGO": ahead == -n,
        "LAST_N_MONTHS": month(TODAY) - n <= month(day) < month(TODAY),
        "LAST_N_WEEKS": -n <= weeks < 0,
    }[name]


@cache
def ends_of(literal):
    days = [TODAY + timedelta(days=ahead) for ahead in range(-800, 400)]
    inside = [day for day in days if is_within(literal, day)]
    return inside[0], inside[-1]


def compares_days(day, operator, literal):
    if day is None:
        return operator == "!="
    first, last = ends_of(literal)
    tests = {"<": day < first, "<=": day <= last, ">": day > last, ">=": day >= first}
    return tests.get(operator, (first <= day <= last) == (operator == "="))


@st.composite
def periods(draw):
    field, literal = draw(st.sampled_from(("Birthdate", "EmailBouncedDate"))), draw(st.sampled_from(LITERALS))
    operator = draw(st.sampled_from(ORDERED))

    def test(row):
        found = row[field]
        if found is None or field == "Birthdate":
            return compares_days(found and date.fromisoformat(found), operator, literal)
        return compares_days(datetime.fromisoformat(found).astimezone(ZONE).date(), operator, literal)

    return f"{field} {operator} {literal}", test


@st.composite
def moments(draw):
    wanted, operator = draw(st.sampled_from(MOMENTS[1:])), draw(st.sampled_from(ORDERED))
    zone = draw(st.sampled_from((UTC, ZONE)))
    spelled = datetime.fromisoformat(wanted).astimezone(zone).isoformat()
    return f"EmailBouncedDate {operator} {spelled}", lambda row: compares(row["EmailBouncedDate"], operator, wanted)


LEAVES = st.one_of(
    texts(), nothings(), members(), likes(), numbers(), flags(), colours(), exact_colours(), periods(), moments()
)


def negate(one):
    text, test = one
    return f"(NOT {text})", lambda row: not test(row)


def join(parts, word):
    tests = [test for _, test in parts]
    whole = all if word == "AND" else any
    return "(" + f" {word} ".join(text for text, _ in parts) + ")", lambda row: whole(test(row) for test in tests)


CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(negate),
        st.builds(join, st.lists(inner, min_size=2, max_size=3), st.sampled_from(("AND", "OR"))),
    ),
    max_leaves=6,
)


@given(condition=CONDITIONS)
@settings(max_examples=250)
def test_a_filter_finds_the_ids_that_the_rules_give(ask, records, condition):
    text, test = condition

    assert ask(text) == {row["Id"] for row in records if test(row)}, text


@given(data=st.data())
@settings(max_examples=60)
def test_ids_of_15_and_18_characters_are_the_same_and_compare_by_their_letters(ask, records, data):
    field = data.draw(st.sampled_from(("Id", "AccountId")))
    wanted = data.draw(st.sampled_from([row[field] for row in records if row[field]]))
    operator = data.draw(st.sampled_from(ORDERED))
    spelled = wanted[: data.draw(st.sampled_from((15, 18)))]

    assert ask(f"{field} {operator} '{spelled}'") == {
        row["Id"] for row in records if compares(row[field], operator, wanted)
    }


@given(condition=st.one_of(texts().filter(lambda one: "Account" in one[0]), nothings()), negated=st.booleans())
@settings(max_examples=60)
def test_a_semi_join_finds_those_whose_parent_fits(ask, records, condition, negated):
    text, test = condition
    if "Account.B" not in text and "Account.N" not in text:
        return
    inner = text.replace("Account.", "")
    fitting = {row["AccountId"] for row in records if row["AccountId"] and test(row)}

    found = ask(f"AccountId {'NOT ' if negated else ''}IN (SELECT Id FROM Account WHERE {inner})")

    assert found == {row["Id"] for row in records if (row["AccountId"] in fitting) != negated}
