"""Sync definitions: list, make, edit, count, run."""

from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from lsync_flask.door import actor, resources
from lsync_flask.engine.fields import ObjectInfo
from lsync_flask.errors import Conflict, InvalidParams
from lsync_flask.services.activities import list_activities
from lsync_flask.services.count_audience import AudienceCount, count_audience, count_definition
from lsync_flask.services.definitions import (
    DefinitionBody,
    delete_definition,
    list_definitions,
    read_definition,
    save_definition,
    say_audience,
)
from lsync_flask.services.describe_objects import OBJECTS, describe_for
from lsync_flask.services.plan import CriterionBody
from lsync_flask.services.run_activity import run_activity
from lsync_flask.web.forms import criteria_of, fields_for, marks_of, row_of, rows_of
from lsync_flask.web.rendering import render


def index() -> str:
    search = request.args.get("search", "")
    page = list_definitions(resources(), actor(), search, None, request.args.get("after") or None)
    return render("web/definitions.html", page=page, search=search)


def new() -> str:
    actor().must("change definitions")
    chosen = request.args.get("object", OBJECTS[0])
    form = {"name": request.args.get("name", ""), "object": chosen, "logic": "", "version": None}
    return _form(form, [CriterionBody(field="", operator="equals", value="")], "/definitions/new")


def edit(number: int) -> str:
    actor().must("change definitions")
    view = read_definition(resources(), actor(), number)
    form = {"name": view.name, "object": view.object, "logic": view.logic, "version": view.version}
    return _form(form, view.criteria, f"/definitions/{number}/edit")


def save_new() -> ResponseReturnValue:
    return _handle("/definitions/new", None)


def save(number: int) -> ResponseReturnValue:
    return _handle(f"/definitions/{number}/edit", number)


def criterion() -> str:
    """One row anew: added by "+", or after another field was chosen."""
    info = describe_for(resources(), actor(), request.args.get("object", ""))
    place = request.args.get("place", "0")
    row = row_of(
        request.args.get("field", ""),
        request.args.get("operator", ""),
        request.args.get("value", ""),
        info,
        resources().registry,
    )
    words = {"object": info.name, "place": int(place) if place.isdecimal() else 0, "row": row}
    return render("web/criterion_part.html", fields=fields_for(info), problems={}, **words)


def _handle(address: str, number: int | None) -> ResponseReturnValue:
    """Count, save, or save and run what the form holds; what is wrong is said beside it, and nothing typed is lost."""
    form = {name: request.form.get(name, "") for name in ("name", "object", "logic", "version")}
    criteria = criteria_of(request.form)
    try:
        body = DefinitionBody(
            name=form["name"].strip() or "Untitled", object=form["object"], criteria=criteria, logic=form["logic"]
        )
        if request.form.get("do") == "count":
            return _form(form, criteria, address, counted=count_audience(resources(), actor(), body))
        return _save(form, body, number)
    except InvalidParams as error:
        marks = marks_of(error, form["logic"])
        return _form(form, criteria, address, problems=error.problems, marks=marks), 422
    except ValidationError as error:
        problems = {str(one["loc"][0]): f"{one['msg']}." for one in error.errors()}
        return _form(form, criteria, address, problems=problems), 422
    except Conflict as error:
        return _form(form, criteria, address, problems={"name": error.sentence}), 409


def _save(form: dict[str, str], body: DefinitionBody, number: int | None) -> ResponseReturnValue:
    if not form["name"].strip():
        raise InvalidParams({"name": "Give the definition a name."})
    seen = int(form["version"]) if form["version"].isdecimal() else None
    saved = save_definition(resources(), actor(), body, number, seen)
    if request.form.get("do") == "run":
        return run(saved)
    return redirect(f"/definitions/{saved}", 303)


def _form(form: dict[str, Any], criteria: list[CriterionBody], address: str, **words: Any) -> str:
    info: ObjectInfo = describe_for(resources(), actor(), form["object"])
    return render(
        "web/definition_edit.html",
        form=form,
        address=address,
        objects=OBJECTS,
        fields=fields_for(info),
        rows=rows_of(criteria, info, resources().registry),
        **{"problems": {}, "marks": [], "counted": None, **words},
    )


def details(number: int, error: str = "", counted: AudienceCount | None = None) -> str:
    view = read_definition(resources(), actor(), number)
    return render(
        "web/definition.html",
        view=view,
        error=error,
        counted=counted,
        sentence=say_audience(resources(), actor(), view),
        activities=list_activities(resources(), actor(), number, limit=20),
    )


def count(number: int) -> ResponseReturnValue:
    try:
        return details(number, counted=count_definition(resources(), actor(), number))
    except InvalidParams as error:
        return details(number, error.sentence), 422


def run(number: int) -> ResponseReturnValue:
    """Start an activity and go to it; what forbids it is said on the definition's page."""
    try:
        activity = run_activity(resources(), actor(), number)
    except (Conflict, InvalidParams) as error:
        said = "; ".join(error.problems.values()) if isinstance(error, InvalidParams) else error.sentence
        return details(number, said), 409
    return redirect(f"/activities/{activity}", 303)


def delete(number: int) -> ResponseReturnValue:
    try:
        delete_definition(resources(), actor(), number)
    except Conflict as error:
        return details(number, error.sentence), 409
    return redirect("/definitions", 303)
