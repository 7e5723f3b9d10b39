"""Real bytes at POST /canvas: who is let in, who is not, and what each of them learns."""

import base64
import json
import random
import shutil
from dataclasses import replace

import pytest
import requests
from structlog.testing import capture_logs

from lsync_flask.app import create_app
from lsync_flask.errors import SignedRequestRefused
from lsync_flask.salesforce.signed_request import verify_signed_request
from lsync_flask.services.orgs import NewOrg, add_org
from lsync_flask.services.sign_in import SIGN_INS_PER_MINUTE
from lsync_flask.storage.audit import list_audit
from lsync_flask.storage.orgs import read_org, save_org
from lsync_flask.storage.sessions import forget_requests
from lsync_flask.wiring import wire
from tests.door.conftest import door_settings, sign, token_in, user_of

OTHER_ORG = "00DZZ0000000001EAA"
OTHER_SECRET = "the-other-orgs-own-secret"
VECTOR_SECRET = "1234567890123456789"
VECTOR = (
    "KuT/UUOr/9X1y5KHpdT4+h9/vEjPtFsh4mVALIH0hco=."
    "eyJhbGdvcml0aG0iOiJITUFDU0hBMjU2IiwiaXNzdWVkQXQiOi0yNDYxMTU0NjQsInVzZXJJZCI6IjAwNTAwMDAwMDAwMDAwMUFBQSIsImNsaWVudCI6"
    "eyJyZWZyZXNoVG9rZW4iOm51bGwsImluc3RhbmNlSWQiOiJfOmRlbW86MTowOmNhbnZhc2FwcCIsInRhcmdldE9yaWdpbiI6Imh0dHBzOi8vYWNtZS5t"
    "eS5zYWxlc2ZvcmNlLmNvbSIsImluc3RhbmNlVXJsIjoiaHR0cHM6Ly9hY21lLm15LnNhbGVzZm9yY2UuY29tIiwib2F1dGhUb2tlbiI6IjAwRHh4IXRv"
    "ayJ9LCJjb250ZXh0Ijp7InVzZXIiOnsiZnVsbE5hbWUiOiJab8OrIMWBdWsiLCJ1c2VySWQiOiIwMDUwMDAwMDAwMDAwMDFBQUEifX19"
)


def _set(*path, value):
    def change(body):
        for key in path[:-1]:
            body = body[key]
        body[path[-1]] = value

    return change


def _drop(*path):
    def change(body):
        for key in path[:-1]:
            body = body[key]
        del body[path[-1]]

    return change


def _raw(text, secret):
    return sign(text.encode() if isinstance(text, str) else text, secret)


SPOILED = {
    # name: (how the text is spoiled, the reason in the log)
    "S02 no point": (lambda raw, _: raw.replace(".", ""), "not two parts"),
    "S03 empty signature": (lambda raw, _: "." + raw.split(".")[1], "not two parts"),
    "S05 a bit of the body": (lambda raw, _: raw[:60] + chr(ord(raw[60]) ^ 1) + raw[61:], "signature does not fit"),
    "S06 a bit of the signature": (lambda raw, _: ("B" if raw[0] == "A" else "A") + raw[1:], "signature does not fit"),
    "S07 a short signature": (lambda raw, _: raw[:24] + "." + raw.split(".")[1], "not two parts"),
    "S10 url-safe": (lambda raw, _: raw.split(".")[0] + "." + "-_" + raw.split(".")[1][2:], "not base64"),
    "S10 a space": (lambda raw, _: raw + " ", "not base64"),
    "S15 trailing bits": (lambda raw, _: raw[:42] + chr(ord(raw[42]) + 1) + raw[43:], "not canonical base64"),
    "S11 a key twice": (
        lambda _, s: _raw('{"algorithm":"HMACSHA256","algorithm":"HMACSHA256"}', s),
        "a key comes twice",
    ),
    "S12 deep": (lambda _, s: _raw('{"a":' + "[" * 9_000 + "]" * 9_000 + "}", s), "too deep"),
    "S12 a huge number": (lambda _, s: _raw('{"algorithm":"HMACSHA256","issuedAt":1e400}', s), "not JSON"),
    "S12 large": (lambda _, s: _raw('{"a":"' + "x" * 70_000 + '"}', s), "too large"),
    "no JSON": (lambda _, s: _raw("\x00", s), "not JSON"),
    "no object": (lambda _, s: _raw("[]", s), "not an object"),
}
CHANGED = {
    # name: (how the body is changed before it is signed with the org's own secret, the reason in the log)
    "S08 none": (_set("algorithm", value="none"), "another algorithm"),
    "S08 HMACMD5": (_set("algorithm", value="HMACMD5"), "another algorithm"),
    "S08 HmacSHA1": (_set("algorithm", value="HmacSHA1"), "another algorithm"),
    "S09 no algorithm": (_drop("algorithm"), "another algorithm"),
    "S13 a text": (_set("issuedAt", value="now"), "issuedAt is no number"),
    "S13 a fraction": (_set("issuedAt", value=1.5), "issuedAt is no number"),
    "S13 a truth": (_set("issuedAt", value=True), "issuedAt is no number"),
    "S13 missing": (_drop("issuedAt"), "no time of issue"),
    "S16 another org": (
        _set("context", "organization", "organizationId", value=OTHER_ORG),
        "signed with another org's secret",
    ),
    "no org": (_drop("context", "organization"), "signed with another org's secret"),
    "another user": (_set("userId", value="005ZZ0000000001AAA"), "two users"),
    "S67 a longer host": (
        _set("client", "instanceUrl", value="https://evil.my.salesforce.com.evil.example"),
        "another instance than the org's",
    ),
    "S67 a user in the address": (
        _set("client", "instanceUrl", value="https://acme.my.salesforce.com@evil.example"),
        "another instance than the org's",
    ),
    "not approved": (_set("client", "oauthToken", value=None), "no token"),
    "a dead token": (_set("client", "oauthToken", value="00Dxx0000000001!dead"), "the token is dead"),
}


@pytest.mark.parametrize("case", [*SPOILED, *CHANGED])
def test_what_is_wrong_is_refused_the_same_way_and_told_apart_in_the_log(case, fresh, post, simulated_org):
    if case in SPOILED:
        spoil, reason = SPOILED[case]
        raw = spoil(fresh(), simulated_org["consumer_secret"])
    else:
        change, reason = CHANGED[case]
        raw = fresh(change=change)
    usual = post("a." * 2)

    with capture_logs() as logs:
        answer = post(raw)

    assert (answer.status_code, answer.text) == (401, usual.text)
    assert dict(answer.headers) == dict(usual.headers)
    assert "Set-Cookie" not in answer.headers
    assert [line["reason"] for line in logs if line["event"] == "signed request refused"] == [reason]


def test_the_published_vector_is_read():
    request = verify_signed_request(VECTOR, ["another", VECTOR_SECRET])

    assert (request.user.full_name, request.issued_at) == ("Zoë Łuk", -246115464)


def test_a_request_opens_the_tab_once(fresh, post):
    raw = fresh()

    first, again = post(raw), post(raw)

    assert first.status_code == 200
    assert token_in(first)
    assert again.status_code == 401
    assert "data-repost" in again.text
    assert "Set-Cookie" not in again.headers


def test_a_request_stays_used_as_long_as_it_could_be_accepted(fresh, post, parts):
    raw = fresh()
    post(raw)

    forget_requests(parts.database, parts.now_s() - parts.settings.signed_request_age_s)

    assert post(raw).status_code == 401


def test_a_request_may_be_five_minutes_old_and_not_older(fresh, post, clock):
    young, old = fresh(), fresh()

    clock.later_s = 290
    assert post(young).status_code == 200
    clock.later_s = 310
    assert post(old).status_code == 401


def test_a_request_from_the_future_is_refused(fresh, post, clock):
    clock.later_s = -310

    assert post(fresh()).status_code == 401


def test_the_token_of_another_user_opens_nothing(fresh, post):
    other = json.loads(base64.b64decode(fresh("LSync_Manager").split(".")[1]))["client"]["oauthToken"]

    assert post(fresh(change=_set("client", "oauthToken", value=other))).status_code == 401


def test_a_request_without_a_user_is_of_whom_salesforce_says(fresh, post):
    page = post(fresh("LSync_Manager", _drop("context", "user")))

    assert page.status_code == 200
    assert token_in(page)


def _shorten(body):
    body["userId"] = body["userId"][:15]
    body["context"]["user"]["userId"] = body["context"]["user"]["userId"][:15]
    body["context"]["organization"]["organizationId"] = body["context"]["organization"]["organizationId"][:15]


def test_short_ids_are_the_same_user_and_org(fresh, post, web_app):
    long, short = post(fresh()), post(fresh(change=_shorten))
    client = web_app.test_client(use_cookies=False)

    asked = [
        client.get("/api/v1/me", base_url="https://localhost", headers={"Authorization": f"Bearer {token_in(page)}"})
        for page in (long, short)
    ]

    assert asked[0].json == asked[1].json


def test_while_a_secret_is_changed_both_count_and_afterwards_the_new_one_alone(fresh, post, parts, simulated_org):
    org = read_org(parts.database, simulated_org["org_id"])
    old, new = simulated_org["consumer_secret"], "the-next-secret-as-long-as-it-must-be"

    save_org(parts.database, parts.box, org, [new, old], {}, parts.now_s())
    assert [post(fresh(secret=one)).status_code for one in (old, new)] == [200, 200]
    save_org(parts.database, parts.box, org, [new], {}, parts.now_s())
    assert [post(fresh(secret=one)).status_code for one in (old, new)] == [401, 200]


@pytest.fixture
def other_org(parts):
    """A second org with a secret of its own, at /canvas/other."""
    row = NewOrg(
        OTHER_ORG, "Other", "https://other.my.salesforce.com", "other", "3MVGother", (OTHER_SECRET,), None, None, None
    )
    add_org(parts, row)


@pytest.mark.usefixtures("other_org")
def test_an_org_can_sign_for_itself_alone_at_its_own_address_alone(fresh, post):
    assert post(fresh(secret=OTHER_SECRET)).status_code == 401
    assert post(fresh(secret=OTHER_SECRET), "/canvas/other").status_code == 401
    assert post(fresh(), "/canvas/other").status_code == 401
    assert post(fresh(), "/canvas/nobody").status_code == 401
    assert post(fresh()).status_code == 200


def test_an_org_with_its_own_address_signs_in_and_refreshes_there(fresh, post, web_app, parts, simulated_org):
    org = replace(read_org(parts.database, simulated_org["org_id"]), app="north")
    save_org(parts.database, parts.box, org, [simulated_org["consumer_secret"]], {}, parts.now_s())

    page = post(fresh(), "/canvas/north")
    again = post(fresh(), "/canvas/refresh", headers={"Authorization": f"Bearer {token_in(page)}"})

    assert page.status_code == 200
    assert again.json["session"]


@pytest.mark.parametrize("data", [{}, {"signed_request": ["a.b", "a.b"]}])
def test_there_must_be_one_signed_request(web_app, data):
    answer = web_app.test_client().post("/canvas", data=data)

    assert answer.status_code == 401


def test_a_body_of_ten_megabytes_is_not_read(web_app):
    answer = web_app.test_client().post("/canvas", data={"signed_request": "x" * 10_000_000})

    assert answer.status_code == 401


def test_a_flood_of_bad_requests_is_answered_shortly_and_good_ones_still_get_in(fresh, post):
    with capture_logs() as logs:
        statuses = [post("no.thing").status_code for _ in range(200)]
    page = post(fresh())

    assert statuses == [401] * 60 + [429] * 140
    assert len([line for line in logs if "refus" in line["event"]]) == 61
    assert page.status_code == 200


def test_too_many_sign_ins_of_one_org_wait_a_minute_and_learn_nothing(fresh, post, parts, simulated_org, clock):
    for _ in range(SIGN_INS_PER_MINUTE):
        parts.rates.count(f"sign-ins {simulated_org['org_id']}", parts.now_s())

    answer, bad = post(fresh()), post("no.thing")
    clock.later_s = 61
    later = post(fresh())

    assert (answer.status_code, answer.headers["Retry-After"], answer.text) == (429, "60", "Too many requests.")
    assert "Set-Cookie" not in answer.headers
    assert bad.status_code == 401
    assert later.status_code == 200


@pytest.mark.parametrize(("proxies", "address"), [("0", "127.0.0.1"), ("1", "203.0.113.9")])
def test_who_asks_is_told_by_as_many_proxies_as_there_are(
    filled_template, simulated_org, tmp_path, fresh, proxies, address
):
    shutil.copy(filled_template, tmp_path / "lsync.db")
    settings = door_settings(simulated_org, tmp_path).model_copy(update={"trusted_proxies": int(proxies)})
    parts = replace(wire(settings), ring=lambda _activity: None)
    headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Forwarded-Proto": "https"}

    create_app(parts).test_client().post("/canvas", data={"signed_request": fresh()}, headers=headers)

    with parts.database.reading(simulated_org["org_id"]) as scope:
        assert list_audit(scope)[0].address == address
    parts.database.close()


def test_the_frame_is_the_orgs_alone(fresh, post, simulated_org):
    page = post(fresh())

    policy = page.headers["Content-Security-Policy"]
    assert simulated_org["lightning_url"].split("/lightning")[0] in policy
    assert "unsafe" not in policy
    assert "force.com" not in policy.split("frame-ancestors")[1]
    assert "X-Frame-Options" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age" in page.headers["Strict-Transport-Security"]


def test_the_cookie_is_for_this_host_this_org_and_no_script(fresh, post):
    cookie = post(fresh()).headers["Set-Cookie"]

    assert cookie.startswith("__Host-lsync=")
    for word in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert word in cookie


def test_the_tokens_of_salesforce_are_not_in_the_page(fresh, post):
    raw = fresh()
    token = json.loads(base64.b64decode(raw.split(".")[1]))["client"]["oauthToken"]

    assert token not in post(raw).text


def test_an_origin_that_is_not_the_orgs_gets_no_messages(fresh, post):
    page = post(fresh(change=_set("client", "targetOrigin", value="https://evil.example")))

    assert page.status_code == 200
    assert "evil.example" not in page.text


def test_what_the_browser_had_signed_is_no_html(fresh, post):
    page = post(fresh(change=_set("client", "instanceId", value='"><script>alert(1)</script>')))

    assert "<script>alert" not in page.text


def test_an_inactive_user_is_not_let_in(fresh, post, simulated_org):
    user = user_of(simulated_org, "aiko.tanaka")
    raw = fresh("aiko.tanaka")
    address = f"{simulated_org['control_url']}/users/{user['id']}"
    requests.post(address, json={"active": False}, timeout=10).raise_for_status()
    try:
        assert post(raw).status_code == 401
    finally:
        requests.post(address, json={"active": True}, timeout=10).raise_for_status()


def mutate(raw, dice):
    """The text with one to three places changed, cut, doubled or moved; never as it was."""
    text = list(raw)
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(len(text))
        kind = dice.randrange(5)
        if kind == 0:
            text[place] = chr(dice.choice((dice.randrange(128), dice.randrange(0x11000))))
        elif kind == 1:
            del text[place : place + dice.randint(1, 40)]
        elif kind == 2:
            text[place:place] = text[place : place + dice.randint(1, 40)]
        elif kind == 3:
            text.insert(place, dice.choice("=.+/-_ \n\0é"))
        else:
            other = dice.randrange(len(text))
            text[place], text[other] = text[other], text[place]
        text = text or ["."]
    return "".join(text)


def test_no_mutated_request_is_let_in_and_none_raises(pytestconfig):
    dice = random.Random(7)

    for _ in range(pytestconfig.getoption("--mutations")):
        changed = mutate(VECTOR, dice)
        if changed == VECTOR:
            continue
        with pytest.raises(SignedRequestRefused):
            verify_signed_request(changed, [VECTOR_SECRET])


def test_no_mutated_body_that_is_signed_raises_anything_but_a_refusal(pytestconfig):
    dice = random.Random(11)
    body = base64.b64decode(VECTOR.split(".")[1]).decode()

    for _ in range(pytestconfig.getoption("--mutations")):
        raw = sign(mutate(body, dice).encode("utf-8", "surrogatepass"), VECTOR_SECRET)
        try:
            request = verify_signed_request(raw, [VECTOR_SECRET])
        except SignedRequestRefused:
            continue
        assert request.user_id.startswith("005")
