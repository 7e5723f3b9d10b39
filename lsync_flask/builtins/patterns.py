"""Which regular expressions may be used: a careless one can take years to find that a text does not match.

Python's engine tries every way in which the repeats of an expression can share the text between them. Repeats within
repeats make their number grow exponentially: they are refused. Repeats behind one another make it grow as a power of
the text's length, and each `?`, small repeat or `|` multiplies it: the more there are, the shorter a text may be, and
where hardly any text would be short enough the expression is refused.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from math import factorial

LONGEST_PATTERN = 500
LONGEST_TEXT = 32_000
SHORTEST_LIMIT = 40
"""An expression that could not be tried on texts as short as this is refused."""

MOST_STEPS = 300_000_000
"""So many steps of the engine take about a second."""

STEPS_OF_CHOICE = 8
"""A choice costs so many times what a step of a plain repeat costs."""

_TOKEN = re.compile(
    r"(?P<escape>\\.)"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<open>\((?:\?(?:P?<[=!]?[^>)]*>?|[:=!>]|[a-zA-Z-]*:?))?)"
    r"|(?P<close>\))"
    r"|(?P<bar>\|)"
    r"|(?P<repeat>[*+]|\{[0-9]*,?[0-9]*\}|\?)(?:[?+])?"
    r"|(?P<plain>.)",
    re.DOTALL,
)
_SPACED = re.compile(r"\(\?[a-zA-Z]*x")
_COUNTED = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")
_MOST_REPEATS = 1_000
_FEW = 8


@dataclass(slots=True)
class _Group:
    """What a group holds so far; `varies`: it can match the same text in several ways."""

    varies: bool = False
    alternatives: int = 1


@dataclass(slots=True)
class _Scan:
    """The state of a walk through an expression."""

    open: list[_Group] = field(default_factory=lambda: [_Group()])
    last: _Group | None = None
    unbounded: int = 0
    choices: int = 1


@lru_cache(maxsize=256)
def longest_text(pattern: str) -> int:
    """How many characters a text may have to be tried with this expression.

    Raises:
        ValueError: the expression is wrong or may never end; the text is a sentence.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"The expression is longer than {LONGEST_PATTERN} characters.")
    if _SPACED.search(pattern):
        raise ValueError("The flag x, for expressions spread over lines, cannot be used here.")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        where = f" at character {error.pos + 1}" if isinstance(error, re.error) and error.pos is not None else ""
        reason = error.msg if isinstance(error, re.error) else "it is too large"
        raise ValueError(f"The expression cannot be read{where}: {reason}.") from error
    scan = _Scan()
    for token in _TOKEN.finditer(pattern):
        _step(scan, token)
    is_anchored = pattern.startswith("^") and scan.open[0].alternatives == 1
    return _limit(scan, is_anchored)


def _limit(scan: _Scan, is_anchored: bool) -> int:
    """The greatest length at which the worst text takes no more than `MOST_STEPS`.

    n characters can be shared between what is skipped and k repeats in about n^(k+1) / (k+1)! ways; an expression that
    begins with ^ skips nothing.
    """
    power = max(1, scan.unbounded + (0 if is_anchored else 1))
    choices = scan.choices * scan.open[0].alternatives
    each = choices * STEPS_OF_CHOICE if choices > 1 else 1
    longest = int((MOST_STEPS * factorial(power) / each) ** (1 / power)) if power <= _FEW else 0
    if longest < SHORTEST_LIMIT:
        raise ValueError(
            "The expression has so many repeats and alternatives behind one another that on some texts it would never "
            "end. Write it with fewer of them."
        )
    return min(longest, LONGEST_TEXT)


def _step(scan: _Scan, token: re.Match[str]) -> None:
    kind = token.lastgroup
    if kind == "open":
        scan.open.append(_Group())
        scan.last = None
    elif kind == "close":
        scan.last = scan.open.pop()
        scan.open[-1].varies = scan.open[-1].varies or scan.last.varies
        scan.choices *= scan.last.alternatives
    elif kind == "repeat":
        _repeat(scan, token["repeat"])
    else:
        scan.open[-1].varies = scan.open[-1].varies or kind == "bar"
        scan.open[-1].alternatives += kind == "bar"
        scan.last = None


def _repeat(scan: _Scan, sign: str) -> None:
    least, most = _bounds(sign)
    if scan.last is not None and scan.last.varies and most > 1:
        raise ValueError(
            "The expression repeats a group that itself repeats or has alternatives, such as (a+)+. On some texts it "
            "would never end. Write it without the outer repeat."
        )
    scan.open[-1].varies = scan.open[-1].varies or least != most
    is_small = most - least < _FEW
    scan.unbounded += not is_small
    scan.choices *= most - least + 1 if is_small else 1
    scan.last = None


def _bounds(sign: str) -> tuple[int, int]:
    if sign == "?":
        return 0, 1
    counted = _COUNTED.fullmatch(sign)
    if not counted:
        return (1 if sign == "+" else 0), _MOST_REPEATS
    least = int(counted[1] or 0)
    return least, (int(counted[3] or _MOST_REPEATS) if counted[2] else least)
