"""Clients that others wrote, unchanged, against a local org. `make test-clients` installs them and runs this folder."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from lsync_flask.simulator.serve import SimulatorOptions, open_simulator

CLIENTS = Path(__file__).parents[2] / ".venv-clients"
NODE = CLIENTS / "bin" / "node"
USER = "integration@northbridge.example"
PATIENCE_S = 180


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("clients")
            item.add_marker(pytest.mark.timeout(400))


@dataclass(frozen=True)
class Org:
    """The local org, with a text field `Ext__c` on Lead that is an external id. Tests make leads of the company Client Test."""

    line: dict[str, Any]
    token: str

    @property
    def url(self) -> str:
        return self.line["org_url"]

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, f"{self.url}/services/data/v67.0{path}", headers=headers, timeout=30, **more)

    def query(self, soql: str) -> list[dict[str, Any]]:
        return self.ask("GET", "/query", params={"q": soql}).json()["records"]

    def lead(self, **values: Any) -> str:
        """A new lead; its id."""
        return self.ask("POST", "/sobjects/Lead", json={"LastName": "Lee", "Company": "Client Test", **values}).json()[
            "id"
        ]


@pytest.fixture(scope="session")
def org(tmp_path_factory):
    with open_simulator(SimulatorOptions(records=2500, folder=tmp_path_factory.mktemp("org"))) as line:
        made = Org(line, _token(line))
        _add_external_id(made)
        yield made


def _token(line: dict[str, Any]) -> str:
    claims = {"iss": line["consumer_key"], "sub": USER, "aud": line["org_url"], "exp": int(time.time()) + 120}
    assertion = jwt.encode(claims, Path(line["jwt_private_key_file"]).read_text(), algorithm="RS256")
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return requests.post(f"{line['org_url']}/services/oauth2/token", data=form, timeout=30).json()["access_token"]


def _add_external_id(org: Org) -> None:
    metadata = {"type": "Text", "label": "Ext", "length": 40, "externalId": True, "unique": True}
    made = org.ask("POST", "/tooling/sobjects/CustomField", json={"FullName": "Lead.Ext__c", "Metadata": metadata})
    assert made.status_code == 201, made.text
    grant = {"SobjectType": "Lead", "Field": "Lead.Ext__c", "PermissionsRead": True, "PermissionsEdit": True}
    (held,) = org.query("SELECT Id FROM PermissionSet WHERE Name = 'LSync_Integration'")
    assert org.ask("POST", "/sobjects/FieldPermissions", json={**grant, "ParentId": held["Id"]}).status_code == 201


def _need_clients() -> None:
    if (CLIENTS / ".ready").exists():
        return
    if os.environ.get("LSYNC_REQUIRE_CLIENTS") == "1":
        pytest.fail(f"{CLIENTS} is not complete: make test-clients")
    pytest.skip("The clients from npm are not installed: make test-clients")


def _run(arguments: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE_S, check=False, **more)


@pytest.fixture
def jsforce(org) -> Callable[[str], Any]:
    """Runs lines of JavaScript that have a jsforce connection `conn`; what they return, by way of JSON."""
    _need_clients()
    prelude = (
        'const { createRequire } = await import("node:module");'
        f'const jsforce = createRequire({json.dumps(str(CLIENTS) + "/")})("jsforce");'
        f"const conn = new jsforce.Connection({{ instanceUrl: {json.dumps(org.url)},"
        f' accessToken: {json.dumps(org.token)}, version: "67.0" }});'
    )

    def run(code: str) -> Any:
        script = f"{prelude}\nconst answer = await (async () => {{ {code} }})();\nconsole.log(JSON.stringify(answer));"
        done = _run([str(NODE), "--input-type=module", "-"], input=script)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def new_sf(org, tmp_path_factory) -> Callable[[], Callable[..., Any]]:
    """Makes a Salesforce CLI that knows no org; it is run with words and gives the `result` of its answer."""
    _need_clients()
    return lambda: _open_sf(org, tmp_path_factory.mktemp("sf"))


@pytest.fixture(scope="session")
def sf(new_sf, org) -> Callable[..., Any]:
    """The Salesforce CLI after `org login jwt`; the org is its default."""
    return _log_in(new_sf(), org)


@pytest.fixture
def sf_of_its_own(tmp_path) -> Iterator[tuple[Callable[..., Any], Org]]:
    """The same with an org that no other test uses."""
    _need_clients()
    with open_simulator(SimulatorOptions(records=1, folder=tmp_path / "org")) as line:
        org = Org(line, _token(line))
        yield _log_in(_open_sf(org, tmp_path), org), org


def _log_in(sf: Callable[..., Any], org: Org) -> Callable[..., Any]:
    sf("org", "login", "jwt", "--client-id", org.line["consumer_key"], "--username", USER, "--alias", "local",
       "--jwt-key-file", org.line["jwt_private_key_file"], "--instance-url", org.url, "--set-default")  # fmt: skip
    return sf


def _open_sf(org: Org, home: Path) -> Callable[..., Any]:
    names = (
        "SF_DISABLE_TELEMETRY",
        "SF_AUTOUPDATE_DISABLE",
        "SF_SKIP_NEW_VERSION_CHECK",
        "SF_USE_GENERIC_UNIX_KEYCHAIN",
    )
    environment = {
        "HOME": str(home),
        "PATH": f"{NODE.parent}:{os.environ['PATH']}",
        "SF_ACCESS_TOKEN": org.token,
        # Else the CLI waits for the DNS of a Lightning domain.
        "SF_DOMAIN_RETRY": "0",
        # Else it deploys by SOAP.
        "SF_ORG_METADATA_REST_DEPLOY": "true",
        "NO_PROXY": "127.0.0.1",
        **dict.fromkeys(names, "true"),
    }
    run_js = CLIENTS / "node_modules" / "@salesforce" / "cli" / "bin" / "run.js"

    def run(*arguments: str, **more: Any) -> Any:
        done = _run([str(NODE), str(run_js), *arguments, "--json"], env=environment, **{"cwd": home, **more})
        answer = json.loads(done.stdout)
        assert answer["status"] == 0, answer
        return answer["result"]

    return run
