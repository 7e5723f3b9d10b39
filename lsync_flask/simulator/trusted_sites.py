"""Remote Site Settings and trusted URLs by the Tooling API: `RemoteProxy` and `CspTrustedSite`."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal, not_found
from lsync_flask.simulator.http import Call, answer_empty, answer_json, read_object, unknown
from lsync_flask.simulator.ids import to_18

__all__ = ["create", "delete", "read"]

_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|_(?!_))*(?<!_)")
_KINDS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    # By object: the field of its name, the metadata's key of the address, and the other fields by their keys there.
    "RemoteProxy": (
        "SiteName",
        "url",
        {"isActive": "IsActive", "disableProtocolSecurity": "DisableProtocolSecurity", "description": "Description"},
    ),
    "CspTrustedSite": (
        "DeveloperName",
        "endpointUrl",
        {
            "isActive": "IsActive",
            "context": "Context",
            "isApplicableToFrameSrc": "IsApplicableToFrameSrc",
            "isApplicableToConnectSrc": "IsApplicableToConnectSrc",
            "description": "Description",
        },
    ),
}


def create(call: Call, kind: str) -> Response:
    """Add one address; another by the same name is a duplicate."""
    name_field, url_key, fields = _kind(call, kind)
    _check_right(call)
    body = read_object(call.request)
    metadata = body.get("Metadata")
    name, url = str(body.get("FullName", "")), metadata.get(url_key) if isinstance(metadata, dict) else None
    if not _NAME.fullmatch(name):
        raise ApiRefusal(400, "INVALID_FIELD", f"{name_field}: bad name: {name}", (name_field,))
    if not isinstance(metadata, dict) or not isinstance(url, str) or not _is_address(url):
        raise ApiRefusal(400, "FIELD_INTEGRITY_EXCEPTION", f"EndpointUrl: bad address: {url}", ("EndpointUrl",))
    values = {field: metadata[key] for key, field in fields.items() if isinstance(metadata.get(key), bool | str)}
    with call.org.store.write():
        sql = f'SELECT Id FROM "{kind}" WHERE "{name_field}" = ? COLLATE NOCASE'
        if call.org.store.rows(sql, [name]):
            raise ApiRefusal(400, "DUPLICATE_DEVELOPER_NAME", f"The name {name} is in use already", (name_field,))
        record = call.org.insert(kind, {name_field: name, "EndpointUrl": url, **values})
    return answer_json({"id": record, "success": True, "errors": [], "warnings": [], "infos": []}, 201)


def read(call: Call, kind: str, record: str) -> Response:
    _kind(call, kind)
    rows = call.org.rows(f"SELECT FIELDS(STANDARD) FROM {kind} WHERE Id = '{to_18(record) or '0' * 18}'")
    if not rows or not call.access.view_setup:
        raise not_found()
    url = f"/services/data/v{call.version}/tooling/sobjects/{kind}/{rows[0]['Id']}"
    return answer_json({"attributes": {"type": kind, "url": url}, **rows[0]})


def delete(call: Call, kind: str, record: str) -> Response:
    _kind(call, kind)
    _check_right(call)
    wanted = to_18(record) or ""
    if not call.org.store.rows(f'SELECT 1 FROM "{kind}" WHERE Id = ?', [wanted]):
        raise not_found()
    call.org.delete(kind, wanted)
    return answer_empty()


def _kind(call: Call, kind: str) -> tuple[str, str, Mapping[str, str]]:
    if kind not in _KINDS:
        raise unknown(f"{call.request.method} of the Tooling object {kind}")
    return _KINDS[kind]


def _check_right(call: Call) -> None:
    if not call.access.customize:
        raise ApiRefusal(403, "INSUFFICIENT_ACCESS", "insufficient access rights on object id")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https", "wss"} and bool(parts.hostname)
