"""Run by test_clean_environment.py, in an environment where the tutorial's plugin and its broken twins are installed."""

import pytest

from lsync_flask.plugin_api import Answer
from lsync_flask.services import outcomes
from lsync_flask.services.plan import CriterionBody, PluginCallBody, ResultRowBody
from tests.worker.kit import Scripted, actor_with, answer_each, carry_on, map_leads, provider_of, start, use_scripted
from tests.worker.kit import with_provider as with_provider_of

REASONS = {
    "raises": "ZeroDivisionError",
    "exits": "SystemExit",
    "loops": "it was not done after",
    "wrong-version": "written for API 99",
    "trim": "lsync-flask brings a transform of this name already",
}


@pytest.mark.timeout(300)
def test_the_plugin_works_in_an_activity_and_its_broken_twins_are_refused(filled, simulated_org):
    script = Scripted()
    resources = with_provider_of(filled, provider_of(script))
    admin = actor_with(resources, simulated_org, "LSync_Admin", "admin")
    use_scripted(resources, admin)
    calls = (PluginCallBody(plugin="last-digits", params={"count": 3}),)
    map_leads(
        resources, admin, [ResultRowBody(output="title", target="Title", transforms=calls, policy="provider_wins")]
    )
    script.reply = answer_each(lambda one: Answer(one.key, True, {"title": "No. 4711"}, 90))

    activity_id = start(resources, admin, CriterionBody(field="LastName", operator="less-than", value="B"))
    row = carry_on(resources, activity_id, admin.org_id)

    found = outcomes.read_outcomes(resources, admin, activity_id, None, limit=500).outcomes
    refused = {one.name: one.reason for one in resources.registry.refused if one.distribution == "broken-twins"}
    assert row.status == "Success"
    assert {one.fields[0].proposed for one in found} == {"711"}
    assert refused.keys() == REASONS.keys()
    assert [name for name, reason in REASONS.items() if reason not in refused[name]] == []
    assert "trim" in resources.registry.transforms
