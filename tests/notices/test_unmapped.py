"""What a picklist does not have is listed with its number of records, and mapped where it stands."""

import pytest

from lsync_flask.errors import InvalidParams, NotAllowed
from lsync_flask.plugin_api import Answer, Answers
from lsync_flask.services.mappings import read_result_mapping
from lsync_flask.services.plan import CriterionBody, PluginCallBody, ResultRowBody
from lsync_flask.services.unmapped import MappedValue, list_unmapped, map_values
from tests.worker.kit import Scripted, actor_with, carry_on, map_leads, provider_of, start, use_scripted, with_provider

FEW = CriterionBody(field="LastName", operator="less-than", value="B")


@pytest.fixture
def script():
    """Says “very hot” of every second record, and “Hot” of the others."""
    script = Scripted()

    def reply(call):
        said = {one.key: {"rating": ("very hot", "Hot")[place % 2]} for place, one in enumerate(call.inquiries)}
        return Answers([Answer(key, matched=True, values=values) for key, values in said.items()], 0)

    script.reply = reply
    return script


@pytest.fixture
def world(filled, script):
    return with_provider(filled, provider_of(script))


@pytest.fixture
def admin(world, simulated_org):
    actor = actor_with(world, simulated_org, "LSync_Admin", "admin")
    use_scripted(world, actor)
    return actor


def mapped(world, admin, *transforms):
    map_leads(world, admin, [ResultRowBody(output="rating", target="Rating", policy="always", transforms=transforms)])


def run(world, admin):
    activity_id = start(world, admin, FEW)
    carry_on(world, activity_id, admin.org_id)
    return activity_id


REFUSING = PluginCallBody(plugin="value-map", params={"pairs": {"Hot": "Hot"}, "otherwise": "reject"})


def test_a_refused_value_is_listed_and_the_next_run_maps_it(world, admin):
    mapped(world, admin, PluginCallBody(plugin="trim"), REFUSING)
    before = list_unmapped(world, admin, run(world, admin))

    map_values(world, admin, "Lead", [MappedValue(field="Rating", value="very hot", to="Warm")])
    after = list_unmapped(world, admin, run(world, admin))

    (found,) = before.values
    assert (found.field, found.value, before.is_whole) == ("Rating", "very hot", True)
    assert found.records > 0
    assert "Warm" in found.choices
    assert after.values == []


def test_the_pairs_come_first_and_later_maps_let_the_orgs_values_through(world, admin):
    mapped(world, admin, PluginCallBody(plugin="trim"), REFUSING)

    for to in ("Warm", "Cold"):
        map_values(world, admin, "Lead", [MappedValue(field="Rating", value="very hot", to=to)])

    calls = read_result_mapping(world, admin, "Lead").body.rows[0].transforms
    assert [call.plugin for call in calls] == ["value-map", "trim", "value-map"]
    assert calls[0].params["pairs"] == {"very hot": "Cold"}
    assert calls[2].params["pairs"] == {"Hot": "Hot", "Warm": "Warm", "Cold": "Cold"}


def test_what_is_wrong_is_said_and_only_an_admin_maps(world, admin, simulated_org):
    mapped(world, admin)
    manager = actor_with(world, simulated_org, "LSync_Manager", "manager")

    with pytest.raises(InvalidParams) as refused:
        map_values(world, admin, "Lead", [MappedValue(field="Website", value="x", to="y")])
    with pytest.raises(NotAllowed):
        map_values(world, manager, "Lead", [MappedValue(field="Rating", value="x", to="Hot")])

    assert list(refused.value.problems) == ["pairs.0.field"]
