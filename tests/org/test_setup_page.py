"""The Setup page: each step says what is right, or what is wrong and what to do."""

import html

import requests
from sqlalchemy import update

from lsync_flask.storage.models import setting


def text_of(answer):
    return html.unescape(answer.text)


def test_after_the_first_steps_every_step_is_right(client, signed_in):
    page = client.get("/setup", headers=signed_in("LSync_Admin"))

    assert page.status_code == 200
    assert "8 of 8 steps are right" in page.text
    assert "not yet" not in page.text
    assert "LSync_Manager" in page.text


def test_what_is_missing_is_named_with_what_to_do(client, signed_in, filled):
    headers = signed_in("LSync_Admin")
    with filled.database.writing_all() as connection:
        connection.execute(update(setting).values(body="{}"))

    page = text_of(client.get("/setup", headers=headers))

    assert "7 of 8 steps are right" in page
    assert "None is chosen yet." in page
    assert "Choose the provider and its key in Settings." in page


def test_a_test_mail_comes_and_what_salesforce_says_of_its_own_is_told(client, signed_in, simulated_org):
    before = len(requests.get(f"{simulated_org['control_url']}/mails", timeout=10).json())

    page = text_of(client.post("/setup/mail", headers=signed_in("LSync_Admin")))

    mails = requests.get(f"{simulated_org['control_url']}/mails", timeout=10).json()
    assert [mail["subject"] for mail in mails[before:]][:1] == ["LSync: test mail"]
    assert "is on its way" in page
    assert page.count("Salesforce</b>:") >= 1


def test_where_a_site_cannot_be_added_the_exact_address_is_said(client, signed_in, filled):
    said = client.post("/setup/sites.json", headers=signed_in("LSync_Admin")).json

    assert [line.partition(":")[0] for line in said] == ["Remote Site Setting", "CSP trusted site"]
    for line in said:
        assert "named LSync" in line or f"address {filled.settings.public_url}" in line


def test_an_auditor_sees_the_steps_and_no_button_and_is_refused_at_each(client, signed_in):
    headers = signed_in("LSync_Auditor")

    page = client.get("/setup", headers=headers)

    assert page.status_code == 200
    assert "<form" not in page.text
    for step in ("fields", "mail", "sites", "sites.json"):
        assert client.post(f"/setup/{step}", headers=headers).status_code == 403


def test_a_manager_has_no_setup_page(client, signed_in):
    assert client.get("/setup", headers=signed_in("LSync_Manager")).status_code == 403
