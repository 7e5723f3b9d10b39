"""From a selected record to what the provider is asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lsync_flask.engine.fields import ObjectInfo
from lsync_flask.engine.paths import label_path, missing_field, resolve_path
from lsync_flask.engine.readers import plain_text
from lsync_flask.engine.record import NO_RECORD, ColumnTypes, RecordView
from lsync_flask.engine.steps import Pipeline, PluginCall, Rejection, Transforms, build_chain
from lsync_flask.engine.value_quality import fold, fold_placeholders
from lsync_flask.engine.values import parse_text, text_parser
from lsync_flask.errors import InvalidParams
from lsync_flask.plugin_api import Catalogue, FieldType, Inquiry, Value

__all__ = ["CompiledInputs", "InputMapping", "InputRow", "PluginCall", "Skip", "compile_inputs"]

MINIMUM_INPUT = "MINIMUM_INPUT"


@dataclass(frozen=True, slots=True)
class InputRow:
    """The provider's input, the Salesforce field that feeds it, and the transforms between.

    `placeholders`, such as “N/A”, are not sent: they count as no value.
    """

    input: str
    source: str
    transforms: tuple[PluginCall, ...] = ()
    placeholders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputMapping:
    object: str
    rows: tuple[InputRow, ...]


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a record is not sent. Its fate is `skipped`, or `rejected` when a transform refused one of its values."""

    code: str
    sentence: str
    fate: Literal["skipped", "rejected"] = "skipped"


@dataclass(frozen=True, slots=True)
class _Rule:
    """One checked row. Without `pipeline` the text is sent as it is."""

    input: str
    path: str
    pipeline: Pipeline[str] | None
    blanks: frozenset[str] = frozenset()


class CompiledInputs:
    """A checked input mapping; `columns` are the fields to select, each once."""

    def __init__(self, rules: Sequence[_Rule], info: ObjectInfo, catalogue: Catalogue) -> None:
        self.columns = tuple(dict.fromkeys(rule.path for rule in rules))
        self._rules = tuple(rules)
        self._types = ColumnTypes(info)
        self._reads_record = any(rule.pipeline and rule.pipeline.reads_record for rule in rules)
        self._required = tuple(field.name for field in catalogue.inputs if field.required)
        self._minimum = catalogue.minimum
        self._labels = {field.name: field.label for field in catalogue.inputs}

    def make_inquiry(self, record_id: str, row: Sequence[str | None], index: Mapping[str, int]) -> Inquiry | Skip:
        """What to ask about this record, blank inputs left out; or why it cannot be asked.

        `row` holds texts as Bulk CSV has them, `index` says which column is where.

        Raises:
            FatalError: a transform failed for many records in a row.
        """
        record = RecordView(row, index, self._types) if self._reads_record else NO_RECORD
        inputs: dict[str, str] = {}
        for rule in self._rules:
            text = row[index[rule.path]]
            if rule.blanks and text and fold(text) in rule.blanks:
                continue
            if rule.pipeline is not None:
                result = rule.pipeline.run(text or None, record)
                if isinstance(result, Rejection):
                    return Skip(result.code, result.sentence, "rejected")
                text = result
            if text and (stripped := text.strip()):
                inputs[rule.input] = stripped
        missing = self._missing(inputs)
        return Skip(MINIMUM_INPUT, missing) if missing else Inquiry(record_id, inputs)

    def _missing(self, inputs: Mapping[str, str]) -> str:
        if any(name not in inputs for name in self._required):
            names = [self._labels[name] for name in self._required if name not in inputs]
            return f"The provider needs {' and '.join(names)}, and the record has no value there."
        if self._minimum and not any(names <= inputs.keys() for names in self._minimum):
            return f"The record has too little to be looked up. Needed: {self._say_minimum()}."
        return ""

    def _say_minimum(self) -> str:
        return say_minimum(self._minimum, self._labels)


def compile_inputs(
    mapping: InputMapping, info: ObjectInfo, catalogue: Catalogue, transforms: Transforms
) -> CompiledInputs:
    """The mapping ready to use.

    Raises:
        InvalidParams: every problem, named `rows.0.input`, `rows.0.source`, `rows.0.transforms.0` (from 0) or `rows`.
    """
    problems: dict[str, str] = {}
    rules: list[_Rule] = []
    seen: set[str] = set()
    for number, row in enumerate(mapping.rows):
        found = dict(_row_problems(row, info, catalogue, seen))
        seen.add(row.input)
        try:
            rule = _compile_row(row, info, transforms)
        except InvalidParams as error:
            found |= error.problems
        else:
            rules += [rule] if rule else []
        problems |= {f"rows.{number}.{name}": text for name, text in found.items()}
    if not problems:
        problems = dict(_mapping_problems(seen, catalogue))
    if problems:
        raise InvalidParams(problems)
    return CompiledInputs(rules, info, catalogue)


def say_minimum(minimum: Sequence[frozenset[str]], labels: Mapping[str, str]) -> str:
    """The sets of inputs in words: `Website, or Company and Country`."""
    return ", or ".join(" and ".join(sorted(labels.get(name, name) for name in names)) for names in minimum)


def _row_problems(row: InputRow, info: ObjectInfo, catalogue: Catalogue, seen: set[str]) -> Iterator[tuple[str, str]]:
    if all(field.name != row.input for field in catalogue.inputs):
        yield "input", f"The provider takes no input {row.input}." if row.input else "Choose an input."
    elif row.input in seen:
        yield "input", "This input is mapped twice. Take out one of the rows."
    if resolve_path(info, row.source) is None:
        yield "source", missing_field(info, row.source)


def _mapping_problems(mapped: set[str], catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    labels = {field.name: field.label for field in catalogue.inputs}
    required = [field.label for field in catalogue.inputs if field.required and field.name not in mapped]
    if not mapped:
        yield "rows", "Map at least one field, or there is nothing to ask the provider."
    elif required:
        yield "rows", f"The provider needs {' and '.join(required)}: add a row for it."
    elif catalogue.minimum and not any(names <= mapped for names in catalogue.minimum):
        yield "rows", f"The provider needs more to look a record up: {say_minimum(catalogue.minimum, labels)}."


def _compile_row(row: InputRow, info: ObjectInfo, transforms: Transforms) -> _Rule | None:
    chain = build_chain(row.transforms, transforms, label_path(info, row.source))
    resolved = resolve_path(info, row.source)
    if resolved is None:
        return None
    path, field = resolved
    if not chain and text_parser(field.type) is None:
        return _Rule(row.input, path, None, fold_placeholders(row.placeholders))
    pipeline = Pipeline(chain, field.label, _reader(field.type), plain_text)
    return _Rule(row.input, path, pipeline, fold_placeholders(row.placeholders))


def _reader(type: FieldType) -> Callable[[str | None], Value]:  # noqa: A002 (the name that describe uses)
    return lambda text: parse_text(type, text)
