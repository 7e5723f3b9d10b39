"""The calls of contract.md §4. Thin: each reads its input, asks a service and spells the answer."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from lsync_flask.api import definition_calls, org_calls
from lsync_flask.api.openapi import openapi_document
from lsync_flask.api.problems import handle_problems
from lsync_flask.api.shapes import (
    DEFINITION_READ_ONLY,
    LARGEST,
    NOTICES_READ_ONLY,
    SETTINGS_READ_ONLY,
    DefinitionSave,
    InputMappingSave,
    NoticesSave,
    NoticeTest,
    Replacing,
    ResultMappingSave,
    SettingsSave,
    TechnicalFieldsCreate,
    ValuesMap,
    body_of_request,
    choice_argument,
    number_argument,
    optional_body,
    spell,
    spell_activity,
    spell_definition,
    text_argument,
)
from lsync_flask.door import actor, reader, resources
from lsync_flask.engine.status import FATES
from lsync_flask.errors import InvalidParams
from lsync_flask.services import activities, api_tokens, mappings, notice_settings, settings
from lsync_flask.services.access import ALLOWED
from lsync_flask.services.api_tokens import ApiTokenCreate
from lsync_flask.services.count_audience import count_audience, count_definition
from lsync_flask.services.definitions import (
    ORDERS,
    DefinitionBody,
    body_of,
    delete_definition,
    list_definitions,
    read_definition,
    save_definition,
)
from lsync_flask.services.describe_objects import OBJECTS, describe_for
from lsync_flask.services.notices import send_test_notice
from lsync_flask.services.one_record import (
    RecordActivity,
    enrich_record,
    is_activity_of,
    read_record,
    read_record_activity,
)
from lsync_flask.services.outcomes import read_outcomes
from lsync_flask.services.plan import InputMappingBody, ResultMappingBody
from lsync_flask.services.preview_audience import preview_audience
from lsync_flask.services.run_activity import run_activity
from lsync_flask.services.taking import Taking
from lsync_flask.services.technical_fields import create_technical_fields
from lsync_flask.services.unmapped import list_unmapped, map_values

MOST = 500


class Stored(Protocol):
    """What is replaced as one; `version` None: it was never saved."""

    @property
    def version(self) -> int | None: ...


LONGEST_KEY = 120
LONGEST_PLACE = 800
READING_POSTS = frozenset(
    f"api.{name}" for name in ("count", "count_draft", "preview", "preview_draft", *definition_calls.READING_POSTS)
)
"""Posted for the size of their bodies; they change nothing."""

api = Blueprint("api", __name__, url_prefix="/api/v1")
handle_problems(api)
for _method, _address, _view in (*definition_calls.ADDRESSES, *org_calls.ADDRESSES):
    api.add_url_rule(_address, _view.__name__, _view, methods=[_method])


@api.before_request
def know_who_asks() -> None:
    """Nobody learns anything of what is wrong with a request before it is known who asks."""
    if request.endpoint in READING_POSTS:
        reader()
    elif request.endpoint != "api.openapi":
        actor()


@api.get("/openapi.json")
def openapi() -> Response:
    return jsonify(openapi_document())


@api.get("/me")
def me() -> Response:
    who = actor()
    user = {"id": who.user_id, "username": who.username, "name": who.name, "email": who.email}
    return jsonify(user=user, org=who.org_id, role=who.role, permissions=sorted(ALLOWED[who.role]))


@api.get("/objects/<name>/fields")
def object_fields(name: str) -> Response:
    info = describe_for(resources(), actor(), name)
    fields = [asdict(field) for field in info.fields.values()]
    return jsonify(object=info.name, label=info.label, label_plural=info.label_plural, fields=fields)


@api.get("/definitions")
def definitions() -> Response:
    page = list_definitions(
        resources(),
        actor(),
        text_argument("search"),
        choice_argument("object", OBJECTS),
        text_argument("after", LONGEST_PLACE) or None,
        number_argument("limit", 50, MOST, 1),
        choice_argument("sort", ORDERS) or "-changed",
    )
    return jsonify(definitions=[spell_definition(view) for view in page.definitions], next=page.next)


@api.post("/definitions")
def add_definition() -> ResponseReturnValue:
    body = body_of_request(DefinitionBody)
    return jsonify(id=save_definition(resources(), actor(), body)), 201


@api.get("/definitions/<int:number>")
def definition(number: int) -> Response:
    return jsonify(spell_definition(read_definition(resources(), actor(), number)))


@api.put("/definitions/<int:number>")
def change_definition(number: int) -> Response:
    sent = body_of_request(DefinitionSave, DEFINITION_READ_ONLY)
    body = DefinitionBody.model_validate(sent.model_dump(exclude={"version"}))
    save_definition(resources(), actor(), body, number, sent.version)
    return jsonify(spell_definition(read_definition(resources(), actor(), number)))


@api.delete("/definitions/<int:number>")
def remove_definition(number: int) -> ResponseReturnValue:
    delete_definition(resources(), actor(), number)
    return "", 204


@api.post("/definitions/<int:number>/count")
def count(number: int) -> Response:
    return jsonify(asdict(count_definition(resources(), reader(), number, optional_body(Taking))))


@api.post("/count")
def count_draft() -> Response:
    return jsonify(asdict(count_audience(resources(), reader(), body_of_request(DefinitionBody))))


@api.post("/definitions/<int:number>/preview")
def preview(number: int) -> Response:
    view = read_definition(resources(), reader(), number)
    return jsonify(rows=[asdict(row) for row in preview_audience(resources(), reader(), body_of(view))])


@api.post("/preview")
def preview_draft() -> Response:
    body = body_of_request(DefinitionBody)
    return jsonify(rows=[asdict(row) for row in preview_audience(resources(), reader(), body)])


@api.post("/definitions/<int:number>/run")
def run(number: int) -> ResponseReturnValue:
    key = _request_key()
    activity_id = run_activity(resources(), actor(), number, key, optional_body(Taking))
    if key and activities.read_activity(resources(), actor(), activity_id).definition_id != number:
        raise InvalidParams({"Idempotency-Key": "This key has started an activity of another definition already."})
    return jsonify(activity=activity_id), 201


def _request_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key and (len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable()):
        raise InvalidParams({"Idempotency-Key": f"Must have at most {LONGEST_KEY} printable ASCII characters."})
    return key


@api.get("/activities")
def list_activities() -> Response:
    after = number_argument("after", 0, LARGEST)
    limit = number_argument("limit", 50, MOST, 1)
    of_definition = number_argument("definition", 0, LARGEST)
    views = activities.list_activities(resources(), actor(), of_definition or None, after or None, limit + 1)
    return jsonify(
        activities=[spell_activity(view) for view in views[:limit]],
        next=views[limit - 1].id if len(views) > limit else None,
    )


@api.get("/activities/<int:number>")
def activity(number: int) -> Response:
    return jsonify(spell_activity(activities.read_activity(resources(), actor(), number)))


@api.get("/activities/<int:number>/bulks")
def bulks(number: int) -> Response:
    activities.read_activity(resources(), actor(), number)
    after, limit = number_argument("after", 0, LARGEST), number_argument("limit", 50, MOST, 1)
    found = activities.list_bulks(resources(), actor(), number, after, limit + 1)
    return jsonify(
        bulks=[spell(one) for one in found[:limit]],
        next=found[limit - 1].number if len(found) > limit else None,
    )


@api.get("/activities/<int:number>/outcomes")
def outcomes(number: int) -> Response:
    page = read_outcomes(
        resources(),
        actor(),
        number,
        choice_argument("fate", FATES),
        text_argument("after", LONGEST_PLACE) or None,
        number_argument("limit", 50, MOST, 1),
        code=text_argument("code"),
        field=text_argument("field"),
        decision=text_argument("decision"),
    )
    return jsonify(outcomes=[asdict(one) for one in page.outcomes], next=page.next)


@api.get("/activities/<int:number>/unmapped")
def unmapped(number: int) -> Response:
    return jsonify(asdict(list_unmapped(resources(), actor(), number)))


@api.post("/mappings/results/<name>/values")
def map_provider_values(name: str) -> Response:
    pairs = body_of_request(ValuesMap).pairs
    return jsonify(version=map_values(resources(), actor(), name, pairs))


_STEPS = {
    "cancel": activities.cancel,
    "pause": activities.pause,
    "resume": activities.resume,
    "retry": activities.retry,
}


@api.post("/activities/<int:number>/<any(cancel, pause, resume, retry):step>")
def change_activity(number: int, step: str) -> Response:
    _STEPS[step](resources(), actor(), number)
    return jsonify(spell_activity(activities.read_activity(resources(), actor(), number)))


@api.get("/records/<record>")
def one_record(record: str) -> Response:
    found = read_record(resources(), actor(), record)
    return jsonify({**asdict(found), "activity": _spell_record(found.activity)})


@api.get("/records/<record>/activity")
def record_activity(record: str) -> Response:
    return jsonify(activity=_spell_record(read_record_activity(resources(), actor(), record)))


@api.post("/records/<record>/enrich")
def enrich(record: str) -> ResponseReturnValue:
    key = _request_key()
    activity_id = enrich_record(resources(), actor(), record, key)
    if key and not is_activity_of(resources(), actor(), activity_id, record):
        raise InvalidParams({"Idempotency-Key": "This key has started another activity already."})
    return jsonify(activity=activity_id), 201


def _spell_record(found: RecordActivity | None) -> dict[str, Any] | None:
    return None if found is None else spell(found)


@api.get("/mappings/input/<name>")
def input_mapping(name: str) -> Response:
    view = mappings.read_input_mapping(resources(), actor(), name)
    return jsonify(version=view.version, **view.body.model_dump(mode="json"))


@api.put("/mappings/input/<name>")
def save_input_mapping(name: str) -> Response:
    sent = body_of_request(InputMappingSave)
    body = InputMappingBody(rows=tuple(sent.rows))
    seen = _version_seen(sent, lambda: mappings.read_input_mapping(resources(), actor(), name))
    return jsonify(version=mappings.save_input_mapping(resources(), actor(), name, body, seen))


@api.get("/mappings/results/<name>")
def result_mapping(name: str) -> Response:
    view = mappings.read_result_mapping(resources(), actor(), name)
    return jsonify(version=view.version, **view.body.model_dump(mode="json"))


@api.put("/mappings/results/<name>")
def save_result_mapping(name: str) -> Response:
    sent = body_of_request(ResultMappingSave)
    body = ResultMappingBody(rows=tuple(sent.rows))
    seen = _version_seen(sent, lambda: mappings.read_result_mapping(resources(), actor(), name))
    return jsonify(version=mappings.save_result_mapping(resources(), actor(), name, body, seen))


def _version_seen(sent: Replacing, read: Callable[[], Stored]) -> int | None:
    """The version that the sender has seen; whoever names none replaces whatever is there."""
    return sent.version if "version" in sent.model_fields_set else read().version


@api.get("/tokens")
def tokens() -> Response:
    return jsonify(tokens=[spell(view) for view in api_tokens.list_tokens(resources(), actor())])


@api.post("/tokens")
def make_token() -> ResponseReturnValue:
    return jsonify(spell(api_tokens.make_api_token(resources(), actor(), body_of_request(ApiTokenCreate)))), 201


@api.delete("/tokens/<int:number>")
def revoke_token(number: int) -> ResponseReturnValue:
    api_tokens.revoke_api_token(resources(), actor(), number)
    return "", 204


@api.get("/settings")
def read_settings() -> Response:
    view = settings.read_settings(resources(), actor())
    return jsonify(
        version=view.version,
        settings=view.settings.model_dump(mode="json"),
        secrets_set=sorted(view.secrets_set),
    )


@api.put("/settings")
def save_settings() -> Response:
    sent = body_of_request(SettingsSave, SETTINGS_READ_ONLY)
    seen = _version_seen(sent, lambda: settings.read_settings(resources(), actor()))
    version = settings.save_settings(resources(), actor(), sent.settings, sent.secrets, seen)
    return jsonify(version=version)


@api.post("/settings/test")
def check_settings() -> Response:
    return jsonify(checks=[asdict(check) for check in settings.check_settings(resources(), actor())])


@api.post("/settings/technical-fields")
def technical_fields() -> Response:
    sent = body_of_request(TechnicalFieldsCreate)
    return jsonify(checks=[asdict(check) for check in create_technical_fields(resources(), actor(), sent.grant_to)])


@api.get("/settings/notices")
def read_notices() -> Response:
    view = notice_settings.read_notices(resources(), actor())
    return jsonify(
        version=view.version,
        settings=view.settings.model_dump(mode="json"),
        secrets_set=sorted(view.secrets_set),
        deliveries=[spell(delivery) for delivery in view.deliveries],
    )


@api.put("/settings/notices")
def save_notices() -> Response:
    sent = body_of_request(NoticesSave, NOTICES_READ_ONLY)
    seen = _version_seen(sent, lambda: notice_settings.read_notices(resources(), actor()))
    return jsonify(version=notice_settings.save_notices(resources(), actor(), sent.settings, sent.secrets, seen))


@api.post("/settings/notices/test")
def check_notices() -> Response:
    way = body_of_request(NoticeTest).way
    return jsonify(checks=[asdict(send_test_notice(resources(), actor(), way))])
