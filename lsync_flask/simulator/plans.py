"""A fault plan: which requests go wrong, and how. It is read and checked here; `planned_faults` acts on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ROW, LOST = "row", "lost"
JOB_ENDS: Mapping[str, str] = {"job-failed": "Failed", "job-aborted": "Aborted"}
ACTIONS = frozenset(("401", "403", "429", "500", "502", "503", "html", LOST, ROW, *JOB_ENDS))
"""What can go wrong: another answer, an answer lost after the work, a row refused, a job that ends otherwise."""

_SAID = ", ".join(sorted(ACTIONS))
_RULE_KEYS = frozenset(("match", "nth", "every", "share", "times", "action", "object", "record"))


class InvalidPlan(Exception):
    """What is sent is no fault plan; the text says where."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    """What fits `match` suffers `action`: the nth, every nth, a share, or all of them, at most `times` times.

    `match` has `*` for any text and is compared with `METHOD /path`, for rows with `Object/record`, for jobs with the
    job's id.
    """

    match: str
    action: str
    nth: int | None = None
    every: int | None = None
    share: float | None = None
    times: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """The rules in order, and the seed of what is left to chance."""

    rules: tuple[FaultRule, ...] = ()
    seed: int = 0
    raw: Mapping[str, Any] = field(default_factory=dict)

    def spell(self) -> dict[str, Any]:
        """The plan as it was sent."""
        return dict(self.raw)


def read_plan(body: Any) -> FaultPlan:
    """`{"seed": 1, "rules": [{"match": "POST /services/data/*/jobs/ingest", "nth": 2, "action": "503"}]}`.

    Raises:
        InvalidPlan: with the first thing that is wrong.
    """
    if isinstance(body, list):
        body = {"rules": body}
    if not isinstance(body, dict) or not isinstance(body.get("rules"), list):
        raise InvalidPlan('A fault plan is {"seed": number, "rules": [{"match", "nth", "action"}]}.')
    seed = body.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise InvalidPlan("The seed of a fault plan is a whole number.")
    rules = tuple(_read_rule(rule, number) for number, rule in enumerate(body["rules"], start=1))
    return FaultPlan(rules, seed, {"seed": seed, "rules": body["rules"]})


def _read_rule(rule: Any, number: int) -> FaultRule:
    if not isinstance(rule, dict):
        raise InvalidPlan(f"Rule {number} is no JSON object.")
    for name in ("match", "action"):
        if not isinstance(rule.get(name), str) or not rule[name].strip():
            raise InvalidPlan(f"Rule {number} has no {name}.")
    if rule["action"] not in ACTIONS:
        raise InvalidPlan(f"Rule {number}: there is no action {rule['action'][:40]}; choose from {_SAID}.")
    options = {name: value for name, value in rule.items() if name not in _RULE_KEYS}
    return FaultRule(
        match=rule["match"],
        action=rule["action"],
        nth=_count(rule.get("nth"), "nth", number),
        every=_count(rule.get("every"), "every", number),
        share=_share(rule.get("share"), number),
        times=_count(rule.get("times"), "times", number),
        options=options | {name: rule[name] for name in ("object", "record") if name in rule},
    )


def _count(value: Any, name: str, number: int) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise InvalidPlan(f"Rule {number}: {name} is a whole number from 1.")
    return value


def _share(value: Any, number: int) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InvalidPlan(f"Rule {number}: share is a number from 0 to 1.")
    return float(value)
