import threading
from datetime import datetime, timezone

import jwt
import pytest

from lsync_flask.errors import FatalError, GrantLost, RetryableError
from lsync_flask.salesforce.tokens import Grant, JwtTokens, Token

PATH = "/services/oauth2/token"
ADA = "ada@acme.example"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=timezone.utc)  # noqa: UP017


def assertion(org):
    return dict(pair.split("=") for pair in org.asked[-1].body.decode().split("&"))["assertion"]


def test_the_assertion_says_who_for_whom_and_until_when(org, tokens, private_key):
    tokens.token(ADA)

    claims = jwt.decode(
        assertion(org), private_key.public_key(), ["RS256"], audience=org.url, options={"verify_exp": False}
    )
    assert claims == {"iss": "consumer-key", "sub": ADA, "aud": org.url, "exp": int(NOW.timestamp()) + 120}


def test_an_audience_that_is_set_is_used(org, grant, transport, private_key):
    sandbox = Grant(grant.org_id, grant.my_domain, "k", grant.private_key_pem, "https://test.salesforce.com")

    JwtTokens(sandbox, transport, lambda: NOW).token(ADA)

    claims = jwt.decode(assertion(org), options={"verify_signature": False})
    assert claims["aud"] == "https://test.salesforce.com"


def test_a_token_is_kept_for_each_user(org, tokens):
    first = [tokens.token(ADA), tokens.token("marco@acme.example"), tokens.token(ADA)]

    assert first[0] == first[2] != first[1]
    assert len(org.calls("POST", PATH)) == 2


def test_of_many_threads_with_one_stale_token_one_asks(org, tokens):
    stale = tokens.token(ADA)
    found = []
    threads = [threading.Thread(target=lambda: found.append(tokens.renew(ADA, stale))) for _ in range(16)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [Token("token-2", org.url)] * 16
    assert len(org.calls("POST", PATH)) == 2


@pytest.mark.parametrize(
    ("status", "error", "said", "advice"),
    [
        (400, "invalid_grant", "user hasn't approved this consumer", "Pre-authorise"),
        (400, "invalid_grant", "inactive user", "Activate the user"),
        (400, "invalid_grant", "audience is invalid", "audience"),
        (400, "invalid_grant", "invalid assertion", "certificate"),
        (400, "invalid_app_access", "user is not admin approved to access this app", "permission set"),
        (400, "invalid_client_id", "client identifier invalid", "consumer key"),
        (401, "invalid_client", "invalid client credentials", "connected app"),
        (400, "OAUTH_APP_BLOCKED", "this app is blocked", "unblock"),
    ],
)
def test_a_refusal_says_what_to_do(org, tokens, status, error, said, advice):
    org.answer("POST", PATH, {"error": error, "error_description": said}, status=status)

    with pytest.raises(GrantLost, match=advice) as caught:
        tokens.token(ADA)

    assert said in caught.value.sentence


@pytest.mark.parametrize(
    "answer",
    [
        {"body": {"error": "rate_limit_exceeded", "error_description": "login rate exceeded"}, "status": 400},
        {"body": "<html>maintenance</html>", "status": 503},
        {"body": "<html>no route</html>", "status": 420},
        {"body": {"error": "invalid_grant"}, "status": 500},
        {"body": {}, "status": 200},
        {"body": [1], "status": 200},
        {"drop": True},
    ],
)
def test_what_passes_by_itself_is_tried_again(org, tokens, answer):
    org.answer("POST", PATH, **answer)

    with pytest.raises(RetryableError):
        tokens.token(ADA)


def test_another_orgs_token_is_not_taken(org, tokens):
    other = "https://login.salesforce.com/id/00DgL000003KIqHUAW/005gL000002iC2jQAE"
    org.answer("POST", PATH, {"access_token": "t", "instance_url": org.url, "id": other})

    with pytest.raises(GrantLost, match="another org"):
        tokens.token(ADA)


def test_a_token_for_an_address_that_is_no_org_is_not_taken(org, tokens):
    org.answer("POST", PATH, {"access_token": "t", "instance_url": "https://evil.example"})

    with pytest.raises(FatalError, match="no address"):
        tokens.token(ADA)


@pytest.mark.parametrize(
    "pem", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nsecretsecret\n-----END PRIVATE KEY-----"]
)
def test_a_bad_key_is_named_without_being_shown(transport, org, pem):
    tokens = JwtTokens(Grant("00DLs0000000001MAA", org.url, "k", pem), transport, lambda: NOW)

    with pytest.raises(GrantLost, match="JWT key") as caught:
        tokens.token(ADA)

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_neither_token_nor_key_is_printed(grant, tokens):
    assert "PRIVATE" not in repr(grant)
    assert "token-1" not in repr(tokens.token(ADA))
