import tracemalloc

import pytest

from lsync_flask.errors import FatalError, LimitReached, RetryableError
from lsync_flask.salesforce.api import SalesforceRefused
from lsync_flask.salesforce.bulk_ingest import (
    IngestJob,
    abort_job,
    close_job,
    create_update_job,
    read_failure,
    read_failures,
    read_ingest_job,
    read_successes,
    read_unprocessed,
    upload,
)
from lsync_flask.salesforce.bulk_query import (
    QueryJob,
    abort_query_job,
    create_query_job,
    delete_query_job,
    open_results,
    read_query_job,
)
from lsync_flask.salesforce.collections import WriteResult

JOB = "750Ls0000000001AAA"[:15]
LONG = "750Ls0000000001IAA"
QUERY = f"jobs/query/{LONG}"
INGEST = f"jobs/ingest/{LONG}"
ADA, BOB = "00QLs0000000001MAA", "00QLs0000000002MAA"
CSV = {"Content-Type": "text/csv; charset=UTF-8"}


def results(org, body, locator="null", number=None, **entries):
    said = {} if number is None else {"Sforce-NumberOfRecords": str(number)}
    org.answer("GET", f"{QUERY}/results", body, headers={**CSV, "Sforce-Locator": locator, **said}, **entries)


def read_page(api, locator=None):
    with open_results(api, LONG, locator, 50_000) as page:
        return page.columns, list(page.rows), page.next_locator


def test_a_query_job_is_made_with_the_file_form_that_we_read(org, api):
    org.answer("POST", "jobs/query", {"id": JOB, "state": "UploadComplete"})

    assert create_query_job(api, "SELECT Id FROM Lead") == LONG
    assert org.calls("POST", "jobs/query")[0].json == {
        "operation": "query",
        "query": "SELECT Id FROM Lead",
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }


def test_the_days_jobs_can_be_used_up(org, api):
    org.refuse("POST", "jobs/query", "LIMIT_EXCEEDED", "Maximum number of query jobs exceeded")

    with pytest.raises(LimitReached):
        create_query_job(api, "SELECT Id FROM Lead")


@pytest.mark.parametrize("body", [[], {}, {"id": None}, {"id": 5}])
def test_a_job_without_a_name_is_tried_again(org, api, body):
    org.answer("POST", "jobs/query", body)

    with pytest.raises(RetryableError):
        create_query_job(api, "SELECT Id FROM Lead")


def test_a_jobs_name_cannot_lead_elsewhere(org, api):
    org.answer("POST", "jobs/query", {"id": "../../../services/oauth2/revoke"})

    with pytest.raises(FatalError):
        create_query_job(api, "SELECT Id FROM Lead")


def test_how_far_a_query_job_is(org, api):
    org.answer("GET", QUERY, {"state": "InProgress", "numberRecordsProcessed": 7})
    org.answer("GET", QUERY, {"state": "Failed", "errorMessage": "it&#39;s over"})

    assert [read_query_job(api, LONG) for _ in range(2)] == [
        QueryJob("InProgress", 7, ""),
        QueryJob("Failed", 0, "it's over"),
    ]


@pytest.mark.parametrize("zipped", [True, False])
def test_rows_are_read_as_they_are(org, api, zipped):
    body = '"Id","Owner.Name","Description"\n"1","Zoë, ""Łuk""","two\nlines"\n"2","",""\n'
    results(org, body, number=2, zipped=zipped)

    assert read_page(api) == (
        ("Id", "Owner.Name", "Description"),
        [["1", 'Zoë, "Łuk"', "two\nlines"], ["2", None, None]],
        None,
    )
    assert org.calls("GET", f"{QUERY}/results")[0].headers["Accept"] == "text/csv"


def test_pages_follow_each_other_by_locator(org, api):
    results(org, '"Id"\n"1"\n', locator="MTAw", number=1)
    results(org, '"Id"\n"2"\n', locator="null", number=1)

    first = read_page(api)
    second = read_page(api, first[2])

    assert (first[2], second[2]) == ("MTAw", None)
    assert org.calls("GET", f"{QUERY}/results")[1].query == {"maxRecords": ["50000"], "locator": ["MTAw"]}


@pytest.mark.parametrize("body", ["", '"Id"\n'])
def test_no_rows_are_no_error(org, api, body):
    results(org, body, number=0)

    assert read_page(api)[1:] == ([], None)


@pytest.mark.parametrize(
    "entries",
    [
        {"body": '"Id","Name"\n"1","a"\n', "number": 2},
        {"body": '"Id","Name"\n"1","a"\n"2"\n', "number": 2},
        {"body": '"Id","Name"\n"1","a"\n"2","b', "number": 2},
        {"body": '"Id","Name"\n"1","a"\n"2","b"\n', "number": 2, "cut": 3},
        {"body": '"Id","Name"\n' + '"1","a"\n' * 9000, "number": 9000, "cut": 99, "zipped": True},
        {"body": b'"Id","Name"\n"1","\xff"\n', "number": 1},
    ],
)
def test_rows_that_were_cut_off_are_read_again_and_never_taken_for_all(org, api, entries):
    results(org, **entries)

    with pytest.raises(RetryableError):
        read_page(api)


def test_the_sentence_says_how_many_are_missing(org, api):
    results(org, '"Id"\n"1"\n', number=3)

    with pytest.raises(RetryableError, match="cut off: 1 of 3 rows"):
        read_page(api)


def test_nul_characters_are_taken_out(org, api):
    results(org, '"Id","Name"\n"1","a\0b"\n', number=1)

    assert read_page(api)[1] == [["1", "ab"]]


def test_a_page_can_be_left_half_way(org, api):
    results(org, '"Id"\n' + '"1"\n' * 100_000, number=100_000)

    with open_results(api, LONG, None, 100_000) as page:
        first = next(page.rows)

    assert first == ["1"]
    assert len(read_page(api)[1]) == 100_000


def test_large_results_need_little_memory(org, api):
    line = ",".join(f'"value {number} of twenty"' for number in range(20)) + "\n"
    results(org, line * 20_001, number=20_000, zipped=True)
    tracemalloc.start()

    with open_results(api, LONG, None, 50_000) as page:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        number = sum(1 for _ in page.rows)
        grown = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()

    assert number == 20_000
    assert grown < 5_000_000


def test_results_of_a_job_that_is_gone(org, api):
    with pytest.raises(SalesforceRefused, match="does not exist"):
        read_page(api)


def test_an_expired_token_is_renewed_for_results_too(org, api):
    org.refuse("GET", f"{QUERY}/results", "INVALID_SESSION_ID", "Session expired or invalid", 401)
    results(org, '"Id"\n"1"\n', number=1)

    assert read_page(api)[1] == [["1"]]


@pytest.mark.parametrize("end", [abort_query_job, abort_job])
@pytest.mark.parametrize("code", ["INVALIDJOBSTATE", "NOT_FOUND"])
def test_giving_up_a_job_that_has_ended_is_fine(org, api, end, code):
    org.refuse("PATCH", QUERY, code)
    org.refuse("PATCH", INGEST, code)

    end(api, LONG)


def test_a_query_job_is_deleted_once(org, api):
    org.answer("DELETE", QUERY, status=204)
    org.refuse("DELETE", QUERY, "NOT_FOUND", status=404)

    delete_query_job(api, LONG)
    delete_query_job(api, LONG)

    assert len(org.calls("DELETE", QUERY)) == 2


def test_an_update_goes_up_in_three_steps(org, api):
    org.answer(
        "POST", "jobs/ingest", {"id": LONG, "state": "Open", "contentUrl": f"services/data/v67.0/{INGEST}/batches"}
    )
    org.answer("PUT", f"{INGEST}/batches", status=201)
    org.answer("PATCH", INGEST, {"state": "UploadComplete"})

    job = create_update_job(api, "Lead")
    upload(api, job, "Id,Name\n1,Zoë\n".encode())
    close_job(api, job)

    sent = org.calls("PUT", f"{INGEST}/batches")[0]
    assert org.calls("POST", "jobs/ingest")[0].json["operation"] == "update"
    assert (sent.body.decode(), sent.headers["Content-Type"]) == ("Id,Name\n1,Zoë\n", "text/csv; charset=UTF-8")
    assert org.calls("PATCH", INGEST)[0].json == {"state": "UploadComplete"}


def test_a_job_closed_before_the_crash_may_be_closed_again(org, api):
    org.refuse("PATCH", INGEST, "INVALIDJOBSTATE")
    org.answer("GET", INGEST, {"state": "InProgress"})

    close_job(api, LONG)


def test_a_job_that_was_given_up_cannot_be_closed(org, api):
    org.refuse("PATCH", INGEST, "INVALIDJOBSTATE")
    org.answer("GET", INGEST, {"state": "Aborted"})

    with pytest.raises(SalesforceRefused):
        close_job(api, LONG)


def test_a_bulk_too_large_for_a_job_is_not_sent(org, api):
    with pytest.raises(FatalError, match="smaller bulk size"):
        upload(api, LONG, bytes(100_000_001))

    assert org.asked == []


def test_how_far_an_ingest_job_is(org, api):
    org.answer(
        "GET",
        INGEST,
        {
            "state": "JobComplete",
            "numberRecordsProcessed": 10,
            "numberRecordsFailed": 2,
            "totalProcessingTime": 900,
            "apiActiveProcessingTime": 800,
            "apexProcessingTime": 100,
        },
    )

    assert read_ingest_job(api, LONG) == IngestJob("JobComplete", 10, 2, "", 900, 800, 100)


def test_results_are_known_by_the_id_that_was_uploaded(org, api):
    org.answer(
        "GET",
        f"{INGEST}/successfulResults/",
        f'"sf__Id","sf__Created",Id,Name\n"{ADA}","false",{ADA},Zoë\n',
        headers=CSV,
    )
    body = f'"sf__Id","sf__Error",Id,Name\n"","STRING_TOO_LONG:Name: data value too large:Name --",{BOB},"x, y"\n'
    org.answer("GET", f"{INGEST}/failedResults/", body, headers=CSV)
    org.answer("GET", f"{INGEST}/unprocessedrecords/", f"Id,Name\n{ADA},a\n", headers=CSV)

    assert list(read_successes(api, LONG)) == [WriteResult(ADA, success=True)]
    assert list(read_failures(api, LONG)) == [
        WriteResult(BOB, False, "STRING_TOO_LONG", "Name: data value too large", ("Name",))
    ]
    assert list(read_unprocessed(api, LONG)) == [ADA]


@pytest.mark.parametrize("read", [read_successes, read_failures, read_unprocessed])
@pytest.mark.parametrize("body", ["", "Id\n"])
def test_no_results_are_no_error(org, api, read, body):
    for kind in ("successfulResults", "failedResults", "unprocessedrecords"):
        org.answer("GET", f"{INGEST}/{kind}/", body, headers=CSV)

    assert list(read(api, LONG)) == []


@pytest.mark.parametrize(
    ("text", "code", "message", "fields"),
    [
        (
            "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--",
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            (),
        ),
        (
            "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 records: 001:--",
            "UNABLE_TO_LOCK_ROW",
            "unable to obtain exclusive access to this record or 1 records: 001",
            (),
        ),
        (
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Rating: bad value for restricted picklist field: X:Rating --",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Rating: bad value for restricted picklist field: X",
            ("Rating",),
        ),
        ("CODE:it&#39;s wrong:A,B --", "CODE", "it's wrong", ("A", "B")),
        ("CODE:no end: here", "CODE", "no end: here", ()),
        ("CODE", "CODE", "CODE", ()),
        ("InvalidBatch : Field name not found : Foo", "InvalidBatch", "Field name not found : Foo", ()),
        ("", "UNKNOWN", "Salesforce gave no reason", ()),
    ],
)
def test_the_reason_of_a_failed_row(text, code, message, fields):
    assert read_failure(ADA, text) == WriteResult(ADA, False, code, message, fields)
