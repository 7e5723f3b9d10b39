"""Mails leave by the operator's server; its password does not leave in the clear."""

import socket
import threading

import pytest

from lsync_flask.errors import FatalError
from lsync_flask.notifiers import smtp
from lsync_flask.plugin_api import Notice, build

NOTICE = Notice("key-of-this-mail", ("ann@example.com",), "Hello", "text", "<p>text</p>")


@pytest.fixture
def plain_server():
    """A mail server without TLS; what it was told."""
    listener = socket.create_server(("127.0.0.1", 0))
    told = []

    def serve():
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as stream:
            stream.write(b"220 hello\r\n")
            stream.flush()
            for line in stream:
                told.append(line)
                stream.write(b"250-hello\r\n250 AUTH PLAIN LOGIN\r\n" if line[:4] == b"ehlo" else b"535 no\r\n")
                stream.flush()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], told
    listener.close()
    thread.join(timeout=10)


def test_a_password_is_not_sent_without_tls_to_another_machine(plain_server, monkeypatch):
    port, told = plain_server
    monkeypatch.setattr(smtp, "is_this_machine", lambda _host: False)
    sender = build(smtp.Smtp, {"url": f"smtp://ann:hush@127.0.0.1:{port}", "sender": "LSync <a@example.com>"})

    with pytest.raises(FatalError, match="offers no TLS"):
        sender.send(NOTICE, None)

    assert [line[:4] for line in told] == [b"ehlo"]


@pytest.mark.parametrize(
    ("host", "is_here"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("mail.example.com", False), ("10.0.0.1", False)],
)
def test_only_this_machine_is_this_machine(host, is_here):
    assert smtp.is_this_machine(host) is is_here
