"""Rules that administrators make: who sees what, what is refused, what changes by itself."""

import csv

import pytest

from lsync_flask.simulator.org_rules import InvalidRules
from lsync_flask.simulator.rule_checks import set_rules

HOT = {
    "object": "lead",
    "name": "Hot_needs_mail",
    "when": "Rating = 'Hot' AND Email = null",
    "message": "A hot lead needs an e-mail address.",
    "field": "Email",
}
TWINS = {"object": "Lead", "name": "Leads_DR", "fields": ["Email"], "action": "alert"}


def patch_all(house, values, ids, who="admin", **headers):
    records = [{"attributes": {"type": "Lead"}, "id": one, **values} for one in ids]
    return house.ask("PATCH", "/composite/sobjects", who, json={"records": records}, headers=headers).get_json()


def codes(outcomes):
    return [one["errors"][0]["statusCode"] if one["errors"] else None for one in outcomes]


def ingest(house, text, operation="update"):
    body = {"object": "Lead", "operation": operation}
    job = house.ask("POST", "/jobs/ingest", json=body).get_json()["id"]
    house.ask("PUT", f"/jobs/ingest/{job}/batches", data=text.encode(), content_type="text/csv")
    house.ask("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
    house.wait(f"/jobs/ingest/{job}")
    texts = [house.ask("GET", f"/jobs/ingest/{job}/{kind}Results").text for kind in SETS]
    return [[",".join(row) for row in csv.reader(text.splitlines(keepends=True))][1:] for text in texts]


SETS = ("successful", "failed")


def test_a_validation_rule_refuses_those_that_fit_and_no_others(house, add_leads):
    with_mail, without = add_leads({"Email": "ann@acme.example"}, {})
    set_rules(house.org, {"validation_rules": [HOT]})

    outcomes = patch_all(house, {"Rating": "Hot", "City": "Paris"}, [with_mail, without])

    assert codes(outcomes) == [None, "FIELD_CUSTOM_VALIDATION_EXCEPTION"]
    assert outcomes[1]["errors"][0] == {
        "statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "message": HOT["message"],
        "fields": ["Email"],
    }
    cities = {row["Id"]: row["City"] for row in house.query("SELECT Id, City FROM Lead")}
    assert cities == {with_mail: "Paris", without: None}
    assert len(house.org.writes.of(without)) == 0


def test_a_validation_rule_holds_for_new_records_and_for_bulk(house):
    set_rules(house.org, {"validation_rules": [HOT]})

    single = house.ask("POST", "/sobjects/Lead", json={"LastName": "Lee", "Company": "Acme", "Rating": "Hot"})
    succeeded, failed = ingest(house, "LastName,Company,Rating\nA,Acme,Cold\nB,Acme,Hot\n", "insert")

    assert (single.status_code, single.get_json()[0]["message"]) == (400, HOT["message"])
    assert len(succeeded) == 1
    assert f"FIELD_CUSTOM_VALIDATION_EXCEPTION:{HOT['message']}:Email --" in failed[0]
    assert [row["LastName"] for row in house.query("SELECT LastName FROM Lead")] == ["A"]


def test_a_duplicate_is_told_with_its_twin(house, add_leads):
    (twin,) = add_leads({"Email": "Ann@Acme.example"})
    set_rules(house.org, {"duplicate_rules": [TWINS]})

    answer = house.ask("POST", "/sobjects/Lead", json={"LastName": "L", "Company": "C", "Email": "ann@acme.example"})

    (error,) = answer.get_json()
    assert (answer.status_code, error["errorCode"], error["message"]) == (
        400,
        "DUPLICATES_DETECTED",
        "Use one of these records?",
    )
    told = error["duplicateResut"]
    assert told.keys() == {"allowSave", "duplicateRule", "duplicateRuleEntityType", "errorMessage", "matchResults"}
    (match,) = told["matchResults"]
    assert match.keys() == {"entityType", "errors", "matchEngine", "matchRecords", "rule", "size", "success"}
    assert match["matchRecords"][0]["record"]["Id"] == twin


def test_an_alert_is_passed_over_by_those_who_insist_and_a_block_is_not(house, add_leads):
    _, other = add_leads({"Email": "ann@acme.example"}, {"Email": "bob@acme.example"})
    insist = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    values = {"Email": "ann@acme.example"}
    set_rules(house.org, {"duplicate_rules": [TWINS | {"action": "block"}]})
    blocked = codes(patch_all(house, values, [other], **insist))
    set_rules(house.org, {"duplicate_rules": [TWINS]})

    alerted, elsewhere = codes(patch_all(house, values, [other])), codes(patch_all(house, {"City": "X"}, [other]))
    saved = codes(patch_all(house, values, [other], **insist))

    assert blocked == alerted == ["DUPLICATES_DETECTED"]
    assert elsewhere == saved == [None]


def test_triggers_set_fields_or_refuse_the_whole_chunk(house, add_leads):
    hot, cold = add_leads({}, {})
    stamp = {"object": "Lead", "name": "Stamp", "when": "Rating = 'Hot'", "sets": {"Title": "Hot one"}}
    set_rules(house.org, {"triggers": [stamp]})
    patch_all(house, {"Rating": "Hot"}, [hot])
    patch_all(house, {"Rating": "Cold"}, [cold])
    titles = {row["Id"]: row["Title"] for row in house.query("SELECT Id, Title FROM Lead")}
    throws = {"object": "Lead", "name": "Boom", "when": "Rating = 'Hot'", "throws": "Apex CPU time limit exceeded"}
    set_rules(house.org, {"triggers": [throws]})

    outcomes = patch_all(house, {"City": "Rome"}, [hot, cold])

    assert titles == {hot: "Hot one", cold: None}
    assert codes(outcomes) == ["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"] * 2
    assert "caused by: Apex CPU time limit exceeded" in outcomes[1]["errors"][0]["message"]
    assert house.query("SELECT Id FROM Lead WHERE City = 'Rome'") == []


def test_a_trigger_still_sets_its_fields_when_another_record_is_refused(house, add_leads):
    good, bad = add_leads({"Email": "ann@acme.example"}, {})
    stamp = {"object": "Lead", "name": "Stamp", "sets": {"Title": "Seen"}}
    set_rules(house.org, {"validation_rules": [HOT], "triggers": [stamp]})

    patch_all(house, {"Rating": "Hot"}, [good, bad])

    titles = {row["Id"]: row["Title"] for row in house.query("SELECT Id, Title FROM Lead")}
    assert titles == {good: "Seen", bad: None}


def test_private_records_are_seen_and_changed_by_their_owner_only(house, add_leads):
    mine, theirs = add_leads({"OwnerId": house.plain.id}, {"OwnerId": house.admin.id})
    set_rules(house.org, {"sharing": {"Lead": "private"}})

    seen = {who: {row["Id"] for row in house.query("SELECT Id FROM Lead", who)} for who in ("plain", "admin")}
    outcomes = patch_all(house, {"City": "Rome"}, [mine, theirs], "plain")

    assert seen == {"plain": {mine}, "admin": {mine, theirs}}
    assert codes(outcomes) == [None, "INSUFFICIENT_ACCESS_OR_READONLY"]
    assert house.ask("GET", f"/sobjects/Lead/{theirs}", "plain").status_code == 404
    assert house.ask("GET", "/query?q=SELECT COUNT() FROM Lead", "plain").get_json()["totalSize"] == 1


def test_records_to_read_only_are_seen_by_all_and_a_private_parent_is_not(house):
    account = house.org.insert("Account", {"Name": "Acme", "OwnerId": house.admin.id})
    contact = house.org.insert("Contact", {"LastName": "Lee", "AccountId": account, "OwnerId": house.admin.id})
    set_rules(house.org, {"sharing": {"Contact": "read", "Account": "private"}})

    (row,) = house.query("SELECT Id, Account.Name FROM Contact", "plain")
    answer = house.ask("PATCH", f"/sobjects/Contact/{contact}", "plain", json={"Title": "X"})

    assert (row["Id"], row["Account"]) == (contact, None)
    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")


def test_a_locked_record_is_not_changed(house, add_leads):
    locked, free = add_leads({}, {})
    set_rules(house.org, {"locked": [locked]})

    assert codes(patch_all(house, {"City": "Rome"}, [locked, free])) == ["ENTITY_IS_LOCKED", None]


def test_bulk_rows_meet_the_rules_in_chunks_of_200(house):
    ids = [house.org.insert("Lead", {"LastName": "L", "Company": "C", "Rating": "Cold"}) for _ in range(300)]
    house.org.update("Lead", ids[250], {"Rating": "Hot"})
    throws = {"object": "Lead", "name": "Boom", "when": "Rating = 'Hot'", "throws": "Too many SOQL queries: 101"}
    set_rules(house.org, {"triggers": [throws]})

    succeeded, failed = ingest(house, "Id,City\n" + "".join(f"{one},Rome\n" for one in ids))

    assert (len(succeeded), len(failed)) == (200, 100)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ([], "Rules are an object with any of sharing, validation_rules, duplicate_rules, triggers, locked."),
        ({"sharing": {"Leed": "private"}}, "There is no object Leed."),
        ({"sharing": {"Lead": "public"}}, "sharing gives objects one of private, read, open."),
        ({"validation_rules": [HOT | {"field": "Mail"}]}, "Lead has no field Mail."),
        ({"duplicate_rules": [TWINS | {"fields": []}]}, "A duplicate rule has a list of fields, and the action"),
        ({"triggers": [{"object": "Lead", "name": "Idle"}]}, "A trigger either sets fields or throws."),
        ({"locked": ["00Q"]}, "locked holds record ids of 18 characters."),
        ({"validation_rules": [{"object": "Lead"}]}, "A validation rule has object, name, when, message, and may have"),
    ],
)
def test_rules_that_make_no_sense_are_refused_with_the_reason(house, body, sentence):
    with pytest.raises(InvalidRules) as refused:
        set_rules(house.org, body)

    assert str(refused.value).startswith(sentence)


def test_a_condition_that_cannot_be_read_is_shown_with_its_place(house):
    with pytest.raises(InvalidRules, match="ERROR at Row:1:Column"):
        set_rules(house.org, {"validation_rules": [HOT | {"when": "Rating == 'Hot'"}]})
