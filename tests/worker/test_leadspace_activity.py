"""An activity with the Leadspace provider: what its faults cost, by the local service's own ledger of charges."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from lsync_flask.outbound import GuardedHttp
from lsync_flask.services import activities, outcomes
from lsync_flask.services.mappings import save_input_mapping, save_result_mapping
from lsync_flask.services.plan import CriterionBody, InputMappingBody, InputRowBody, ResultMappingBody, ResultRowBody
from lsync_flask.services.settings import OrgSettings, read_settings, save_settings
from tests.plugins.gateway import Losing, paid, set_service
from tests.worker.kit import _version, actor_with, carry_on, start

FEW = CriterionBody(field="LastName", operator="less-than", value="B")
SUBMIT, POLL = "POST *enrich/bulk", "GET *results/*"


@pytest.fixture
def admin(filled, simulated_org):
    set_service(simulated_org, bulk_ms=0, calls_per_s=100_000)
    actor = actor_with(filled, simulated_org, "LSync_Admin", "admin")
    seen = read_settings(filled, actor)
    chosen = OrgSettings(provider="leadspace", provider_params={"url": simulated_org["provider_url"]}, bulk_size=200)
    save_settings(filled, actor, chosen, {"key": simulated_org["provider_key"]}, seen.version)
    inputs = InputMappingBody(rows=(InputRowBody(input="company.name", source="Company"),))
    results = ResultMappingBody(
        rows=(ResultRowBody(output="company.website", target="Website", policy="provider_wins"),)
    )
    save_input_mapping(filled, actor, "Lead", inputs, _version(filled, actor, "input"))
    save_result_mapping(filled, actor, "Lead", results, _version(filled, actor, "results"))
    return actor


def through(filled, org, *losses):
    http = GuardedHttp(frozenset({urlsplit(org["provider_url"]).netloc}), None)
    return replace(filled, http=Losing(http, *losses))


def bought(org, before):
    """What each record has cost since."""
    return {
        record: number - before.get(record, 0) for record, number in paid(org).items() if number > before.get(record, 0)
    }


def test_lost_polls_buy_nothing_twice_and_every_record_has_its_outcome(filled, admin, simulated_org):
    resources = through(filled, simulated_org, (POLL, {1, 2, 3}))
    before = paid(simulated_org)

    activity_id = start(resources, admin, FEW)
    row = carry_on(resources, activity_id, admin.org_id)

    assert row.status in {"Success", "Partial Success"}
    assert set(bought(simulated_org, before).values()) == {1}
    assert not activities.read_activity(resources, admin, activity_id).counts.get("failed")


def test_a_lost_submit_is_never_bought_again_and_is_named(filled, admin, simulated_org):
    resources = through(filled, simulated_org, (SUBMIT, {1}))
    before = paid(simulated_org)

    activity_id = start(resources, admin, FEW)
    carry_on(resources, activity_id, admin.org_id)

    unknown = outcomes.read_outcomes(resources, admin, activity_id, "failed", limit=500).outcomes
    assert set(bought(simulated_org, before).values()) == {1}
    assert {one.code for one in unknown} == {"CHARGE_UNKNOWN"}
    assert "may have been paid" in unknown[0].message
