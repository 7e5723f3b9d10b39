"""A scripted org on a real socket: it answers what a test tells it to, and keeps what it was sent."""

import gzip
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.tokens import Grant, JwtTokens
from lsync_flask.salesforce.transport import Transport

ORG_ID = "00DLs0000000001MAA"
TOKEN_PATH = "/services/oauth2/token"
DATA = "/services/data/v67.0/"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@dataclass
class Answer:
    """`cut`: so many bytes of the body are not sent. `drop`: the connection is closed without an answer."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    drop: bool = False
    zipped: bool = False

    def encoded(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else str(self.body).encode()
        if not isinstance(self.body, bytes | str):
            body = b"" if self.body is None else json.dumps(self.body).encode()
        return gzip.compress(body) if self.zipped else body


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedOrg:
    """Answers of one path are given in turn; the last is given again and again."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        self._lock = threading.Lock()
        self._tokens = 0
        org = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                org._serve(self)

            wbufsize = -1  # whole answers, so that no small packet waits for the last one to be acknowledged

            def log_message(self, *args: Any) -> None:
                pass

        for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
            setattr(Door, f"do_{method}", Door.answer)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def answer(self, method: str, path: str, body: Any = None, **entries: Any) -> None:
        """Add one answer to those of a path; `entries` are those of `Answer`."""
        self._answers[method, self._whole(path)].append(Answer(body, **entries))

    def refuse(self, method: str, path: str, code: str, message: str = "no", status: int = 400) -> None:
        self.answer(method, path, [{"errorCode": code, "message": message}], status=status)

    def calls(self, method: str, path: str) -> list[Asked]:
        return [asked for asked in self.asked if (asked.method, asked.path) == (method, self._whole(path))]

    @staticmethod
    def _whole(path: str) -> str:
        return path if path.startswith("/") else DATA + path

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, door: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(door.path)
        body = door.rfile.read(int(door.headers.get("Content-Length") or 0))
        asked = Asked(door.command, parts.path, parse_qs(parts.query), dict(door.headers.items()), body)
        with self._lock:
            self.asked.append(asked)
            answer = self._next(asked)
        if answer.drop:
            door.connection.shutdown(socket.SHUT_RDWR)
            door.close_connection = True
            return
        sent = answer.encoded()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(sent)), **answer.headers}
        door.send_response(answer.status)
        for name, value in (headers | ({"Content-Encoding": "gzip"} if answer.zipped else {})).items():
            door.send_header(name, value)
        door.end_headers()
        door.wfile.write(sent[: len(sent) - answer.cut])
        door.wfile.flush()
        if answer.cut:
            door.close_connection = True

    def _next(self, asked: Asked) -> Answer:
        left = self._answers.get((asked.method, asked.path))
        if left:
            return left.pop(0) if len(left) > 1 else left[0]
        if asked.path == TOKEN_PATH:
            self._tokens += 1
            return Answer({"access_token": f"token-{self._tokens}", "instance_url": self.url, "id": identity(ORG_ID)})
        return Answer([{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}], 404)


def identity(org_id: str) -> str:
    return f"https://login.salesforce.com/id/{org_id}/005Ls0000000001IAA"


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def private_key_pem(private_key: rsa.RSAPrivateKey) -> str:
    return private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def org() -> Iterator[ScriptedOrg]:
    opened = ScriptedOrg()
    yield opened
    opened.close()


@pytest.fixture
def transport(org: ScriptedOrg) -> Iterator[Transport]:
    opened = Transport(frozenset({org.host}), None)
    yield opened
    opened.session.close()


@pytest.fixture
def grant(org: ScriptedOrg, private_key_pem: str) -> Grant:
    return Grant(ORG_ID, org.url, "consumer-key", private_key_pem)


@pytest.fixture
def tokens(grant: Grant, transport: Transport) -> JwtTokens:
    return JwtTokens(grant, transport, lambda: NOW)


@pytest.fixture
def api(tokens: JwtTokens, transport: Transport) -> SalesforceApi:
    return SalesforceApi(ORG_ID, tokens, "ada@acme.example", transport)
