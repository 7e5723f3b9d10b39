"""What goes in and out of the API, and how times are spelled."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import orjson
from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from lsync_flask.errors import InvalidParams
from lsync_flask.services.activities import ActivityView
from lsync_flask.services.definitions import DefinitionBody, DefinitionView
from lsync_flask.services.notice_settings import NoticeSettings
from lsync_flask.services.plan import InputRowBody, ResultRowBody
from lsync_flask.services.settings import OrgSettings
from lsync_flask.services.unmapped import MappedValue

TIMES = (
    "created_at",
    "started_at",
    "finished_at",
    "resume_at",
    "changed_at",
    "counted_at",
    "last_run_at",
    "expires_at",
    "used_at",
    "revoked_at",
    "sent_at",
    "due_at",
    "at",
)
LARGEST = 2**53 - 1
"""Numbers beyond it do not survive JSON everywhere, and fit no column."""
DEEPEST = 20
MOST_PROBLEMS = 100

Version = Annotated[int | None, Field(ge=1, le=2**31 - 1)]
M = TypeVar("M", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Replacing(_Body):
    """Replaces something as a whole; `version` is the one that was seen, null: none; left out: whatever is there."""

    version: Version = None


class DefinitionSave(DefinitionBody):
    """A definition to save; `version` is the one that was seen, so that nobody's change is lost."""

    version: Version = None


class InputMappingSave(Replacing):
    """A whole input mapping, replaced as one."""

    rows: list[InputRowBody]


class ResultMappingSave(Replacing):
    """A whole results mapping, replaced as one."""

    rows: list[ResultRowBody]


class SettingsSave(Replacing):
    """All settings; `secrets` holds only those that are to change."""

    settings: OrgSettings
    secrets: dict[str, Annotated[str, Field(max_length=10_000)]] = {}


class ValuesMap(_Body):
    """The org's values for some of the provider's."""

    pairs: list[MappedValue] = Field(max_length=200)


class NoticesSave(Replacing):
    """The ways to tell people; `secrets` holds only those that are to change, named `webhook.secret`."""

    settings: NoticeSettings
    secrets: dict[str, Annotated[str, Field(max_length=10_000)]] = {}


class NoticeTest(_Body):
    """The way in which a test notice is sent."""

    way: str = Field(max_length=60)


class TechnicalFieldsCreate(_Body):
    """Which permission sets may edit the technical fields that are created."""

    grant_to: list[str] = Field(default=[], max_length=20)


def body_of_request(model: type[M], read_only: frozenset[str] = frozenset()) -> M:
    """The request's JSON as this body; keys that are `read_only` may be sent back and mean nothing.

    Raises:
        UnsupportedMediaType: it is not sent as JSON; BadRequest: it is none.
        InvalidParams: with each problem by its place.
    """
    if not request.is_json:
        raise UnsupportedMediaType("Send the body as application/json.")
    return _checked(model, read_only)


def optional_body(model: type[M]) -> M:
    """The same for a body that may be left out: then it is the one without any key."""
    return body_of_request(model) if request.content_length else model()


def _checked(model: type[M], read_only: frozenset[str]) -> M:
    sent = {name: value for name, value in _parsed().items() if name not in read_only}
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise InvalidParams(problems_of(error)) from error


def _parsed() -> dict[str, Any]:
    try:
        parsed = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is no JSON: {error}.") from error
    if not isinstance(parsed, dict):
        raise BadRequest("The body must be a JSON object.")
    _check_storable(parsed, DEEPEST)
    return parsed


def _check_storable(value: Any, deeper: int) -> None:
    """Raises BadRequest for what no database and no org takes."""
    if isinstance(value, str) and "\0" in value:
        raise BadRequest("The body has a NUL character in a text.")
    if isinstance(value, dict | list):
        if not deeper:
            raise BadRequest(f"The body is nested deeper than {DEEPEST} levels.")
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            _check_storable(part, deeper - 1)


def problems_of(error: ValidationError) -> dict[str, str]:
    """Each problem by its place, such as `criteria.0.field`; of very many, the first hundred."""
    found = error.errors(include_url=False, include_input=False)[:MOST_PROBLEMS]
    return {".".join(str(part) for part in one["loc"]): _sentence(one) for one in found}


def _sentence(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "missing":
        return "Must be there."
    if problem["type"] == "extra_forbidden":
        return "There is no such key."
    return f"{str(problem['msg']).removeprefix('Value error, ').rstrip('.')}."


def text_argument(name: str, longest: int = 255) -> str:
    """A text from the address's query; empty when it is not there."""
    text = request.args.get(name, "")
    if len(text) > longest or "\0" in text:
        raise InvalidParams({name: f"Must be a text of at most {longest} characters."})
    return text


def choice_argument(name: str, choices: Sequence[str]) -> str | None:
    """One of the choices from the address's query; None when it is not there."""
    text = request.args.get(name, "")
    if text and text not in choices:
        raise InvalidParams({name: f"Must be one of {', '.join(choices)}."})
    return text or None


def number_argument(name: str, default: int, most: int, least: int = 0) -> int:
    """A whole number from the address's query."""
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise InvalidParams({name: f"Must be a whole number from {least} to {most}."})
    return int(text)


def spell(view: Any) -> dict[str, Any]:
    """A frozen view as JSON: times in ISO form."""
    return spell_times(asdict(view))


def spell_times(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: iso(value) if name in TIMES else value for name, value in values.items()}


def iso(at_s: float | None) -> str | None:
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def spell_definition(view: DefinitionView) -> dict[str, Any]:
    values = {field.name: getattr(view, field.name) for field in fields(view)}
    return spell_times({**values, "criteria": [row.model_dump(mode="json") for row in view.criteria]})


DEFINITION_READ_ONLY = frozenset(field.name for field in fields(DefinitionView)) - frozenset(
    DefinitionSave.model_fields
)
"""What `GET /definitions/<id>` tells beside what can be saved: it may be sent back as it was read."""
SETTINGS_READ_ONLY = frozenset({"secrets_set"})
NOTICES_READ_ONLY = frozenset({"secrets_set", "deliveries"})


def spell_activity(view: ActivityView) -> dict[str, Any]:
    return spell(view)
