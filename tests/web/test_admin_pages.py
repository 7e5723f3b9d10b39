"""Settings, access, plugins and audit, as an admin asks for them."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lsync_flask.app import create_app
from lsync_flask.plugin_api import Catalogue, FatalError, Field, Provider, ProviderField, SecretStr
from lsync_flask.registry import Refused
from lsync_flask.salesforce.refusals import ApiError, SalesforceRefused
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.storage.audit import add_audit
from lsync_flask.web.audit_pages import ACTIONS, KINDS

FORM = {
    "provider": "company-directory",
    "param.currency": "EUR",
    "maximum_records": "400000",
    "bulk_size": "10000",
    "first_bulk_size": "200",
    "api_share_percent": "80",
    "credits_per_run": "",
    "credits_per_month": "",
    "mail_to": "",
    "activity_date_field": "LSync_Last_Activity_Date__c",
    "error_code_field": "LSync_Error_Code__c",
    "error_message_field": "LSync_Error_Message__c",
    "on_unknown_charge": "park",
}
KEYED = {"provider": "keyed", "param.endpoint": "https://keyed.example"}
REFUSED = Refused("lsync.transforms", "sad", "lsync-sad", "It has no examples.")


class Keyed(Provider):
    """A provider with a key."""

    name = "keyed"
    label = "Keyed"
    api = 1
    idempotency = "key"
    max_per_call = 100

    endpoint: str = Field(title="EFM Endpoint", min_length=1)
    api_key: SecretStr = Field(title="Key")

    def catalogue(self):
        return Catalogue((ProviderField("name", "Name"),), (ProviderField("size", "Size", "int"),))

    def check(self, http):
        if self.api_key.get_secret_value() != "the right key":
            raise FatalError("The key is wrong.")
        return "The key is right."


@pytest.fixture
def filled(filled):
    """With a provider that has a key, and a plugin that was refused."""
    providers = {**filled.registry.providers, "keyed": Keyed}
    return replace(filled, registry=replace(filled.registry, providers=providers, refused=(REFUSED,)))


def version_of(page):
    return re.search(r'name="version" value="(\d*)"', page)[1]


def save(client, **change):
    """Sends the form as the page would, with what is changed."""
    version = change.pop("version", None) or version_of(client.get("/settings").text)
    names = {name.replace("__", "."): value for name, value in change.items()}
    return client.post("/settings", data={**FORM, "version": version, "do": "save", **names})


def stored(client):
    return client.get("/api/v1/settings").json["settings"]


def test_settings_say_range_and_reason_beside_each_field(client):
    page = client.get("/settings").text

    for said in ("1 to 50,000,000.", "200 to 10,000.", "1 to 100.", "cannot spend all credits", "Empty: no limit"):
        assert said in page


def test_numbers_may_be_typed_as_each_country_groups_them(client):
    assert save(client, maximum_records="40.000", credits_per_month="1,000,000", bulk_size="5 000").status_code == 200

    now = stored(client)
    assert (now["maximum_records"], now["credits_per_month"], now["bulk_size"]) == (40_000, 1_000_000, 5_000)


WRONG = (
    ("maximum_records", "0", "Type a whole number: 1 to 50,000,000."),
    ("bulk_size", "10001", "Type a whole number: 200 to 10,000."),
    ("api_share_percent", "half", "Type a whole number: 1 to 100."),
    ("credits_per_run", "-1", "Type a whole number: 0 to 1,000,000,000."),
    ("mail_to", "ada@example.com, nobody", "“nobody” is no e-mail address."),
    ("error_code_field", "Error Code", "Type a custom field"),
    ("error_code_field", "LSync_Error_Message__c", "three different names"),
    ("provider", "magic", "There is no provider magic"),
    ("param__currency", "XXX", "EUR"),
    ("on_unknown_charge", "hope", "Input should be"),
)
"""(field, what is typed, what is said)"""


def test_a_wrong_setting_is_said_beside_it_and_nothing_typed_is_lost(client):
    for name, typed, said in WRONG:
        answer = save(client, **{name: typed})

        assert answer.status_code == 422, name
        assert said in answer.text.replace("&#39;", "'"), name
        assert 'aria-invalid="true"' in answer.text, name
        assert typed.split(",")[0] in answer.text or name in {"provider", "on_unknown_charge", "param__currency"}, name


def test_a_test_of_the_connection_saves_only_what_works_and_says_a_result_for_each_check(client):
    works = save(client, do="test", bulk_size="9000")
    fails = client.post("/settings", data={**FORM, **KEYED, "do": "test", "bulk_size": "8000"})

    assert (works.status_code, fails.status_code) == (200, 422)
    assert "Saved." in works.text
    assert "API calls are used today" in works.text
    assert "The directory is ready" in works.text
    assert "Nothing was saved" in fails.text
    assert "Key: Must be filled in." in fails.text
    assert 'value="8000"' in fails.text
    assert stored(client)["bulk_size"] == 9_000


def test_a_key_is_tested_before_it_is_saved_and_never_shown_again(client):
    form = {**FORM, **KEYED, "version": version_of(client.get("/settings").text), "do": "test"}

    wrong = client.post("/settings", data={**form, "secret.api_key": "some other key"})
    right = client.post("/settings", data={**form, "secret.api_key": "the right key"})
    again = client.post("/settings", data={**form, "version": version_of(right.text)})

    assert "The key is wrong." in wrong.text
    assert "type it once more" in wrong.text
    assert "The key is right." in right.text
    assert "is set; type to replace it" in right.text
    assert "The key is right." in again.text
    pages = [client.get(one).text for one in ("/settings", "/audit", "/audit.csv", "/api/v1/settings")]
    assert not re.search("the right key|some other key", "".join([wrong.text, right.text, again.text, *pages]))


def test_another_provider_shows_its_own_settings_and_saves_nothing(client):
    page = client.post("/settings", data={**FORM, "provider": "keyed", "maximum_records": "77", "do": "show"}).text

    assert 'name="secret.' in page
    assert 'value="77"' in page
    assert stored(client)["provider"] == "company-directory"


def test_whoever_saves_settings_over_another_is_told_who_changed_what(client):
    seen = version_of(client.get("/settings").text)
    save(client, bulk_size="900")
    save(client, bulk_size="800", first_bulk_size="50")

    late = save(client, version=seen, maximum_records="5")

    assert late.status_code == 409
    assert "Admin saved another version at" in late.text
    assert all(said in late.text for said in ("bulk_size", "10000", "800", "first_bulk_size"))
    assert 'value="5"' in late.text
    over = re.search(r'name="over" value="(\d+)"', late.text)[1]
    assert save(client, version=seen, over=over, maximum_records="5").status_code == 200
    assert stored(client)["maximum_records"] == 5


def test_an_auditor_reads_settings_and_cannot_save(signed_in):
    client = signed_in("auditor")

    page = client.get("/settings").text

    assert "Test connection and save" not in page
    assert {client.post("/settings", data={**FORM, "do": do}).status_code for do in ("save", "test", "show")} == {403}


def test_access_says_who_has_which_set_directly_or_through_a_group_and_what_each_may_do(client, simulated_org):
    page = client.get("/access").text

    for user in simulated_org["users"]:
        for name in user["permission_sets"]:
            if name in PERMISSION_SETS.values():
                assert user["username"] in page
    assert "change settings and mappings" in page
    assert page.count('<td data-label="Through">') == page.count('<td data-label="Until">') >= 5
    assert re.search(r'<td data-label="Through">(?!directly)', page)
    assert page.count(">expired<") == 1


def test_access_says_why_when_assignments_cannot_be_read(filled, client):
    def refuse(org_id, username):
        raise SalesforceRefused(403, (ApiError("INSUFFICIENT_ACCESS", "no View Setup"),))

    app = create_app(replace(filled, open_salesforce=refuse))
    other = app.test_client()
    other.environ_base["HTTP_AUTHORIZATION"] = client.environ_base["HTTP_AUTHORIZATION"]

    page = other.get("/access")

    assert page.status_code == 200
    assert "Salesforce does not say who has which" in page.text


def test_all_sessions_but_ones_own_end_at_the_press_of_a_button(signed_in):
    admin, manager = signed_in("admin"), signed_in("manager")
    assert manager.get("/").status_code == 200

    page = admin.post("/access/end-sessions")

    assert "1 session was ended" in page.text
    assert manager.get("/").status_code == 401
    assert admin.get("/access").status_code == 200


def test_plugins_are_documented_from_themselves_and_refused_ones_say_why(client, filled):
    page = client.get("/plugins").text
    found = client.get("/plugins?search=value+map").text

    for cls in (*filled.registry.transforms.values(), *filled.registry.operators.values()):
        assert cls.label in page.replace("&#39;", "'").replace("&amp;", "&")
    assert "It has no examples." in page
    assert "One line each: this = that" in found
    assert "United Kingdom" in found
    assert "Number from text" not in found
    assert "No plugin has these words" in client.get("/plugins?search=zzz").text


def test_audit_shows_the_difference_and_filters_by_person_kind_and_time(client, simulated_org):
    save(client, bulk_size="4321")
    admin = next(user for user in simulated_org["users"] if user["permission_sets"] == ["LSync_Admin"])

    page = client.get("/audit?kind=settings").text

    assert "<del>10000</del> → <ins>4321</ins>" in page
    assert "saved a mapping" not in page.split("<tbody>")[1]
    assert "saved the settings" in client.get(f"/audit?user={admin['id']}").text
    assert "Nothing was changed in this time" in client.get("/audit?user=005000000000000AAA").text
    assert "Nothing was changed in this time" in client.get("/audit?until=2001-01-01").text
    assert "saved the settings" in client.get("/audit?since=2001-01-01").text
    assert "Type the days as" in client.get("/audit?since=yesterday").text


def test_the_audit_log_as_csv_has_every_change_and_no_formula(client):
    client.post("/drafts/settings", data=FORM)
    save(client, mail_to="=1+1@example.com, +x@example.com")

    rows = list(csv.DictReader(io.StringIO(client.get("/audit.csv?kind=settings").get_data().decode("utf-8-sig"))))

    mails = [row for row in rows if row["What"] == "mail_to"]
    assert [row["After"] for row in mails] == ["'=1+1@example.com, +x@example.com"]
    assert {row["Action"] for row in rows} == {"settings.save"}


def test_a_long_audit_log_is_read_page_by_page(client, filled, simulated_org):
    with filled.database.writing(simulated_org["org_id"]) as scope:
        for number in range(60):
            add_audit(
                scope,
                user_id="005000000000000AAA",
                action="settings.save",
                subject="settings",
                before={},
                after={"bulk_size": 300 + number},
                address="",
                now_s=filled.now_s(),
            )

    first = client.get("/audit?kind=settings").text
    address = re.search(r'href="(/audit\?[^"]*after=[^"]*)"', first)[1].replace("&amp;", "&")
    second = client.get(address).text

    assert first.split("<tbody>")[1].count("saved the settings") == 50
    assert "<ins>300</ins>" in second
    assert "<ins>300</ins>" not in first


def test_a_manager_sees_no_admin_page(signed_in):
    client = signed_in("manager")

    answers = [client.get(one) for one in ("/settings", "/access", "/plugins", "/audit", "/audit.csv")]

    assert {answer.status_code for answer in answers} == {403}


@pytest.mark.parametrize(
    ("address", "tab"),
    [
        ("/mappings/results/Account", "Results mapping"),
        ("/mappings/input/Contact", "Input mapping"),
        ("/settings", "Settings"),
        ("/settings/notices", "Settings"),
        ("/settings/tokens", "API tokens"),
        ("/", "Home"),
    ],
)
def test_the_tab_of_the_page_is_the_one_that_stands_out(client, address, tab):
    page = client.get(address).text

    assert re.findall(r'aria-current="page">([^<]*)</a></li>', page) == [tab]


def test_each_action_that_is_audited_has_words_on_the_audit_page_and_a_kind_in_its_filter():
    """The actions are those that the code names, so that a new one cannot be forgotten."""
    source = Path(__file__).parents[2] / "lsync_flask"
    texts = [
        file.read_text() for layer in ("services", "web", "worker", "cli") for file in (source / layer).glob("*.py")
    ]
    named = {name for text in texts for name in re.findall(r'action="([a-z_.]+)"', text)}

    assert {"settings.save", "notices.save", "activity.enrich_record"} <= named
    for action in named:
        assert action in ACTIONS, action
        assert action.partition(".")[0] in KINDS, action
