"""What the Plugins page says of each plugin, made from its class alone."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lsync_flask.errors import RecordRejected
from lsync_flask.plugin_api import Operator, Plugin, Provider, Transform
from lsync_flask.registry import Registry
from lsync_flask.web.mapping_forms import say_provider_field
from lsync_flask.web.param_forms import Param, params_of

MOST_EXAMPLES = 8
MOST_SHOWN = 80

KINDS: Mapping[str, str] = {
    "transform": "Transforms",
    "operator": "Operators",
    "provider": "Providers",
    "notifier": "Notifiers",
}

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class PluginView:
    """One plugin with its documentation: paragraphs, facts, parameters, and examples as a table (heads, rows)."""

    name: str
    label: str
    kind: str
    source: str
    about: Sequence[str]
    facts: Sequence[str]
    params: Sequence[Param]
    examples: Table | None

    @property
    def anchor(self) -> str:
        return f"{self.kind}-{self.name}"


def plugin_views(registry: Registry, search: str = "") -> list[tuple[str, list[PluginView]]]:
    """(title, plugins) by kind, in the order of their labels; `search` keeps those that have all its words."""
    words = search.lower().split()
    groups = []
    for kind, title in KINDS.items():
        views = [
            _view(registry, kind, one.name, f"{one.distribution} {one.version}")
            for one in registry.installed
            if one.kind == kind
        ]
        kept = [view for view in views if all(word in _searched(view) for word in words)]
        if kept:
            groups.append((title, sorted(kept, key=lambda view: view.label.lower())))
    return groups


def _searched(view: PluginView) -> str:
    return f"{view.label} {view.name} {' '.join(view.about)}".lower()


def _view(registry: Registry, kind: str, name: str, source: str) -> PluginView:
    cls = _class(registry, kind, name)
    text = inspect.cleandoc(cls.__doc__ or "")
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    return PluginView(name, cls.label, kind, source, paragraphs, _facts(cls), params_of(cls, {}), _examples(cls))


def _class(registry: Registry, kind: str, name: str) -> type[Plugin]:
    classes: Mapping[str, Mapping[str, type[Plugin]]] = {
        "transform": registry.transforms,
        "operator": registry.operators,
        "provider": registry.providers,
        "notifier": registry.notifiers,
    }
    return classes[kind][name]


def _facts(cls: type[Plugin]) -> list[str]:
    if issubclass(cls, Operator):
        return [f"For fields of type {', '.join(sorted(cls.types))}."]
    if issubclass(cls, Provider):
        return [f"At most {cls.max_per_call:,} records in one call.", _say_idempotency(cls), *_say_catalogue(cls)]
    return []


def _say_idempotency(cls: type[Provider]) -> str:
    said = {
        "key": "The same call is charged once, however often it is sent.",
        "natural": "Asking again costs nothing.",
        "none": "It cannot tell repeats: what is asked again is paid again.",
    }
    return said[cls.idempotency]


def _say_catalogue(cls: type[Provider]) -> list[str]:
    """The fields of a provider that needs no parameter to name them."""
    if any(field.is_required() for field in cls.model_fields.values()):
        return []
    catalogue = cls().catalogue()
    takes = ", ".join(one.label for one in catalogue.inputs)
    returns = ", ".join(f"{one.label} ({say_provider_field(one).partition(';')[0]})" for one in catalogue.outputs)
    return [f"Takes: {takes}.", f"Returns: {returns}."]


def _examples(cls: type[Plugin]) -> Table | None:
    if issubclass(cls, Transform) and cls.examples:
        rows = [(_params(params), _show(value), _show(result)) for params, value, result in cls.examples]
        return ("With", "Value", "Result"), rows[:MOST_EXAMPLES]
    if issubclass(cls, Operator) and cls.examples:
        told = [
            (_show(value), _show(operand), "yes" if is_true else "no") for _, value, operand, is_true in cls.examples
        ]
        return ("Value", "Compared with", "Is it so?"), told[:MOST_EXAMPLES]
    return None


def _params(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_show(value)}" for name, value in params.items()) or "-"


def _show(value: object) -> str:
    if value is None or value == "":
        return "(blank)"
    if isinstance(value, type):
        return "rejected" if issubclass(value, RecordRejected) else value.__name__
    if isinstance(value, tuple):
        return " · ".join(_show(part) for part in value) or "(empty list)"
    if isinstance(value, Mapping):
        return ", ".join(f"{this} = {that or '(blank)'}" for this, that in value.items())
    return _shorten(_text(value))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return value.isoformat() if isinstance(value, date) else str(value).replace("\n", " ⏎ ").replace("\t", " ⇥ ")


def _shorten(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"
