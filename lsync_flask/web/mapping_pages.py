"""Input and results mappings of an object: the form, its rows, the pickers, what it is worth, and trying it out."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from lsync_flask.door import actor, reader, resources
from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.paths import label_path
from lsync_flask.engine.policies import POLICIES
from lsync_flask.errors import Conflict, FatalError, InvalidParams, LsyncError
from lsync_flask.plugin_api import ProviderField
from lsync_flask.services import mappings, try_mapping
from lsync_flask.services.describe_objects import OBJECTS, check_object, describe_for
from lsync_flask.services.mapping_history import list_mapping_changes
from lsync_flask.services.plan import InputMappingBody, ResultMappingBody
from lsync_flask.services.try_mapping import Ground, read_ground
from lsync_flask.web import drafts
from lsync_flask.web.forms import find_fields, new_key
from lsync_flask.web.mapping_forms import (
    MOST_ROWS,
    RowDraft,
    change_steps,
    icon_of,
    input_body,
    input_row,
    policy_examples,
    result_body,
    result_row,
    row_of_form,
    rows_of_body,
    rows_of_form,
    say_field,
    say_provider_field,
    step_views,
)
from lsync_flask.web.mapping_worth import read_worth
from lsync_flask.web.rendering import render

MOST_OPTIONS = 60
LONGEST_TYPED = 4_000
LONGEST_KEY = 12

Problems = Mapping[str, str]


def show(kind: str, name: str) -> str:
    """The mapping as saved, or as proposed by the provider's catalogue."""
    actor().must("see settings and mappings")
    check_object(name)
    draft = drafts.find()
    try:
        if draft is not None:
            return _page(kind, name, rows_of_form(draft), _version(draft), is_draft=True)
        version, body = _stored(kind, name)
        return _page(kind, name, rows_of_body(body), version)
    except FatalError as error:
        return render("web/mapping_none.html", kind=kind, name=name, objects=OBJECTS, sentence=error.sentence)


def _stored(kind: str, name: str) -> tuple[int | None, InputMappingBody | ResultMappingBody]:
    if kind == "input":
        inputs = mappings.read_input_mapping(resources(), actor(), name)
        return inputs.version, inputs.body
    results = mappings.read_result_mapping(resources(), actor(), name)
    return results.version, results.body


def _page(kind: str, name: str, rows: Sequence[RowDraft], version: int | None, **words: Any) -> str:
    ground = read_ground(resources(), actor(), name)
    problems: Problems = words.pop("problems", {})
    views = [_row_words(kind, ground, row, _of_row(problems, number)) for number, row in enumerate(rows)]
    return render(
        "web/mapping.html",
        objects=OBJECTS,
        views=views,
        version=version,
        problems=problems,
        **_choices(kind, name),
        **{"error": "", "changes": None, "saved": False, "is_draft": False, **words},
    )


def _choices(kind: str, name: str) -> dict[str, Any]:
    """What each row needs beside its own words."""
    found = sorted((cls.label, cls.name) for cls in resources().registry.transforms.values())
    return {
        "kind": kind,
        "name": name,
        "transforms": [(value, label) for label, value in found],
        "policies_of_row": [(policy, words.label) for policy, words in POLICIES.items()],
        "explained": POLICIES,
        "may_change": actor().may("change settings and mappings"),
    }


def _of_row(problems: Problems, number: int) -> dict[str, str]:
    begin = f"rows.{number}."
    return {name.removeprefix(begin): text for name, text in problems.items() if name.startswith(begin)}


def _row_words(kind: str, ground: Ground, row: RowDraft, problems: Problems) -> dict[str, Any]:
    """One row as the template shows it."""
    offered: ProviderField | None = ground.input(row.provider) if kind == "input" else ground.output(row.provider)
    found: FieldInfo | None = ground.info.find(row.field) if row.field else None
    return {
        "row": row,
        "provider_label": offered.label if offered else row.provider,
        "provider_about": say_provider_field(offered),
        "provider_icon": icon_of(offered),
        "field_label": label_path(ground.info, row.field) if row.field else "",
        "field_about": say_field(row.field, found),
        "field_icon": icon_of(found),
        "steps": step_views(row, resources().registry),
        "examples": policy_examples(row.policy, offered.sample or "" if offered else ""),
        "warnings": _warnings(kind, ground, row),
        "problems": problems,
        "is_chain_wrong": any(one.startswith("transforms") for one in problems),
    }


def _warnings(kind: str, ground: Ground, row: RowDraft) -> list[str]:
    if kind == "input":
        return []
    try:
        return try_mapping.warn_of_row(resources(), ground, result_row(row, resources().registry))
    except InvalidParams:
        return []


def add_row(kind: str, name: str) -> str:
    """One more row, added by "+"; `provider` names what it begins with."""
    actor().must("change settings and mappings")
    ground = read_ground(resources(), actor(), name)
    row = RowDraft(new_key(), request.args.get("provider", ""))
    return _row_page(kind, name, ground, row, is_new=True)


def change_row(kind: str, name: str) -> str:
    """One row anew: a field, policy or transform was chosen, or a transform was taken out or moved."""
    reader().must("change settings and mappings")
    row = row_of_form(request.form, _row_key())
    row = change_steps(row, request.form.get("do", ""))
    is_opened = bool(request.form.get("do") or request.form.get(f"add.{row.key}"))
    return _row_page(kind, name, read_ground(resources(), actor(), name), row, is_opened=is_opened)


def _row_page(kind: str, name: str, ground: Ground, row: RowDraft, **words: Any) -> str:
    words = {"is_new": False, "is_opened": False, **words}
    view = _row_words(kind, ground, row, _step_problems(kind, row))
    return render("web/mapping_row_part.html", view=view, place=-1, **_choices(kind, name), **words)


def _step_problems(kind: str, row: RowDraft) -> dict[str, str]:
    """What is wrong with the parameters so far; a row that is still being made is not told what it lacks."""
    problems: dict[str, str] = {}
    try:
        body = input_row(row, resources().registry) if kind == "input" else result_row(row, resources().registry)
        try_mapping.build_steps(resources(), body.transforms)
    except InvalidParams as error:
        problems = {name: text for name, text in error.problems.items() if text != "Must be filled in."}
    return problems


def options(kind: str, name: str, side: str) -> str:
    """What a row's picker offers for what was typed: the provider's fields, or Salesforce's."""
    actor().must("see settings and mappings")
    search = request.args.get("search", "")[:100]
    found, number = _provider_options(kind, name, search) if side == "provider" else _field_options(kind, name, search)
    more = number - len(found)
    return render_template("web/mapping_options.html", options=found, more=more, key=_row_key(), side=side)


def _row_key() -> str:
    """The key of the row that asks: the address has it, for the form sends all rows."""
    sent = request.args.get("row", "")
    return sent if sent.isalnum() and len(sent) <= LONGEST_KEY else new_key()


def _provider_options(kind: str, name: str, search: str) -> tuple[list[tuple[str, str, str, str]], int]:
    """(value, label, about, icon) of each."""
    catalogue = read_ground(resources(), actor(), name).catalogue
    offered = catalogue.inputs if kind == "input" else catalogue.outputs
    words = search.lower().split()
    found = [one for one in offered if all(word in f"{one.label} {one.name}".lower() for word in words)]
    rows = [(one.name, one.label, say_provider_field(one), icon_of(one)) for one in found]
    return rows[:MOST_OPTIONS], len(rows)


def _field_options(kind: str, name: str, search: str) -> tuple[list[tuple[str, str, str, str]], int]:
    info = describe_for(resources(), actor(), name)
    if kind == "results":
        found, number = find_fields(info, search, MOST_OPTIONS, lambda one: one.updateable, with_parents=False)
    else:
        found, number = find_fields(info, search, MOST_OPTIONS, lambda _: True)
    rows = [
        (one.path, f"{one.group} {one.label}".strip(), say_field(one.path, info.find(one.path)), one.icon)
        for one in found
    ]
    return rows, number


def worth(kind: str, name: str) -> str:
    """What the form is worth so far: is the provider's minimum there, and how much of its fields is used."""
    reader().must("see settings and mappings")
    ground = read_ground(resources(), actor(), name)
    rows = rows_of_form(request.form)
    warned = sum(bool(_warnings(kind, ground, row)) for row in rows)
    found = read_worth(kind, ground.catalogue, rows)
    return render_template("web/mapping_worth.html", worth=found, warned=warned, **_choices(kind, name))


def try_row(kind: str, name: str) -> str:
    """A row on real values: each after each transform, and what comes out."""
    reader().must("change settings and mappings")
    row = row_of_form(request.form, _row_key())
    typed = [request.form.get(f"typed.{row.key}", "")[:LONGEST_TYPED]]
    ground = read_ground(resources(), actor(), name)
    try:
        if kind == "input":
            body = input_row(row, resources().registry)
            trials = try_mapping.try_inputs(resources(), actor(), ground, body, typed)
        else:
            result = result_row(row, resources().registry)
            trials = try_mapping.try_results(resources(), actor(), ground, result, typed)
    except LsyncError as error:
        return render_template("web/mapping_tried.html", problem=try_mapping.explain_trial_error(error))
    steps = [step.label for step in step_views(row, resources().registry)]
    return render_template("web/mapping_tried.html", trials=trials, steps=steps, kind=kind, problem="")


def save(kind: str, name: str) -> ResponseReturnValue:
    """Save the mapping as one; what is wrong is said beside its row, and nothing typed is lost.

    With `do=discard` the draft is thrown away, and the page shows what is saved.
    """
    if request.form.get("do") == "discard":
        reader().must("change settings and mappings")
        drafts.drop()
        return show(kind, name)
    actor().must("change settings and mappings")
    check_object(name)
    rows = [row for row in rows_of_form(request.form)[:MOST_ROWS] if not row.is_blank]
    version = _version(request.form)
    try:
        saved = _save(kind, name, rows, version)
    except InvalidParams as error:
        return _page(kind, name, rows, version, problems=error.problems), 422
    except ValidationError as error:
        problems = {".".join(str(part) for part in one["loc"]): f"{one['msg']}." for one in error.errors()}
        return _page(kind, name, rows, version, problems=problems), 422
    except Conflict as error:
        changes = list_mapping_changes(resources(), actor(), kind, name, version)
        return _page(kind, name, rows, version, error=error.sentence, changes=changes), 409
    drafts.drop()
    return _page(kind, name, rows, saved, saved=True)


def _version(form: MultiDict[str, str]) -> int | None:
    """The version that was seen, or that is to be saved over; None: none was saved yet."""
    seen = form.get("over") or form.get("version", "")
    return int(seen) if seen.isdecimal() else None


def _save(kind: str, name: str, rows: Sequence[RowDraft], version: int | None) -> int:
    registry = resources().registry
    if kind == "input":
        return mappings.save_input_mapping(resources(), actor(), name, input_body(rows, registry), version)
    return mappings.save_result_mapping(resources(), actor(), name, result_body(rows, registry), version)
