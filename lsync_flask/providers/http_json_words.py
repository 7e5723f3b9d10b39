"""The small languages of the http-json provider: lines that declare fields, JSON with placeholders, JMESPath."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import jmespath
import orjson
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from lsync_flask.plugin_api import FieldType, ProviderField

ID = "id"
RECORDS = "records"
SECRET = "secret"  # noqa: S105 - the placeholder's name
"""Placeholders besides the inputs: the record's key, all records of the call, the secret."""

_INPUT = re.compile(r"(?P<name>[A-Za-z][\w.-]{0,79})(?P<star>\*?)(?: *: *(?P<label>.{1,80}))?")
_OUTPUT = re.compile(r"(?P<name>[A-Za-z][\w.-]{0,79})(?: *\((?P<type>[a-z]+)\))? *= *(?P<path>.{1,500})")
_PLACE = re.compile(r"\{([A-Za-z][\w.-]*)\}")
_TYPES = frozenset(get_args(FieldType))
_RESERVED = frozenset({ID, RECORDS, SECRET})


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def read_inputs(text: str) -> tuple[ProviderField, ...]:
    """`name`, `name: Label`, with `*` behind the name where it is needed. ValueError with a sentence."""
    fields = []
    for line in _lines(text):
        found = _INPUT.fullmatch(line)
        if not found or found["name"] in _RESERVED:
            raise ValueError(
                f"“{line[:60]}” is no input. Write one line each: name, or name: Label; a * behind the "
                f"name when it is needed; {', '.join(sorted(_RESERVED))} cannot be names."
            )
        label = found["label"] or found["name"].replace("_", " ").capitalize()
        fields.append(ProviderField(found["name"], label, required=bool(found["star"])))
    return _unique(tuple(fields))


def read_outputs(text: str) -> tuple[tuple[ProviderField, ParsedResult], ...]:
    """`name = path` or `name (type) = path`, the path in JMESPath from one result on."""
    fields = []
    for line in _lines(text):
        found = _OUTPUT.fullmatch(line)
        if not found:
            raise ValueError(f"“{line[:60]}” is no output. Write one line each: name = path, or name (int) = path.")
        kind: Any = found["type"] or "string"
        if kind not in _TYPES:
            raise ValueError(f"“{kind}” is no type of a field; it may be {', '.join(sorted(_TYPES))}.")
        label = found["name"].replace("_", " ").replace(".", " ").capitalize()
        fields.append((ProviderField(found["name"], label, kind), read_path(found["path"])))
    _unique(tuple(field for field, _ in fields))
    return tuple(fields)


def _unique(fields: tuple[ProviderField, ...]) -> tuple[ProviderField, ...]:
    names = [field.name for field in fields]
    if not names:
        raise ValueError("At least one line is needed.")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is there {names.count(name)} times.")
    return fields


def read_headers(text: str) -> dict[str, str]:
    """`Name: value`, one line each."""
    headers = {}
    for line in _lines(text):
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z0-9-]{1,80}", name.strip()) or not value.strip().isprintable():
            raise ValueError(f"“{line[:60]}” is no header. Write one line each: Name: value.")
        headers[name.strip()] = value.strip()
    return headers


def read_path(text: str) -> ParsedResult:
    """A JMESPath expression. ValueError when it is none."""
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        raise ValueError(f"“{text[:60]}” is no JMESPath: {str(error).splitlines()[0][:120]}.") from None


def find(path: ParsedResult | None, document: Any) -> Any:
    """What stands at the path; None when nothing does, or what is there is of a wrong kind for it."""
    if path is None:
        return None
    try:
        return path.search(document)
    except (JMESPathError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def read_template(text: str) -> Any:
    """JSON with placeholders in its texts. ValueError when it is no JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"This is no JSON: {error.msg} in line {error.lineno}.") from None


def places_in(template: Any) -> frozenset[str]:
    """The names of all placeholders."""
    if isinstance(template, str):
        return frozenset(_PLACE.findall(template))
    if isinstance(template, Mapping):
        return frozenset().union(*map(places_in, template.values()))
    return frozenset().union(*map(places_in, template)) if isinstance(template, list) else frozenset()


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its placeholders filled in; a text that is one placeholder alone becomes the value itself.

    It is filled in after it was read as JSON, so no value can change its form.
    """
    if isinstance(template, str):
        alone = _PLACE.fullmatch(template)
        if alone:
            return values.get(alone[1])
        return _PLACE.sub(lambda found: str(values.get(found[1]) or ""), template)
    if isinstance(template, Mapping):
        return {name: fill(part, values) for name, part in template.items()}
    return [fill(part, values) for part in template] if isinstance(template, list) else template
