"""`lsync doctor`: a line for each part, and exit status 1 on trouble."""

import base64
from urllib.parse import urlsplit

import pytest
import requests

from lsync_flask.cli import run
from lsync_flask.demo.set_up import integration_username


@pytest.fixture
def enrolled(monkeypatch, tmp_path, simulated_org, capsys):
    """A deployment whose org was enrolled by the command line."""
    secret = tmp_path / "secret.txt"
    secret.write_text(simulated_org["consumer_secret"])
    monkeypatch.setenv("LSYNC_INSTANCE", str(tmp_path))
    monkeypatch.setenv("LSYNC_SECRET_KEY", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("LSYNC_ENCRYPTION_KEYS", base64.b64encode(b"0123456789abcdef" * 2).decode())
    monkeypatch.setenv("LSYNC_ALLOWED_ORG_HOSTS", urlsplit(simulated_org["org_url"]).netloc)
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    assert run(["db", "upgrade"]) == 0
    add = ["org", "add", "--org-id", simulated_org["org_id"], "--my-domain", simulated_org["org_url"]]
    add += ["--consumer-key", simulated_org["consumer_key"], "--consumer-secret-file", str(secret)]
    add += ["--jwt-key-file", simulated_org["jwt_private_key_file"], "--name", "Acme"]
    assert run([*add, "--integration-user", integration_username(simulated_org)]) == 0
    capsys.readouterr()
    return simulated_org


def test_each_part_and_each_org_has_a_line(enrolled, capsys):
    status = run(["doctor"])

    lines = capsys.readouterr().out.splitlines()
    assert status == 1  # no Redis runs here
    assert [line[:4].strip() for line in lines] == ["ok", "ok", "FAIL", "ok", "ok"]
    assert lines[-1] == f"ok    org {enrolled['org_id']}: Acme lets LSync in."
    assert lines[2].startswith("FAIL  redis: It does not answer.")


def test_an_org_that_lets_nobody_in_is_named_with_what_to_do(enrolled, capsys):
    users = requests.get(f"{enrolled['control_url']}/users", timeout=10).json()
    user_id = next(user["id"] for user in users if user["username"] == integration_username(enrolled))
    address = f"{enrolled['control_url']}/users/{user_id}"
    requests.post(address, json={"approved": False}, timeout=10).raise_for_status()
    try:
        status = run(["org", "check", enrolled["org_id"]])
    finally:
        requests.post(address, json={"approved": True}, timeout=10).raise_for_status()

    said = capsys.readouterr().out
    assert status == 1
    assert "FAIL  connection: Salesforce does not let LSync in as" in said
    assert "permission set" in said
