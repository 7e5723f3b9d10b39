"""The API's own description, made from the bodies that it checks with."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from lsync_flask.api.shapes import (
    DefinitionSave,
    InputMappingSave,
    ResultMappingSave,
    SettingsSave,
    TechnicalFieldsCreate,
)
from lsync_flask.services.definitions import DefinitionBody

VERSION = "1"
REF = "#/components/schemas/{model}"

CALLS: tuple[tuple[str, str, str, type[BaseModel] | None, int], ...] = (
    ("get", "/me", "Who you are and what you may do", None, 200),
    ("get", "/objects/{name}/fields", "The fields of Lead, Contact or Account that you may see", None, 200),
    ("get", "/definitions", "Definitions, the last changed first", None, 200),
    ("post", "/definitions", "Save a new definition", DefinitionBody, 201),
    ("get", "/definitions/{number}", "One definition", None, 200),
    ("put", "/definitions/{number}", "Save the next version", DefinitionSave, 200),
    ("delete", "/definitions/{number}", "Delete a definition that is not running", None, 204),
    ("post", "/definitions/{number}/count", "Count the audience: one Salesforce API call", None, 200),
    ("post", "/definitions/{number}/preview", "The first records, as they would be sent", None, 200),
    ("post", "/definitions/{number}/run", "Run now", None, 201),
    ("post", "/count", "Count an audience that is not saved", DefinitionBody, 200),
    ("post", "/preview", "Preview an audience that is not saved", DefinitionBody, 200),
    ("get", "/activities", "Activities, the newest first", None, 200),
    ("get", "/activities/{number}", "One activity", None, 200),
    ("get", "/activities/{number}/bulks", "Its bulks", None, 200),
    ("get", "/activities/{number}/outcomes", "What became of each record", None, 200),
    ("post", "/activities/{number}/cancel", "Send nothing more to the provider", None, 200),
    ("post", "/activities/{number}/pause", "Take up nothing new", None, 200),
    ("post", "/activities/{number}/resume", "Go on", None, 200),
    ("post", "/activities/{number}/retry", "Try what failed again", None, 200),
    ("get", "/mappings/input/{name}", "The input mapping of an object", None, 200),
    ("put", "/mappings/input/{name}", "Replace it", InputMappingSave, 200),
    ("get", "/mappings/results/{name}", "The results mapping of an object", None, 200),
    ("put", "/mappings/results/{name}", "Replace it", ResultMappingSave, 200),
    ("get", "/settings", "The settings; secrets are never told", None, 200),
    ("put", "/settings", "Replace them", SettingsSave, 200),
    ("post", "/settings/test", "Test the connections without cost", None, 200),
    ("post", "/settings/technical-fields", "Create the technical fields", TechnicalFieldsCreate, 200),
)


def openapi_document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    models = sorted({model for _, _, _, model, _ in CALLS if model}, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, model, status in CALLS:
        paths.setdefault(f"/api/v1{path}", {})[method] = _call(path, summary, model, status)
    return {
        "openapi": "3.1.0",
        "info": {"title": "LSync", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"session": []}],
    }


def _call(path: str, summary: str, model: type[BaseModel] | None, status: int) -> dict[str, Any]:
    call: dict[str, Any] = {
        "summary": summary,
        "responses": {
            str(status): {"description": "Done."},
            "default": {
                "description": "Why not.",
                "content": {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}},
            },
        },
    }
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    if names:
        call["parameters"] = [_parameter(name) for name in names]
    if model:
        schema = {"$ref": REF.format(model=model.__name__)}
        call["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return call


def _parameter(name: str) -> dict[str, Any]:
    kind = {"type": "integer"} if name == "number" else {"type": "string", "enum": ["Lead", "Contact", "Account"]}
    return {"name": name, "in": "path", "required": True, "schema": kind}


_PROBLEM = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
