"""What goes in and out of the API, and how times are spelled."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from flask import request
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from lsync_flask.errors import InvalidParams
from lsync_flask.services.activities import ActivityView
from lsync_flask.services.definitions import DefinitionBody, DefinitionView
from lsync_flask.services.plan import InputRowBody, ResultRowBody
from lsync_flask.services.settings import OrgSettings

TIMES = ("created_at", "started_at", "finished_at", "resume_at", "changed_at", "counted_at", "last_run_at", "at")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DefinitionSave(DefinitionBody):
    """A definition to save; `version` is the one that was seen, so that nobody's change is lost."""

    version: int | None = None


class InputMappingSave(_Body):
    """A whole input mapping, replaced as one."""

    version: int | None = None
    rows: list[InputRowBody]


class ResultMappingSave(_Body):
    """A whole results mapping, replaced as one."""

    version: int | None = None
    rows: list[ResultRowBody]


class SettingsSave(_Body):
    """All settings; `secrets` holds only those that are to change."""

    version: int | None = None
    settings: OrgSettings
    secrets: dict[str, str] = {}


class TechnicalFieldsCreate(_Body):
    """Which permission sets may edit the technical fields that are created."""

    grant_to: list[str] = Field(default=[], max_length=20)


def body_of_request() -> Any:
    """The request's JSON.

    Raises:
        UnsupportedMediaType: it is not sent as JSON; BadRequest: it is none.
    """
    if not request.is_json:
        raise UnsupportedMediaType("Send the body as application/json.")
    parsed = request.get_json(silent=True)
    if not isinstance(parsed, dict):
        raise BadRequest("The body must be a JSON object.")
    return parsed


def number_argument(name: str, default: int, most: int) -> int:
    """A whole number from the address's query."""
    text = request.args.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise InvalidParams({name: f"Must be a whole number from 1 to {most}."})
    return int(text)


def spell(view: Any) -> dict[str, Any]:
    """A frozen view as JSON: times in ISO form."""
    return spell_times(asdict(view))


def spell_times(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: iso(value) if name in TIMES else value for name, value in values.items()}


def iso(at_s: float | None) -> str | None:
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def spell_definition(view: DefinitionView) -> dict[str, Any]:
    values = {name: getattr(view, name) for name in view.__slots__}
    return spell_times({**values, "criteria": [row.model_dump(mode="json") for row in view.criteria]})


def spell_activity(view: ActivityView) -> dict[str, Any]:
    return spell(view)
