"""Single conditions as SQL, with Salesforce's rules for case and null.

Each function gives SQL that is true exactly for the rows that match; it may be null for others, which is why a NOT
round it is written as IS NOT TRUE.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lsync_flask.simulator.api_errors import ApiRefusal, at_position
from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.schema import NUMBERS, TEXTS, Field
from lsync_flask.simulator.sim_user import SimUser
from lsync_flask.simulator.soql_ast import Literal
from lsync_flask.simulator.soql_dates import day_bounds, find_period, read_day, read_moment, user_zone
from lsync_flask.simulator.soql_parse import read_like, read_string

__all__ = ["Tester"]

Sql = tuple[str, list[object]]
_SPELLED_TYPES = {"datetime": "dateTime", "id": "ID", "reference": "ID"}
_IDS = frozenset({"id", "reference"})
_QUOTED = TEXTS | _IDS | {"multipicklist"}
_FEW = 500


@dataclass(frozen=True)
class Tester:
    """Writes the conditions of one statement; `now` and the user's zone give date literals their meaning."""

    soql: str
    user: SimUser
    now: datetime

    def compare(self, column: str, field: Field, operator: str, value: Literal) -> Sql:
        if operator == "LIKE":
            return self._like(column, field, value)
        if field.type == "boolean":
            return self._boolean(column, field, operator, value)
        if self._is_null(field, value):
            return _null_test(column, operator), []
        if field.type in {"date", "datetime"}:
            return self._date(column, field, operator, value)
        if field.type == "multipicklist":
            return self._exact_set(column, field, operator, value)
        return _compare(column, field, operator, self._plain(field, value))

    def among(self, column: str, field: Field, negated: bool, values: Sequence[Literal]) -> Sql:
        """IN and NOT IN; NOT IN includes rows without a value, unless null is one of the values."""
        nulls = any(self._is_null(field, value) for value in values)
        others = [value for value in values if not self._is_null(field, value)]
        if field.type in {"date", "datetime", "boolean"} or field.type == "multipicklist":
            sql, parameters = self._any_equal(column, field, others)
        else:
            sql, parameters = _in_list(column, field, [self._plain(field, value) for value in others])
        whole = f"({sql} OR {column} IS NULL)" if nulls else sql
        return (f"({whole}) IS NOT TRUE" if negated else whole), parameters

    def includes(self, column: str, field: Field, excludes: bool, values: Sequence[Literal]) -> Sql:
        if field.type != "multipicklist":
            raise self._bad_operator(field, values[0])
        tests, parameters = [], list[object]()
        for value in values:
            wanted = [part for part in read_string(value, self.soql).split(";") if part]
            tests.append("(" + " AND ".join([_has_part(column)] * len(wanted)) + ")" if wanted else f"{column} IS NULL")
            parameters += [_part_pattern(part) for part in wanted]
        sql = f"({' OR '.join(tests)})"
        return (f"{sql} IS NOT TRUE" if excludes else sql), parameters

    def _any_equal(self, column: str, field: Field, values: Sequence[Literal]) -> Sql:
        tests = [self.compare(column, field, "=", value) for value in values]
        return f"({' OR '.join(sql for sql, _ in tests) or '0'})", [one for _, more in tests for one in more]

    def _is_null(self, field: Field, value: Literal) -> bool:
        # The empty text is no value.
        return value.kind == "null" or (value.kind == "string" and value.text == "" and field.type in _QUOTED)

    def _boolean(self, column: str, field: Field, operator: str, value: Literal) -> Sql:
        if operator not in {"=", "!="}:
            raise self._bad_operator(field, value)
        if value.kind not in {"boolean", "null"}:
            raise self._bad_type(field, value)
        wanted = (value.text == "TRUE") == (operator == "=")
        return f"coalesce({column}, 0) = {int(wanted)}", []

    def _date(self, column: str, field: Field, operator: str, value: Literal) -> Sql:
        if value.kind == "period":
            begin, end = self._period(field, value)
            return _range_test(column, operator, begin, end)
        read = read_day if field.type == "date" else read_moment
        found = read(value.text) if value.kind == field.type else None
        if found is None:
            raise self._bad_type(field, value)
        return _compare(column, field, operator, found)

    def _period(self, field: Field, value: Literal) -> tuple[str, str]:
        zone = user_zone(self.user.time_zone)
        today = self.now.astimezone(zone).date()
        days = find_period(value.text, today, self.user.locale)
        if days is None:
            raise at_position(self.soql, value.position, "MALFORMED_QUERY", f"unexpected token: '{value.text}'")
        if field.type == "date":
            return days[0].isoformat(), days[1].isoformat()
        return day_bounds(days, zone)

    def _exact_set(self, column: str, field: Field, operator: str, value: Literal) -> Sql:
        if operator not in {"=", "!="}:
            raise self._bad_operator(field, value)
        sql, parameters = self.includes(column, field, excludes=False, values=[value])
        wanted = len([part for part in read_string(value, self.soql).split(";") if part])
        whole = f"({sql} AND length({column}) - length(replace({column}, ';', '')) = {wanted - 1})"
        return (f"{whole} IS NOT TRUE" if operator == "!=" else whole), parameters

    def _like(self, column: str, field: Field, value: Literal) -> Sql:
        if field.type not in TEXTS or field.type == "multipicklist":
            raise self._bad_operator(field, value)
        if value.kind != "string":
            raise self._bad_type(field, value)
        pattern = read_like(value, self.soql)
        if pattern.isascii():
            return f"{column} LIKE ? ESCAPE '\\'", [pattern]
        # SQLite's LIKE knows the case of ASCII letters only.
        return f"sf_fold({column}) LIKE ? ESCAPE '\\'", [pattern.lower()]

    def _plain(self, field: Field, value: Literal) -> object:
        """The value of a literal for a text, id or number field."""
        if field.type in NUMBERS:
            if value.kind != "number":
                raise self._bad_type(field, value)
            return float(value.text)
        if value.kind != "string":
            raise self._bad_type(field, value)
        text = read_string(value, self.soql)
        return self._id(value, text) if field.type in _IDS else text

    def _id(self, value: Literal, text: str) -> str:
        found = to_18(text)
        if found is None:
            raise at_position(
                self.soql, value.position, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value.text}"
            )
        return found

    def _bad_type(self, field: Field, value: Literal) -> ApiRefusal:
        quotes = "should be enclosed in quotes" if field.type in _QUOTED else "should not be enclosed in quotes"
        kind = _SPELLED_TYPES.get(field.type, "string" if field.type in _QUOTED else field.type)
        sentence = f"value of filter criterion for field '{field.name}' must be of type {kind} and {quotes}"
        return at_position(self.soql, value.position, "INVALID_FIELD", sentence)

    def _bad_operator(self, field: Field, value: Literal) -> ApiRefusal:
        return at_position(
            self.soql, value.position, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {field.type} field"
        )


def _null_test(column: str, operator: str) -> str:
    return {"=": f"{column} IS NULL", "!=": f"{column} IS NOT NULL"}.get(operator, "0")


def _collation(field: Field, value: object) -> tuple[str, str]:
    """How to wrap the column, and what follows the value, so that case counts as it does in Salesforce."""
    if field.type not in TEXTS or field.case_sensitive or not isinstance(value, str):
        return "{}", ""
    return ("{}", " COLLATE NOCASE") if value.isascii() else ("sf_fold({})", "")


def _compare(column: str, field: Field, operator: str, value: object) -> Sql:
    wrap, after = _collation(field, value)
    bound = value.lower() if wrap != "{}" and isinstance(value, str) else value
    if operator == "!=":
        return f"({column} IS NULL OR {wrap.format(column)} <> ?{after})", [bound]
    return f"{wrap.format(column)} {operator} ?{after}", [bound]


def _in_list(column: str, field: Field, values: list[object]) -> Sql:
    folded = field.type in TEXTS and not field.case_sensitive
    foreign = [value.lower() for value in values if folded and isinstance(value, str) and not value.isascii()]
    plain = [value for value in values if not (folded and isinstance(value, str)) or value.isascii()]
    first = f"{column} COLLATE NOCASE" if folded else column
    tests, parameters = [], list[object]()
    for spelled, some in ((first, plain), (f"sf_fold({column})", foreign)):
        if some:
            spots, bound = _spots(some)
            tests.append(f"{spelled} IN ({spots})")
            parameters += bound
    return f"({' OR '.join(tests) or '0'})", parameters


def _spots(values: Sequence[object]) -> Sql:
    if len(values) <= _FEW:
        return ", ".join("?" * len(values)), list(values)
    # A long list goes in as one parameter.
    return "SELECT value FROM json_each(?)", [json.dumps(list(values))]


def _range_test(column: str, operator: str, begin: str, end: str) -> Sql:
    """A date literal is a range: `=` is inside it, `>` after its end, `>=` from its start."""
    if operator == "=":
        return f"({column} >= ? AND {column} < ?)", [begin, end]
    if operator == "!=":
        return f"({column} IS NULL OR {column} < ? OR {column} >= ?)", [begin, end]
    edge = begin if operator in {"<", ">="} else end
    return f"{column} {'<' if operator in {'<', '<='} else '>='} ?", [edge]


def _has_part(column: str) -> str:
    return f"(';' || {column} || ';') LIKE ? ESCAPE '\\'"


def _part_pattern(part: str) -> str:
    plain = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%;{plain};%"
