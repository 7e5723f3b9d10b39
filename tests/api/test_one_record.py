"""One record through the API: what the provider would change, and an activity of it alone."""

import pytest

from lsync_flask.demo.job import OrgDoor
from lsync_flask.plugin_api import Answer
from lsync_flask.services.plan import ResultRowBody
from lsync_flask.worker.clock import send_outbox
from tests.worker.kit import actor_with, answer_each, carry_on, map_leads

from .conftest import user_of


@pytest.fixture
def door(simulated_org):
    return OrgDoor(simulated_org, user_of(simulated_org, "admin"))


@pytest.fixture
def lead(door):
    """A lead that nobody has enriched, with what its Website is now."""
    found = door.query("SELECT Id, Name, Website FROM Lead WHERE IsConverted = false ORDER BY CreatedDate LIMIT 1")
    return found[0]


@pytest.mark.parametrize("role", ["single_enrich", "manager", "admin"])
def test_a_record_says_what_may_change_and_an_activity_changes_it(callers, parts, simulated_org, lead, role, script):
    caller, path = callers[role], f"/records/{lead['Id']}"
    script.reply = answer_each(lambda one: Answer(one.key, True, {"site": f"https://{role}.example"}, 90))
    status, before = caller.call("GET", path)
    assert status == 200
    assert (before["name"], before["object"], before["problem"], before["activity"]) == (lead["Name"], "Lead", "", None)
    assert before["inputs"]["company"]
    assert [(one["field"], one["may_change"]) for one in before["targets"]] == [("Website", True)]

    status, started = caller.call("POST", f"{path}/enrich")
    assert status == 201
    assert caller.call("POST", f"{path}/enrich")[0] == 409  # it is being enriched
    carry_on(parts, started["activity"], simulated_org["org_id"])

    after = caller.call("GET", path)[1]
    assert after["targets"][0]["current"] == f"https://{role}.example"
    assert (after["activity"]["id"], after["activity"]["status"]) == (started["activity"], "Success")
    assert after["activity"]["outcome"]["fate"] == "written"
    assert caller.call("GET", f"{path}/activity")[1]["activity"] == after["activity"]
    assert script.keys() == [lead["Id"]]


def test_it_is_an_activity_like_any_other_but_no_definition_is_listed_and_no_mail_is_sent(
    callers, parts, simulated_org, lead
):
    manager = callers["manager"]
    listed = manager.call("GET", "/definitions")[1]["definitions"]
    number = callers["single_enrich"].call("POST", f"/records/{lead['Id']}/enrich")[1]["activity"]
    carry_on(parts, number, simulated_org["org_id"])

    activity = manager.call("GET", f"/activities/{number}")[1]
    assert (activity["record"], activity["definition_name"]) == (lead["Id"], f"{lead['Name']} (Lead)")
    assert sum(activity["counts"].values()) == activity["selected"] == 1
    assert manager.call("GET", "/definitions")[1]["definitions"] == listed
    assert manager.call("GET", f"/definitions/{activity['definition_id']}")[0] == 404
    assert manager.call("POST", f"/definitions/{activity['definition_id']}/run")[0] == 404
    assert send_outbox(parts) == 0


def test_the_same_key_starts_one_activity(callers, lead):
    path, key = f"/records/{lead['Id']}/enrich", {"Idempotency-Key": "once"}

    first, again = (callers["single_enrich"].call("POST", path, headers=key) for _ in range(2))

    assert first == again == (201, first[1])


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("00Q000000000000", "There is no such Lead"),
        ("005000000000000", "something else"),
        ("not-an-id", "is no Salesforce id"),
        ("00Q00000000000'", "is no Salesforce id"),
    ],
)
def test_what_is_no_record_for_the_user_is_not_found(callers, record, said):
    for method, path in (("GET", ""), ("POST", "/enrich")):
        status, body = callers["single_enrich"].call(method, f"/records/{record}{path}")

        assert status == 404
        assert said in body["detail"]


def test_a_converted_lead_is_shown_and_not_enriched(callers, door):
    converted = door.query("SELECT Id FROM Lead WHERE IsConverted = true LIMIT 1")[0]["Id"]

    assert "is converted" in callers["manager"].call("GET", f"/records/{converted}")[1]["problem"]
    assert callers["manager"].call("POST", f"/records/{converted}/enrich")[0] == 409


def test_without_a_mapping_the_page_says_what_is_missing(callers, door, parts):
    contact = door.query("SELECT Id FROM Contact LIMIT 1")[0]["Id"]

    status, body = callers["single_enrich"].call("GET", f"/records/{contact}")

    assert status == 200
    assert body["problem"]
    assert callers["single_enrich"].call("POST", f"/records/{contact}/enrich")[0] >= 400


def test_a_policy_that_keeps_values_says_so_before(callers, parts, simulated_org, door):
    admin = actor_with(parts, simulated_org, "LSync_Admin", "admin")
    map_leads(parts, admin, [ResultRowBody(output="site", target="Company", policy="fill_blanks")])
    lead = door.query("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 1")[0]["Id"]

    body = callers["single_enrich"].call("GET", f"/records/{lead}")[1]

    assert [(one["field"], one["may_change"]) for one in body["targets"]] == [("Company", False)]
