"""The page of unmapped values."""

from lsync_flask.services.plan import CriterionBody
from lsync_flask.services.unmapped import UnmappedReport, UnmappedValue
from lsync_flask.web import unmapped_pages
from tests.worker.kit import actor_with, carry_on, start

FEW = CriterionBody(field="LastName", operator="less-than", value="B")


def test_an_activity_whose_values_all_had_their_place_says_so(client, filled, simulated_org):
    admin = actor_with(filled, simulated_org, "LSync_Admin", "admin")
    number = start(filled, admin, FEW)
    carry_on(filled, number, admin.org_id)

    page = client.get(f"/activities/{number}/unmapped")
    wrong = client.post(f"/activities/{number}/unmapped", data={})

    assert "Every value of the provider had its place" in page.text
    assert (wrong.status_code, "Choose the org" in wrong.text) == (422, True)
    assert client.get("/activities/999999/unmapped").status_code == 404
    assert client.get(f"/api/v1/activities/{number}/unmapped").get_json()["values"] == []


def test_what_is_chosen_goes_into_the_mapping(client, filled, simulated_org, monkeypatch):
    target = client.get("/api/v1/mappings/results/Lead").get_json()["rows"][0]["target"]
    value = UnmappedValue(target, target, "<very> hot", 1200, ("Hot", "Warm"))
    monkeypatch.setattr(unmapped_pages, "list_unmapped", lambda *_: UnmappedReport("Lead", [value], is_whole=False))

    page = client.get("/activities/1/unmapped").text
    saved = client.post("/activities/1/unmapped", data={"value.0": "<very> hot", "to.0": "Warm"})

    row = client.get("/api/v1/mappings/results/Lead").get_json()["rows"][0]
    assert "&lt;very&gt; hot" in page
    assert "1,200" in page
    assert "1 value is in the mapping now." in saved.text
    assert row["transforms"][0] == {"plugin": "value-map", "params": {"pairs": {"<very> hot": "Warm"}}}


def test_a_pair_that_cannot_be_mapped_is_refused_by_the_api(client):
    answer = client.post(
        "/api/v1/mappings/results/Lead/values", json={"pairs": [{"field": "A", "value": "a=b", "to": ""}]}
    )

    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["pairs.0.value"]
