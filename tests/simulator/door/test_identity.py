"""The identity URL, which token answers and the list of resources name."""

import pytest
import requests

KEYS = {
    "id", "asserted_user", "user_id", "organization_id", "username", "nick_name", "display_name", "email",
    "email_verified", "first_name", "last_name", "timezone", "photos", "addr_street", "addr_city", "addr_state",
    "addr_country", "addr_zip", "mobile_phone", "mobile_phone_verified", "is_lightning_login_user", "status", "urls",
    "active", "user_type", "language", "locale", "utcOffset", "last_modified_date", "custom_permissions",
}  # fmt: skip


def ask(door, path, token=None, **params):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{door.org_url}{path}", headers=headers, params=params, timeout=10)


def test_it_tells_who_the_user_is(door):
    granted = door.by_jwt(door.assertion("ada.lindgren")).json()
    user = door.user("ada.lindgren")

    resources = ask(door, "/services/data/v67.0", granted["access_token"]).json()
    body = requests.get(
        granted["id"], headers={"Authorization": f"Bearer {granted['access_token']}"}, timeout=10
    ).json()

    assert resources["identity"] == granted["id"]
    assert set(body) == KEYS
    assert (body["user_id"], body["username"]) == (user["id"], user["username"])
    assert (body["organization_id"], body["display_name"]) == (door.line["org_id"], "Ada Lindgren")
    assert body["urls"]["rest"] == f"{door.org_url}/services/data/v{{version}}/"


@pytest.mark.parametrize(("version", "shown"), [("latest", "68.0"), ("67.0", "67.0"), ("x", "{version}")])
def test_a_version_takes_its_place_in_the_addresses(door, version, shown):
    path = f"/id/{door.line['org_id']}/{door.user('ada.lindgren')['id']}"

    body = ask(door, path, version=version, oauth_token=door.token("ada.lindgren")).json()

    assert body["urls"]["query"] == f"{door.org_url}/services/data/v{shown}/query/"


@pytest.mark.parametrize(
    ("token", "org", "user", "expected"),
    [
        (None, None, "ada.lindgren", (403, "Missing_OAuth_Token")),
        ("00Dxx!AQ", None, "ada.lindgren", (403, "Bad_OAuth_Token")),
        ("", "00DLs0000000009EAA", "ada.lindgren", (403, "Wrong_Org")),
        ("", None, None, (404, "Bad_Id")),
        ("", None, "iris.frost", (404, "Inactive")),
    ],
    ids=["no token", "bad token", "other org", "nobody", "inactive user"],
)
def test_a_refusal_is_one_word_of_plain_text(door, token, org, user, expected):
    token = door.token("ada.lindgren") if token == "" else token
    path = f"/id/{org or door.line['org_id']}/{door.user(user)['id'] if user else '005000000000000AAA'}"

    answer = ask(door, path, token)

    assert (answer.status_code, answer.text) == expected
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_versions_from_31_on_answer_and_an_older_one_leaves_a_line_in_the_log(door, caplog):
    token = door.token("ada.lindgren")

    spoken = ask(door, "/services/data/v31.0/limits", token).status_code
    gone = ask(door, "/services/data/v30.0/limits", token)

    assert spoken == 200
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "NOT_FOUND")
    assert "not in the local org: version v30.0" in caplog.messages
