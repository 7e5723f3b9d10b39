"""`/composite` and `/composite/batch`: several requests in one call (`salesforce.md` §4.4)."""

import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Request, Response
from werkzeug.test import EnvironBuilder

from lsync_flask.simulator.api_errors import ApiRefusal
from lsync_flask.simulator.http import Call, answer_json, read_object

__all__ = ["Serve", "batch", "composite"]

Serve = Callable[[Call, Request], Response]
"""Answers a request that stands inside another one, which is no API call of its own."""

_ROOT = "/services/data/"
_MOST = 25
_MOST_QUERIES = 5
_HEAVY = re.compile(r"/services/data/v\d\d\.0/(?:query|queryAll|composite/sobjects)(?:[/?]|$)", re.IGNORECASE)
_REFERENCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"@\{(?P<ref>[A-Za-z0-9_]+)(?P<path>(?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_UNDONE = "The transaction was rolled back since another operation in the same transaction failed."
_NO_VALUE = "Invalid reference specified. No value for {path} found in {ref}"
_FAILED = 400
_HALTED = 412


class _Undo(Exception):
    """Leaves the transaction so that nothing of it stays."""


class _NoValue(Exception):
    """A reference to what an earlier answer does not have."""


def composite(call: Call, serve: Serve) -> Response:
    """Requests in their order; one may use `@{referenceId.field}` of the answers before it."""
    body = read_object(call.request)
    requests = _read_requests(body.get("compositeRequest"), "compositeRequest")
    _check_references(requests)
    if sum(_HEAVY.match(str(one.get("url"))) is not None for one in requests) > _MOST_QUERIES:
        raise ApiRefusal(400, "LIMIT_EXCEEDED", f"At most {_MOST_QUERIES} subrequests may be queries or collections")
    run = _Run(call, serve, all_or_none=body.get("allOrNone") is True)
    try:
        with call.org.store.write() if run.all_or_none else nullcontext():
            run.answer_all(requests)
    except _Undo:
        run.undo()
    return answer_json({"compositeResponse": run.told})


def _read_requests(found: object, name: str) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise ApiRefusal(400, "JSON_PARSER_ERROR", f"{name} is required and must be an array of subrequests")
    if len(found) > _MOST:
        raise ApiRefusal(400, "LIMIT_EXCEEDED", f"The number of subrequests is limited to {_MOST}")
    return found


def _check_references(requests: list[dict[str, Any]]) -> None:
    names = [one.get("referenceId") for one in requests]
    for name in names:
        if not isinstance(name, str) or not _REFERENCE_ID.fullmatch(name):
            raise ApiRefusal(400, "JSON_PARSER_ERROR", f"The referenceId {name} is not made of letters, digits and _")
    if len(set(names)) < len(names):
        raise ApiRefusal(400, "JSON_PARSER_ERROR", "Each referenceId must be unique within the request")


@dataclass
class _Run:
    """One composite call. `bodies` holds the answers that later requests may use, by reference id."""

    call: Call
    serve: Serve
    all_or_none: bool
    told: list[dict[str, Any]] = field(default_factory=list)
    bodies: dict[str, Any] = field(default_factory=dict)

    def answer_all(self, requests: list[dict[str, Any]]) -> None:
        for one in requests:
            told = self._answer(one)
            self.told.append(told)
            if self.all_or_none and _has_failed(told):
                self.told += [_halted(later["referenceId"], _UNDONE) for later in requests[len(self.told) :]]
                raise _Undo
            if told["httpStatusCode"] < _FAILED:
                self.bodies[told["referenceId"]] = told["body"]

    def _answer(self, one: dict[str, Any]) -> dict[str, Any]:
        reference = one["referenceId"]
        try:
            url, body = str(self._fill(one.get("url", ""))), self._fill(one.get("body"))
        except _NoValue as error:
            return _halted(reference, str(error))
        answer = _serve(self.call, self.serve, one, url, body)
        location = answer.headers.get("Location")
        return {
            "body": _content(answer),
            "httpHeaders": {"Location": location} if location else {},
            "httpStatusCode": answer.status_code,
            "referenceId": reference,
        }

    def undo(self) -> None:
        """What was carried out is rolled back; the request that failed keeps its own answer."""
        self.told = [told if _has_failed(told) else _halted(told["referenceId"], _UNDONE) for told in self.told]

    def _fill(self, part: Any) -> Any:
        """The part with every reference replaced by what it names."""
        if isinstance(part, dict):
            return {name: self._fill(value) for name, value in part.items()}
        if isinstance(part, list):
            return [self._fill(value) for value in part]
        return _REFERENCE.sub(lambda found: str(self._find(found)), part) if isinstance(part, str) else part

    def _find(self, reference: re.Match[str]) -> Any:
        name, path = reference["ref"], reference["path"]
        value = self.bodies.get(name)
        for step in _STEP.finditer(path):
            value = _step(value, step)
        if value is None or isinstance(value, dict | list):
            raise _NoValue(_NO_VALUE.format(path=name + path, ref=name))
        return value


def _step(value: Any, step: re.Match[str]) -> Any:
    if step[2] is None:
        return value.get(step[1]) if isinstance(value, dict) else None
    place = int(step[2])
    return value[place] if isinstance(value, list) and place < len(value) else None


def _has_failed(told: Mapping[str, Any]) -> bool:
    """Whether the request failed, or a record of its collection did."""
    body = told["body"]
    refused = isinstance(body, list) and any(isinstance(one, dict) and one.get("success") is False for one in body)
    return told["httpStatusCode"] >= _FAILED or refused


def _halted(reference: str, message: str) -> dict[str, Any]:
    body = [{"errorCode": "PROCESSING_HALTED", "message": message}]
    return {"body": body, "httpHeaders": {}, "httpStatusCode": _FAILED, "referenceId": reference}


def batch(call: Call, serve: Serve) -> Response:
    """Requests that have nothing to do with each other, in their order."""
    body = read_object(call.request)
    halts = body.get("haltOnError") is True
    results: list[dict[str, Any]] = []
    failed = False
    for one in _read_requests(body.get("batchRequests"), "batchRequests"):
        if failed and halts:
            told = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}]
            results.append({"statusCode": _HALTED, "result": told})
            continue
        url = str(one.get("url", ""))
        address = url if url.startswith("/") else _ROOT + url
        answer = _serve(call, serve, one, address, one.get("richInput"))
        failed = failed or answer.status_code >= _FAILED
        results.append({"statusCode": answer.status_code, "result": _content(answer)})
    return answer_json({"hasErrors": failed, "results": results})


def _serve(call: Call, serve: Serve, one: Mapping[str, Any], url: str, body: Any) -> Response:
    path, _, query = url.partition("?")
    asked = one.get("httpHeaders")
    headers = [(str(name), str(value)) for name, value in asked.items()] if isinstance(asked, dict) else []
    builder = EnvironBuilder(
        path=path,
        query_string=query,
        method=str(one.get("method", "GET")).upper(),
        data=None if body is None else orjson.dumps(body),
        content_type="application/json",
        headers=headers,
    )
    return serve(call, Request(builder.get_environ()))


def _content(answer: Response) -> Any:
    return orjson.loads(answer.get_data()) if answer.get_data() else None
