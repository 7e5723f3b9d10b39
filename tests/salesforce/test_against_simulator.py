"""The whole of salesforce/ against the local org, a process of its own, by HTTP only."""

import base64
import csv
import hashlib
import hmac
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from lsync_flask.errors import GrantLost
from lsync_flask.salesforce.api import SalesforceApi, SalesforceRefused
from lsync_flask.salesforce.bulk_ingest import (
    abort_job,
    close_job,
    create_update_job,
    read_failures,
    read_ingest_job,
    read_successes,
    read_unprocessed,
    upload,
)
from lsync_flask.salesforce.bulk_query import (
    abort_query_job,
    create_query_job,
    delete_query_job,
    open_results,
    read_query_job,
)
from lsync_flask.salesforce.collections import read_records, update_records
from lsync_flask.salesforce.describe import describe_object
from lsync_flask.salesforce.fields import TECHNICAL_FIELDS, NewField, create_field, missing_technical_fields
from lsync_flask.salesforce.limits import read_limits
from lsync_flask.salesforce.permissions import read_grants, role_of
from lsync_flask.salesforce.queries import count, query_rows
from lsync_flask.salesforce.signed_request import check_age, verify_signed_request
from lsync_flask.salesforce.simple import open_simple
from lsync_flask.salesforce.tokens import Grant, JwtTokens
from lsync_flask.salesforce.transport import Transport
from lsync_flask.salesforce.userinfo import read_userinfo

pytestmark = pytest.mark.processes

RECORDS = 500
OPEN = "FROM Lead WHERE IsConverted = false"
SETS = ["LSync_Admin", "LSync_Manager", "LSync_Single_Enrich", "LSync_Auditor"]


class Org:
    """The simulated org, as each of its users."""

    def __init__(self, line: dict) -> None:
        self.line = line
        self.url = line["org_url"]
        self.transport = Transport(frozenset({self.url.removeprefix("http://")}), None)
        key = Path(line["jwt_private_key_file"]).read_text()
        grant = Grant(line["org_id"], self.url, line["consumer_key"], key)
        self.tokens = JwtTokens(grant, self.transport, lambda: datetime.now(UTC))

    def user(self, about: str) -> dict:
        return next(user for user in self.line["users"] if user["about"].startswith(about))

    def api(self, about: str) -> SalesforceApi:
        return SalesforceApi(self.line["org_id"], self.tokens, self.user(about)["username"], self.transport)


@pytest.fixture(scope="module")
def simulated() -> Iterator[Org]:
    command = [sys.executable, "-m", "lsync_flask", "simulator", "--records", str(RECORDS), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            opened = Org(json.loads(process.stdout.readline()))
            yield opened
            opened.transport.session.close()
        finally:
            process.terminate()
            process.communicate(timeout=20)


@pytest.fixture
def admin(simulated) -> SalesforceApi:
    return simulated.api("LSync Admin")


@pytest.fixture
def integration(simulated) -> SalesforceApi:
    return simulated.api("integration")


@pytest.fixture
def ids(admin) -> list[str]:
    return [row[0] for row in query_rows(admin, f"SELECT Id {OPEN} ORDER BY Id LIMIT 20", ["Id"])]


def wait(read, api, job):
    ends_at = time.monotonic() + 20
    while (found := read(api, job)).state not in {"JobComplete", "Failed", "Aborted"}:
        assert time.monotonic() < ends_at
        time.sleep(0.02)
    return found


def as_csv(*rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def test_a_user_is_let_in_and_counts_for_one_call(admin):
    assert count(admin, f"SELECT COUNT() {OPEN}") == RECORDS
    assert (admin.calls, admin.usage.used > 0) == (1, True)


def test_an_inactive_user_is_not_let_in(simulated):
    with pytest.raises(GrantLost, match="inactive user"):
        count(simulated.api("inactive"), "SELECT COUNT() FROM Lead")


def test_a_key_that_is_not_the_apps_is_not_let_in(simulated, private_key_pem):
    grant = Grant(simulated.line["org_id"], simulated.url, simulated.line["consumer_key"], private_key_pem)
    tokens = JwtTokens(grant, simulated.transport, lambda: datetime.now(UTC))

    with pytest.raises(GrantLost, match="certificate"):
        tokens.token(simulated.user("LSync Admin")["username"])


def test_a_revoked_token_is_renewed_on_the_way(simulated, admin):
    token = simulated.tokens.token(admin.username)
    requests.post(f"{simulated.url}/services/oauth2/revoke", data={"token": token.access_token}, timeout=30)

    assert count(admin, f"SELECT COUNT() {OPEN}") == RECORDS
    assert admin.calls == 2
    assert simulated.tokens.token(admin.username) != token


def test_small_audiences_are_read_by_query(admin):
    columns = ["Id", "Company", "Owner.Name", "CreatedDate", "IsConverted", "AnnualRevenue"]

    rows = list(query_rows(admin, f"SELECT {', '.join(columns)} {OPEN}", columns))

    assert len({row[0] for row in rows}) == RECORDS
    assert all(row[3].endswith("Z") for row in rows)
    assert {row[4] for row in rows} == {"false"}
    assert all(row[2] for row in rows)


def test_a_refused_query_says_why_in_words(admin):
    with pytest.raises(SalesforceRefused) as caught:
        count(admin, "SELECT COUNT() FROM Lead WHERE Nope = 1")

    assert caught.value.sentence.startswith("Salesforce refused this: No such column 'Nope'")


@pytest.mark.parametrize(
    ("name", "parents"), [("Lead", ("Owner",)), ("Contact", ("Account", "Owner")), ("Account", ())]
)
def test_objects_are_described_with_their_parents(admin, name, parents):
    info = describe_object(admin, name, parents)

    assert (info.name, info.get("Id").type, set(info.parents)) == (name, "id", set(parents))
    assert info.get("Description").type == "longtextarea"
    assert info.get("Industry" if name != "Contact" else "LeadSource").values
    assert admin.calls == 1 + len(parents)


def test_an_audience_has_the_same_rows_by_query_and_by_job(admin):
    columns = ["Id", "Company", "Industry", "NumberOfEmployees", "AnnualRevenue", "Owner.Name", "CreatedDate"]
    soql = f"SELECT {', '.join(columns)} {OPEN}"

    job = create_query_job(admin, soql)
    state = wait(read_query_job, admin, job)
    rows, locator, pages = [], None, 0
    while pages == 0 or locator:
        with open_results(admin, job, locator, 120) as page:
            rows += page.rows
            locator, pages = page.next_locator, pages + 1
    delete_query_job(admin, job)

    assert (state.state, state.processed, page.columns, pages) == ("JobComplete", RECORDS, tuple(columns), 5)
    assert typed(rows) == typed(query_rows(admin, soql, columns))


def typed(rows):
    """Sorted, with numbers as numbers: Bulk results may spell them 1.73E9."""
    return sorted([*row[:4], row[4] and Decimal(row[4]), *row[5:]] for row in rows)


def test_a_query_job_that_is_given_up(admin):
    job = create_query_job(admin, f"SELECT Id {OPEN}")

    abort_query_job(admin, job)
    abort_query_job(admin, job)
    delete_query_job(admin, job)
    delete_query_job(admin, job)

    with pytest.raises(SalesforceRefused):
        read_query_job(admin, job)


def test_collections_write_what_fits_and_say_what_does_not(admin, ids):
    results = update_records(
        admin,
        "Lead",
        [{"Id": ids[0], "Rating": "Hot", "AnnualRevenue": 12}, {"Id": ids[1], "Company": "x" * 300}, {"Id": ids[2]}],
    )

    assert [(result.record, result.success, result.code) for result in results] == [
        (ids[0], True, ""),
        (ids[1], False, "STRING_TOO_LONG"),
        (ids[2], True, ""),
    ]
    gone = "00QLs00000zzzzz"
    found = read_records(admin, "Lead", [gone, ids[0]], ["Id", "Rating", "AnnualRevenue"])
    assert (found[0], found[1]["Rating"], found[1]["AnnualRevenue"]) == (None, "Hot", 12)


def test_a_wrong_json_type_refuses_the_whole_call(admin, ids):
    with pytest.raises(SalesforceRefused) as caught:
        update_records(admin, "Lead", [{"Id": ids[0], "NumberOfEmployees": "many"}])

    assert caught.value.codes == {"JSON_PARSER_ERROR"}


def test_a_bulk_job_writes_and_names_each_record(admin, ids):
    long, good = ids[3], ids[4:8]

    job = create_update_job(admin, "Lead")
    upload(
        admin,
        job,
        as_csv(["Id", "Title", "Company"], *([each, "Zoë, “Łuk”\nline", ""] for each in good), [long, "x", "x" * 300]),
    )
    close_job(admin, job)
    close_job(admin, job)
    state = wait(read_ingest_job, admin, job)

    assert (state.state, state.processed, state.failed) == ("JobComplete", 5, 1)
    assert sorted(result.record for result in read_successes(admin, job)) == sorted(good)
    failures = list(read_failures(admin, job))
    assert [(failure.record, failure.code, failure.fields) for failure in failures] == [
        (long, "STRING_TOO_LONG", ("Company",))
    ]
    assert list(read_unprocessed(admin, job)) == []
    written = read_records(admin, "Lead", good, ["Id", "Title", "Company"])
    assert {record["Title"] for record in written} == {"Zoë, “Łuk”\nline"}
    assert all(record["Company"] for record in written)


def test_a_bulk_job_can_clear_a_field(admin, ids):
    update_records(admin, "Lead", [{"Id": ids[9], "Title": "something"}])

    job = create_update_job(admin, "Lead")
    upload(admin, job, as_csv(["Id", "Title"], [ids[9], "#N/A"]))
    close_job(admin, job)
    wait(read_ingest_job, admin, job)

    assert read_records(admin, "Lead", [ids[9]], ["Id", "Title"])[0]["Title"] is None


def test_a_bulk_job_that_is_given_up_has_no_effect(admin, ids):
    job = create_update_job(admin, "Lead")
    upload(admin, job, as_csv(["Id", "Title"], [ids[10], "never"]))

    abort_job(admin, job)
    abort_job(admin, job)

    assert read_ingest_job(admin, job).state == "Aborted"
    assert read_records(admin, "Lead", [ids[10]], ["Id", "Title"])[0]["Title"] != "never"


def test_a_bulk_job_with_a_field_that_is_gone_fails_with_words(admin, ids):
    job = create_update_job(admin, "Lead")
    upload(admin, job, as_csv(["Id", "Gone__c"], [ids[11], "x"]))
    close_job(admin, job)

    state = wait(read_ingest_job, admin, job)

    assert state.state == "Failed"
    assert "Gone__c" in state.error_message


def test_fields_are_created_and_seen_by_those_they_are_granted_to(integration, admin):
    names = [field.name for field in TECHNICAL_FIELDS]
    before = missing_technical_fields(describe_object(admin, "Account"), names)

    for _ in range(2):
        for field in TECHNICAL_FIELDS:
            create_field(integration, "Account", field, SETS)

    info = describe_object(admin, "Account")
    assert before == names
    assert missing_technical_fields(info, names) == []
    assert (info.get(names[0]).type, info.get(names[1]).length) == ("datetime", 80)


def test_a_field_of_each_size_is_described_as_it_was_made(integration, admin):
    wanted = [
        NewField("Test_Number__c", "Test number", "Number", precision=9, scale=2),
        NewField("Test_Flag__c", "Test flag", "Checkbox"),
        NewField("Test_Long__c", "Test long", "LongTextArea", length=2000),
    ]
    for field in wanted:
        create_field(integration, "Contact", field, ["LSync_Admin"])

    info = describe_object(admin, "Contact")
    assert [info.get(field.name).type for field in wanted] == ["double", "boolean", "longtextarea"]
    assert (info.get("Test_Number__c").precision, info.get("Test_Number__c").scale) == (9, 2)


def test_a_user_who_may_not_customise_cannot_create_fields(simulated):
    with pytest.raises(SalesforceRefused, match="INSUFFICIENT_ACCESS"):
        create_field(
            simulated.api("no permission set"), "Lead", NewField("Test_No__c", "No", "Text", length=5), ["LSync_Admin"]
        )


@pytest.mark.parametrize(
    ("about", "role"),
    [
        ("LSync Admin", "admin"),
        ("LSync Single Enrich", "single_enrich"),
        ("LSync Auditor", "auditor"),
        ("LSync Manager through a permission set group", "manager"),
        ("LSync Manager, assignment expired", "none"),
        ("no permission set", "none"),
        ("inactive", "none"),
        ("System Administrator", "none"),
        ("integration", "none"),
    ],
)
def test_the_role_of_each_user(simulated, integration, about, role):
    user = simulated.user(about)

    grants = read_grants(integration, user["id"])

    assert (role_of(grants), grants.active) == (role, user["active"])
    assert sorted(grants.permission_sets) == (user["permission_sets"] if grants.active else [])


def test_a_user_cannot_read_grants(simulated):
    with pytest.raises(SalesforceRefused):
        read_grants(simulated.api("LSync Auditor"), simulated.user("LSync Admin")["id"])


def test_a_token_tells_whose_it_is(simulated, admin):
    token = simulated.tokens.token(admin.username)

    info = read_userinfo(simulated.transport, token.instance_url, token.access_token)

    user = simulated.user("LSync Admin")
    assert (info.user_id, info.organization_id, info.username) == (
        user["id"],
        simulated.line["org_id"],
        user["username"],
    )
    with pytest.raises(GrantLost):
        read_userinfo(simulated.transport, token.instance_url, "00Dxx!dead")


def test_the_limits_of_the_day(integration):
    limit = read_limits(integration)["DailyApiRequests"]

    assert limit.allowed > limit.remaining > 0


def test_a_signed_request_of_the_org_verifies(simulated, admin):
    reply = admin.request("PUT", "platformconnect/signedrequest", params={"canvas": "LSync"}, json={})
    raw = reply.json()["response"]

    request = verify_signed_request(raw, [simulated.line["consumer_secret"]])

    check_age(request, int(time.time() * 1000), 60)
    assert (request.user_id, request.org_id) == (simulated.user("LSync Admin")["id"], simulated.line["org_id"])
    assert request.instance_url == simulated.url
    signature, _, payload = raw.partition(".")
    mac = hmac.digest(simulated.line["consumer_secret"].encode(), payload.encode(), hashlib.sha256)
    assert base64.b64encode(mac).decode() == signature


def test_odd_calls_go_through_simple_salesforce(admin, ids):
    assert open_simple(admin).Lead.update(ids[12], {"Title": "Odd"}) == 204
    assert open_simple(admin).Lead.get(ids[12])["Title"] == "Odd"
