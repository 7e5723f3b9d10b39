"""Record ids: 15 characters that mind their case, or 18 with a check (`reference/salesforce.md` §4.10)."""

import re

from lsync_flask.errors import FatalError

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT = 15
_BLOCK = 5


def to_18(id: str) -> str:  # noqa: A002 (the word of Salesforce)
    """The 18-character form, its case repaired by the check characters when it came with them.

    Raises:
        FatalError: it is no id, or its check characters belong to another one.
    """
    if not _ID.fullmatch(id):
        raise FatalError(f"“{id[:40]}” is no Salesforce id: those have 15 or 18 letters and digits.")
    return _lengthen(id) if len(id) == _SHORT else _repair(id)


def check_id(id: str, prefix: str = "") -> str:  # noqa: A002 (as above)
    """The 18-character form of an id whose first characters, which tell the kind of record, are `prefix`.

    Raises:
        FatalError: it is no id, or the id of something else.
    """
    long = to_18(id)
    if not long.startswith(prefix):
        raise FatalError(f"“{id}” is the id of something else: it should begin with {prefix}.")
    return long


def _lengthen(id: str) -> str:  # noqa: A002 (as above)
    return id + "".join(_check(id[start : start + _BLOCK]) for start in range(0, _SHORT, _BLOCK))


def _check(block: str) -> str:
    return _CHECKS[sum(1 << place for place, letter in enumerate(block) if "A" <= letter <= "Z")]


def _repair(id: str) -> str:  # noqa: A002 (as above)
    """The id in its true case; each check character says which letters of its block are capitals."""
    wanted = [_CHECKS.index(letter) for letter in id[_SHORT:].upper()] if _has_checks(id) else []
    blocks = [id[start : start + _BLOCK] for start in range(0, _SHORT, _BLOCK)]
    repaired = "".join(_recase(block, bits) for block, bits in zip(blocks, wanted, strict=False))
    if len(repaired) != _SHORT or _lengthen(repaired) != repaired + id[_SHORT:].upper():
        raise FatalError(f"“{id}” is no Salesforce id: its last three characters do not fit the others.")
    return _lengthen(repaired)


def _has_checks(id: str) -> bool:  # noqa: A002 (as above)
    return all(letter in _CHECKS for letter in id[_SHORT:].upper())


def _recase(block: str, bits: int) -> str:
    return "".join(letter.upper() if bits >> place & 1 else letter.lower() for place, letter in enumerate(block))
