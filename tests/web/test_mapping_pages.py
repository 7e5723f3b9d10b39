"""The pages of mappings: rows, what they are worth, trying them out, a new field, and what others saved meanwhile."""

import json
import re
import secrets
from urllib.parse import urlencode

import pytest

from lsync_flask.storage.models import draft

ROW = {"row": "a1", "provider.a1": "website", "field.a1": "Website", "policy.a1": "fill_blanks"}
INPUT_ROW = {"row": "a1", "provider.a1": "company_name", "field.a1": "Company"}


def version_of(page):
    return re.search(r'name="version" value="(\d*)"', page)[1]


def test_a_results_mapping_is_saved_with_its_transforms_policy_and_confidence_and_comes_back(client):
    row = {
        "row": "a1",
        "provider.a1": "employees",
        "field.a1": "NumberOfEmployees",
        "policy.a1": "provider_wins",
        "confidence.a1": "70",
        "step.a1": ["s1", "s2"],
        "plugin.s1": "number-from-text",
        "param.s1.decimals": "comma",
        "plugin.s2": "round",
        "param.s2.digits": "-2",
    }
    version = version_of(client.get("/mappings/results/Lead").text)

    saved = client.post("/mappings/results/Lead", data={**row, "version": version, "do": "save"})

    assert "Saved." in saved.text
    stored = client.get("/api/v1/mappings/results/Lead").json["rows"]
    assert [(one["target"], one["policy"], one["minimum_confidence"]) for one in stored] == [
        ("NumberOfEmployees", "provider_wins", 70)
    ]
    assert stored[0]["transforms"] == [
        {"plugin": "number-from-text", "params": {"decimals": "comma"}},
        {"plugin": "round", "params": {"digits": -2}},
    ]
    again = client.get("/mappings/results/Lead").text
    assert "Number from text → Round" in again
    assert re.search(r'name="param\.\w+\.digits"', again)


def test_placeholders_and_a_word_for_the_certainty_are_saved_and_come_back(client):
    row = {"row": "a1", "provider.a1": "employees", "field.a1": "NumberOfEmployees", "policy.a1": "fill_blanks"}
    typed = {**row, "confidence.a1": "High", "placeholders.a1": "N/A, unknown,, N/A"}
    version = version_of(client.get("/mappings/results/Lead").text)

    saved = client.post("/mappings/results/Lead", data={**typed, "version": version, "do": "save"})

    stored = client.get("/api/v1/mappings/results/Lead").json["rows"]
    assert "Saved." in saved.text
    assert [(one["minimum_confidence"], one["placeholders"]) for one in stored] == [("high", ["N/A", "unknown"])]
    assert 'value="N/A, unknown"' in client.get("/mappings/results/Lead").text


def test_input_placeholders_come_back_and_a_wrong_one_is_said_beside_it(client):
    stored = client.get("/api/v1/mappings/input/Lead").json
    rows = [{**stored["rows"][0], "placeholders": ["none"]}, *stored["rows"][1:]]
    saved = client.put("/api/v1/mappings/input/Lead", json={"rows": rows, "version": stored["version"]})
    page = client.get("/mappings/input/Lead").text
    row = {"row": "a1", "provider.a1": rows[0]["input"], "field.a1": rows[0]["source"], "placeholders.a1": "x" * 90}

    wrong = client.post("/mappings/input/Lead", data={**row, "version": version_of(page), "do": "save"})

    assert saved.status_code == 200
    assert 'value="none"' in page
    assert (wrong.status_code, "is longer than 80 characters" in wrong.text) == (422, True)


WRONG = (
    ({"confidence.a1": "many"}, "is no whole number from 0 to 100"),
    ({"confidence.a1": "101"}, "is no whole number from 0 to 100"),
    ({"policy.a1": "sometimes"}, "Choose one of the overwrite policies"),
    ({"field.a1": "Nothing__c"}, "no field Nothing__c"),
    ({"field.a1": ""}, "Choose a field"),
    ({"provider.a1": ""}, "Choose one of the provider"),
    ({"provider.a1": "magic"}, "returns no magic"),
    ({"step.a1": "s1", "plugin.s1": "substring", "param.s1.start": "0"}, "greater than or equal to 1"),
    ({"step.a1": "s1", "plugin.s1": "value-map", "param.s1.pairs": "no sign"}, "has no = in it"),
    ({"step.a1": "s1", "plugin.s1": "gone"}, "There is no transform gone"),
)
"""(what is sent, what is said)"""


def test_what_is_wrong_is_said_beside_it_and_what_was_typed_stays(client):
    version = version_of(client.get("/mappings/results/Lead").text)
    for change, said in WRONG:
        answer = client.post("/mappings/results/Lead", data={**ROW, "version": version, **change})

        assert answer.status_code == 422, change
        assert said in answer.text.replace("&#39;", "'"), change
        assert 'aria-invalid="true"' in answer.text or 'role="alert"' in answer.text, change
        assert f'value="{change.get("confidence.a1") or change.get("param.s1.start") or "a1"}"' in answer.text


def test_whoever_saves_over_another_is_told_who_changed_what_and_may_save_all_the_same(client):
    version = version_of(client.get("/mappings/results/Lead").text)
    client.post("/mappings/results/Lead", data={**ROW, "version": version})

    late = client.post("/mappings/results/Lead", data={**ROW, "policy.a1": "never", "version": version})

    assert late.status_code == 409
    assert "Admin saved another version at" in late.text
    assert "Industry" in late.text
    assert re.search(r'<option value="never" selected', late.text)
    over = re.search(r'name="over" value="(\d+)"', late.text)[1]
    forced = client.post("/mappings/results/Lead", data={**ROW, "policy.a1": "never", "version": version, "over": over})
    assert forced.status_code == 200
    assert client.get("/api/v1/mappings/results/Lead").json["rows"][0]["policy"] == "never"


def test_what_was_typed_comes_back_until_it_is_saved_or_thrown_away(client, signed_in):
    address = "/mappings/results/Lead"
    version = version_of(client.get(address).text)
    typed = {**ROW, "policy.a1": "never", "version": version}

    kept = client.post(f"/drafts{address}", data={**typed, "secret.api_key": "hush", "typed.a1": "x"})

    assert kept.status_code == 204
    page = client.get(address).text
    assert "They are not saved yet" in page
    assert re.search(r'<option value="never" selected', page)
    assert version_of(page) == version
    assert "They are not saved yet" not in signed_in("auditor").get(address).text
    assert "They are not saved yet" not in client.post(address, data={"do": "discard"}).text
    client.post(f"/drafts{address}", data=typed)
    client.post(address, data=typed)
    client.post(f"/drafts{address}", data=typed)  # it was on its way when the mapping was saved
    assert "They are not saved yet" not in client.get(address).text


def test_a_draft_holds_no_secret_and_belongs_to_a_page_that_has_drafts(client, filled, simulated_org):
    version = version_of(client.get("/settings").text)
    client.post("/drafts/settings", data={"bulk_size": "400", "secret.api_key": "hush", "version": version})

    with filled.database.reading(simulated_org["org_id"]) as scope:
        bodies = [row.body for row in scope.run(scope.select(draft))]
    assert len(bodies) == 1
    assert "hush" not in bodies[0]
    assert client.post("/drafts/audit", data={"a": "b"}).status_code == 404


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"provider.a1": "headquarters", "field.a1": "City"}, "a longer value is rejected"),
        ({"provider.a1": "revenue_text", "field.a1": "NumberOfEmployees"}, "The sample"),
        ({"provider.a1": "website", "field.a1": "Website"}, None),
    ],
)
def test_a_row_warns_of_type_and_length_before_it_is_saved(client, row, said):
    page = client.post("/mappings/results/Lead/row?row=a1", data={**ROW, **row})

    assert ('class="warned"' in page.text) == (said is not None)
    assert said is None or said in page.text


def test_a_transform_is_added_moved_and_taken_out(client):
    added = client.post("/mappings/results/Lead/row?row=a1", data={**ROW, "add.a1": "substring"}).text
    step = re.search(r'name="step.a1" value="(\w+)"', added)[1]
    two = {**ROW, "step.a1": [step, "s2"], f"plugin.{step}": "substring", "plugin.s2": "trim"}

    moved = client.post("/mappings/results/Lead/row?row=a1", data={**two, "do": "up:s2"}).text
    dropped = client.post("/mappings/results/Lead/row?row=a1", data={**two, "do": f"drop:{step}"}).text

    assert f'name="param.{step}.start"' in added
    assert "Trim → Substring" in moved
    assert "Transforms: Trim<" in dropped


def test_the_form_says_whether_the_providers_minimum_is_mapped(client):
    nothing = client.post(
        "/mappings/input/Lead/worth", data={"row": "a1", "provider.a1": "country", "field.a1": "Country"}
    )
    enough = client.post("/mappings/input/Lead/worth", data=INPUT_ROW)

    assert "Not enough to look a record up yet" in nothing.text
    assert "Enough to look a record up" in enough.text
    assert "<b>1 of 4</b>" in enough.text


def test_an_input_is_tried_on_values_of_the_org_for_one_call(client, calls):
    client.get("/mappings/input/Lead")
    calls.clear()

    page = client.post(
        "/mappings/input/Lead/try?row=a1",
        data={**INPUT_ROW, "step.a1": "s1", "plugin.s1": "upper", "typed.a1": "acme   gmbh"},
    )

    assert "ACME   GMBH" in page.text
    assert page.text.count("<tr>") == 5
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("typed", "said"), [("1,234 people", "1234"), ("many", "problem"), ("<script>", "&lt;script&gt;")]
)
def test_a_result_is_tried_through_its_transforms_into_its_field(client, typed, said):
    row = {**ROW, "provider.a1": "employees", "field.a1": "NumberOfEmployees"}
    steps = {"step.a1": "s1", "plugin.s1": "number-from-text"}

    page = client.post("/mappings/results/Lead/try?row=a1", data={**row, **steps, "typed.a1": typed}).text

    assert said in page
    assert "<script>" not in page


def test_trying_half_a_row_says_what_is_missing(client):
    page = client.post("/mappings/results/Lead/try?row=a1", data={"row": "a1"})

    assert "Choose both fields first" in page.text


def test_the_pickers_search_by_label_and_api_name_and_offer_what_can_be_written(client):
    for side, search, shown, hidden in (
        ("field", "website", "Website", "Company"),
        ("field", "isconverted", "No field has this", "IsConverted"),
        ("provider", "indus", "Industry", "Headquarters city"),
    ):
        page = client.get(f"/mappings/results/Lead/options/{side}?row=a1&search={search}").text

        assert shown in page
        assert hidden not in page


def test_a_new_field_is_proposed_from_the_catalogue(client):
    for output, kind in (("employees", "Number"), ("industry", "Text"), ("website", "Url"), ("revenue_text", "Text")):
        page = client.get(f"/mappings/results/Lead/new-field?row=a1&provider.a1={output}").text

        assert f'<option value="{kind}" selected' in page
        assert re.search(r'value="\w+__c"', page)
        assert "LSync Manager" in page


def test_the_name_of_a_new_field_is_checked_as_it_is_typed(client, calls):
    client.get("/mappings/results/Lead")
    calls.clear()
    for name, said in (
        ("Brand_New", "Brand_New__c is free"),
        ("9lives__c", "cannot be the name"),
        ("two__words__c", "cannot be the name"),
        ("LSync_Error_Code__c", "already"),
        ("x" * 41, "cannot be the name"),
    ):
        page = client.get(f"/mappings/results/Lead/new-field/name?{urlencode({'field_name': name})}")

        assert said in page.text
    assert calls == []


def test_a_new_field_is_created_with_its_rights_and_becomes_the_rows_target(client):
    name = f"Reach_{secrets.token_hex(3)}"
    form = {"row": "a1", "label": "Reach", "field_name": name, "type": "Number", "precision": "10", "scale": "1"}

    made = client.post("/mappings/results/Lead/new-field", data={**form, "grant": "LSync_Admin", "do": "make"})

    assert json.loads(made.headers["HX-Trigger-After-Settle"]) == {
        "field-made": {"row": "a1", "name": f"{name}__c", "label": "Reach"}
    }
    assert f"{name}__c" in client.get(f"/mappings/results/Lead/options/field?row=a1&search={name}").text
    assert "created a field" in client.get("/audit").text


def test_a_field_that_cannot_be_created_says_why_and_keeps_what_was_typed(client):
    form = {"row": "a1", "label": "Reach", "type": "Text", "length": "20", "do": "make"}
    for change, said in (
        ({"field_name": "9x"}, "cannot be the name"),
        ({"label": ""}, "1 to 40 characters"),
        ({"type": "Text", "length": "300"}, "1 to 255 characters"),
        ({"type": "Number", "precision": "3", "scale": "3"}, "1 to 18 digits"),
        ({"type": "Magic"}, "is none of"),
        ({"field_name": "LSync_Error_Code", "type": "Number", "precision": "5"}, "is there already"),
        ({"grant": "No_Such_Set"}, "There is no permission set"),
    ):
        sent = {**form, "field_name": f"R{secrets.token_hex(3)}", **change}
        answer = client.post("/mappings/results/Lead/new-field", data=sent)

        assert answer.status_code in {409, 422}, change
        assert said in answer.text, change
        assert 'value="Reach"' in answer.text or "label" in change


def test_an_auditor_sees_a_mapping_and_changes_nothing(signed_in):
    client = signed_in("auditor")

    page = client.get("/mappings/results/Lead").text
    posts = [client.post(f"/mappings/results/Lead{end}", data=ROW) for end in ("", "/row", "/try", "/new-field")]
    gets = [client.get(f"/mappings/results/Lead{end}") for end in ("/row", "/new-field", "/new-field/name")]

    assert "Add a row" not in page
    assert "Save" not in page
    assert {answer.status_code for answer in posts + gets} == {403}


def test_nobody_but_admins_and_auditors_sees_mappings(signed_in):
    client = signed_in("manager")

    answers = [client.get(f"/mappings/{one}") for one in ("results/Lead", "input/Lead", "results/Lead/options/field")]

    assert {answer.status_code for answer in answers} == {403}
