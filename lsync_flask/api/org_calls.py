"""What a script sees of activities beside their pages, and of the org: usage, setup, audit log and plugins."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue

from lsync_flask.api.shapes import LARGEST, number_argument, spell, text_argument
from lsync_flask.csv_files import csv_response
from lsync_flask.door import actor, resources, token_of_request
from lsync_flask.engine.advice import advice
from lsync_flask.services.activities import cost_of_cancel, read_activity
from lsync_flask.services.outcome_tables import WHAT, outcome_table
from lsync_flask.services.outcomes import group_errors
from lsync_flask.services.sessions import end_all_sessions
from lsync_flask.services.setup import Step, add_sites, read_steps, send_test_mail
from lsync_flask.services.usage import read_usage
from lsync_flask.storage.audit import AuditFilter, list_audit
from lsync_flask.storage.ledger import Ledger

MOST = 500
MOST_ERRORS = 50


def cost(number: int) -> Response:
    return jsonify(asdict(cost_of_cancel(resources(), actor(), number)))


def errors(number: int) -> Response:
    read_activity(resources(), actor(), number)
    groups = group_errors(Ledger(resources().database, actor().org_id), number, MOST_ERRORS)
    return jsonify(errors=[{**asdict(one), "advice": advice(one.code)} for one in groups])


def outcomes_csv(number: int) -> Response:
    return _csv(number, "outcomes")


def errors_csv(number: int) -> Response:
    return _csv(number, "errors")


def _csv(number: int, what: WHAT) -> Response:
    found = outcome_table(resources(), actor(), number, what)
    return csv_response(found.name, found.head, found.rows)


def usage() -> Response:
    return jsonify(asdict(read_usage(resources(), actor())))


def setup() -> Response:
    return jsonify(steps=[_step(one) for one in read_steps(resources(), actor())])


def _step(one: Step) -> dict[str, Any]:
    checks = [asdict(check) for check in one.checks]
    return {"key": one.key, "title": one.title, "ok": one.ok, "checks": checks, "advice": "" if one.ok else one.advice}


def setup_mail() -> Response:
    return jsonify(checks=[asdict(check) for check in send_test_mail(resources(), actor())])


def setup_sites() -> Response:
    return jsonify(checks=[asdict(check) for check in add_sites(resources(), actor())])


def audit() -> Response:
    actor().must("see the audit log")
    after, limit = number_argument("after", 0, LARGEST), number_argument("limit", 50, MOST, 1)
    wanted = AuditFilter(text_argument("user", 18), text_argument("kind", 40))
    with resources().database.reading(actor().org_id) as scope:
        rows = list_audit(scope, after or None, limit + 1, wanted)
    return jsonify(rows=[spell(row) for row in rows[:limit]], next=rows[limit - 1].id if len(rows) > limit else None)


def plugins() -> Response:
    actor().must("see settings and mappings")
    registry = resources().registry
    return jsonify(
        installed=[asdict(one) for one in registry.installed], refused=[asdict(one) for one in registry.refused]
    )


def end_sessions() -> Response:
    return jsonify(ended=end_all_sessions(resources(), actor(), token_of_request()))


ADDRESSES: tuple[tuple[str, str, Callable[..., ResponseReturnValue]], ...] = (
    ("GET", "/activities/<int:number>/cost", cost),
    ("GET", "/activities/<int:number>/errors", errors),
    ("GET", "/activities/<int:number>/outcomes.csv", outcomes_csv),
    ("GET", "/activities/<int:number>/errors.csv", errors_csv),
    ("GET", "/usage", usage),
    ("GET", "/setup", setup),
    ("POST", "/setup/mail", setup_mail),
    ("POST", "/setup/sites", setup_sites),
    ("GET", "/audit", audit),
    ("GET", "/plugins", plugins),
    ("POST", "/sessions/end", end_sessions),
)
