"""Sync definitions: list, details with what runs, run with a summary to confirm, versions, delete, YAML in and out."""

import secrets
from typing import Any

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from lsync_flask.door import actor, reader, resources
from lsync_flask.errors import Conflict, InvalidParams
from lsync_flask.services.activities import ActivityView, list_activities
from lsync_flask.services.definition_text import export_definition, import_definition
from lsync_flask.services.definition_versions import compare_versions, list_versions, restore_version
from lsync_flask.services.definitions import (
    ORDERS,
    delete_definition,
    list_definitions,
    read_definition,
    say_audience,
)
from lsync_flask.services.run_activity import run_activity, summarise_run
from lsync_flask.services.taking import Taking
from lsync_flask.web.home import latest_words
from lsync_flask.web.rendering import render

LATEST = 20
LONGEST_KEY = 64
LONGEST_NUMBER = 9


def index(problem: str = "", typed: str = "") -> str:
    search, sort = request.args.get("search", ""), request.args.get("sort", "")
    sort = sort if sort in ORDERS else "-changed"
    chosen = request.args.get("object", "")
    page = list_definitions(resources(), actor(), search, chosen or None, request.args.get("after") or None, sort=sort)
    return render(
        "web/definitions.html", page=page, search=search, sort=sort, chosen=chosen, problem=problem, typed=typed
    )


def details(number: int, error: str = "") -> str:
    view = read_definition(resources(), actor(), number)
    return render(
        "web/definition.html",
        here="/definitions",
        view=view,
        error=error,
        asks=request.args.get("run") == "1" and actor().may("run activities"),
        sentence=say_audience(resources(), actor(), view),
        text=export_definition(resources(), actor(), number),
        **_activities(number),
    )


def _activities(number: int) -> dict[str, Any]:
    found: list[ActivityView] = list_activities(resources(), actor(), number, limit=LATEST)
    address = f"/definitions/{number}/activities"
    return {"activities": found, "latest_address": address, "moves": any(_moves(one) for one in found)}


def _moves(view: ActivityView) -> bool:
    return view.is_active and view.status != "Paused"


def moving(number: int) -> str:
    """The activities of a definition while one of them moves; it stops asking when none does."""
    read_definition(resources(), actor(), number)
    return render_template("web/latest_activities.html", actor=actor(), **_activities(number))


def latest() -> str:
    """The last activities of all definitions, for the home page while one of them moves."""
    return render_template("web/latest_activities.html", actor=actor(), **latest_words(resources(), actor()))


def summary(number: int) -> ResponseReturnValue:
    """What a run would do and use, to be confirmed."""
    reader()
    found = summarise_run(resources(), actor(), number)
    return render("web/run_dialog.html", summary=found, number=number, key=secrets.token_urlsafe(16))


def run(number: int) -> ResponseReturnValue:
    """Start an activity; the definition's page shows it on top. The same key, sent twice, starts one."""
    try:
        run_activity(resources(), actor(), number, request.form.get("key", "")[:LONGEST_KEY] or None, _taking())
    except (Conflict, InvalidParams) as error:
        said = "; ".join(error.problems.values()) if isinstance(error, InvalidParams) else error.sentence
        return details(number, said), 409
    return redirect(f"/definitions/{number}?said=started", 303)


def _taking() -> Taking:
    """What was chosen for an audience above the maximum."""
    how = request.form.get("take", "")
    if how != "first":
        return Taking(split=how == "split")
    first = request.form.get("first", "").strip()
    if not (first.isascii() and first.isdecimal() and 0 < len(first) <= LONGEST_NUMBER and int(first)):
        raise InvalidParams({"first": "Type how many records to take, such as 500."})
    return Taking(first=int(first), order_by=request.form.get("order_by", "")[:80])


def delete(number: int) -> ResponseReturnValue:
    try:
        delete_definition(resources(), actor(), number)
    except Conflict as error:
        return details(number, error.sentence), 409
    return redirect("/definitions?said=deleted", 303)


def versions(number: int, error: str = "") -> str:
    view = read_definition(resources(), actor(), number)
    old, new = _chosen("old", view.version - 1), _chosen("new", view.version)
    return render(
        "web/definition_versions.html",
        here="/definitions",
        view=view,
        error=error,
        versions=list_versions(resources(), actor(), number),
        old=old,
        new=new,
        lines=compare_versions(resources(), actor(), number, old, new),
    )


def _chosen(name: str, usual: int) -> int:
    sent = request.args.get(name, "")
    return int(sent) if sent.isdecimal() else max(1, usual)


def restore(number: int, version: int) -> ResponseReturnValue:
    try:
        restore_version(resources(), actor(), number, version)
    except (Conflict, InvalidParams) as error:
        return versions(number, error.sentence), 409
    return redirect(f"/definitions/{number}?said=restored", 303)


def take_in() -> ResponseReturnValue:
    """Save what a YAML text describes as a new definition; what is wrong is said beside it."""
    text = request.form.get("text", "")
    try:
        saved = import_definition(resources(), actor(), text)
    except InvalidParams as error:
        return index(" ".join(_said(name, said) for name, said in error.problems.items()), text), 422
    return redirect(f"/definitions/{saved}?said=imported", 303)


def _said(name: str, said: str) -> str:
    return f"{name}: {said}" if name else said
