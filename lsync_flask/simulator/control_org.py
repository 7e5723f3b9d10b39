"""The side door to an org's set-up and records: its rules, and what somebody else does to a record meanwhile."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request

from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.org_rules import InvalidRules
from lsync_flask.simulator.refused import Refused
from lsync_flask.simulator.rule_checks import set_rules
from lsync_flask.simulator.schema import SObject

__all__ = ["create_org_control"]

_RECORD_BODY = (
    "The body must hold any of fields (an object), deleted, converted (true or false) and merged_into (an id)."
)
_LEVELS = ("all", "system", "none")
"""The access levels of Setup, Deliverability: all mail, system mail only, none."""
_STAMPS = ("LastModifiedDate", "SystemModstamp")


def create_org_control(org: Org) -> Blueprint:
    """`POST /rules`, `POST /records/<id>` and `POST /deliverability`."""
    pages = Blueprint("org", __name__)

    @pages.post("/rules")
    def rules() -> Response:
        body = request.get_json(silent=True)
        try:
            set_rules(org, body)
        except InvalidRules as error:
            raise Refused(str(error)) from error
        return jsonify(body)

    @pages.post("/records/<record>")
    def change(record: str) -> Response:
        found, known = _find(org, record)
        values = _read_change(org, found, request.get_json(silent=True))
        org.update(found.name, known, {**values, **dict.fromkeys(_STAMPS, org.moment())})
        return jsonify({"id": known} | values)

    @pages.post("/deliverability")
    def deliverability() -> Response:
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or set(body) != {"level"} or body["level"] not in _LEVELS:
            raise Refused('The body must be {"level": "all", "system" or "none"}.')
        org.deliverability = body["level"]
        return jsonify(body)

    return pages


def _find(org: Org, record: str) -> tuple[SObject, str]:
    known = to_18(record)
    found = org.schema.by_prefix(known[:3]) if known else None
    if found is None or known is None or found.kind != "data":
        raise Refused("There is no such record.", 404)
    if not org.store.rows(f'SELECT 1 FROM "{found.name}" WHERE Id = ?', [known]):
        raise Refused("There is no such record.", 404)
    return found, known


def _read_change(org: Org, found: SObject, body: Any) -> dict[str, Any]:
    """The stored values that the body asks for."""
    if not isinstance(body, dict) or not body or set(body) - {"fields", "deleted", "converted", "merged_into"}:
        raise Refused(_RECORD_BODY)
    values = _read_fields(found, body.get("fields", {}))
    values |= {name: body[key] for key, name in (("deleted", "IsDeleted"), ("converted", "IsConverted")) if key in body}
    if not all(found.has(name) for name in values) or not all(type(body[one]) is bool for one in _flags(body)):
        raise Refused(_RECORD_BODY)
    if "merged_into" in body:
        master, winner = _find(org, str(body["merged_into"]))
        if master.name != found.name:
            raise Refused("A record is merged into one of the same object.")
        values |= {"IsDeleted": True, "MasterRecordId": winner}
    return values


def _flags(body: Mapping[str, Any]) -> list[str]:
    return [name for name in ("deleted", "converted") if name in body]


def _read_fields(found: SObject, fields: Any) -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise Refused(_RECORD_BODY)
    unknown = [name for name in fields if not found.has(name)]
    if unknown:
        raise Refused(f"{found.name} has no field {unknown[0]}.")
    if any(isinstance(value, list | dict) for value in fields.values()):
        raise Refused("A field's value is a text, a number, true, false or null.")
    return {found.by_name[name.lower()].name: value for name, value in fields.items()}
