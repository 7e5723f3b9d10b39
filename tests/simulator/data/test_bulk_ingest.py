"""Bulk ingest jobs: one upload, closed, worked through in chunks, three sets of results."""

import csv
import io

import pytest


def make(house, operation="update", **more):
    body = {"object": "Lead", "operation": operation, "contentType": "CSV", "lineEnding": "LF", **more}
    return house.ask("POST", "/jobs/ingest", json=body)


def run(house, content, operation="update", **more):
    made = make(house, operation, **more).get_json()
    path = f"/jobs/ingest/{made['id']}"
    uploaded = house.ask("PUT", "/" + made["contentUrl"], data=content.encode(), content_type="text/csv")
    assert uploaded.status_code == 201
    assert house.ask("PATCH", path, json={"state": "UploadComplete"}).get_json()["state"] == "UploadComplete"
    return path, house.wait(path)


def rows(house, path, name):
    return [*csv.reader(io.StringIO(house.ask("GET", f"{path}/{name}").text))]


def test_a_job_tells_where_to_upload(house):
    told = make(house).get_json()

    assert told["contentUrl"] == f"services/data/v67.0/jobs/ingest/{told['id']}/batches"
    assert (told["state"], told["apiVersion"], told["id"][:3]) == ("Open", 67.0, "750")


def test_good_and_bad_rows_are_told_apart(house, add_leads):
    one, two, three = add_leads({}, {}, {"IsConverted": True})
    content = f"Id,City,Email\n{one},Paris,\n{two},Rome,nobody\n{three},Oslo,\n00QLs0000009999,Bonn,\n"

    path, told = run(house, content)

    assert (told["state"], told["jobType"]) == ("JobComplete", "V2Ingest")
    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (4, 3)
    assert rows(house, path, "successfulResults/") == [
        ["sf__Id", "sf__Created", "Id", "City", "Email"],
        [one, "false", one, "Paris", ""],
    ]
    header, *failed = rows(house, path, "failedResults")
    assert header == ["sf__Id", "sf__Error", "Id", "City", "Email"]
    assert {row[0]: row[1] for row in failed} == {
        two: "INVALID_EMAIL_ADDRESS:Email: invalid email address: nobody:Email --",
        three: "CANNOT_UPDATE_CONVERTED_LEAD:cannot reference converted lead:--",
        "00QLs0000009999": "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--",
    }
    assert rows(house, path, "unprocessedrecords/") == [["Id", "City", "Email"]]
    assert house.ask("GET", f"{path}/failedResults").text.startswith('"sf__Id","sf__Error",Id,City,Email\n')


def test_an_empty_cell_changes_nothing_and_na_clears(house, add_leads):
    one, two = add_leads({"City": "Paris", "Title": "VP"}, {"City": "Paris", "Title": "VP"})

    run(house, f'Id,City,Title\n{one},,"a ""quoted"", title"\n{two},#N/A,\n')

    found = house.query("SELECT City, Title FROM Lead ORDER BY Id")
    assert [(row["City"], row["Title"]) for row in found] == [("Paris", 'a "quoted", title'), (None, "VP")]
    assert [write.fields for write in house.org.writes.of()] == [{"Title": 'a "quoted", title'}, {"City": None}]


def test_values_are_read_by_the_type_of_their_field(house, add_leads):
    one, two = add_leads({}, {})

    path, told = run(
        house,
        "Id,AnnualRevenue,NumberOfEmployees,IsUnreadByOwner,EmailBouncedDate\n"
        f"{one},1.2E7,12,TRUE,2026-11-23T10:30:00.000+01:00\n{two},many,1.5,maybe,yesterday\n",
    )

    assert told["numberRecordsFailed"] == 1
    row = house.org.rows(
        f"SELECT AnnualRevenue, NumberOfEmployees, IsUnreadByOwner, EmailBouncedDate FROM Lead WHERE Id = '{one}'"
    )[0]
    assert [*row.values()] == [12_000_000.0, 12, True, "2026-11-23T09:30:00.000Z"]
    assert rows(house, path, "failedResults")[1][1] == (
        "INVALID_TYPE_ON_FIELD_IN_RECORD:Annual Revenue: value not of required type: many:AnnualRevenue --"
    )


@pytest.mark.parametrize(
    ("content", "more", "message"),
    [
        ("Id,Foo\n1,2\n", {}, "InvalidBatch : Field name not found : Foo"),
        ("City\nParis\n", {}, "InvalidBatch : Field name not found : Id"),
        ("Id,City\r\n1,Paris\r\n", {}, "LineEnding is invalid on user data. Current LineEnding setting is LF"),
        ("Id,City\n1,Paris\n", {"lineEnding": "CRLF"}, "LineEnding is invalid on user data"),
    ],
)
def test_a_file_that_cannot_be_used_fails_the_job(house, content, more, message):
    _, told = run(house, content, **more)

    assert told["state"] == "Failed"
    assert message in told["errorMessage"]


def test_a_job_takes_one_upload_and_is_closed_once(house, add_leads):
    (one,) = add_leads({})
    made = make(house).get_json()
    path = f"/jobs/ingest/{made['id']}"

    def put():
        return house.ask("PUT", f"{path}/batches/", data=f"Id,City\n{one},x\n", content_type="text/csv").status_code

    assert [put(), put()] == [201, 400]
    assert house.ask("PATCH", path, json={"state": "UploadComplete"}).status_code == 200
    again = house.ask("PATCH", path, json={"state": "UploadComplete"})
    assert (again.status_code, again.get_json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    house.wait(path)
    assert put() == 400


def test_an_aborted_job_gives_its_rows_back_unprocessed(house, add_leads):
    (one,) = add_leads({"City": "Rome"})
    path = f"/jobs/ingest/{make(house).get_json()['id']}"
    house.ask("PUT", f"{path}/batches", data=f"Id,City\n{one},Paris\n", content_type="text/csv")

    told = house.ask("PATCH", path, json={"state": "Aborted"})

    assert told.get_json()["state"] == "Aborted"
    assert rows(house, path, "unprocessedRecords") == [["Id", "City"], [one, "Paris"]]
    assert house.query("SELECT City FROM Lead")[0]["City"] == "Rome"
    assert house.ask("DELETE", path).status_code == 204
    assert house.ask("GET", path).status_code == 404


def test_successful_failed_and_unprocessed_make_up_what_was_submitted_in_no_order(house):
    house.org.insert_rows("Lead", ("LastName", "Company"), ((f"L{n}", "Acme") for n in range(500)))
    ids = [row["Id"] for row in house.org.rows("SELECT Id FROM Lead ORDER BY Id")]

    path, told = run(house, "Id,City\n" + "".join(f"{one},Paris\n" for one in ids))

    done = [row[0] for row in rows(house, path, "successfulResults")[1:]]
    assert (len(done), set(done)) == (500, set(ids))
    assert done != ids
    assert told["numberRecordsProcessed"] == 500
    assert {write.job for write in house.org.writes.of()} == {path.rsplit("/", 1)[1]}


def test_records_are_inserted_and_deleted(house):
    path, told = run(house, "LastName,Company\nLee,Acme\nNo,\n", "insert")
    header, created = rows(house, path, "successfulResults")

    assert (header[:2], created[1:]) == (["sf__Id", "sf__Created"], ["true", "Lee", "Acme"])
    assert told["numberRecordsFailed"] == 1
    _, told = run(house, f"Id\n{created[0]}\n", "delete")
    assert (told["state"], house.query("SELECT Id FROM Lead")) == ("JobComplete", [])


def test_the_daily_batches_are_counted(house, add_leads):
    (one,) = add_leads({})

    run(house, f"Id,City\n{one},Paris\n")

    assert house.ask("GET", "/limits").get_json()["DailyBulkApiBatches"] == {"Max": 15_000, "Remaining": 14_999}


PLAIN = ("Paris", "1.5", "12", "TRUE", "2026-11-23T10:30:00.000+01:00", "ann@acme.example")
HEADER = "Id,City,AnnualRevenue,NumberOfEmployees,IsUnreadByOwner,EmailBouncedDate,Email"
ODD = (
    (0, "Paris  ", None),
    (0, "", None),
    (0, "#N/A", None),
    (0, "Zürich", None),
    (0, "x" * 41, "STRING_TOO_LONG"),
    (1, "nan", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
    (1, "1_000", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
    (1, "1e30", "NUMBER_OUTSIDE_VALID_RANGE"),
    (1, "", None),
    (2, "1_0", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
    (2, "-7", None),
    (2, "123456789", "NUMBER_OUTSIDE_VALID_RANGE"),
    (3, "maybe", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
    (4, "yesterday", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
    (5, "nobody", "INVALID_EMAIL_ADDRESS"),
)


@pytest.mark.parametrize(("place", "text", "code"), ODD)
def test_an_odd_cell_among_plain_ones_counts_as_it_does_alone(house, add_leads, place, text, code):
    plain, odd, alone = add_leads({}, {}, {})
    cells = [*PLAIN[:place], text, *PLAIN[place + 1 :]]

    _, told = run(house, f"{HEADER}\n{plain},{','.join(PLAIN)}\n{odd},{','.join(cells)}\n")
    path, _ = run(house, f"{HEADER}\n{alone},{','.join(cells)}\n")

    found = {row.pop("Id"): row for row in house.org.rows(f"SELECT {HEADER} FROM Lead")}
    failed = rows(house, path, "failedResults")[1:]
    assert found[odd] == found[alone]
    assert found[plain]["City"] == "Paris"
    assert told["numberRecordsFailed"] == (code is not None)
    assert [row[1].partition(":")[0] for row in failed] == ([code] if code else [])


@pytest.mark.parametrize("state", [{"IsDeleted": True}, {"IsConverted": True}])
def test_a_record_that_cannot_be_changed_among_plain_ones_fails_alone(house, add_leads, state):
    good, bad, last = add_leads({}, state, {})

    path, told = run(house, "Id,City\n" + "".join(f"{one},Rome\n" for one in (good, bad, last)))

    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (3, 1)
    assert rows(house, path, "failedResults")[1][0] == bad
    assert {row["Id"] for row in house.query("SELECT Id FROM Lead WHERE City = 'Rome'")} == {good, last}
    assert [write.record for write in house.org.writes.of()] == [good, last]


def test_the_same_record_twice_in_a_chunk_fails_twice(house, add_leads):
    one, two = add_leads({}, {})

    _, told = run(house, f"Id,City\n{one},Rome\n{two},Rome\n{one},Oslo\n")

    assert told["numberRecordsFailed"] == 2


def test_what_was_read_before_the_file_breaks_is_written(house, add_leads):
    one, two = add_leads({}, {})

    path, told = run(house, f'Id,City\n{one},Rome\n{two},"Os"lo\n')

    assert (told["state"], told["numberRecordsProcessed"]) == ("Failed", 1)
    assert rows(house, path, "successfulResults")[1][0] == one
