"""The worker carries an activity through the simulated org, and says what is in its way."""

from dataclasses import replace

import pytest
import requests

from lsync_flask.demo.job import OrgDoor
from lsync_flask.errors import Conflict, GrantLost, InvalidParams, LimitReached, OutcomeUnknown, RetryableError
from lsync_flask.plugin_api import Answer, Answers, RecordRejected, Ticket
from lsync_flask.services import activities, outcomes
from lsync_flask.services.plan import CriterionBody, PluginCallBody, ResultRowBody
from lsync_flask.services.run_activity import EmptyAudience, OverLimit, run_activity
from lsync_flask.wiring import OrgConnections
from lsync_flask.worker.clock import send_outbox

from .kit import (
    Scripted,
    actor_with,
    answer_each,
    carry_on,
    define,
    map_leads,
    provider_of,
    start,
    use_scripted,
    with_provider,
)

SOME = CriterionBody(field="LastName", operator="less-than", value="H")
FEW = CriterionBody(field="LastName", operator="less-than", value="B")


@pytest.fixture
def script():
    return Scripted()


@pytest.fixture
def scripted(filled, script, simulated_org):
    return with_provider(filled, provider_of(script))


@pytest.fixture
def admin(scripted, simulated_org):
    actor = actor_with(scripted, simulated_org, "LSync_Admin", "admin")
    use_scripted(scripted, actor)
    return actor


@pytest.fixture
def door(simulated_org):
    user = next(one for one in simulated_org["users"] if one["permission_sets"] == ["LSync_Admin"])
    return OrgDoor(simulated_org, user)


def _outcomes(resources, admin, activity_id, fate=None):
    return outcomes.read_outcomes(resources, admin, activity_id, fate, limit=500).outcomes


def _writes(simulated_org, record):
    return requests.get(f"{simulated_org['control_url']}/ledger/writes", params={"record": record}, timeout=10).json()


def test_every_record_is_asked_about_once_and_written(scripted, admin, script, door, simulated_org):
    script.reply = answer_each(lambda one: Answer(one.key, True, {"site": f"https://{one.key.lower()}.example"}, 90))
    activity_id = start(scripted, admin, SOME)

    row = carry_on(scripted, activity_id, admin.org_id)

    view = activities.read_activity(scripted, admin, activity_id)
    assert (row.status, view.counts) == ("Success", {"written": row.selected})
    assert sorted(script.keys()) == sorted(set(script.keys()))
    assert (
        len(script.keys())
        == row.selected
        == door.count("SELECT COUNT() FROM Lead WHERE LastName < 'H' AND IsConverted = false")
    )
    found = door.query(
        "SELECT Id, Website, LSync_Last_Activity_Date__c, LSync_Error_Code__c FROM Lead WHERE LastName < 'H' AND IsConverted = false"
    )
    assert all(record["Website"] == f"https://{record['Id'].lower()}.example" for record in found)
    assert all(record["LSync_Last_Activity_Date__c"] and not record["LSync_Error_Code__c"] for record in found)


def test_a_value_that_is_there_already_is_not_written_again(scripted, admin, script):
    script.reply = answer_each(lambda one: Answer(one.key, True, {"site": "https://same.example"}, 90))
    carry_on(scripted, start(scripted, admin, FEW), admin.org_id)

    again = start(scripted, admin, FEW)
    carry_on(scripted, again, admin.org_id)

    assert set(activities.read_activity(scripted, admin, again).counts) == {"unchanged"}


def test_what_the_provider_cannot_find_is_honestly_not_matched(scripted, admin, script):
    script.reply = answer_each(lambda one: Answer(one.key, matched=False))
    activity_id = start(scripted, admin, FEW)

    row = carry_on(scripted, activity_id, admin.org_id)

    assert row.status == "Success"
    assert set(activities.read_activity(scripted, admin, activity_id).counts) == {"not_matched"}


@pytest.mark.parametrize(
    ("output", "target", "value", "code"),
    [
        ("title", "Title", "x" * 129, "STRING_TOO_LONG"),
        ("title", "NumberOfEmployees", "many", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("size", "NumberOfEmployees", 10**12, "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)
def test_a_value_that_does_not_fit_rejects_the_record_with_a_sentence(
    scripted, admin, script, door, output, target, value, code
):
    map_leads(scripted, admin, [ResultRowBody(output=output, target=target, policy="provider_wins")])
    script.reply = answer_each(lambda one: Answer(one.key, True, {output: value}, 90))
    activity_id = start(scripted, admin, FEW)

    row = carry_on(scripted, activity_id, admin.org_id)

    outcomes = _outcomes(scripted, admin, activity_id)
    assert row.status == "Failed"
    assert {(one.fate, one.code) for one in outcomes} == {("rejected", code)}
    record = door.query(
        f"SELECT LSync_Error_Code__c, LSync_Error_Message__c, {target} FROM Lead WHERE Id = '{outcomes[0].record}'"
    )[0]
    assert record["LSync_Error_Code__c"] == code
    assert record["LSync_Error_Message__c"] == outcomes[0].message[:255]


def test_an_error_on_the_record_is_cleared_when_it_comes_out_well(scripted, admin, script, door):
    map_leads(scripted, admin, [ResultRowBody(output="title", target="Title", policy="provider_wins")])
    script.reply = answer_each(lambda one: Answer(one.key, True, {"title": "x" * 129}, 90))
    carry_on(scripted, start(scripted, admin, FEW), admin.org_id)

    script.reply = answer_each(lambda one: Answer(one.key, True, {"title": "Chief"}, 90))
    activity_id = start(scripted, admin, FEW)
    carry_on(scripted, activity_id, admin.org_id)

    record = _outcomes(scripted, admin, activity_id)[0].record
    found = door.query(f"SELECT Title, LSync_Error_Code__c, LSync_Error_Message__c FROM Lead WHERE Id = '{record}'")[0]
    assert (found["Title"], found["LSync_Error_Code__c"], found["LSync_Error_Message__c"]) == ("Chief", None, None)


def test_what_salesforce_refuses_is_an_outcome_and_noted_on_the_record(scripted, admin, script, door, simulated_org):
    map_leads(scripted, admin, [ResultRowBody(output="rating", target="CleanStatus", policy="provider_wins")])
    script.reply = answer_each(lambda one: Answer(one.key, True, {"rating": "No such value"}, 90))
    activity_id = start(scripted, admin, FEW)

    carry_on(scripted, activity_id, admin.org_id)

    outcomes = _outcomes(scripted, admin, activity_id)
    assert {one.code for one in outcomes} == {"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"}
    found = door.query(f"SELECT LSync_Error_Code__c FROM Lead WHERE Id = '{outcomes[0].record}'")[0]
    assert found["LSync_Error_Code__c"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


@pytest.mark.parametrize(
    "garbage",
    [None, "<html>", {"answers": []}, Answers(["not an answer"], 1), Answers([Answer("00Q000000000000AAA", True)], 1)],
)
def test_a_provider_that_answers_garbage_loses_no_record(scripted, admin, script, garbage):
    script.reply = lambda _call: garbage
    scripted = replace(scripted)
    activity_id = start(scripted, admin, FEW)

    row = carry_on(scripted, activity_id, admin.org_id)

    counts = activities.read_activity(scripted, admin, activity_id).counts
    assert row.status == "Failed"
    assert counts == {"failed": row.selected}
    assert {one.code for one in _outcomes(scripted, admin, activity_id)} <= {"PROVIDER_ERROR", "NO_ANSWER"}


def test_a_provider_that_exits_costs_its_records_and_no_others(scripted, admin, script):
    def leave(_call):
        raise SystemExit(3)

    script.reply = leave
    activity_id = start(scripted, admin, FEW)

    row = carry_on(scripted, activity_id, admin.org_id)

    assert activities.read_activity(scripted, admin, activity_id).counts == {"failed": row.selected}
    assert {one.code for one in _outcomes(scripted, admin, activity_id)} == {"PROVIDER_ERROR"}


def test_answers_in_the_wrong_order_twice_or_too_many_are_matched_by_key(scripted, admin, script):
    def reply(call):
        answers = [Answer(one.key, True, {"site": f"https://{one.key.lower()}.example"}, 90) for one in call.inquiries]
        doubles = [Answer(one.key, True, {"site": "https://second.example"}, 90) for one in call.inquiries]
        return Answers([*reversed(answers), *doubles, Answer("00Qunknown", True)], len(answers))

    script.reply = reply
    activity_id = start(scripted, admin, FEW)

    carry_on(scripted, activity_id, admin.org_id)

    outcomes = _outcomes(scripted, admin, activity_id)
    assert all(one.fields[0].proposed == f"https://{one.record.lower()}.example" for one in outcomes)


def test_a_provider_that_stumbles_is_asked_again_with_the_same_key(scripted, admin, script):
    good = script.reply
    seen = []

    def reply(call):
        seen.append(call.key)
        if len(seen) == 1:
            raise RetryableError("busy", after_s=0.1)
        return good(call)

    script.reply = reply
    activity_id = start(scripted, admin, FEW)

    row = carry_on(scripted, activity_id, admin.org_id)

    assert row.status == "Success"
    assert len(set(seen)) == 1


def test_a_lost_reply_is_not_paid_again_when_the_provider_cannot_tell(filled, script, simulated_org):
    scripted = with_provider(filled, provider_of(script, "none"))
    admin = actor_with(scripted, simulated_org, "LSync_Admin", "admin")
    use_scripted(scripted, admin)

    def reply(_call):
        raise OutcomeUnknown("the line was cut")

    script.reply = reply
    activity_id = start(scripted, admin, FEW)

    row = carry_on(scripted, activity_id, admin.org_id)

    assert row.status == "Failed"
    assert len(script.calls) == 1
    assert {one.code for one in _outcomes(scripted, admin, activity_id)} == {"CHARGE_UNKNOWN"}


def test_a_provider_that_takes_its_time_is_asked_for_its_answers_later(scripted, admin, script):
    calls = {}

    def reply(call):
        calls[call.key] = call
        return Ticket(call.key, 0.1)

    script.reply = reply
    script.collect = lambda ticket: Answers(
        [Answer(one.key, True, {"site": "https://late.example"}, 90) for one in calls[ticket.ref].inquiries], 1
    )
    activity_id = start(scripted, admin, FEW)

    row = carry_on(scripted, activity_id, admin.org_id)

    assert row.status == "Success"
    assert len(script.calls) == len(calls)


def test_a_limit_pauses_the_activity_with_its_reason_and_it_goes_on(scripted, admin, script):
    good = script.reply

    def reply(_call):
        raise LimitReached("The credits are used up.", reason="credits")

    script.reply = reply
    activity_id = start(scripted, admin, FEW)

    paused = carry_on(scripted, activity_id, admin.org_id)
    script.reply = good
    activities.resume(scripted, admin, activity_id)
    row = carry_on(scripted, activity_id, admin.org_id)

    assert (paused.status, paused.reason) == ("Paused", "The credits are used up.")
    assert paused.resume_at is not None
    assert row.status == "Success"


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (GrantLost("Salesforce no longer lets us in."), False),
        (LimitReached("The API calls are used up.", reason="salesforce-limit", after_s=600), True),
        (RetryableError("Salesforce answered with a web page."), True),
    ],
)
def test_an_org_that_refuses_parks_the_activity_and_nothing_is_lost(scripted, admin, error, waits):
    activity_id = start(scripted, admin, FEW)

    def closed(_org_id, _username):
        raise error

    paused = carry_on(replace(scripted, open_salesforce=closed), activity_id, admin.org_id)
    activities.resume(scripted, admin, activity_id)
    row = carry_on(scripted, activity_id, admin.org_id)

    said = f"Waiting for reconnect: {error}" if isinstance(error, GrantLost) else str(error)
    assert (paused.status, paused.reason) == ("Paused", said)
    assert (paused.resume_at is not None) == waits
    assert row.status == "Success"


def test_a_revoked_grant_parks_the_activity_and_mails_its_owner_once_each_time(scripted, admin, simulated_org):
    seen = len(requests.get(f"{simulated_org['control_url']}/mails", timeout=10).json())
    activity_id = start(scripted, admin, FEW)
    user = f"{simulated_org['control_url']}/users/{admin.user_id}"

    requests.post(user, json={"approved": False}, timeout=10).raise_for_status()
    try:
        for _ in range(2):
            reopened = OrgConnections(scripted.database, scripted.box, scripted.transport)
            paused = carry_on(replace(scripted, open_salesforce=reopened.open), activity_id, admin.org_id)
            send_outbox(scripted)
            send_outbox(scripted)
            activities.resume(scripted, admin, activity_id)
    finally:
        requests.post(user, json={"approved": True}, timeout=10).raise_for_status()
    row = carry_on(scripted, activity_id, admin.org_id)

    mails = requests.get(f"{simulated_org['control_url']}/mails", timeout=10).json()
    told = [mail for mail in mails if "waiting for reconnect" in mail["subject"] and mail["number"] > seen]
    assert paused.reason.startswith(f"Waiting for reconnect: Salesforce does not let LSync in as {admin.username}")
    assert len(told) == 2
    assert row.status == "Success"


def test_an_audience_above_the_maximum_starts_nothing_and_says_by_how_many(scripted, admin, script):
    use_scripted_again(scripted, admin, maximum_records=10)
    definition_id = define(scripted, admin, SOME)

    with pytest.raises(OverLimit, match=r"more than the 10 allowed") as refused:
        run_activity(scripted, admin, definition_id)

    assert refused.value.count > 10
    assert activities.list_activities(scripted, admin, definition_id) == []
    assert script.calls == []


def use_scripted_again(resources, admin, **settings):
    use_scripted(resources, admin, **settings)


def test_an_empty_audience_starts_nothing(scripted, admin):
    definition_id = define(scripted, admin, CriterionBody(field="LastName", operator="equals", value="No Such Name"))

    with pytest.raises(EmptyAudience, match="No record matches"):
        run_activity(scripted, admin, definition_id)


def test_a_second_run_while_one_goes_on_is_refused(scripted, admin):
    definition_id = define(scripted, admin, FEW)
    first = run_activity(scripted, admin, definition_id)

    with pytest.raises(Conflict, match=f"running already: see activity {first}"):
        run_activity(scripted, admin, definition_id)


def test_the_same_request_key_starts_one_activity(scripted, admin):
    definition_id = define(scripted, admin, FEW)

    first = run_activity(scripted, admin, definition_id, "key-1")

    assert run_activity(scripted, admin, definition_id, "key-1") == first


def test_a_field_that_is_gone_is_named(scripted, admin):
    with pytest.raises(InvalidParams, match="Gone__c") as refused:
        define(scripted, admin, CriterionBody(field="Gone__c", operator="equals", value="x"))

    assert set(refused.value.problems) == {"criteria.0.field"}


@pytest.mark.parametrize(
    ("criterion", "place"),
    [
        (CriterionBody(field="NumberOfEmployees", operator="greater-than", value="many"), "criteria.0.value"),
        (CriterionBody(field="CreatedDate", operator="equals", value="yesterdayish"), "criteria.0.value"),
        (CriterionBody(field="Description", operator="contains", value="x"), "criteria.0."),
        (CriterionBody(field="Company", operator="no-such", value="x"), "criteria.0.operator"),
    ],
)
def test_a_criterion_that_does_not_fit_is_refused_at_its_place(scripted, admin, criterion, place):
    with pytest.raises(InvalidParams) as refused:
        define(scripted, admin, criterion)

    assert all(name.startswith(place) for name in refused.value.problems)


def test_bad_filter_logic_is_refused_with_its_position(scripted, admin):
    with pytest.raises(InvalidParams) as refused:
        define(scripted, admin, SOME, FEW, logic="1 AND (2 OR 3")

    assert "logic" in refused.value.problems


def test_a_provider_field_of_the_wrong_type_for_its_target_is_refused_when_mapping(scripted, admin):
    with pytest.raises(InvalidParams) as refused:
        map_leads(scripted, admin, [ResultRowBody(output="site", target="IsUnreadByOwner")])

    assert all(name.startswith("rows.0") for name in refused.value.problems)


def test_a_transform_that_raises_rejects_the_records_and_names_itself(scripted, admin, script):
    broken = _broken_transform(scripted)
    rows = [
        ResultRowBody(
            output="site", target="Website", transforms=(PluginCallBody(plugin="broken"),), policy="provider_wins"
        )
    ]
    map_leads(broken, admin, rows)
    activity_id = start(broken, admin, FEW)

    row = carry_on(broken, activity_id, admin.org_id)

    outcomes = _outcomes(broken, admin, activity_id)
    assert row.status == "Failed"
    assert {one.code for one in outcomes} == {"PLUGIN_FAILED"}
    assert "broken" in outcomes[0].message


def _broken_transform(resources):
    from typing import ClassVar

    from lsync_flask.plugin_api import Transform

    class Broken(Transform):
        """Raises, whatever it is given."""

        name: ClassVar[str] = "broken"
        label: ClassVar[str] = "Broken"
        api: ClassVar[int] = 1

        def apply(self, value, record):
            raise ZeroDivisionError(value)

    transforms = {**resources.registry.transforms, "broken": Broken}
    return replace(resources, registry=replace(resources.registry, transforms=transforms))


def test_a_transform_that_rejects_says_why(scripted, admin, script):
    map_leads(
        scripted,
        admin,
        [
            ResultRowBody(
                output="title",
                target="NumberOfEmployees",
                transforms=(PluginCallBody(plugin="number-from-text"),),
                policy="provider_wins",
            )
        ],
    )
    script.reply = answer_each(lambda one: Answer(one.key, True, {"title": "no number at all"}, 90))
    activity_id = start(scripted, admin, FEW)

    carry_on(scripted, activity_id, admin.org_id)

    assert {one.fate for one in _outcomes(scripted, admin, activity_id)} == {"rejected"}
    assert issubclass(RecordRejected, Exception)


def test_retry_touches_only_what_failed_and_buys_no_answer_twice(scripted, admin, script, simulated_org):
    bad = set()

    def answer(one):
        if int(one.key[12:15], 36) % 3 == 0:
            bad.add(one.key)
            return Answer(one.key, False, error_code="1100", error="internal", may_retry=True)
        return Answer(one.key, True, {"site": f"https://{one.key.lower()}.example"}, 90)

    script.reply = answer_each(answer)
    activity_id = start(scripted, admin, SOME)
    first = carry_on(scripted, activity_id, admin.org_id)
    asked = len(script.keys())
    script.reply = answer_each(lambda one: Answer(one.key, True, {"site": "https://retried.example"}, 90))

    activities.retry(scripted, admin, activity_id)
    second = carry_on(scripted, activity_id, admin.org_id)

    assert (first.status, second.status) == ("Partial Success", "Success")
    assert set(script.keys()[asked:]) == bad
    view = activities.read_activity(scripted, admin, activity_id)
    assert sum(view.counts.values()) == second.selected


def test_cancel_asks_the_provider_no_more_and_gives_every_record_an_outcome(scripted, admin, script):
    use_scripted_again(scripted, admin, first_bulk_size=5, bulk_size=200)
    activity_id = start(scripted, admin, SOME)
    activities.cancel(scripted, admin, activity_id)

    row = carry_on(scripted, activity_id, admin.org_id)

    view = activities.read_activity(scripted, admin, activity_id)
    assert row.status == "Cancelled"
    assert script.calls == []
    assert sum(view.counts.values()) == row.selected


def test_a_paused_activity_waits_until_it_is_resumed(scripted, admin, script):
    activity_id = start(scripted, admin, FEW)
    activities.pause(scripted, admin, activity_id)

    assert carry_on(scripted, activity_id, admin.org_id, seconds=1).status == "Paused"
    assert script.calls == []
    activities.resume(scripted, admin, activity_id)
    assert carry_on(scripted, activity_id, admin.org_id).status == "Success"
