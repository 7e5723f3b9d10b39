"""The form of a definition: its fields and rows, live checking, count and preview of what is not saved yet."""

from dataclasses import dataclass, field, replace
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import escape
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from lsync_flask.door import actor, reader, resources
from lsync_flask.engine.fields import ObjectInfo
from lsync_flask.errors import Conflict, InvalidParams, LsyncError
from lsync_flask.services.check_definition import check_definition
from lsync_flask.services.count_audience import count_audience, count_definition
from lsync_flask.services.definitions import WRITES_WHERE, DefinitionBody, body_of, read_definition, save_definition
from lsync_flask.services.describe_objects import OBJECTS, describe_for
from lsync_flask.services.explain_empty import explain_empty
from lsync_flask.services.plan import CriterionBody
from lsync_flask.services.preview_audience import preview_audience
from lsync_flask.web.forms import criteria_of, find_fields, keys_of, marks_of, new_key, row_of, rows_of
from lsync_flask.web.notice_pages import notify_choices, notify_of
from lsync_flask.web.rendering import render

MOST_FIELDS = 60
NEW = "/definitions/new"


@dataclass(frozen=True)
class Draft:
    """What the form holds: as typed, right or wrong."""

    name: str = ""
    object: str = OBJECTS[0]
    logic: str = ""
    where: str = ""
    version: str = ""
    number: int | None = None
    criteria: list[CriterionBody] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    notify: list[str] | None = None

    def body(self) -> DefinitionBody:
        """Raises ValidationError: it is too long for us."""
        return DefinitionBody(
            name=self.name.strip() or "Untitled",
            object=self.object,
            criteria=self.criteria,
            logic=self.logic,
            where=self.where,
            notify=self.notify,
        )

    def named_body(self) -> DefinitionBody:
        """Raises InvalidParams: it has no name; ValidationError."""
        if not self.name.strip():
            raise InvalidParams({"name": "Give the definition a name."})
        return self.body()


def _draft(sent: MultiDict[str, str], number: int | None = None) -> Draft:
    return Draft(
        name=sent.get("name", ""),
        object=sent.get("object", OBJECTS[0]),
        logic=sent.get("logic", ""),
        where=sent.get("where", ""),
        version=sent.get("version", ""),
        number=number,
        criteria=criteria_of(sent, resources().registry),
        keys=keys_of(sent, resources().registry),
        notify=notify_of(sent.get("notify", "")),
    )


def new() -> str:
    """An empty form, or one that begins as a copy of another definition; rows are kept when the object changes."""
    actor().must("change definitions")
    source = request.args.get("from", "")
    if source.isdecimal():
        view = read_definition(resources(), actor(), int(source))
        copy = Draft(f"Copy of {view.name}"[:255], view.object, view.logic, view.where, criteria=view.criteria)
        return _page(replace(copy, notify=view.notify))
    draft = _draft(request.args)
    if not draft.criteria:
        draft.criteria.append(CriterionBody(field="", operator="equals", value=""))
    return _page(draft)


def edit(number: int) -> str:
    actor().must("change definitions")
    view = read_definition(resources(), actor(), number)
    draft = Draft(view.name, view.object, view.logic, view.where, str(view.version), number, view.criteria)
    return _page(replace(draft, notify=view.notify))


def save_new() -> ResponseReturnValue:
    return _save(_draft(request.form))


def save(number: int) -> ResponseReturnValue:
    return _save(_draft(request.form, number))


def _save(draft: Draft) -> ResponseReturnValue:
    """Save, and go to the definition; what is wrong is said beside it, and nothing typed is lost."""
    actor().must("change definitions")
    try:
        seen = int(draft.version) if draft.version.isdecimal() else None
        saved = save_definition(resources(), actor(), draft.named_body(), draft.number, seen)
    except (InvalidParams, ValidationError, Conflict) as error:
        status = 409 if isinstance(error, Conflict) else 422
        return _page(draft, error), status
    step = "?run=1" if request.form.get("do") == "run" else "?said=saved"
    return redirect(f"/definitions/{saved}{step}", 303)


def fields() -> str:
    """The fields that the picker offers for what was typed."""
    info = describe_for(resources(), actor(), request.args.get("object", ""))
    found, number = find_fields(info, request.args.get("search", "")[:100], MOST_FIELDS)
    return render_template("web/definition_fields.html", fields=found, more=number - len(found), key=_key())


def criterion() -> str:
    """One row anew: added by "+", or after another field, operator or period was chosen."""
    info = describe_for(resources(), actor(), request.args.get("object", ""))
    bodies = criteria_of(request.args, resources().registry)
    body = bodies[0] if bodies else CriterionBody(field="", operator="", value="")
    row = row_of(body, info, resources().registry, _key())
    is_new = "row" not in request.args
    return render("web/criterion_part.html", row=row, place=-1, object=info.name, problems={}, is_new=is_new)


def _key() -> str:
    sent = request.args.get("row", "")
    return sent if sent.isalnum() and len(sent) <= len("0123456789ab") else new_key()


def check() -> str:
    """What the form means: in words and in SOQL, or what is wrong with it so far. Asks Salesforce nothing."""
    reader()
    draft = _draft(request.form)
    try:
        checked = check_definition(resources(), actor(), draft.body())
    except (InvalidParams, ValidationError) as error:
        problems = problems_of(error)
        words = {"problems": problems, "marks": marks_of(_as_invalid(error), draft.logic)}
        return render_template("web/definition_check.html", checked=None, **words)
    return render_template("web/definition_check.html", checked=checked, problems={}, marks=[])


def count() -> ResponseReturnValue:
    """Apply filters to what the form holds, saved or not: exactly one API call."""
    reader()
    draft = _draft(request.form)
    try:
        counted = count_audience(resources(), actor(), draft.body())
    except (InvalidParams, ValidationError) as error:
        return _whole_page(draft, error)
    return render("web/definition_counted.html", counted=counted, is_draft=True)


def empty() -> str:
    """Which criterion leaves no record; asked for when a count was 0."""
    reader()
    try:
        return escape(explain_empty(resources(), actor(), _draft(request.form).body()))
    except LsyncError as error:
        return escape(error.sentence)


def count_saved(number: int) -> ResponseReturnValue:
    """Apply filters to a saved definition: exactly one API call, and its size is remembered."""
    reader()
    try:
        counted = count_definition(resources(), actor(), number)
    except InvalidParams as error:
        return render("web/definition_counted.html", counted=None, problem=" ".join(error.problems.values()))
    return render("web/definition_counted.html", counted=counted, number=number)


def empty_saved(number: int) -> str:
    """The same of a saved definition."""
    body = body_of(read_definition(resources(), reader(), number))
    try:
        return escape(explain_empty(resources(), actor(), body))
    except LsyncError as error:
        return escape(error.sentence)


def preview() -> ResponseReturnValue:
    """The first records of what the form holds."""
    reader()
    draft = _draft(request.form)
    try:
        rows = preview_audience(resources(), actor(), draft.body())
    except (InvalidParams, ValidationError) as error:
        return _whole_page(draft, error)
    except Conflict as error:
        return render("web/definition_preview.html", rows=[], problem=error.sentence)
    return render("web/definition_preview.html", rows=rows, problem="")


def _whole_page(draft: Draft, error: Exception) -> Response:
    """The form anew in place of the part that was asked for, with what is wrong beside its field."""
    answer = make_response(_page(draft, error), 422)
    answer.headers["HX-Retarget"] = "body"
    answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def _page(draft: Draft, error: Exception | None = None) -> str:
    info: ObjectInfo = describe_for(resources(), actor(), draft.object)
    return render(
        "web/definition_edit.html",
        here="/definitions",
        form=draft,
        address=f"/definitions/{draft.number}/edit" if draft.number else NEW,
        objects=OBJECTS,
        may_write_where=actor().may(WRITES_WHERE),
        rows=rows_of(draft.criteria, info, resources().registry, draft.keys),
        problems=problems_of(error),
        notify_choices=notify_choices(draft.notify),
        conflict=error.sentence if isinstance(error, Conflict) else "",
        marks=marks_of(_as_invalid(error), draft.logic),
    )


def _as_invalid(error: Exception | None) -> InvalidParams | None:
    return error if isinstance(error, InvalidParams) else None


def problems_of(error: Exception | None) -> dict[str, Any]:
    """What is wrong, by the place in the form where it is said."""
    if isinstance(error, InvalidParams):
        return error.problems
    if isinstance(error, ValidationError):
        return {".".join(str(part) for part in one["loc"]): f"{one['msg']}." for one in error.errors()}
    return {}
