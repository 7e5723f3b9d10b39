"""What may be spent: credits that calls in flight cannot overrun, and the org's API calls up to the admin's share."""

import threading
import time

import pytest
import requests

from lsync_flask.demo.job import OrgDoor
from lsync_flask.demo.set_up import user_with
from lsync_flask.errors import RetryableError
from lsync_flask.plugin_api import Answer, Answers
from lsync_flask.services import activities
from lsync_flask.services.plan import CriterionBody
from lsync_flask.services.settings import read_settings, save_settings
from lsync_flask.storage.ledger import Ledger
from lsync_flask.worker.clock import ring_for_waiting
from lsync_flask.worker.drain import drain
from tests.worker.kit import Scripted, actor_with, answer_all, carry_on, provider_of, start, use_scripted, with_provider

SOME = CriterionBody(field="LastName", operator="less-than", value="H")


@pytest.fixture
def script():
    return Scripted()


@pytest.fixture
def scripted(filled, script):
    cls = provider_of(script)
    cls.max_per_call = 10
    return with_provider(filled, cls)


@pytest.fixture
def admin(scripted, simulated_org):
    actor = actor_with(scripted, simulated_org, "LSync_Admin", "admin")
    use_scripted(scripted, actor)
    return actor


def _change(resources, admin, **changed):
    seen = read_settings(resources, admin)
    save_settings(resources, admin, seen.settings.model_copy(update=changed), {}, seen.version)


@pytest.mark.parametrize("cap", ["credits_per_run", "credits_per_month"])
def test_a_cap_on_credits_is_not_overrun_by_workers_side_by_side(scripted, admin, script, cap):
    def reply(call):
        time.sleep(0.05)
        return answer_all({"site": "https://example.com"})(call)

    script.reply = reply
    activity_id = start(scripted, admin, SOME)
    _change(scripted, admin, **{cap: 35})

    workers = [threading.Thread(target=drain, args=(scripted, activity_id, threading.Event())) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    view = activities.read_activity(scripted, admin, activity_id)
    assert (view.status, view.credits) == ("Paused", len(script.keys()))
    assert 25 < view.credits <= 35, "a call of ten leaves only while all of it fits under the cap"
    assert "cap of 35 credits" in view.reason
    assert (view.resume_at is None) == (cap == "credits_per_run")

    _change(scripted, admin, **{cap: 10_000})
    activities.resume(scripted, admin, activity_id)
    row = carry_on(scripted, activity_id, admin.org_id)

    assert row.status == "Success"
    assert len(script.keys()) == len(set(script.keys())) == row.selected


def test_what_an_answer_did_not_cost_is_free_again(scripted, admin, script):
    script.reply = lambda call: Answers([Answer(one.key, matched=False) for one in call.inquiries], 0)
    activity_id = start(scripted, admin, SOME)
    _change(scripted, admin, credits_per_run=20, credits_per_month=20)

    row = carry_on(scripted, activity_id, admin.org_id)
    while row.status == "Paused":  # all of the cap was set aside by calls in flight
        activities.resume(scripted, admin, activity_id)
        row = carry_on(scripted, activity_id, admin.org_id)

    assert row.status == "Success"
    assert row.selected > 20


def test_the_share_of_api_calls_pauses_with_reason_and_time_and_goes_on(scripted, admin, simulated_org):
    door = OrgDoor(simulated_org, user_with(simulated_org, "LSync_Admin"))
    while requests.get(f"{simulated_org['control_url']}/calls", timeout=10).json()["total"] < 1_150:
        door.count("SELECT COUNT() FROM Lead")
    activity_id = start(scripted, admin, SOME)
    _change(scripted, admin, api_share_percent=1)

    row = carry_on(scripted, activity_id, admin.org_id)

    assert row.status == "Paused"
    assert "of the org's 115,000 API calls of 24 hours are used, and LSync stops at 1 %" in row.reason
    assert 800 < row.resume_at - time.time() <= 900
    _change(scripted, admin, api_share_percent=80)
    activities.resume(scripted, admin, activity_id)
    assert carry_on(scripted, activity_id, admin.org_id).status == "Success"


def test_a_provider_that_is_down_pauses_the_activity_says_so_and_fails_no_record(scripted, admin, script):
    def down(_call):
        raise RetryableError("The provider answers 503.")

    script.reply = down
    scripted.limiter.open_s = 0.5
    activity_id = start(scripted, admin, SOME)
    ledger = Ledger(scripted.database, admin.org_id)
    paused = carry_on(scripted, activity_id, admin.org_id)
    while paused.status != "Paused":
        paused = carry_on(scripted, activity_id, admin.org_id, seconds=5)

    script.reply = answer_all({"site": "https://up.example"})
    asked_while_down = len(script.calls)
    row = _resume_until_ended(scripted, ledger, activity_id)

    assert "has failed several times in a row" in paused.reason
    assert paused.resume_at is not None
    assert asked_while_down < 30
    assert (row.status, ledger.fates(activity_id)) == ("Success", {"written": row.selected})


def _resume_until_ended(resources, ledger, activity_id):
    """What the clock does when the time of a pause is over, again and again."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        ring_for_waiting(resources)
        row = carry_on(resources, activity_id, ledger.org_id, seconds=10)
        if row.status == "Success":
            break
        time.sleep(0.1)
    return row
