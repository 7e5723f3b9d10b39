"""The token endpoint and what the tokens open."""

import base64
import re

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"], body["error_description"]


def test_a_jwt_assertion_buys_an_opaque_token_of_the_named_user(door):
    answer = door.by_jwt(door.assertion("ada.lindgren"))

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert body["instance_url"] == door.org_url
    assert body["token_type"] == "Bearer"
    assert body["id"].endswith(f"/id/{door.line['org_id']}/{door.user('ada.lindgren')['id']}")
    assert re.fullmatch(re.escape(door.line["org_id"][:15]) + r"!AQ[\w.]+", body["access_token"])


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://login.salesforce.com"},
        {"aud": "https://test.salesforce.com"},
        {"exp": 1_900_000_000_000},
        {"jti": "once"},
    ],
    ids=["production audience", "sandbox audience", "expiry in milliseconds", "jti"],
)
def test_what_salesforce_takes_is_taken(door, changes):
    answer = door.by_jwt(door.assertion("ada.lindgren", **changes))

    assert answer.status_code == 200


def test_an_expiry_may_be_the_digits_of_its_seconds(door):
    # As simple-salesforce sends it.
    expiry = str(door.claims("ada.lindgren")["exp"])

    assert door.by_jwt(door.assertion("ada.lindgren", exp=expiry)).status_code == 200
    assert refusal(door.by_jwt(door.assertion("ada.lindgren", exp="1"))) == (
        400,
        "invalid_grant",
        "expired authorization code",
    )


def test_an_assertion_may_be_three_minutes_late_and_no_more(door):
    now = door.claims("ada.lindgren")["exp"] - 120

    late = door.by_jwt(door.assertion("ada.lindgren", exp=now - 150))
    too_late = door.by_jwt(door.assertion("ada.lindgren", exp=now - 200))

    assert late.status_code == 200
    assert refusal(too_late) == (400, "invalid_grant", "expired authorization code")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iss": "3MVG9nobody"}, (400, "invalid_client_id", "client identifier invalid")),
        ({"aud": "https://login.example.com"}, (400, "invalid_grant", "audience is invalid")),
        ({"aud": None}, (400, "invalid_grant", "audience is invalid")),
        ({"exp": None}, (400, "invalid_grant", "invalid assertion")),
        ({"exp": "soon"}, (400, "invalid_grant", "invalid assertion")),
        ({"sub": "nobody@northbridge.example"}, (400, "invalid_grant", "user hasn't approved this consumer")),
    ],
    ids=["unknown app", "foreign audience", "no audience", "no expiry", "expiry as text", "unknown user"],
)
def test_a_bad_claim_gets_salesforces_own_error(door, changes, expected):
    answer = door.by_jwt(door.assertion("ada.lindgren", **changes))

    assert refusal(answer) == expected


def test_a_signature_by_another_key_is_an_invalid_assertion(door):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    answer = door.by_jwt(door.assertion("ada.lindgren", key=other.decode()))

    assert refusal(answer) == (400, "invalid_grant", "invalid assertion")


def test_only_rs256_is_taken(door):
    by_secret = door.by_jwt(door.assertion("ada.lindgren", key=door.line["consumer_secret"], algorithm="HS256"))
    by_longer_hash = door.by_jwt(door.assertion("ada.lindgren", algorithm="RS512"))

    assert refusal(by_secret) == (400, "invalid_grant", "invalid assertion")
    assert refusal(by_longer_hash) == (400, "invalid_grant", "invalid assertion")


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "ÿ.ÿ.ÿ"])
def test_garbage_is_an_invalid_assertion(door, assertion):
    assert refusal(door.by_jwt(assertion)) == (400, "invalid_grant", "invalid assertion")


def test_an_inactive_user_gets_no_token(door):
    assert refusal(door.by_jwt(door.assertion("iris.frost"))) == (400, "invalid_grant", "inactive user")


def test_a_user_whom_the_policy_keeps_out_is_not_approved(door, restore):
    restore("noah.reid")
    door.post(f"/users/{door.user('noah.reid')['id']}", {"approved": False})

    answer = door.by_jwt(door.assertion("noah.reid"))

    assert refusal(answer) == (400, "invalid_app_access", "user is not admin approved to access this app")


def test_an_unknown_grant_type_is_not_supported(door):
    for form in ({}, {"grant_type": "password", "username": "ada", "password": "x"}):
        assert refusal(door.grant(form)) == (400, "unsupported_grant_type", "grant type not supported")


def test_client_credentials_run_as_the_integration_user(door):
    in_body = {"client_id": door.line["consumer_key"], "client_secret": door.line["consumer_secret"]}
    basic = (door.line["consumer_key"], door.line["consumer_secret"])

    first = door.grant({"grant_type": "client_credentials", **in_body})
    second = door.grant({"grant_type": "client_credentials"}, auth=basic)

    for answer in (first, second):
        body = answer.json()
        assert {"access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"} == set(body)
        assert body["issued_at"].isdigit()
        user = door.userinfo(body["access_token"]).json()
        assert user["preferred_username"] == door.user("integration")["username"]


def test_wrong_client_credentials_are_told_apart(door):
    key, secret = door.line["consumer_key"], door.line["consumer_secret"]

    wrong_key = door.grant({"grant_type": "client_credentials", "client_id": "x", "client_secret": secret})
    wrong_secret = door.grant({"grant_type": "client_credentials", "client_id": key, "client_secret": "x"})

    assert refusal(wrong_key) == (400, "invalid_client_id", "client identifier invalid")
    assert refusal(wrong_secret) == (401, "invalid_client", "invalid client credentials")


def test_a_refresh_token_buys_access_and_is_not_handed_out_again(door):
    user = door.user("marco.bianchi")
    refresh = door.post(f"/users/{user['id']}/refresh_token", {}).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": door.line["consumer_key"]}

    answer = door.grant(form)

    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()
    assert door.userinfo(answer.json()["access_token"]).json()["user_id"] == user["id"]


def test_an_unknown_refresh_token_is_expired(door):
    form = {"grant_type": "refresh_token", "refresh_token": "5Aep", "client_id": door.line["consumer_key"]}

    assert refusal(door.grant(form)) == (400, "invalid_grant", "expired access/refresh token")


def test_a_sixth_refresh_token_ends_the_oldest(door):
    user = door.user("sophie.okafor")
    held = [door.post(f"/users/{user['id']}/refresh_token", {}).json()["refresh_token"] for _ in range(6)]

    answers = [
        door.grant({"grant_type": "refresh_token", "refresh_token": token, "client_id": door.line["consumer_key"]})
        for token in held
    ]

    assert [answer.status_code for answer in answers] == [400, 200, 200, 200, 200, 200]


def test_userinfo_tells_who_it_is_and_which_custom_permissions_they_have(door):
    user = door.user("gustav.aberg")

    body = door.userinfo(door.token("gustav.aberg")).json()

    assert body["user_id"] == user["id"]
    assert body["organization_id"] == door.line["org_id"]
    assert body["preferred_username"] == user["username"]
    assert body["name"] == "Gustav Åberg"
    assert body["zoneinfo"] == "Europe/Stockholm"
    assert body["utcOffset"] == 3_600_000
    assert body["custom_permissions"] == {"LSync_Manager": True}
    assert "{version}" in body["urls"]["rest"]


def test_userinfo_refuses_a_bad_token_in_plain_text(door):
    answer = door.userinfo("00Dxx!AQnothing")

    assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_introspection_says_until_when_a_token_lives(door):
    client = {"client_id": door.line["consumer_key"], "client_secret": door.line["consumer_secret"]}
    url = f"{door.org_url}/services/oauth2/introspect"

    alive = requests.post(url, data={"token": door.token("ada.lindgren"), **client}, timeout=60).json()
    dead = requests.post(url, data={"token": "x", **client}, timeout=60).json()

    assert alive["active"] is True
    assert alive["username"] == door.user("ada.lindgren")["username"]
    assert alive["exp"] - alive["iat"] == 7200
    assert dead == {"active": False}


def test_introspection_is_for_the_app_alone(door):
    basic = {"Authorization": "Basic " + base64.b64encode(b"x:y").decode()}

    answer = requests.post(f"{door.org_url}/services/oauth2/introspect", data={"token": "x"}, headers=basic, timeout=60)

    assert refusal(answer) == (400, "invalid_client_id", "client identifier invalid")


def test_a_revoked_token_opens_nothing_more(door):
    token = door.token("ada.lindgren")
    url = f"{door.org_url}/services/oauth2/revoke"

    first = requests.post(url, data={"token": token}, timeout=60)
    second = requests.post(url, data={"token": token}, timeout=60)

    assert (first.status_code, first.text) == (200, "")
    assert refusal(second) == (400, "unsupported_token_type", "this token type is not supported")
    assert door.userinfo(token).status_code == 403


def test_a_session_ends_after_two_hours_of_the_orgs_clock(door):
    token = door.token("ada.lindgren")
    door.post("/clock", {"advance_s": 7100})
    before = door.userinfo(token).status_code

    door.post("/clock", {"advance_s": 200})
    after = door.userinfo(token).status_code
    door.post("/clock", {"advance_s": -7300})

    assert (before, after) == (200, 403)


def test_deactivating_a_user_ends_their_session(door, restore):
    restore("noah.reid")
    token = door.token("noah.reid")

    door.post(f"/users/{door.user('noah.reid')['id']}", {"active": False})

    assert door.userinfo(token).status_code == 403
