"""A broken plugin costs its own records or its own activity, says so, and the next activity is whole."""

from dataclasses import replace

import pytest

from lsync_flask.engine.steps import MAX_RESULT
from lsync_flask.errors import Interrupted, RetryableError
from lsync_flask.plugin_api import Answer, Answers, Ticket, Transform
from lsync_flask.services import activities, outcomes
from lsync_flask.services.plan import CriterionBody, PluginCallBody, ResultRowBody
from tests.worker.kit import (
    Scripted,
    actor_with,
    answer_all,
    carry_on,
    map_leads,
    provider_of,
    start,
    use_scripted,
    with_provider,
)

FEW = CriterionBody(field="LastName", operator="less-than", value="B")


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


def leave(_value):
    raise SystemExit(3)


def eat(value):
    try:
        return int(value) / 0
    except Exception:  # noqa: BLE001 - what a careless plugin does
        return object()


TRANSFORMS = {
    "exits": leave,
    "eats": eat,
    "wrong-type": lambda value: [value],
    "no-number": lambda _value: 0.5,
    "huge": lambda _value: "x" * (100 * MAX_RESULT),
}


def transform_of(name, apply):
    body = {"__doc__": "Broken.", "name": name, "label": name, "api": 1, "__module__": __name__}
    return type(name, (Transform,), {**body, "apply": lambda _self, value, _record: apply(value)})


def codes_of(resources, admin, activity_id):
    return {one.code for one in outcomes.read_outcomes(resources, admin, activity_id, None, limit=500).outcomes}


def test_a_broken_transform_costs_its_records_and_the_next_activity_is_whole(scripted, admin, script):
    broken = {name: transform_of(name, apply) for name, apply in TRANSFORMS.items()}
    transforms = {**scripted.registry.transforms, **broken}
    resources = replace(scripted, registry=replace(scripted.registry, transforms=transforms))

    for name in broken:
        calls = (PluginCallBody(plugin=name),)
        row = ResultRowBody(output="site", target="Website", transforms=calls, policy="provider_wins")
        map_leads(resources, admin, [row])
        activity_id = start(resources, admin, FEW)
        row = carry_on(resources, activity_id, admin.org_id)
        assert row.status == "Failed", name
        assert codes_of(resources, admin, activity_id) == {"PLUGIN_FAILED"}, name

    map_leads(resources, admin, [ResultRowBody(output="site", target="Website", policy="provider_wins")])
    row = carry_on(resources, start(resources, admin, FEW), admin.org_id)
    assert row.status == "Success"


def fail(_self):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("method", "broken"),
    [("limits", fail), ("limits", lambda _self: None), ("catalogue", fail), ("catalogue", lambda _self: [])],
)
def test_a_provider_that_cannot_say_what_it_is_ends_its_activity_with_a_sentence(
    scripted, admin, script, method, broken
):
    activity_id = start(scripted, admin, FEW)
    cls = type("Twin", (provider_of(script),), {"__doc__": "Broken.", "__module__": __name__, method: broken})

    row = carry_on(with_provider(scripted, cls), activity_id, admin.org_id)

    assert row.status == "Failed"
    assert "Scripted" in row.reason
    assert script.calls == []
    again = carry_on(scripted, start(scripted, admin, FEW), admin.org_id)
    assert again.status == "Success"


def test_an_answer_that_would_fill_the_memory_is_an_error_of_its_records(scripted, admin, script):
    script.reply = answer_all({"site": "https://" + "x" * 20_000_000})
    activity_id = start(scripted, admin, FEW)

    carry_on(scripted, activity_id, admin.org_id)

    assert codes_of(scripted, admin, activity_id) == {"ANSWER_TOO_LARGE"}


def test_a_provider_that_is_long_at_work_has_not_failed_and_its_answers_are_not_lost(scripted, admin, script):
    calls, asked = {}, []

    def submit(call):
        calls[call.key] = call
        return Ticket(call.key, 0.1)

    def collect(ticket):
        asked.append(ticket)
        if len(asked) < 9:
            return Ticket(ticket.ref, 0.1)
        if len(asked) == 9:
            raise RetryableError("The line was cut.", after_s=0.1)
        return Answers(
            [Answer(one.key, True, {"site": "https://late.example"}, 90) for one in calls[ticket.ref].inquiries], 1
        )

    script.reply, script.collect = submit, collect
    activity_id = start(scripted, admin, FEW)

    row = carry_on(scripted, activity_id, admin.org_id)

    assert row.status == "Success"
    assert not activities.read_activity(scripted, admin, activity_id).counts.get("failed")


def test_a_provider_is_told_that_a_crash_came_between(scripted, admin, script):
    calls, told = {}, []

    def submit(call):
        calls[call.key] = call
        return Ticket(call.key, 0.1)

    def collect(ticket):
        told.append(ticket.interrupted)
        if len(told) == 1:
            raise Interrupted("as a process that ends")
        return Answers(
            [Answer(one.key, True, {"site": "https://late.example"}, 90) for one in calls[ticket.ref].inquiries], 1
        )

    script.reply, script.collect = submit, collect

    row = carry_on(scripted, start(scripted, admin, FEW), admin.org_id)

    assert row.status == "Success"
    assert told[:2] == [False, True]
