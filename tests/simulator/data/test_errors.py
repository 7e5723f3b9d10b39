"""Errors of requests, key by key (`salesforce.md` §2.6, §4.1, §4.4, §4.8), and what every answer carries."""

import pytest

from lsync_flask.simulator.api_errors import ApiRefusal


def test_a_dead_session_is_told_in_salesforces_words(house):
    answer = house.ask("GET", "/limits", "nobody")

    assert answer.status_code == 401
    assert answer.get_json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


@pytest.mark.parametrize(
    ("header", "code", "message"),
    [
        ("", "INVALID_SESSION_ID", "Session expired or invalid"),
        ("Basic YTpi", "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
        ("Bearer", "INVALID_SESSION_ID", "Session expired or invalid"),
    ],
)
def test_a_header_that_holds_no_token_is_401(house, header, code, message):
    answer = house.site.test_client().get("/services/data/v67.0/limits", headers={"Authorization": header})

    assert (answer.status_code, answer.get_json()) == (401, [{"message": message, "errorCode": code}])


@pytest.mark.parametrize("scheme", ["Bearer", "OAuth", "bearer"])
def test_both_names_of_the_scheme_are_taken(house, scheme):
    answer = house.site.test_client().get("/services/data/v67.0/limits", headers={"Authorization": f"{scheme} admin"})

    assert answer.status_code == 200


def test_a_path_that_is_not_there_is_404_and_leaves_a_line(house, caplog):
    answer = house.ask("GET", "/chatter/feeds")

    assert answer.status_code == 404
    assert answer.get_json() == [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
    assert "not in the local org: GET /v67.0/chatter/feeds" in caplog.messages


def test_another_method_is_405(house):
    answer = house.ask("PUT", "/sobjects/Lead")

    assert answer.status_code == 405
    assert answer.get_json() == [
        {"message": "HTTP Method 'PUT' not allowed. Allowed are GET,POST", "errorCode": "METHOD_NOT_ALLOWED"}
    ]


def test_an_address_that_is_too_long_is_414(house):
    answer = house.ask("GET", "/query", query_string={"q": "SELECT Id FROM Lead WHERE City = '" + "x" * 17_000 + "'"})

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (414, "URI_TOO_LONG")


def test_the_end_of_the_allocation_is_403(house):
    house.org.limits.api_requests = house.org.limits.api_used

    answer = house.ask("GET", "/limits")

    assert answer.status_code == 403
    assert answer.get_json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]


@pytest.mark.parametrize("path", ["/limits", "/sobjects", "/nothing", "/query?q=x", "/query?q=SELECT+Id+FROM+Lead"])
def test_every_answer_tells_what_is_used_of_the_allocation(house, path):
    answer = house.ask("GET", path)

    used, _, most = answer.headers["Sforce-Limit-Info"].removeprefix("api-usage=").partition("/")
    assert (int(used), int(most)) == (house.org.limits.api_used, house.org.limits.api_requests)


def test_the_list_of_versions_needs_no_token_and_counts_for_nothing(house):
    answer = house.site.test_client().get("/services/data/")

    assert answer.status_code == 200
    assert answer.get_json()[-1] == {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}
    assert "Sforce-Limit-Info" not in answer.headers
    assert house.org.limits.api_used == 0


def frame(line, column, sentence):
    return f"\n{line}\n{' ' * (column - 1)}^\nERROR at Row:1:Column:{column}\n{sentence}"


CUSTOM = "If you are attempting to use a custom {}, be sure to append the '__c' after the {} name. "
WSDL = "Please reference your WSDL or the describe call for the appropriate names."
OBJECT, COLUMN = CUSTOM.format("object", "entity") + WSDL, CUSTOM.format("field", "custom field") + WSDL


@pytest.mark.parametrize(
    ("soql", "column", "code", "sentence"),
    [
        (
            "select count() from XYZZY",
            21,
            "INVALID_TYPE",
            f"sObject type 'XYZZY' is not supported. {OBJECT}",
        ),
        (
            "SELECT foo FROM Account",
            8,
            "INVALID_FIELD",
            f"No such column 'foo' on entity 'Account'. {COLUMN}",
        ),
        (
            "SELECT Id FROM Lead WHERE Description = 'x'",
            27,
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
    ],
)
def test_an_error_of_a_statement_shows_its_place(house, soql, column, code, sentence):
    answer = house.ask("GET", "/query", query_string={"q": soql})

    assert answer.status_code == 400
    assert answer.get_json() == [{"message": frame(soql, column, sentence), "errorCode": code}]


def test_a_stale_locator_is_told(house):
    answer = house.ask("GET", "/query/01gLs0000000001AAA-2000")

    assert answer.status_code == 400
    assert answer.get_json() == [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]


def test_a_wrong_json_type_is_an_error_of_the_whole_call(house, add_leads):
    (lead,) = add_leads({})
    record = {"attributes": {"type": "Lead"}, "id": lead, "AnnualRevenue": "many"}

    answer = house.ask("PATCH", "/composite/sobjects", json={"records": [record]})

    (error,) = answer.get_json()
    assert answer.status_code == 400
    assert set(error) == {"message", "errorCode"}
    assert error["errorCode"] == "JSON_PARSER_ERROR"
    assert error["message"].startswith("Cannot deserialize instance of double from VALUE_STRING value many")


def test_an_error_of_a_record_names_its_fields(house):
    answer = house.ask("POST", "/sobjects/Lead", json={"LastName": "Lee"})

    assert answer.status_code == 400
    assert answer.get_json() == [
        {
            "message": "Required fields are missing: [Company]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["Company"],
        }
    ]


def test_fields_are_told_only_where_there_are_any():
    assert ApiRefusal(400, "X", "y").body == {"message": "y", "errorCode": "X"}


@pytest.mark.parametrize(
    ("wish", "size"), [(None, 1), ("batchSize=200", 200), ("batchSize=1", 200), ("batchSize = 9000", 1)]
)
def test_a_page_is_as_long_as_is_wished_for_within_200_and_2000(house, add_leads, wish, size):
    add_leads(*({} for _ in range(201)))
    headers = {"Sforce-Query-Options": wish} if wish else {}

    told = house.ask("GET", "/query", query_string={"q": "SELECT Id FROM Lead"}, headers=headers).get_json()

    assert len(told["records"]) == (201 if size == 1 else size)
    assert told["done"] is (size == 1)


@pytest.mark.parametrize("path", ["/sobjects", "/sobjects/Lead/describe"])
def test_a_description_that_is_known_is_not_sent_again(house, path):
    first = house.ask("GET", path)
    since = {"If-Modified-Since": first.headers["Last-Modified"]}

    again = house.ask("GET", path, headers=since)
    house.ask(
        "POST",
        "/tooling/sobjects/CustomField",
        json={"FullName": "Lead.Tier__c", "Metadata": {"type": "Text", "label": "Tier", "length": 3}},
    )
    changed = house.ask("GET", path, headers=since)

    assert (again.status_code, again.data) == (304, b"")
    assert changed.status_code == 200
