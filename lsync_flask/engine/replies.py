"""What a provider's plugin returned, which may be anything, made safe to store: known types, and not too much of it."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any

from lsync_flask.errors import OutcomeUnknown
from lsync_flask.plugin_api import Answer, Answers, Ticket

LONGEST_VALUE = 1_000_000
"""Characters of one value, its parts together: no field of Salesforce takes a seventh of it."""
MOST_FIELDS = 1_000
LARGEST_CALL = 64_000_000
"""Characters of all values of one call."""
LONGEST_REF = 16_000_000
DEEPEST = 6

TOO_LARGE = "ANSWER_TOO_LARGE"
SOON_S = 0.5
"""A provider that answers garbage is asked again soon: waiting mends no bug."""

_INT_MOST = 2**63
_CONFIDENT = 100
_ERROR_LENGTH = 1_000
_CODE_LENGTH = 80


def check_reply(reply: Any) -> Answers | Ticket:
    """The reply as it may be stored. An answer that is too large becomes an error of its record.

    Raises:
        OutcomeUnknown: it is neither answers nor a ticket; it may have been paid.
    """
    if isinstance(reply, Ticket) and _is_text(reply.ref) and len(reply.ref) <= LONGEST_REF and _is_wait(reply.after_s):
        return reply
    if isinstance(reply, Answers):
        found = list(_read(reply.answers))
        if all(isinstance(answer, Answer) for answer in found):
            answers = list(_sift(found))
            pause_s = reply.pause_s if _is_wait(reply.pause_s) else 0.0
            return Answers(answers, _count(reply.credits, answers), pause_s)
    raise OutcomeUnknown("The provider answered something that cannot be read.", after_s=SOON_S)


def _read(answers: Any) -> Iterable[Any]:
    return answers if isinstance(answers, list | tuple) else (None,)


def _is_wait(after_s: Any) -> bool:
    return isinstance(after_s, int | float) and isfinite(after_s)


def _count(given: Any, answers: list[Answer]) -> int:
    """The credits that it says; where that is no number, one for each match: what was bought must be counted."""
    if isinstance(given, int) and 0 <= given < _INT_MOST:
        return int(given)
    return sum(answer.matched for answer in answers)


def _sift(answers: Iterable[Answer]) -> Iterator[Answer]:
    """The answers that name their record, each with values that can be stored."""
    left = LARGEST_CALL
    for answer in answers:
        if not _is_text(answer.key):
            continue
        kept, size = _keep(answer)
        left -= size
        yield kept if left >= 0 else _too_large(answer, "The provider sent too much in one call.")


def _keep(answer: Answer) -> tuple[Answer, int]:
    values = answer.values
    if not isinstance(values, Mapping) or len(values) > MOST_FIELDS or not all(map(_is_text, values)):
        return _too_large(answer, f"The provider sent more than {MOST_FIELDS} fields, or none that can be read."), 0
    sizes: list[int] = []
    odd: dict[str, Any] = {}
    for name, value in values.items():
        try:
            size = len(value) if type(value) is str and value.isascii() else _size(value, 0)
        except TypeError:
            # The reader of answers rejects the record for it, with the output's label.
            odd[name] = {"unreadable": type(value).__name__}
            continue
        if size > LONGEST_VALUE:
            sentence = f"The provider sent {name[:_CODE_LENGTH]} with more than {LONGEST_VALUE:,} characters."
            return _too_large(answer, sentence), 0
        sizes.append(size)
    return _trimmed(answer, odd), sum(sizes)


def _size(value: Any, depth: int) -> int:
    """About how many characters a value takes; TypeError for what cannot be stored."""
    if value is None or isinstance(value, bool | float | Decimal | date):
        return 1
    if isinstance(value, int):
        if not -_INT_MOST <= value < _INT_MOST:
            raise TypeError
        return 1
    if isinstance(value, str):
        if not _is_text(value):
            raise TypeError
        return len(value)
    return _size_of_parts(value, depth)


def _size_of_parts(value: Any, depth: int) -> int:
    if depth >= DEEPEST or not isinstance(value, list | tuple | Mapping | AbstractSet):
        raise TypeError
    if isinstance(value, Mapping) and not all(map(_is_text, value)):
        raise TypeError
    parts = value.values() if isinstance(value, Mapping) else value
    return len(value) + sum(_size(part, depth + 1) for part in parts)


def _is_text(value: Any) -> bool:
    """A text that UTF-8 can spell; half a surrogate pair is none."""
    if not isinstance(value, str):
        return False
    try:
        return value.isascii() or bool(value.encode()) or not value
    except UnicodeEncodeError:
        return False


def _trimmed(answer: Answer, odd: Mapping[str, Any]) -> Answer:
    """The answer with its other parts in order; almost always it is as it came."""
    confidence = answer.confidence
    is_confident = confidence is None or (isinstance(confidence, int) and 0 <= confidence <= _CONFIDENT)
    is_sound = isinstance(answer.matched, bool) and isinstance(answer.may_retry, bool) and is_confident
    if is_sound and not odd and answer.error_code is None and answer.error == "":
        return answer
    code = _shorten(answer.error_code, _CODE_LENGTH) if answer.error_code is not None else None
    return replace(
        answer,
        matched=bool(answer.matched),
        values={**answer.values, **odd} if odd else answer.values,
        confidence=confidence if is_confident else None,
        error_code=code,
        error=_shorten(answer.error, _ERROR_LENGTH),
        may_retry=answer.may_retry is True,
    )


def _shorten(text: Any, length: int) -> str:
    return str(text)[:length].encode("utf-8", "replace").decode()


def _too_large(answer: Answer, sentence: str) -> Answer:
    return Answer(answer.key, matched=False, error_code=TOO_LARGE, error=sentence)
