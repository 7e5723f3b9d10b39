"""Errors of the API: application/problem+json with title, detail, and errors by field."""

import uuid
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from lsync_flask.door import CSRFError, status_of
from lsync_flask.engine.filter_logic import FilterLogicError
from lsync_flask.errors import InvalidParams, LsyncError
from lsync_flask.services.run_activity import OverLimit

log = structlog.get_logger(__name__)


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    answer = jsonify({"title": title, "status": status, "detail": detail, **more})
    answer.status_code = status
    answer.mimetype = "application/problem+json"
    return answer


def handle_problems(blueprint: Blueprint) -> None:
    """Answer every error of these views as a problem."""
    blueprint.register_error_handler(LsyncError, _known)
    blueprint.register_error_handler(ValidationError, _invalid)
    blueprint.register_error_handler(CSRFError, _forged)
    blueprint.register_error_handler(HTTPException, _http)
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
    return problem(status, title, error.sentence, **more)


def _invalid(error: ValidationError) -> Response:
    errors = {".".join(str(part) for part in one["loc"]): f"{one['msg']}." for one in error.errors()}
    return problem(422, "Something must be corrected", "The body does not have the expected form.", errors=errors)


def _forged(_error: CSRFError) -> Response:
    return problem(
        403, "Refused", "A change by cookie needs the page's CSRF token; scripts send the session as bearer."
    )


def _http(error: HTTPException) -> Response:
    return problem(error.code or 500, error.name, str(error.description))


def _unknown(error: Exception) -> Response:
    number = uuid.uuid4().hex[:12]
    log.error("unexpected error", number=number, exc_info=error)
    return problem(500, "Something went wrong", f"Tell your admin this number: {number}.")
