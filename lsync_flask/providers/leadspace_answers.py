"""Between Leadspace's JSON and LSync's records: an inquiry spelled, and an answer read, which may be anything."""

from collections.abc import Mapping, Sequence
from typing import Any

from lsync_flask.plugin_api import Answer, Inquiry
from lsync_flask.providers.leadspace_fields import FAMILY, OUTPUTS
from lsync_flask.providers.reading import part_of

INTERNAL_ERROR = 1100
"""The record failed on their side: it may be asked for again. 1200 is an input that will never do."""

_CONFIDENCE = {"HIGH": 95, "MEDIUM": 70, "LOW": 40, "VERY LOW": 10}
_PATHS = tuple(
    (field.name, tuple(field.name.split("."))) for field in OUTPUTS if not field.name.startswith("company.family_tree.")
)
_FAMILY_PATHS = tuple(
    (field.name, tuple(field.name.split("."))[3:], field.name.split(".")[2].upper())
    for field in OUTPUTS
    if field.name.startswith("company.family_tree.")
)


def spell_inquiry(inquiry: Inquiry) -> dict[str, Any]:
    """The record as the API takes it; `external_id` is what its answer names it by."""
    record: dict[str, Any] = {"external_id": inquiry.key}
    for name, text in inquiry.inputs.items():
        *parents, last = name.split(".")
        part = record
        for parent in parents:
            part = part.setdefault(parent, {})
        part[last] = text
    return record


def read_answer(one: Mapping[str, Any], personas: Sequence[str]) -> Answer | None:
    """The answer of a record; None when it names none."""
    key = one.get("external_id")
    if not isinstance(key, str):
        return None
    if one.get("status") != "Success":
        return _failed(key, one)
    found = one.get("data")
    values = _values(found, personas)
    matched = isinstance(found, Mapping) and found.get("enrichment_status") not in (None, "Not Enriched")
    return Answer(key, matched=True, values=values, confidence=_confidence(found)) if matched else Answer(key, False)


def _failed(key: str, one: Mapping[str, Any]) -> Answer:
    code = part_of(one, "error", "code")
    is_theirs = code == INTERNAL_ERROR or one.get("status") != "Invalid Input"
    sentence = "Leadspace failed on this record." if is_theirs else "Leadspace cannot use what was sent of this record."
    return Answer(key, matched=False, error_code=f"LEADSPACE_{code}"[:80], error=sentence, may_retry=is_theirs)


def _values(found: Any, personas: Sequence[str]) -> dict[str, Any]:
    values = {name: _plain(part_of(found, *path)) for name, path in _PATHS}
    values |= _family(found)
    values |= _scores(found, personas)
    return {name: value for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    """A text, number, truth or list of texts; None for anything else."""
    if isinstance(value, list):
        texts = [str(part) for part in value if isinstance(part, str | int | float) and part != ""]
        return texts or None
    return value if isinstance(value, str | int | float) and value != "" else None


def _family(found: Any) -> dict[str, Any]:
    companies = part_of(found, "company", "family_tree", "companies")
    listed = [one for one in companies if isinstance(one, Mapping)] if isinstance(companies, list) else []
    if not listed:
        return {}
    by_type = {str(one.get("type", "")).upper(): one for one in listed}
    return {name: _plain(part_of(by_type.get(kind), *path)) for name, path, kind in _FAMILY_PATHS if kind in FAMILY}


def _scores(found: Any, personas: Sequence[str]) -> dict[str, Any]:
    if not personas:
        return {}
    scores = part_of(found, "person", "analytics", "scores")
    listed = [one for one in scores if isinstance(one, Mapping)] if isinstance(scores, list) else []
    by_name = {str(one.get("profile_name", "")).casefold(): one for one in listed}
    return {
        f"score.{name}.{part}": _plain(part_of(by_name.get(name.casefold()), "score", part))
        for name in personas
        for part in ("value", "bucket")
    }


def _confidence(found: Any) -> int | None:
    """Of the company, else of the person: the number of version 3 where it is sent, else one for the level."""
    for part in ("company", "person"):
        score = part_of(found, part, "matching_confidence", "score")
        if isinstance(score, int) and not isinstance(score, bool) and 0 <= score <= 100:  # noqa: PLR2004 - per cent
            return score
        level = str(part_of(found, part, "matching_confidence", "level") or "").upper()
        if level in _CONFIDENCE:
            return _CONFIDENCE[level]
    return None
