"""A fault plan at work: requests, rows and jobs of the org that go wrong as the plan says, and every time alike."""

import random
import threading
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

import orjson
from flask import Request, Response

from lsync_flask.simulator.faults import Faults, RowFault
from lsync_flask.simulator.plans import JOB_ENDS, LOST, ROW, FaultPlan, FaultRule

_HTML = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>"
_ERRORS = {
    "401": ("INVALID_SESSION_ID", "Session expired or invalid"),
    "403": ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "429": ("TOO_MANY_REQUESTS", "Too many requests"),
    "500": ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support: 0"),
    "502": ("SERVER_UNAVAILABLE", "Bad gateway"),
    "503": ("SERVER_UNAVAILABLE", "Server temporarily unavailable"),
}
_LOCKED = RowFault("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")


class PlannedFaults(Faults):
    """The faults of one plan. Rules are asked in order, and the first that is due acts."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self.refuses_rows = any(rule.action == ROW for rule in plan.rules)
        self._due = [_Due(rule, random.Random(f"{plan.seed}/{number}")) for number, rule in enumerate(plan.rules)]

    def before(self, request: Request) -> Response | None:
        line = f"{request.method} {request.path}"
        rule = self._next(line, lambda one: one.action in _ERRORS or one.action == "html")
        return None if rule is None else _answer(rule)

    def after(self, request: Request, response: Response) -> Response:
        """The reply is lost after the request was carried out: the change is there, and the client cannot know."""
        rule = self._next(f"{request.method} {request.path}", lambda one: one.action == LOST)
        return response if rule is None else Response(_HTML, 504, content_type="text/html")

    def refuse_row(self, object_name: str, record: str, api: str) -> RowFault | None:
        del api
        rule = self._next(f"{object_name}/{record}", lambda one: one.action == ROW)
        if rule is None:
            return None
        return RowFault(str(rule.options.get("code", _LOCKED.code)), str(rule.options.get("message", _LOCKED.message)))

    def job_state(self, job_id: str, state: str) -> str:
        if state != "JobComplete":
            return state
        rule = self._next(job_id, lambda one: one.action in JOB_ENDS)
        return state if rule is None else JOB_ENDS[rule.action]

    def _next(self, name: str, acts: Callable[[FaultRule], bool]) -> FaultRule | None:
        return next(self._found(name, acts), None)

    def _found(self, name: str, acts: Callable[[FaultRule], bool]) -> Iterator[FaultRule]:
        for due in self._due:
            if acts(due.rule) and fnmatchcase(name, due.rule.match) and due.is_now():
                yield due.rule


class _Due:
    """Counts what fits a rule, and says which of them suffer."""

    def __init__(self, rule: FaultRule, chance: random.Random) -> None:
        self.rule = rule
        self._chance = chance
        self._lock = threading.Lock()
        self._seen = self._acted = 0

    def is_now(self) -> bool:
        with self._lock:
            self._seen += 1
            now = self._is_chosen() and (self.rule.times is None or self._acted < self.rule.times)
            self._acted += now
            return now

    def _is_chosen(self) -> bool:
        rule = self.rule
        if rule.nth is not None:
            return self._seen == rule.nth
        if rule.every is not None:
            return self._seen % rule.every == 0
        return rule.share is None or self._chance.random() < rule.share


def _answer(rule: FaultRule) -> Response:
    if rule.action == "html":
        response = Response(_HTML, 503, content_type="text/html")
    else:
        code, message = _ERRORS[rule.action]
        body = orjson.dumps([{"message": message, "errorCode": code}])
        response = Response(body, int(rule.action), content_type="application/json;charset=UTF-8")
    if "retry_after" in rule.options:
        response.headers["Retry-After"] = str(rule.options["retry_after"])
    return response
