"""The data plane of a simulated org over HTTP: everything under `/services/data`."""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Request, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule

from lsync_flask.simulator import (
    actions_api,
    bulk_ingest,
    bulk_query,
    collections_api,
    collections_upsert,
    composite_api,
    create_field,
    deploy_api,
    list_views,
    query_api,
    records_api,
    trusted_sites,
)
from lsync_flask.simulator.api_errors import ApiRefusal
from lsync_flask.simulator.http import (
    Call,
    Handler,
    answer_json,
    answer_refusal,
    check_size,
    check_version,
    read_token,
    session_invalid,
    unknown,
    version_list,
)
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.sim_user import SimUser

__all__ = ["create_rest"]

log = logging.getLogger(__name__)

ROOT = "/services/data"
_BROKEN = "An unexpected error occurred. Please include this ErrorId if you contact support: {number}"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ROUTES: tuple[tuple[str, str, str, Handler], ...] = (
    ("GET", "/", "resources", query_api.resources),
    ("GET", "/query", "query", query_api.query),
    ("GET", "/queryAll", "query", query_api.query_all),
    ("GET", "/query/<locator>", "query_more", query_api.query_more),
    ("GET", "/queryAll/<locator>", "query_more", query_api.query_more),
    ("GET", "/limits", "limits", query_api.limits),
    ("GET", "/limits/recordCount", "limits", query_api.record_count),
    ("GET", "/sobjects", "describe", query_api.global_describe),
    ("GET", "/sobjects/<name>", "describe", records_api.object_summary),
    ("POST", "/sobjects/<name>", "record", records_api.create),
    ("GET", "/sobjects/<name>/describe", "describe", query_api.describe),
    ("GET", "/sobjects/<name>/<record>", "record", records_api.read),
    ("PATCH", "/sobjects/<name>/<record>", "record", records_api.update),
    ("DELETE", "/sobjects/<name>/<record>", "record", records_api.delete),
    ("GET", "/sobjects/<name>/listviews", "list_views", list_views.list_all),
    ("GET", "/sobjects/<name>/listviews/<record>", "list_views", list_views.read),
    ("GET", "/sobjects/<name>/listviews/<record>/describe", "list_views", list_views.describe),
    ("GET", "/sobjects/<name>/listviews/<record>/results", "list_views", list_views.results),
    ("GET", "/actions", "actions", actions_api.list_actions),
    ("GET", "/actions/standard", "actions", actions_api.list_standard),
    ("GET", "/actions/standard/emailSimple", "actions", actions_api.email_simple_help),
    ("POST", "/actions/standard/emailSimple", "actions", actions_api.email_simple),
    ("GET", "/sobjects/<name>/<field>/<value>", "record", records_api.read_external),
    ("PATCH", "/sobjects/<name>/<field>/<value>", "record", records_api.upsert),
    ("DELETE", "/sobjects/<name>/<field>/<value>", "record", records_api.delete_external),
    ("PATCH", "/composite/sobjects", "collections", collections_api.update_all),
    ("POST", "/composite/sobjects", "collections", collections_api.create_all),
    ("DELETE", "/composite/sobjects", "collections", collections_api.delete_all),
    ("PATCH", "/composite/sobjects/<name>/<field>", "collections", collections_upsert.upsert_all),
    ("GET", "/composite/sobjects/<name>", "collections", collections_api.read_all),
    ("POST", "/composite/sobjects/<name>", "collections", collections_api.read_all),
    ("POST", "/jobs/query", "bulk_query", bulk_query.create),
    ("GET", "/jobs/query", "bulk_query", bulk_query.list_jobs),
    ("GET", "/jobs/query/<job_id>", "bulk_query", bulk_query.read),
    ("PATCH", "/jobs/query/<job_id>", "bulk_query", bulk_query.change),
    ("DELETE", "/jobs/query/<job_id>", "bulk_query", bulk_query.delete),
    ("GET", "/jobs/query/<job_id>/results", "bulk_query", bulk_query.results),
    ("GET", "/jobs/query/<job_id>/resultPages", "bulk_query", bulk_query.result_pages),
    ("POST", "/jobs/ingest", "bulk_ingest", bulk_ingest.create),
    ("GET", "/jobs/ingest", "bulk_ingest", bulk_ingest.list_jobs),
    ("GET", "/jobs/ingest/<job_id>", "bulk_ingest", bulk_ingest.read),
    ("PATCH", "/jobs/ingest/<job_id>", "bulk_ingest", bulk_ingest.change),
    ("DELETE", "/jobs/ingest/<job_id>", "bulk_ingest", bulk_ingest.delete),
    ("PUT", "/jobs/ingest/<job_id>/batches", "bulk_ingest", bulk_ingest.upload),
    ("GET", "/jobs/ingest/<job_id>/<name>", "bulk_ingest", bulk_ingest.results),
    ("GET", "/tooling/query", "tooling", query_api.tooling_query),
    ("POST", "/tooling/sobjects/CustomField", "tooling", create_field.create),
    ("GET", "/tooling/sobjects/CustomField/<record>", "tooling", create_field.read),
    ("PATCH", "/tooling/sobjects/CustomField/<record>", "tooling", create_field.update),
    ("DELETE", "/tooling/sobjects/CustomField/<record>", "tooling", create_field.delete),
    ("POST", "/tooling/sobjects/<kind>", "tooling", trusted_sites.create),
    ("GET", "/tooling/sobjects/<kind>/<record>", "tooling", trusted_sites.read),
    ("DELETE", "/tooling/sobjects/<kind>/<record>", "tooling", trusted_sites.delete),
    ("POST", "/metadata/deployRequest", "metadata", deploy_api.create),
    ("GET", "/metadata/deployRequest/<deploy_id>", "metadata", deploy_api.read),
)


def _composite(call: Call) -> Response:
    return composite_api.composite(call, _serve_within)


def _batch(call: Call) -> Response:
    return composite_api.batch(call, _serve_within)


def _serve_within(call: Call, inner: Request) -> Response:
    """The answer to a request that stands inside another one; it counts as no call of its own."""
    try:
        kind, handler, names = _find_within(inner)
        version = check_version(names.pop("version"))
        call.org.calls.add(f"{kind}_within")
        return handler(replace(call, version=version, request=inner), **names)
    except ApiRefusal as refusal:
        return answer_refusal(refusal)


def _find_within(inner: Request) -> tuple[str, Handler, dict[str, str]]:
    try:
        (kind, handler), names = _WITHIN.bind("org").match(inner.path, inner.method)
    except (NotFound, MethodNotAllowed, RequestRedirect) as error:
        raise unknown(f"{inner.method} {inner.path}") from error
    return kind, handler, dict(names)


_WITHIN = Map(
    [
        Rule(f"{ROOT}/<version>{path}", methods=[method], endpoint=(kind, handler), strict_slashes=False)
        for method, path, kind, handler in _ROUTES
    ]
)
_OUTER: tuple[tuple[str, str, str, Handler], ...] = (
    ("POST", "/composite", "composite", _composite),
    ("POST", "/composite/batch", "composite", _batch),
)


def create_rest(org: Org, authenticate: Callable[[str], SimUser | None]) -> Blueprint:
    """The blueprint of one org. `authenticate` gives the user of an access token, or None when it is dead."""
    rest = Blueprint("rest", __name__)

    @rest.before_request
    def meet_faults() -> Response | None:
        if org.pace.latency_s:
            time.sleep(org.pace.latency_s)
        return org.faults.before(request)

    @rest.after_request
    def tell_limits(response: Response) -> Response:
        if request.path.rstrip("/") != ROOT:
            response.headers["Sforce-Limit-Info"] = org.limits.header()
        return org.faults.after(request, response)

    rest.add_url_rule(ROOT, "versions", lambda: answer_json(version_list()), strict_slashes=False)
    for method, path, kind, handler in (*_ROUTES, *_OUTER):
        view = _view(org, authenticate, kind, handler)
        name = f"{method.lower()}:{path}".replace(".", "_")
        rest.add_url_rule(f"{ROOT}/<version>{path}", name, view, methods=[method], strict_slashes=False)
    rest.add_url_rule(f"{ROOT}/<path:rest>", "unknown", _unknown, methods=_METHODS)
    return rest


def _view(
    org: Org, authenticate: Callable[[str], SimUser | None], kind: str, handler: Handler
) -> Callable[..., Response]:
    def view(version: str, **names: str) -> Response:
        try:
            call = _admit(org, authenticate, version)
            org.calls.add(kind)
            return handler(call, **names)
        except ApiRefusal as refusal:
            return answer_refusal(refusal)
        except HTTPException:
            raise
        except Exception:
            # What Salesforce answers when it breaks; the log has the rest.
            log.exception("the simulated org broke down on %s %s", request.method, request.path)
            return answer_refusal(ApiRefusal(500, "UNKNOWN_EXCEPTION", _BROKEN.format(number=uuid.uuid4().hex[:12])))

    return view


def _admit(org: Org, authenticate: Callable[[str], SimUser | None], version: str) -> Call:
    """The call, when its version, size and token are right and a call is left of today's allocation."""
    spelled = check_version(version)
    check_size(request)
    user = authenticate(read_token(request))
    if user is None:
        raise session_invalid()
    if not org.limits.use_call():
        raise ApiRefusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    return Call(org, user, spelled, request)


def _unknown(rest: str) -> Response:
    allowed = [method for method in _METHODS if _serves(method)]
    if allowed:
        message = f"HTTP Method '{request.method}' not allowed. Allowed are {','.join(allowed)}"
        return answer_refusal(ApiRefusal(405, "METHOD_NOT_ALLOWED", message))
    return answer_refusal(unknown(f"{request.method} /{rest}"))


def _serves(method: str) -> bool:
    routes = current_app.url_map.bind_to_environ(request.environ)
    try:
        endpoint, _ = routes.match(request.path, method)
    except (NotFound, MethodNotAllowed, RequestRedirect):
        return False
    return not str(endpoint).endswith(".unknown")
