"""A message into a Slack channel, by an incoming webhook."""

import json
from typing import ClassVar

from lsync_flask.notifiers.replies import TIMEOUT_S, check_reply
from lsync_flask.plugin_api import Field, Http, Notice, Notifier, SecretStr, field_validator

LONGEST = 2_900
"""A section takes 3,000 characters."""
LONGEST_ID = 255


class Slack(Notifier):
    """Writes into the Slack channel of an incoming webhook; services that take the same form work too.

    Slack cannot tell repeats: if a worker dies just behind the sending, the message comes twice.
    """

    name: ClassVar[str] = "slack"
    label: ClassVar[str] = "Slack"
    api: ClassVar[int] = 1

    url: SecretStr = Field(
        title="Webhook address",
        description="From Slack's “Incoming Webhooks”: https://hooks.slack.com/services/…; who has it can write there.",
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("The address starts with https://.")
        return url

    def send(self, notice: Notice, http: Http) -> None:
        text = _write(notice)
        section = {"type": "section", "block_id": notice.key[:LONGEST_ID], "text": {"type": "mrkdwn", "text": text}}
        body = json.dumps({"text": _escape(notice.subject) or "LSync", "blocks": [section]}).encode()
        headers = {"Content-Type": "application/json"}
        reply = http.send("POST", self.url.get_secret_value(), headers=headers, body=body, timeout_s=TIMEOUT_S)
        check_reply(reply, "Slack")


def _write(notice: Notice) -> str:
    """The message in Slack's own markup; nothing in it can be a link or a mention but LSync's own."""
    link = str(notice.facts.get("link", ""))
    lines = [f"*{_escape(notice.subject)}*", *_facts(notice)]
    whole = "\n".join(lines)[:LONGEST]
    return f"{whole}\n<{_escape(link)}|Open the activity>" if link else whole


def _facts(notice: Notice) -> list[str]:
    counts = notice.facts.get("counts", {})
    lines = [f"{fate.replace('_', ' ')}: {number:,}" for fate, number in counts.items() if number]
    reason = str(notice.facts.get("reason", ""))
    return [_escape(line) for line in (", ".join(lines), reason) if line] or [_escape(notice.text)]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
