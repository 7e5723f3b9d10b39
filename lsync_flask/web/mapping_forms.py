"""From what the form of a mapping sends to the bodies that services take, and back.

Each row has a key of its own: `row` lists the keys in order, and `provider.<key>`, `field.<key>`, `policy.<key>` and
`confidence.<key>` belong to one row; `step.<key>` lists the keys of its transforms, each with `plugin.<step>` and
`param.<step>.<name>`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.policies import DEFAULT_POLICY, POLICIES, Policy, apply_policy, is_policy
from lsync_flask.engine.value_quality import MOST_PLACEHOLDERS
from lsync_flask.errors import InvalidParams
from lsync_flask.plugin_api import ProviderField, build
from lsync_flask.registry import Registry
from lsync_flask.services.plan import (
    InputMappingBody,
    InputRowBody,
    PluginCallBody,
    ResultMappingBody,
    ResultRowBody,
)
from lsync_flask.web.forms import ICONS, TYPE_LABELS, new_key
from lsync_flask.web.param_forms import Param, params_of

T = TypeVar("T")

MOST_ROWS = 200
LONGEST_PLACEHOLDER = 80


@dataclass(frozen=True)
class StepDraft:
    """One transform of a row, as typed."""

    key: str
    plugin: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RowDraft:
    """One row, as typed: right or wrong."""

    key: str
    provider: str = ""
    field: str = ""
    steps: tuple[StepDraft, ...] = ()
    policy: str = DEFAULT_POLICY
    confidence: str = ""
    placeholders: str = ""

    @property
    def is_blank(self) -> bool:
        return not (self.provider or self.field or self.steps)


def rows_of_form(form: MultiDict[str, str]) -> list[RowDraft]:
    return [row_of_form(form, key) for key in dict.fromkeys(form.getlist("row")[:MOST_ROWS]) if key.isalnum()]


def row_of_form(form: MultiDict[str, str], key: str) -> RowDraft:
    steps = [_step_of_form(form, step) for step in form.getlist(f"step.{key}")]
    added = form.get(f"add.{key}", "")
    return RowDraft(
        key=key,
        provider=form.get(f"provider.{key}", ""),
        field=form.get(f"field.{key}", ""),
        steps=tuple([*steps, StepDraft(new_key(), added)] if added else steps),
        policy=form.get(f"policy.{key}", DEFAULT_POLICY),
        confidence=form.get(f"confidence.{key}", "").strip().lower(),
        placeholders=form.get(f"placeholders.{key}", "").strip(),
    )


def _step_of_form(form: MultiDict[str, str], key: str) -> StepDraft:
    begin = f"param.{key}."
    params = {name.removeprefix(begin): value for name, value in form.items() if name.startswith(begin)}
    return StepDraft(key, form.get(f"plugin.{key}", ""), params)


def change_steps(row: RowDraft, action: str) -> RowDraft:
    """The row without a step (`drop:<step>`), or with one earlier (`up:<step>`); anything else changes nothing."""
    word, _, key = action.partition(":")
    place = next((number for number, step in enumerate(row.steps) if step.key == key), None)
    if place is None:
        return row
    steps = list(row.steps)
    step = steps.pop(place)
    if word == "up":
        steps.insert(max(0, place - 1), step)
    return replace(row, steps=tuple(steps)) if word in {"drop", "up"} else row


def rows_of_body(body: InputMappingBody | ResultMappingBody) -> list[RowDraft]:
    if isinstance(body, InputMappingBody):
        return [
            RowDraft(new_key(), row.input, row.source, _steps(row.transforms), placeholders=", ".join(row.placeholders))
            for row in body.rows
        ]
    return [
        RowDraft(
            new_key(),
            row.output,
            row.target,
            _steps(row.transforms),
            row.policy,
            "" if row.minimum_confidence is None else str(row.minimum_confidence),
            ", ".join(row.placeholders),
        )
        for row in body.rows
    ]


def _steps(calls: Iterable[PluginCallBody]) -> tuple[StepDraft, ...]:
    return tuple(StepDraft(new_key(), call.plugin, call.params) for call in calls)


def input_body(rows: Iterable[RowDraft], registry: Registry) -> InputMappingBody:
    """Raises InvalidParams: a row holds what cannot be stored; named by row."""
    return InputMappingBody(rows=tuple(_bodies(rows, lambda row: input_row(row, registry))))


def result_body(rows: Iterable[RowDraft], registry: Registry) -> ResultMappingBody:
    """Raises InvalidParams: a confidence is no number from 0 to 100, or a policy is unknown; named by row."""
    return ResultMappingBody(rows=tuple(_bodies(rows, lambda row: result_row(row, registry))))


def _bodies(rows: Iterable[RowDraft], read: Callable[[RowDraft], T]) -> list[T]:
    bodies: list[T] = []
    problems: dict[str, str] = {}
    for number, row in enumerate(rows):
        try:
            bodies.append(read(row))
        except InvalidParams as error:
            problems |= {f"rows.{number}.{name}": text for name, text in error.problems.items()}
    if problems:
        raise InvalidParams(problems)
    return bodies


def input_row(row: RowDraft, registry: Registry) -> InputRowBody:
    return InputRowBody(
        input=row.provider,
        source=row.field,
        transforms=_calls(row, registry),
        placeholders=_placeholders(row.placeholders),
    )


def _placeholders(typed: str) -> tuple[str, ...]:
    """The texts between commas, each once.

    Raises:
        InvalidParams: one is longer than any placeholder.
    """
    texts = tuple(dict.fromkeys(part.strip() for part in typed.split(",") if part.strip()))
    long = next((text for text in texts if len(text) > LONGEST_PLACEHOLDER), None)
    if long is not None:
        sentence = f"“{long[:20]}…” is longer than {LONGEST_PLACEHOLDER} characters. Put commas between the texts."
        raise InvalidParams({"placeholders": sentence})
    if len(texts) > MOST_PLACEHOLDERS:
        raise InvalidParams({"placeholders": f"These are {len(texts)} texts, and {MOST_PLACEHOLDERS} are the most."})
    return texts


def result_row(row: RowDraft, registry: Registry) -> ResultRowBody:
    if not is_policy(row.policy):
        raise InvalidParams({"policy": "Choose one of the overwrite policies."})
    placeholders = _placeholders(row.placeholders)
    try:
        return ResultRowBody(
            output=row.provider,
            target=row.field,
            transforms=_calls(row, registry),
            policy=cast("Policy", row.policy),
            minimum_confidence=row.confidence or None,
            placeholders=placeholders,
        )
    except ValidationError as error:
        sentence = f"“{row.confidence[:20]}” is no whole number from 0 to 100, nor low, medium or high."
        raise InvalidParams({"minimum_confidence": sentence}) from error


def _calls(row: RowDraft, registry: Registry) -> tuple[PluginCallBody, ...]:
    return tuple(PluginCallBody(plugin=step.plugin, params=_read(step, registry)) for step in row.steps)


def _read(step: StepDraft, registry: Registry) -> dict[str, Any]:
    """The parameters in their own types, those that are usual left out; as typed where they are wrong."""
    cls = registry.transforms.get(step.plugin)
    typed = {name: value for name, value in step.params.items() if value != ""}
    if cls is None:
        return typed
    try:
        return build(cls, typed).model_dump(mode="json", exclude_defaults=True)
    except InvalidParams:
        return typed


@dataclass(frozen=True, slots=True)
class StepView:
    """A transform as its form shows it."""

    key: str
    plugin: str
    label: str
    about: str
    params: list[Param]


def step_views(row: RowDraft, registry: Registry) -> list[StepView]:
    return [_step_view(step, registry) for step in row.steps]


def _step_view(step: StepDraft, registry: Registry) -> StepView:
    cls = registry.transforms.get(step.plugin)
    if cls is None:
        return StepView(step.key, step.plugin, step.plugin, "This transform is not installed.", [])
    about = (cls.__doc__ or "").strip().split("\n")[0]
    return StepView(step.key, step.plugin, cls.label, about, params_of(cls, step.params))


def say_provider_field(one: ProviderField | None) -> str:
    """`text, up to 255 characters; such as “Technology”`."""
    if one is None:
        return ""
    kind = TYPE_LABELS.get(one.type, one.type)
    size = f", up to {one.length:,} characters" if one.length else ""
    sample = f"; such as “{one.sample}”" if one.sample else ""
    return f"{kind}{size}{sample}"


def say_field(path: str, one: FieldInfo | None) -> str:
    """`Industry · picklist` or `Website · url, up to 255 characters`."""
    if one is None:
        return path
    size = (
        f", up to {one.length:,} characters" if one.length and one.type not in {"picklist", "id", "reference"} else ""
    )
    return f"{path} · {TYPE_LABELS.get(one.type, one.type)}{size}"


def icon_of(one: FieldInfo | ProviderField | None) -> str:
    return ICONS[one.type] if one else "search"


def policy_examples(policy: str, sample: str) -> list[tuple[str, str, str]]:
    """(in Salesforce, from the provider, afterwards) for the three cases that differ; made by the policy itself."""
    if policy not in POLICIES:
        return []
    new = sample or "new"
    cases = [("", new), ("old", new), ("old", "")]
    return [(before, said, _after(cast("Policy", policy), before, said)) for before, said in cases]


def _after(policy: Policy, before: str, said: str) -> str:
    is_written, _ = apply_policy(policy, before or None, said or None)
    return said if is_written else before
