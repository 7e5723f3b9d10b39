"""`/composite` and `/composite/batch`: several requests in one call."""

import pytest

BASE = "/services/data/v67.0"


def step(reference, method, url, body=None):
    told = {"referenceId": reference, "method": method, "url": f"{BASE}{url}"}
    return told if body is None else told | {"body": body}


def send(house, *steps, **more):
    answer = house.ask("POST", "/composite", json={"compositeRequest": [*steps], **more})
    assert answer.status_code == 200, answer.text
    return answer.get_json()["compositeResponse"]


def names(house):
    return [row["LastName"] for row in house.query("SELECT LastName FROM Contact ORDER BY LastName")]


def test_a_request_uses_the_answers_before_it(house):
    account, contact, found = send(
        house,
        step("acme", "POST", "/sobjects/Account", {"Name": "Acme"}),
        step("ann", "POST", "/sobjects/Contact", {"LastName": "Lee", "AccountId": "@{acme.id}"}),
        step("read", "GET", "/query?q=SELECT+Id,Account.Name+FROM+Contact+WHERE+Id='@{ann.id}'"),
    )

    made = account["body"]["id"]
    assert account == {
        "body": {"id": made, "success": True, "errors": []},
        "httpHeaders": {"Location": f"{BASE}/sobjects/Account/{made}"},
        "httpStatusCode": 201,
        "referenceId": "acme",
    }
    assert contact["httpStatusCode"] == 201
    assert set(found) == {"body", "httpHeaders", "httpStatusCode", "referenceId"}
    assert found["body"]["records"][0]["Account"]["Name"] == "Acme"


def test_a_value_of_a_list_is_used_too(house, add_leads):
    (lead,) = add_leads({"City": "Rome"})

    _, changed = send(
        house,
        step("all", "GET", "/query?q=SELECT Id FROM Lead"),
        step("change", "PATCH", "/sobjects/Lead/@{all.records[0].Id}", {"City": "Paris"}),
    )

    assert changed == {"body": None, "httpHeaders": {}, "httpStatusCode": 204, "referenceId": "change"}
    assert house.query(f"SELECT City FROM Lead WHERE Id = '{lead}'")[0]["City"] == "Paris"


def test_what_depends_on_a_failure_is_halted_and_the_rest_goes_on(house):
    failed, halted, other = send(
        house,
        step("acme", "POST", "/sobjects/Account", {}),
        step("ann", "POST", "/sobjects/Contact", {"LastName": "Lee", "AccountId": "@{acme.id}"}),
        step("bob", "POST", "/sobjects/Contact", {"LastName": "Ray"}),
    )

    assert (failed["httpStatusCode"], failed["body"][0]["errorCode"]) == (400, "REQUIRED_FIELD_MISSING")
    assert halted == {
        "body": [
            {
                "errorCode": "PROCESSING_HALTED",
                "message": "Invalid reference specified. No value for acme.id found in acme",
            }
        ],
        "httpHeaders": {},
        "httpStatusCode": 400,
        "referenceId": "ann",
    }
    assert other["httpStatusCode"] == 201
    assert names(house) == ["Ray"]


def test_all_or_none_undoes_everything(house):
    first, failed, last = send(
        house,
        step("bob", "POST", "/sobjects/Contact", {"LastName": "Ray"}),
        step("acme", "POST", "/sobjects/Account", {}),
        step("cat", "POST", "/sobjects/Contact", {"LastName": "Moe"}),
        allOrNone=True,
    )

    undone = "The transaction was rolled back since another operation in the same transaction failed."
    for told in (first, last):
        assert told["httpStatusCode"] == 400
        assert told["body"] == [{"errorCode": "PROCESSING_HALTED", "message": undone}]
    assert failed["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert names(house) == []


def test_a_refused_record_of_a_collection_undoes_everything_too(house):
    records = [{"attributes": {"type": "Contact"}, "LastName": "Lee"}, {"attributes": {"type": "Contact"}}]

    send(
        house,
        step("bob", "POST", "/sobjects/Contact", {"LastName": "Ray"}),
        step("many", "POST", "/composite/sobjects", {"records": records}),
        allOrNone=True,
    )

    assert names(house) == []


def test_an_inner_request_for_what_is_not_there_is_not_found(house, caplog):
    (told,) = send(house, step("x", "GET", "/chatter/feeds"))

    assert (told["httpStatusCode"], told["body"][0]["errorCode"]) == (404, "NOT_FOUND")
    assert "not in the local org: GET /services/data/v67.0/chatter/feeds" in caplog.messages


def test_one_composite_call_is_one_api_call(house):
    before = house.org.limits.api_used

    send(house, step("a", "GET", "/limits"), step("b", "GET", "/sobjects"))

    assert house.org.limits.api_used == before + 1


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (None, "JSON_PARSER_ERROR"),
        ([], "JSON_PARSER_ERROR"),
        ([step("a", "GET", "/limits"), step("a", "GET", "/limits")], "JSON_PARSER_ERROR"),
        ([step("a b", "GET", "/limits")], "JSON_PARSER_ERROR"),
        ([step(f"r{number}", "GET", "/limits") for number in range(26)], "LIMIT_EXCEEDED"),
        ([step(f"r{number}", "GET", "/query?q=SELECT Id FROM Lead") for number in range(6)], "LIMIT_EXCEEDED"),
    ],
    ids=["nothing", "empty", "same id twice", "bad id", "26 requests", "6 queries"],
)
def test_a_call_that_is_not_well_formed_is_refused_as_a_whole(house, steps, code):
    answer = house.ask("POST", "/composite", json={"compositeRequest": steps})

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (400, code)


def send_batch(house, *requests, **more):
    answer = house.ask("POST", "/composite/batch", json={"batchRequests": [*requests], **more})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_a_batch_answers_each_request_in_its_place(house, add_leads):
    (lead,) = add_leads({})

    told = send_batch(
        house,
        {"method": "PATCH", "url": f"v67.0/sobjects/Lead/{lead}", "richInput": {"City": "Rome"}},
        {"method": "GET", "url": f"v60.0/sobjects/Lead/{lead}?fields=City"},
        {"method": "GET", "url": "v67.0/sobjects/Nothing"},
    )

    assert told["hasErrors"] is True
    assert [one["statusCode"] for one in told["results"]] == [204, 200, 404]
    assert told["results"][0]["result"] is None
    assert told["results"][1]["result"]["City"] == "Rome"
    assert told["results"][2]["result"][0]["errorCode"] == "NOT_FOUND"


def test_a_batch_may_stop_at_the_first_error(house):
    told = send_batch(
        house, {"method": "GET", "url": "v67.0/nope"}, {"method": "GET", "url": "v67.0/limits"}, haltOnError=True
    )

    assert told["results"][1] == {
        "statusCode": 412,
        "result": [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}],
    }
