"""The way out of plugins: what is refused, what is said when it breaks, and that it works."""

import gzip
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest

from lsync_flask import outbound
from lsync_flask.errors import FatalError, OutcomeUnknown, RetryableError
from lsync_flask.outbound import GuardedHttp, check_addresses, is_public, open_checked

ANSWERS = {
    "/ok": (200, {"X-Kind": "good"}, b'{"a": 1}'),
    "/zipped": (200, {"Content-Encoding": "gzip"}, gzip.compress(b"a" * 100_000)),
    "/bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(3 << 20))),
    "/away": (302, {"Location": "http://169.254.169.254/"}, b""),
    "/busy": (503, {"Retry-After": "5"}, b"later"),
}


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.path, dict(self.headers), body))
        if self.path == "/drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        status, headers, answer = ANSWERS.get(self.path, ANSWERS["/ok"])
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(answer))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2] if self.path == "/cut" else answer)
        self.close_connection = self.path == "/cut"

    do_GET = do_POST  # noqa: N815

    def log_message(self, *args):
        pass


@pytest.fixture
def provider():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    server.asked = []
    server.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def http(provider):
    return GuardedHttp(frozenset({provider.host}), None)


def send(http, url, *, method="POST", headers=None, body=b"{}", timeout_s=5.0):
    return http.send(method, url, headers=headers or {}, body=body, timeout_s=timeout_s)


def test_an_internal_host_that_the_operator_named_is_called(http, provider):
    reply = send(http, f"http://{provider.host}/ok?x=1", headers={"Authorization": "Bearer k"})

    assert (reply.status, reply.headers["x-kind"], reply.body) == (200, "good", b'{"a": 1}')
    path, headers, body = provider.asked[0]
    assert (path, headers["Authorization"], body) == ("/ok?x=1", "Bearer k", b"{}")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.0.0.1:8443/",
        "https://localhost/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0/",
        "https://10.1.2.3/",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://168.63.129.16/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
    ],
)
def test_internal_addresses_are_not_called_however_they_are_written(http, url):
    with pytest.raises(FatalError, match="internal address"):
        send(http, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com",
        "",
        "example.com",
        "gopher://x",
    ],
)
def test_only_https_goes_outside(http, url):
    with pytest.raises(FatalError):
        send(http, url)


def test_a_user_name_in_an_address_is_refused(http, provider):
    with pytest.raises(FatalError, match="user name"):
        send(http, f"http://{provider.host}@example.com/")


def test_another_port_of_the_named_host_is_not_allowed(http, provider):
    with pytest.raises(FatalError):
        send(http, f"https://127.0.0.1:{provider.server_port - 1}/")


def test_a_name_with_one_internal_address_among_public_ones_is_refused():
    check_addresses("good.example", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])

    with pytest.raises(FatalError, match="internal address"):
        check_addresses("sly.example", ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(FatalError):
        check_addresses("empty.example", [])


def test_the_connection_goes_to_an_address_that_was_checked(monkeypatch, provider):
    answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443))]]
    connected = []

    def resolve(*_args, **_options):
        return answers.pop()  # a second question would fail: there is no second answer

    def connect(address, _timeout_s):
        connected.append(address)
        return socket.socket()

    monkeypatch.setattr(outbound.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(outbound.socket, "create_connection", connect)

    open_checked("provider.example", 443, 1.0).close()

    assert connected == [("93.184.215.14", 443)]


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_public_addresses_are_called(address):
    assert is_public(ip_address(address))


def test_a_redirect_is_handed_back_and_not_followed(http, provider):
    reply = send(http, f"http://{provider.host}/away")

    assert (reply.status, len(provider.asked)) == (302, 1)


def test_an_error_of_the_provider_is_an_answer(http, provider):
    reply = send(http, f"http://{provider.host}/busy")

    assert (reply.status, reply.headers["retry-after"], reply.body) == (503, "5", b"later")


def test_packed_answers_are_unpacked(http, provider):
    assert send(http, f"http://{provider.host}/zipped").body == b"a" * 100_000


def test_a_small_answer_cannot_unpack_to_fill_the_memory(http, provider, monkeypatch):
    monkeypatch.setattr(outbound, "LARGEST_BODY", 1 << 20)

    with pytest.raises(FatalError, match="larger than 1 MB"):
        send(http, f"http://{provider.host}/bomb")


@pytest.mark.parametrize("path", ["/drop", "/cut"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_that_left_and_got_no_whole_answer_may_have_been_charged(http, provider, path, method):
    with pytest.raises(OutcomeUnknown):
        send(http, f"http://{provider.host}{path}", method=method)


def test_when_nobody_listens_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        host = f"127.0.0.1:{unused.getsockname()[1]}"

    with pytest.raises(RetryableError, match="could not be reached") as caught:
        send(GuardedHttp(frozenset({host}), None), f"http://{host}/")

    assert not isinstance(caught.value, OutcomeUnknown)


def test_when_tls_cannot_be_agreed_nothing_was_sent(http, provider):
    with pytest.raises(RetryableError) as caught:
        send(http, f"https://{provider.host}/")

    assert not isinstance(caught.value, OutcomeUnknown)
    assert provider.asked == []


def test_a_certificate_that_is_not_trusted_ends_it():
    def connect():
        raise ssl.SSLCertVerificationError(1, "certificate verify failed")

    with pytest.raises(FatalError, match="not trusted"):
        outbound._connect(connect, "provider.example")


def test_an_answer_that_never_comes_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(OutcomeUnknown):
            send(GuardedHttp(frozenset({host}), None), f"http://{host}/", timeout_s=0.1)


def test_a_header_that_would_begin_another_is_not_sent(http, provider):
    with pytest.raises(FatalError, match="cannot be sent"):
        send(http, f"http://{provider.host}/ok", headers={"X-A": "a\r\nX-B: b"})

    assert provider.asked == []


def test_a_plugin_cannot_ask_for_other_packings_or_another_host(http, provider):
    send(http, f"http://{provider.host}/ok", headers={"accept-encoding": "br, zstd", "Host": "other.example"})

    headers = provider.asked[0][1]
    assert (headers["Accept-Encoding"], headers["Host"]) == ("gzip", provider.host)


def test_nothing_is_taken_from_the_environment(http, provider, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert send(http, f"http://{provider.host}/ok").status == 200


def test_many_threads_share_one_way_out(http, provider):
    found = []
    threads = [
        threading.Thread(
            target=lambda: found.extend(send(http, f"http://{provider.host}/ok").status for _ in range(10))
        )
        for _ in range(16)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [200] * 160
