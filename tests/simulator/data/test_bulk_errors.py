"""What is wrong with a Bulk job is said in Salesforce's words, key by key."""

from datetime import timedelta

import pytest

UPDATE = {"object": "Lead", "operation": "update"}
CREATE = (
    ("query", {"operation": "query"}, "API_ERROR", "A query job needs an operation, query or queryAll, and a query"),
    (
        "query",
        {"operation": "query", "query": "SELECT Id FROM XYZ"},
        "INVALID_TYPE",
        "\nSELECT Id FROM XYZ\n               ^\nERROR at Row:1:Column:16\nsObject type 'XYZ' is not supported.",
    ),
    (
        "query",
        {"operation": "query", "query": "SELECT Address FROM Lead"},
        "API_ERROR",
        "Selecting compound data not supported in Bulk Query",
    ),
    (
        "query",
        {"operation": "query", "query": "SELECT Id FROM Lead", "columnDelimiter": "COLON"},
        "API_ERROR",
        "InvalidJob : unknown contentType, columnDelimiter or lineEnding",
    ),
    ("ingest", UPDATE | {"object": "XYZ"}, "INVALIDENTITY", "Entity 'XYZ' is not supported by the Bulk API"),
    ("ingest", UPDATE | {"operation": "guess"}, "API_ERROR", "InvalidJob : operation guess is not supported here"),
    (
        "ingest",
        UPDATE | {"lineEnding": "CR"},
        "API_ERROR",
        "InvalidJob : unknown contentType, columnDelimiter or lineEnding",
    ),
)


def make(house, kind="ingest", body=None):
    return house.ask("POST", f"/jobs/{kind}", json=body or UPDATE).get_json()["id"]


@pytest.mark.parametrize(("kind", "body", "code", "message"), CREATE)
def test_a_job_that_cannot_be_made_is_refused(house, kind, body, code, message):
    answer = house.ask("POST", f"/jobs/{kind}", json=body)

    (error,) = answer.get_json()
    assert (answer.status_code, error.keys()) == (400, {"errorCode", "message"})
    assert error["errorCode"] == code
    assert error["message"].startswith(message)


@pytest.mark.parametrize("kind", ["query", "ingest"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_job_that_is_not_there_is_not_found(house, kind, method):
    answer = house.ask(method, f"/jobs/{kind}/750000000000001AAA", json={"state": "Aborted"})

    assert answer.status_code == 404
    assert answer.get_json() == [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]


def test_a_state_that_cannot_follow_is_refused(house):
    job = make(house)
    house.ask("PATCH", f"/jobs/ingest/{job}", json={"state": "Aborted"})

    closed = house.ask("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"})

    message = f"Invalid job state transition from Aborted to UploadComplete for job {job}"
    assert (closed.status_code, closed.get_json()) == (400, [{"errorCode": "INVALIDJOBSTATE", "message": message}])


def test_an_open_job_has_no_results_and_is_not_deleted(house):
    job = make(house)

    results = house.ask("GET", f"/jobs/ingest/{job}/successfulResults")
    deleted = house.ask("DELETE", f"/jobs/ingest/{job}")

    assert {answer.status_code for answer in (results, deleted)} == {400}
    assert {answer.get_json()[0]["errorCode"] for answer in (results, deleted)} == {"INVALIDJOBSTATE"}


def test_an_upload_of_another_kind_is_refused(house):
    answer = house.ask("PUT", f"/jobs/ingest/{make(house)}/batches", data=b"{}", content_type="application/json")

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_results_of_another_version_are_a_conflict(house):
    job = make(house, "query", {"operation": "query", "query": "SELECT Id FROM Lead"})
    house.wait(f"/jobs/query/{job}")

    answer = house.ask("GET", f"/services/data/v60.0/jobs/query/{job}/results")

    assert (answer.status_code, answer.get_json()[0].keys()) == (409, {"errorCode", "message"})


def test_a_locator_that_was_never_given_is_refused(house):
    job = make(house, "query", {"operation": "query", "query": "SELECT Id FROM Lead"})
    house.wait(f"/jobs/query/{job}")

    answer = house.ask("GET", f"/jobs/query/{job}/results?locator=nowhere")

    assert answer.status_code == 400
    assert answer.get_json() == [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "Invalid locator: nowhere"}]


@pytest.mark.parametrize("kind", ["query", "ingest"])
def test_a_job_and_its_results_are_gone_after_seven_days(house, kind):
    body = {"operation": "query", "query": "SELECT Id FROM Lead"} if kind == "query" else UPDATE
    job = make(house, kind, body)
    kept = house.ask("GET", f"/jobs/{kind}/{job}").status_code

    house.now[0] += timedelta(days=7, seconds=1)

    assert (kept, house.ask("GET", f"/jobs/{kind}/{job}").status_code) == (200, 404)
    assert house.ask("GET", f"/jobs/{kind}").get_json()["records"] == []
