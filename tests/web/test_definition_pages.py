"""The pages of sync definitions by HTTP: what is sent comes back, and what is wrong is said beside its field."""

import re
from urllib.parse import urlencode

import pytest

from lsync_flask.storage.org_bodies import read_settings_body, save_settings_body


def form(*rows, name="Some leads", logic="", object="Lead", **more):  # noqa: A002 - our word for it
    """What the browser sends for these (field, operator, value) rows."""
    sent = [("name", name), ("object", object), ("logic", logic), *more.items()]
    for number, (field, operator, *values) in enumerate(rows):
        key = f"k{number}"
        sent += [("row", key), (f"field.{key}", field), (f"operator.{key}", operator)]
        sent += [(f"value.{key}", value) for value in values]
    return {"data": urlencode(sent), "content_type": "application/x-www-form-urlencoded"}


def test_apply_filters_costs_exactly_one_api_call(client, calls):
    client.post("/definitions/check", **form(("Country", "equals", "Germany")))
    calls.clear()

    answer = client.post("/definitions/count", **form(("Country", "equals", "Germany")))

    assert answer.status_code == 200
    assert "credits" in answer.text
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("rows", "logic", "said", "kept"),
    [
        ([("Country", "equals", "Germany")], "1 AND (1", "This parenthesis is never closed.", "1 AND (1"),
        ([("Country", "equals", "Germany")], "1 AND 2", "There is no row 2", "1 AND 2"),
        ([("Gone__c", "equals", "x")], "", "Lead has no field Gone__c", "Gone__c"),
        ([("AnnualRevenue", "greater-than", "much")], "", "“much” is not a number", "much"),
        ([("CreatedDate", "equals", "someday")], "", "does not fit Created Date", "someday"),
        ([("CreatedDate", "between", "2026-02-01", "2026-01-01")], "", "must not be greater", "2026-02-01"),
        ([("Company", "less-than", "x"), ("", "equals", "typed before a field")], "", "Choose a field", "typed before"),
    ],
)
@pytest.mark.parametrize("address", ["/definitions/new", "/definitions/count", "/definitions/preview"])
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client, address, rows, logic, said, kept):
    answer = client.post(address, **form(*rows, name="My very own name", logic=logic))

    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert kept in answer.text
    assert 'value="My very own name"' in answer.text


def test_the_place_of_a_mistake_in_the_logic_is_marked_while_typing(client):
    answer = client.post("/definitions/check", **form(("Country", "equals", "Germany"), logic="1 AND x"))

    assert "<mark>x</mark>" in answer.text


def test_a_name_is_asked_for(client):
    answer = client.post("/definitions/new", **form(("Country", "equals", "Germany"), name=" "))

    assert answer.status_code == 422
    assert "Give the definition a name." in answer.text


@pytest.mark.parametrize(
    ("control", "row", "words"),
    [
        ({}, ("Industry", "is-empty"), "Industry is empty"),
        ({"control.k0": "choices"}, ("Industry", "one-of", "Banking", "Energy"), "Industry one of"),
        ({"period.k0": "LAST_N_DAYS", "number.k0": "30"}, ("CreatedDate", "equals"), "LAST_N_DAYS:30"),
        ({"period.k0": "THIS_MONTH"}, ("CreatedDate", "equals"), "THIS_MONTH"),
        ({"period.k0": "day"}, ("CreatedDate", "less-than", "2026-01-31"), "2026-01-31"),
        ({}, ("CreatedDate", "in-last-days", "7"), "in the last n days 7"),
        ({}, ("NumberOfEmployees", "between", "10", "20"), "between 10 and 20"),
        ({}, ("Owner.Name", "contains", "a"), "Owner"),
    ],
)
def test_each_input_arrives_as_its_operator_takes_it_and_comes_back_in_the_form(client, control, row, words):
    saved = client.post("/definitions/new", **form(row, **control))
    assert saved.status_code == 303, saved.text

    number = re.search(r"/definitions/(\d+)", saved.headers["Location"])[1]
    again = client.get(f"/definitions/{number}/edit")
    assert words in client.get(f"/definitions/{number}").text.replace("&#34;", '"')
    for value in (*row[2:], *[v for k, v in control.items() if not k.startswith("control")]):
        assert re.search(rf'value="{value}"( selected| checked|[^>]*>)', again.text), value


def test_fields_are_found_by_label_and_by_api_name_and_those_of_parents_too(client):
    by_label = client.get("/definitions/fields?object=Contact&search=account+industry").text
    by_name = client.get("/definitions/fields?object=Contact&search=Account.Indus").text
    nothing = client.get("/definitions/fields?object=Contact&search=zzzz").text

    assert 'data-value="Account.Industry"' in by_label
    assert 'data-value="Account.Industry"' in by_name
    assert "No field has this" in nothing


def test_an_empty_audience_names_the_criterion_that_leaves_none(client):
    rows = [("Country", "not-equal", ""), ("Company", "equals", "There is no such company")]

    counted = client.post("/definitions/count", **form(*rows))
    said = client.post("/definitions/empty", **form(*rows)).text

    assert "No record matches this filter" in counted.text
    assert said.startswith("Row 2 (Company equals &#34;There is no such company&#34;) alone")


def test_a_definition_is_sorted_paged_exported_imported_and_restored(client):
    for name in ("Zebra", "alpha", "Middle"):
        client.post("/definitions/new", **form(("Country", "equals", name), name=name))
    names = re.findall(r'scope="row"><a href="/definitions/\d+">([^<]+)', client.get("/definitions?sort=name").text)
    assert names == sorted(names, key=str.lower)

    exported = re.search(r"<textarea[^>]*readonly>(.*?)</textarea>", client.get("/definitions/4").text, re.DOTALL)[1]
    assert "name: Zebra" in exported
    imported = client.post("/definitions/import", data={"text": exported.replace("Zebra", "Zebra again")})
    assert imported.headers["Location"] == "/definitions/7?said=imported"

    client.post("/definitions/4/edit", **form(("Country", "equals", "Changed"), name="Zebra", version="1"))
    compared = client.get("/definitions/4/versions").text
    assert "value: Changed" in compared
    assert "value: Zebra" in compared
    assert client.post("/definitions/4/versions/1").headers["Location"] == "/definitions/4?said=restored"
    assert "Zebra" in client.get("/definitions/4/edit").text


def test_what_somebody_else_saved_meanwhile_is_not_overwritten_and_what_was_typed_stays(client):
    client.post("/definitions/1/edit", **form(name="First", version="1"))

    second = client.post("/definitions/1/edit", **form(("Country", "equals", "Mine"), name="Second", version="1"))

    assert second.status_code == 409
    assert 'value="Second"' in second.text
    assert 'value="Mine"' in second.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Paste the YAML"),
        ("name: [", "This is not YAML in line 1"),
        ("a: &a 1\nb: *a", "aliases are not used here"),
        ("- only a list", "This is not a definition"),
        ("name: x\nobject: Lead\nlogik: 1", "logik"),
        ("name: x\nobject: Lead\ncriteria:\n- {field: Gone__c, operator: equals, value: a}", "has no field Gone__c"),
    ],
)
def test_a_text_that_is_no_definition_is_refused_beside_it(client, text, said):
    answer = client.post("/definitions/import", data={"text": text})

    assert answer.status_code == 422
    assert said in answer.text
    assert 'id="import-problem"' in answer.text


def test_a_run_is_summed_up_started_once_and_then_forbids_a_second_and_a_deletion(client):
    summary = client.post("/definitions/1/summary").text
    key = re.search(r'name="key" value="([^"]+)"', summary)[1]
    assert "Fields that may change" in summary

    twice = [client.post("/definitions/1/run", data={"key": key}) for _ in range(2)]
    assert [one.headers["Location"] for one in twice] == ["/definitions/1?said=started"] * 2
    page = client.get("/definitions/1").text
    assert page.count("/activities/1") == 1
    assert 'hx-trigger="every 2s"' in page

    assert "is running already" in client.post("/definitions/1/summary").text
    assert client.post("/definitions/1/run").status_code == 409
    assert client.post("/definitions/1/delete").status_code == 409
    assert "running now" in client.get("/").text


def test_a_definition_that_does_not_run_is_deleted(client):
    assert client.post("/definitions/2/delete").headers["Location"] == "/definitions?said=deleted"
    assert client.get("/definitions/2").status_code == 404


def test_an_audience_above_the_maximum_says_by_how_many_and_starts_nothing(client, filled, simulated_org):
    with filled.database.writing(simulated_org["org_id"]) as scope:
        version, body = read_settings_body(scope)
        save_settings_body(scope, version, {**body, "maximum_records": 10}, "005", filled.now_s())

    counted = client.post("/definitions/count", **form()).text
    summary = client.post("/definitions/1/summary").text
    ran = client.post("/definitions/1/run")

    more = re.search(r"has (\d+) records, (\d+) more than the 10 allowed", counted)
    assert int(more[1]) - int(more[2]) == 10
    assert more[0] in summary
    assert "split it into" in summary
    assert "narrow the filter" in summary
    assert ran.status_code == 409
    assert "Nothing was started" in ran.text
    assert "Nothing has run yet" in ran.text


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        ({"take": "first", "first": "7", "order_by": "-CreatedDate"}, "the first 7, newest first"),
        ({"take": "split"}, r"part 1 of \d+"),
    ],
)
def test_an_audience_above_the_maximum_is_taken_as_chosen(client, filled, simulated_org, sent, part):
    with filled.database.writing(simulated_org["org_id"]) as scope:
        version, body = read_settings_body(scope)
        save_settings_body(scope, version, {**body, "maximum_records": 10}, "005", filled.now_s())

    ran = client.post("/definitions/1/run", data=sent)

    assert ran.headers["Location"] == "/definitions/1?said=started"
    assert re.search(part, client.get("/definitions/1").text)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"take": "first", "first": "many"}, "Type how many records"),
        ({"take": "first", "first": ""}, "Type how many records"),
        ({"take": "first", "first": "999999999"}, "are allowed per activity"),
        ({"take": "first", "first": "5", "order_by": "Gone__c"}, "cannot be sorted by Gone__c"),
    ],
)
def test_a_choice_that_cannot_be_taken_is_said_and_starts_nothing(client, sent, said):
    ran = client.post("/definitions/1/run", data=sent)

    assert ran.status_code == 409
    assert said in ran.text
    assert "Nothing has run yet" in ran.text


def test_a_saved_definition_that_is_empty_names_the_criterion_too(client):
    client.post("/definitions/new", **form(("Company", "equals", "There is no such company")))

    assert 'hx-post="/definitions/4/empty"' in client.post("/definitions/4/count").text
    assert client.post("/definitions/4/empty").text.startswith("Row 1 (Company equals")
