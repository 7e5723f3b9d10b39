"""What comes with LSync to tell people: each way keeps the rules of all, and the promises of its own."""

import base64
import hashlib
import hmac
import json
from typing import ClassVar

import pytest

from lsync_flask.errors import FatalError, InvalidParams, RetryableError
from lsync_flask.notifiers.salesforce_mail import SalesforceMail
from lsync_flask.notifiers.slack import Slack
from lsync_flask.notifiers.smtp import Smtp
from lsync_flask.notifiers.webhook import Webhook
from lsync_flask.plugin_api import HttpReply, Notice, build
from lsync_flask.plugin_testing import NotifierTests

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = base64.b64encode(KEY).decode()
FACTS = {"event": "ended", "activity": 7, "status": "Success", "counts": {"written": 1200, "failed": 0}, "reason": ""}
NOTICE = Notice("org/activity/7/ended", ("ada@example.com",), "Leads: Success", "1,200 records.", "<p>…</p>", FACTS)


class Answering:
    """A way out that answers as told and keeps what was sent."""

    def __init__(self, status=200, body=b"ok", headers=None):
        self.reply = HttpReply(status, headers or {}, body)
        self.sent = []

    def send(self, method, url, *, headers, body, timeout_s):
        self.sent.append((method, url, dict(headers), body))
        return self.reply


class TestWebhook(NotifierTests):
    plugin = Webhook
    params: ClassVar = {"url": "https://hooks.example.com/lsync", "secret": SECRET}
    http = Answering()


class TestSlack(NotifierTests):
    plugin = Slack
    params: ClassVar = {"url": "https://hooks.slack.com/services/T0/B0/abcdef"}
    http = Answering()


class TestSalesforceMail(NotifierTests):
    plugin = SalesforceMail
    http = Answering(body=b'[{"isSuccess": true, "errors": null}]')


class TestSmtp(NotifierTests):
    plugin = Smtp
    params: ClassVar = {"url": "smtp://127.0.0.1:1", "sender": "lsync@example.com"}

    # Mail goes another way out; tests/worker send it through a real server.
    test_a_notice_is_delivered = None
    test_the_same_notice_again_can_be_told_as_a_repeat = None
    test_a_busy_receiver_is_tried_again_later = None
    test_a_refusal_is_an_error_without_secrets = None


def test_a_webhook_is_signed_over_its_id_its_time_and_its_body():
    http = Answering()

    build(Webhook, TestWebhook.params).send(NOTICE, http)

    (method, url, headers, body), *more = http.sent
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert (method, url, more) == ("POST", TestWebhook.params["url"], [])
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert json.loads(body)["type"] == "activity.ended"
    assert json.loads(body)["data"]["counts"] == {"written": 1200, "failed": 0}


@pytest.mark.parametrize(
    "secret", ["", "short", base64.b64encode(b"x" * 23).decode(), "not base64 at all, is it??????????????"]
)
def test_a_weak_signing_secret_is_refused_without_repeating_it(secret):
    with pytest.raises(InvalidParams) as refused:
        build(Webhook, {"url": "https://hooks.example.com", "secret": secret})

    assert list(refused.value.problems) == ["secret"]
    assert not secret or secret not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, FatalError), (410, FatalError), (301, FatalError), (404, RetryableError), (429, RetryableError), (503, RetryableError)],
)  # fmt: skip
@pytest.mark.parametrize("plugin", [TestWebhook, TestSlack])
def test_what_cannot_pass_is_never_tried_again_and_the_rest_is(plugin, status, error):
    with pytest.raises(error):
        build(plugin.plugin, plugin.params).send(NOTICE, Answering(status))


def test_a_receiver_says_when_to_come_again():
    with pytest.raises(RetryableError) as busy:
        build(Slack, TestSlack.params).send(NOTICE, Answering(429, headers={"retry-after": "120"}))

    assert busy.value.after_s == 120


def test_nothing_in_a_name_becomes_a_link_or_a_mention_in_slack():
    http = Answering()
    facts = {
        **FACTS,
        "reason": "<!channel> & <https://evil.example|click>",
        "link": "https://lsync.example/activities/7",
    }

    build(Slack, TestSlack.params).send(Notice("k", (), "<!here> Leads", "", "", facts), http)

    text = json.loads(http.sent[0][3])["blocks"][0]["text"]["text"]
    assert "<!" not in text
    assert "<https://evil" not in text
    assert text.endswith("<https://lsync.example/activities/7|Open the activity>")
    assert "written: 1,200" in text


def test_salesforce_is_asked_in_groups_of_as_many_recipients_as_it_takes():
    http = Answering(body=b'[{"isSuccess": true}, {"isSuccess": true}]')
    everybody = tuple(f"person{number}@example.com" for number in range(7))

    build(SalesforceMail, {"sender": "lsync@example.com"}).send(Notice("k", everybody, "S", "T", "", {}), http)

    method, path, _, body = http.sent[0]
    inputs = json.loads(body)["inputs"]
    assert (method, path) == ("POST", "actions/standard/emailSimple")
    assert [len(one["emailAddresses"].split(",")) for one in inputs] == [5, 2]
    assert {one["senderAddress"] for one in inputs} == {"lsync@example.com"}


@pytest.mark.parametrize(
    "answer", [b'[{"isSuccess": false, "errors": [{"message": "No access"}]}]', b"[]", b"{}", b"not json", b'[{"isSuccess": false}]']
)  # fmt: skip
def test_a_mail_that_salesforce_does_not_send_is_no_delivery(answer):
    with pytest.raises(FatalError) as refused:
        build(SalesforceMail, {}).send(NOTICE, Answering(body=answer))

    assert b"isSuccess" not in answer or "Deliverability" in str(refused.value)
