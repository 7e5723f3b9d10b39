"""A fault plan at work: requests, rows and jobs that go wrong as the plan says, and every time alike."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from flask import Request, Response

from lsync_flask.simulator.fault_errors import answer_error
from lsync_flask.simulator.fault_streams import spoil
from lsync_flask.simulator.faults import Faults, JobFault, RowFault
from lsync_flask.simulator.plans import ERRORS, JOB_ENDS, ROW, STUCK, TRUE_ANSWERS, FaultPlan, FaultRule

__all__ = ["PlannedFaults"]

_LOCKED = RowFault("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
_CHUNK = 200


class PlannedFaults(Faults):
    """The faults of one plan. Rules are asked in order, and the first that is due acts."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self.refuses_rows = any(rule.action == ROW for rule in plan.rules)
        self.stops_jobs = any("after_rows" in rule.options for rule in plan.rules)
        self._due = [_Due(rule, f"{plan.seed}/{number}") for number, rule in enumerate(plan.rules)]

    @property
    def acted(self) -> list[int]:
        """How many times each rule has acted."""
        return [due.acted for due in self._due]

    def before(self, request: Request) -> Response | None:
        due = self._next(f"{request.method} {request.path}", lambda one: one.action in ERRORS)
        return None if due is None else answer_error(due.rule, request.path)

    def after(self, request: Request, response: Response) -> Response:
        due = self._next(f"{request.method} {request.path}", lambda one: one.action in TRUE_ANSWERS)
        return response if due is None else spoil(due.rule, response, due.chance)

    def refuse_row(self, object_name: str, record: str, api: str) -> RowFault | None:
        del api
        due = self._next(f"{object_name}/{record}", lambda one: one.action == ROW)
        if due is None:
            return None
        options = due.rule.options
        return RowFault(options.get("code", _LOCKED.code), options.get("message", _LOCKED.message))

    def end_job(self, job_id: str, rows: int | None = None) -> JobFault | None:
        due = self._next(job_id, lambda one: _ends_job(one, rows))
        if due is None:
            return None
        rule = due.rule
        if rule.action == STUCK:
            return JobFault("InProgress", stuck_s=rule.options.get("seconds"))
        return JobFault(JOB_ENDS[rule.action], rule.options.get("message", ""))

    def _next(self, name: str, acts: Callable[[FaultRule], bool]) -> "_Due | None":
        return next(self._found(name, acts), None)

    def _found(self, name: str, acts: Callable[[FaultRule], bool]) -> Iterator["_Due"]:
        for due in self._due:
            if acts(due.rule) and fnmatchcase(name, due.rule.match) and due.is_now(name):
                yield due


def _ends_job(rule: FaultRule, rows: int | None) -> bool:
    """Whether the rule is about this point of a job: after so many rows, in chunks of 200, or at its end."""
    if rule.action not in JOB_ENDS:
        return rule.action == STUCK and rows is None
    after = rule.options.get("after_rows")
    if rows is None or after is None:
        return rows is None and after is None
    return bool(rows - _CHUNK < after <= rows)


class _Due:
    """Counts what fits a rule, all together or each name by itself, and says which of them suffer."""

    def __init__(self, rule: FaultRule, seed: str) -> None:
        self.rule = rule
        self.chance = random.Random(seed)
        self._seed = seed
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()
        self._acted: Counter[str] = Counter()

    @property
    def acted(self) -> int:
        with self._lock:
            return self._acted.total()

    def is_now(self, name: str) -> bool:
        rule, kept = self.rule, name if self.rule.each else ""
        with self._lock:
            self._seen[kept] += 1
            now = self._is_chosen(kept) and (rule.times is None or self._acted[kept] < rule.times)
            self._acted[kept] += now
            return now

    def _is_chosen(self, kept: str) -> bool:
        rule, seen = self.rule, self._seen[kept]
        if rule.nth is not None:
            return seen == rule.nth
        if rule.every is not None:
            return seen % rule.every == 0
        if rule.share is None:
            return True
        chance = random.Random(f"{self._seed}/{kept}") if rule.each else self.chance
        return chance.random() < rule.share
