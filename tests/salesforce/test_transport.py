import gzip
import socket
import ssl
import threading
import time

import pytest

from lsync_flask.errors import FatalError, OutcomeUnknown, RetryableError
from lsync_flask.salesforce import transport as transport_module
from lsync_flask.salesforce.transport import Transport, check_path, make_session

PAGE = "/page"


def test_an_answer_is_read_with_its_status_and_headers(org, transport):
    org.answer("GET", PAGE, {"a": 1}, status=404, headers={"Sforce-Limit-Info": "x"}, zipped=True)

    reply = transport.send("GET", org.url, PAGE)

    assert (reply.status, reply.json(), reply.headers["sforce-limit-info"]) == (404, {"a": 1}, "x")
    assert org.asked[0].headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_when_nobody_listens_nothing_was_sent(method):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        host = f"127.0.0.1:{unused.getsockname()[1]}"
    opened = Transport(frozenset({host}), None)

    with pytest.raises(RetryableError, match="could not be reached") as caught:
        opened.send(method, f"http://{host}", PAGE)

    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("broken", [{"drop": True}, {"body": {"a": "b" * 99}, "cut": 50}])
def test_a_change_whose_answer_is_lost_may_have_had_its_effect(org, transport, method, broken):
    org.answer(method, PAGE, **broken)

    with pytest.raises(OutcomeUnknown):
        transport.send(method, org.url, PAGE, data=b"{}")


def test_a_question_whose_answer_is_lost_can_be_asked_again(org, transport):
    org.answer("GET", PAGE, drop=True)

    with pytest.raises(RetryableError) as caught:
        transport.send("GET", org.url, PAGE)

    assert not isinstance(caught.value, OutcomeUnknown)


def test_an_answer_that_never_comes_is_given_up(org, monkeypatch):
    monkeypatch.setattr(transport_module, "READ_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"

        with pytest.raises(OutcomeUnknown, match="in time"):
            Transport(frozenset({host}), None).send("POST", f"http://{host}", PAGE)


def test_a_small_answer_cannot_unpack_to_fill_the_memory(org, transport, monkeypatch):
    monkeypatch.setattr(transport_module, "LARGEST_BODY", 1 << 20)
    monkeypatch.setattr(transport_module.read_whole, "__defaults__", (1 << 20,))
    bomb = gzip.compress(bytes(20 << 20))
    org.answer("GET", PAGE, bomb, headers={"Content-Encoding": "gzip"})

    with pytest.raises(RetryableError, match="larger than 1 MB"):
        transport.send("GET", org.url, PAGE)


def test_a_redirect_is_not_followed(org, transport):
    org.answer("GET", PAGE, status=302, headers={"Location": "https://evil.example/"})

    reply = transport.send("GET", org.url, PAGE)

    assert reply.status == 302
    assert len(org.asked) == 1


def test_nothing_is_taken_from_the_environment(org, transport, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password thief\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    org.answer("GET", PAGE, {})

    transport.send("GET", org.url, PAGE, headers={"Authorization": "Bearer ours"})

    assert org.asked[0].headers["Authorization"] == "Bearer ours"


def test_cookies_of_one_user_do_not_reach_the_next(org, transport):
    org.answer("GET", PAGE, {}, headers={"Set-Cookie": "sid=secret; Path=/"})

    transport.send("GET", org.url, PAGE)
    transport.send("GET", org.url, PAGE)

    assert "Cookie" not in org.asked[1].headers


def test_a_certificate_that_is_not_trusted_ends_it():
    error = transport_module._explain("POST", OSError(ssl.SSLCertVerificationError(1, "certificate verify failed")))

    assert isinstance(error, FatalError)
    assert "not trusted" in error.sentence


def test_plain_http_is_never_spoken_to_a_real_org(transport):
    with pytest.raises(FatalError):
        transport.send("GET", "http://acme.my.salesforce.com", PAGE)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "page",
        "//evil.example/x",
        "https://evil.example/x",
        "/a/../../b",
        "/a/%2e%2e/b",
        "/a b",
        "/a\r\nX: y",
        "/a#b",
        "/\\evil.example",
        "/é",
        "/a/./b",
    ],
)
def test_a_path_stays_on_its_host(path):
    with pytest.raises(FatalError, match="not followed"):
        check_path(path)


def test_many_threads_share_one_transport(org, transport):
    org.answer("GET", PAGE, {"a": "b" * 10_000}, zipped=True)
    found = []

    def ask():
        found.extend(len(transport.send("GET", org.url, PAGE).body) for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [10_009] * 320


def test_a_connection_is_used_again(org, transport):
    org.answer("GET", PAGE, {}, zipped=True)

    for _ in range(5):
        transport.send("GET", org.url, PAGE)

    pools = transport.session.get_adapter(org.url).poolmanager.pools
    assert sum(pools.get(key).num_connections for key in list(pools.keys())) == 1


def test_the_whole_answer_has_a_limit_of_time(org, transport):
    org.answer("GET", PAGE, {"a": 1})
    response = make_session(None).get(org.url + PAGE, stream=True)

    with pytest.raises(RetryableError, match="too long"):
        transport_module.read_whole(response, time.monotonic() - 1)
