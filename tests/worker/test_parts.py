"""An audience above the maximum: its first records, or all of it in several activities, each record in exactly one."""

from collections import Counter

import orjson
import pytest

from lsync_flask.demo.job import OrgDoor
from lsync_flask.errors import InvalidParams
from lsync_flask.plugin_api import Answer
from lsync_flask.salesforce.queries import query_rows
from lsync_flask.services import activities, outcomes
from lsync_flask.services.describe_objects import object_info
from lsync_flask.services.plan import CriterionBody, Plan
from lsync_flask.services.run_activity import run_activity
from lsync_flask.services.taking import Taking
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.models import activity
from lsync_flask.worker.recipe import prepare
from lsync_flask.worker.selecting import prepared_text

from .kit import Scripted, actor_with, answer_each, carry_on, define, provider_of, use_scripted, with_provider

MAXIMUM = 40
SOME = CriterionBody(field="LastName", operator="less-than", value="H")
LEADS = "FROM Lead WHERE LastName < 'H' AND IsConverted = false"


@pytest.fixture
def script():
    return Scripted()


@pytest.fixture
def scripted(filled, script):
    return with_provider(filled, provider_of(script))


@pytest.fixture
def admin(scripted, simulated_org):
    actor = actor_with(scripted, simulated_org, "LSync_Admin", "admin")
    use_scripted(scripted, actor, maximum_records=MAXIMUM, first_bulk_size=15)
    return actor


@pytest.fixture
def door(simulated_org):
    user = next(one for one in simulated_org["users"] if one["permission_sets"] == ["LSync_Admin"])
    return OrgDoor(simulated_org, user)


def _chain(resources, admin, first):
    """The numbers of an activity and those that follow it, each carried to its end."""
    found = []
    while first is not None:
        carry_on(resources, first, admin.org_id)
        found.append(first)
        later = [one.id for one in activities.list_activities(resources, admin) if one.id not in found]
        first = min(later) if later else None
    return found


def _records(resources, admin, activity_id):
    return [one.record for one in outcomes.read_outcomes(resources, admin, activity_id, None, limit=500).outcomes]


def _read_by_job(resources, admin, number):
    """From now on this activity and those that follow it read their audience by the Bulk API."""
    ledger = Ledger(resources.database, admin.org_id)
    plan = {**ledger.read_activity(number).plan, "bulk_api_from": 1}
    with resources.database.writing(admin.org_id) as scope:
        scope.run(scope.update(activity).where(activity.c.id == number).values(plan=orjson.dumps(plan).decode()))


@pytest.mark.parametrize("by_job", [False, True])
def test_every_record_of_a_split_audience_is_in_exactly_one_activity(scripted, admin, door, by_job):
    wanted = {record["Id"] for record in door.query(f"SELECT Id {LEADS}")}
    definition = define(scripted, admin, SOME)

    first = run_activity(scripted, admin, definition, taking=Taking(split=True))
    if by_job:
        _read_by_job(scripted, admin, first)
    numbers = _chain(scripted, admin, first)

    assert len(numbers) == -(-len(wanted) // MAXIMUM) > 2
    found = Counter(record for number in numbers for record in _records(scripted, admin, number))
    assert found == Counter(wanted)
    views = [activities.read_activity(scripted, admin, number) for number in numbers]
    assert [view.part for view in views] == [f"part {place} of {len(numbers)}" for place in range(1, len(numbers) + 1)]
    assert all(view.status == "Success" and view.selected <= MAXIMUM for view in views)


def test_parts_stay_apart_though_what_they_write_takes_records_out_of_the_audience(scripted, admin, script, door):
    script.reply = answer_each(lambda one: Answer(one.key, True, {"site": "https://left.example"}, 90))
    before = CriterionBody(field="Website", operator="not-equal", value="https://left.example")
    wanted = {record["Id"] for record in door.query(f"SELECT Id {LEADS} AND Website != 'https://left.example'")}
    definition = define(scripted, admin, SOME, before)

    numbers = _chain(scripted, admin, run_activity(scripted, admin, definition, taking=Taking(split=True)))

    assert Counter(record for number in numbers for record in _records(scripted, admin, number)) == Counter(wanted)


def test_the_first_records_are_taken_in_the_chosen_order(scripted, admin, door):
    ordered = door.query(f"SELECT Id {LEADS} ORDER BY CreatedDate DESC NULLS LAST, Id LIMIT 7")
    definition = define(scripted, admin, SOME)

    number = run_activity(scripted, admin, definition, taking=Taking(first=7, order_by="-CreatedDate"))

    assert _chain(scripted, admin, number) == [number]
    assert set(_records(scripted, admin, number)) == {record["Id"] for record in ordered}
    assert activities.read_activity(scripted, admin, number).part == "the first 7, newest first"


def test_a_cancelled_part_is_the_last(scripted, admin):
    number = run_activity(scripted, admin, define(scripted, admin, SOME), taking=Taking(split=True))
    activities.cancel(scripted, admin, number)

    assert _chain(scripted, admin, number) == [number]


def test_after_a_part_that_failed_the_next_one_waits_for_a_person(scripted, admin, script):
    script.reply = answer_each(lambda one: Answer(one.key, matched=True, values={}, error_code="X", error="Refused."))
    number = run_activity(scripted, admin, define(scripted, admin, SOME), taking=Taking(split=True))
    carry_on(scripted, number, admin.org_id)

    following = activities.list_activities(scripted, admin)[0]
    assert activities.read_activity(scripted, admin, number).status == "Failed"
    assert (following.id, following.status) == (number + 1, "Paused")
    assert "refused" in following.reason


@pytest.mark.parametrize(
    ("taking", "place"),
    [
        (Taking(first=MAXIMUM + 1), "first"),
        (Taking(first=5, order_by="Gone__c"), "order_by"),
        (Taking(first=5, order_by="Id; DROP"), "order_by"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_anything_is_asked(scripted, admin, taking, place):
    definition = define(scripted, admin, SOME)

    with pytest.raises(InvalidParams) as caught:
        run_activity(scripted, admin, definition, taking=taking)

    assert set(caught.value.problems) == {place}
    assert activities.list_activities(scripted, admin) == []


def test_a_selection_that_was_broken_off_takes_no_more_than_its_part(scripted, admin, door):
    """What the first worker stored has left the first thirty meanwhile; it counts all the same."""
    number = run_activity(scripted, admin, define(scripted, admin, SOME), taking=Taking(first=30, order_by="LastName"))
    ledger = Ledger(scripted.database, admin.org_id)
    held = ledger.claim_selection(number, "one that dies")
    plan = Plan.model_validate(held.plan)
    info = object_info(scripted, admin.org_id, admin.username, "Lead")
    prepared = prepare(plan, info, scripted.registry, scripted.registry.providers["scripted"](), scripted.clock())
    query = prepared["query"].replace("LastName ASC", "LastName DESC")
    rows = list(query_rows(scripted.open_salesforce(admin.org_id, admin.username), query, prepared["columns"]))[:20]
    ledger.note_selection(held, prepared=prepared_text(prepared))
    ledger.add_bulk(held, rows, {"rows": 20, "last": rows[-1][0]})
    ledger.release_selection(held)

    carry_on(scripted, number, admin.org_id)

    found = _records(scripted, admin, number)
    assert {row[0] for row in rows} < set(found)
    assert len(set(found)) == len(found) == 30
