"""The dialog that creates a Salesforce field for a provider's output."""

import json
from dataclasses import replace
from typing import Any

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from lsync_flask.door import actor, reader, resources
from lsync_flask.errors import InvalidParams, LsyncError
from lsync_flask.salesforce.fields import LONGEST_TEXT, NewField
from lsync_flask.services import new_field as service
from lsync_flask.services.access import PERMISSION_SETS, Role
from lsync_flask.services.describe_objects import describe_for
from lsync_flask.services.try_mapping import read_ground

EDITING: tuple[Role, ...] = ("admin", "manager", "single_enrich")
"""Whose permission sets are ticked to begin with: those in whose name records are written."""


def dialog(name: str) -> str:
    """The dialog with what is proposed for the output of the row that asked."""
    actor().must("change settings and mappings")
    ground = read_ground(resources(), actor(), name)
    key = _key(request.args.get("row", ""))
    output = ground.output(request.args.get(f"provider.{key}", ""))
    field = service.propose_field(output, ground.info) if output else NewField("", "", "Text", length=255)
    return _dialog(name, field, key, [PERMISSION_SETS[role] for role in EDITING], source=output)


def _dialog(name: str, field: NewField, key: str, chosen: list[str], **words: Any) -> str:
    try:
        sets = service.list_permission_sets(resources(), actor())
    except LsyncError as error:
        sets, words["error"] = [], error.sentence
    return render_template(
        "web/new_field.html",
        name=name,
        field=field,
        key=key,
        chosen=chosen,
        sets=sets,
        types=list(service.TYPE_LABELS.items()),
        own=set(PERMISSION_SETS.values()),
        **{"problems": {}, "error": "", "source": None, **words},
    )


def _key(text: str) -> str:
    return text if text.isalnum() else ""


def check_name(name: str) -> str:
    """Is the name free, and would Salesforce take it? Asks Salesforce nothing."""
    actor().must("change settings and mappings")
    problem = service.name_problem(describe_for(resources(), actor(), name), _typed_name())
    return render_template("web/new_field_name.html", problem=problem, field_name=_typed_name())


def _typed_name() -> str:
    """What was typed, with the ending that every custom field has."""
    typed = request.values.get("field_name", "").strip()
    return typed if typed.endswith(service.SUFFIX) or not typed else typed + service.SUFFIX


def make(name: str) -> ResponseReturnValue:
    """Create the field; the row that asked gets it as its target. With `do=show` the form comes anew for its type."""
    makes = request.form.get("do") == "make"
    (actor() if makes else reader()).must("change settings and mappings")
    key = _key(request.form.get("row", ""))
    field, chosen = _sent_field(), request.form.getlist("grant")
    if not makes:
        return _dialog(name, _usual_sizes(field), key, chosen)
    try:
        service.make_field(resources(), actor(), name, field, chosen)
    except InvalidParams as error:
        return _dialog(name, field, key, chosen, problems=error.problems), 422
    except LsyncError as error:
        return _dialog(name, field, key, chosen, error=error.sentence), 409
    return _made(field, key)


def _made(field: NewField, key: str) -> Response:
    answer = make_response(render_template("web/new_field_made.html", field=field))
    made = {"row": key, "name": field.name, "label": field.label}
    answer.headers["HX-Trigger-After-Settle"] = json.dumps({"field-made": made})
    return answer


def _sent_field() -> NewField:
    return NewField(
        name=_typed_name(),
        label=request.form.get("label", "").strip(),
        type=request.form.get("type", ""),
        length=_number("length"),
        precision=_number("precision"),
        scale=_number("scale"),
        description=request.form.get("description", "").strip(),
    )


def _usual_sizes(field: NewField) -> NewField:
    """Sizes that suit the type that was chosen."""
    if field.type == "LongTextArea" and field.length < service.LONG_TEXT:
        return replace(field, length=service.LONG_TEXT)
    if field.type == "Text" and not 1 <= field.length <= LONGEST_TEXT:
        return replace(field, length=LONGEST_TEXT)
    return field if field.precision else replace(field, precision=18)


def _number(name: str) -> int:
    text = request.form.get(name, "").strip()
    return int(text) if text.isdecimal() and len(text) <= len("131072") else 0
