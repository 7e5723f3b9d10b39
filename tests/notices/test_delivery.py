"""Notices get out once for each change of state, in the ways that were chosen, to receivers that really listen."""

import base64
import hashlib
import hmac
import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from sqlalchemy import update

from lsync_flask.errors import FatalError, InvalidParams, NotAllowed
from lsync_flask.outbound import GuardedHttp
from lsync_flask.plugin_api import Notifier
from lsync_flask.services import activities
from lsync_flask.services.definitions import DefinitionBody, read_definition, save_definition
from lsync_flask.services.notice_settings import NoticeSettings, read_notices, save_notices
from lsync_flask.services.notices import OrgMail, send_test_notice
from lsync_flask.services.plan import CriterionBody
from lsync_flask.services.run_activity import run_activity
from lsync_flask.storage.audit import list_audit
from lsync_flask.storage.models import outbox, secret
from lsync_flask.worker.clock import send_outbox
from tests.worker.kit import Scripted, actor_with, carry_on, provider_of, use_scripted, with_provider

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = base64.b64encode(KEY).decode()
FEW = CriterionBody(field="LastName", operator="less-than", value="B")


class Receiver:
    """A real HTTP server that keeps what it is sent; `answers` are the codes to come, then 200."""

    def __init__(self):
        self.answers = []
        self.got = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.host}/lsync"


@pytest.fixture
def receiver():
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def world(filled, receiver):
    """Resources whose plugins may reach the receiver, with a provider that answers at once."""
    http = GuardedHttp(frozenset({receiver.host}), None)
    return with_provider(replace(filled, http=http), provider_of(Scripted()))


@pytest.fixture
def admin(world, simulated_org):
    actor = actor_with(world, simulated_org, "LSync_Admin", "admin")
    use_scripted(world, actor)
    return actor


def tell_by(world, admin, *ways, url="", secret=SECRET, slack=""):
    """Save the org's ways; the parameters are those of the receiver."""
    secrets = {"webhook.secret": secret, **({"slack.url": slack} if slack else {})}
    settings = NoticeSettings(use=list(ways), params={"webhook": {"url": url}} if url else {})
    save_notices(world, admin, settings, secrets if url else {}, read_notices(world, admin).version)


def run(world, admin, notify=None):
    body = DefinitionBody(name="Some leads", object="Lead", criteria=[FEW], logic="", notify=notify)
    activity_id = run_activity(world, admin, save_definition(world, admin, body))
    assert carry_on(world, activity_id, admin.org_id).status == "Success"
    return activity_id


@pytest.fixture
def mails(simulated_org):
    """Tells how many mails have arrived since the test began; the org is shared with other tests."""

    def count():
        return len(requests.get(f"{simulated_org['control_url']}/mails", timeout=20).json())

    before = count()
    return lambda: count() - before


def make_due(world):
    """What waits to be tried again is due now."""
    with world.database.writing_all() as connection:
        connection.execute(update(outbox).where(outbox.c.sent_at.is_(None)).values(due_at=0.0))


def is_signed(headers, body):
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == f"v1,{mac}"


def test_the_end_of_an_activity_is_told_once_in_each_chosen_way(world, admin, receiver, mails):
    tell_by(world, admin, "smtp", "webhook", "slack", url=receiver.url, slack=f"http://{receiver.host}/slack")

    activity_id = run(world, admin)
    for _ in range(3):
        send_outbox(world)

    by_path = {path: (headers, json.loads(body), body) for path, headers, body in receiver.got}
    headers, event, body = by_path["/lsync"]
    assert sorted(path for path, *_ in receiver.got) == ["/lsync", "/slack"]
    assert mails() == 1
    assert is_signed(headers, body)
    assert (event["type"], event["data"]["activity"], event["data"]["status"]) == (
        "activity.ended",
        activity_id,
        "Success",
    )
    assert sum(event["data"]["counts"].values()) > 0
    assert f"c__activity={activity_id}|" in by_path["/slack"][1]["blocks"][0]["text"]["text"]


def test_a_webhook_whose_receiver_is_down_is_tried_again_with_the_same_id_and_the_mail_is_not(
    world, admin, receiver, mails
):
    tell_by(world, admin, "smtp", "webhook", url=receiver.url)
    receiver.answers = [503, 500]

    run(world, admin)
    for _ in range(4):
        make_due(world)
        send_outbox(world)

    tries = [headers for _, headers, _ in receiver.got]
    assert len(tries) == 3
    assert len({headers["webhook-id"] for headers in tries}) == 1
    assert {body for _, _, body in receiver.got} == {receiver.got[0][2]}
    assert mails() == 1
    assert [one.sent_at is not None for one in read_notices(world, admin).deliveries[:2]] == [True, True]


def test_after_a_refusal_for_good_nothing_is_sent_again_and_the_reason_is_shown(world, admin, receiver):
    tell_by(world, admin, "webhook", url=receiver.url)
    receiver.answers = [410]

    run(world, admin)
    for _ in range(3):
        send_outbox(world)

    newest = read_notices(world, admin).deliveries[0]
    assert len(receiver.got) == 1
    assert (newest.sent_at, newest.due_at, newest.error) == (
        None, None, "The webhook's receiver refused the notice with code 410.",
    )  # fmt: skip


def test_a_sender_that_dies_behind_the_sending_repeats_the_same_id(world, admin, receiver):
    tell_by(world, admin, "webhook", url=receiver.url)
    run(world, admin)

    with forgetting(world):
        send_outbox(world)
    make_due(world)
    send_outbox(world)

    assert len(receiver.got) == 2
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1


@contextmanager
def forgetting(world):
    """What is sent meanwhile is not known to be sent, as after a kill before the commit."""
    yield
    with world.database.writing_all() as connection:
        connection.execute(update(outbox).where(outbox.c.kind == "notice").values(sent_at=None))


@pytest.mark.parametrize(
    ("notify", "hooks", "mailed"), [([], 0, 0), (["webhook"], 1, 0), (["smtp"], 0, 1), (None, 1, 0)]
)
def test_a_definition_has_its_own_choice_and_may_be_mute(world, admin, receiver, mails, notify, hooks, mailed):
    tell_by(world, admin, "webhook", url=receiver.url)

    run(world, admin, notify)
    send_outbox(world)

    assert len(receiver.got) == hooks
    assert mails() == mailed


def test_an_activity_that_waits_for_somebody_says_so_each_time(world, admin, receiver):
    tell_by(world, admin, "webhook", url=receiver.url)
    script = Scripted()
    broken = with_provider(world, provider_of(script))
    script.reply = raise_fatal
    body = DefinitionBody(name="Some leads", object="Lead", criteria=[FEW], logic="")
    activity_id = run_activity(broken, admin, save_definition(broken, admin, body))

    for _ in range(2):
        assert carry_on(broken, activity_id, admin.org_id).status == "Paused"
        send_outbox(broken)
        activities.resume(broken, admin, activity_id)

    told = [json.loads(body) for _, _, body in receiver.got]
    assert [event["type"] for event in told] == ["activity.paused", "activity.paused"]
    assert "The key is wrong." in told[0]["data"]["reason"]
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 2


def raise_fatal(_call):
    raise FatalError("The key is wrong.")


def test_an_internal_address_is_refused_unless_the_operator_allows_it(world, admin, receiver):
    closed = replace(world, http=GuardedHttp(frozenset(), None))
    tell_by(closed, admin, "webhook", url=f"https://{receiver.host}/lsync")

    check = send_test_notice(closed, admin, "webhook")

    assert not check.ok
    assert "internal address" in check.sentence
    assert receiver.got == []


def test_a_test_notice_goes_out_at_once(world, admin, receiver):
    tell_by(world, admin, "webhook", url=receiver.url)

    check = send_test_notice(world, admin, "webhook")

    assert (check.ok, json.loads(receiver.got[0][2])["type"]) == (True, "activity.test")


def test_secrets_are_sealed_and_never_told(world, admin, receiver):
    slack = f"http://{receiver.host}/services/T0/B0/very-secret"
    tell_by(world, admin, "webhook", "slack", url=receiver.url, slack=slack)

    view = read_notices(world, admin)

    with world.database.reading(admin.org_id) as scope:
        stored = [bytes(blob) for blob in scope.run(scope.select(secret, secret.c.ciphertext)).scalars()]
        audited = repr(list_audit(scope, None, 50))
    assert view.secrets_set == {"webhook.secret", "slack.url"}
    assert SECRET not in repr(view) + audited
    assert "very-secret" not in repr(view) + audited
    assert not any(SECRET.encode() in blob or b"very-secret" in blob for blob in stored)


@pytest.mark.parametrize(
    ("given", "secrets", "problem"),
    [
        ({"use": ["pigeon"]}, {}, "use"),
        ({"use": ["webhook"]}, {}, "params.webhook.url"),
        ({"use": ["webhook"], "params": {"webhook": {"url": "ftp://x"}}}, {}, "params.webhook.url"),
        ({"use": ["webhook"], "params": {"webhook": {"url": "https://x"}}}, {}, "secrets.webhook.secret"),
        ({"use": [], "params": {"webhook": {"secret": SECRET}}}, {}, "params.webhook.secret"),
        ({"use": [], "params": {"smtp": {"sender": "x@y.example"}}}, {}, "params.smtp.sender"),
        ({"use": []}, {"webhook.nothing": "x"}, "secrets.webhook.nothing"),
        ({"use": []}, {"webhook.secret": "short"}, "secrets.webhook.secret"),
    ],
)
def test_what_is_wrong_is_said_by_its_place(world, admin, given, secrets, problem):
    with pytest.raises(InvalidParams) as refused:
        save_notices(world, admin, NoticeSettings(**given), secrets, None)

    assert problem in refused.value.problems


def test_a_definition_cannot_choose_a_way_that_does_not_exist(world, admin):
    body = DefinitionBody(name="Some leads", object="Lead", criteria=[FEW], logic="", notify=["pigeon"])

    with pytest.raises(InvalidParams) as refused:
        save_definition(world, admin, body)

    assert list(refused.value.problems) == ["notify"]


def test_the_choice_is_part_of_the_definition_as_it_was_saved(world, admin):
    body = DefinitionBody(name="Some leads", object="Lead", criteria=[FEW], logic="", notify=["webhook"])
    number = save_definition(world, admin, body)
    save_definition(world, admin, body.model_copy(update={"notify": None}), number, 1)

    assert read_definition(world, admin, number).notify is None
    assert read_definition(world, admin, number, 1).notify == ["webhook"]


def test_only_an_admin_sets_the_ways(world, admin, simulated_org):
    manager = actor_with(world, simulated_org, "LSync_Manager", "manager")

    with pytest.raises(NotAllowed):
        save_notices(world, manager, NoticeSettings(), {}, None)
    with pytest.raises(NotAllowed):
        send_test_notice(world, manager, "smtp")


class Broken(Notifier):
    """Breaks."""

    name = "broken"
    label = "Broken"
    api = 1

    def send(self, notice, http):
        raise KeyError("something of its own")


def test_a_notifier_that_breaks_stops_neither_the_clock_nor_the_others(world, admin, receiver):
    broken = replace(world, registry=replace(world.registry, notifiers={**world.registry.notifiers, "broken": Broken}))
    tell_by(broken, admin, "broken", "webhook", url=receiver.url)

    run(broken, admin)
    send_outbox(broken)

    errors = {one.way: one.error for one in read_notices(broken, admin).deliveries}
    assert errors["broken"] == "The notifier Broken failed (KeyError). Tell whoever maintains it."
    assert len(receiver.got) == 1


def test_a_notifier_reaches_nothing_of_the_org_but_the_action_that_sends_mail(world, admin):
    out = OrgMail(world.open_salesforce(admin.org_id, admin.username))

    for method, path in (("GET", "query?q=SELECT+Id+FROM+Lead"), ("POST", "/services/data/v67.0/composite")):
        with pytest.raises(FatalError, match="no other part of the org"):
            out.send(method, path, headers={}, body=None, timeout_s=1)
