"""The only file that spells SOQL.

What holds of records without a value (`reference/salesforce.md` §5.1): `=`, `IN`, `LIKE`, `INCLUDES`, `<`, `<=`, `>`
and `>=` are false of them; `!=`, `NOT IN`, `EXCLUDES` and `(NOT f LIKE …)` are true. So the opposite of a comparison is
spelled out, `(f >= 5 OR f = null)`, and NOT is written before LIKE only: then a negated row is true of exactly those
records of which the plain row is not.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from lsync_flask.engine.criteria import CompiledAudience, CompiledCriterion
from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.filter_logic import And, Node, Not, Or, Row, push_not
from lsync_flask.engine.readers import (
    DATE_TYPES,
    ID_TYPES,
    LIKE_TYPES,
    NUMBER_TYPES,
    plain_number,
    plain_text,
    read_id,
    shorten,
    spell_datetime,
)
from lsync_flask.errors import FatalError, InvalidParams
from lsync_flask.plugin_api import Condition, ConditionTest, Operand, Value
from lsync_flask.relative_dates import normalise_period, relative_range, utc_bounds

MAX_STATEMENT = 100_000
MAX_LITERAL = 4_000
"""Characters that Salesforce takes in one statement, and in one text within it."""

NOT_CONVERTED = "IsConverted = false"
"""A converted lead cannot be changed any more."""

_NOBODY = "Id = null"
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,5}")
_ORDER = re.compile(rf"{_PATH.pattern}( (ASC|DESC))?( NULLS (FIRST|LAST))?")

# Every other backslash in a literal is an error; control characters and halves of characters cannot travel otherwise.
_ESCAPES = {chr(code): f"\\u{code:04X}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF)} | {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
_ESCAPED = str.maketrans(_ESCAPES | {chr(code): f"\\u{code:04X}" for code in range(0xD800, 0xE000)})
_LIKE_ESCAPED = _ESCAPED | str.maketrans({"%": "\\%", "_": "\\_"})


def quote_text(text: str) -> str:
    """The text as a SOQL literal, quotes included.

    Raises:
        InvalidParams: it is longer than Salesforce takes.
    """
    return _limited(text.translate(_ESCAPED), text)


def quote_like(text: str, *, before: str = "", after: str = "") -> str:
    """A LIKE pattern for exactly this text, with the wildcards `before` and `after` around it."""
    return _limited(before + text.translate(_LIKE_ESCAPED) + after, text)


def quote_id_list(ids: Sequence[str]) -> str:
    """Record ids for IN: `('00Q…', '00Q…')`.

    Raises:
        FatalError: one of them cannot be an id.
    """
    if not ids or not all(read_id(record) for record in ids):
        raise FatalError("A list of record ids holds something that is not an id.")
    return "('" + "', '".join(ids) + "')"


def where(compiled: CompiledAudience, *, now: datetime, behind: str = "") -> str:
    """The audience as a condition, without the word WHERE; "" when every record belongs to it.

    Where `behind` names a record, only those with a greater id belong to it: Salesforce compares ids byte by byte.

    `now` is in the user's time zone: periods become the days or moments that they mean at it. Rows that Salesforce
    cannot test are left out such that no record of the audience is lost; `compiled.remainder` then says that the
    records must be tested with `compiled.matches` as well.

    Raises:
        InvalidParams: a value cannot be said in SOQL, or the whole is longer than Salesforce takes.
    """
    clause = _spell_node(push_not(compiled.node), compiled.rows, now)
    parts = [clause] if clause else []
    if compiled.where:
        parts.append(_Clause(f"({compiled.where})"))
    if compiled.object == "Lead":
        parts.append(_Clause(NOT_CONVERTED))
    if behind:
        parts.append(_Clause(f"Id > {quote_id_list([behind])[1:-1]}"))
    joined = _join("AND", parts)
    return _whole(joined.text) if joined else ""


def count_query(object: str, compiled: CompiledAudience | None, now: datetime) -> str:  # noqa: A002 (our word)
    """`SELECT COUNT() FROM …` over the audience; None: over all records."""
    return _statement("COUNT()", object, compiled, now)


def select_query(
    object: str,  # noqa: A002 (our word)
    columns: Sequence[str],
    compiled: CompiledAudience | None,
    now: datetime,
    *,
    limit: int | None = None,
    order_by: Sequence[str] = (),
    behind: str = "",
) -> str:
    """The statement that reads these columns of the audience; None: of all records.

    `order_by` holds terms such as `CreatedDate DESC NULLS LAST`; `behind` is as in `where`.

    Raises:
        FatalError: a column or the order is not the name of a field.
    """
    for column in columns:
        _check_name(_PATH, column)
    statement = _statement(", ".join(columns), object, compiled, now, behind)
    if order_by:
        statement += f" ORDER BY {', '.join(_check_name(_ORDER, term) for term in order_by)}"
    return _whole(statement if limit is None else f"{statement} LIMIT {int(limit)}")


def check_condition(path: str, field: FieldInfo, condition: Condition, now: datetime) -> None:
    """Can this be said in SOQL?

    Raises:
        InvalidParams: under the name "", with the sentence.
    """
    _spell_condition(_Subject(path, field, now), condition, negated=False)


def _statement(columns: str, name: str, compiled: CompiledAudience | None, now: datetime, behind: str = "") -> str:
    condition = where(compiled, now=now, behind=behind) if compiled else (NOT_CONVERTED if name == "Lead" else "")
    words = ["SELECT", columns, "FROM", _check_name(_PATH, name), *(["WHERE", condition] if condition else [])]
    return _whole(" ".join(words))


def _check_name(pattern: re.Pattern[str], name: str) -> str:
    if not pattern.fullmatch(name):
        raise FatalError(f"{shorten(name)} is not the name of a field.")
    return name


def _whole(statement: str) -> str:
    if len(statement) > MAX_STATEMENT:
        raise InvalidParams(
            {
                "criteria": f"All values together make a query of {len(statement):,} characters, and Salesforce takes "
                f"{MAX_STATEMENT:,}. Shorten the lists of values."
            }
        )
    return statement


def _limited(escaped: str, text: str) -> str:
    if len(escaped) > MAX_LITERAL:
        raise InvalidParams(
            {"": f"“{shorten(text)}” has {len(text):,} characters, and Salesforce takes {MAX_LITERAL:,}."}
        )
    return f"'{escaped}'"


@dataclass(frozen=True, slots=True)
class _Clause:
    """A piece of a condition and the word at its top level, if it has one."""

    text: str
    word: Literal["", "AND", "OR"] = ""


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is tested, and the moment to which periods refer."""

    path: str
    field: FieldInfo
    now: datetime


def _join(word: Literal["AND", "OR"], clauses: Sequence[_Clause]) -> _Clause | None:
    if len(clauses) <= 1:
        return clauses[0] if clauses else None
    texts = (f"({clause.text})" if clause.word not in {"", word} else clause.text for clause in clauses)
    return _Clause(f" {word} ".join(texts), word)


def _spell_node(node: Node, rows: Sequence[CompiledCriterion], now: datetime) -> _Clause | None:
    """The clause for logic whose NOTs are at the rows; None: nothing to test, which is true of all."""
    match node:
        case Row(number):
            return _spell_row(rows[number - 1], now, negated=False)
        case Not(Row(number)):
            return _spell_row(rows[number - 1], now, negated=True)
        case And(nodes):
            spelled = (_spell_node(inner, rows, now) for inner in nodes)
            return _join("AND", [clause for clause in spelled if clause])
        case Or(nodes):
            clauses = [_spell_node(inner, rows, now) for inner in nodes]
            return None if None in clauses else _join("OR", [clause for clause in clauses if clause])
        case _:
            raise TypeError("NOT must stand at a row")


def _spell_row(row: CompiledCriterion, now: datetime, *, negated: bool) -> _Clause | None:
    if row.conditions is None:
        return None
    if not row.conditions:
        return _Clause(_NOBODY) if negated else None
    subject = _Subject(row.field, row.info, now)
    return _join("OR" if negated else "AND", [_spell_condition(subject, c, negated=negated) for c in row.conditions])


def _spell_condition(subject: _Subject, condition: Condition, *, negated: bool) -> _Clause:
    spell, opposite = _TESTS[condition.test]
    return spell(subject, condition.operand, negated is not (condition.negated is not opposite))


def _invalid(sentence: str) -> InvalidParams:
    return InvalidParams({"": sentence})


def _parts(operand: Operand) -> tuple[Value, ...]:
    parts = operand if isinstance(operand, tuple) else (operand,)
    if not parts:
        raise _invalid("Type at least one value.")
    return parts


def _join_all(clauses: Sequence[_Clause], *, negated: bool) -> _Clause:
    """Any of the clauses, or, when each of them is spelled as its opposite already, all."""
    joined = _join("AND" if negated else "OR", clauses)
    if joined is None:
        raise _invalid("Type at least one value.")
    return joined


def _spell_equals(subject: _Subject, operand: Operand, negated: bool) -> _Clause:
    """Equal to one of the values; no value and periods of days may be among them."""
    periods = [part for part in _parts(operand) if _is_period(subject, part)]
    plain = [part for part in _parts(operand) if part is not None and part not in periods]
    clauses = [_spell_in(subject, plain, negated)] if plain else []
    clauses += [_spell_range(subject, str(period), negated) for period in periods]
    if None in _parts(operand):
        clauses.append(_spell_null(subject, negated))
    return _join_all(clauses, negated=negated)


def _spell_null(subject: _Subject, negated: bool) -> _Clause:
    if subject.field.type == "boolean":
        raise _invalid(f"{subject.field.label} is a checkbox, which is never blank.")
    return _Clause(f"{subject.path} {'!=' if negated else '='} null")


def _spell_in(subject: _Subject, values: Sequence[Value], negated: bool) -> _Clause:
    literals = list(dict.fromkeys(_literal(subject, value) for value in values))
    # Checkboxes and multi-select picklists know no IN.
    if len(literals) == 1 or subject.field.type in {"boolean", "multipicklist"}:
        sign = "!=" if negated else "="
        return _join_all([_Clause(f"{subject.path} {sign} {literal}") for literal in literals], negated=negated)
    return _Clause(f"{subject.path} {'NOT IN' if negated else 'IN'} ({', '.join(literals)})")


def _is_period(subject: _Subject, value: Value) -> bool:
    return subject.field.type in DATE_TYPES and isinstance(value, str) and normalise_period(value) is not None


def _spell_range(subject: _Subject, period: str, negated: bool) -> _Clause:
    start, end = _bounds(subject, period)
    path = subject.path
    if negated:
        return _Clause(f"{path} < {start} OR {path} >= {end} OR {path} = null", "OR")
    return _Clause(f"{path} >= {start} AND {path} < {end}", "AND")


def _bounds(subject: _Subject, period: str) -> tuple[str, str]:
    if subject.field.type == "date":
        first, last = relative_range(period, subject.now)
        return first.isoformat(), last.isoformat()
    begin, end = utc_bounds(period, subject.now)
    return _spell_moment(begin), _spell_moment(end)


def _spell_in_range(subject: _Subject, operand: Operand, negated: bool) -> _Clause:
    if not all(_is_period(subject, part) for part in _parts(operand)):
        raise _invalid(
            f"{subject.field.label} cannot be compared with that: a period such as LAST_N_DAYS:30 is needed."
        )
    return _spell_equals(subject, operand, negated)


_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def _order_test(sign: str) -> "_Spell":
    def spell(subject: _Subject, operand: Operand, negated: bool) -> _Clause:
        if operand is None or isinstance(operand, tuple):
            raise _invalid("Type one value to compare with.")
        if subject.field.type in {"boolean", "multipicklist"}:
            raise _invalid(f"{subject.field.label} has no greater and lesser values.")
        used, literal = _order_literal(subject, sign, operand)
        if negated:
            return _Clause(f"{subject.path} {_OPPOSITE[used]} {literal} OR {subject.path} = null", "OR")
        return _Clause(f"{subject.path} {used} {literal}")

    return spell


def _order_literal(subject: _Subject, sign: str, operand: Value) -> tuple[str, str]:
    """A period is before, after or within: `<=` it means before its end, `>` it from its end on."""
    if not _is_period(subject, operand):
        return sign, _literal(subject, operand)
    start, end = _bounds(subject, str(operand))
    return {"<": ("<", start), "<=": ("<", end), ">": (">=", end), ">=": (">=", start)}[sign]


def _like_test(before: str, after: str) -> "_Spell":
    def spell(subject: _Subject, operand: Operand, negated: bool) -> _Clause:
        if subject.field.type not in LIKE_TYPES:
            raise _invalid(f"Salesforce cannot search within {subject.field.label}.")
        texts = [plain_text(part) for part in _parts(operand)]
        if not all(texts):
            raise _invalid("Type the text to look for; for fields without a value use “is empty”.")
        patterns = (quote_like(text, before=before, after=after) for text in texts)
        likes = (f"{subject.path} LIKE {pattern}" for pattern in patterns)
        return _join_all([_Clause(f"(NOT {like})" if negated else like) for like in likes], negated=negated)

    return spell


def _spell_includes(subject: _Subject, operand: Operand, negated: bool) -> _Clause:
    if subject.field.type != "multipicklist":
        raise _invalid(f"{subject.field.label} is not a multi-select picklist.")
    texts = [quote_text(plain_text(part)) for part in _parts(operand) if part is not None]
    word = "EXCLUDES" if negated else "INCLUDES"
    clauses = [_Clause(f"{subject.path} {word} ({', '.join(texts)})")] if texts else []
    if None in _parts(operand):
        clauses.append(_spell_null(subject, negated))
    return _join_all(clauses, negated=negated)


_Spell = Callable[[_Subject, Operand, bool], _Clause]

# How each test is spelled, and whether it is the opposite of what is spelled.
_TESTS: Mapping[ConditionTest, tuple[_Spell, bool]] = {
    "equals": (_spell_equals, False),
    "differs": (_spell_equals, True),
    "one of": (_spell_equals, False),
    "none of": (_spell_equals, True),
    "in range": (_spell_in_range, False),
    "less": (_order_test("<"), False),
    "at most": (_order_test("<="), False),
    "more": (_order_test(">"), False),
    "at least": (_order_test(">="), False),
    "starts with": (_like_test("", "%"), False),
    "ends with": (_like_test("%", ""), False),
    "contains": (_like_test("%", "%"), False),
    "includes": (_spell_includes, False),
    "excludes": (_spell_includes, True),
}


def _literal(subject: _Subject, value: Value) -> str:
    """A value of the field's own type; anything else is refused, so that no text slips in unquoted."""
    kind = subject.field.type
    literal: str | None = None
    if kind in NUMBER_TYPES:
        literal = _number_literal(value)
    elif kind == "boolean":
        literal = str(value).upper() if isinstance(value, bool) else None
    elif kind == "date":
        literal = value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else None
    elif kind == "datetime":
        literal = _spell_moment(value) if isinstance(value, datetime) else None
    elif isinstance(value, str):
        literal = _text_literal(kind in ID_TYPES, value)
    if literal is None:
        raise _invalid(f"“{shorten(plain_text(value))}” does not fit {subject.field.label}, which is of type {kind}.")
    return literal


def _text_literal(is_id: bool, text: str) -> str | None:
    record = read_id(text)
    return (f"'{record}'" if record else None) if is_id else quote_text(text)


def _number_literal(value: Value) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return plain_number(value) if not isinstance(value, Decimal) or value.is_finite() else None


def _spell_moment(moment: datetime) -> str:
    return spell_datetime(moment).replace(".000Z", "Z")
