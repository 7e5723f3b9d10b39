"""Bulk query jobs: states, pages, CSV, and what is refused."""

import csv
import gzip
import io

import pytest


def make(house, soql, **more):
    return house.ask("POST", "/jobs/query", json={"operation": "query", "query": soql, **more})


def finish(house, soql, **more):
    job = make(house, soql, **more).get_json()["id"]
    house.wait(f"/jobs/query/{job}")
    return job


def test_a_job_is_made_and_goes_through_its_states(house, add_leads):
    add_leads({}, {})

    made = make(house, "SELECT Id FROM Lead")
    told = made.get_json()
    done = house.wait(f"/jobs/query/{told['id']}")

    assert made.status_code == 200
    assert told == {
        "id": told["id"],
        "operation": "query",
        "object": "Lead",
        "createdById": house.admin.id,
        "createdDate": "2026-11-23T09:30:00.000+0000",
        "systemModstamp": "2026-11-23T09:30:00.000+0000",
        "state": "UploadComplete",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 67.0,
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    assert told["id"].startswith("750")
    assert '"apiVersion":67.0' in made.text
    assert done.keys() - told.keys() == {
        "jobType", "numberRecordsProcessed", "retries", "totalProcessingTime", "isPkChunkingSupported",
    }  # fmt: skip
    assert (done["state"], done["jobType"], done["numberRecordsProcessed"]) == ("JobComplete", "V2Query", 2)


def test_pages_repeat_the_header_and_the_last_locator_is_the_word_null(house):
    house.org.insert_rows("Lead", ("LastName", "Company"), ((f"L{n}", "Acme") for n in range(250)))
    job = finish(house, "SELECT Id, LastName FROM Lead")
    names, locator, counts = [], "", []

    while locator != "null":
        page = house.ask("GET", f"/jobs/query/{job}/results?maxRecords=100&locator={locator}")
        header, *rows = csv.reader(io.StringIO(page.text))
        assert (header, page.mimetype) == (["Id", "LastName"], "text/csv")
        names += [row[1] for row in rows]
        counts.append(page.headers["Sforce-NumberOfRecords"])
        locator = page.headers["Sforce-Locator"]

    assert counts == ["100", "100", "50"]
    assert sorted(names) == sorted(f"L{n}" for n in range(250))


def test_a_page_can_be_read_again(house):
    house.org.insert_rows("Lead", ("LastName", "Company"), ((f"L{n}", "Acme") for n in range(10)))
    job = finish(house, "SELECT Id FROM Lead")
    locator = house.ask("GET", f"/jobs/query/{job}/results?maxRecords=4").headers["Sforce-Locator"]

    pages = [house.ask("GET", f"/jobs/query/{job}/results?maxRecords=4&locator={locator}").data for _ in range(2)]

    assert pages[0] == pages[1]
    assert house.ask("GET", f"/jobs/query/{job}/results?locator=nonsense").status_code == 400


def test_every_value_is_quoted_and_spelled_as_bulk_spells_it(house):
    account = house.org.insert(
        "Account", {"Name": 'Say "hi",\nACME', "AnnualRevenue": 12_000_000, "OwnerId": house.admin.id}
    )
    job = finish(
        house,
        "SELECT Id, Name, AnnualRevenue, NumberOfEmployees, CreatedDate, IsDeleted, Owner.Name, Parent.Name FROM Account",
    )

    text = house.ask("GET", f"/jobs/query/{job}/results").text

    assert text == (
        '"Id","Name","AnnualRevenue","NumberOfEmployees","CreatedDate","IsDeleted","Owner.Name","Parent.Name"\n'
        f'"{account}","Say ""hi"",\nACME","1.2E7","","2026-11-23T09:30:00.000Z","false","Ann Admin",""\n'
    )


def test_an_empty_result_still_has_its_header(house):
    job = finish(house, "SELECT Id FROM Lead")

    page = house.ask("GET", f"/jobs/query/{job}/results")

    assert page.text == '"Id"\n'
    assert (page.headers["Sforce-Locator"], page.headers["Sforce-NumberOfRecords"]) == ("null", "0")


def test_a_page_is_packed_for_those_who_take_gzip(house, add_leads):
    (lead,) = add_leads({})
    job = finish(house, "SELECT Id FROM Lead", columnDelimiter="PIPE", lineEnding="CRLF")

    page = house.ask("GET", f"/jobs/query/{job}/results", headers={"Accept-Encoding": "gzip"})

    assert page.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(page.data).decode() == f'"Id"\r\n"{lead}"\r\n'


def test_results_are_read_with_the_version_that_made_the_job(house):
    job = finish(house, "SELECT Id FROM Lead")

    answer = house.ask("GET", f"/services/data/v66.0/jobs/query/{job}/results")

    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT BillingAddress FROM Account", "API_ERROR", "Selecting compound data not supported in Bulk Query"),
        ("SELECT COUNT(Id) FROM Lead", "API_ERROR", "not supported in Bulk Query"),
        ("SELECT Id FROM Lead OFFSET 5", "API_ERROR", "not supported in Bulk Query"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR", "not supported in Bulk Query"),
        ("SELECT Nope FROM Lead", "INVALID_FIELD", "No such column 'Nope'"),
        ("SELEC Id FROM Lead", "MALFORMED_QUERY", "unexpected token: 'SELEC'"),
    ],
)
def test_what_bulk_cannot_do_is_refused_at_once(house, soql, code, message):
    answer = make(house, soql)

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (400, code)
    assert message in answer.get_json()[0]["message"]


def test_a_job_is_aborted_and_deleted(house):
    house.org.pace.query_job_s = 0.4
    job = make(house, "SELECT Id FROM Lead").get_json()["id"]

    early = house.ask("DELETE", f"/jobs/query/{job}")
    aborted = house.ask("PATCH", f"/jobs/query/{job}", json={"state": "Aborted"})

    assert (early.status_code, early.get_json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert aborted.get_json()["state"] == "Aborted"
    assert house.ask("PATCH", f"/jobs/query/{job}", json={"state": "Aborted"}).status_code == 400
    deleted = house.ask("DELETE", f"/jobs/query/{job}")
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert house.ask("GET", f"/jobs/query/{job}").get_json() == [
        {"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}
    ]


def test_pages_for_parallel_reading_are_listed(house):
    house.org.insert_rows("Lead", ("LastName", "Company"), ((f"L{n}", "Acme") for n in range(120_000)))
    job = finish(house, "SELECT Id FROM Lead")

    answer = house.ask("GET", f"/jobs/query/{job}/resultPages").get_json()

    assert answer["done"] is True
    total = 0
    for page in answer["resultPages"]:
        total += int(house.ask("GET", page["resultUrl"]).headers["Sforce-NumberOfRecords"])
    assert total == 120_000


def test_jobs_are_listed(house):
    job = finish(house, "SELECT Id FROM Lead")

    listed = house.ask("GET", "/jobs/query").get_json()

    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    assert [one["id"] for one in listed["records"]] == [job]
