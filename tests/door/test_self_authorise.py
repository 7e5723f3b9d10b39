"""Where an org leaves it to its users to let LSync in: the page that asks, the popup, and who is sent away."""

import base64
import hashlib
import json
import threading
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from lsync_flask.app import create_app
from lsync_flask.salesforce.transport import Transport
from lsync_flask.services.self_authorise import LASTS_S
from lsync_flask.storage.orgs import OrgRow, save_org

HOST = "https://lsync.example.com"
ORG_ID, OTHER = "00DLs0000000001MAA", "00DZZ0000000001AAA"
KEY, SECRET = "3MVGkey", "the-secret-of-this-app"


class Login:
    """An org's login server as far as this flow needs it: codes for a challenge, and tokens for their verifier."""

    def __init__(self):
        self.codes, self.redeemed, self.scope, self.org_id = {}, [], "api id custom_permissions", ORG_ID
        login = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, body = login.token({name: values[0] for name, values in form.items()})
                sent = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def authorize(self, url):
        """What the user's Allow sends the browser back with: a code and the state."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.url}/services/oauth2/authorize?")
        assert (asked["response_type"], asked["client_id"]) == ("code", KEY)
        assert asked["code_challenge_method"] == "S256"
        code = f"aPrx{len(self.codes)}"
        self.codes[code] = asked["code_challenge"], asked["redirect_uri"]
        return {"code": code, "state": asked["state"]}

    def token(self, form):
        challenge, redirect_uri = self.codes.pop(form.get("code"), (None, None))
        verifier = form.get("code_verifier", "")
        given = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if form["client_secret"] != SECRET or challenge != given or redirect_uri != form["redirect_uri"]:
            return 400, {"error": "invalid_grant", "error_description": "invalid authorization code"}
        self.redeemed.append(form["code"])
        identity = f"{self.url}/id/{self.org_id}/005Ls0000000001IAA"
        return 200, {"access_token": "00D!t", "scope": self.scope, "instance_url": self.url, "id": identity}


@pytest.fixture
def login():
    made = Login()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def deployment(resources, login):
    """Resources with one org, which logs its users in at `login`."""
    hosts = frozenset({urlsplit(login.url).netloc})
    settings = resources.settings.model_copy(update={"public_url": HOST, "allowed_org_hosts": hosts})
    made = replace(resources, settings=settings, transport=Transport(hosts, None))
    row = OrgRow(ORG_ID, "Acme", login.url, None, KEY, None, None)
    save_org(made.database, made.box, row, (SECRET,), {}, 0.0)
    return made


@pytest.fixture
def browser_of(deployment):
    """Makes a browser that keeps its cookies, and asks over https."""

    def make():
        client = create_app(deployment).test_client()
        return lambda address: client.get(address, base_url=HOST)

    return make


@pytest.fixture
def ask(browser_of):
    return browser_of()


def approval(login_url, name="_sfdc_canvas_auth", app=""):
    return f"/canvas{app}?{name}=user_approval_required&loginUrl={login_url}"


@pytest.mark.parametrize("name", ["_sfdc_canvas_auth", "_sfdc_canvas_authvalue"])
def test_who_has_yet_to_let_it_in_is_asked_within_the_orgs_own_frame(ask, login, name):
    page = ask(approval(login.url, name))

    assert page.status_code == 200
    assert f'data-approve="/canvas/approve?org={ORG_ID}"' in page.text
    assert "lsync-session" not in page.text
    assert page.headers["Content-Security-Policy"].endswith(f"frame-ancestors {login.url}")


@pytest.mark.parametrize("url", ["https://login.salesforce.com", "https://test.salesforce.com"])
def test_a_login_address_of_everybody_means_the_only_org_there_is(ask, deployment, url):
    assert f"org={ORG_ID}" in ask(approval(url)).text

    row = OrgRow(OTHER, "Other", "https://other.my.salesforce.com", None, "k", None, None)
    save_org(deployment.database, deployment.box, row, ("s",), {}, 0.0)
    assert "data-approve" not in ask(approval(url)).text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://evil.example",
        "https://evil.my.salesforce.com",
        "https://login.salesforce.com.evil.example",
        "https://evil@login.salesforce.com",
        "http://login.salesforce.com",
        "javascript:alert(1)",
        "//evil.example",
        "https://login.salesforce.com/setup?x=",
    ],
)
def test_another_login_address_gets_the_page_that_says_how_lsync_is_opened(ask, url):
    page = ask(approval(url))

    assert page.status_code == 200
    assert "data-approve" not in page.text
    assert "Open LSync from Salesforce" in page.text
    assert "evil" not in page.text


def test_a_plain_get_says_how_lsync_is_opened(ask, login):
    for address in ("/canvas", f"/canvas?loginUrl={login.url}", "/canvas?_sfdc_canvas_auth=yes", "/canvas/nobody"):
        assert "data-approve" not in ask(address).text
    assert "data-approve" not in ask(approval(login.url, app="/nobody")).text


def begin(ask, login):
    answer = ask(f"/canvas/approve?org={ORG_ID}")
    assert answer.status_code == 303
    return answer, login.authorize(answer.location)


def back(ask, code, state):
    return ask(f"/oauth/callback?code={code}&state={state}")


def test_the_flow_ends_with_an_approval_and_no_token_is_kept(ask, login, deployment):
    started, sent = begin(ask, login)
    page = back(ask, **sent)

    assert (page.status_code, login.redeemed) == (200, [sent["code"]])
    assert "data-is-approved" in page.text
    for word in ("__Host-lsync-flow=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in started.headers["Set-Cookie"]
    assert sent["state"] not in started.headers["Set-Cookie"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    with deployment.database.reading_all() as connection:
        assert "00D!t" not in str(connection.exec_driver_sql("SELECT * FROM secret").all())


def _other_state(sent):
    return {**sent, "state": "x" * 43}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_other_state, "another state"),
        (lambda sent: {**sent, "state": ""}, "another state"),
        (lambda sent: {**sent, "code": "aPrx99"}, "the code was not redeemed"),
        (lambda sent: {**sent, "code": ""}, "Salesforce sent no code"),
    ],
)
def test_an_answer_that_is_not_of_this_flow_approves_nothing(ask, login, change, reason):
    _, sent = begin(ask, login)

    with capture_logs() as logs:
        page = back(ask, **change(sent))

    assert (page.status_code, login.redeemed) == (400, [])
    assert "data-is-approved" not in page.text
    assert [line["reason"] for line in logs if line["event"] == "approval refused"] == [reason]


@pytest.fixture
def return_with(deployment):
    """Comes back from Salesforce with a cookie that was kept by hand, at another time of day."""

    def send(started, code, state, later_s=0.0):
        cookie = started.headers["Set-Cookie"].partition(";")[0]
        now = deployment.clock() + timedelta(seconds=later_s)
        client = create_app(replace(deployment, clock=lambda: now)).test_client(use_cookies=False)
        address = f"/oauth/callback?code={code}&state={state}"
        with capture_logs() as logs:
            status = client.get(address, base_url=HOST, headers={"Cookie": cookie}).status_code
        return status, [line["reason"] for line in logs if line["event"] == "approval refused"]

    return send


def test_a_state_counts_once(ask, login, return_with):
    started, sent = begin(ask, login)
    assert return_with(started, **sent) == (200, [])
    another = login.authorize(started.location)

    assert return_with(started, **another) == (400, ["a state that was used"])
    assert login.redeemed == [sent["code"]]


def test_a_flow_that_took_too_long_begins_anew(ask, login, return_with):
    started, sent = begin(ask, login)

    assert return_with(started, **sent, later_s=LASTS_S + 1) == (400, ["the flow began too long ago"])
    assert login.redeemed == []


def test_another_browser_cannot_end_the_flow(browser_of, login):
    _, sent = begin(browser_of(), login)

    page = back(browser_of(), **sent)

    assert (page.status_code, login.redeemed) == (400, [])


def test_a_code_of_another_org_is_not_taken(ask, login):
    _, sent = begin(ask, login)
    login.org_id = OTHER

    assert back(ask, **sent).status_code == 400


@pytest.mark.parametrize("scope", ["full", "api id web"])
def test_more_rights_than_asked_for_are_refused_and_logged(ask, login, scope):
    _, sent = begin(ask, login)
    login.scope = scope

    with capture_logs() as logs:
        assert back(ask, **sent).status_code == 400

    assert "the app is granted more than it needs" in [line["event"] for line in logs]


def test_nobody_is_sent_to_an_org_that_is_not_enrolled(ask):
    for org in ("", OTHER, "https://evil.example", "../.."):
        answer = ask(f"/canvas/approve?org={org}")
        assert (answer.status_code, "Location" in answer.headers) == (404, False)


def test_what_a_stranger_puts_into_the_address_is_not_shown(ask):
    page = ask("/oauth/callback?error=<script>x</script>&error_description=<b>y</b>&state=z")

    assert page.status_code == 400
    assert "<script>x" not in page.text
    assert "<b>y" not in page.text
