"""The package for an org, as `lsync org package` makes it."""

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lsync_flask.cli import run
from lsync_flask.folders import package_folder
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.services.plan import TechnicalFields
from lsync_flask.services.technical_fields import new_fields

META = "{http://soap.sforce.com/2006/04/metadata}"


def read_zip(path):
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def package(tmp_path):
    """The files of a package for https://sync.acme.example."""
    out = tmp_path / "lsync.zip"
    assert run(["org", "package", "--public-url", "https://sync.acme.example/", "--out", str(out)]) == 0
    return read_zip(out)


def members(package, kind):
    root = ET.fromstring(package["package.xml"])
    types = {each.findtext(f"{META}name"): each for each in root.iter(f"{META}types")}
    return {each.text for each in types[kind].iter(f"{META}members")}


def test_the_addresses_are_filled_in_everywhere(package):
    canvas = package["extlClntAppCanvasSettings/LSync_canvasSettings.ecaCanvas"]
    oauth = package["extlClntAppGlobalOauthSets/LSync_glbloauth.ecaGlblOauth"]

    assert "<canvasUrl>https://sync.acme.example/canvas</canvasUrl>" in canvas
    assert "<callbackUrl>https://sync.acme.example/oauth/callback</callbackUrl>" in oauth
    assert not [name for name, text in package.items() if "lsync.example.com/" in text or "package from source" in text]


def test_each_file_is_xml_that_the_manifest_names(package):
    for name, text in package.items():
        if name.endswith((".js", ".page", ".cmp", ".design")):
            continue
        assert ET.fromstring(text).tag.startswith(META), name
    assert members(package, "ExternalClientApplication") == {"LSync"}
    assert members(package, "AuraDefinitionBundle") == {"LSync", "LSync_Record"}
    assert members(package, "PermissionSet") == {*PERMISSION_SETS.values(), "LSync_Integration"}
    assert members(package, "CustomPermission") == set(PERMISSION_SETS.values())
    assert len(members(package, "CustomField")) == 9


def test_its_technical_fields_are_those_that_the_app_would_create(package):
    wanted = {field.name: field for field in new_fields(TechnicalFields())}
    for object_name in ("Lead", "Contact", "Account"):
        root = ET.fromstring(package[f"objects/{object_name}.object"])
        found = {each.findtext(f"{META}fullName"): each for each in root.iter(f"{META}fields")}

        assert set(found) == set(wanted)
        for name, field in wanted.items():
            assert found[name].findtext(f"{META}type") == field.type
            assert found[name].findtext(f"{META}label") == field.label
            assert int(found[name].findtext(f"{META}length") or field.length) == field.length


@pytest.mark.parametrize("name", PERMISSION_SETS.values())
def test_each_permission_set_holds_its_custom_permission_and_the_technical_fields(package, name):
    root = ET.fromstring(package[f"permissionsets/{name}.permissionset"])

    fields = {each.findtext(f"{META}field"): each for each in root.iter(f"{META}fieldPermissions")}
    assert [each.findtext(f"{META}name") for each in root.iter(f"{META}customPermissions")] == [name]
    assert len(fields) == 9
    assert {each.findtext(f"{META}readable") for each in fields.values()} == {"true"}
    assert {each.findtext(f"{META}editable") for each in fields.values()} == {
        "false" if name == "LSync_Auditor" else "true"
    }


def test_elements_of_one_kind_stand_together(package):
    for name, text in package.items():
        if name.startswith("permissionsets/"):
            kinds = re.findall(r"^    <(\w+)>", text, re.MULTILINE)
            changes = [kind for before, kind in zip([None, *kinds], kinds, strict=False) if kind != before]
            assert len(changes) == len(set(changes)), name


def test_the_certificate_of_the_jwt_key_goes_into_it(tmp_path, capsys):
    out, certificate = tmp_path / "lsync.zip", tmp_path / "certificate.pem"
    certificate.write_text("-----BEGIN PRIVATE KEY-----\nnot one\n-----END PRIVATE KEY-----\n")
    arguments = ["org", "package", "--public-url", "https://sync.acme.example", "--out", str(out)]

    assert run([*arguments, "--certificate-file", str(certificate)]) == 1
    assert "no X.509 certificate" in capsys.readouterr().err
    certificate.write_bytes(self_signed())
    assert run([*arguments, "--certificate-file", str(certificate)]) == 0
    oauth = read_zip(out)["extlClntAppGlobalOauthSets/LSync_glbloauth.ecaGlblOauth"]
    assert re.search(r"<certificate>MII[A-Za-z0-9+/=]+</certificate>", oauth)


def self_signed():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "LSync")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


def test_a_legacy_package_holds_a_connected_app_instead(tmp_path):
    out = tmp_path / "lsync.zip"

    assert run(["org", "package", "--public-url", "https://sync.acme.example", "--out", str(out), "--legacy"]) == 0

    files = read_zip(out)
    assert "<canvasUrl>https://sync.acme.example/canvas</canvasUrl>" in files["connectedApps/LSync.connectedApp"]
    assert not [name for name in files if name.startswith("ext")]


@pytest.mark.parametrize(
    "url",
    ["http://sync.acme.example", "sync.acme.example", "https://", "https://a@b.example", "https://x?y", "https://a:b"],
)
def test_an_address_that_salesforce_would_not_take_is_bad_usage(url, tmp_path, capsys):
    status = run(["org", "package", "--public-url", url, "--out", str(tmp_path / "x.zip")])

    said = capsys.readouterr().err.strip()
    assert status == 2
    assert "address" in said
    assert "\n" not in said


def test_the_source_holds_no_address_but_the_one_that_is_replaced():
    for path in (package_folder()).rglob("*.xml"):
        if "node_modules" not in path.parts:
            for url in re.findall(r"https?://[^<\"]+", path.read_text()):
                assert url.startswith(("https://lsync.example.com", "http://soap.sforce.com/2006/04/metadata")), path
