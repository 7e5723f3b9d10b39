"""`/metadata/deployRequest`: a package of metadata into the org, by REST (`salesforce.md` §6.4)."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal, not_found
from lsync_flask.simulator.deploy_apply import Deployed, deploy
from lsync_flask.simulator.deploy_package import BadPackage, read_package
from lsync_flask.simulator.http import Call, answer_json
from lsync_flask.simulator.ids import to_18

__all__ = ["create", "read"]

_OPTIONS: Mapping[str, object] = {
    "allowMissingFiles": False,
    "autoUpdatePackage": False,
    "checkOnly": False,
    "ignoreWarnings": False,
    "performRetrieve": False,
    "purgeOnDelete": False,
    "rollbackOnError": True,
    "runTests": None,
    "singlePackage": True,
    "testLevel": None,
}
_JSON_PARTS = ("json", "entity_content")
"""The part of the options: as the guide names it, and as the Salesforce CLI does."""
_NO_TESTS = {
    "codeCoverage": [],
    "codeCoverageWarnings": [],
    "failures": [],
    "numFailures": 0,
    "numTestsRun": 0,
    "successes": [],
    "totalTime": 0.0,
}


def create(call: Call) -> Response:
    """Deploy the zip of the request. It is done at once, and told at the next look."""
    if not call.access.customize:
        raise ApiRefusal(403, "INSUFFICIENT_ACCESS", "insufficient access rights on object id")
    options = _read_options(call)
    file = call.request.files.get("file")
    if file is None:
        raise ApiRefusal(400, "INVALID_MULTIPART_REQUEST", "The request has no part named file")
    result = _run(call, file.read(), options)
    call.org.deployments[str(result["id"])] = {"deployOptions": options, "deployResult": result}
    pending = {**_start(call, str(result["id"]), options), "status": "Pending", "done": False, "success": False}
    return answer_json(_spell(call, str(result["id"]), options, pending), 201)


def read(call: Call, deploy_id: str) -> Response:
    kept = call.org.deployments.get(to_18(deploy_id) or "")
    if kept is None:
        raise not_found()
    result = dict(kept["deployResult"])
    if call.request.args.get("includeDetails", "").lower() != "true":
        result["details"] = None
    return answer_json(_spell(call, str(result["id"]), kept["deployOptions"], result))


def _spell(call: Call, deploy_id: str, options: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": deploy_id,
        "url": f"{call.org.my_domain_url}/services/data/v{call.version}/metadata/deployRequest/{deploy_id}",
        "validatedDeployRequestId": None,
        "deployOptions": options,
        "deployResult": result,
    }


def _read_options(call: Call) -> dict[str, Any]:
    parts = [call.request.form.get(name) for name in _JSON_PARTS]
    text = next((part for part in parts if part), None)
    uploads = [call.request.files[name].read() for name in _JSON_PARTS if name in call.request.files]
    try:
        body = orjson.loads(text or next(iter(uploads), b"{}"))
    except orjson.JSONDecodeError as error:
        raise ApiRefusal(400, "JSON_PARSER_ERROR", error.msg) from error
    given = body.get("deployOptions") if isinstance(body, dict) else None
    if given is not None and not isinstance(given, dict):
        raise ApiRefusal(400, "JSON_PARSER_ERROR", "deployOptions must be an object")
    return {**_OPTIONS, **{name: value for name, value in (given or {}).items() if name in _OPTIONS}}


def _run(call: Call, content: bytes, options: Mapping[str, Any]) -> dict[str, Any]:
    deploy_id = call.org.new_key("0Af")
    rolls_back = options["rollbackOnError"] is not False
    try:
        package = read_package(content)
    except BadPackage as error:
        done = [Deployed("", "package.xml", "package.xml", problem=str(error))]
    else:
        check_only = options["checkOnly"] is True
        done = deploy(call.org, call.user.id, package, check_only=check_only, all_or_none=rolls_back)
    return {**_start(call, deploy_id, options), **_finish(call, done, rolls_back=rolls_back)}


def _start(call: Call, deploy_id: str, options: Mapping[str, Any]) -> dict[str, Any]:
    moment = call.org.moment()
    nothing = dict.fromkeys(("canceledBy", "canceledByName", "errorMessage", "errorStatusCode", "stateDetail"))
    counts = ("ComponentErrors", "ComponentsDeployed", "ComponentsTotal", "TestErrors", "TestsCompleted", "TestsTotal")
    return {
        "id": deploy_id,
        "checkOnly": options["checkOnly"] is True,
        "ignoreWarnings": options["ignoreWarnings"] is True,
        "rollbackOnError": options["rollbackOnError"] is not False,
        "runTestsEnabled": False,
        "createdBy": call.user.id,
        "createdByName": call.user.username,
        "createdDate": moment,
        "startDate": moment,
        "lastModifiedDate": moment,
        "completedDate": None,
        **dict.fromkeys((f"number{name}" for name in counts), 0),
        **nothing,
        "details": None,
    }


def _finish(call: Call, done: list[Deployed], *, rolls_back: bool) -> dict[str, Any]:
    failures = [_message(call, one) for one in done if one.problem]
    successes = [_message(call, one) for one in done if not one.problem]
    status = "Succeeded" if not failures else "Failed" if rolls_back or not successes else "SucceededPartial"
    return {
        "status": status,
        "done": True,
        "success": status != "Failed",
        "completedDate": call.org.moment(),
        "numberComponentErrors": len(failures),
        "numberComponentsDeployed": len(successes),
        "numberComponentsTotal": len(done),
        "details": {
            "allComponentMessages": failures + successes,
            "componentFailures": failures,
            "componentSuccesses": successes,
            "retrieveResult": None,
            "runTestResult": _NO_TESTS,
        },
    }


def _message(call: Call, one: Deployed) -> dict[str, Any]:
    return {
        "changed": one.problem is None,
        "columnNumber": None,
        "componentType": one.type,
        "created": one.created,
        "createdDate": call.org.moment(),
        "deleted": False,
        "fileName": one.file,
        "fullName": one.name,
        "id": one.record,
        "lineNumber": None,
        "problem": one.problem,
        "problemType": "Error" if one.problem else None,
        "success": one.problem is None,
        "warning": False,
    }
