"""The web server flow: the login page, the code, PKCE, the refresh token and its rotation."""

import base64
import hashlib
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

VERIFIER = "a-verifier-that-is-long-enough-for-the-flow-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def callback(door):
    return next(
        url for url in requests.get(f"{door.control_url}/app", timeout=5).json()["callback_urls"] if "8700" in url
    )


def asked(door, **changes):
    told = {
        "response_type": "code",
        "client_id": door.line["consumer_key"],
        "redirect_uri": callback(door),
        "scope": "api id refresh_token",
        "state": "a state & more",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (told | changes).items() if value is not None}


def open_page(door, **changes):
    url = f"{door.org_url}/services/oauth2/authorize"
    return requests.get(url, params=asked(door, **changes), allow_redirects=False, timeout=5)


def answer_page(door, page, local, answer="allow"):
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    form = {name: unescape(value) for name, value in fields} | {"user": door.user(local)["id"], "answer": answer}
    url = f"{door.org_url}/services/oauth2/authorize"
    return requests.post(url, data=form, allow_redirects=False, timeout=5)


def sent_back(door, answer):
    assert answer.status_code == 302
    address, _, query = answer.headers["Location"].partition("?")
    assert address == callback(door)
    return {name: values[0] for name, values in parse_qs(query).items()}


def code_of(door, local="marco.bianchi", **changes):
    back = sent_back(door, answer_page(door, open_page(door, **changes), local))
    assert back["state"] == "a state & more"
    return back["code"]


def redeem(door, given, **changes):
    form = {
        "grant_type": "authorization_code",
        "code": given,
        "client_id": door.line["consumer_key"],
        "client_secret": door.line["consumer_secret"],
        "redirect_uri": callback(door),
        "code_verifier": VERIFIER,
    }
    return door.grant(form | changes)


def refusal(answer):
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"], body["error_description"]


@pytest.fixture
def policy(door):
    """Changes the app's policies for one test."""
    before = requests.get(f"{door.control_url}/app", timeout=5).json()
    yield lambda **changes: door.post("/app", changes)
    door.post("/app", {name: value for name, value in before.items() if name != "callback_urls"})


def test_a_user_allows_and_the_app_gets_its_tokens(door):
    body = redeem(door, code_of(door)).json()

    keys = {"access_token", "refresh_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"}
    assert set(body) == keys
    assert (body["scope"], body["token_type"], body["instance_url"]) == ("api id refresh_token", "Bearer", door.org_url)
    assert door.userinfo(body["access_token"]).json()["user_id"] == door.user("marco.bianchi")["id"]


def test_without_the_scope_there_is_no_refresh_token(door):
    body = redeem(door, code_of(door, scope="api id")).json()

    assert body["scope"] == "api id"
    assert "refresh_token" not in body


def test_the_page_is_for_no_frame_and_shows_what_is_asked_for(door):
    page = open_page(door)

    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "Perform requests at any time" in page.text
    assert "Marco Bianchi" in page.text
    assert "Iris Frost" not in page.text, "she is inactive"


def test_what_comes_in_the_address_is_text_on_the_page(door):
    page = open_page(door, state='"><script>alert(1)</script>')

    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"client_id": "3MVG9nobody"}, "invalid_client_id : client identifier invalid"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri_mismatch : redirect_uri must match configuration"),
        ({"redirect_uri": None}, "redirect_uri_mismatch : redirect_uri must match configuration"),
    ],
    ids=["unknown app", "unknown address", "no address"],
)
def test_who_cannot_be_trusted_is_not_sent_back(door, changes, shown):
    page = open_page(door, **changes)

    assert page.status_code == 400
    assert shown in page.text
    assert "Location" not in page.headers


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"response_type": "token"}, "unsupported_response_type", "response type not supported"),
        ({"scope": "api full"}, "invalid_scope", "the requested scope is invalid, unknown, or malformed"),
        ({"code_challenge_method": "plain"}, "invalid_request", "invalid code challenge"),
        ({"code_challenge": "short"}, "invalid_request", "invalid code challenge"),
    ],
    ids=["other flow", "too much", "plain challenge", "short challenge"],
)
def test_a_wrong_wish_is_told_to_the_app(door, changes, error, description):
    back = sent_back(door, open_page(door, **changes))

    assert back == {"error": error, "error_description": description, "state": "a state & more"}


def test_a_user_may_deny(door):
    back = sent_back(door, answer_page(door, open_page(door), "marco.bianchi", "deny"))

    assert (back["error"], back["error_description"]) == ("access_denied", "end-user denied authorization")


def test_where_pkce_is_required_a_challenge_must_come(door, policy):
    policy(requires_pkce=True)

    back = sent_back(door, open_page(door, code_challenge=None))

    assert (back["error"], back["error_description"]) == ("invalid_request", "missing required code challenge")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code": "aPrx"}, (400, "invalid_grant", "invalid authorization code")),
        ({"code_verifier": "another"}, (400, "invalid_grant", "invalid code verifier")),
        ({"code_verifier": ""}, (400, "invalid_grant", "invalid code verifier")),
        ({"redirect_uri": "https://x"}, (400, "redirect_uri_mismatch", "redirect_uri must match configuration")),
        ({"client_secret": "x"}, (401, "invalid_client", "invalid client credentials")),
        ({"client_id": "x"}, (400, "invalid_client_id", "client identifier invalid")),
    ],
    ids=["no such code", "other verifier", "no verifier", "other address", "other secret", "other app"],
)
def test_a_code_is_redeemed_by_whom_it_was_given_to_alone(door, changes, expected):
    assert refusal(redeem(door, code_of(door), **changes)) == expected


def test_a_code_is_good_once_and_for_a_quarter_of_an_hour(door):
    once, late = code_of(door), code_of(door)
    first, again = redeem(door, once), redeem(door, once)
    door.post("/clock", {"advance_s": 901})
    too_late = redeem(door, late)
    door.post("/clock", {"advance_s": -901})

    assert first.status_code == 200
    assert refusal(again) == (400, "invalid_grant", "invalid authorization code")
    assert refusal(too_late) == (400, "invalid_grant", "expired authorization code")


def test_who_was_not_let_in_is_once_they_allow_it(door, restore):
    restore("noah.reid")
    door.post(f"/users/{door.user('noah.reid')['id']}", {"approved": False})
    before = door.by_jwt(door.assertion("noah.reid")).status_code

    code_of(door, "noah.reid")

    assert (before, door.by_jwt(door.assertion("noah.reid")).status_code) == (400, 200)


def refresh(door, token):
    return door.grant({"grant_type": "refresh_token", "refresh_token": token, "client_id": door.line["consumer_key"]})


def test_a_rotated_refresh_token_that_comes_back_ends_its_successor(door, policy):
    policy(rotates_refresh_tokens=True)
    first = redeem(door, code_of(door, "gustav.aberg")).json()["refresh_token"]
    second = refresh(door, first).json()["refresh_token"]
    assert second != first

    reused = refresh(door, first)

    assert refusal(reused) == (400, "invalid_grant", "expired access/refresh token")
    assert refusal(refresh(door, second)) == (400, "invalid_grant", "expired access/refresh token")


def test_client_credentials_need_a_user_to_run_as(door, policy):
    policy(run_as=None)
    client = {"client_id": door.line["consumer_key"], "client_secret": door.line["consumer_secret"]}

    answer = door.grant({"grant_type": "client_credentials", **client})

    assert refusal(answer) == (400, "invalid_grant", "no client credentials user enabled")


@pytest.mark.parametrize(
    ("error", "description", "status"),
    [
        ("invalid_grant", "ip restricted", 400),
        ("invalid_grant", "authentication failure", 400),
        ("invalid_grant", "request not supported on this domain", 400),
        ("invalid_client", "app must be installed into org", 401),
        ("invalid_client", "External client app is not installed in this org", 401),
        ("OAUTH_APP_BLOCKED", "this app is blocked by admin", 400),
        ("inactive_org", "this org is not active", 400),
        ("rate_limit_exceeded", "login rate exceeded", 400),
    ],
)
def test_the_org_may_be_told_to_refuse_every_token(door, policy, error, description, status):
    policy(refuses=[error, description])

    assert refusal(door.by_jwt(door.assertion("ada.lindgren"))) == (status, error, description)


@pytest.mark.parametrize("body", [{}, {"requires_pkce": 1}, {"run_as": "nobody"}, {"refuses": ["x"]}, {"scopes": []}])
def test_the_switches_of_the_app_take_nothing_else(door, body):
    answer = door.post("/app", body)

    assert answer.status_code == 400
    assert "rotates_refresh_tokens" in answer.json()["error"]


def test_the_address_of_the_callback_is_that_of_the_app(door):
    assert urlsplit(callback(door)).path == "/oauth/callback"
