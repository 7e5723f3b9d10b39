"""What becomes of one value on its way through a row of a mapping, step by step, for people who set it up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lsync_flask.engine.answers import answer_reader
from lsync_flask.engine.checks import value_fitter
from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.policies import is_blank
from lsync_flask.engine.readers import plain_text, shorten
from lsync_flask.engine.steps import Chain
from lsync_flask.engine.values import parse_text, spell_text
from lsync_flask.errors import LsyncError
from lsync_flask.plugin_api import ProviderField, Value

MOST_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Trial:
    """One value: as it came, after each step, and at the end (""; nothing); `problem` says why it is refused."""

    raw: str
    steps: tuple[str, ...]
    result: str
    problem: str = ""


def try_answer(raw: Any, output: ProviderField, chain: Chain, target: FieldInfo) -> Trial:
    """A provider's value on its way into a Salesforce field."""
    fit = value_fitter(target)

    def finish(value: Value) -> str:
        fitting = None if is_blank(value) else fit(value)
        return "" if fitting is None else spell_text(target, fitting)

    return _try(raw, answer_reader(output), chain, finish)


def try_input(text: str, source: FieldInfo, chain: Chain) -> Trial:
    """A Salesforce field's value on its way to the provider."""
    return _try(text, lambda raw: parse_text(source.type, raw), chain, lambda value: plain_text(value).strip())


def _try(raw: Any, read: Callable[[Any], Value], chain: Chain, finish: Callable[[Value], str]) -> Trial:
    shown = _show_raw(raw)
    steps: list[str] = []
    try:
        value = read(raw)
        for step in chain:
            value = step.apply(value, {})
            steps.append(_show(value))
        return Trial(shown, tuple(steps), shorten(finish(value), MOST_SHOWN))
    except LsyncError as error:
        return Trial(shown, tuple(steps), "", error.sentence)


def _show_raw(raw: Any) -> str:
    return _show(tuple(str(part) for part in raw) if isinstance(raw, list | tuple) else str(raw))


def _show(value: Value) -> str:
    if isinstance(value, tuple):
        return shorten(" · ".join(value), MOST_SHOWN)
    return shorten(plain_text(value), MOST_SHOWN)
