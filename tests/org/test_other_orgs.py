"""Several orgs in one deployment: nothing of one is reached from another, by any address and any kind of id."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from werkzeug.routing import AnyConverter, IntegerConverter

from lsync_flask.app import create_app
from lsync_flask.demo.set_up import user_with
from lsync_flask.services.resources import Actor
from lsync_flask.services.run_activity import run_activity
from lsync_flask.services.sign_in import hash_token
from lsync_flask.storage.models import activity, definition
from lsync_flask.storage.orgs import OrgRow, save_org
from lsync_flask.storage.sessions import add_session
from lsync_flask.storage.users import UserRow, save_user

OTHER = "00DLs0000000009MAA"
DOMAIN = "https://other.my.salesforce.com"
BODY = {"name": "Mine now", "object": "Lead", "criteria": [], "logic": ""}


@pytest.fixture
def two_orgs(filled, simulated_org):
    """The app, an id of each kind of the first org, and the headers of an admin of each org.

    The other org's roles are read from the same simulator, so that its admin is one whenever the role is asked for.
    """
    ours = simulated_org["org_id"]
    user = user_with(simulated_org, "LSync_Admin")
    open_ours = filled.open_salesforce
    resources = replace(filled, open_salesforce=lambda _org_id, username: open_ours(ours, username))
    save_org(resources.database, resources.box, OrgRow(OTHER, "Other", DOMAIN, "other", "k", None, None), ("s",), {}, 0)
    headers = {}
    for org_id in (ours, OTHER):
        row = UserRow(user["id"], user["username"], user["email"], user["name"], "en_GB", "en_US", "UTC")
        with resources.database.writing(org_id) as scope:
            save_user(scope, row, resources.now_s())
            add_session(scope, hash_token(f"token-{org_id}"), user["id"], "admin", {}, resources.now_s())
        headers[org_id] = {"Authorization": f"Bearer token-{org_id}"}
    with resources.database.reading(ours) as scope:
        first = scope.run(scope.select(definition, definition.c.id).order_by(definition.c.id)).scalars().first()
    actor = Actor(ours, user["id"], user["username"], user["name"], user["email"], "admin")
    run = run_activity(resources, actor, first)
    return create_app(resources), {first, run}, headers[ours], headers[OTHER]


def addresses(app, ids):
    """(method, address) of every rule that takes an id, with every id of the other org and every choice."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        converters = rule._converters
        if not any(isinstance(one, IntegerConverter) for one in converters.values()):
            continue
        spellings = [{}]
        for name, converter in converters.items():
            values = ids if isinstance(converter, IntegerConverter) else getattr(converter, "items", None) or ["Lead"]
            assert isinstance(converter, IntegerConverter | AnyConverter) or values == ["Lead"]
            spellings = [{**one, name: value} for one in spellings for value in values]
        for values in spellings:
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield method, adapter.build(rule.endpoint, values, method=method)


def ask(client, method, address, headers):
    if address.startswith("/api/"):
        form = {"json": BODY} if method == "PUT" else {}
    else:
        form = {} if method == "GET" else {"data": {"name": "Mine now", "object": "Lead"}}
    return client.open(address, method=method, headers=headers, **form)


def test_every_address_that_takes_an_id_says_404_to_another_org(two_orgs):
    app, ids, _, theirs = two_orgs
    client = app.test_client()
    asked = list(addresses(app, ids))

    answers = {(method, address): ask(client, method, address, theirs).status_code for method, address in asked}

    assert len(asked) > 20
    assert {one: status for one, status in answers.items() if status != 404} == {}


def test_nothing_of_the_first_org_was_changed_and_its_own_admin_reaches_it(two_orgs, simulated_org):
    app, ids, ours, theirs = two_orgs
    client, database = app.test_client(), app.extensions["lsync"].database

    def rows():
        with database.reading_all() as connection:
            return [connection.execute(select(table)).all() for table in (definition, activity)]

    before = rows()
    for method, address in addresses(app, ids):
        ask(client, method, address, theirs)

    assert rows() == before
    assert client.get(f"/definitions/{min(ids)}", headers=ours).status_code == 200


def test_no_list_shows_another_orgs_rows(two_orgs, simulated_org):
    app, _, ours, theirs = two_orgs
    client = app.test_client()
    lists = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if not rule.arguments and "GET" in rule.methods and rule.rule not in {"/metrics", "/canvas"}
    ]

    shown = {rule: client.get(rule, headers=theirs).text for rule in lists}

    assert "All open leads" in client.get("/definitions", headers=ours).text
    assert [rule for rule, text in shown.items() if "All open leads" in text or simulated_org["org_id"] in text] == []
