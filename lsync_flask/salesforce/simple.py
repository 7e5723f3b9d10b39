"""simple-salesforce over our own way out, for describe and for odd REST calls.

It builds addresses and reads answers; it neither holds a token nor opens a connection. What it sends ends in
`SalesforceApi.request`, where the address is pinned to the org, a token is added and errors get their meaning.
"""

import io
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import requests
from requests.adapters import BaseAdapter
from simple_salesforce import Salesforce

from lsync_flask.salesforce.api import SalesforceApi
from lsync_flask.salesforce.transport import Reply

_NOWHERE = "https://org.invalid"
_OURS = frozenset({"authorization", "x-prettyprint", "accept-encoding", "user-agent", "connection", "content-length"})
"""Headers that it sets and that are ours to set; its pretty printing makes every answer a fifth longer."""


def open_simple(api: SalesforceApi) -> Salesforce:
    """simple-salesforce as this user in this org."""
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount("https://", _ApiAdapter(api))
    return Salesforce(
        session_id="held-elsewhere",
        instance_url=_NOWHERE,
        version=api.version,
        session=session,
        object_pairs_hook=None,
    )


class _ApiAdapter(BaseAdapter):
    """Hands a prepared request to the API and its answer back as one of requests."""

    def __init__(self, api: SalesforceApi) -> None:
        super().__init__()
        self._api = api

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        del args, options
        headers = {name: str(value) for name, value in request.headers.items() if name.lower() not in _OURS}
        body = request.body.encode() if isinstance(request.body, str) else request.body
        reply = self._api.request(request.method or "GET", request.path_url, data=body, headers=headers)
        if reply.body:
            reply.json()  # simple-salesforce takes everything for JSON; what is none raises here
        return _as_response(request, reply)

    def close(self) -> None:
        """Nothing is held open here."""


def _as_response(request: requests.PreparedRequest, reply: Reply) -> requests.Response:
    response = requests.Response()
    response.status_code = reply.status
    response.reason = HTTPStatus(reply.status).phrase
    response.headers.update(_decoded(reply.headers))
    response.raw = io.BytesIO(reply.body)
    response.encoding = "utf-8"
    response.request = request
    response.url = request.url or ""
    return response


def _decoded(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "content-encoding"}
