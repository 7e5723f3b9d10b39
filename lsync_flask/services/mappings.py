"""Input and results mappings of an object: read, proposed by the provider's catalogue, checked and saved as one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lsync_flask.engine.decide import compile_results
from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.engine.inputs import compile_inputs
from lsync_flask.errors import InvalidParams
from lsync_flask.plugin_api import Provider, ProviderField
from lsync_flask.services.describe_objects import check_object, object_info
from lsync_flask.services.plan import (
    InputMappingBody,
    InputRowBody,
    PluginCallBody,
    ResultMappingBody,
    ResultRowBody,
)
from lsync_flask.services.providers import read_catalogue
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.settings import open_provider, org_settings
from lsync_flask.storage.audit import add_audit
from lsync_flask.storage.org_bodies import read_mapping, save_mapping

Kind = Literal["input", "results"]
NUMBERS = frozenset({"int", "double", "currency", "percent"})
TEXTS = frozenset({"string", "textarea", "longtextarea", "picklist"})


@dataclass(frozen=True, slots=True)
class InputMappingView:
    """The input mapping; `version` None: never saved, so `body` is what is proposed."""

    version: int | None
    body: InputMappingBody


@dataclass(frozen=True, slots=True)
class ResultMappingView:
    """The results mapping; `version` None: never saved, so `body` is what is proposed."""

    version: int | None
    body: ResultMappingBody


def read_input_mapping(resources: Resources, actor: Actor, object_name: str) -> InputMappingView:
    stored = _read(resources, actor, "input", object_name)
    if stored is None:
        return InputMappingView(None, propose_inputs(resources, actor, object_name))
    return InputMappingView(stored[0], InputMappingBody.model_validate(stored[1]))


def read_result_mapping(resources: Resources, actor: Actor, object_name: str) -> ResultMappingView:
    stored = _read(resources, actor, "results", object_name)
    if stored is None:
        return ResultMappingView(None, propose_results(resources, actor, object_name))
    return ResultMappingView(stored[0], ResultMappingBody.model_validate(stored[1]))


def _read(resources: Resources, actor: Actor, kind: Kind, object_name: str) -> tuple[int, Mapping[str, Any]] | None:
    actor.must("see settings and mappings")
    check_object(object_name)
    with resources.database.reading(actor.org_id) as scope:
        return read_mapping(scope, kind, object_name)


def save_input_mapping(
    resources: Resources, actor: Actor, object_name: str, body: InputMappingBody, version_seen: int | None
) -> int:
    """Replace the whole input mapping; the new version.

    Raises:
        InvalidParams: with each problem by its row, such as `rows.0.source`; Conflict: saved meanwhile by another.
    """
    provider, info = _ground(resources, actor, object_name)
    _checked(
        lambda now: compile_inputs(
            body.parsed(object_name), now, read_catalogue(provider), resources.registry.transforms
        ),
        resources,
        actor,
        info,
    )
    return _save(resources, actor, "input", object_name, body.model_dump(mode="json"), version_seen)


def save_result_mapping(
    resources: Resources, actor: Actor, object_name: str, body: ResultMappingBody, version_seen: int | None
) -> int:
    """Replace the whole results mapping; the new version. Raises as `save_input_mapping`."""
    provider, info = _ground(resources, actor, object_name)
    _checked(
        lambda now: compile_results(
            body.parsed(object_name), now, read_catalogue(provider), resources.registry.transforms
        ),
        resources,
        actor,
        info,
    )
    return _save(resources, actor, "results", object_name, body.model_dump(mode="json"), version_seen)


def _ground(resources: Resources, actor: Actor, object_name: str) -> tuple[Provider, ObjectInfo]:
    actor.must("change settings and mappings")
    check_object(object_name)
    return _provider(resources, actor), object_info(resources, actor.org_id, actor.username, object_name)


def _provider(resources: Resources, actor: Actor) -> Provider:
    with resources.database.reading(actor.org_id) as scope:
        settings = org_settings(scope)
    return open_provider(resources, actor.org_id, settings)


def _checked(check: Any, resources: Resources, actor: Actor, info: ObjectInfo) -> None:
    """Check against what is known of the object, and again, freshly read, before something is said to be wrong."""
    try:
        check(info)
    except InvalidParams:
        check(object_info(resources, actor.org_id, actor.username, info.name, fresh=True))


def _save(
    resources: Resources, actor: Actor, kind: Kind, object_name: str, body: dict[str, Any], version_seen: int | None
) -> int:
    now_s = resources.now_s()
    with resources.database.writing(actor.org_id) as scope:
        before = read_mapping(scope, kind, object_name)
        version = save_mapping(scope, kind, object_name, version_seen, body, actor.user_id, now_s)
        add_audit(
            scope,
            user_id=actor.user_id,
            action="mapping.save",
            subject=f"mapping/{kind}/{object_name}",
            before=before[1] if before else None,
            after=body,
            address=actor.address,
            now_s=now_s,
        )
    return version


def propose_inputs(resources: Resources, actor: Actor, object_name: str) -> InputMappingBody:
    """Each input of the provider whose usual field the object has."""
    actor.must("see settings and mappings")
    info = object_info(resources, actor.org_id, actor.username, object_name)
    rows = [
        InputRowBody(input=field.name, source=field.default_targets[object_name])
        for field in read_catalogue(_provider(resources, actor)).inputs
        if info.find(field.default_targets.get(object_name, "")) is not None
    ]
    return InputMappingBody(rows=tuple(rows))


def propose_results(resources: Resources, actor: Actor, object_name: str) -> ResultMappingBody:
    """Each output of the provider whose usual field the object has, is writable, and is not proposed already."""
    actor.must("see settings and mappings")
    info = object_info(resources, actor.org_id, actor.username, object_name)
    rows: dict[str, ResultRowBody] = {}
    for field in read_catalogue(_provider(resources, actor)).outputs:
        target = info.find(field.default_targets.get(object_name, ""))
        if target is not None and target.updateable and target.name not in rows:
            rows[target.name] = ResultRowBody(
                output=field.name, target=target.name, transforms=_transforms(field, target)
            )
    return ResultMappingBody(rows=tuple(rows.values()))


def _transforms(field: ProviderField, target: FieldInfo) -> tuple[PluginCallBody, ...]:
    """What makes the output fit its target: numbers read from text, rounded to the field's decimals; texts cut."""
    calls: list[PluginCallBody] = []
    if target.type in NUMBERS and field.type not in NUMBERS:
        calls.append(PluginCallBody(plugin="number-from-text"))
    if target.type in NUMBERS:
        calls.append(PluginCallBody(plugin="round", params={"digits": 0 if target.type == "int" else target.scale}))
    if target.type in TEXTS and target.type != "picklist" and target.length:
        calls.append(PluginCallBody(plugin="collapse-spaces"))
    return tuple(calls)
