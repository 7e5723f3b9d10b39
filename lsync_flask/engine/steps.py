"""Chains of transforms: built from what is stored, and run so that a broken plugin rejects records and no more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar

from lsync_flask.engine.readers import shorten
from lsync_flask.errors import FatalError, InvalidParams, PluginFailed, RecordRejected
from lsync_flask.plugin_api import Transform, Value, build

MAX_FAILURES = 50
"""So many failures of one step in a row mean that the plugin is broken, not the data."""

MAX_KEPT = 4096
MAX_KEPT_LENGTH = 256
"""Results are kept for so many distinct values, of texts up to so many characters: memory stays flat."""

MAX_TRANSFORMS = 20

MAX_RESULT = 1_000_000
"""Characters of a transform's result, or parts of its list: no field of Salesforce takes a seventh of it."""

PLUGIN_FAILED = "PLUGIN_FAILED"

T = TypeVar("T")

Transforms = Mapping[str, type[Transform]]


@dataclass(frozen=True, slots=True)
class PluginCall:
    """One transform with its parameters, as it is stored."""

    plugin: str
    params: Mapping[str, object] = field(default_factory=dict)


class Step:
    """One transform of a chain. It counts failures in a row; `place` names the field in sentences."""

    __slots__ = ("_failures", "_place", "_transform", "reads_record")

    def __init__(self, transform: Transform, place: str) -> None:
        self._transform = transform
        self._place = place
        self._failures = 0
        self.reads_record = transform.reads_record

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        """The transformed value.

        Raises:
            RecordRejected: the transform refuses the value (`PluginFailed`: it raised something else).
            FatalError: it failed for many records in a row.
        """
        try:
            result = self._transform.apply(value, record)
            if type(result) is not str or len(result) > MAX_RESULT:
                _check_result(result)
        except RecordRejected:
            self._failures = 0
            raise
        except (Exception, SystemExit) as error:
            # A transform that calls sys.exit() must not end the worker.
            raise self._fail(error) from error
        self._failures = 0
        return result

    def _fail(self, error: BaseException) -> PluginFailed | FatalError:
        self._failures += 1
        reason = f"{self._transform.name} failed on {self._place} ({type(error).__name__})"
        if self._failures >= MAX_FAILURES:
            return FatalError(
                f"{reason} for {self._failures} records in a row. The plugin is broken: repair it or take it out of "
                "the mapping, then run again."
            )
        return PluginFailed(f"{reason}.")


Chain = tuple[Step, ...]


def run_chain(chain: Chain, value: Value, record: Mapping[str, Value]) -> Value:
    """The value after all steps, in order. Raises what `Step.apply` raises."""
    for step in chain:
        value = step.apply(value, record if step.reads_record else _NOTHING)
    return value


def build_chain(calls: Sequence[PluginCall], transforms: Transforms, place: str) -> Chain:
    """The steps ready to run.

    Raises:
        InvalidParams: every problem, named `transforms.0` or `transforms.0.<parameter>` (counted from 0).
    """
    problems: dict[str, str] = {}
    steps: list[Step] = []
    if len(calls) > MAX_TRANSFORMS:
        problems["transforms"] = f"There are {len(calls)} transforms, and {MAX_TRANSFORMS} are the most."
    for number, call in enumerate(calls[:MAX_TRANSFORMS]):
        try:
            steps.append(Step(_build(call, transforms), place))
        except InvalidParams as error:
            named = {f".{name}" if name else "": text for name, text in error.problems.items()}
            problems |= {f"transforms.{number}{name}": text for name, text in named.items()}
    if problems:
        raise InvalidParams(problems)
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a value cannot be used: what `RecordRejected` says, without the frames that an exception keeps alive."""

    code: str
    sentence: str
    text: str | None


class Pipeline(Generic[T]):
    """From a raw value through a chain to a result, which is kept for every distinct value where that is sound.

    `read` turns what came from outside into a value, `finish` makes the result; both may raise `RecordRejected`.
    """

    __slots__ = ("_chain", "_finish", "_kept", "_place", "_read", "reads_record")

    def __init__(self, chain: Chain, place: str, read: Callable[[Any], Value], finish: Callable[[Value], T]) -> None:
        self._chain = chain
        self._place = place
        self._read = read
        self._finish = finish
        self._kept: dict[object, T | Rejection] = {}
        self.reads_record = any(step.reads_record for step in chain)

    def run(self, raw: Any, record: Mapping[str, Value]) -> T | Rejection:
        """The result, or why there is none.

        Raises:
            FatalError: a step failed for many records in a row.
        """
        if self.reads_record:
            return self._run(raw, record)
        key = raw if type(raw) is str else _key(raw)
        result = self._kept.get(key)
        if result is None:
            result = self._run(raw, _NOTHING)
            self._keep(key, result)
        return result

    def _keep(self, key: object, result: T | Rejection) -> None:
        is_long = isinstance(key, str) and len(key) > MAX_KEPT_LENGTH
        # A plugin's failure is not kept, so that it is counted for each record.
        if key is None or is_long or (isinstance(result, Rejection) and result.code == PLUGIN_FAILED):
            return
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[key] = result

    def _run(self, raw: Any, record: Mapping[str, Value]) -> T | Rejection:
        try:
            if not self._chain:
                return self._finish(self._read(raw))
            return self._finish(self._transform(self._read(raw), record))
        except RecordRejected as error:
            return Rejection(error.code, error.sentence, _show(raw))

    def _transform(self, value: Value, record: Mapping[str, Value]) -> Value:
        try:
            return run_chain(self._chain, value, record)
        except PluginFailed:
            raise
        except RecordRejected as error:
            raise RecordRejected(f"{self._place}: {error.sentence}", code=error.code) from error


def _key(raw: object) -> object | None:
    """A key under which the result for this value may be kept; None: it is not worth it.

    Equal values of different kinds (1, 1.0, True) have different keys, for a transform may tell them apart.
    """
    return (type(raw), str(raw)) if raw is None or isinstance(raw, bool | int | float | Decimal | date) else None


def _show(raw: object) -> str | None:
    return None if raw is None else shorten(raw, MAX_KEPT_LENGTH)


def _build(call: PluginCall, transforms: Transforms) -> Transform:
    cls = transforms.get(call.plugin)
    if cls is None:
        raise InvalidParams({"": f"There is no transform {call.plugin}; its plugin may be missing. Choose another."})
    return build(cls, call.params)


def _check_result(result: Value) -> None:
    """A plugin may return anything; what is no value, or so long that it would fill the memory, is its failure."""
    if isinstance(result, tuple):
        is_value = all(isinstance(part, str) for part in result)
        size = sum(map(len, result)) + len(result) if is_value else 0
    else:
        is_value = result is None or isinstance(result, str | int | Decimal | date)
        size = len(result) if isinstance(result, str) else 0
    if not is_value:
        raise TypeError(type(result).__name__)
    if size > MAX_RESULT:
        raise OverflowError


_NOTHING: Mapping[str, Value] = {}
