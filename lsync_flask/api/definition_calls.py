"""The rest of what a script does with definitions: versions, copies, YAML, what they mean, and why they are empty."""

from collections.abc import Callable
from dataclasses import asdict

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from lsync_flask.api.shapes import body_of_request, number_argument, optional_body, spell, spell_definition
from lsync_flask.door import actor, reader, resources
from lsync_flask.services.check_definition import check_definition
from lsync_flask.services.definition_text import LONGEST, export_definition, import_definition
from lsync_flask.services.definition_versions import compare_versions, list_versions, restore_version
from lsync_flask.services.definitions import DefinitionBody, body_of, read_definition, save_definition
from lsync_flask.services.explain_empty import explain_empty
from lsync_flask.services.run_activity import summarise_run

LARGEST_VERSION = 2**31 - 1


class CloneBody(BaseModel):
    """What the copy is called; without it, "Copy of …"."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=255)


class TextBody(BaseModel):
    """A definition as YAML."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=LONGEST)


def versions(number: int) -> Response:
    read_definition(resources(), actor(), number)
    return jsonify(versions=[spell(one) for one in list_versions(resources(), actor(), number)])


def version(number: int, version: int) -> Response:
    return jsonify(spell_definition(read_definition(resources(), actor(), number, version)))


def compare(number: int) -> Response:
    newest = read_definition(resources(), actor(), number).version
    old = number_argument("old", max(1, newest - 1), LARGEST_VERSION, 1)
    new = number_argument("new", newest, LARGEST_VERSION, 1)
    lines = compare_versions(resources(), actor(), number, old, new)
    return jsonify(old=old, new=new, lines=[asdict(line) for line in lines])


def restore(number: int, version: int) -> Response:
    restore_version(resources(), actor(), number, version)
    return jsonify(spell_definition(read_definition(resources(), actor(), number)))


def clone(number: int) -> ResponseReturnValue:
    view = read_definition(resources(), actor(), number)
    name = optional_body(CloneBody).name.strip() or f"Copy of {view.name}"[:255]
    body = body_of(view).model_copy(update={"name": name})
    return jsonify(id=save_definition(resources(), actor(), body)), 201


def export(number: int) -> Response:
    return jsonify(text=export_definition(resources(), actor(), number))


def take_in() -> ResponseReturnValue:
    return jsonify(id=import_definition(resources(), actor(), body_of_request(TextBody).text)), 201


def explain(number: int) -> Response:
    view = read_definition(resources(), reader(), number)
    return jsonify(sentence=explain_empty(resources(), reader(), body_of(view)))


def explain_draft() -> Response:
    return jsonify(sentence=explain_empty(resources(), reader(), body_of_request(DefinitionBody)))


def check() -> Response:
    return jsonify(asdict(check_definition(resources(), reader(), body_of_request(DefinitionBody))))


def summary(number: int) -> Response:
    """What a run would do; nothing is started."""
    found = summarise_run(resources(), reader(), number)
    return jsonify(
        definition=spell_definition(found.definition),
        count=None if found.count is None else asdict(found.count),
        problem=found.problem,
        orders=[{"order_by": order, "label": label} for order, label in found.orders],
        provider=found.provider,
        targets=[{"field": field, "policy": policy} for field, policy in found.targets],
        username=found.username,
        mail_to=list(found.mail_to),
    )


ADDRESSES: tuple[tuple[str, str, Callable[..., ResponseReturnValue]], ...] = (
    ("GET", "/definitions/<int:number>/versions", versions),
    ("GET", "/definitions/<int:number>/versions/<int:version>", version),
    ("POST", "/definitions/<int:number>/versions/<int:version>/restore", restore),
    ("GET", "/definitions/<int:number>/compare", compare),
    ("POST", "/definitions/<int:number>/clone", clone),
    ("GET", "/definitions/<int:number>/export", export),
    ("POST", "/definitions/import", take_in),
    ("POST", "/definitions/<int:number>/explain", explain),
    ("POST", "/definitions/<int:number>/summary", summary),
    ("POST", "/explain", explain_draft),
    ("POST", "/check", check),
)
READING_POSTS = frozenset(view.__name__ for view in (explain, explain_draft, check, summary))
