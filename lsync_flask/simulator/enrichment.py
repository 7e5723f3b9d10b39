"""A small enrichment service: JSON in, JSON out at once, paid once for each idempotency key and record."""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, jsonify, request

from lsync_flask.simulator.charges import ChargeLedger
from lsync_flask.simulator.matching import Match, Matcher
from lsync_flask.simulator.oauth import read_bearer

MOST_RECORDS = 100


@dataclass(slots=True)
class ServiceSettings:
    """How the service behaves; the control address may change it while it runs."""

    key: str
    latency_ms: int = 0


class BadRequest(Exception):
    """The request cannot be served as it is."""


def create_enrichment(settings: ServiceSettings, matcher: Matcher, ledger: ChargeLedger) -> Flask:
    """The service as a WSGI app: `POST /v1/enrich` and nothing else."""
    app = Flask(__name__, static_folder=None)

    @app.post("/v1/enrich")
    def enrich() -> Response | tuple[Response, int]:
        if not hmac.compare_digest(read_bearer(request.headers.get("Authorization")).encode(), settings.key.encode()):
            return _error(401, "UNAUTHORIZED", "The API key is missing or wrong.")
        try:
            records = _read_records(request.get_json(silent=True))
        except BadRequest as error:
            return _error(400, "BAD_REQUEST", str(error))
        time.sleep(settings.latency_ms / 1000)
        key = request.headers.get("Idempotency-Key", "")
        answers = [_answer(record, key, matcher, ledger) for record in records]
        return jsonify({"results": answers, "credits": sum(answer["credits"] for answer in answers)})

    @app.errorhandler(404)
    def not_found(_: Exception) -> tuple[Response, int]:
        return _error(404, "NOT_FOUND", "There is nothing at this address.")

    return app


def _error(status: int, code: str, message: str) -> tuple[Response, int]:
    return jsonify({"error": {"code": code, "message": message}}), status


def _read_records(body: Any) -> list[dict[str, str]]:
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not records:
        raise BadRequest('The body must be {"records": [...]} with at least one record.')
    if len(records) > MOST_RECORDS:
        raise BadRequest(f"A call takes at most {MOST_RECORDS} records, and this one has {len(records)}.")
    return [_read_record(record, place) for place, record in enumerate(records)]


def _read_record(record: Any, place: int) -> dict[str, str]:
    if not isinstance(record, dict) or not isinstance(record.get("key"), str) or not record["key"]:
        raise BadRequest(f"Record {place} has no key.")
    for name in ("company", "website", "email"):
        if not isinstance(record.get(name, ""), str | None):
            raise BadRequest(f"Record {place}: {name} must be a text.")
    return {name: record.get(name) or "" for name in ("key", "company", "website", "email")}


def _answer(record: Mapping[str, str], key: str, matcher: Matcher, ledger: ChargeLedger) -> dict[str, Any]:
    match = matcher.find(company=record["company"], website=record["website"], email=record["email"])
    paid = ledger.charge(record["key"], key, matched=match is not None)
    return {
        "key": record["key"],
        "matched": match is not None,
        "confidence": match.confidence if match else None,
        "values": _values(match) if match else {},
        "credits": paid,
    }


def _values(match: Match) -> dict[str, Any]:
    company = match.company
    values = {
        "name": company.name,
        "industry": company.industry,
        "employees": company.employees,
        "revenue_usd": company.revenue,
        "city": company.city,
        "state": company.state,
        "country": company.country,
        "website": company.website,
        "founded": company.founded,
        "ticker": company.ticker,
    }
    return {name: value for name, value in values.items() if value is not None}
