"""A whole activity through real processes, with everything logged that can be: no secret is where it does not belong."""

import base64
import re
import secrets
from pathlib import Path

import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from redis import Redis

from lsync_flask.app import create_app
from lsync_flask.demo.job import OrgDoor, Tab, run_main_job
from lsync_flask.demo.start import DemoOptions, start_app, start_simulator
from lsync_flask.demo.supervisor import Supervisor, free_port
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.storage.secrets import save_secret
from lsync_flask.wiring import wire

pytestmark = [pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(300)]

READERS = {
    b"string": lambda redis, key: redis.get(key),
    b"hash": lambda redis, key: redis.hgetall(key),
    b"list": lambda redis, key: redis.lrange(key, 0, -1),
    b"set": lambda redis, key: redis.smembers(key),
    b"zset": lambda redis, key: redis.zrange(key, 0, -1),
    b"stream": lambda redis, key: redis.xrange(key),
}


class Sink:
    """A mail server that wants a password; what it was sent."""

    def __init__(self, password):
        self.mails = []
        self.passwords = []

        def authenticate(_server, _session, _envelope, _mechanism, given):
            self.passwords.append(given.password.decode())
            return AuthResult(success=given.password.decode() == password)

        port = free_port()
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=port,
            authenticator=authenticate,
            auth_require_tls=False,
        )
        self.url = f"smtp://lsync:{password}@127.0.0.1:{port}"
        self.controller.start()

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def sink():
    made = Sink(secrets.token_hex(16))
    yield made
    made.controller.stop()


@pytest.fixture
def plant(tmp_path_factory, sink, monkeypatch):
    """Everything that `lsync demo` starts, at the chattiest level of logging, mails by `sink`; with the provider's key."""
    monkeypatch.setenv("LSYNC_LOG_LEVEL", "DEBUG")
    folder = tmp_path_factory.mktemp("c")
    options = DemoOptions(folder=folder, port=free_port(), records=60, workers=1)
    supervisor = Supervisor(folder / "demo.log")
    try:
        org = {**start_simulator(options, supervisor), "smtp_url": sink.url}
        demo = start_app(options, supervisor, org)
        yield demo, folder, supervisor
    finally:
        supervisor.stop()


def test_no_secret_is_in_a_log_a_table_redis_a_page_or_a_mail(plant, sink):
    demo, folder, supervisor = plant
    parts = wire(demo.settings)
    provider_key = f"canary-{secrets.token_hex(16)}"
    with parts.database.writing(demo.org["org_id"]) as scope:
        save_secret(scope, parts.box, "provider.api_key", provider_key, parts.now_s())
    tab = Tab(demo.web_url, demo.org, PERMISSION_SETS["admin"])
    session = tab._http.headers["Authorization"].removeprefix("Bearer ")
    raw = tab.org.signed_request()

    made = tab.call("POST", "tokens", {"name": "script", "role": "auditor", "days": 1})["token"]
    _make_trouble(demo, raw)
    summary = run_main_job(demo.web_url, {**demo.org, "control_url": demo.org["control_url"]}, supervisor.watch)
    pages = _pages(parts, demo.web_url, session)
    redis = _redis(demo.settings.redis)
    tokens = {tab.org.token, *(OrgDoor(demo.org, user).token for user in demo.org["users"][:1])}
    supervisor.stop()
    parts.database.close()

    canaries = {
        "consumer secret": demo.org["consumer_secret"],
        "provider's key": provider_key,
        "mail password": sink.passwords[0],
        "API token": made,
        "session": session,
        "signed request": raw,
        "key of the app": demo.settings.secret_key.get_secret_value(),
        "key of the secrets": demo.settings.encryption_keys[0].get_secret_value(),
        "token of Salesforce": f"{demo.org['org_id'][:15]}!AQ",
        **{f"JWT key {number}": line for number, line in enumerate(_key_lines(demo.org))},
        **{f"token {number}": token for number, token in enumerate(tokens)},
    }
    places = {
        **{f"file {path.relative_to(folder)}": path.read_bytes() for path in _files(folder)},
        **{f"page {address}": text for address, text in pages.items()},
        **{f"mail {number}": mail for number, mail in enumerate(sink.mails)},
        "Redis": redis,
    }
    found = [
        (name, place) for name, canary in canaries.items() for place, body in places.items() if _holds(body, canary)
    ]
    assert summary.status == "Success"
    assert b"activity ended" in places["file demo.log"] or b"signed in" in places["file demo.log"]
    assert len(pages) > 15
    assert sink.mails
    assert found == []


def _make_trouble(demo, raw):
    """What ends in the log: a request twice, bad ones, a user who is not let in any more, addresses that break."""
    for body in (raw, raw, raw[:-4], raw.replace(".", ".x")):
        requests.post(f"{demo.web_url}/canvas", data={"signed_request": body}, timeout=30)
    headers = {"Authorization": f"Bearer {demo.org['consumer_secret']}"}
    for address in ("/api/v1/me", "/definitions/1", "/api/v1/activities/999"):
        requests.get(f"{demo.web_url}{address}", headers=headers, timeout=30)


def _pages(parts, web_url, session):
    rules = create_app(parts).url_map.iter_rules()
    addresses = [rule.rule for rule in rules if "GET" in rule.methods and not rule.arguments]
    headers = {"Authorization": f"Bearer {session}"}
    more = ("/activities/1", "/activities/1/records", "/definitions/1", "/api/v1/activities/1/outcomes")
    return {
        address: requests.get(f"{web_url}{address}", headers=headers, timeout=60).content
        for address in (*addresses, *more)
    }


def _redis(url):
    redis = Redis.from_url(url)
    return repr([(key, READERS[redis.type(key)](redis, key)) for key in redis.scan_iter()]).encode()


def _files(folder):
    """All that LSync has written; the simulated org keeps its own keys in its own folder."""
    return [path for path in folder.rglob("*") if path.is_file() and folder / "org" not in path.parents]


def _key_lines(org):
    text = Path(org["jwt_private_key_file"]).read_text()
    return [line for line in text.splitlines() if re.fullmatch(r"[A-Za-z0-9+/=]{60,}", line)]


def _holds(body, canary):
    spelled = canary.encode()
    return spelled in body or base64.b64encode(spelled).rstrip(b"=")[:-1] in body
