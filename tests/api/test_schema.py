"""Whatever fits the OpenAPI document, sent by each role: no server error, no undocumented answer, no row of another org.

The seed is fixed and the examples are few: the same requests in every run. `LSYNC_EXAMPLES` asks for more.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import insert

from lsync_flask.api.openapi import openapi_document
from lsync_flask.storage.models import activity, definition, definition_version, org
from tests.worker.kit import carry_on

from .conftest import SETS

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

EXAMPLES = int(os.environ.get("LSYNC_EXAMPLES", "2"))
ELSEWHERE, SECRET = "00DELSEWHERE000AAA", "of another org, not to be seen"
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
ENDS_SESSIONS = "/api/v1/sessions/end"


@pytest.fixture
def numbers(parts, callers, simulated_org, few):
    """Numbers of things: of this org, of another one, and of nothing."""
    run = callers["manager"].call("POST", f"/definitions/{few}/run")[1]["activity"]
    carry_on(parts, run, simulated_org["org_id"])
    with parts.database.writing_all() as connection:
        values = {"id": ELSEWHERE, "name": SECRET, "my_domain": "https://elsewhere.my.salesforce.com"}
        more = {"consumer_key": "x", "api_version": "67.0", "is_active": True, "created_at": 0.0}
        connection.execute(insert(org).values(**values, **more))
        theirs = connection.execute(
            insert(definition)
            .values(org_id=ELSEWHERE, name=SECRET, object="Lead", owner_id="x", version=1, created_at=0, changed_at=0)
            .returning(definition.c.id)
        ).scalar_one()
        body = '{"criteria": [], "logic": ""}'
        version = {"definition_id": theirs, "version": 1, "org_id": ELSEWHERE, "body": body}
        connection.execute(insert(definition_version).values(**version, changed_by="x", changed_at=0))
        their_run = connection.execute(
            insert(activity)
            .values(
                org_id=ELSEWHERE, definition_id=theirs, definition_version=1, object="Lead", owner_id="x",
                started_by="x", status="Success", reason=SECRET, plan="{}", audience_size=0, selection="done",
                selected=0, bulks=0, epoch=0, api_calls=0, attempts=0, created_at=0.0,
            )
            .returning(activity.c.id)
        ).scalar_one()  # fmt: skip
    return [few, run, theirs, their_run, 1, 2**53 - 1]


@pytest.mark.parametrize("role", SETS)
def test_what_fits_the_document_is_answered_as_the_document_says(web, callers, numbers, role):
    headers = callers[role].headers
    document = openapi_document()
    last = {ENDS_SESSIONS: document["paths"].pop(ENDS_SESSIONS)}
    for paths in (document["paths"], last):
        schema = schemathesis.openapi.from_dict({**document, "paths": paths})
        schema.app = web
        for found in schema.get_all_operations():
            _try_operation(found.ok(), headers, numbers)


def _try_operation(operation, headers, numbers):
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(), st.sampled_from(numbers))
    def send(case, number):
        if "number" in (case.path_parameters or {}):
            case.path_parameters["number"] = number
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=list(CHECKS))
        assert SECRET not in answer.text

    send()
