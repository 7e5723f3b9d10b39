"""What must hold of a plugin class before it may run: asked at every start, and again by the conformance test."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from lsync_flask.plugin_api import (
    API_VERSION,
    FieldType,
    Notifier,
    Operator,
    Plugin,
    Provider,
    Transform,
)

BASES: Mapping[str, type[Plugin]] = {
    "transform": Transform,
    "operator": Operator,
    "provider": Provider,
    "notifier": Notifier,
}
MAX_NAME = 60
MAX_LABEL = 80
_NO_DOCSTRINGS = 2

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_METHODS: Mapping[str, Sequence[str]] = {
    "transform": ("apply",),
    "operator": ("matches", "conditions"),
    "provider": ("catalogue", "submit"),
    "notifier": ("send",),
}
_FIELD_TYPES = frozenset(get_args(FieldType))
_OPERANDS = ("none", "one", "two", "many", "days")
_IDEMPOTENCY = ("key", "natural", "none")


def kind_of(cls: type) -> str | None:
    """`transform`, `operator`, `provider` or `notifier`; None if it is no plugin class."""
    return next((kind for kind, base in BASES.items() if issubclass(cls, base)), None)


def name_problem(name: object) -> str | None:
    """Why this cannot be a plugin's name; None if it can."""
    if isinstance(name, str) and len(name) <= MAX_NAME and _NAME.fullmatch(name):
        return None
    return f"Its name must be lower-case words joined by hyphens, at most {MAX_NAME} characters; it is {name!r}."


def class_problems(cls: object, kind: str) -> list[str]:
    """Every reason why this cannot be a plugin of the kind, a sentence each; none if it can.

    Nothing of the plugin's own code is called but what stands in its class.
    """
    base = BASES[kind]
    if not isinstance(cls, type) or not issubclass(cls, base) or cls is base:
        shown = cls.__name__ if isinstance(cls, type) else type(cls).__name__
        return [f"{shown} is not a subclass of lsync_flask.plugin_api.{base.__name__}."]
    version = getattr(cls, "api", None)
    if version != API_VERSION or isinstance(version, bool):
        return [f"It was written for API {version!r}, and this is API {API_VERSION}."]
    return [*_common_problems(cls), *_missing_methods(cls, kind), *_KIND_PROBLEMS[kind](cls)]


def _common_problems(cls: type[Plugin]) -> Iterator[str]:
    if problem := name_problem(getattr(cls, "name", None)):
        yield problem
    label = getattr(cls, "label", None)
    if not isinstance(label, str) or not label.strip() or len(label) > MAX_LABEL:
        yield f"It needs a label of 1 to {MAX_LABEL} characters."
    # Under python -OO there are no docstrings at all.
    if not (vars(cls).get("__doc__") or "").strip() and sys.flags.optimize < _NO_DOCSTRINGS:
        yield "It has no docstring; the first line is what people read in the list."
    if not cls.model_config.get("frozen") or cls.model_config.get("extra") != "forbid":
        yield "It must stay frozen and refuse unknown parameters: leave model_config as it is."
    for name, field in cls.model_fields.items():
        if not field.is_required() and (problem := _default_problem(field)):
            yield f"The default of the parameter {name} breaks its own rules: {problem}."


def _default_problem(field: Any) -> str | None:
    try:
        default = field.get_default(call_default_factory=True)
        TypeAdapter(field.rebuild_annotation()).validate_python(default)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return None


def _missing_methods(cls: type[Plugin], kind: str) -> Iterator[str]:
    for name in _METHODS[kind]:
        if getattr(cls, name) is getattr(BASES[kind], name):
            yield f"It has no method {name}."


def _transform_problems(cls: Any) -> Iterator[str]:
    if not isinstance(cls.reads_record, bool):
        yield "reads_record must be True or False."


def _operator_problems(cls: Any) -> Iterator[str]:
    if cls.operands not in _OPERANDS:
        yield f"operands must be one of {', '.join(_OPERANDS)}; it is {cls.operands!r}."
    if not isinstance(cls.types, frozenset) or not cls.types or not cls.types <= _FIELD_TYPES:
        yield "types must be a frozenset of field types, and not empty."


def _provider_problems(cls: Any) -> Iterator[str]:
    if getattr(cls, "idempotency", None) not in _IDEMPOTENCY:
        yield f"idempotency must be one of {', '.join(_IDEMPOTENCY)}."
    most = getattr(cls, "max_per_call", None)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        yield "max_per_call must be a whole number from 1 on."


def _notifier_problems(_cls: Any) -> Iterator[str]:
    yield from ()


_KIND_PROBLEMS = {
    "transform": _transform_problems,
    "operator": _operator_problems,
    "provider": _provider_problems,
    "notifier": _notifier_problems,
}
