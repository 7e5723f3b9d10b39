"""Mail by Salesforce itself: the standard action emailSimple, so that the org's deliverability and limits hold."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from lsync_flask.notifiers.replies import TIMEOUT_S, check_reply
from lsync_flask.plugin_api import FatalError, Field, Http, Notice, Notifier

PATH = "actions/standard/emailSimple"
"""The only path of the org that a notifier can reach."""
AT_ONCE = 5
"""As many recipients does one e-mail of the action take (Actions guide, "Send Email")."""
DELIVERABILITY = "In Salesforce: Setup, Email, Deliverability, set Access level to “All email”."


class SalesforceMail(Notifier):
    """Has Salesforce send the mail, as the activity's owner: nothing is needed but the org's deliverability.

    Salesforce cannot tell repeats: if a worker dies just behind the sending, the mail comes twice, with the same
    reference at its end.
    """

    name: ClassVar[str] = "salesforce"
    label: ClassVar[str] = "E-mail (Salesforce)"
    api: ClassVar[int] = 1

    sender: str = Field(
        "",
        title="Sent from",
        description="An organization-wide address that is verified in Salesforce; empty: the owner's own.",
        max_length=254,
    )

    def send(self, notice: Notice, http: Http) -> None:
        if not notice.to:
            raise FatalError("No mail was sent: there is nobody to send it to.")
        groups = [notice.to[place : place + AT_ONCE] for place in range(0, len(notice.to), AT_ONCE)]
        body = json.dumps({"inputs": [self._input(notice, group) for group in groups]}).encode()
        headers = {"Content-Type": "application/json"}
        reply = http.send("POST", PATH, headers=headers, body=body, timeout_s=TIMEOUT_S)
        check_reply(reply, "Salesforce")
        _check_results(reply.body)

    def _input(self, notice: Notice, recipients: Sequence[str]) -> dict[str, str]:
        mail = {
            "emailAddresses": ",".join(recipients),
            "emailSubject": " ".join(notice.subject.split()) or "LSync",
            "emailBody": f"{notice.text}\n\nReference: {notice.key}",
        }
        own = {"senderType": "OrgWideEmailAddress", "senderAddress": self.sender} if self.sender else {}
        return {**mail, **own}


def _check_results(body: bytes) -> None:
    try:
        results: Any = json.loads(body)
    except ValueError:
        results = None
    if not isinstance(results, list) or not results or not all(isinstance(one, dict) for one in results):
        raise FatalError("Salesforce's answer to the mail cannot be read.")
    refused = next((one for one in results if not one.get("isSuccess")), None)
    if refused is not None:
        raise FatalError(f"Salesforce sent no mail: {_reason(refused)} {DELIVERABILITY}")


def _reason(result: dict[str, Any]) -> str:
    errors = result.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return str(first.get("message") or "it gives no reason.")[:200]
