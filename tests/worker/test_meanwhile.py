"""What happens to an activity meanwhile: its definition changes, people press at once, its owner goes, a disk is full."""

import threading
from collections import Counter
from dataclasses import replace

import pytest
import requests
from sqlalchemy import event, text

from lsync_flask.errors import Conflict
from lsync_flask.plugin_api import Answer, Answers
from lsync_flask.services import activities
from lsync_flask.services.definitions import DefinitionBody, delete_definition, read_definition, save_definition
from lsync_flask.services.plan import CriterionBody
from lsync_flask.services.run_activity import run_activity
from lsync_flask.services.settings import read_settings, save_settings
from lsync_flask.storage.db import open_database
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.models import audit
from lsync_flask.wiring import OrgConnections
from lsync_flask.worker.drain import drain
from tests.worker.kit import (
    Scripted,
    actor_with,
    carry_on,
    define,
    provider_of,
    start,
    use_scripted,
    with_provider,
)

FEW = CriterionBody(field="LastName", operator="less-than", value="B")
ALL = CriterionBody(field="LastName", operator="less-than", value="ZZ")
PEOPLE = 4


@pytest.fixture
def script():
    return Scripted()


@pytest.fixture
def scripted(filled, script):
    return with_provider(filled, provider_of(script))


@pytest.fixture
def admin(scripted, simulated_org):
    actor = actor_with(scripted, simulated_org, "LSync_Admin", "admin")
    use_scripted(scripted, actor)
    return actor


def use_scripted_again(resources, admin, **changed):
    seen = read_settings(resources, admin)
    save_settings(resources, admin, seen.settings.model_copy(update=changed), {}, seen.version)


def press_at_once(resources, admin, activity_id, *actions):
    """All of these at the same moment, each by another person; what each was told ("" when it was done)."""
    ready = threading.Barrier(len(actions))
    told = [""] * len(actions)

    def press(number, action):
        person = replace(admin, name=f"Person {number}")
        ready.wait()
        try:
            action(resources, person, activity_id)
        except Conflict as error:
            told[number] = error.sentence

    people = [threading.Thread(target=press, args=one) for one in enumerate(actions)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return told


def busy(call):
    return Answers([Answer(one.key, matched=False, error_code="BUSY", error="busy") for one in call.inquiries], 0)


def audited(resources, action):
    with resources.database.reading_all() as connection:
        return Counter(row.action for row in connection.execute(audit.select()))[f"activity.{action}"]


def test_a_definition_that_is_edited_meanwhile_changes_nothing_for_what_runs(scripted, admin, script):
    definition_id = define(scripted, admin, FEW)
    activity_id = run_activity(scripted, admin, definition_id)
    seen = read_definition(scripted, admin, definition_id)
    body = DefinitionBody(name="Everybody", object="Lead", criteria=[ALL], logic="")
    save_definition(scripted, admin, body, definition_id, seen.version)

    row = carry_on(scripted, activity_id, admin.org_id)

    assert row.status == "Success"
    assert row.selected == row.audience_size == len(script.keys())
    assert row.plan["definition"] == seen.name


def test_a_definition_is_not_deleted_while_it_runs_and_retry_needs_it_no_more(scripted, admin, script):
    definition_id = define(scripted, admin, FEW)
    activity_id = run_activity(scripted, admin, definition_id)
    with pytest.raises(Conflict, match=f"Wait until activity {activity_id} has ended"):
        delete_definition(scripted, admin, definition_id)
    good = script.reply
    script.reply = busy
    failed = carry_on(scripted, activity_id, admin.org_id)

    delete_definition(scripted, admin, definition_id)
    script.reply = good
    activities.retry(scripted, admin, activity_id)
    row = carry_on(scripted, activity_id, admin.org_id)

    assert (failed.status, row.status) == ("Failed", "Success")


@pytest.mark.parametrize("action", ["pause", "cancel", "resume", "retry"])
def test_of_people_who_press_the_same_at_once_one_does_it_and_the_others_are_told(scripted, admin, script, action):
    activity_id = start(scripted, admin, FEW)
    if action == "resume":
        activities.pause(scripted, admin, activity_id)
    if action == "retry":
        script.reply = busy
        carry_on(scripted, activity_id, admin.org_id)

    told = press_at_once(scripted, admin, activity_id, *[getattr(activities, action)] * PEOPLE)

    assert told.count("") == 1
    assert all("so it cannot" in one or "retr" in one.lower() for one in told if one)
    assert audited(scripted, action) == 1


def test_whoever_presses_pause_and_cancel_at_once_it_is_cancelled(scripted, admin):
    activity_id = start(scripted, admin, FEW)

    told = press_at_once(scripted, admin, activity_id, activities.pause, activities.cancel, activities.pause)
    row = carry_on(scripted, activity_id, admin.org_id)

    assert told[1] == ""
    assert row.status == "Cancelled"


def test_a_retry_by_several_at_once_asks_and_writes_once(scripted, admin, script, simulated_org):
    bad = set()
    good = script.reply

    def some_fail(call):
        bad.update(one.key for one in call.inquiries[::2])
        answers = good(call)
        failed = [Answer(one.key, matched=False, error_code="BUSY", error="busy") for one in call.inquiries[::2]]
        return replace(answers, answers=[*failed, *[one for one in answers.answers if one.key not in bad]])

    script.reply = some_fail
    activity_id = start(scripted, admin, FEW)
    assert carry_on(scripted, activity_id, admin.org_id).status == "Partial Success"
    script.reply = good
    asked = len(script.keys())

    press_at_once(scripted, admin, activity_id, *[activities.retry] * PEOPLE)
    row = carry_on(scripted, activity_id, admin.org_id)

    view = activities.read_activity(scripted, admin, activity_id)
    assert row.status == "Success"
    assert sorted(script.keys()[asked:]) == sorted(bad)
    assert sum(view.counts.values()) == row.selected


def test_an_owner_who_is_deactivated_makes_it_wait_until_somebody_mends_that(scripted, admin, simulated_org):
    activity_id = start(scripted, admin, FEW)
    user = f"{simulated_org['control_url']}/users/{admin.user_id}"
    requests.post(user, json={"active": False}, timeout=10).raise_for_status()
    try:
        connections = OrgConnections(scripted.database, scripted.box, scripted.transport)  # no token is kept
        paused = carry_on(replace(scripted, open_salesforce=connections.open), activity_id, admin.org_id)
    finally:
        requests.post(user, json={"active": True}, timeout=10).raise_for_status()
    activities.resume(scripted, admin, activity_id)
    row = carry_on(scripted, activity_id, admin.org_id)

    assert paused.status == "Paused"
    assert paused.reason.startswith("Waiting for reconnect")
    assert admin.username in paused.reason
    assert paused.resume_at is None
    assert row.status == "Success"


def test_cancel_says_what_was_in_flight(scripted, admin, script):
    at_provider = threading.Event()
    go_on = threading.Event()
    good = script.reply

    def slow(call):
        at_provider.set()
        go_on.wait(30)
        return good(call)

    script.reply = slow
    activity_id = start(scripted, admin, FEW)
    worker = threading.Thread(target=drain, args=(scripted, activity_id, threading.Event()))
    worker.start()
    assert at_provider.wait(30)

    activities.cancel(scripted, admin, activity_id)
    go_on.set()
    worker.join()
    row = carry_on(scripted, activity_id, admin.org_id)

    ledger = Ledger(scripted.database, admin.org_id)
    assert row.reason == f"Cancelled by {admin.name}. In flight: {row.selected:,} records were at the provider."
    assert row.status == "Cancelled"
    assert sum(ledger.fates(activity_id).values()) == row.selected


def test_a_full_disk_pauses_the_work_and_nothing_is_lost(scripted, admin, script, simulated_org):
    """SQLite may not grow by a single page: what is stored is refused as on a full disk, and that at each step."""
    use_scripted_again(scripted, admin, first_bulk_size=200)
    with scripted.database.engine.connect() as connection:
        connection.connection.execute("VACUUM")
    database = open_database(str(scripted.database.engine.url))
    ledger = Ledger(scripted.database, admin.org_id)
    room, statuses = [0], []

    def limit(connection, _record, _proxy):
        connection.execute(f"PRAGMA max_page_count = {room[0]}")

    event.listen(database.engine, "checkout", limit)
    full = replace(scripted, database=database)
    activity_id = start(scripted, admin, ALL)

    with scripted.database.reading_all() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    for more in range(0, 64, 4):  # each turn comes a little further until the disk is full again
        room[0] = pages + more
        drain(full, activity_id, threading.Event(), slice_s=2)
        statuses.append(ledger.status_of(activity_id))
        with scripted.database.writing_all() as connection:
            connection.execute(text("UPDATE bulk SET lease_until = 1.0 WHERE lease_until IS NOT NULL"))
            connection.execute(text("UPDATE activity SET lease_until = 1.0 WHERE lease_until IS NOT NULL"))
            connection.execute(text("UPDATE activity SET status = 'Running' WHERE status = 'Paused'"))
    database.close()
    row = carry_on(scripted, activity_id, admin.org_id)

    assert statuses[0] != "Success"
    assert row.status == "Success"
    keys = {one.key: call.key for call in script.calls for one in call.inquiries}
    assert all(keys[one.key] == call.key for call in script.calls for one in call.inquiries)
    assert len(keys) == row.selected
    writes = requests.get(f"{simulated_org['control_url']}/ledger/writes", timeout=20).json()
    assert {one["record"] for one in writes} >= set(keys)
