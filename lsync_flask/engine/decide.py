"""From a provider's answer to what is written into a record, and why, field by field."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lsync_flask.engine.answers import answer_reader
from lsync_flask.engine.checks import value_fitter
from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.engine.paths import missing_field
from lsync_flask.engine.policies import (
    CHANGING,
    DEFAULT_POLICY,
    FieldDecision,
    Policy,
    apply_policy,
    is_blank,
    is_policy,
)
from lsync_flask.engine.readers import DATE_TYPES, NUMBER_TYPES
from lsync_flask.engine.record import NO_RECORD, ColumnTypes, RecordView
from lsync_flask.engine.status import Fate
from lsync_flask.engine.steps import Chain, Pipeline, PluginCall, Rejection, Transforms, build_chain
from lsync_flask.engine.value_quality import (
    fold,
    fold_placeholders,
    grade_of,
    without_placeholders,
)
from lsync_flask.engine.values import comparison_key, spell_text, text_parser
from lsync_flask.errors import InvalidParams, RecordRejected
from lsync_flask.plugin_api import Answer, Catalogue, FieldType, ProviderField, Value

__all__ = ["CompiledResults", "Decision", "PluginCall", "ResultMapping", "ResultRow", "compile_results"]

FieldOutcome = tuple[int, str | None, str | None, FieldDecision]
"""The target's number, its value before, the value proposed (texts; None: none) and the decision."""

NOT_MATCHED = "NOT_MATCHED"
NO_ANSWER = "NO_ANSWER"
BAD_ANSWER = "BAD_ANSWER"
MAX_CONFIDENCE = 100


@dataclass(frozen=True, slots=True)
class ResultRow:
    """The provider's output, the Salesforce field that it may change, and how.

    `minimum_confidence`, 0 to 100: a less certain match leaves this field alone; so does one of unknown certainty.
    `placeholders`, such as “N/A”, count as no value on both sides.
    """

    output: str
    target: str
    transforms: tuple[PluginCall, ...] = ()
    policy: Policy = DEFAULT_POLICY
    minimum_confidence: int | None = None
    placeholders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultMapping:
    object: str
    rows: tuple[ResultRow, ...]


@dataclass(slots=True)
class Decision:
    """What becomes of one record. `changes` maps fields to new values; it is empty unless the fate is `written`.

    `fields` has the fields for which the provider had a value or which are cleared; of a rejected record, those that
    were refused.
    """

    record: str
    fate: Fate
    code: str = ""
    message: str = ""
    changes: dict[str, Value] = field(default_factory=dict)
    fields: list[FieldOutcome] = field(default_factory=list)


class _Proposal:
    """A value that fits its field, or none; `key` equals that of a value before which is the same to Salesforce."""

    __slots__ = ("key", "kind", "text", "value")

    def __init__(self, value: Value, text: str | None, key: object) -> None:
        self.value = value
        self.text = text
        self.key = key
        self.kind = _NO_VALUE if text is None else _VALUE


_BLANK, _SAME, _OTHER = 0, 3, 6
"""What is in the field before: nothing, the proposed value, another value."""
_NO_VALUE, _VALUE, _REFUSED = 0, 1, 2
"""What is proposed: nothing, a value, a value that was refused on the way."""

_Outcome = _Proposal | Rejection
_NOTHING = _Proposal(None, None, None)


class _Rule:
    """One checked row. Its decisions are a table, made from the policy once: this is asked for every field."""

    __slots__ = (
        "_blanks",
        "_certain",
        "_key",
        "_minimum",
        "_parse",
        "_uncertain",
        "output",
        "propose",
        "reads_record",
        "target",
    )

    def __init__(self, row: ResultRow, target: FieldInfo, pipeline: Pipeline[_Proposal]) -> None:
        self.output = row.output
        self.target = target
        self.reads_record = pipeline.reads_record
        self.propose = pipeline.run
        self._minimum = row.minimum_confidence
        self._blanks = fold_placeholders(row.placeholders)
        self._key = comparison_key(target)
        self._parse = text_parser(target.type)
        cases = [(before, kind) for before in (_BLANK, _SAME, _OTHER) for kind in (_NO_VALUE, _VALUE, _REFUSED)]
        self._certain = tuple(_choose(row.policy, target, before, kind) for before, kind in cases)
        self._uncertain = tuple("low_confidence" if word in _HARD else word for word in self._certain)

    def decide(self, before: str | None, proposal: _Outcome, confidence: float | None) -> FieldDecision:
        is_certain = self._minimum is None or (confidence is not None and confidence >= self._minimum)
        table = self._certain if is_certain else self._uncertain
        kind = _REFUSED if isinstance(proposal, Rejection) else proposal.kind
        if before is None or before.isspace() or (self._blanks and fold(before) in self._blanks):
            return table[_BLANK + kind]
        if isinstance(proposal, _Proposal) and (before == proposal.text or self._is_same(before, proposal)):
            return table[_SAME + kind]
        return table[_OTHER + kind]

    def _is_same(self, before: str, proposal: _Proposal) -> bool:
        try:
            return self._key(self._parse(before) if self._parse else before) == proposal.key
        except RecordRejected:
            return False


# A match that is not certain enough does none of these.
_HARD = frozenset({"written", "cleared", "rejected"})


def _choose(policy: Policy, target: FieldInfo, before: int, kind: int) -> FieldDecision:
    # A refused value is a value: it rejects the record where it would be written, and only there.
    write, decision = apply_policy(policy, None if before == _BLANK else "a", None if kind == _NO_VALUE else "b")
    if kind == _NO_VALUE and not write:
        return "no_value"
    if kind == _VALUE and before == _SAME and decision != "never":
        return "unchanged"
    if kind == _REFUSED and write:
        return "rejected"
    return "kept" if decision == "cleared" and not target.nillable else decision


class CompiledResults:
    """A checked result mapping. `targets` are the fields that it may change, in the order of its rows.

    Results of transforms are kept for distinct values, so use one for all bulks of an activity; threads may share it.
    """

    def __init__(self, rules: Sequence[_Rule], info: ObjectInfo) -> None:
        self._rules = tuple(rules)
        self._types = ColumnTypes(info)
        self._calls = tuple((rule.output, rule.propose, rule.decide, rule.target.name) for rule in rules)
        self._reads_record = any(rule.reads_record for rule in rules)
        self._places: tuple[Mapping[str, int], tuple[int, ...]] | None = None

    @property
    def targets(self) -> tuple[FieldInfo, ...]:
        return tuple(rule.target for rule in self._rules)

    def decide(
        self, record_id: str, row: Sequence[str | None], index: Mapping[str, int], answer: Answer | None
    ) -> Decision:
        """What to write into this record, field by field.

        `row` holds the record as selected, texts as Bulk CSV has them, and `index` says which column is where; every
        target must be there. No answer at all is a failure of the provider, unlike "not matched".

        Raises:
            FatalError: a transform failed for many records in a row.
        """
        if answer is None:
            return Decision(record_id, "failed", NO_ANSWER, "The provider gave no answer for this record.")
        if answer.error_code is not None:
            return Decision(record_id, "failed", answer.error_code, answer.error or "The provider gave no reason.")
        if not answer.matched:
            return Decision(record_id, "not_matched", NOT_MATCHED, "The provider does not know this record.")
        if not isinstance(answer.values, Mapping):
            return Decision(record_id, "failed", BAD_ANSWER, "The provider's answer cannot be read.")
        return self._decide_fields(record_id, row, index, answer)

    def _decide_fields(
        self, record_id: str, row: Sequence[str | None], index: Mapping[str, int], answer: Answer
    ) -> Decision:
        record = RecordView(row, index, self._types) if self._reads_record else NO_RECORD
        confidence = answer.confidence if isinstance(answer.confidence, int | float) else None
        values = answer.values
        made = Decision(record_id, "unchanged")
        refused: list[tuple[FieldOutcome, Rejection]] = []
        places = self._find_places(index)
        for number, (output, run, decide, target) in enumerate(self._calls):
            before = row[places[number]] or None
            proposal = run(values.get(output), record)
            decision = decide(before, proposal, confidence)
            if decision == "no_value":
                continue
            outcome = (number, before, proposal.text, decision)
            made.fields.append(outcome)
            if isinstance(proposal, Rejection):
                refused += [(outcome, proposal)] if decision == "rejected" else []
            elif decision in CHANGING:
                made.changes[target] = proposal.value
        if any(outcome[3] == "low_confidence" for outcome in made.fields):
            made.message = _say_confidence(confidence)
        return _close(made, refused)

    def _find_places(self, index: Mapping[str, int]) -> tuple[int, ...]:
        known = self._places
        if known is None or known[0] is not index:
            known = (index, tuple(index[rule.target.name] for rule in self._rules))
            self._places = known
        return known[1]


def _say_confidence(confidence: float | None) -> str:
    """Why fields that ask for more were left alone."""
    if confidence is None:
        return "The provider does not say how certain the match is, and some fields ask for it."
    word = grade_of(confidence)
    return f"The match has a confidence of {confidence:g}{f' ({word})' if word else ''}, and some fields ask for more."


def _close(made: Decision, refused: Sequence[tuple[FieldOutcome, Rejection]]) -> Decision:
    if refused:
        sentences = " ".join(rejection.sentence for _, rejection in refused)
        return Decision(made.record, "rejected", refused[0][1].code, sentences, {}, [outcome for outcome, _ in refused])
    if made.changes:
        made.fate = "written"
    return made


def compile_results(
    mapping: ResultMapping, info: ObjectInfo, catalogue: Catalogue, transforms: Transforms
) -> CompiledResults:
    """The mapping ready to use.

    Raises:
        InvalidParams: every problem, named `rows.0.output`, `.target`, `.transforms.0`, `.policy`,
            `.minimum_confidence` (rows from 0) or `rows`.
    """
    problems: dict[str, str] = {}
    rules: list[_Rule] = []
    seen: set[str] = set()
    for number, row in enumerate(mapping.rows):
        try:
            rules.append(_compile_row(row, info, catalogue, transforms, seen))
        except InvalidParams as error:
            problems |= {f"rows.{number}.{name}": text for name, text in error.problems.items()}
    if not mapping.rows:
        problems["rows"] = "Map at least one field, or nothing can be written."
    if problems:
        raise InvalidParams(problems)
    return CompiledResults(rules, info)


def _compile_row(
    row: ResultRow, info: ObjectInfo, catalogue: Catalogue, transforms: Transforms, seen: set[str]
) -> _Rule:
    output = next((output for output in catalogue.outputs if output.name == row.output), None)
    target = info.find(row.target) if "." not in row.target else None
    problems = dict(_row_problems(row, output, target, info, seen))
    chain: Chain = ()
    try:
        chain = build_chain(row.transforms, transforms, target.label if target else row.target)
    except InvalidParams as error:
        problems |= error.problems
    if problems or output is None or target is None:
        raise InvalidParams(problems)
    seen.add(target.name)
    read = without_placeholders(answer_reader(output), fold_placeholders(row.placeholders))
    return _Rule(row, target, Pipeline(chain, target.label, read, _proposer(target)))


def _proposer(target: FieldInfo) -> Callable[[Value], _Proposal]:
    fit = value_fitter(target)
    key = comparison_key(target)

    def propose(value: Value) -> _Proposal:
        fitting = None if is_blank(value) else fit(value)
        if fitting is None:
            return _NOTHING
        text = fitting if isinstance(fitting, str) else spell_text(target, fitting)
        return _Proposal(fitting, text, key(fitting))

    return propose


def _row_problems(
    row: ResultRow, output: ProviderField | None, target: FieldInfo | None, info: ObjectInfo, seen: set[str]
) -> Iterator[tuple[str, str]]:
    if output is None:
        yield (
            "output",
            f"The provider returns no {row.output}." if row.output else "Choose one of the provider's fields.",
        )
    if target is None:
        yield "target", missing_target(info, row.target)
    elif not target.updateable or target.calculated:
        yield (
            "target",
            f"{target.label} cannot be changed: it is read-only or you may not edit it. Choose another field.",
        )
    elif target.name in seen:
        yield "target", f"{target.label} is the target of two rows. Take out one of them."
    elif output and not row.transforms and not can_fit(output.type, target.type):
        yield (
            "target",
            f"{output.label} is of type {output.type} and can never fit {target.label}, a {target.type} field.",
        )
    if not is_policy(row.policy):
        yield "policy", "Choose one of the overwrite policies."
    if row.minimum_confidence is not None and not 0 <= row.minimum_confidence <= MAX_CONFIDENCE:
        yield "minimum_confidence", "The minimum confidence is a number from 0 to 100."


def missing_target(info: ObjectInfo, name: str) -> str:
    if "." in name:
        return f"{name} belongs to a related record, which is not changed. Choose a field of {info.label}."
    return missing_field(info, name)


def can_fit(output: FieldType, target: FieldType) -> bool:
    """Can any value of the output's type be written into a field of the target's type, without a transform?"""
    kind = "number" if output in NUMBER_TYPES else output
    return target not in _NEVER.get(kind, frozenset())


_LINKS: frozenset[FieldType] = frozenset({"id", "reference"})
_ADDRESSES: frozenset[FieldType] = frozenset({"email", "phone", "url"})
_E_MAIL: frozenset[FieldType] = frozenset({"email"})
_CHECKBOX: frozenset[FieldType] = frozenset({"boolean"})
_NEVER: Mapping[str, frozenset[FieldType]] = {
    "number": _LINKS | DATE_TYPES | _E_MAIL,
    "boolean": _LINKS | DATE_TYPES | NUMBER_TYPES | _ADDRESSES,
    "date": _LINKS | NUMBER_TYPES | _CHECKBOX | _ADDRESSES,
    "datetime": _LINKS | NUMBER_TYPES | _CHECKBOX | _ADDRESSES,
    "email": _LINKS | DATE_TYPES | NUMBER_TYPES | _CHECKBOX,
    "url": _LINKS | DATE_TYPES | NUMBER_TYPES | _CHECKBOX | _E_MAIL,
}
