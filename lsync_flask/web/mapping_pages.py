"""Input and results mappings of an object."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from lsync_flask.door import actor, resources
from lsync_flask.engine.policies import POLICIES
from lsync_flask.errors import Conflict, FatalError, InvalidParams
from lsync_flask.services import mappings
from lsync_flask.services.describe_objects import OBJECTS, check_object, describe_for
from lsync_flask.services.plan import (
    InputMappingBody,
    InputRowBody,
    PluginCallBody,
    ResultMappingBody,
    ResultRowBody,
)
from lsync_flask.services.settings import open_provider, org_settings
from lsync_flask.web.rendering import render

LONGEST = 200

Rows = list[dict[str, str]]


def show(kind: str, name: str, **words: Any) -> str:
    """The mapping as saved, or as proposed by the provider's catalogue."""
    actor().must("see settings and mappings")
    check_object(name)
    try:
        version, rows = _stored(kind, name)
    except FatalError as error:
        return render("web/mapping_none.html", kind=kind, name=name, objects=OBJECTS, sentence=error.sentence)
    return _page(kind, name, rows, version, **words)


def _stored(kind: str, name: str) -> tuple[int | None, Rows]:
    if kind == "input":
        inputs = mappings.read_input_mapping(resources(), actor(), name)
        return inputs.version, [_input_row(row) for row in inputs.body.rows]
    results = mappings.read_result_mapping(resources(), actor(), name)
    return results.version, [_result_row(row) for row in results.body.rows]


def _input_row(row: InputRowBody) -> dict[str, str]:
    return {"provider": row.input, "field": row.source, "transforms": _spell(row.transforms)}


def _result_row(row: ResultRowBody) -> dict[str, str]:
    confidence = "" if row.minimum_confidence is None else str(row.minimum_confidence)
    words = {"provider": row.output, "field": row.target, "transforms": _spell(row.transforms)}
    return {**words, "policy": row.policy, "confidence": confidence}


def _page(kind: str, name: str, rows: Rows, version: int | None, **words: Any) -> str:
    return render(
        "web/mapping.html",
        kind=kind,
        name=name,
        objects=OBJECTS,
        rows=rows,
        version=version,
        transforms=sorted((cls.name, cls.label) for cls in resources().registry.transforms.values()),
        **_choices(kind, name),
        **{"problems": {}, "error": "", "saved": False, **words},
    )


def _choices(kind: str, name: str) -> dict[str, Any]:
    info = describe_for(resources(), actor(), name)
    with resources().database.reading(actor().org_id) as scope:
        chosen = org_settings(scope)
    catalogue = open_provider(resources(), actor().org_id, chosen).catalogue()
    offered = catalogue.inputs if kind == "input" else catalogue.outputs
    fields = [(field.name, field.label) for field in info.fields.values() if kind == "input" or field.updateable]
    if kind == "input":
        parents = info.parents.items()
        fields += [(f"{r}.{f.name}", f"{r}: {f.label}") for r, parent in parents for f in parent.fields.values()]
    return {
        "offered": [(field.name, field.label) for field in offered],
        "fields": sorted(fields, key=lambda one: one[1].lower()),
        "policies": [(policy, words.label) for policy, words in POLICIES.items()],
        "explained": POLICIES,
    }


def row(kind: str, name: str) -> str:
    """One more row, added by "+"."""
    actor().must("change settings and mappings")
    blank = {"provider": "", "field": "", "transforms": "", "policy": "fill_blanks", "confidence": ""}
    return render("web/mapping_row_part.html", kind=kind, row=blank, place=LONGEST, problems={}, **_choices(kind, name))


def save(kind: str, name: str) -> ResponseReturnValue:
    """Save the mapping as one; what is wrong is said beside its row, and nothing typed is lost."""
    actor().must("change settings and mappings")
    rows = _sent(kind)
    seen = request.form.get("version", "")
    version = int(seen) if seen.isdecimal() else None
    try:
        saved = _save(kind, name, rows, version)
    except InvalidParams as error:
        return _page(kind, name, rows, version, problems=_by_row(error.problems)), 422
    except ValidationError as error:
        problems = {f"rows.{'.'.join(str(part) for part in one['loc'])}": f"{one['msg']}." for one in error.errors()}
        return _page(kind, name, rows, version, problems=_by_row(problems)), 422
    except Conflict as error:
        return _page(kind, name, rows, version, error=error.sentence), 409
    return _page(kind, name, rows, saved, saved=True)


def _save(kind: str, name: str, rows: Rows, version: int | None) -> int:
    if kind == "input":
        inputs = InputMappingBody(rows=tuple(_input_body(row) for row in rows))
        return mappings.save_input_mapping(resources(), actor(), name, inputs, version)
    results = ResultMappingBody(rows=tuple(_result_body(row) for row in rows))
    return mappings.save_result_mapping(resources(), actor(), name, results, version)


def _sent(kind: str) -> Rows:
    names = ["provider", "field", "transforms"] + (["policy", "confidence"] if kind == "results" else [])
    columns = [request.form.getlist(name) for name in names]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=False)]
    return [row for row in rows[:LONGEST] if row["provider"] or row["field"]]


def _input_body(row: Mapping[str, str]) -> InputRowBody:
    return InputRowBody(input=row["provider"], source=row["field"], transforms=_parse(row["transforms"]))


def _result_body(row: Mapping[str, str]) -> ResultRowBody:
    return ResultRowBody(
        output=row["provider"],
        target=row["field"],
        transforms=_parse(row["transforms"]),
        policy=row["policy"],
        minimum_confidence=int(row["confidence"]) if row["confidence"].isdecimal() else None,
    )


def _spell(calls: Sequence[PluginCallBody]) -> str:
    """One transform a line: its name, then its parameters as name=value."""
    return "\n".join(
        " ".join([call.plugin, *(f"{n}={shlex.quote(str(v))}" for n, v in call.params.items())]) for call in calls
    )


def _parse(text: str) -> tuple[PluginCallBody, ...]:
    return tuple(_parse_line(line) for line in text.splitlines() if line.strip())


def _parse_line(line: str) -> PluginCallBody:
    try:
        name, *params = shlex.split(line)
    except ValueError as error:
        raise InvalidParams({"transforms": f"“{line}” has a quote that is not closed."}) from error
    if any("=" not in param for param in params):
        raise InvalidParams({"transforms": f"“{line}”: parameters are written as name=value."})
    return PluginCallBody(plugin=name, params=dict(param.split("=", 1) for param in params))


def _by_row(problems: Mapping[str, str]) -> dict[str, str]:
    """The problems of each row as one sentence; those of no row stand at the top."""
    found: dict[str, str] = {}
    for name, text in problems.items():
        parts = name.split(".")
        place = parts[1] if parts[0] == "rows" and len(parts) > 1 else ""
        found[place] = f"{found[place]} {text}" if place in found else text
    return found
