"""A signed POST to an address of the org's own."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import ClassVar

from lsync_flask.notifiers.replies import TIMEOUT_S, check_reply
from lsync_flask.plugin_api import Field, Http, Notice, Notifier, SecretStr, field_validator

FEWEST_BYTES = 24
MOST_BYTES = 64
PREFIX = "whsec_"


class Webhook(Notifier):
    """Posts what happened as JSON to an address of yours, signed, so that the receiver knows who sent it and when.

    Signed as Standard Webhooks (www.standardwebhooks.com) says: HMAC-SHA256 of id, time and body. The same notice keeps
    its id when it is sent again.
    """

    name: ClassVar[str] = "webhook"
    label: ClassVar[str] = "Webhook"
    api: ClassVar[int] = 1

    url: str = Field(
        title="Address", description="Starts with https://. Internal addresses are refused.", pattern="^https?://.",
        max_length=2_000,
    )  # fmt: skip
    secret: SecretStr = Field(
        title="Signing secret",
        description="24 to 64 random bytes in base64, as “openssl rand -base64 32” prints; whsec_ may stand before it.",
    )

    @field_validator("secret")
    @classmethod
    def _check_secret(cls, secret: SecretStr) -> SecretStr:
        _key_of(secret.get_secret_value())
        return secret

    def send(self, notice: Notice, http: Http) -> None:
        body = json.dumps(_event_of(notice), sort_keys=True).encode()
        key = _key_of(self.secret.get_secret_value())
        headers = {"Content-Type": "application/json", **sign(key, message_id(notice.key), int(time.time()), body)}
        reply = http.send("POST", self.url, headers=headers, body=body, timeout_s=TIMEOUT_S)
        check_reply(reply, "The webhook's receiver")


def message_id(key: str) -> str:
    """The id of a notice, the same for every try; letters and digits whatever its key is."""
    return f"msg_{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def sign(key: bytes, identifier: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers by which a receiver tells who sent the body, and when."""
    signed = hmac.digest(key, f"{identifier}.{at_s}.".encode() + body, "sha256")
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def _event_of(notice: Notice) -> dict[str, object]:
    facts = {"subject": notice.subject, **notice.facts}
    return {
        "type": f"activity.{facts.get('event', 'notice')}",
        "timestamp": facts.get("at", ""),
        "key": notice.key,
        "data": facts,
    }


def _key_of(secret: str) -> bytes:
    """The bytes of the secret.

    Raises:
        ValueError: it is too short or not base64; the text does not repeat it.
    """
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(
            f"The secret must be {FEWEST_BYTES} to {MOST_BYTES} bytes in base64, as “openssl rand -base64 32” prints."
        )
    return key
