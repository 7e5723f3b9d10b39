"""A fault plan: which requests go wrong, and how. It is read and checked here; the org's `Faults` acts on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lsync_flask.simulator.faults import Faults

_RULE_KEYS = frozenset(("match", "nth", "every", "share", "times", "action", "object", "record"))


class InvalidPlan(Exception):
    """What is sent is no fault plan; the text says where."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    """Requests that fit `match` suffer `action`: the nth of them, every nth, or a share of them."""

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


class PlannedFaults(Faults):
    """Keeps the plan for the org's fault points; none of them acts on it yet."""

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan


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
