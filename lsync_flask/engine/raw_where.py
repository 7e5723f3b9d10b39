"""A condition that an admin wrote in SOQL: read by a grammar of conditions alone, so that nothing else travels with it.

What the grammar takes is what may follow WHERE (SOQL and SOSL Reference, "WHERE"): comparisons, LIKE, lists, INCLUDES
and periods, joined by AND, OR and NOT. Functions and subqueries are not among it, and neither are ORDER BY, LIMIT,
comments or a second statement. Fields and values are Salesforce's to check.
"""

from functools import cache

from lark import Lark, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from lsync_flask.errors import InvalidParams

MAX_LENGTH = 10_000
"""Characters: well below the 100,000 of a whole statement."""

_GRAMMAR = r"""
start: _condition
_condition: conjunction | disjunction | _unit
conjunction: _unit (AND _unit)+
disjunction: _unit (OR _unit)+
_unit: negation | "(" _condition ")" | comparison | membership
negation: NOT _unit
comparison: PATH (OPERATOR | LIKE) literal
membership: PATH (IN | NOT_IN | INCLUDES | EXCLUDES) "(" literal ("," literal)* ")"
literal: STRING | DATETIME | DATE | CURRENCY | NUMBER | BOOLEAN | NULL | PERIOD

AND.3: /and\b/i
OR.3: /or\b/i
NOT.3: /not\b/i
NOT_IN.4: /not\s+in\b/i
IN.3: /in\b/i
LIKE.3: /like\b/i
INCLUDES.3: /includes\b/i
EXCLUDES.3: /excludes\b/i
BOOLEAN.3: /(true|false)\b/i
NULL.3: /null\b/i
OPERATOR: "<=" | ">=" | "!=" | "<>" | "=" | "<" | ">"
PATH: /(?!(?:RESERVED)\b)[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,5}/i
STRING: /'(?:[^'\\\x00-\x1f\x7f]|\\(?:u[0-9A-Fa-f]{4}|[nNrRtTbBfF"'\\_%]))*'/
DATETIME.3: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:?\d\d)/i
DATE.2: /\d{4}-\d\d-\d\d(?!T)/
CURRENCY.2: /[A-Z]{3}\d+(\.\d+)?\b/
NUMBER: /[+-]?(\d+(\.\d*)?|\.\d+)/
PERIOD: /(?!(?:RESERVED)\b)[A-Za-z][A-Za-z_]*(:\d{1,6})?/i
%ignore /[ \t\r\n]+/
"""
_RESERVED = (
    "select|from|where|and|or|not|in|like|group|having|order|limit|offset|for|with|using|typeof|update|includes|"
    "excludes|null|true|false"
)


def read_where(text: str) -> str:
    """The condition as it goes into a query, in one line; "" when the text is blank.

    Raises:
        InvalidParams: under the name "where", with the place of the mistake.
    """
    if not text.strip():
        return ""
    if len(text) > MAX_LENGTH:
        raise _wrong(f"A condition may have {MAX_LENGTH:,} characters at most; this has {len(text):,}.")
    try:
        _parser().parse(text)
    except UnexpectedInput as error:
        raise _wrong(_say(text, error)) from error
    except RecursionError as error:
        raise _wrong("The condition is nested too deeply.") from error
    return " ".join(text.split("\n")).replace("\r", " ").replace("\t", " ").strip()


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR.replace("RESERVED", _RESERVED), parser="lalr", lexer="contextual")


def _wrong(sentence: str) -> InvalidParams:
    return InvalidParams({"where": sentence})


def _say(text: str, error: UnexpectedInput) -> str:
    at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    if at_end or error.pos_in_stream is None:
        return "The condition ends too early: something is missing, such as a value or a closing parenthesis."
    place = error.pos_in_stream
    near = text[place : place + 20].split("\n", maxsplit=1)[0]
    word = near.split()[0] if near.split() else near
    hint = ""
    if isinstance(error, UnexpectedCharacters) and near[:1] in {";", "-", "/", '"'}:
        hint = " Only a condition may stand here, with texts in single quotes."
    elif word.lower() in {"order", "limit", "group", "having", "offset", "for", "select", "with", "using"}:
        hint = " Only a condition may stand here: no subquery, order or limit."
    elif word.lower() in {"and", "or"}:
        hint = " AND and OR at one level need parentheses."
    return f"“{word}” at character {place + 1} does not belong there.{hint}"
