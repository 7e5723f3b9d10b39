"""The API's own description, made from the bodies that it checks with and the views that it spells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from lsync_flask.api.definition_calls import CloneBody, TextBody
from lsync_flask.api.shapes import (
    LARGEST,
    TIMES,
    DefinitionSave,
    InputMappingSave,
    NoticesSave,
    NoticeTest,
    ResultMappingSave,
    SettingsSave,
    TechnicalFieldsCreate,
    ValuesMap,
)
from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.policies import Policy
from lsync_flask.engine.status import FATES
from lsync_flask.registry import Installed, Refused
from lsync_flask.services.access import Permission, Role
from lsync_flask.services.activities import ActivityView, BulkView, CancelCost
from lsync_flask.services.api_tokens import ApiTokenCreate, ApiTokenView, NewApiToken
from lsync_flask.services.check_definition import CheckedDefinition
from lsync_flask.services.checks import Check
from lsync_flask.services.count_audience import AudienceCount
from lsync_flask.services.definition_versions import DiffLine, VersionView
from lsync_flask.services.definitions import ORDERS, DefinitionBody, DefinitionView
from lsync_flask.services.notice_settings import NoticeSettings
from lsync_flask.services.one_record import RecordActivity, RecordPage
from lsync_flask.services.outcomes import OutcomeView
from lsync_flask.services.plan import InputRowBody, ResultRowBody
from lsync_flask.services.preview_audience import PreviewRow
from lsync_flask.services.settings import OrgSettings
from lsync_flask.services.taking import Taking
from lsync_flask.services.unmapped import UnmappedReport
from lsync_flask.services.usage import Usage
from lsync_flask.storage.audit import AuditRow
from lsync_flask.storage.outbox import Delivery

VERSION = "1"
REF = "#/components/schemas/{model}"
TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
NUMBER_OR_NULL = {"type": ["integer", "null"]}
BOOLEAN = {"type": "boolean"}
TEXT_OR_NULL = {"type": ["string", "null"]}
MOMENT_FORMAT = "date-time"


@dataclass(frozen=True, slots=True)
class _Call:
    """One call: what it answers when it works, and what it takes."""

    method: Literal["get", "post", "put", "delete"]
    path: str
    summary: str
    answer: Mapping[str, Any] | None
    body: type[BaseModel] | None = None
    status: int = 200
    arguments: Sequence[Mapping[str, Any]] = ()
    may_lack_body: bool = False
    media: str = "application/json"


def _schema(of: Any) -> dict[str, Any]:
    """What the API spells of a view: its times are texts in ISO form."""
    schema = TypeAdapter(of).json_schema(mode="serialization", ref_template=REF)
    found = schema.pop("$defs", {})
    _put_in(schema, found)
    _spell_moments(schema)
    return schema


def _spell_moments(schema: Any) -> None:
    for part in list(schema.values()) if isinstance(schema, dict) else schema if isinstance(schema, list) else []:
        _spell_moments(part)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        _spell_own_moments(schema)


def _spell_own_moments(schema: dict[str, Any]) -> None:
    for name, one in schema.get("properties", {}).items():
        if name in TIMES:
            title = one.get("title", name)
            empty = "anyOf" in one
            schema["properties"][name] = {
                "title": title,
                "type": ["string", "null"] if empty else "string",
                "format": MOMENT_FORMAT,
            }


def _put_in(schema: Any, found: Mapping[str, Any]) -> None:
    """Write what is referred to where it is referred to."""
    parts = list(schema.values()) if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    if isinstance(schema, dict) and "$ref" in schema:
        schema.update(found[schema.pop("$ref").rsplit("/", 1)[1]])
        parts = list(schema.values())
    for part in parts:
        _put_in(part, found)


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _texts(choices: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(choices)}


def _argument(name: str, schema: Mapping[str, Any], about: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema}


OBJECT = _texts(("Lead", "Contact", "Account"))
LIMIT = _argument("limit", {**NUMBER, "minimum": 1, "maximum": 500, "default": 50}, "How many at most.")
AFTER = _argument("after", {**TEXT, "maxLength": 800}, "The `next` of the page before.")
AFTER_NUMBER = _argument("after", {**NUMBER, "minimum": 0, "maximum": LARGEST}, "The `next` of the page before.")
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeat with the same key returns the same activity and starts nothing.",
    "schema": {**TEXT, "maxLength": 120, "pattern": "^[ -~]*$"},
}
DEFINITION = _schema(DefinitionView)
ACTIVITY = _schema(ActivityView)
VERSIONS = _object(versions=_list(_schema(VersionView)))
COUNT = _schema(AudienceCount)
CHECKS = _object(checks=_list(_schema(Check)))
PREVIEW = _object(rows=_list(_schema(PreviewRow)))
SAVED = _object(version=NUMBER)
ME = _object(
    user=_object(id=TEXT, username=TEXT, name=TEXT, email=TEXT),
    org=TEXT,
    role=_schema(Role),
    permissions=_list(_schema(Permission)),
)

CALLS: tuple[_Call, ...] = (
    _Call("get", "/me", "Who you are and what you may do", ME),
    _Call(
        "get",
        "/objects/{name}/fields",
        "The fields of Lead, Contact or Account that you may see",
        _object(object=TEXT, label=TEXT, label_plural=TEXT, fields=_list(_schema(FieldInfo))),
    ),
    _Call(
        "get",
        "/definitions",
        "Definitions, the last changed first",
        _object(definitions=_list(DEFINITION), next=TEXT_OR_NULL),
        arguments=(
            _argument("search", {**TEXT, "maxLength": 255}, "Part of the name."),
            _argument("object", OBJECT, "Of this object only."),
            _argument("sort", _texts(ORDERS), "The order; usually the last changed first."),
            AFTER,
            LIMIT,
        ),
    ),
    _Call("post", "/definitions", "Save a new definition", _object(id=NUMBER), DefinitionBody, 201),
    _Call("get", "/definitions/{number}", "One definition", DEFINITION),
    _Call("put", "/definitions/{number}", "Save the next version", DEFINITION, DefinitionSave),
    _Call("delete", "/definitions/{number}", "Delete a definition that is not running", None, status=204),
    _Call(
        "post",
        "/definitions/{number}/count",
        "Count the audience: one Salesforce API call; without a body, for a run over all of it",
        COUNT,
        Taking,
        may_lack_body=True,
    ),
    _Call("post", "/definitions/{number}/preview", "The first records, as they would be sent", PREVIEW),
    _Call(
        "post",
        "/definitions/{number}/run",
        "Run now; without a body, over all of the audience",
        _object(activity=NUMBER),
        Taking,
        201,
        (KEY,),
        may_lack_body=True,
    ),
    _Call(
        "post",
        "/definitions/{number}/summary",
        "What a run would do, or why it cannot be started: one API call; nothing is started",
        _object(
            definition=DEFINITION,
            count={"anyOf": [COUNT, {"type": "null"}]},
            problem=TEXT,
            orders=_list(_object(order_by=TEXT, label=TEXT)),
            provider=TEXT,
            targets=_list(_object(field=TEXT, policy=_schema(Policy))),
            username=TEXT,
            mail_to=_list(TEXT),
        ),
    ),
    _Call("post", "/definitions/{number}/explain", "Which criterion leaves no record", _object(sentence=TEXT)),
    _Call("get", "/definitions/{number}/versions", "Its versions, the newest first", VERSIONS),
    _Call("get", "/definitions/{number}/versions/{version}", "The definition as it was in this version", DEFINITION),
    _Call(
        "post",
        "/definitions/{number}/versions/{version}/restore",
        "Save this version as the newest",
        DEFINITION,
    ),
    _Call(
        "get",
        "/definitions/{number}/compare",
        "Two versions as YAML, line by line; usually the last two",
        _object(old=NUMBER, new=NUMBER, lines=_list(_schema(DiffLine))),
        arguments=(
            _argument("old", {**NUMBER, "minimum": 1, "maximum": 2**31 - 1}, "The one."),
            _argument("new", {**NUMBER, "minimum": 1, "maximum": 2**31 - 1}, "The other."),
        ),
    ),
    _Call("post", "/definitions/{number}/clone", "Save a copy", _object(id=NUMBER), CloneBody, 201, may_lack_body=True),
    _Call("get", "/definitions/{number}/export", "The definition as YAML", _object(text=TEXT)),
    _Call("post", "/definitions/import", "Save what a YAML text describes", _object(id=NUMBER), TextBody, 201),
    _Call(
        "post",
        "/explain",
        "Which criterion of an unsaved audience leaves no record",
        _object(sentence=TEXT),
        DefinitionBody,
    ),
    _Call(
        "post",
        "/check",
        "What an unsaved audience means, in words and in SOQL; Salesforce is not asked",
        _schema(CheckedDefinition),
        DefinitionBody,
    ),
    _Call("post", "/count", "Count an audience that is not saved", COUNT, DefinitionBody),
    _Call("post", "/preview", "Preview an audience that is not saved", PREVIEW, DefinitionBody),
    _Call(
        "get",
        "/activities",
        "Activities, the newest first",
        _object(activities=_list(ACTIVITY), next=NUMBER_OR_NULL),
        arguments=(
            _argument("definition", {**NUMBER, "minimum": 0, "maximum": LARGEST}, "Of this definition only."),
            AFTER_NUMBER,
            LIMIT,
        ),
    ),
    _Call("get", "/activities/{number}", "One activity", ACTIVITY),
    _Call(
        "get",
        "/activities/{number}/bulks",
        "Its bulks",
        _object(bulks=_list(_schema(BulkView)), next=NUMBER_OR_NULL),
        arguments=(AFTER_NUMBER, LIMIT),
    ),
    _Call(
        "get",
        "/activities/{number}/outcomes",
        "What became of each record",
        _object(outcomes=_list(_schema(OutcomeView)), next=TEXT_OR_NULL),
        arguments=(
            _argument("fate", _texts(FATES), "Of this fate only."),
            _argument("code", {**TEXT, "maxLength": 255}, "With this error code only."),
            _argument("field", {**TEXT, "maxLength": 255}, "That tell of this target field only."),
            _argument("decision", {**TEXT, "maxLength": 255}, "With this decision on a field only."),
            AFTER,
            LIMIT,
        ),
    ),
    _Call(
        "get",
        "/activities/{number}/unmapped",
        "The provider's values that no picklist has, the most frequent first",
        _schema(UnmappedReport),
    ),
    _Call(
        "post", "/mappings/results/{name}/values", "Map some of the provider's values to the org's", SAVED, ValuesMap
    ),
    _Call(
        "get",
        "/activities/{number}/outcomes.csv",
        "All outcomes for a spreadsheet: a row for each record",
        TEXT,
        media="text/csv",
    ),
    _Call("get", "/activities/{number}/errors.csv", "What went wrong, for a spreadsheet", TEXT, media="text/csv"),
    _Call(
        "get",
        "/activities/{number}/errors",
        "The most frequent errors, with what to do",
        _object(errors=_list(_object(code=TEXT, message=TEXT, count=NUMBER, advice=TEXT))),
    ),
    _Call("get", "/activities/{number}/cost", "What cancelling now gives up and cannot call back", _schema(CancelCost)),
    _Call("post", "/activities/{number}/cancel", "Send nothing more to the provider", ACTIVITY),
    _Call("post", "/activities/{number}/pause", "Take up nothing new", ACTIVITY),
    _Call("post", "/activities/{number}/resume", "Go on", ACTIVITY),
    _Call("post", "/activities/{number}/retry", "Try what failed again", ACTIVITY),
    _Call("get", "/records/{record}", "One record: what the provider may change", _schema(RecordPage)),
    _Call(
        "get",
        "/records/{record}/activity",
        "The last activity of this record alone; null: there was none",
        _object(activity={"anyOf": [_schema(RecordActivity), {"type": "null"}]}),
    ),
    _Call(
        "post",
        "/records/{record}/enrich",
        "Enrich this record alone, as you",
        _object(activity=NUMBER),
        status=201,
        arguments=(KEY,),
    ),
    _Call(
        "get",
        "/mappings/input/{name}",
        "The input mapping of an object; version null: never saved, these rows are proposed",
        _object(version=NUMBER_OR_NULL, rows=_list(_schema(InputRowBody))),
    ),
    _Call("put", "/mappings/input/{name}", "Replace it", SAVED, InputMappingSave),
    _Call(
        "get",
        "/mappings/results/{name}",
        "The results mapping of an object; version null: never saved, these rows are proposed",
        _object(version=NUMBER_OR_NULL, rows=_list(_schema(ResultRowBody))),
    ),
    _Call("put", "/mappings/results/{name}", "Replace it", SAVED, ResultMappingSave),
    _Call(
        "get",
        "/settings",
        "The settings; secrets are never told",
        _object(version=NUMBER_OR_NULL, settings=_schema(OrgSettings), secrets_set=_list(TEXT)),
    ),
    _Call("put", "/settings", "Replace them", SAVED, SettingsSave),
    _Call("post", "/settings/test", "Test the connections without cost", CHECKS),
    _Call(
        "get",
        "/settings/notices",
        "The ways to tell people, and the newest notices; secrets are never told",
        _object(
            version=NUMBER_OR_NULL,
            settings=_schema(NoticeSettings),
            secrets_set=_list(TEXT),
            deliveries=_list(_schema(Delivery)),
        ),
    ),
    _Call("put", "/settings/notices", "Replace them", SAVED, NoticesSave),
    _Call("post", "/settings/notices/test", "Send yourself a test notice", CHECKS, NoticeTest),
    _Call("get", "/usage", "What this month's activities have used", _schema(Usage)),
    _Call(
        "get",
        "/setup",
        "The steps of setting up, each checked now",
        _object(steps=_list(_object(key=TEXT, title=TEXT, ok=BOOLEAN, checks=_list(_schema(Check)), advice=TEXT))),
    ),
    _Call("post", "/setup/mail", "Send a mail to try it", CHECKS),
    _Call("post", "/setup/sites", "Trust LSync's address in the org", CHECKS),
    _Call(
        "get",
        "/audit",
        "Who changed what, the newest first",
        _object(rows=_list(_schema(AuditRow)), next=NUMBER_OR_NULL),
        arguments=(
            _argument("user", {**TEXT, "maxLength": 18}, "Of this user only."),
            _argument("kind", {**TEXT, "maxLength": 40}, "Of this kind only, such as `mapping`."),
            AFTER_NUMBER,
            LIMIT,
        ),
    ),
    _Call(
        "get",
        "/plugins",
        "The plugins that are installed, and those refused with the reason",
        _object(
            installed=_list(_schema(Installed)),
            refused=_list(_schema(Refused)),
        ),
    ),
    _Call("post", "/sessions/end", "End everybody's sessions but yours", _object(ended=NUMBER)),
    _Call("get", "/tokens", "Your API tokens; an admin sees everybody's", _object(tokens=_list(_schema(ApiTokenView)))),
    _Call("post", "/tokens", "Make an API token; it is told this once", _schema(NewApiToken), ApiTokenCreate, 201),
    _Call("delete", "/tokens/{number}", "Revoke an API token", None, status=204),
    _Call("post", "/settings/technical-fields", "Create the technical fields", CHECKS, TechnicalFieldsCreate),
)

PATH_KINDS: Mapping[str, Mapping[str, Any]] = {
    "number": {**NUMBER, "minimum": 1, "maximum": LARGEST},
    "name": OBJECT,
    "version": {**NUMBER, "minimum": 1, "maximum": LARGEST},
    "record": {**TEXT, "pattern": "^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$"},
}

PROBLEMS: Mapping[int, str] = {
    400: "The body is no JSON, or it is not possible, such as with a provider that is not installed.",
    401: "There is no session or token, or it has ended.",
    403: "Your role does not allow this.",
    404: "There is no such thing in your org.",
    409: "Not possible now: it runs, somebody else has saved meanwhile, Salesforce does not let LSync in.",
    413: "The body is larger than 1 MB.",
    415: "The body is not sent as application/json.",
    422: "Something must be corrected: `errors` says what, by its place.",
    503: "Salesforce or the database is busy: try again after `Retry-After` seconds.",
}


def openapi_document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    models = sorted({call.body for call in CALLS if call.body}, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(f"/api/v1{call.path}", {})[call.method] = _spell_call(call)
    return {
        "openapi": "3.1.0",
        "info": {"title": "LSync", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }


def _spell_call(call: _Call) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done."}
    if call.answer is not None:
        done["content"] = {call.media: {"schema": call.answer}}
    spelled: dict[str, Any] = {
        "summary": call.summary,
        "responses": {str(call.status): done, **{str(status): _problem(status) for status in PROBLEMS}},
    }
    names = [part[1:-1] for part in call.path.split("/") if part.startswith("{")]
    parameters = [_parameter(name) for name in names] + list(call.arguments)
    if parameters:
        spelled["parameters"] = parameters
    if call.body:
        schema = {"$ref": REF.format(model=call.body.__name__)}
        spelled["requestBody"] = {
            "required": not call.may_lack_body,
            "content": {"application/json": {"schema": schema}},
        }
    return spelled


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": REF.format(model="Problem")}
    return {"description": PROBLEMS[status], "content": {"application/problem+json": {"schema": schema}}}


def _parameter(name: str) -> dict[str, Any]:
    kind = PATH_KINDS[name]
    return {"name": name, "in": "path", "required": True, "schema": kind}


_PROBLEM = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
        "positions": _list(_object(position=NUMBER, length=NUMBER, text=TEXT)),
        "count": {"type": "integer"},
        "maximum": {"type": "integer"},
    },
}
