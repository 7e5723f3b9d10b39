"""Errors of the API: application/problem+json with title, detail, and errors by field."""

import math
import uuid
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from lsync_flask.door import CSRFError, status_of
from lsync_flask.engine.filter_logic import FilterLogicError
from lsync_flask.errors import InvalidParams, LsyncError, RetryableError
from lsync_flask.services.run_activity import OverLimit

ROOT = "/api/"
UNAUTHORISED = 401

log = structlog.get_logger(__name__)


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    answer = jsonify({"title": title, "status": status, "detail": detail, **more})
    answer.status_code = status
    answer.mimetype = "application/problem+json"
    return answer


def handle_problems(blueprint: Blueprint) -> None:
    """Answer every error of these views as a problem."""
    blueprint.register_error_handler(LsyncError, _known)
    blueprint.register_error_handler(CSRFError, _forged)
    blueprint.register_error_handler(HTTPException, http_problem)
    blueprint.register_error_handler(Exception, _unknown)


def _known(error: LsyncError) -> Response:
    status, title = status_of(error)
    more: dict[str, Any] = {}
    if isinstance(error, InvalidParams):
        more["errors"] = error.problems
    if isinstance(error, FilterLogicError):
        more["positions"] = [
            {"position": one.position, "length": one.length, "text": one.text} for one in error.positions
        ]
    if isinstance(error, OverLimit):
        more.update(count=error.count, maximum=error.maximum)
    answer = problem(status, title, error.sentence, **more)
    if status == UNAUTHORISED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="LSync"'
    if isinstance(error, RetryableError) and error.after_s is not None:
        answer.headers["Retry-After"] = str(math.ceil(error.after_s))
    return answer


def _forged(_error: CSRFError) -> Response:
    return problem(
        403, "Refused", "A change by cookie needs the page's CSRF token; scripts send the session as bearer."
    )


def is_of_api() -> bool:
    """Is this request for the API, whatever became of it?"""
    return request.path.startswith(ROOT)


def http_problem(error: HTTPException) -> Response:
    """What Flask itself refuses: no such address or method, a body that is none or too large."""
    status = error.code or 500
    answer = problem(status, error.name, _PLAIN.get(status) or str(error.description))
    if isinstance(error, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return answer


_PLAIN = {
    404: "There is no such address; see /api/v1/openapi.json.",
    405: "This address does not take this method; see the Allow header.",
    413: "The body is larger than 1 MB.",
}


def _unknown(error: Exception) -> Response:
    number = uuid.uuid4().hex[:12]
    log.error("unexpected error", number=number, exc_info=error)
    return problem(500, "Something went wrong", f"Tell your admin this number: {number}.")
