"""Errors that a fault plan answers with, each in the form of whoever would have answered."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Response

from lsync_flask.simulator.plans import FaultRule

__all__ = ["PAGE", "answer_error"]

PAGE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>"
_JSON = "application/json;charset=UTF-8"
_ERRORS: Mapping[str, tuple[int, str, str]] = {
    "401": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    "403": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "429": (429, "TOO_MANY_REQUESTS", "Too many requests"),
    "500": (
        500,
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support: 0",
    ),
    "502": (502, "SERVER_UNAVAILABLE", "Bad gateway"),
    "503": (503, "SERVER_UNAVAILABLE", "Server temporarily unavailable"),
    "stale-locator": (400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
    "error": (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
}
_NO_CREDITS = "The program has no credits left"


def answer_error(rule: FaultRule, path: str) -> Response:
    """The answer of that rule to a request of `path`, which tells who is asked."""
    if rule.action == "html":
        response = Response(PAGE, rule.options.get("status", 503), content_type="text/html")
    else:
        response = _told(rule, path)
    if "retry_after" in rule.options:
        response.headers["Retry-After"] = str(rule.options["retry_after"])
    return response


def _told(rule: FaultRule, path: str) -> Response:
    form = next((spell for start, spell in _FORMS if path.startswith(start)), _spell_gateway)
    if rule.action == "out-of-credits":
        status, code = (402, "OUT_OF_CREDITS") if form is _spell_service else (427, "Insufficient Credits")
        message = _NO_CREDITS
    else:
        status, code, message = _ERRORS[rule.action]
    said = {"code": code, "message": message} | dict(rule.options)
    body = orjson.dumps(form(said["code"], said["message"]))
    return Response(body, said.get("status", status), content_type=_JSON)


def _spell_org(code: str, message: str) -> Any:
    return [{"message": message, "errorCode": code}]


def _spell_oauth(code: str, message: str) -> Any:
    return {"error": code.lower(), "error_description": message}


def _spell_service(code: str, message: str) -> Any:
    return {"error": {"code": code, "message": message}}


def _spell_gateway(code: str, message: str) -> Any:
    return {"error": code, "tracking_id": secrets.token_hex(8), "request_timestamp": None, "details": message}


_FORMS: tuple[tuple[str, Callable[[str, str], Any]], ...] = (
    ("/services/oauth2", _spell_oauth),
    ("/services", _spell_org),
    ("/v1/", _spell_service),
)
