"""`/actions/standard/emailSimple`: a mail sent by the org itself, if its deliverability allows it."""

from email.message import EmailMessage
from typing import Any

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal
from lsync_flask.simulator.http import Call, answer_json, read_object

__all__ = ["email_simple", "email_simple_help", "list_actions", "list_standard"]

_NAME = "emailSimple"
_MOST_INPUTS, _MOST_RECIPIENTS = 200, 150
_NOT_ENABLED = (
    "Single email is not enabled for your organization or profile. Single email must be enabled for you to use this "
    "action."
)
_INPUTS = (
    ("emailAddresses", "Email Addresses (comma-separated)", False),
    ("emailSubject", "Subject", True),
    ("emailBody", "Body", True),
    ("senderType", "Sender Type", False),
    ("senderAddress", "Sender Email Address", False),
)


def list_actions(call: Call) -> Response:
    return answer_json({"standard": f"/services/data/v{call.version}/actions/standard"})


def list_standard(call: Call) -> Response:
    url = f"/services/data/v{call.version}/actions/standard/{_NAME}"
    return answer_json({"actions": [{"label": "Send Email", "name": _NAME, "type": "EMAILSIMPLE", "url": url}]})


def email_simple_help(call: Call) -> Response:
    """The inputs of the action, which are the same for everybody."""
    del call
    inputs = [
        {"byteLength": 0, "description": label, "label": label, "name": name, "required": needed, "type": "STRING"}
        for name, label, needed in _INPUTS
    ]
    told = {"description": "Send an email", "inputs": inputs, "label": "Send Email", "name": _NAME, "outputs": []}
    return answer_json({**told, "standard": True, "targetEntityName": None, "type": "EMAILSIMPLE"})


def email_simple(call: Call) -> Response:
    """Send a mail for each input; 400 when one of them fails, as for every action."""
    inputs = read_object(call.request).get("inputs")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(one, dict) for one in inputs):
        raise ApiRefusal(400, "JSON_PARSER_ERROR", "inputs is required and must be an array of objects")
    if len(inputs) > _MOST_INPUTS:
        raise ApiRefusal(400, "LIMIT_EXCEEDED", f"At most {_MOST_INPUTS} inputs go in one call")
    told = [_answer(_send(call, one)) for one in inputs]
    return answer_json(told, 200 if all(one["isSuccess"] for one in told) else 400)


def _answer(error: tuple[str, str] | None) -> dict[str, Any]:
    errors = None if error is None else [{"statusCode": error[0], "message": error[1], "fields": []}]
    return {"actionName": _NAME, "errors": errors, "isSuccess": error is None, "outputValues": None}


def _send(call: Call, one: dict[str, Any]) -> tuple[str, str] | None:
    """Send it; the code and the sentence of what is wrong, or None."""
    to = [part.strip() for part in str(one.get("emailAddresses") or "").split(",") if part.strip()]
    missing = [name for name, _, needed in _INPUTS if needed and not one.get(name)]
    if missing or not to:
        names = ", ".join(missing or ["emailAddresses"])
        return "REQUIRED_FIELD_MISSING", f"Missing required input parameter: {names}"
    bad = next((address for address in to if not _is_address(address)), None)
    if bad is not None:
        return "INVALID_EMAIL_ADDRESS", f"Invalid email address: {bad}"
    if len(to) > _MOST_RECIPIENTS:
        return "LIMIT_EXCEEDED", f"The number of recipients must be {_MOST_RECIPIENTS} or fewer"
    if call.org.deliverability != "all":
        return "NO_MASS_MAIL_PERMISSION", _NOT_ENABLED
    call.org.send_mail(call.user.username, to, _message(call, one, to))
    return None


def _is_address(text: str) -> bool:
    name, _, domain = text.partition("@")
    return bool(name) and "." in domain and not any(letter.isspace() or letter == "@" for letter in name + domain)


def _message(call: Call, one: dict[str, Any], to: list[str]) -> bytes:
    message = EmailMessage()
    message["From"] = call.user.username
    message["To"] = ", ".join(to)
    message["Subject"] = " ".join(str(one["emailSubject"]).split())
    message.set_content(str(one["emailBody"]))
    return message.as_bytes()
