"""The enrichment service's address: the synchronous service and the gateway (v4), for the same companies."""

import logging
from collections.abc import Callable

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from lsync_flask.simulator.enrichment import ServiceSettings, create_enrichment
from lsync_flask.simulator.faults import Faults
from lsync_flask.simulator.leadspace_api import create_leadspace
from lsync_flask.simulator.leadspace_bulks import Gateway

__all__ = ["create_provider"]

log = logging.getLogger(__name__)


def create_provider(settings: ServiceSettings, gateway: Gateway, faults: Callable[[], Faults]) -> Flask:
    """The services as a WSGI app; `faults` gives those that hold now."""
    site = Flask(__name__, static_folder=None)
    site.before_request(lambda: faults().before(request))
    site.after_request(lambda response: faults().after(request, response))
    site.register_blueprint(create_enrichment(settings, gateway.matcher, gateway.charges))
    site.register_blueprint(create_leadspace(gateway))
    site.register_error_handler(HTTPException, _tell_http)
    return site


def _tell_http(error: HTTPException) -> tuple[Response, int]:
    log.warning("not served by the local enrichment service: %s %s", request.method, request.path)
    if error.code == 404:  # noqa: PLR2004
        return jsonify({"error": {"code": "NOT_FOUND", "message": "There is nothing at this address."}}), 404
    return jsonify({"error": {"code": "BAD_REQUEST", "message": error.description}}), error.code or 500
