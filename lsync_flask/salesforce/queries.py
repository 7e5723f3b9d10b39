"""Queries by REST: a count, or the rows of a small audience page by page (`reference/salesforce.md` §4.1)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from lsync_flask.errors import RetryableError
from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.refusals import explain, read_errors

LONGEST_ADDRESS = 15_000
"""Salesforce takes 16,384 bytes of address and headers together; a longer query travels in a body."""

_OK = 200


def count(api: SalesforceApi, soql: str) -> int:
    """How many records a `SELECT COUNT()` finds, for exactly one call."""
    total = _first_page(api, soql).get("totalSize")
    if not isinstance(total, int) or isinstance(total, bool):
        raise RetryableError("Salesforce sent no count.")
    return total


def query_rows(api: SalesforceApi, soql: str, columns: Sequence[str]) -> Iterator[list[str | None]]:
    """The rows that a query finds, as text in the form of Bulk results, in the order of `columns`.

    A column of a parent is a path, such as `Account.Name`. One call for every 2,000 rows, made when they are needed.
    """
    paths = [column.split(".") for column in columns]
    for page in pages(api, soql):
        for record in page:
            yield [spell(_find(record, path)) for path in paths]


def query_records(api: SalesforceApi, soql: str, *, tooling: bool = False) -> list[Mapping[str, Any]]:
    """All records that a query finds, as Salesforce sends them; for queries with few."""
    return [record for page in pages(api, soql, tooling=tooling) for record in page]


def pages(api: SalesforceApi, soql: str, *, tooling: bool = False) -> Iterator[list[Mapping[str, Any]]]:
    """The pages of a query, each asked for when it is needed."""
    page = _first_page(api, soql, tooling=tooling)
    while True:
        records = page.get("records")
        if not isinstance(records, list):
            raise RetryableError("Salesforce sent a page without records.")
        yield records
        if page.get("done") is True:
            return
        page = _next_page(api, page)


def _first_page(api: SalesforceApi, soql: str, *, tooling: bool = False) -> Mapping[str, Any]:
    path = "tooling/query" if tooling else "query"
    if len(quote(soql)) > LONGEST_ADDRESS:
        return _page(_ask_in_body(api, soql, path))
    return _page(api.request("GET", path, params={"q": soql}).json())


def _ask_in_body(api: SalesforceApi, soql: str, path: str) -> Any:
    part = {"method": "GET", "url": api.path_of(f"{path}?q={quote(soql)}"), "referenceId": "query"}
    reply = api.request("POST", "composite", json={"compositeRequest": [part]})
    try:
        answer = reply.json()["compositeResponse"][0]
        status, body = int(answer["httpStatusCode"]), answer["body"]
    except (LookupError, TypeError, ValueError):
        raise RetryableError("Salesforce sent no answer to a query.") from None
    if status == _OK:
        return body
    raise explain("GET", status, reply.headers, read_errors(status, orjson.dumps(body)))


def _next_page(api: SalesforceApi, page: Mapping[str, Any]) -> Mapping[str, Any]:
    path = page.get("nextRecordsUrl")
    if not isinstance(path, str) or not path:
        raise RetryableError("Salesforce broke off the rows of a query.")
    return _page(api.request("GET", path).json())


def _page(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise RetryableError("Salesforce sent a page of a query that cannot be read.")
    return body


def _find(record: Mapping[str, Any] | None, path: Sequence[str]) -> Any:
    found: Any = record
    for name in path:
        if not isinstance(found, dict):
            return None
        found = found[name] if name in found else _find_in_any_case(found, name)
    return found


def _find_in_any_case(record: Mapping[str, Any], name: str) -> Any:
    # A query may spell a field in any case; the answer always spells it as the org does.
    return next((value for key, value in record.items() if key.lower() == name.lower()), None)


def spell(value: Any) -> str | None:
    """A JSON value as the text that a Bulk result would hold; None: the field is empty."""
    if isinstance(value, str):
        # REST writes +0000 where Bulk results have Z.
        return value[:-5] + "Z" if value.endswith("+0000") and value[10:11] == "T" else value or None
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, float) else orjson.dumps(value).decode()
