"""An audience as the user wrote it, checked against the org's fields and the operators that are installed."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args

from lsync_flask.engine.criteria import Audience, CompiledAudience, CompiledCriterion, Criterion
from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.engine.filter_logic import And, FilterLogicError, Node, Not, Or, Row, parse_filter_logic
from lsync_flask.engine.operands import read_operand
from lsync_flask.engine.paths import label_path, missing_field, resolve_path
from lsync_flask.engine.raw_where import read_where
from lsync_flask.engine.readers import plain_text, shorten
from lsync_flask.engine.soql import check_condition
from lsync_flask.errors import InvalidParams, LsyncError
from lsync_flask.plugin_api import Condition, ConditionTest, FieldType, Operand, Operator, Value, build

__all__ = ["MAX_CRITERIA", "Audience", "CompiledAudience", "CompiledCriterion", "Criterion", "compile_audience"]

MAX_CRITERIA = 25
"""More would make queries that large orgs cannot answer in time."""

TYPE_NAMES: Mapping[FieldType, str] = {
    "id": "record id",
    "reference": "lookup",
    "string": "text",
    "textarea": "text area",
    "longtextarea": "long text area",
    "email": "e-mail",
    "phone": "phone",
    "url": "URL",
    "picklist": "picklist",
    "multipicklist": "multi-select picklist",
    "boolean": "checkbox",
    "int": "number",
    "double": "number",
    "currency": "currency",
    "percent": "percent",
    "date": "date",
    "datetime": "date/time",
}

_PERIOD = re.compile(r"[A-Z]+_[A-Z_]+(:[0-9]+)?|TODAY|YESTERDAY|TOMORROW|[0-9]{4}-[0-9]{2}-[0-9]{2}")

Operators = Mapping[str, type[Operator]]


def compile_audience(audience: Audience, info: ObjectInfo, operators: Operators, today: datetime) -> CompiledAudience:
    """The audience ready to be spelled for Salesforce and to be tested here.

    `today` is the present moment in the user's time zone: what is typed without a zone is meant in that one.

    Raises:
        InvalidParams: every problem of every row, named `criteria.0.field`, `.operator`, `.value` (rows from 0) or
            `logic`. When the logic alone is wrong it is a `FilterLogicError`, which has the positions.
    """
    problems: dict[str, str] = {}
    if len(audience.criteria) > MAX_CRITERIA:
        problems["criteria"] = f"There are {len(audience.criteria)} rows, and {MAX_CRITERIA} are the most."
    rows: list[CompiledCriterion] = []
    for number, criterion in enumerate(audience.criteria[:MAX_CRITERIA]):
        try:
            rows.append(_compile_criterion(criterion, info, operators, today))
        except InvalidParams as error:
            problems |= {f"criteria.{number}.{name}": text for name, text in error.problems.items()}
    where = _read_where(audience, problems)
    node = _parse_logic(audience, problems)
    if problems:
        raise InvalidParams(problems)
    return CompiledAudience(info.name, node, tuple(rows), _say_audience(info, node, rows, where), where)


def _read_where(audience: Audience, problems: dict[str, str]) -> str:
    try:
        return read_where(audience.where)
    except InvalidParams as error:
        problems |= error.problems
        return ""


def _parse_logic(audience: Audience, problems: dict[str, str]) -> Node:
    try:
        return parse_filter_logic(audience.logic, len(audience.criteria))
    except FilterLogicError as error:
        if not problems:
            raise
        problems |= error.problems
        return And(())


def _compile_criterion(
    criterion: Criterion, info: ObjectInfo, operators: Operators, today: datetime
) -> CompiledCriterion:
    path, field = _find_field(criterion, info)
    operator = _build_operator(criterion, field, operators)
    label = label_path(info, path)
    try:
        operand = read_operand(field, operator.operands, criterion.value, today)
        conditions = _ask_conditions(operator, operand)
        for condition in conditions or ():
            check_condition(path, field, condition, today)
    except InvalidParams as error:
        raise InvalidParams({"value": " ".join(error.problems.values())}) from error
    return CompiledCriterion(path, field, operator, operand, conditions, _say_criterion(label, operator, operand))


def _find_field(criterion: Criterion, info: ObjectInfo) -> tuple[str, FieldInfo]:
    found = resolve_path(info, criterion.field)
    if found is None:
        raise InvalidParams({"field": missing_field(info, criterion.field)})
    path, field = found
    if field.type == "longtextarea" or not field.filterable:
        kind = TYPE_NAMES[field.type]
        raise InvalidParams(
            {"field": f"{field.label} is a {kind} that Salesforce cannot filter by. Choose another field."}
        )
    return path, field


def _build_operator(criterion: Criterion, field: FieldInfo, operators: Operators) -> Operator:
    cls = operators.get(criterion.operator)
    if cls is None:
        missing = f"There is no operator {shorten(criterion.operator)}; its plugin may be missing. Choose another."
        raise InvalidParams({"operator": missing if criterion.operator else "Choose an operator."})
    if field.type not in cls.types:
        kind = TYPE_NAMES[field.type]
        raise InvalidParams({"operator": f"“{cls.label}” cannot be used with {field.label}, which is a {kind} field."})
    try:
        return build(cls, {})
    except InvalidParams as error:
        raise InvalidParams({"operator": f"“{cls.label}” cannot be used: {error}"}) from error


def _ask_conditions(operator: Operator, operand: Operand) -> tuple[Condition, ...] | None:
    try:
        conditions = operator.conditions(operand)
        return None if conditions is None else tuple(map(_checked_condition, conditions))
    except InvalidParams:
        raise
    except LsyncError as error:
        raise InvalidParams({"": error.sentence}) from error
    except (Exception, SystemExit) as error:
        name = type(error).__name__
        raise InvalidParams({"": f"The operator “{operator.label}” failed on this value ({name})."}) from error


def _checked_condition(condition: Condition) -> Condition:
    """A plugin may return anything."""
    if isinstance(condition, Condition) and condition.test in get_args(ConditionTest):
        return condition
    raise TypeError(type(condition).__name__)


def _say_criterion(label: str, operator: Operator, operand: Operand) -> str:
    if operator.operands == "none":
        return f"{label} {operator.label}"
    parts = operand if isinstance(operand, tuple) else (operand,)
    joint = " and " if operator.operands == "two" else " or "
    return f"{label} {operator.label} {joint.join(_say_value(part) for part in parts)}"


def _say_value(value: Value) -> str:
    if value is None:
        return "blank"
    text = plain_text(value)
    is_name = isinstance(value, str) and not _PERIOD.fullmatch(value)
    return f'"{shorten(text)}"' if is_name else text.replace(".000Z", "Z")


def _say_audience(info: ObjectInfo, node: Node, rows: Sequence[CompiledCriterion], where: str) -> str:
    subject = f"{info.label_plural} that are not converted" if info.name == "Lead" else info.label_plural
    if not rows:
        return f"{subject} where {where}" if where else f"All {subject}"
    said = _say_node(node, rows)
    if not where:
        return f"{subject} where {said}"
    return f"{subject} where {f'({said})' if isinstance(node, Or) else said} and ({where})"


def _say_node(node: Node, rows: Sequence[CompiledCriterion]) -> str:
    match node:
        case Row(number):
            return rows[number - 1].sentence
        case Not(inner):
            return f"not ({_say_node(inner, rows)})"
        case And(nodes):
            return " and ".join(_say_inner(inner, rows) for inner in nodes)
        case Or(nodes):
            return " or ".join(_say_inner(inner, rows) for inner in nodes)


def _say_inner(node: Node, rows: Sequence[CompiledCriterion]) -> str:
    said = _say_node(node, rows)
    return f"({said})" if isinstance(node, And | Or) else said
