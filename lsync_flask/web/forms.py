"""From what a form sends to the bodies that services take, and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.engine.filter_logic import FilterLogicError
from lsync_flask.errors import InvalidParams
from lsync_flask.plugin_api import Operator
from lsync_flask.registry import Registry
from lsync_flask.services.plan import CriterionBody

HINTS: Mapping[str, str] = {
    "date": "2026-01-31 or LAST 30 DAYS",
    "datetime": "2026-01-31 or LAST_N_DAYS:30",
    "boolean": "true or false",
    "multipicklist": "several with commas",
}
NO_VALUE = ("is-empty", "is-not-empty")

Options = list[tuple[str, str]]


@dataclass(frozen=True)
class CriterionRow:
    """One row of the criteria as the form shows it."""

    field: str
    operator: str
    value: str
    operators: Options
    hint: str


def criteria_of(form: MultiDict[str, str]) -> list[CriterionBody]:
    """The rows of the form that name a field or hold a value; wholly empty ones are left out."""
    rows = zip(form.getlist("field"), form.getlist("operator"), form.getlist("value"), strict=False)
    return [
        CriterionBody(field=field, operator=operator, value=_value(operator, value))
        for field, operator, value in rows
        if field or value
    ]


def _value(operator: str, text: str) -> Any:
    """What was typed as the operator takes it: two ends of a range, a number of days, or text."""
    if operator in NO_VALUE:
        return None
    if operator == "between":
        first, _, last = text.partition(",")
        return {"from": first.strip(), "to": last.strip()}
    return text


def rows_of(criteria: Sequence[CriterionBody], info: ObjectInfo, registry: Registry) -> list[CriterionRow]:
    return [row_of(one.field, one.operator, _text(one.value), info, registry) for one in criteria]


def row_of(field: str, operator: str, value: str, info: ObjectInfo, registry: Registry) -> CriterionRow:
    found = info.find(field) if field else None
    options = operators_for(found, registry)
    names = [name for name, _ in options]
    if operator not in names:
        operator = "equals" if "equals" in names else (names[0] if names else "")
    hint = _hint(found, operator)
    return CriterionRow(field, operator, value, options, hint)


def _hint(field: FieldInfo | None, operator: str) -> str:
    if operator == "between":
        return "from, to"
    if operator in {"in-last-days", "not-in-last-days"}:
        return "number of days"
    return HINTS.get(field.type, "") if field else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return f"{value.get('from', '')}, {value.get('to', '')}"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)


def operators_for(field: FieldInfo | None, registry: Registry) -> Options:
    """(name, label) of the operators that the field's type offers."""
    classes: Iterable[type[Operator]] = registry.operators.values()
    if field is None:
        return [("equals", "equals")]
    return [(cls.name, cls.label) for cls in classes if field.type in cls.types]


def fields_for(info: ObjectInfo) -> list[tuple[str, Options]]:
    """The fields that can be filtered, by group: the object's own first, then its parents'."""
    groups = [(info.label, _options(info, ""))]
    for name, parent in info.parents.items():
        groups.append((f"{name} ({parent.label})", _options(parent, f"{name}.")))
    return groups


def _options(info: ObjectInfo, prefix: str) -> Options:
    fields = (field for field in info.fields.values() if field.filterable)
    return sorted(((prefix + field.name, field.label) for field in fields), key=lambda one: one[1].lower())


def marks_of(error: InvalidParams, logic: str) -> list[tuple[str, bool]]:
    """The filter logic in parts, with those that are wrong marked."""
    if not isinstance(error, FilterLogicError):
        return []
    wrong = {place for one in error.positions for place in range(one.position, one.position + max(1, one.length))}
    return [(sign, place in wrong) for place, sign in enumerate(logic + " ")]
