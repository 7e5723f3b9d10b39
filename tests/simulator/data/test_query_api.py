"""The query calls: pages, counts, parents, children, and what every answer carries."""

import logging


def test_a_long_answer_comes_in_pages(house):
    house.org.insert_rows("Lead", ("LastName", "Company"), ((f"L{n}", "Acme") for n in range(450)))

    first = house.ask(
        "GET", "/query/?q=SELECT Id FROM Lead", headers={"Sforce-Query-Options": "batchSize=200"}
    ).get_json()
    second = house.ask("GET", first["nextRecordsUrl"]).get_json()
    third = house.ask("GET", second["nextRecordsUrl"]).get_json()

    assert (first["totalSize"], first["done"], len(first["records"])) == (450, False, 200)
    assert first["nextRecordsUrl"].startswith("/services/data/v67.0/query/01g")
    assert first["nextRecordsUrl"].endswith("-200")
    assert (len(second["records"]), len(third["records"]), third["done"]) == (200, 50, True)
    assert "nextRecordsUrl" not in third
    ids = [record["Id"] for page in (first, second, third) for record in page["records"]]
    assert len(set(ids)) == 450


def test_a_stale_locator_is_refused(house):
    house.org.insert_rows("Lead", ("LastName", "Company"), ((f"L{n}", "Acme") for n in range(2001)))
    page = house.ask("GET", "/query?q=SELECT Id FROM Lead").get_json()

    house.org.queries.forget()
    answer = house.ask("GET", page["nextRecordsUrl"])

    assert answer.status_code == 400
    assert answer.get_json() == [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]


def test_a_bare_count_gives_no_records(house, add_leads):
    add_leads({}, {})

    assert house.ask("GET", "/query?q=SELECT COUNT() FROM Lead").get_json() == {
        "totalSize": 2,
        "done": True,
        "records": [],
    }


def test_values_are_spelled_as_json_has_them(house):
    account = house.org.insert("Account", {"Name": "Acme", "BillingCity": "Paris", "AnnualRevenue": 12_000_000})
    text = house.ask(
        "GET", "/query?q=SELECT Id, AnnualRevenue, CreatedDate, IsDeleted, BillingAddress, Parent.Name FROM Account"
    ).text

    assert '"AnnualRevenue":1.2E7,"CreatedDate":"2026-11-23T09:30:00.000+0000","IsDeleted":false' in text
    assert '"BillingAddress":{"city":"Paris","country":null,' in text
    assert text.endswith('"Parent":null}]}')
    assert f'"attributes":{{"type":"Account","url":"/services/data/v67.0/sobjects/Account/{account}"}}' in text


def test_parents_and_children_are_nested(house):
    account = house.org.insert("Account", {"Name": "Acme"})
    house.org.insert("Account", {"Name": "Empty"})
    house.org.insert("Contact", {"LastName": "Lee", "AccountId": account, "OwnerId": house.admin.id})

    (contact,) = house.query("SELECT Id, Account.Name, Owner.Name FROM Contact")
    acme, empty = house.query("SELECT Name, (SELECT LastName FROM Contacts) FROM Account ORDER BY Name")

    assert contact["Account"]["Name"] == "Acme"
    assert contact["Owner"]["Name"] == "Ann Admin"
    assert acme["Contacts"]["totalSize"] == 1
    assert acme["Contacts"]["records"][0]["LastName"] == "Lee"
    assert empty["Contacts"] is None


def test_deleted_rows_are_seen_by_query_all_only(house, add_leads):
    kept, gone = add_leads({}, {})
    house.ask("DELETE", f"/sobjects/Lead/{gone}")

    def ids(path):
        return {record["Id"] for record in house.ask("GET", f"/{path}?q=SELECT Id FROM Lead").get_json()["records"]}

    assert ids("query") == {kept}
    assert ids("queryAll") == {kept, gone}


def test_every_answer_but_the_list_of_versions_tells_the_usage(house):
    answer = house.ask("GET", "/limits")

    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/115000"
    assert answer.get_json()["DailyApiRequests"] == {"Max": 115_000, "Remaining": 114_999}
    versions = house.ask("GET", "/services/data/", "nobody")
    assert "Sforce-Limit-Info" not in versions.headers
    assert versions.get_json()[-2] == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}


def test_when_no_call_is_left_the_org_says_so(house):
    house.org.limits.api_requests = 1
    house.ask("GET", "/limits")

    answer = house.ask("GET", "/limits")

    assert answer.status_code == 403
    assert answer.get_json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]


def test_a_dead_or_missing_token_is_a_session_error(house):
    wanted = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]

    dead = house.ask("GET", "/limits", "nobody")
    missing = house.ask("GET", "/limits", headers={"Authorization": ""})
    basic = house.ask("GET", "/limits", headers={"Authorization": "Basic YTpi"})

    assert (dead.status_code, dead.get_json()) == (401, wanted)
    assert (missing.status_code, missing.get_json()) == (401, wanted)
    assert (basic.status_code, basic.get_json()[0]["errorCode"]) == (401, "INVALID_AUTH_HEADER")
    assert house.ask("GET", "/limits", headers={"Authorization": "OAuth admin"}).status_code == 200


def test_what_is_not_there_is_not_found_and_logged(house, caplog):
    caplog.set_level(logging.WARNING)

    answer = house.ask("POST", "/chatter/feed-elements", json={})

    assert answer.status_code == 404
    assert answer.get_json() == [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
    assert "POST /v67.0/chatter/feed-elements" in caplog.text
    assert house.ask("GET", "/services/data/v30.0/limits").status_code == 404


def test_a_wrong_method_is_told_the_right_ones(house):
    answer = house.ask("POST", "/query")

    assert answer.status_code == 405
    assert answer.get_json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"


def test_record_counts_leave_out_empty_objects(house, add_leads):
    add_leads({}, {})

    answer = house.ask("GET", "/limits/recordCount?sObjects=Lead,Account")

    assert answer.get_json() == {"sObjects": [{"count": 2, "name": "Lead"}]}


def test_calls_are_counted_by_kind(house):
    house.ask("GET", "/limits")
    house.ask("GET", "/query?q=SELECT Id FROM Lead")
    house.ask("GET", "/query?q=SELECT Id FROM Lead")

    assert house.org.calls.by_kind() == {"limits": 1, "query": 2}
