"""A synchronous enrichment service: JSON in, JSON out at once, paid once for each idempotency key."""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Blueprint, Response, jsonify, request

from lsync_flask.simulator.charges import ChargeLedger
from lsync_flask.simulator.matching import Match, Matcher
from lsync_flask.simulator.oauth import read_bearer
from lsync_flask.simulator.rates import Window
from lsync_flask.simulator.repeats import KeyReused, Repeats

__all__ = ["ServiceSettings", "create_enrichment"]

_LONGEST_KEY = 255


@dataclass(slots=True)
class ServiceSettings:
    """How the service behaves; the control address may change it while it runs. `calls_per_s` None is without limit."""

    key: str
    program: str = "LSYNC-LOCAL"
    latency_ms: int = 0
    records_per_call: int = 100
    calls_per_s: int | None = None


class ServiceRefused(Exception):
    """A call that is answered by an error; `retry_after_s` where a later one may be served."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after_s = status, code, retry_after_s


def create_enrichment(settings: ServiceSettings, matcher: Matcher, ledger: ChargeLedger) -> Blueprint:
    """`POST /v1/enrich` and `GET /v1/account`."""
    pages = Blueprint("enrichment", __name__)
    repeats, window = Repeats(), Window()

    @pages.post("/v1/enrich")
    def enrich() -> Response:
        _admit(settings, window)
        body, key = request.get_json(silent=True), _read_key()
        records = _read_records(body, settings.records_per_call)

        def work() -> bytes:
            if not ledger.has_credits():
                raise ServiceRefused(402, "OUT_OF_CREDITS", "The program has no credits left.")
            time.sleep(settings.latency_ms / 1000)
            answers = [_answer(record, key, matcher, ledger) for record in records]
            return orjson.dumps({"results": answers, "credits": sum(answer["credits"] for answer in answers)})

        if not key:
            return Response(work(), content_type="application/json")
        answer, again = repeats.once(key, orjson.dumps(body, option=orjson.OPT_SORT_KEYS), work)
        headers = {"Idempotent-Replayed": "true"} if again else {}
        return Response(answer, content_type="application/json", headers=headers)

    @pages.get("/v1/account")
    def account() -> Response:
        _admit(settings, window)
        told = {
            "program": settings.program,
            "credits_left": ledger.credits_left,
            "records_per_call": settings.records_per_call,
            "calls_per_s": settings.calls_per_s,
        }
        return jsonify(told)

    pages.register_error_handler(ServiceRefused, _tell_refused)
    pages.register_error_handler(KeyReused, lambda _: _tell_refused(_REUSED))
    return pages


_REUSED = ServiceRefused(422, "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key came with another body before.")


def _admit(settings: ServiceSettings, window: Window) -> None:
    if not hmac.compare_digest(read_bearer(request.headers.get("Authorization")).encode(), settings.key.encode()):
        raise ServiceRefused(401, "UNAUTHORIZED", "The API key is missing or wrong.")
    if not window.takes(settings.calls_per_s):
        raise ServiceRefused(429, "RATE_LIMITED", f"At most {settings.calls_per_s} calls a second.", retry_after_s=1)


def _tell_refused(error: ServiceRefused) -> Response:
    response = jsonify({"error": {"code": error.code, "message": str(error)}})
    response.status_code = error.status
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _bad(message: str) -> ServiceRefused:
    return ServiceRefused(400, "BAD_REQUEST", message)


def _read_key() -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > _LONGEST_KEY:
        raise _bad(f"An Idempotency-Key has at most {_LONGEST_KEY} characters.")
    return key


def _read_records(body: Any, most: int) -> list[dict[str, str]]:
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not records:
        raise _bad('The body must be {"records": [...]} with at least one record.')
    if len(records) > most:
        raise _bad(f"A call takes at most {most} records, and this one has {len(records)}.")
    return [_read_record(record, place) for place, record in enumerate(records)]


def _read_record(record: Any, place: int) -> dict[str, str]:
    if not isinstance(record, dict) or not isinstance(record.get("key"), str) or not record["key"]:
        raise _bad(f"Record {place} has no key.")
    for name in ("company", "website", "email"):
        if not isinstance(record.get(name, ""), str | None):
            raise _bad(f"Record {place}: {name} must be a text.")
    return {name: record.get(name) or "" for name in ("key", "company", "website", "email")}


def _answer(record: Mapping[str, str], key: str, matcher: Matcher, ledger: ChargeLedger) -> dict[str, Any]:
    if not ledger.has_credits():
        error = {"code": "OUT_OF_CREDITS", "message": "The credits ran out before this record."}
        return _spell_answer(record, None, 0) | {"error": error}
    match = matcher.find(company=record["company"], website=record["website"], email=record["email"])
    return _spell_answer(record, match, ledger.charge(record["key"], key, matched=match is not None))


def _spell_answer(record: Mapping[str, str], match: Match | None, paid: int) -> dict[str, Any]:
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
