"""The Salesforce CLI, as it is on npm."""

from lsync_flask.cli import run
from tests.clients.conftest import USER


def test_login_by_jwt_and_display(sf, org):
    shown = sf("org", "display")

    assert (shown["username"], shown["id"], shown["instanceUrl"]) == (USER, org.line["org_id"], org.url)
    assert shown["connectedStatus"] == "Connected"


def test_login_by_access_token(new_sf, org):
    told = new_sf()("org", "login", "access-token", "--instance-url", org.url, "--no-prompt", "--alias", "by-token")

    assert (told["username"], told["orgId"]) == (USER, org.line["org_id"])


def test_query(sf):
    soql = "SELECT Id, Name, Owner.Name FROM Lead WHERE IsConverted = false AND Company != 'Client Test'"

    found = sf("data", "query", "--query", soql)

    assert (found["totalSize"], len(found["records"]), found["done"]) == (2500, 2500, True)
    assert found["records"][0]["Owner"]["Name"]


def test_bulk_query(sf, tmp_path):
    file = tmp_path / "leads.csv"

    told = sf("data", "export", "bulk", "--query", "SELECT Id, City FROM Lead",
              "--wait", "1", "--output-file", str(file))  # fmt: skip

    assert told["totalSize"] == len(file.read_text().splitlines()) - 1 > 2500


def test_bulk_update(sf, org, tmp_path):
    record = org.lead()
    file = tmp_path / "update.csv"
    file.write_text(f"Id,City\n{record},Porto\n")

    told = sf("data", "update", "bulk", "--sobject", "Lead", "--file", str(file),
              "--wait", "1")  # fmt: skip

    assert (told["processedRecords"], told["successfulRecords"], told["failedRecords"]) == (1, 1, 0)
    assert org.query(f"SELECT City FROM Lead WHERE Id = '{record}'")[0]["City"] == "Porto"


def test_describe(sf):
    told = sf("sobject", "describe", "--sobject", "Lead")

    assert told["name"] == "Lead"
    assert "Ext__c" in {field["name"] for field in told["fields"]}


def test_deploy_of_our_package(sf_of_its_own, tmp_path):
    sf, org = sf_of_its_own  # a deployment sets what the permission sets of all tests may do
    package = tmp_path / "lsync.zip"
    assert run(["org", "package", "--public-url", "https://lsync.example.com", "--out", str(package)]) == 0

    told = sf("project", "deploy", "start", "--metadata-dir", str(package), "--single-package", "--wait", "2")

    assert (told["status"], told["success"], told["numberComponentErrors"]) == ("Succeeded", True, 0)
    (held,) = org.query("SELECT Description FROM PermissionSet WHERE Name = 'LSync_Auditor'")
    assert held["Description"].startswith("LSync: ")
