"""Filter logic such as `1 AND (2 OR NOT 3)`: read with every problem and its place, spelled, and negated inwards.

The rules are those of Salesforce's reports: rows count from 1, each number used must exist, each row must be used, and
AND and OR at one level need parentheses.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from lark import Lark, Token, Transformer

from lsync_flask.errors import InvalidParams

MAX_LENGTH = 1000
"""Characters; 25 rows need far fewer."""


@dataclass(frozen=True, slots=True)
class Row:
    """The criterion with this number, from 1."""

    number: int


@dataclass(frozen=True, slots=True)
class Not:
    node: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """True when all are; so with none of them, true."""

    nodes: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """True when one is; so with none of them, false."""

    nodes: "tuple[Node, ...]"


Node = Row | Not | And | Or


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and where: `position` counts from 0, `length` is 0 where something is missing."""

    position: int
    length: int
    text: str


class FilterLogicError(InvalidParams):
    """The filter logic cannot be used; `positions` holds every problem in the order of the text."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.positions = tuple(sorted(problems, key=lambda problem: (problem.position, problem.length)))
        super().__init__({"logic": " ".join(problem.text for problem in self.positions)})


def parse_filter_logic(text: str, rows: int) -> Node:
    """The logic over `rows` criteria; blank means all of them.

    Raises:
        FilterLogicError: with every problem: signs and words, syntax, rows that do not exist, rows that are not used.
    """
    if not text.strip():
        return Row(1) if rows == 1 else And(tuple(Row(number) for number in range(1, rows + 1)))
    if len(text) > MAX_LENGTH:
        raise FilterLogicError([Problem(0, len(text), f"Filter logic may have {MAX_LENGTH} characters at most.")])
    words = list(_split(text))
    problems = [*_syntax_problems(words, len(text)), *_level_problems(words), *_row_problems(words, rows, len(text))]
    if problems:
        raise FilterLogicError(problems)
    return cast("Node", _PARSER.parse(text))


def spell_filter_logic(node: Node) -> str:
    """The logic as text; reading it again gives the same node."""
    match node:
        case Row(number):
            return str(number)
        case Not(inner):
            return f"NOT {_wrap(inner)}"
        case And(nodes):
            return " AND ".join(_wrap(inner) for inner in nodes)
        case Or(nodes):
            return " OR ".join(_wrap(inner) for inner in nodes)


def is_true(node: Node, is_row_true: Callable[[int], bool]) -> bool:
    """The logic's truth, asking for as few rows as needed."""
    match node:
        case Row(number):
            return is_row_true(number)
        case Not(inner):
            return not is_true(inner, is_row_true)
        case And(nodes):
            return all(is_true(inner, is_row_true) for inner in nodes)
        case Or(nodes):
            return any(is_true(inner, is_row_true) for inner in nodes)


def push_not(node: Node, *, negated: bool = False) -> Node:
    """The same logic with every NOT directly at a row (negation normal form); `negated`: its opposite."""
    match node:
        case Row():
            return Not(node) if negated else node
        case Not(inner):
            return push_not(inner, negated=not negated)
        case And(nodes) | Or(nodes):
            pushed = tuple(push_not(inner, negated=negated) for inner in nodes)
            return And(pushed) if isinstance(node, And) is not negated else Or(pushed)


def _wrap(node: Node) -> str:
    return f"({spell_filter_logic(node)})" if isinstance(node, And | Or) else spell_filter_logic(node)


class _Builder(Transformer[Token, Node]):
    """Makes nodes while lark reads, so that deep parentheses need no recursion."""

    def row(self, children: list[Token]) -> Node:
        return Row(int(children[0]))

    def negation(self, children: list[Node]) -> Node:
        return Not(children[1])

    def level(self, children: list[Node | Token]) -> Node:
        nodes = tuple(child for child in children if not isinstance(child, Token))
        is_or = any(isinstance(child, Token) and child.type == "OR" for child in children)
        return Or(nodes) if is_or else And(nodes)


_PARSER = Lark(
    r"""
    ?start: level
    ?level: factor ((AND | OR) factor)*
    ?factor: NUMBER -> row
           | NOT factor -> negation
           | "(" level ")"
    AND: /and/i
    OR: /or/i
    NOT: /not/i
    NUMBER: /[0-9]+/
    %ignore /\s+/
    """,
    parser="lalr",
    transformer=_Builder(),
)


@dataclass(frozen=True, slots=True)
class _Word:
    """`kind` is AND, OR, NOT, (, ), number or strange."""

    kind: str
    text: str
    position: int

    def problem(self, sentence: str) -> Problem:
        return Problem(self.position, len(self.text), sentence)


_WORD = re.compile(r"[()]|[A-Za-z0-9]+|[^\s()A-Za-z0-9]+")
_HINTS = {"&": "AND", "&&": "AND", ",": "AND", "+": "AND", "|": "OR", "||": "OR", "!": "NOT", "-": "NOT"}


def _split(text: str) -> Iterator[_Word]:
    for found in _WORD.finditer(text):
        word = found[0]
        if re.fullmatch("[0-9]+", word):
            kind = "number"
        else:
            kind = word.upper() if word.upper() in {"AND", "OR", "NOT", "(", ")"} else "strange"
        yield _Word(kind, word, found.start())


def _syntax_problems(words: Sequence[_Word], end: int) -> Iterator[Problem]:
    """What cannot follow what, and parentheses without a partner; a strange word is allowed to stand for anything."""
    open_words: list[_Word] = []
    before: _Word | None = None
    for word in words:
        if problem := _pair_problem(before, word):
            yield problem
        if word.kind == "(":
            open_words.append(word)
        elif word.kind == ")" and open_words:
            open_words.pop()
        elif word.kind == ")":
            yield word.problem("This closing parenthesis has no opening one.")
        before = word
    if before and before.kind in {"AND", "OR", "NOT"}:
        yield Problem(end, 0, f"A row number is missing after {before.kind}.")
    yield from (word.problem("This parenthesis is never closed.") for word in open_words)


def _pair_problem(before: _Word | None, word: _Word) -> Problem | None:
    if word.kind == "strange":
        hint = _HINTS.get(word.text)
        better = f"write {hint}." if hint else "only row numbers, AND, OR, NOT and parentheses can be used."
        return word.problem(f'"{word.text[:20]}" has no meaning here: {better}')
    if before is None or before.kind in {"AND", "OR", "NOT", "("}:
        return _missing_row(before, word)
    if before.kind in {"number", ")"} and word.kind in {"number", "NOT", "("}:
        return Problem(word.position, 0, f'AND or OR is missing before "{word.text}".')
    return None


def _missing_row(before: _Word | None, word: _Word) -> Problem | None:
    if word.kind in {"number", "NOT", "("}:
        return None
    if word.kind == ")":
        if before is None:
            return None
        where = "between the parentheses" if before.kind == "(" else f"after {before.kind}"
        return Problem(word.position, 0, f"A row number is missing {where}.")
    return word.problem(f"A row number is missing before {word.kind}.")


def _level_problems(words: Sequence[_Word]) -> Iterator[Problem]:
    """AND and OR between the same parentheses: the first word that differs is named, once for each pair."""
    levels: list[str] = [""]
    for word in words:
        if word.kind == "(":
            levels.append("")
        elif word.kind == ")":
            del levels[-1 if len(levels) > 1 else 1 :]
        elif word.kind in {"AND", "OR"}:
            if levels[-1] not in {"", "mixed", word.kind}:
                yield word.problem("AND and OR are mixed here: say with parentheses what belongs together.")
                levels[-1] = "mixed"
            levels[-1] = levels[-1] or word.kind


def _row_problems(words: Sequence[_Word], rows: int, end: int) -> Iterator[Problem]:
    numbers = [word for word in words if word.kind == "number"]
    for word in numbers:
        if not 1 <= int(word.text) <= rows:
            yield word.problem(f"There is no row {word.text[:20]}: {_count_rows(rows)}")
    if any(word.kind == "strange" and re.search("[0-9]", word.text) for word in words):
        return
    used = {int(word.text) for word in numbers}
    unused = [str(number) for number in range(1, rows + 1) if number not in used]
    if unused:
        which = f"Row {unused[0]} is" if len(unused) == 1 else f"Rows {', '.join(unused)} are"
        yield Problem(end, 0, f"{which} not used. Every row must be part of the logic.")


def _count_rows(rows: int) -> str:
    if rows == 0:
        return "there are no rows."
    return "there is only row 1." if rows == 1 else f"the rows are 1 to {rows}."
