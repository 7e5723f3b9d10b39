"""A form for a plugin's parameters, made from their declarations alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from lsync_flask.plugin_api import Plugin
from lsync_flask.services.providers import secret_params

Control = Literal["text", "lines", "number", "choices", "secret"]


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter as the form shows it; `help` says what it means, and which range it has."""

    name: str
    label: str
    control: Control
    value: str
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    is_required: bool = False


def params_of(cls: type[Plugin], values: Mapping[str, Any]) -> list[Param]:
    """The parameters in the order of their declaration, with the values that they have now."""
    hidden = secret_params(cls)
    return [_param(name, field, values, is_secret=name in hidden) for name, field in cls.model_fields.items()]


def _param(name: str, field: FieldInfo, values: Mapping[str, Any], *, is_secret: bool) -> Param:
    usual = "" if field.is_required() else spell_value(field.get_default(call_default_factory=True))
    choices = _choices(field.annotation)
    control: Control = "secret" if is_secret else "choices" if choices else _control(field)
    shown = spell_value(values[name]) if name in values else usual
    return Param(
        name, field.title or name, control, "" if is_secret else shown, help_of(field), choices, field.is_required()
    )


def _control(field: FieldInfo) -> Control:
    inner = _inner(field.annotation)
    extra = field.json_schema_extra
    if get_origin(inner) is dict or inner is dict or (isinstance(extra, dict) and extra.get("multiline")):
        return "lines"
    return "number" if inner in (int, Decimal) else "text"


def _inner(annotation: Any) -> Any:
    parts = [part for part in get_args(annotation) if part is not type(None)]
    return parts[0] if parts and type(None) in get_args(annotation) else annotation


def _choices(annotation: Any) -> tuple[tuple[str, str], ...]:
    inner = _inner(annotation)
    if get_origin(inner) is Literal:
        return tuple((str(one), str(one)) for one in get_args(inner))
    return (("true", "yes"), ("false", "no")) if inner is bool else ()


def help_of(field: FieldInfo) -> str:
    """The description and the range."""
    low, high = range_of(field.metadata)
    said = f"{low:,} to {high:,}." if low is not None and high is not None else ""
    return " ".join(word for word in (field.description or "", said) if word)


def range_of(metadata: Iterable[Any]) -> tuple[int | None, int | None]:
    """The least and the most, from pydantic's constraints; None: there is none."""
    constraints = list(metadata)
    low = next((one.ge for one in constraints if getattr(one, "ge", None) is not None), None)
    high = next((one.le for one in constraints if getattr(one, "le", None) is not None), None)
    return low, high


def spell_value(value: Any) -> str:
    """A parameter's value as people type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "\n".join(f"{this} = {that}" for this, that in value.items())
    return str(value)
