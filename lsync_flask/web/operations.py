"""For whoever runs LSync: does it live, is it ready, and how does it stand. No page, and nothing of any record."""

import hmac

from flask import Blueprint, Response, abort, jsonify, request

from lsync_flask import doorbell
from lsync_flask.door import resources
from lsync_flask.errors import LsyncError
from lsync_flask.services.metrics import metrics_text
from lsync_flask.services.resources import Resources
from lsync_flask.wiring import connect_redis

operations = Blueprint("operations", __name__)
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@operations.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@operations.get("/readyz")
def readyz() -> tuple[Response, int]:
    found = resources()
    parts = {"database": _database_answers(found), "redis": doorbell.is_up(connect_redis(found.settings))}
    return jsonify(parts), 200 if all(parts.values()) else 503


@operations.get("/metrics")
def metrics() -> Response:
    """Only with the token that the operator has set; without one there is no such address."""
    found = resources()
    token = found.settings.metrics_token.get_secret_value()
    if not token:
        abort(404)
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return Response(
            "Send the token of LSYNC_METRICS_TOKEN as Authorization: Bearer …\n", 401, mimetype="text/plain"
        )
    return Response(metrics_text(found, connect_redis(found.settings)), content_type=METRICS_TYPE)


def _database_answers(found: Resources) -> bool:
    try:
        with found.database.reading_all() as connection:
            connection.exec_driver_sql("SELECT 1")
    except LsyncError:
        return False
    return True
