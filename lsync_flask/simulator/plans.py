"""A fault plan: which requests go wrong, and how. It is read and checked here; `planned_faults` acts on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ACTIONS",
    "ERRORS",
    "JOB_ENDS",
    "ROW",
    "STUCK",
    "TRUE_ANSWERS",
    "FaultPlan",
    "FaultRule",
    "InvalidPlan",
    "read_plan",
]

Check = Callable[[Any], bool]
ROW, STUCK = "row", "job-stuck"
JOB_ENDS: Mapping[str, str] = {"job-failed": "Failed", "job-aborted": "Aborted"}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_count(value: Any) -> bool:
    return _is_number(value) and isinstance(value, int)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_RETRY: Mapping[str, Check] = {"retry_after": lambda value: _is_number(value) or _is_text(value)}
_SAYS: Mapping[str, Check] = {"code": _is_text, "message": _is_text}
_STATUS: Mapping[str, Check] = {"status": lambda value: _is_count(value) and 200 <= value <= 599}  # noqa: PLR2004
_COUNT: Mapping[str, Check] = {"count": _is_count}
GARBAGE = ("truncated", "nan", "bom", "charset", "login", "huge")

ERRORS: Mapping[str, Mapping[str, Check]] = {
    **dict.fromkeys(("401", "403", "429", "500", "502", "503"), _RETRY),
    "html": {**_RETRY, **_STATUS},
    "error": {**_RETRY, **_STATUS, **_SAYS},
    "stale-locator": {},
    "out-of-credits": {},
}
"""What is answered in place of the true answer, and the options of each."""

TRUE_ANSWERS: Mapping[str, Mapping[str, Check]] = {
    "lost": {},
    "late": {"seconds": _is_number},
    "drip": {"bytes": lambda value: _is_count(value) and value > 0, "pause_ms": _is_count},
    "cut": {"bytes": _is_count},
    "garbage": {"kind": lambda value: value in GARBAGE},
    "rows-shuffled": {},
    "rows-missing": _COUNT,
    "rows-twice": _COUNT,
    "rows-unknown": _COUNT,
    "rows-mixed": {},
}
"""What becomes of the true answer once the request was carried out."""

ACTIONS: Mapping[str, Mapping[str, Check]] = {
    **ERRORS,
    **TRUE_ANSWERS,
    ROW: _SAYS,
    "job-failed": {"after_rows": _is_count, "message": _is_text},
    "job-aborted": {"after_rows": _is_count},
    STUCK: {"seconds": _is_number},
}
"""Every action and the options that it takes."""

_SAID = ", ".join(sorted(ACTIONS))
_RULE_KEYS = frozenset(("match", "nth", "every", "share", "times", "each", "action"))


class InvalidPlan(Exception):
    """What is sent is no fault plan; the text says where."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    """What fits `match` suffers `action`: the nth, every nth, a share, or all of them, at most `times` times.

    `match` has `*` for any text and is compared with `METHOD /path`, for rows with `Object/record`, for jobs with the
    job's id. With `each`, all is counted and drawn for every such name by itself.
    """

    match: str
    action: str
    nth: int | None = None
    every: int | None = None
    share: float | None = None
    times: int | None = None
    each: bool = False
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
    if not isinstance(rule.get("each", False), bool):
        raise InvalidPlan(f"Rule {number}: each is true or false.")
    return FaultRule(
        match=rule["match"],
        action=rule["action"],
        nth=_count(rule.get("nth"), "nth", number),
        every=_count(rule.get("every"), "every", number),
        share=_share(rule.get("share"), number),
        times=_count(rule.get("times"), "times", number),
        each=rule.get("each", False),
        options=_options(rule, number),
    )


def _options(rule: Mapping[str, Any], number: int) -> dict[str, Any]:
    allowed = ACTIONS[rule["action"]]
    options = {name: value for name, value in rule.items() if name not in _RULE_KEYS}
    for name, value in options.items():
        if name not in allowed:
            takes = ", ".join(sorted(allowed)) or "none"
            raise InvalidPlan(f"Rule {number}: {rule['action']} has no option {name[:40]}; it takes {takes}.")
        if not allowed[name](value):
            raise InvalidPlan(f"Rule {number}: {name} cannot be {str(value)[:40]}.")
    return options


def _count(value: Any, name: str, number: int) -> int | None:
    if value is None:
        return None
    if not _is_count(value) or value < 1:
        raise InvalidPlan(f"Rule {number}: {name} is a whole number from 1.")
    return int(value)


def _share(value: Any, number: int) -> float | None:
    if value is None:
        return None
    if not _is_number(value) or value > 1:
        raise InvalidPlan(f"Rule {number}: share is a number from 0 to 1.")
    return float(value)
