"""List views over REST: which there are, what each asks for, and its first rows (`salesforce.md` §5.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal, not_found
from lsync_flask.simulator.http import Call, answer_json
from lsync_flask.simulator.ids import make_id, to_18
from lsync_flask.simulator.query_api import find_object
from lsync_flask.simulator.schema import Field, SObject

__all__ = ["describe", "list_all", "read", "results"]

_HIDDEN = ("Id", "CreatedDate", "LastModifiedDate", "SystemModstamp")
_LEAST, _USUAL, _MOST = 1, 25, 2000
_OPERATORS = {"equals": "=", "notEqual": "!=", "greaterOrEqual": ">="}


@dataclass(frozen=True, slots=True)
class _View:
    """One list view. `conditions` are field, operator and value as SOQL spells it, all of which must hold."""

    name: str
    label: str
    columns: tuple[str, ...]
    conditions: tuple[tuple[str, str, str], ...] = ()
    scope: str = "everything"


_LEAD = ("Name", "Company", "State", "Email", "Status", "Owner.Alias")
_CONTACT = ("Name", "Account.Name", "Title", "Phone", "Email", "Owner.Alias")
_ACCOUNT = ("Name", "Site", "BillingState", "Phone", "Type", "Owner.Alias")
_OPEN = ("IsConverted", "equals", "FALSE")
_VIEWS: Mapping[str, tuple[_View, ...]] = {
    "Lead": (
        _View("AllOpenLeads", "All Open Leads", _LEAD, (_OPEN,)),
        _View("MyUnreadLeads", "My Unread Leads", _LEAD, (_OPEN, ("IsUnreadByOwner", "equals", "TRUE")), "mine"),
        _View("TodaysLeads", "Today's Leads", _LEAD, (_OPEN, ("CreatedDate", "equals", "TODAY"))),
    ),
    "Contact": (
        _View("AllContacts", "All Contacts", _CONTACT),
        _View("MyContacts", "My Contacts", _CONTACT, scope="mine"),
    ),
    "Account": (
        _View("AllAccounts", "All Accounts", _ACCOUNT),
        _View("MyAccounts", "My Accounts", _ACCOUNT, scope="mine"),
    ),
}


def _ids(found: SObject) -> dict[str, _View]:
    """The views of an object by their ids, which are the same in every local org."""
    first = 1 + 100 * [*_VIEWS].index(found.name) if found.name in _VIEWS else 0
    return {make_id("00B", first + place): view for place, view in enumerate(_VIEWS.get(found.name, ()))}


def list_all(call: Call, name: str) -> Response:
    found = find_object(call, name)
    views = [_spell(call, found, record, view) for record, view in _ids(found).items()]
    told = {"done": True, "listviews": views, "nextRecordsUrl": None, "size": len(views), "sobjectType": found.name}
    return answer_json(told)


def read(call: Call, name: str, record: str) -> Response:
    found = find_object(call, name)
    return answer_json(_spell(call, found, *_find(found, record)))


def _find(found: SObject, record: str) -> tuple[str, _View]:
    wanted = to_18(record) or ""
    view = _ids(found).get(wanted)
    if view is None:
        raise not_found()
    return wanted, view


def _spell(call: Call, found: SObject, record: str, view: _View) -> dict[str, Any]:
    url = f"/services/data/v{call.version}/sobjects/{found.name}/listviews/{record}"
    return {
        "describeUrl": f"{url}/describe",
        "developerName": view.name,
        "id": record,
        "label": view.label,
        "resultsUrl": f"{url}/results",
        "soqlCompatible": True,
        "url": url,
    }


def describe(call: Call, name: str, record: str) -> Response:
    """The columns, the statement and the conditions of a view."""
    found = find_object(call, name)
    known, view = _find(found, record)
    conditions = [{"field": field, "operator": word, "values": [value]} for field, word, value in view.conditions]
    order = [
        {"fieldNameOrPath": field, "nullsPosition": "first", "sortDirection": "ascending"} for field in ("Name", "Id")
    ]
    return answer_json(
        {
            "columns": _columns(call, found, view),
            "id": known,
            "orderBy": order,
            "query": _statement(found, view),
            "relatedEntityId": None,
            "scope": view.scope,
            "scopeEntityId": None,
            "sobjectType": found.name,
            "whereCondition": {"conditions": conditions, "conjunction": "and"},
        }
    )


def _statement(found: SObject, view: _View) -> str:
    fields = ", ".join((*view.columns, *_HIDDEN))
    scope = f" USING SCOPE {view.scope}" if view.scope != "everything" else ""
    tests = " AND ".join(f"{field} {_OPERATORS[word]} {value}" for field, word, value in view.conditions)
    where = f" WHERE {tests}" if tests else ""
    return f"SELECT {fields} FROM {found.name}{scope}{where} ORDER BY Name ASC NULLS FIRST, Id ASC NULLS FIRST"


def _columns(call: Call, found: SObject, view: _View) -> list[dict[str, Any]]:
    return [_column(_field(call, found, path), path) for path in (*view.columns, *_HIDDEN)]


def _field(call: Call, found: SObject, path: str) -> Field:
    *links, name = path.split(".")
    for link in links:
        # The owner of a lead is a user or a queue, of which only users are told about here.
        found = call.org.schema[found.relationships[link.lower()].references[-1]]
    return found.by_name[name.lower()]


def _column(field: Field, path: str) -> dict[str, Any]:
    shown = path not in _HIDDEN
    sorted_first = path == "Name"
    return {
        "ascendingLabel": "Z-A" if shown and field.type == "string" else None,
        "descendingLabel": "A-Z" if shown and field.type == "string" else None,
        "fieldNameOrPath": path,
        "hidden": not shown,
        "label": field.label,
        "selectListItem": path,
        "sortDirection": "ascending" if sorted_first else None,
        "sortIndex": 0 if sorted_first else None,
        "sortable": field.sortable,
        "type": field.type,
    }


def results(call: Call, name: str, record: str) -> Response:
    """The first rows of a view, at most 2,000; each value is a text or null."""
    found = find_object(call, name)
    known, view = _find(found, record)
    limit, offset = _number(call, "limit", _USUAL, _LEAST), _number(call, "offset", 0, 0)
    soql = f"{_statement(found, view)} LIMIT {limit} OFFSET {offset}"
    rows = call.org.queries.flat(soql, call.asker())
    return answer_json(
        {
            "columns": _columns(call, found, view),
            "developerName": view.name,
            "done": True,
            "id": known,
            "label": view.label,
            "records": [_record(call, found, view, row) for row in rows],
            "size": len(rows),
        }
    )


def _number(call: Call, name: str, usual: int, least: int) -> int:
    text = call.request.args.get(name, str(usual))
    if not text.isdecimal() or not least <= int(text) <= _MOST:
        raise ApiRefusal(400, "INVALID_PARAMETER_VALUE", f"{name} must be from {least} to {_MOST}: {text}")
    return int(text)


def _record(call: Call, found: SObject, view: _View, row: Mapping[str, Any]) -> dict[str, Any]:
    paths = (*view.columns, *_HIDDEN)
    cells = [{"fieldNameOrPath": path, "value": _text(_field(call, found, path), row.get(path))} for path in paths]
    return {"columns": cells}


def _text(field: Field, value: Any) -> str | None:
    if value is None:
        return None
    if field.type == "datetime":
        return datetime.fromisoformat(str(value)).strftime("%a %b %d %H:%M:%S GMT %Y")
    return str(bool(value)).lower() if field.type == "boolean" else str(value)
