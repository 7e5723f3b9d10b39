"""Record ids: fifteen characters of base 62, and the three that check them (`salesforce.md` §4.10)."""

import re
import string
from collections.abc import Iterator
from itertools import count

__all__ = ["ALPHABET", "checksum", "is_id", "make_id", "make_ids", "same_id", "to_18"]

# This is also the order in which Salesforce compares ids.
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECK = string.ascii_uppercase + "012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5a-z]{3})?")
_UPPER = frozenset(string.ascii_uppercase)
_POD = "Ls0"
_BASE = 62


def checksum(id_15: str) -> str:
    """The three characters that make an id safe where case is lost."""
    return _check(id_15[:5]) + _check(id_15[5:10]) + _check(id_15[10:15])


def _check(block: str) -> str:
    a, b, c, d, e = tuple(block)
    return _CHECK[(a in _UPPER) + 2 * (b in _UPPER) + 4 * (c in _UPPER) + 8 * (d in _UPPER) + 16 * (e in _UPPER)]


def to_18(text: str) -> str | None:
    """The id with its three check characters, or None when this is no id or its check characters are wrong."""
    if not _SHAPE.fullmatch(text):
        return None
    whole = text[:15] + checksum(text[:15])
    return whole if len(text) == len(whole[:15]) or text[15:].upper() == whole[15:] else None


def is_id(text: str) -> bool:
    return to_18(text) is not None


def same_id(one: str, other: str) -> bool:
    return one[:15] == other[:15]


def make_id(prefix: str, number: int) -> str:
    """The id of the `number`th record of an object."""
    return next(make_ids(prefix, number))


def make_ids(prefix: str, first: int) -> Iterator[str]:
    """The ids from the `first`th record on, in the order in which Salesforce sorts them."""
    last = [(letter, letter in _UPPER) for letter in ALPHABET]
    for block in count(first // _BASE):
        head = prefix + _POD + _spell(block, 8)
        checks = _check(head[:5]) + _check(head[5:10])
        bits = sum(1 << place for place, letter in enumerate(head[10:14]) if letter in _UPPER)
        for letter, upper in last[first % _BASE if block == first // _BASE else 0 :]:
            yield head + letter + checks + _CHECK[bits + 16 * upper]


def _spell(number: int, width: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, _BASE)
        digits = ALPHABET[rest] + digits
    return digits.rjust(width, "0")
