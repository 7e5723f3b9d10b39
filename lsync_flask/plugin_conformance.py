"""The conformance test of a plugin: what can be found wrong with it by running its examples and some odd values."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, get_args

from lsync_flask.errors import InvalidParams, RecordRejected
from lsync_flask.plugin_api import (
    Answer,
    Catalogue,
    Condition,
    ConditionTest,
    FieldType,
    Idempotency,
    Limits,
    Operator,
    Plugin,
    Provider,
    ProviderField,
    Transform,
    Value,
    Window,
    build,
)
from lsync_flask.plugin_checks import class_problems, kind_of

__all__ = ["NOW", "NO_RECORD", "ODD_VALUES", "answer_problems", "is_value", "plugin_problems", "provider_problems"]

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
"""The moment at which the examples of operators hold."""

ODD_VALUES: Sequence[Value] = (
    None,
    "",
    "   ",
    "a",
    "\x00\n\t",
    "#N/A",
    "ÄÖÜ ß İ 株式会社 \U0001f600",
    "9" * 400,
    "1e999999999",
    "NaN",
    "a" * 20_000,
    "(" * 500,
    0,
    -1,
    10**30,
    True,
    False,
    Decimal("0.1"),
    Decimal("-1E+20"),
    date(1700, 1, 1),
    date(4000, 12, 31),
    datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    (),
    ("",),
    ("a", "b", ""),
)
"""What a transform or an operator may meet in a real org: it may refuse it, and must not fail."""

MAX_CONFIDENCE = 100

_TESTS = frozenset(get_args(ConditionTest))
_TYPES = frozenset(get_args(FieldType))


def plugin_problems(cls: type) -> list[str]:
    """Everything that is wrong with a plugin class, a sentence each; none if it may be shipped."""
    kind = kind_of(cls) if isinstance(cls, type) else None
    if kind is None:
        return ["It is no subclass of Transform, Operator, Provider or Notifier of lsync_flask.plugin_api."]
    problems = class_problems(cls, kind)
    if problems:
        return problems
    more = _MORE.get(kind)
    return [*_parameter_problems(cls), *(more(cls) if more else ())]


def is_value(value: object) -> bool:
    """May a transform return this? Floats and naive datetimes are no values."""
    if isinstance(value, tuple):
        return all(isinstance(part, str) for part in value)
    if isinstance(value, datetime):
        return value.tzinfo is not None
    if isinstance(value, Decimal):
        return value.is_finite()
    return value is None or isinstance(value, str | int | date)


def _parameter_problems(cls: type[Plugin]) -> Iterator[str]:
    for name, field in cls.model_fields.items():
        if not field.title:
            yield f"The parameter {name} has no title; forms show it."
        if not field.description:
            yield f"The parameter {name} has no description; forms show it below the input."


def _transform_problems(cls: Any) -> list[str]:
    # Odd values are tried with the parameters of the examples, so those must be right first.
    return _example_problems(cls, _transform_example) or list(_odd_problems(cls))


def _example_problems(cls: Any, check: Callable[[Any, Any], Iterable[str]]) -> list[str]:
    if not cls.examples:
        return ["It has no examples; they are its tests and its documentation."]
    found = ((number, _guard(check, cls, example)) for number, example in enumerate(cls.examples, 1))
    return [f"Example {number}: {text}" for number, texts in found for text in texts]


def _guard(check: Callable[[Any, Any], Iterable[str]], cls: Any, example: Any) -> list[str]:
    """The check's sentences; or what it raised, for an example may be anything."""
    try:
        return list(check(cls, example))
    except Exception as error:  # noqa: BLE001 (the plugin's code may raise anything, and that is the finding)
        return [f"it raised {type(error).__name__}: {error}"]


def _transform_example(cls: type[Transform], example: tuple[Mapping[str, Any], Value, Any]) -> Iterator[str]:
    params, value, expected = example
    outcomes = [_apply(build(cls, json.loads(json.dumps(params))), value) for _ in range(2)]
    if outcomes[0] != outcomes[1]:
        yield f"{value!r} gives {outcomes[0]!r}, and the second time {outcomes[1]!r}."
    if not _is_same(outcomes[0], expected):
        yield f"{value!r} gives {outcomes[0]!r}, and not {expected!r}."
    if isinstance(outcomes[0], _Rejected) and not str(outcomes[0].error).strip():
        yield f"{value!r} is rejected without a sentence."
    elif not isinstance(outcomes[0], _Rejected) and not is_value(outcomes[0]):
        yield f"{value!r} gives {outcomes[0]!r}, which is no value."


class _Rejected:
    """That a value was refused; equal to any other refusal."""

    def __init__(self, error: RecordRejected) -> None:
        self.error = error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rejected)

    def __hash__(self) -> int:
        return hash(_Rejected)

    def __repr__(self) -> str:
        return f"RecordRejected({str(self.error)!r})"


NO_RECORD: Mapping[str, Value] = MappingProxyType({})


def _apply(transform: Transform, value: Value) -> Any:
    try:
        return transform.apply(value, NO_RECORD)
    except RecordRejected as error:
        return _Rejected(error)


def _is_same(outcome: object, expected: object) -> bool:
    """True is not 1, and a rejection is expected by its class."""
    if isinstance(outcome, _Rejected):
        return isinstance(expected, type) and issubclass(expected, RecordRejected)
    is_truth = isinstance(outcome, bool) or isinstance(expected, bool)
    return outcome is expected if is_truth else outcome == expected


def _odd_problems(cls: Any) -> Iterator[str]:
    """Each set of parameters in the examples must stand every odd value."""
    spelled = {json.dumps(params, sort_keys=True): params for params, *_ in cls.examples}
    for params in spelled.values():
        for value in ODD_VALUES:
            yield from (
                f"With {params} the value {value!r:.40}: {text}" for text in _guard(_odd_value, cls, (params, value))
            )


def _odd_value(cls: Any, case: tuple[Mapping[str, Any], Value]) -> Iterator[str]:
    params, value = case
    first, second = (_apply(build(cls, params), value) for _ in range(2))
    if first != second:
        yield "the result differs from time to time."
    if not isinstance(first, _Rejected) and not is_value(first):
        yield f"it gives {first!r:.40}, which is no value."


def _operator_problems(cls: Any) -> list[str]:
    return _example_problems(cls, _operator_example) or list(_odd_operand_problems(cls))


def _odd_operand_problems(cls: Any) -> Iterator[str]:
    """Every odd value must stand comparison with each operand of the examples."""
    for _, _, operand, _ in cls.examples:
        for value in ODD_VALUES:
            yield from (f"With the operand {operand!r}: {text}" for text in _guard(_odd_operand, cls, (value, operand)))


def _operator_example(cls: type[Operator], example: tuple[FieldType, Value, Any, bool]) -> Iterator[str]:
    kind, value, operand, expected = example
    if kind not in cls.types:
        yield f"it is of the type {kind}, which the operator does not offer."
    outcomes = [build(cls, {}).matches(value, operand, NOW) for _ in range(2)]
    if outcomes[0] is not expected or outcomes[1] is not expected:
        yield f"{value!r} with {operand!r} gives {outcomes[0]!r}, and not {expected!r}."
    yield from _condition_problems(build(cls, {}).conditions(operand))


def _condition_problems(conditions: Sequence[Condition] | None) -> Iterator[str]:
    for condition in conditions or ():
        if not isinstance(condition, Condition):
            yield f"conditions gives {condition!r:.60}, which is no Condition."
        elif condition.test not in _TESTS:
            yield f"Salesforce has no test {condition.test!r}."


def _odd_operand(cls: type[Operator], case: tuple[Value, Any]) -> Iterator[str]:
    value, operand = case
    if not isinstance(build(cls, {}).matches(value, operand, NOW), bool):
        yield f"{value!r:.40} gives neither True nor False."


def _provider_problems(cls: Any) -> Iterator[str]:
    """What can be told of a provider without asking it; one that needs parameters is told apart by its test class."""
    try:
        provider = build(cls, {})
    except InvalidParams:
        return
    yield from provider_problems(provider)


def provider_problems(provider: Provider) -> list[str]:
    """What is wrong with the catalogue and the limits of a provider."""
    return [*_guard(_catalogue_problems, None, provider), *_guard(_limit_problems, None, provider)]


def _catalogue_problems(_cls: None, provider: Provider) -> Iterator[str]:
    catalogue = provider.catalogue()
    if not isinstance(catalogue, Catalogue):
        yield "catalogue() gives no Catalogue."
        return
    if provider.catalogue() != catalogue:
        yield "catalogue() changes from time to time."
    inputs = {field.name for field in catalogue.inputs}
    for side, fields in (("input", catalogue.inputs), ("output", catalogue.outputs)):
        yield from _side_problems(side, fields)
    for names in catalogue.minimum:
        if not names or not names <= inputs:
            yield f"The minimum {sorted(names)} names inputs that do not exist, or none."


def _side_problems(side: str, fields: Sequence[ProviderField]) -> Iterator[str]:
    if not fields:
        yield f"The catalogue has no {side}s."
    for name, count in Counter(field.name for field in fields).items():
        if count > 1:
            yield f"The {side} {name} is there {count} times."
    for field in fields:
        yield from (f"The {side} {field.name or '(without a name)'} {text}" for text in _field_problems(field))


def _field_problems(field: ProviderField) -> Iterator[str]:
    if not field.name or not field.label.strip():
        yield "has no name or no label."
    if field.type not in _TYPES:
        yield f"has the type {field.type}, which Salesforce does not know."
    if field.length is not None and field.length < 1:
        yield "has a length below 1."
    if field.values and field.type not in {"picklist", "multipicklist"}:
        yield "lists values and is no picklist."


def _limit_problems(_cls: None, provider: Provider) -> Iterator[str]:
    limits = provider.limits()
    if not isinstance(limits, Limits) or limits.concurrency < 1:
        yield "limits() must allow at least one call at once."
    elif limits.calls_per_s is not None and limits.calls_per_s <= 0:
        yield "limits() must allow more than 0 calls a second, or None for no limit."
    elif not 1 <= provider.most_per_call() <= provider.max_per_call:
        yield "limits() must allow 1 record per call or more, and no more than max_per_call."
    elif not all(_is_window(window) for window in limits.windows):
        yield "limits() must give windows of more than 0 seconds that allow at least one call or record."
    if provider.repeats() not in get_args(Idempotency):
        yield f"repeats() must say one of {', '.join(get_args(Idempotency))}."


def _is_window(window: Any) -> bool:
    allowed = [most for most in (window.calls, window.records) if most is not None]
    return isinstance(window, Window) and window.seconds > 0 and bool(allowed) and min(allowed) >= 1


_MORE: Mapping[str, Callable[[Any], Iterable[str]]] = {
    "transform": _transform_problems,
    "operator": _operator_problems,
    "provider": _provider_problems,
}


def answer_problems(answer: Answer, outputs: AbstractSet[str]) -> list[str]:
    """What is wrong with one answer; `outputs` are the names in the catalogue."""
    problems = [f"{name} is not in the catalogue" for name in answer.values if name not in outputs]
    if answer.confidence is not None and not 0 <= answer.confidence <= MAX_CONFIDENCE:
        problems.append(f"a confidence of {answer.confidence}")
    if not answer.matched and answer.values:
        problems.append("values without a match")
    if not isinstance(answer.values, dict):
        problems.append(f"values in a {type(answer.values).__name__}, which cannot be stored; give a plain dict")
    return problems
