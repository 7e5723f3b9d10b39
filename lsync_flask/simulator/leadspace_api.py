"""The enrichment gateway (v4) over HTTP: one record at once, bulks by polling, keys and day tokens."""

import json
import secrets
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Blueprint, Response, jsonify, request

from lsync_flask.simulator.leadspace_bulks import Bulk, Gateway, GatewayRefused
from lsync_flask.simulator.oauth import read_bearer

__all__ = ["create_leadspace"]

MOST_RECORDS = 500
_RESULTS = "/v3/enrichment/results/"
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
View = Callable[..., Response]


def create_leadspace(gateway: Gateway) -> Blueprint:
    """`/oauth/authorize`, `/enrichment/enrich/single` and `/bulk`, `/v3/enrichment/results/<id>`."""
    pages = Blueprint("leadspace", __name__)
    pages.register_error_handler(GatewayRefused, lambda error: _tell_refused(gateway, error))

    @pages.post("/oauth/authorize")
    def authorize() -> Response:
        body = _read_body()
        given = (str(body.get("user", "")), str(body.get("pass", "")))
        if body.get("audience") != "API_GATEWAY" or not secrets.compare_digest(given[1], gateway.settings.key):
            raise GatewayRefused(401, "Unauthorized", "Invalid credentials")
        if given[0] != gateway.settings.program:
            raise GatewayRefused(403, "Forbidden", "Unknown program")
        return jsonify(gateway.open_token())

    @pages.put("/oauth/authorize")
    def renew() -> Response:
        return jsonify(gateway.renew_token(str(_read_body().get("refreshToken", ""))))

    pages.add_url_rule("/enrichment/enrich/single", "single", _guarded(gateway, _single), methods=["POST"])
    pages.add_url_rule("/enrichment/enrich/bulk", "bulk", _guarded(gateway, _bulk), methods=["POST"])
    pages.add_url_rule(f"{_RESULTS}<bulk_id>", "results", _guarded(gateway, _results), methods=["GET"])
    return pages


def _guarded(gateway: Gateway, view: View) -> View:
    def guarded(**names: str) -> Response:
        if not gateway.knows(read_bearer(request.headers.get("Authorization"))):
            raise GatewayRefused(401, "Unauthorized", "Invalid or missing token")
        gateway.count_call()
        return view(gateway, **names)

    return guarded


def _single(gateway: Gateway) -> Response:
    return jsonify(gateway.enrich(_read_body()))


def _bulk(gateway: Gateway) -> Response:
    body = _read_body()
    records = body.get("data")
    if not isinstance(records, list) or not records or not all(isinstance(one, dict) for one in records):
        raise GatewayRefused(400, "Bad Request", "data must be a list of records, and not empty")
    if len(records) > MOST_RECORDS:
        raise GatewayRefused(400, "Bad Request", f"data must hold at most {MOST_RECORDS} records")
    callback = _read_callback(body.get("callbackUrl"))
    bulk = gateway.take_bulk(records, body.get("external_bulk_id"))
    if callback:
        _call_back_later(gateway, bulk, callback)
    response = jsonify({"id": _RESULTS + bulk.id})
    response.status_code = 202
    return response


def _results(gateway: Gateway, bulk_id: str) -> Response:
    bulk = gateway.find_bulk(bulk_id)
    if bulk is None:
        raise GatewayRefused(404, "Not Found", "There is no such bulk")
    if gateway.now() < bulk.ready_at:
        return Response(status=204)
    return jsonify(bulk.spell())


def _read_body() -> dict[str, Any]:
    if not request.is_json:
        raise GatewayRefused(415, "Unsupported Media Type", "Content-Type must be application/json")
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise GatewayRefused(400, "Bad Request", "The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise GatewayRefused(400, "Bad Request", "The body must be a JSON object")
    return body


def _read_callback(url: Any) -> str | None:
    """The address to call back; None without one. A local service calls this machine only."""
    if url is None:
        return None
    if not isinstance(url, str) or urlsplit(url).hostname not in _LOOPBACK:
        raise GatewayRefused(400, "Bad Request", "callbackUrl must be an address of this machine")
    return url


def _call_back_later(gateway: Gateway, bulk: Bulk, url: str) -> None:
    polling_url = request.host_url.rstrip("/") + _RESULTS + bulk.id

    def call_back() -> None:
        try:
            requests.post(url, json=bulk.spell_callback(url, polling_url), timeout=5)
        except requests.RequestException:
            # A callback is a hint: whoever misses it polls.
            return

    timer = threading.Timer(gateway.settings.bulk_ms / 1000, call_back)
    timer.daemon = True
    timer.start()


def _tell_refused(gateway: Gateway, error: GatewayRefused) -> tuple[Response, int]:
    envelope = {
        "error": error.error,
        "tracking_id": secrets.token_hex(8),
        "request_timestamp": gateway.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "details": error.details,
    }
    return jsonify(envelope), error.status
