"""The list of plugins as Markdown, for the documentation; made from the classes alone, so that it cannot differ."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from lsync_flask.plugin_api import Operator, Plugin, Provider, RecordRejected, Transform
from lsync_flask.registry import OWN_DISTRIBUTION, Registry

__all__ = ["BEGIN", "END", "markdown_of", "replace_between"]

BEGIN = "<!-- plugins: made by `lsync plugins --markdown`; do not edit -->"
END = "<!-- end of plugins -->"

MAX_EXAMPLES = 6
_MAX_SHOWN = 60


def markdown_of(registry: Registry, distribution: str = OWN_DISTRIBUTION) -> str:
    """What one distribution brings (ours: the built-ins), by kind and name."""
    brought = {(found.kind, found.name) for found in registry.installed if found.distribution == distribution}
    parts: list[str] = []
    for kind, title, classes, describe in _sections(registry):
        names = [name for name in sorted(classes) if (kind, name) in brought]
        if names:
            parts += [f"### {title}", *(part for name in names for part in describe(classes[name]))]
    return "\n\n".join(parts) + "\n"


def replace_between(text: str, listing: str) -> str:
    """The document with the list between its two markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the document lacks the two markers of the list")
    return f"{before}{BEGIN}\n\n{listing}\n{END}{after}"


_Describe = Callable[[Any], Iterator[str]]


def _sections(registry: Registry) -> Sequence[tuple[str, str, Mapping[str, Any], _Describe]]:
    return (
        ("transform", "Transforms", registry.transforms, _transform),
        ("operator", "Operators", registry.operators, _operator),
        ("provider", "Providers", registry.providers, _provider),
        ("notifier", "Notifiers", registry.notifiers, _common),
    )


def _common(cls: type[Plugin]) -> Iterator[str]:
    yield f"#### `{cls.name}` · {_escape(cls.label)}"
    yield inspect.cleandoc(cls.__doc__ or "")
    rows = list(_parameters(cls))
    if rows:
        yield _table(("parameter", "takes", "default", "meaning"), rows)


def _transform(cls: type[Transform]) -> Iterator[str]:
    yield from _common(cls)
    rows = [(_params(params), _show(value), _show(result)) for params, value, result in cls.examples[:MAX_EXAMPLES]]
    if not any(params for params, _, _ in rows):
        yield _table(("value", "result"), [(value, result) for _, value, result in rows])
    else:
        yield _table(("with", "value", "result"), rows)


def _operator(cls: type[Operator]) -> Iterator[str]:
    yield from _common(cls)
    yield f"For fields of type {', '.join(sorted(cls.types))}."
    rows = [
        (_show(value), _show(operand), "yes" if is_true else "no")
        for _, value, operand, is_true in cls.examples[:MAX_EXAMPLES]
    ]
    yield _table(("value", "compared with", "is it so?"), rows)


def _provider(cls: type[Provider]) -> Iterator[str]:
    yield from _common(cls)
    yield f"At most {cls.max_per_call} records in one call; idempotency: {cls.idempotency}."


def _parameters(cls: type[Plugin]) -> Iterator[tuple[str, ...]]:
    for name, field in cls.model_fields.items():
        default = "must be filled in" if field.is_required() else _show(field.get_default(call_default_factory=True))
        meaning = f"{field.title}. {field.description or ''}".strip()
        yield f"`{name}`", _type_name(field.annotation), default, _escape(meaning)


def _type_name(annotation: Any) -> str:
    """What people type: text, a whole number, one of some words."""
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    known = {str: "text", int: "whole number", Decimal: "number", bool: "yes or no"}
    inner = [part for part in get_args(annotation) if part is not type(None)]
    if inner and type(None) in get_args(annotation):
        return _type_name(inner[0])
    return known.get(annotation, str(getattr(annotation, "__name__", annotation)))


def _params(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_show(value)}" for name, value in params.items())


def _show(value: object) -> str:
    """A value as it stands in a table."""
    if value is None or value == "":
        return "*blank*"
    if isinstance(value, type):
        return "*rejected*" if issubclass(value, RecordRejected) else value.__name__
    if isinstance(value, tuple):
        return " · ".join(_show(part) for part in value) or "*empty list*"
    return f"`{_escape(_text(value))}`"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        text = format(value, "f")
    elif isinstance(value, datetime):
        text = f"{value:%Y-%m-%d %H:%M} UTC"
    else:
        text = value.isoformat() if isinstance(value, date) else str(value)
    shown = text.replace("\n", " ⏎ ").replace("\t", " ⇥ ").replace("`", "'")
    return shown if len(shown) <= _MAX_SHOWN else shown[: _MAX_SHOWN - 1] + "…"


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
