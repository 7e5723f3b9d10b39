"""SOQL text to its tree, by a grammar (`salesforce.md` §5.1)."""

import re
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from lsync_flask.simulator.api_errors import ApiRefusal, at_position
from lsync_flask.simulator.soql_ast import (
    AllFields,
    And,
    CallTest,
    ChildQuery,
    Comparison,
    FieldRef,
    FunctionCall,
    Includes,
    Item,
    Literal,
    Membership,
    Not,
    Or,
    OrderItem,
    Query,
    SemiJoin,
)

__all__ = ["parse_soql", "read_like", "read_string"]

_GRAMMAR = r"""
start: query
query: SELECT items FROM PATH [PATH] [scope] [where] [with] [group] [having] [order] [limit] [offset] [FOR]
items: item ("," item)*
?item: field | call | "(" query ")" -> child
field: PATH
call: FUNC "(" [PATH] ")" [PATH]
scope: USING PATH
with: WITH PATH
where: WHERE _condition
having: HAVING _condition
group: GROUP field ("," field)*
order: ORDER order_item ("," order_item)*
order_item: (field | call) [ASC | DESC] [NULLS]
limit: LIMIT NUMBER
offset: OFFSET NUMBER
_condition: conjunction | disjunction | _unit
conjunction: _unit (AND _unit)+
disjunction: _unit (OR _unit)+
_unit: negation | "(" _condition ")" | comparison | membership | semi_join | includes | call_test
negation: NOT _unit
comparison: field (OPERATOR | LIKE) literal
call_test: call OPERATOR literal
membership: field (IN | NOT_IN) "(" literal ("," literal)* ")"
semi_join: field (IN | NOT_IN) "(" query ")"
includes: field (INCLUDES | EXCLUDES) "(" literal ("," literal)* ")"
literal: STRING | DATETIME | DATE | CURRENCY | NUMBER | BOOLEAN | NULL | PERIOD

SELECT.3: /select\b/i
FROM.3: /from\b/i
WHERE.3: /where\b/i
HAVING.3: /having\b/i
GROUP.3: /group\s+by\b/i
ORDER.3: /order\s+by\b/i
USING.3: /using\s+scope\b/i
WITH.3: /with\b/i
LIMIT.3: /limit\b/i
OFFSET.3: /offset\b/i
FOR.3: /for\s+(view|reference|update)\b/i
AND.3: /and\b/i
OR.3: /or\b/i
NOT.3: /not\b/i
NOT_IN.4: /not\s+in\b/i
IN.3: /in\b/i
LIKE.3: /like\b/i
INCLUDES.3: /includes\b/i
EXCLUDES.3: /excludes\b/i
ASC.3: /asc\b/i
DESC.3: /desc\b/i
NULLS.3: /nulls\s+(first|last)\b/i
BOOLEAN.3: /(true|false)\b/i
NULL.3: /null\b/i
OPERATOR: "<=" | ">=" | "!=" | "<>" | "=" | "<" | ">"
FUNC.2: /[A-Za-z_]+(?=\s*\()/
PATH: /RESERVED[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*/
STRING: /'(?:[^'\\]|\\.)*'/s
DATETIME.3: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)/i
DATE.2: /\d{4}-\d\d-\d\d(?!T)/
CURRENCY.2: /[A-Z]{3}\d+(\.\d+)?\b/
NUMBER: /[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
PERIOD: /[A-Za-z][A-Za-z_0-9]*(:\d+)?/
%ignore /\s+/
"""
# Words that are no field, so that the place of a mistake is found where Salesforce finds it.
_RESERVED = r"(?!(?:select|from|where|and|or|not|in|like|having|limit|includes|excludes)\b)"
_MAX_STATEMENT = 100_000
_MAX_LITERAL = 4_000
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_ESCAPED = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})


def parse_soql(soql: str) -> Query:
    """The statement as a tree.

    Raises:
        ApiRefusal: MALFORMED_QUERY, with the place.
    """
    if len(soql) > _MAX_STATEMENT:
        raise ApiRefusal(400, "MALFORMED_QUERY", f"SOQL statements can not be longer than {_MAX_STATEMENT} characters.")
    try:
        tree = _parser().parse(soql)
    except UnexpectedInput as error:
        at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        raise _unexpected(soql, None if at_end else error.pos_in_stream) from error
    try:
        query: Query = _ToTree(soql).transform(tree)
    except VisitError as error:
        raise error.orig_exc from error
    return query


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR.replace("RESERVED", _RESERVED), parser="lalr", lexer="contextual", maybe_placeholders=True)


def _unexpected(soql: str, position: int | None) -> ApiRefusal:
    place = len(soql) if position is None or position < 0 else position
    word = re.compile(r"\w+|\S").search(soql, place)
    token = word[0] if word else "<EOF>"
    return at_position(soql, word.start() if word else len(soql), "MALFORMED_QUERY", f"unexpected token: '{token}'")


def read_string(literal: Literal, soql: str) -> str:
    """The text that a string literal stands for."""

    def put(match: re.Match[str]) -> str:
        return _unescape(match[1], literal, soql, "")

    return _ESCAPED.sub(put, literal.text)


def read_like(literal: Literal, soql: str) -> str:
    r"""The pattern of a LIKE, in which a backslash protects `%`, `_` and itself."""

    def put(match: re.Match[str]) -> str:
        plain = _unescape(match[1], literal, soql, "%_")
        return "\\" + plain if plain in "%_\\" else plain

    return _ESCAPED.sub(put, literal.text)


def _unescape(letter: str, literal: Literal, soql: str, more: str) -> str:
    if len(letter) > 1:
        return chr(int(letter[1:], 16))
    if letter in more:
        return letter
    found = _ESCAPES.get(letter.lower())
    if found is None:
        message = f"Illegal string literal: invalid character sequence \\{letter}"
        raise at_position(soql, literal.position, "MALFORMED_QUERY", message)
    return found


class _ToTree(Transformer[Token, Any]):
    """Lark calls the method of each rule, bottom up."""

    def __init__(self, soql: str) -> None:
        super().__init__()
        self._soql = soql

    def start(self, parts: list[Query]) -> Query:
        return parts[0]

    def field(self, parts: list[Token]) -> FieldRef:
        return FieldRef(tuple(parts[0].split(".")), _place(parts[0]))

    def child(self, parts: list[Query]) -> ChildQuery:
        return ChildQuery(parts[0], parts[0].object.position)

    def items(self, parts: list[Item]) -> tuple[Item, ...]:
        return tuple(parts)

    def call(self, parts: list[Token | None]) -> FunctionCall | AllFields:
        name, argument, alias = parts
        place = _place(name)
        word = str(name).upper()
        if word == "FIELDS" and argument and argument.upper() in {"ALL", "STANDARD", "CUSTOM"}:
            return AllFields(argument.upper(), place)
        if word not in _AGGREGATES or (argument is None and word != "COUNT"):
            raise _unexpected(self._soql, place)
        return FunctionCall(word, self.field([argument]) if argument else None, str(alias) if alias else None, place)

    def literal(self, parts: list[Token]) -> Literal:
        token = parts[0]
        kind = "number" if token.type == "CURRENCY" else token.type.lower()
        text = str(token)[1:-1] if kind == "string" else str(token).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if kind in {"period", "boolean"}:
            text = str(token).upper()
        if kind == "string" and len(text) > _MAX_LITERAL:
            raise at_position(self._soql, _place(token), "MALFORMED_QUERY", "string literal is too long")
        return Literal(kind, text, _place(token))

    def comparison(self, parts: list[Any]) -> Comparison:
        field, operator, value = parts
        return Comparison(field, _operator(operator), value)

    def call_test(self, parts: list[Any]) -> CallTest:
        call, operator, value = parts
        return CallTest(call, _operator(operator), value)

    def membership(self, parts: list[Any]) -> Membership:
        return Membership(parts[0], parts[1].type == "NOT_IN", tuple(parts[2:]))

    def semi_join(self, parts: list[Any]) -> SemiJoin:
        return SemiJoin(parts[0], parts[1].type == "NOT_IN", parts[2], _place(parts[1]))

    def includes(self, parts: list[Any]) -> Includes:
        return Includes(parts[0], parts[1].type == "EXCLUDES", tuple(parts[2:]))

    def negation(self, parts: list[Any]) -> Not:
        return Not(parts[1])

    def conjunction(self, parts: list[Any]) -> And:
        return And(tuple(part for part in parts if not isinstance(part, Token)))

    def disjunction(self, parts: list[Any]) -> Or:
        return Or(tuple(part for part in parts if not isinstance(part, Token)))

    def order_item(self, parts: list[Any]) -> OrderItem:
        what, way, nulls = parts
        return OrderItem(
            what,
            descending=way is not None and way.type == "DESC",
            nulls_first=nulls is None or nulls.lower().endswith("first"),
        )

    def _last(self, parts: list[Any]) -> Any:
        return parts[-1]

    where = having = limit = offset = scope = _last

    def _rest(self, parts: list[Any]) -> tuple[Any, ...]:
        return tuple(parts[1:])

    group = order = _rest

    def query(self, parts: list[Any]) -> Query:
        _, items, _, name, alias, scope, where, _with, group, having, order, limit, offset, _for = parts
        return Query(
            items,
            FieldRef((str(name),), _place(name)),
            str(alias) if alias else None,
            where,
            group or (),
            having,
            order or (),
            int(float(limit)) if limit else None,
            int(float(offset)) if offset else None,
            FieldRef((str(scope),), _place(scope)) if scope else None,
        )


def _operator(token: Token) -> str:
    return {"<>": "!="}.get(str(token), str(token).upper())


def _place(token: Token | None) -> int:
    return (token.start_pos or 0) if token is not None else 0
