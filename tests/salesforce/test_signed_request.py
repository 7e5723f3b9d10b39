import base64
import hashlib
import hmac
import json
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsync_flask.errors import SignedRequestRefused
from lsync_flask.salesforce.signed_request import CanvasRequest, check_age, verify_signed_request

SECRET = "1234567890123456789"
VECTOR = (
    "KuT/UUOr/9X1y5KHpdT4+h9/vEjPtFsh4mVALIH0hco=.eyJhbGdvcml0aG0iOiJITUFDU0hBMjU2IiwiaXNzdWVkQXQiOi0yNDYxMTU0NjQs"
    "InVzZXJJZCI6IjAwNTAwMDAwMDAwMDAwMUFBQSIsImNsaWVudCI6eyJyZWZyZXNoVG9rZW4iOm51bGwsImluc3RhbmNlSWQiOiJfOmRlbW86MTow"
    "OmNhbnZhc2FwcCIsInRhcmdldE9yaWdpbiI6Imh0dHBzOi8vYWNtZS5teS5zYWxlc2ZvcmNlLmNvbSIsImluc3RhbmNlVXJsIjoiaHR0cHM6Ly9h"
    "Y21lLm15LnNhbGVzZm9yY2UuY29tIiwib2F1dGhUb2tlbiI6IjAwRHh4IXRvayJ9LCJjb250ZXh0Ijp7InVzZXIiOnsiZnVsbE5hbWUiOiJab8Or"
    "IMWBdWsiLCJ1c2VySWQiOiIwMDUwMDAwMDAwMDAwMDFBQUEifX19"
)
USER, ORG = "005gL000002iC2jQAE", "00DgL000003KIqHUAW"


def body(**changes):
    """A whole request as Salesforce sends it; `changes` replace entries by their path, with __ for a dot."""
    whole = {
        "algorithm": "HMACSHA256",
        "issuedAt": 1104038812,
        "userId": USER,
        "client": {
            "refreshToken": None,
            "instanceId": "_:LSync:618:0:canvasapp",
            "targetOrigin": "https://acme.my.salesforce.com",
            "instanceUrl": "https://acme.my.salesforce.com",
            "oauthToken": "00DgL000003KIqH!AREAQ.secret",
        },
        "context": {
            "user": {
                "userId": USER[:15],
                "userName": "zoe@acme.example",
                "firstName": "Zoë",
                "lastName": "Łuk",
                "email": "zoe@acme.example",
                "fullName": "Zoë Łuk",
                "locale": "en_GB",
                "language": "en_US",
                "timeZone": "Europe/London",
            },
            "application": {"name": "LSync"},
            "organization": {"organizationId": ORG, "name": "Acme"},
            "environment": {
                "locationUrl": "https://acme.lightning.force.com/lightning/n/LSync",
                "displayLocation": "Aura",
                "parameters": {"a": [1]},
                "record": {"Id": "001"},
            },
        },
    }
    for path, value in changes.items():
        *folders, name = path.split("__")
        place = whole
        for folder in folders:
            place = place[folder]
        place[name] = value
    return whole


def sign(payload, secret=SECRET):
    """Signed as Salesforce signs: over the base64 text."""
    sent = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
    text = base64.b64encode(sent)
    mac = hmac.digest(secret.encode(), text, hashlib.sha256)
    return f"{base64.b64encode(mac).decode()}.{text.decode()}"


def refused(raw, secrets=(SECRET,)):
    with pytest.raises(SignedRequestRefused) as caught:
        verify_signed_request(raw, secrets)
    return caught.value.reason


def test_the_test_vector_verifies():
    request = verify_signed_request(VECTOR, [SECRET])

    assert request.user.full_name == "Zoë Łuk"
    assert (request.issued_at, request.user_id, request.org_id) == (-246115464, "005000000000001AAA", "")
    assert request.mac == base64.b64decode("KuT/UUOr/9X1y5KHpdT4+h9/vEjPtFsh4mVALIH0hco=")


def test_a_whole_request_is_read():
    request = verify_signed_request(sign(body()), [SECRET])

    assert (request.user_id, request.org_id, request.org_name) == (USER, ORG, "Acme")
    assert (request.user.username, request.user.time_zone) == ("zoe@acme.example", "Europe/London")
    assert (request.instance_url, request.application_name) == ("https://acme.my.salesforce.com", "LSync")
    assert (request.display_location, request.parameters, request.record) == ("Aura", {"a": [1]}, {"Id": "001"})
    assert request.oauth_token == "00DgL000003KIqH!AREAQ.secret"
    assert "secret" not in repr(request)


def test_any_of_several_secrets_will_do():
    assert verify_signed_request(sign(body(), "new"), ["old", "new"]).user_id == USER
    assert verify_signed_request(sign(body(), "old"), ["old", "new"]).user_id == USER


def test_without_a_secret_nobody_gets_in():
    assert refused(sign(body()), ()) == "signature does not fit"
    assert refused(sign(body(), ""), ("",)) == "signature does not fit"


def test_parts_that_the_apps_set_up_leaves_out_are_empty():
    request = verify_signed_request(
        sign(body(context__user=None, context__organization=None, context__environment={})), [SECRET]
    )

    assert (request.user, request.org_id, request.record) == (None, "", {})


@pytest.mark.parametrize("spelt", ["HMACSHA256", "HMAC SHA-256", "hmacsha256", "HMAC-SHA256"])
def test_the_algorithm_as_salesforce_or_its_guide_spells_it(spelt):
    assert verify_signed_request(sign(body(algorithm=spelt)), [SECRET]).user_id == USER


@pytest.mark.parametrize("spelt", ["none", "HMACSHA1", "", None, 5, ["HMACSHA256"], "RS256"])
def test_no_other_algorithm_is_taken(spelt):
    assert refused(sign(body(algorithm=spelt))) == "another algorithm"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"userId": ORG}, "userId"),
        ({"userId": "005gL000002iC2jQAF"}, "userId"),
        ({"userId": None}, "userId"),
        ({"userId": 5}, "userId"),
        ({"context__organization__organizationId": USER}, "organizationId"),
        ({"context__organization__organizationId": None}, "organizationId"),
        ({"context__user__userId": "0055g00000AbCdE"}, "two users"),
        ({"client__oauthToken": None}, "no token"),
        ({"client__oauthToken": "a\r\nb"}, "no token"),
        ({"client": []}, "client"),
        ({"context": "x"}, "context"),
        ({"context__environment__record": [1]}, "record"),
        ({"issuedAt": "1104038812"}, "issuedAt"),
        ({"issuedAt": True}, "issuedAt"),
        ({"context__user__email": "a\0b"}, "email"),
        ({"context__user__email": "x" * 3000}, "email"),
        ({"context__user__email": {"a": 1}}, "email"),
    ],
)
def test_a_signed_body_of_another_shape_is_refused(changes, reason):
    assert reason in refused(sign(body(**changes)))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not two parts"),
        (b"x", "not JSON"),
        (b"[1]", "not an object"),
        (b"null", "not an object"),
        (b'{"userId":"1","userId":"2"}', "a key comes twice"),
        (b'{"a":{"b":1,"b":2}}', "a key comes twice"),
        (b"[" * 21, "too deep"),
        (b'{"a":' * 30_00 + b"1" + b"}" * 30_00, "too deep"),
        (b'{"a":"\xff"}', "not JSON"),
        (b'{"a":"\\ud800"}', "not JSON"),
        (b'{"a":NaN}', "not JSON"),
        (b'\xef\xbb\xbf{"a":1}', "not JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", None),
    ],
)
def test_a_signed_body_that_is_no_plain_json_is_refused(payload, reason):
    found = refused(sign(payload))

    assert reason in {found, None}


def test_brackets_in_a_text_are_not_depth():
    assert verify_signed_request(sign(body(context__user__fullName='[[{{"' * 50)), [SECRET]).user_id == USER


@pytest.mark.parametrize(
    "raw",
    [
        "",
        ".",
        "a.b",
        "a" * 44 + ".",
        "." + "a" * 44,
        "a" * 70_000,
        "é" * 44 + ".é",
        "\ud800" * 44 + ".x",
        "\0" * 45,
        VECTOR + ".x",
        VECTOR + "\n",
        " " + VECTOR,
        VECTOR.replace("+", " "),
        VECTOR.replace("/", "_"),
        VECTOR[45:],
    ],
)
def test_what_is_no_signed_request_is_refused(raw):
    assert refused(raw)


def test_each_request_has_only_one_spelling():
    signature, payload = VECTOR.split(".")
    spellings = [
        f"{signature.rstrip('=')}.{payload}",
        f"{signature[:-2]}p=.{payload}",  # other bits after the last whole byte: the same 32 bytes when read leniently
        f"{signature}.{payload}=",
        f"{signature}.{payload}\n",
        f"{signature}\n.{payload}",
    ]

    assert all(refused(spelling) for spelling in spellings)


def test_thousands_of_changed_requests_let_nobody_in():
    chance = random.Random(7)
    letters = string.ascii_letters + string.digits + "+/=._-\0 \n\xe9"
    sources = [VECTOR, sign(body())]
    let_in = 0
    for _ in range(6000):
        raw = chance.choice(sources)
        for _ in range(chance.randint(1, 3)):
            raw = mutate(chance, raw, letters)
        try:
            verify_signed_request(raw, [SECRET, "another"])
        except SignedRequestRefused:
            continue
        let_in += raw not in sources

    assert let_in == 0


def mutate(chance, raw, letters):
    place = chance.randrange(len(raw))
    return chance.choice(
        [
            lambda: raw[:place] + chance.choice(letters) + raw[place + 1 :],
            lambda: raw[:place] + chance.choice(letters) + raw[place:],
            lambda: raw[:place] + raw[place + 1 :],
            lambda: raw[:place] + raw[place:][::-1],
            lambda: raw[place:] + raw[:place],
            lambda: raw[:place] or ".",
            raw.swapcase,
        ]
    )()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["algorithm", "userId", "client", "context", "issuedAt", "x"]), JSON))
def test_whatever_a_holder_of_the_secret_signs_raises_nothing_else(changes):
    try:
        request = verify_signed_request(sign({**body(), **changes}), [SECRET])
    except SignedRequestRefused:
        return
    assert isinstance(request, CanvasRequest)


@given(st.text())
def test_whatever_is_sent_raises_nothing_else(raw):
    with pytest.raises(SignedRequestRefused):
        verify_signed_request(raw, [SECRET])


def test_the_user_never_learns_why():
    with pytest.raises(SignedRequestRefused) as caught:
        verify_signed_request("x", [SECRET])

    assert "two parts" not in caught.value.sentence


MOMENT = 1646076513180
"""A recorded pair: what was issued at this moment, in milliseconds, said 1104038812."""


@pytest.mark.parametrize(
    ("later_ms", "fits"),
    [(0, True), (300_000, True), (300_001, False), (-59_000, True), (-61_000, False), (86_400_000, False)],
)
def test_the_age_is_told_by_wrapping_milliseconds(later_ms, fits):
    request = verify_signed_request(sign(body()), [SECRET])
    moment = MOMENT - (MOMENT - request.issued_at) % 2**32

    if fits:
        check_age(request, moment + later_ms, 300)
    else:
        with pytest.raises(SignedRequestRefused):
            check_age(request, moment + later_ms, 300)


def test_the_recorded_pair_is_fresh():
    request = verify_signed_request(sign(body(issuedAt=1104038812)), [SECRET])

    check_age(request, MOMENT + 1_000, 2)


def test_a_request_without_a_time_is_too_old_unless_age_does_not_matter():
    request = verify_signed_request(sign(body(issuedAt=None)), [SECRET])

    check_age(request, MOMENT, 0)
    with pytest.raises(SignedRequestRefused):
        check_age(request, MOMENT, 300)
