"""The ledger on SQLite and PostgreSQL: claims, leases, fences and the end of an activity."""

import threading

import pytest
from sqlalchemy import update

from lsync_flask.storage.bodies import decode_records
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.ledger_bulks import Fenced
from lsync_flask.storage.models import activity, bulk, definition, org
from lsync_flask.storage.rings import activities_to_ring, find_org_of, mark_rung

ORG = "00D000000000001EAA"
OTHER = "00D000000000002EAA"


def _add_org(database, org_id):
    with database.writing_all() as connection:
        connection.execute(
            org.insert().values(
                id=org_id, name="Org", my_domain="https://x.my.salesforce.com", consumer_key="k", api_version="67.0",
                is_active=True, created_at=0.0,
            )
        )  # fmt: skip


def _add_activity(database, org_id=ORG, audience=3):
    with database.writing(org_id) as scope:
        definition_id = scope.add(
            definition,
            {"name": "D", "object": "Lead", "owner_id": "005000000000001AAA", "version": 1, "created_at": 0.0, "changed_at": 0.0},
        )  # fmt: skip
        return scope.add(
            activity,
            {
                "definition_id": definition_id, "definition_version": 1, "running_definition_id": definition_id,
                "object": "Lead", "owner_id": "005000000000001AAA", "started_by": "005000000000001AAA",
                "status": "Queued", "reason": "", "plan": "{}", "audience_size": audience, "selection": "waiting",
                "selected": 0, "bulks": 0, "epoch": 0, "api_calls": 0, "attempts": 0, "created_at": 0.0,
            },
        )  # fmt: skip


@pytest.fixture
def ledger(database):
    _add_org(database, ORG)
    return Ledger(database, ORG)


@pytest.fixture
def running(ledger):
    """An activity with two bulks of one record each, all selected."""
    activity_id = _add_activity(ledger.database)
    held = ledger.claim_selection(activity_id, "selector")
    ledger.add_bulk(held, [["00Q000000000001AAA", "a"]], {"rows": 1})
    ledger.add_bulk(held, [["00Q000000000002AAA", None]], {"rows": 2})
    ledger.finish_selection(held, 1)
    return activity_id


def _expire_leases(ledger):
    with ledger.database.writing_all() as connection:
        connection.execute(update(bulk).where(bulk.c.lease_until.is_not(None)).values(lease_until=1.0))
        connection.execute(update(activity).where(activity.c.lease_until.is_not(None)).values(lease_until=1.0))


def test_records_come_back_as_they_were_stored(ledger, running):
    claimed = ledger.claim_bulk(running, "one")

    assert [row for rows in decode_records(ledger.read_records(claimed.id)) for row in rows] == [
        ["00Q000000000001AAA", "a"]
    ]


def test_a_bulk_claimed_by_one_worker_is_left_alone_by_the_others(ledger, running):
    first = ledger.claim_bulk(running, "one")
    second = ledger.claim_bulk(running, "two")

    assert (first.number, second.number) == (1, 2)
    assert ledger.claim_bulk(running, "three") is None


def test_two_workers_never_claim_the_same_bulk(ledger, running):
    claims = []
    start = threading.Barrier(8)

    def claim(number):
        start.wait()
        claims.append(ledger.claim_bulk(running, f"worker {number}"))

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(row.number for row in claims if row) == [1, 2]


def test_a_worker_that_was_taken_over_can_store_nothing_more(ledger, running):
    slow = ledger.claim_bulk(running, "slow")
    ledger.claim_bulk(running, "other")
    _expire_leases(ledger)
    quick = ledger.claim_bulk(running, "quick")

    assert quick.number == slow.number
    assert quick.attempts == 1
    with pytest.raises(Fenced):
        ledger.change_bulk(slow, "enriching")
    with pytest.raises(Fenced):
        ledger.begin_enriching(slow, [])
    with pytest.raises(Fenced):
        ledger.finish_bulk(slow, "written", {"written": 1}, None)
    assert ledger.change_bulk(quick, "enriching").state == "enriching"


def test_a_bulk_that_was_handed_over_in_good_order_counts_no_crash(ledger, running):
    ledger.claim_bulk(running, "one")
    ledger.release_all("one")

    again = ledger.claim_bulk(running, "two")

    assert (again.number, again.attempts) == (1, 0)


def test_a_bulk_that_waits_is_not_claimed_before_it_is_due(ledger, running):
    row = ledger.claim_bulk(running, "one")
    ledger.release_bulk(row, wait_s=3_600)

    assert ledger.claim_bulk(running, "two").number == 2
    assert ledger.claim_bulk(running, "two") is None
    left = ledger.work_left(running)
    assert (left.due, left.unfinished) == (0, 2)
    assert 3_500 < left.wait_s <= 3_600


def test_a_lease_that_is_extended_outlives_its_time(ledger, running):
    row = ledger.claim_bulk(running, "one")
    _expire_leases(ledger)

    ledger.extend_leases("one")

    assert ledger.claim_bulk(running, "two").number == 2
    assert ledger.change_bulk(row, "enriching").epoch == row.epoch


def test_selecting_is_held_by_one_and_goes_on_where_it_stopped(ledger):
    activity_id = _add_activity(ledger.database)
    held = ledger.claim_selection(activity_id, "one")
    ledger.add_bulk(held, [["00Q000000000001AAA"]], {"locator": "x", "rows": 1})

    assert ledger.claim_selection(activity_id, "two") is None
    _expire_leases(ledger)
    taken = ledger.claim_selection(activity_id, "two")

    assert taken.selection_cursor == {"locator": "x", "rows": 1}
    assert (taken.selected, taken.bulks, taken.status) == (1, 1, "Running")
    with pytest.raises(Fenced):
        ledger.add_bulk(held, [["00Q000000000002AAA"]], {"rows": 2})


def test_an_activity_ends_only_when_nothing_is_left(ledger, running):
    first = ledger.claim_bulk(running, "one")
    ledger.finish_bulk(first, "written", {"written": 1}, b"")
    with ledger.ending(running) as found:
        assert found is None

    second = ledger.claim_bulk(running, "one")
    ledger.finish_bulk(second, "failed", {"failed": 1}, b"")
    with ledger.ending(running) as found:
        scope, row, fates = found
        ledger.end(scope, row.id, "Partial Success")

    assert fates == {"written": 1, "failed": 1}
    assert ledger.read_activity(running).status == "Partial Success"
    with ledger.ending(running) as found:
        assert found is None


def test_a_cancelled_activity_gives_up_what_nobody_holds(ledger, running):
    held = ledger.claim_bulk(running, "one")
    ledger.change_status(running, ("Running",), "Cancelling")

    assert ledger.cancel_unwritten(running) == 1
    with ledger.ending(running) as found:
        assert found is None
    ledger.release_bulk(held)
    assert ledger.cancel_unwritten(running) == 1
    with ledger.ending(running) as found:
        assert found[2] == {"skipped": 2}


def test_a_definition_runs_once_at_a_time(ledger):
    activity_id = _add_activity(ledger.database)
    row = ledger.read_activity(activity_id)

    with pytest.raises(Exception, match=r"(?i)unique"), ledger.database.writing(ORG) as scope:
        scope.add(
            activity,
            {
                "definition_id": row.definition_id, "definition_version": 1,
                "running_definition_id": row.definition_id, "object": "Lead", "owner_id": "x", "started_by": "x",
                "status": "Queued", "reason": "", "plan": "{}", "audience_size": 1, "selection": "waiting",
                "selected": 0, "bulks": 0, "epoch": 0, "api_calls": 0, "attempts": 0, "created_at": 0.0,
            },
        )  # fmt: skip


def test_an_activity_of_another_org_is_not_there(ledger, running):
    _add_org(ledger.database, OTHER)
    stranger = Ledger(ledger.database, OTHER)

    with pytest.raises(Exception, match="no such activity"):
        stranger.read_activity(running)
    assert stranger.claim_bulk(running, "thief") is None
    assert stranger.claim_selection(running, "thief") is None
    assert not stranger.change_status(running, ("Running",), "Paused")
    assert stranger.finished_bulks(running, 0) == []
    assert find_org_of(ledger.database, running) == ORG


def test_the_clock_rings_once_for_what_waits(ledger, running):
    assert activities_to_ring(ledger.database, rung_before_s=30) == [(running, ORG)]
    assert activities_to_ring(ledger.database, rung_before_s=30) == []
    assert not mark_rung(ledger.database, running)

    ledger.hear(running)

    assert mark_rung(ledger.database, running)


def test_the_clock_does_not_ring_for_what_is_held_paused_or_ended(ledger, running):
    for _ in range(2):
        ledger.claim_bulk(running, "busy")
    assert activities_to_ring(ledger.database, rung_before_s=30) == []

    _expire_leases(ledger)
    ledger.change_status(running, ("Running",), "Paused", reason="by hand")
    assert activities_to_ring(ledger.database, rung_before_s=30) == []


def test_a_pause_that_is_over_goes_on_by_itself(ledger, running):
    ledger.change_status(running, ("Running",), "Paused", reason="limit", resume_at=1.0)

    assert activities_to_ring(ledger.database, rung_before_s=30) == [(running, ORG)]
    assert ledger.status_of(running) == "Running"
