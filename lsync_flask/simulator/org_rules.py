"""What an org's administrators have set up: sharing, validation and duplicate rules, triggers, locks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["DuplicateRule", "InvalidRules", "OrgRules", "Trigger", "ValidationRule", "read_rules"]

SHARING = ("private", "read", "open")
_KEYS = ("sharing", "validation_rules", "duplicate_rules", "triggers", "locked")


class InvalidRules(Exception):
    """What is sent are no rules; the text says where."""


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """Records that fit the condition `when` are refused with `message`, shown at `field` where one is named."""

    object: str
    name: str
    when: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Records that have the same `fields` as another one are refused, or, when `alert`, unless the caller insists."""

    object: str
    name: str
    fields: tuple[str, ...]
    alert: bool = False
    message: str = "Use one of these records?"


@dataclass(frozen=True, slots=True)
class Trigger:
    """Code of the org: it sets fields of the records that fit `when`, or throws, which refuses all of a chunk."""

    object: str
    name: str
    when: str | None = None
    sets: Mapping[str, Any] = field(default_factory=dict)
    throws: str = ""


@dataclass(frozen=True, slots=True)
class OrgRules:
    """`sharing` says by object, in lower case, whether others' records are private or may be read only."""

    sharing: Mapping[str, str] = field(default_factory=dict)
    validation_rules: tuple[ValidationRule, ...] = ()
    duplicate_rules: tuple[DuplicateRule, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    locked: frozenset[str] = frozenset()

    def concern(self, object_name: str) -> bool:
        """Whether any rule must be asked when a record of this object is written."""
        rules: Sequence[Any] = (*self.validation_rules, *self.duplicate_rules, *self.triggers)
        return any(rule.object == object_name for rule in rules)


def read_rules(body: Any, check: Callable[[str, str | None, Sequence[str]], str]) -> OrgRules:
    """`{"sharing": {"Lead": "private"}, "validation_rules": [{"object", "name", "when", "message", "field"}], …}`.

    `check` takes an object, a condition and fields, gives the object's name as it is spelled, and raises InvalidRules.

    Raises:
        InvalidRules: with the first thing that is wrong.
    """
    if not isinstance(body, dict) or set(body) - set(_KEYS):
        raise InvalidRules(f"Rules are an object with any of {', '.join(_KEYS)}.")
    reader = _Reader(check)
    return OrgRules(
        sharing=reader.sharing(body.get("sharing", {})),
        validation_rules=tuple(map(reader.validation, _list(body, "validation_rules"))),
        duplicate_rules=tuple(map(reader.duplicate, _list(body, "duplicate_rules"))),
        triggers=tuple(map(reader.trigger, _list(body, "triggers"))),
        locked=frozenset(map(_id, _list(body, "locked"))),
    )


def _list(body: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = body.get(name, [])
    if not isinstance(found, list):
        raise InvalidRules(f"{name} is a list.")
    return found


def _id(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 18:  # noqa: PLR2004
        raise InvalidRules("locked holds record ids of 18 characters.")
    return value


@dataclass(frozen=True, slots=True)
class _Reader:
    check: Callable[[str, str | None, Sequence[str]], str]

    def sharing(self, found: Any) -> dict[str, str]:
        if not isinstance(found, dict) or not all(value in SHARING for value in found.values()):
            raise InvalidRules(f"sharing gives objects one of {', '.join(SHARING)}.")
        return {self.check(name, None, ["OwnerId"]).lower(): value for name, value in found.items()}

    def validation(self, rule: Any) -> ValidationRule:
        said = _read("validation rule", rule, ("object", "name", "when", "message"), ("field",))
        name = self.check(said["object"], said["when"], [said["field"]] if said.get("field") else [])
        return ValidationRule(name, said["name"], said["when"], said["message"], said.get("field"))

    def duplicate(self, rule: Any) -> DuplicateRule:
        said = _read("duplicate rule", rule, ("object", "name", "fields"), ("action", "message"))
        action, fields = said.get("action", "block"), said["fields"]
        if action not in {"block", "alert"} or not isinstance(fields, list) or not fields:
            raise InvalidRules("A duplicate rule has a list of fields, and the action block or alert.")
        made = DuplicateRule(self.check(said["object"], None, fields), said["name"], tuple(fields), action == "alert")
        return DuplicateRule(made.object, made.name, made.fields, made.alert, said.get("message", made.message))

    def trigger(self, rule: Any) -> Trigger:
        said = _read("trigger", rule, ("object", "name"), ("when", "sets", "throws"))
        sets = said.get("sets", {})
        if not isinstance(sets, dict) or bool(sets) == bool(said.get("throws")):
            raise InvalidRules("A trigger either sets fields or throws.")
        if any(isinstance(value, list | dict) for value in sets.values()):
            raise InvalidRules("A trigger sets texts, numbers, true, false or null.")
        name = self.check(said["object"], said.get("when"), [*sets])
        return Trigger(name, said["name"], said.get("when"), sets, said.get("throws", ""))


def _read(what: str, rule: Any, needed: Sequence[str], allowed: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(rule, dict) or not set(needed) <= set(rule) <= {*needed, *allowed}:
        raise InvalidRules(f"A {what} has {', '.join(needed)}, and may have {', '.join(allowed)}.")
    texts = [name for name in rule if name not in {"fields", "sets"} and not isinstance(rule[name], str)]
    if texts:
        raise InvalidRules(f"{texts[0]} of a {what} is a text.")
    return rule
