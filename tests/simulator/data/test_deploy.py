"""A package of metadata by REST: what `lsync org package` writes, and what is wrong with others."""

import io
import json
import zipfile

import pytest

from lsync_flask.cli import run

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
XMLNS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


def zipped(files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for name, text in files.items():
            package.writestr(name, text)
    return made.getvalue()


def manifest(**types):
    named = "".join(
        f"<types>{''.join(f'<members>{member}</members>' for member in members)}<name>{name}</name></types>"
        for name, members in types.items()
    )
    return f"{HEAD}<Package {XMLNS}>{named}<version>67.0</version></Package>"


def permission(label="One"):
    return f"{HEAD}<CustomPermission {XMLNS}><isLicensed>false</isLicensed><label>{label}</label></CustomPermission>"


def field(**more):
    told = {"fullName": "Tier__c", "label": "Tier", "length": "3", "type": "Text", **more}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in told.items())
    return f"{HEAD}<CustomObject {XMLNS}><fields>{inner}</fields></CustomObject>"


def permission_set(*fields, custom=()):
    inner = "".join(
        f"<customPermissions><enabled>true</enabled><name>{name}</name></customPermissions>" for name in custom
    )
    inner += "".join(
        f"<fieldPermissions><editable>false</editable><field>{name}</field><readable>true</readable></fieldPermissions>"
        for name in fields
    )
    return f"{HEAD}<PermissionSet {XMLNS}><description>Tells</description>{inner}<label>One</label></PermissionSet>"


def send(house, content, who="admin", part="json", **options):
    data = {
        part: (io.BytesIO(json.dumps({"deployOptions": options}).encode()), "options.json", "application/json"),
        "file": (io.BytesIO(content), "package.zip", "application/zip"),
    }
    return house.ask("POST", "/metadata/deployRequest", who, data=data, content_type="multipart/form-data")


def deploy(house, content, **more):
    answer = send(house, content, **more)
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["deployResult"]["status"] == "Pending"
    told = house.ask("GET", f"/metadata/deployRequest/{answer.get_json()['id']}?includeDetails=true")
    return told.get_json()["deployResult"]


def problems(result):
    return [(one["componentType"], one["fullName"], one["problem"]) for one in result["details"]["componentFailures"]]


@pytest.fixture
def package(tmp_path):
    file = tmp_path / "lsync.zip"
    assert run(["org", "package", "--public-url", "https://x.example.com", "--out", str(file)]) == 0
    return file.read_bytes()


def test_our_own_package_is_deployed_and_again(house, package):
    first = deploy(house, package)
    again = deploy(house, package)

    for result in (first, again):
        assert (result["status"], result["done"], result["success"]) == ("Succeeded", True, True), problems(result)
        assert result["numberComponentsDeployed"] == result["numberComponentsTotal"] > 25
    created = {
        (one["componentType"], one["fullName"]): one["created"] for one in first["details"]["componentSuccesses"]
    }
    assert created["CustomField", "Lead.LSync_Error_Code__c"] is True
    assert not any(one["created"] for one in again["details"]["componentSuccesses"])


def test_what_was_deployed_is_there(house, package):
    deploy(house, package)

    (held,) = house.query(
        "SELECT Id, Label, Description, PermissionsViewSetup FROM PermissionSet WHERE Name = 'LSync_Admin'"
    )
    access = house.query(f"SELECT SetupEntityId FROM SetupEntityAccess WHERE ParentId = '{held['Id']}'")
    (permitted,) = house.query("SELECT Id FROM CustomPermission WHERE DeveloperName = 'LSync_Admin'")
    tooling = house.ask("GET", "/tooling/query", query_string={"q": "SELECT DeveloperName FROM CustomTab"}).get_json()
    fields = {
        row["Field"] for row in house.query(f"SELECT Field FROM FieldPermissions WHERE ParentId = '{held['Id']}'")
    }

    assert (held["Label"], held["PermissionsViewSetup"]) == ("LSync Admin", True)
    assert held["Description"].startswith("LSync: everything")
    assert [row["SetupEntityId"] for row in access] == [permitted["Id"]]
    assert {row["DeveloperName"] for row in tooling["records"]} == {"LSync", "LSync_Page"}
    assert "Lead.LSync_Last_Activity_Date__c" in fields


def test_a_check_only_deployment_changes_nothing(house, package):
    result = deploy(house, package, checkOnly=True)

    assert (result["status"], result["checkOnly"]) == ("Succeeded", True)
    assert house.query("SELECT Id FROM PermissionSet WHERE Name = 'LSync_Admin'") == []
    assert not house.org.schema["Lead"].has("LSync_Error_Code__c")


def test_one_component_that_fails_takes_the_others_with_it(house):
    files = {
        "package.xml": manifest(CustomPermission=["One"], CustomField=["Lead.Tier__c"], PermissionSet=["One"]),
        "customPermissions/One.customPermission": permission(),
        "objects/Lead.object": field(),
        "permissionsets/One.permissionset": permission_set("Lead.Nope__c", custom=["One"]),
    }

    result = deploy(house, zipped(files))

    assert (result["status"], result["numberComponentErrors"]) == ("Failed", 1)
    assert problems(result) == [("PermissionSet", "One", "In field: field - no CustomField named Lead.Nope__c found")]
    assert house.query("SELECT Id FROM CustomPermission WHERE DeveloperName = 'One'") == []
    assert not house.org.schema["Lead"].has("Tier__c")


def test_without_rollback_the_good_ones_stay(house):
    files = {
        "package.xml": manifest(CustomPermission=["One"], CustomField=["Lead.Tier__c"]),
        "customPermissions/One.customPermission": permission(),
        "objects/Lead.object": field(length="999"),
    }

    result = deploy(house, zipped(files), rollbackOnError=False)

    assert result["status"] == "SucceededPartial"
    assert problems(result) == [("CustomField", "Lead.Tier__c", "Please enter a valid length, from 1 to 255")]
    assert len(house.query("SELECT Id FROM CustomPermission WHERE DeveloperName = 'One'")) == 1


def test_a_second_deployment_changes_the_field_and_takes_permissions_back(house):
    named = manifest(CustomField=["Lead.Tier__c"], PermissionSet=["One"])
    files = {"package.xml": named, "objects/Lead.object": field()}
    deploy(house, zipped({**files, "permissionsets/One.permissionset": permission_set("Lead.Tier__c")}))

    later = {**files, "objects/Lead.object": field(label="Rank", length="9")}
    result = deploy(house, zipped({**later, "permissionsets/One.permissionset": permission_set()}))

    known = house.org.schema["Lead"].field("Tier__c")
    assert result["status"] == "Succeeded"
    assert (known.label, known.length) == ("Rank", 9)
    assert house.query("SELECT Id FROM FieldPermissions WHERE Field = 'Lead.Tier__c'") == []


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"customPermissions/One.customPermission": permission()}, "No package.xml found"),
        ({"package.xml": manifest(), "../out.xml": "x"}, "The package has a file outside its folder: ../out.xml"),
        ({"package.xml": manifest(), "/etc/x": "x"}, "The package has a file outside its folder: /etc/x"),
        ({"package.xml": "<Package/>"}, "package.xml: The file is not in the namespace of metadata"),
        ({"package.xml": f'<!DOCTYPE p [<!ENTITY a "b">]><Package {XMLNS}/>'}, "package.xml: A metadata file has no document type"),
        (
            {"package.xml": manifest(CustomPermission=["Gone"])},
            "An object 'Gone' of type CustomPermission was named in package.xml, but was not found in zipped directory",
        ),
        (
            {"package.xml": manifest(), "customPermissions/One.customPermission": permission()},
            "The component One of type CustomPermission is not named in package.xml",
        ),
        ({"package.xml": manifest(), "flows/One.flow": "x"}, "The folder flows holds no type that this org knows"),
        (
            {"package.xml": manifest(CustomPermission=["One"]), "customPermissions/One.customPermission": "<x>"},
            "The file is no XML: no element found: line 1, column 3",
        ),
    ],
    ids=["no manifest", "above", "absolute", "namespace", "document type", "named only", "not named", "unknown", "no XML"],
)  # fmt: skip
def test_a_package_that_is_wrong_fails_and_says_why(house, files, problem):
    result = deploy(house, zipped(files))

    assert (result["status"], result["success"]) == ("Failed", False)
    assert [one[2] for one in problems(result)] == [problem]


def test_what_is_no_zip_fails_too(house):
    assert problems(deploy(house, b"PK no zip"))[0][2] == "The file is not a zip that can be read"


def test_only_who_may_customize_deploys(house, package):
    answer = send(house, package, "plain")

    assert (answer.status_code, answer.get_json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")


def test_the_files_may_stand_in_one_folder_and_the_options_in_the_part_of_the_cli(house):
    files = {
        "unpackaged/package.xml": manifest(CustomPermission=["One"]),
        "unpackaged/customPermissions/One.customPermission": permission("First"),
    }

    result = deploy(house, zipped(files), part="entity_content", checkOnly=False)

    assert result["status"] == "Succeeded"
    assert (
        house.query("SELECT MasterLabel FROM CustomPermission WHERE DeveloperName = 'One'")[0]["MasterLabel"] == "First"
    )


def test_details_are_told_when_they_are_asked_for(house):
    files = {"package.xml": manifest(CustomPermission=["One"]), "customPermissions/One.customPermission": permission()}
    made = send(house, zipped(files)).get_json()

    short = house.ask("GET", f"/metadata/deployRequest/{made['id']}").get_json()
    gone = house.ask("GET", "/metadata/deployRequest/0Af000000000000AAA")

    assert set(made) == {"id", "url", "validatedDeployRequestId", "deployOptions", "deployResult"}
    assert (short["deployResult"]["status"], short["deployResult"]["details"]) == ("Succeeded", None)
    assert gone.status_code == 404
