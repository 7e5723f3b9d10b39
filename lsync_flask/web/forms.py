"""From what the form of a definition sends to the bodies that services take, and back.

Each row has a key of its own: `row` lists the keys in order, and `field.<key>`, `operator.<key>`, `value.<key>` (once
or several times), `period.<key>` and `number.<key>` belong to one row.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from werkzeug.datastructures import MultiDict

from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.engine.filter_logic import FilterLogicError
from lsync_flask.engine.operands import split_list
from lsync_flask.engine.paths import label_path
from lsync_flask.errors import InvalidParams
from lsync_flask.plugin_api import FieldType, Operator
from lsync_flask.registry import Registry
from lsync_flask.services.plan import CriterionBody

Options = list[tuple[str, str]]
Control = Literal["none", "text", "number", "days", "boolean", "choices", "date", "range"]

NUMBERS = frozenset({"int", "double", "currency", "percent"})
DATES = frozenset({"date", "datetime"})
SEARCHING = frozenset({"contains", "not-contains", "starts-with", "ends-with"})
"""Operators that look into a picklist's text, so that a part of a value is typed."""
ORDERING = frozenset({"less-than", "greater-than", "less-or-equal", "greater-or-equal"})

DAY, TYPED = "day", "text"
NAMED_PERIODS: Options = [
    (name, name.replace("_", " ").capitalize())
    for name in (
        ["TODAY", "YESTERDAY", "TOMORROW"]
        + [f"{when}_{unit}" for unit in ("WEEK", "MONTH", "QUARTER", "YEAR") for when in ("THIS", "LAST", "NEXT")]
    )
]
COUNTED_PERIODS: Options = [
    ("LAST_N_DAYS", "Last … days"),
    ("NEXT_N_DAYS", "Next … days"),
    ("N_DAYS_AGO", "… days ago"),
    ("LAST_N_WEEKS", "Last … weeks"),
    ("LAST_N_MONTHS", "Last … months"),
    ("LAST_N_YEARS", "Last … years"),
]
PERIODS: Options = [(DAY, "On a day …"), *NAMED_PERIODS, *COUNTED_PERIODS, (TYPED, "As I type it …")]

ICONS: Mapping[FieldType, str] = {
    "id": "key",
    "reference": "record_lookup",
    "string": "text",
    "textarea": "textarea",
    "longtextarea": "textarea",
    "email": "email",
    "phone": "call",
    "url": "link",
    "picklist": "picklist_type",
    "multipicklist": "multi_picklist",
    "boolean": "check",
    "int": "number_input",
    "double": "number_input",
    "currency": "currency",
    "percent": "percent",
    "date": "date_input",
    "datetime": "date_time",
}
TYPE_LABELS: Mapping[str, str] = {"reference": "lookup", "string": "text", "boolean": "checkbox", "int": "number"}


@dataclass(frozen=True)
class CriterionRow:
    """One row of the criteria as the form shows it; `control` says which input stands behind the operator."""

    key: str
    field: str
    label: str
    icon: str
    operator: str
    operators: Options
    control: Control = "text"
    values: Sequence[str] = ("",)
    choices: Sequence[tuple[str, str]] = ()
    hint: str = ""
    type: str = "text"
    period: str = DAY
    number: str = ""


@dataclass(frozen=True)
class FieldOption:
    """A field as the picker offers it."""

    path: str
    label: str
    group: str
    icon: str
    type: str


def criteria_of(form: MultiDict[str, str], registry: Registry) -> list[CriterionBody]:
    """The rows of the form that name a field or hold a value; wholly empty ones are left out."""
    rows = [_row_body(form, key, registry) for key in form.getlist("row")]
    return [row for row in rows if row.field or row.value not in ("", None, [])]


def keys_of(form: MultiDict[str, str], registry: Registry) -> list[str]:
    """The keys of the rows that `criteria_of` keeps."""
    bodies = [(key, _row_body(form, key, registry)) for key in form.getlist("row")]
    return [key for key, row in bodies if row.field or row.value not in ("", None, [])]


def _row_body(form: MultiDict[str, str], key: str, registry: Registry) -> CriterionBody:
    operator = form.get(f"operator.{key}", "")
    return CriterionBody(
        field=form.get(f"field.{key}", ""),
        operator=operator,
        value=_value(form, key, registry.operators.get(operator)),
    )


def _value(form: MultiDict[str, str], key: str, operator: type[Operator] | None) -> Any:
    """What was typed or chosen, as the operator takes it."""
    values = form.getlist(f"value.{key}")
    if operator is not None and operator.operands == "none":
        return None
    if operator is not None and operator.operands == "two":
        return {"from": values[0] if values else "", "to": values[1] if len(values) > 1 else ""}
    if form.get(f"control.{key}") == "choices":
        return values
    period = form.get(f"period.{key}", TYPED)
    if period in dict(COUNTED_PERIODS):
        return f"{period}:{form.get(f'number.{key}', '').strip() or 'n'}"
    return period if period in dict(NAMED_PERIODS) else (values[0] if values else "")


def rows_of(
    criteria: Sequence[CriterionBody], info: ObjectInfo, registry: Registry, keys: Sequence[str] = ()
) -> list[CriterionRow]:
    named = [*keys, *(new_key() for _ in criteria[len(keys) :])]
    return [row_of(one, info, registry, key) for one, key in zip(criteria, named, strict=False)]


def new_key() -> str:
    return secrets.token_hex(3)


def row_of(body: CriterionBody, info: ObjectInfo, registry: Registry, key: str) -> CriterionRow:
    """A row with the operators that the field's type offers and the input that the operator takes."""
    found = info.find(body.field) if body.field else None
    options = operators_for(found, registry)
    names = [name for name, _ in options]
    operator = body.operator if body.operator in names else ("equals" if "equals" in names else "")
    cls = registry.operators.get(operator)
    control = _control(found, cls)
    period, number, values = _parts(control, body.value)
    return CriterionRow(
        key=key,
        field=body.field,
        label=label_path(info, body.field) if body.field else "",
        icon=ICONS[found.type] if found else "search",
        operator=operator,
        operators=options,
        control=control,
        values=values,
        choices=_choices(found, values) if control == "choices" and found else [],
        hint=_hint(found, cls, control),
        type=_input_type(found, control, values),
        period=period,
        number=number,
    )


def _control(found: FieldInfo | None, operator: type[Operator] | None) -> Control:
    if found is None or operator is None:
        return "text"
    by_operand: Mapping[str, Control] = {"none": "none", "days": "days", "two": "range"}
    if operator.operands in by_operand:
        return by_operand[operator.operands]
    if found.type == "boolean":
        return "boolean"
    if _is_chosen(found, operator.name):
        return "choices"
    if found.type in DATES:
        return "date"
    return "number" if found.type in NUMBERS else "text"


def _is_chosen(found: FieldInfo, operator: str) -> bool:
    """Are the values of this picklist ticked, not typed?"""
    if found.type == "multipicklist":
        return bool(found.values) and operator in {"includes", "excludes"}
    return found.type == "picklist" and bool(found.values) and operator not in SEARCHING | ORDERING


def _parts(control: Control, value: Any) -> tuple[str, str, list[str]]:
    """(period, its number, values) of what is stored, for this input."""
    texts = _texts(value)
    if control == "choices":
        return DAY, "", texts if isinstance(value, list) else [one for one in split_list(texts[0]) if one]
    if control == "range":
        return DAY, "", [*texts, "", ""][:2]
    text = texts[0] if len(texts) == 1 else ", ".join(_quote(one) for one in texts)
    if control != "date":
        return DAY, "", [text]
    literal, _, number = text.partition(":")
    if literal in dict(COUNTED_PERIODS):
        return literal, number.replace("n", ""), [""]
    if text in dict(NAMED_PERIODS):
        return text, "", [""]
    return (DAY if _is_day(text) or not text else TYPED), "", [text]


def _texts(value: Any) -> list[str]:
    if value is None:
        return [""]
    if isinstance(value, Mapping):
        return [str(value.get("from") or ""), str(value.get("to") or "")]
    if isinstance(value, list | tuple):
        return [str(one) for one in value] or [""]
    return [str(value)]


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def _is_day(text: str) -> bool:
    return len(text) == len("2026-11-23") and text[4:5] == "-" and text.replace("-", "").isdecimal()


def _input_type(found: FieldInfo | None, control: Control, values: Sequence[str]) -> str:
    is_days = all(_is_day(one) or not one for one in values)
    return "date" if found and found.type in DATES and control in {"date", "range"} and is_days else "text"


def _choices(found: FieldInfo, chosen: Sequence[str]) -> Options:
    """The picklist's values, and what is chosen though the org no longer has it."""
    known = [(one.value, one.label if one.active else f"{one.label} (inactive)") for one in found.values]
    values = {value for value, _ in known}
    return known + [(one, f"{one} (not in the org)") for one in chosen if one and one not in values]


def _hint(found: FieldInfo | None, operator: type[Operator] | None, control: Control) -> str:
    if found is None or operator is None:
        return ""
    if control == "date":
        return "2026-01-31, or LAST 30 DAYS"
    if found.type == "multipicklist":
        return "Red;Green for both, with commas for several"
    return "several with commas" if operator.operands == "many" else ""


def operators_for(found: FieldInfo | None, registry: Registry) -> Options:
    """(name, label) of the operators that the field's type offers."""
    classes: Iterable[type[Operator]] = registry.operators.values()
    if found is None:
        return [("equals", "equals")]
    return [(cls.name, cls.label) for cls in classes if found.type in cls.types]


def is_filterable(found: FieldInfo) -> bool:
    return found.filterable


def find_fields(
    info: ObjectInfo,
    search: str,
    most: int,
    offers: Callable[[FieldInfo], bool] = is_filterable,
    *,
    with_parents: bool = True,
) -> tuple[list[FieldOption], int]:
    """The fields that are offered whose label or API name holds each word, the best first; and their number."""
    words = search.lower().replace(".", " ").split()
    offered = _options(info, offers, with_parents=with_parents)
    options = [one for one in offered if all(word in _searched(one) for word in words)]
    options.sort(key=lambda one: (_rank(one, search.lower()), bool(one.group), one.label.lower()))
    return options[:most], len(options)


def _options(info: ObjectInfo, offers: Callable[[FieldInfo], bool], *, with_parents: bool) -> list[FieldOption]:
    own = [_option(found, "", "") for found in info.fields.values() if offers(found)]
    parents = [
        _option(found, f"{name}.", name)
        for name, parent in info.parents.items()
        for found in parent.fields.values()
        if offers(found)
    ]
    return own + parents if with_parents else own


def _option(found: FieldInfo, prefix: str, group: str) -> FieldOption:
    kind = TYPE_LABELS.get(found.type, found.type)
    return FieldOption(prefix + found.name, found.label, group, ICONS[found.type], kind)


def _searched(option: FieldOption) -> str:
    return f"{option.group} {option.label} {option.path}".lower()


def _rank(option: FieldOption, search: str) -> int:
    """0 where the label or name begins with what was typed, else 1."""
    name = option.path.rpartition(".")[2].lower()
    return 0 if option.label.lower().startswith(search) or name.startswith(search) else 1


def marks_of(error: InvalidParams | None, logic: str) -> list[tuple[str, bool]]:
    """The filter logic in parts, with those that are wrong marked."""
    if not isinstance(error, FilterLogicError):
        return []
    wrong = {place for one in error.positions for place in range(one.position, one.position + max(1, one.length))}
    parts: list[tuple[str, bool]] = []
    for place, sign in enumerate(logic + " "):
        is_wrong = place in wrong
        if parts and parts[-1][1] == is_wrong:
            parts[-1] = (parts[-1][0] + sign, is_wrong)
        else:
            parts.append((sign, is_wrong))
    return parts
