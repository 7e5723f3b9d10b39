"""`/query`, `/queryAll`, `/limits`, describe: what is read without naming a record."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal
from lsync_flask.simulator.describe import describe_global, describe_object
from lsync_flask.simulator.http import Call, answer_empty, answer_json, unknown
from lsync_flask.simulator.query_columns import describe_columns
from lsync_flask.simulator.schema import SObject
from lsync_flask.simulator.soql_compile import compile_soql

__all__ = [
    "describe",
    "global_describe",
    "limits",
    "query",
    "query_all",
    "query_more",
    "record_count",
    "resources",
    "tooling_query",
]

_BATCH = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)
_SMALLEST, _LARGEST = 200, 2000


def query(call: Call) -> Response:
    return _query(call, all_rows=False)


def query_all(call: Call) -> Response:
    return _query(call, all_rows=True)


def tooling_query(call: Call) -> Response:
    if not call.access.view_setup:
        raise ApiRefusal(403, "INSUFFICIENT_ACCESS", "insufficient access rights on object id")
    asker = call.asker(tooling=True)
    return answer_json(call.org.queries.run(_statement(call), asker, call.version, _batch_size(call)))


def query_more(call: Call, locator: str) -> Response:
    return answer_json(call.org.queries.more(locator, call.user.id, call.version, _batch_size(call)))


def _query(call: Call, *, all_rows: bool) -> Response:
    asker = call.asker(all_rows=all_rows)
    explained = call.request.args.get("explain")
    if explained is not None:
        return answer_json(_explain(call, explained))
    if call.request.args.get("columns", "").lower() == "true":
        return answer_json(describe_columns(_statement(call), asker))
    return answer_json(call.org.queries.run(_statement(call), asker, call.version, _batch_size(call)))


def _statement(call: Call) -> str:
    soql = call.request.args.get("q")
    if soql is None:
        raise ApiRefusal(400, "MALFORMED_QUERY", "A query string has to be specified")
    return soql


def _batch_size(call: Call) -> int | None:
    """The size of a page that the client wishes for, or None."""
    match = _BATCH.search(call.request.headers.get("Sforce-Query-Options", ""))
    return min(max(int(match[1]), _SMALLEST), _LARGEST) if match else None


def _explain(call: Call, soql: str) -> dict[str, object]:
    selection = compile_soql(soql, call.asker())
    rows = call.org.store.rows(f'SELECT count(*) FROM "{selection.base.name}"')[0][0]
    filtered = selection.where not in {"", "t0.IsDeleted = 0"}
    plan = {
        "cardinality": rows // 10 if filtered else rows,
        "fields": [],
        "leadingOperationType": "TableScan",
        "notes": [
            {
                "description": "Not considering filter for optimization because unindexed",
                "fields": ["IsDeleted"],
                "tableEnumOrId": selection.base.name,
            }
        ],
        "relativeCost": 0.033 if filtered else 2.8,
        "sobjectCardinality": rows,
        "sobjectType": selection.base.name,
    }
    return {"plans": [plan], "sourceQuery": soql}


def record_count(call: Call) -> Response:
    """Approximate in Salesforce; objects without records are left out."""
    names = [name.strip() for name in call.request.args.get("sObjects", "").split(",") if name.strip()]
    seen = [each for each in call.org.schema if call.access.sees(each)]
    wanted = [each for each in seen if not names or each.name.lower() in {name.lower() for name in names}]
    counted = [(each.name, _count(call, each)) for each in wanted]
    return answer_json({"sObjects": [{"count": count, "name": name} for name, count in counted if count]})


def _count(call: Call, found: SObject) -> int:
    return int(call.org.store.rows(f'SELECT count(*) FROM "{found.name}" WHERE IsDeleted = 0')[0][0])


def resources(call: Call) -> Response:
    """What there is under a version, by name."""
    base = f"/services/data/v{call.version}"
    names = ("actions", "composite", "jobs", "limits", "metadata", "query", "queryAll", "sobjects", "tooling")
    identity = f"{call.org.my_domain_url}/id/{call.org.id}/{call.user.id}"
    return answer_json({name: f"{base}/{name}" for name in names} | {"identity": identity})


def limits(call: Call) -> Response:
    return answer_json(call.org.limits.spell())


def find_object(call: Call, name: str) -> SObject:
    """The object that a path names; one that this user may not see is not there."""
    found = call.org.schema.get(name)
    if found is None or not call.access.sees(found):
        raise unknown(f"{call.request.method} of the object {name}")
    return found


def global_describe(call: Call) -> Response:
    return _unless_known(call, lambda: describe_global(call.org.schema, call.access, call.version))


def describe(call: Call, name: str) -> Response:
    found = find_object(call, name)
    org = call.org
    return _unless_known(call, lambda: describe_object(org.schema, found, call.access, call.version, org.my_domain_url))


def _unless_known(call: Call, describe: Callable[[], dict[str, object]]) -> Response:
    """The description, or 304 when nothing of the org's schema changed since the client last asked."""
    changed_at = call.org.schema_changed_at.astimezone(UTC).replace(microsecond=0)
    if _unchanged(call, changed_at):
        return answer_empty(304)
    response = answer_json(describe())
    response.headers["Last-Modified"] = format_datetime(changed_at, usegmt=True)
    return response


def _unchanged(call: Call, changed_at: datetime) -> bool:
    since = call.request.headers.get("If-Modified-Since")
    if not since:
        return False
    try:
        return changed_at <= parsedate_to_datetime(since).astimezone(UTC)
    except ValueError:
        return False
