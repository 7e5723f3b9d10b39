"""The refresh token of an org that changes at each use: of many threads and processes, one uses it."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import orjson
import pytest

from lsync_flask.errors import GrantLost
from lsync_flask.salesforce.transport import Transport
from lsync_flask.storage.models import secret
from lsync_flask.storage.orgs import OrgRow, save_org
from lsync_flask.storage.secrets import SecretBox
from lsync_flask.wiring import OrgConnections

ORG_ID = "00DLs0000000001MAA"
KEY = b"k" * 32
THREADS = 8


class RotatingOrg:
    """Gives a new refresh token at each use; one that comes back ends the grant, as at Salesforce."""

    def __init__(self):
        self.refresh, self.uses, self.is_broken = "refresh-0", 0, False
        self.lock = threading.Lock()
        org = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, body = org.grant({name: values[0] for name, values in form.items()})
                sent = orjson.dumps(body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def grant(self, form):
        with self.lock:
            if form.get("client_secret") != "consumer-secret":
                return 401, {"error": "invalid_client", "error_description": "invalid client credentials"}
            if form["grant_type"] == "client_credentials":
                return 200, self.body("access-as-the-app")
            if self.is_broken or form["refresh_token"] != self.refresh:
                self.is_broken = True
                return 400, {"error": "invalid_grant", "error_description": "expired access/refresh token"}
            self.uses += 1
            self.refresh = f"refresh-{self.uses}"
            return 200, {**self.body(f"access-{self.uses}"), "refresh_token": self.refresh}

    def body(self, token):
        identity = f"https://login.salesforce.com/id/{ORG_ID}/005Ls0000000001IAA"
        return {"access_token": token, "instance_url": f"http://{self.host}", "id": identity, "token_type": "Bearer"}

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def org():
    opened = RotatingOrg()
    yield opened
    opened.close()


def enrol(database, org, flow="refresh-token"):
    row = OrgRow(ORG_ID, "Acme", f"http://{org.host}", None, "consumer-key", None, None, flow=flow)
    kept = {"refresh_token": "refresh-0"} if flow == "refresh-token" else {}
    save_org(database, SecretBox([KEY]), row, ("consumer-secret",), kept, 0.0)


def tokens_of(database, host):
    """A process's own source of tokens; nothing is shared but the database."""
    connections = OrgConnections(database, SecretBox([KEY]), Transport(frozenset({host}), None))
    return connections.open(ORG_ID, "ada@acme.example")._tokens


def test_of_many_threads_in_many_pools_one_uses_the_token(database, org):
    enrol(database, org)
    sources = [tokens_of(database, org.host) for _ in range(THREADS)]

    for use in (1, 2):
        stale = sources[0]._tokens.get("ada@acme.example")
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(lambda source: source.renew("ada@acme.example", stale), sources))  # noqa: B023
        assert {token.access_token for token in found} == {f"access-{use}"}

    assert org.uses == 2
    assert not org.is_broken


CHILD = """
import sys
from concurrent.futures import ThreadPoolExecutor
from lsync_flask.storage.db import open_database
sys.path.insert(0, sys.argv[3])
from test_refresh_token import tokens_of
database = open_database(sys.argv[1])
source = tokens_of(database, sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(4) as pool:
    print(*{token.access_token for token in pool.map(lambda _: source.token("x"), range(4))}, flush=True)
"""


def test_of_many_processes_one_uses_the_token(request, org, tmp_path):
    for kind in ("sqlite_database", "postgresql_database"):
        database = request.getfixturevalue(kind)
        org.refresh, before = "refresh-0", org.uses
        enrol(database, org)
        url = database.engine.url.render_as_string(hide_password=False)
        arguments = [sys.executable, "-c", CHILD, url, org.host, str(request.path.parent)]
        children = [
            subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
        ]
        for child in children:
            assert child.stdout.readline() == "ready\n"

        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        said = {child.communicate()[0].strip() for child in children}

        assert said == {f"access-{before + 1}"}
        assert org.uses == before + 1
        assert not org.is_broken


def test_a_revoked_grant_says_so_and_a_new_refresh_token_heals_it(sqlite_database, org):
    enrol(sqlite_database, org)
    source = tokens_of(sqlite_database, org.host)
    org.is_broken = True

    with pytest.raises(GrantLost, match="expired access/refresh token"):
        source.token("ada@acme.example")
    org.is_broken = False
    enrol(sqlite_database, org)

    assert source.token("ada@acme.example").access_token == "access-1"


def test_no_table_holds_a_token_in_the_clear(database, org):
    enrol(database, org)
    tokens_of(database, org.host).token("ada@acme.example")

    with database.reading(ORG_ID) as scope:
        rows = {row.name: bytes(row.ciphertext) for row in scope.run(scope.select(secret))}

    assert set(rows) == {"consumer_secret", "refresh_token", "access_token"}
    assert not any(b"refresh-" in blob or b"access-" in blob for blob in rows.values())


def test_client_credentials_act_as_the_apps_own_user(sqlite_database, org):
    enrol(sqlite_database, org, "client-credentials")

    assert tokens_of(sqlite_database, org.host).token("anybody").access_token == "access-as-the-app"
