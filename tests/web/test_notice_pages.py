"""The page of notices, and a definition's own choice."""

import re

SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
HOOK = {"use": ["smtp", "webhook"], "webhook.url": "https://hooks.example.com/lsync", "webhook.secret": SECRET}


def text_of(answer):
    return answer.get_data(as_text=True)


def version_in(page):
    return re.search(r'name="version" value="(\d*)"', page)[1]


def test_ways_are_saved_and_secrets_are_never_shown_again(client):
    page = text_of(client.get("/settings/notices"))
    saved = client.post("/settings/notices", data={**HOOK, "version": version_in(page)})
    kept = client.post("/settings/notices", data={**HOOK, "webhook.secret": "", "version": "1"})

    assert (saved.status_code, kept.status_code) == (200, 200)
    assert "is set; type to replace it" in text_of(kept)
    assert SECRET not in text_of(saved) + text_of(kept)
    assert client.get("/api/v1/settings/notices").get_json()["secrets_set"] == ["webhook.secret"]


def test_what_is_wrong_is_said_beside_the_field_and_nothing_typed_is_lost(client):
    answer = client.post("/settings/notices", data={**HOOK, "webhook.url": "ftp://hooks", "version": ""})

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text_of(answer)
    assert 'value="ftp://hooks"' in text_of(answer)


def test_another_admins_change_is_not_lost(client):
    client.post("/settings/notices", data={"use": ["smtp"], "version": ""})
    answer = client.post("/settings/notices", data={"use": [], "version": ""})

    assert answer.status_code == 409
    assert "Somebody else has saved this meanwhile" in text_of(answer)


def test_a_manager_sees_no_settings_of_notices(signed_in):
    assert signed_in("manager").post("/settings/notices", data={}).status_code == 403
    assert signed_in("auditor").get("/settings/notices").status_code == 200


def test_a_definitions_form_keeps_who_is_told(client):
    number = client.get("/api/v1/definitions").get_json()["definitions"][0]["id"]
    form = text_of(client.get(f"/definitions/{number}/edit"))
    read = client.get(f"/api/v1/definitions/{number}").get_json()
    body = {key: read[key] for key in ("name", "object", "criteria", "logic", "version")}

    muted = client.put(f"/api/v1/definitions/{number}", json={**body, "notify": []}).get_json()
    again = text_of(client.get(f"/definitions/{number}/edit"))

    assert '<option value="" selected>As the org has set</option>' in form
    assert muted["notify"] == []
    assert '<option value="none" selected>Nobody: mute</option>' in again


def test_the_api_says_what_is_wrong_by_its_place(client):
    answer = client.put("/api/v1/settings/notices", json={"settings": {"use": ["pigeon"]}, "version": None})
    unknown = client.post("/api/v1/settings/notices/test", json={"way": "pigeon"})

    assert (answer.status_code, answer.get_json()["errors"]) == (422, {"use": "There is no notifier pigeon."})
    assert (unknown.status_code, unknown.get_json()["errors"]) == (422, {"way": "There is no notifier pigeon."})
