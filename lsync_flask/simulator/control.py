"""The tests' side door: what was written, charged, called and mailed, and switches for users, clock and faults."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from lsync_flask.simulator.charges import ChargeLedger
from lsync_flask.simulator.clock import Clock
from lsync_flask.simulator.connected_app import ConnectedApp
from lsync_flask.simulator.control_app import create_app_control
from lsync_flask.simulator.control_org import create_org_control
from lsync_flask.simulator.directory import Directory, Member
from lsync_flask.simulator.enrichment import ServiceSettings
from lsync_flask.simulator.leadspace_bulks import GatewaySettings
from lsync_flask.simulator.mailbox import Mail, Mailbox
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.planned_faults import PlannedFaults
from lsync_flask.simulator.plans import InvalidPlan, read_plan
from lsync_flask.simulator.refused import Refused
from lsync_flask.simulator.sessions import Sessions

_PROVIDER_BODY = (
    "The body must hold at least one of latency_ms, calls_per_s, backlog, bulk_ms, credits_left, records_per_call, "
    "json_calls_per_s (whole numbers from 0; credits_left and json_calls_per_s may be null) and internal_errors (a "
    "share from 0 to 1)."
)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_limit(value: Any) -> bool:
    return value is None or _is_count(value)


_PROVIDER: Mapping[str, Callable[[Any], bool]] = {
    "latency_ms": _is_count,
    "calls_per_s": _is_count,
    "backlog": _is_count,
    "bulk_ms": _is_count,
    "credits_left": _is_limit,
    "records_per_call": _is_count,
    "json_calls_per_s": _is_limit,
    "internal_errors": lambda value: isinstance(value, int | float) and 0 <= value <= 1,
}
LOOPBACK = frozenset(("127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True)
class Control:
    """What the side door opens to."""

    org: Org
    directory: Directory
    sessions: Sessions
    mailbox: Mailbox
    charges: ChargeLedger
    clock: Clock
    service: ServiceSettings
    gateway: GatewaySettings
    app: ConnectedApp


def create_control(control: Control) -> Flask:
    """The side door as a WSGI app, for the machine itself only."""
    app = Flask(__name__, static_folder=None)
    app.before_request(_only_loopback)
    app.register_error_handler(Refused, _tell_refused)
    app.register_error_handler(HTTPException, _tell_http)
    _add_ledgers(app, control)
    _add_switches(app, control)
    _add_provider(app, control)
    _add_users(app, control)
    app.register_blueprint(create_org_control(control.org))
    app.register_blueprint(create_app_control(control.app, control.directory))
    return app


def _only_loopback() -> None:
    if request.remote_addr not in LOOPBACK:
        raise Refused("The control address answers this machine only.", 403)
    # A page in a browser on this machine could otherwise reach it under a name of its own.
    if request.host.rpartition(":")[0].strip("[]") not in {*LOOPBACK, "localhost"}:
        raise Refused("The control address answers to its own name only.", 403)


def _tell_refused(error: Refused) -> tuple[Response, int]:
    return jsonify({"error": str(error)}), error.status


def _tell_http(error: HTTPException) -> tuple[Response, int]:
    return jsonify({"error": error.description}), error.code or 500


def _add_ledgers(app: Flask, control: Control) -> None:
    @app.get("/ledger/writes")
    def writes() -> Response:
        return jsonify([asdict(write) for write in control.org.writes.of(request.args.get("record") or None)])

    @app.get("/ledger/charges")
    def charges() -> Response:
        kept = control.charges.all(request.args.get("record", ""))
        return jsonify([asdict(charge) | {"charged_at": charge.charged_at.isoformat()} for charge in kept])

    @app.get("/calls")
    def calls() -> Response:
        return jsonify({"total": control.org.calls.total, "by_kind": control.org.calls.by_kind()})

    @app.get("/mails")
    def mails() -> Response:
        to = request.args.get("to", "").lower()
        kept = control.mailbox.all()
        return jsonify([_spell_mail(mail) for mail in kept if not to or to in (address.lower() for address in mail.to)])


def _spell_mail(mail: Mail) -> dict[str, Any]:
    return asdict(mail) | {"received_at": mail.received_at.isoformat()}


def _add_switches(app: Flask, control: Control) -> None:
    @app.post("/faults")
    def faults() -> tuple[Response, int]:
        try:
            plan = read_plan(request.get_json(silent=True))
        except InvalidPlan as error:
            raise Refused(str(error)) from error
        control.org.faults = PlannedFaults(plan)
        return jsonify({"plan": plan.spell()}), 201

    @app.get("/faults")
    def fault_counts() -> Response:
        faults = control.org.faults
        if not isinstance(faults, PlannedFaults):
            return jsonify({"plan": None, "acted": []})
        return jsonify({"plan": faults.plan.spell(), "acted": faults.acted})

    @app.post("/clock")
    def clock() -> Response:
        advance = _body().get("advance_s")
        if not isinstance(advance, int | float) or isinstance(advance, bool):
            raise Refused('The body must be {"advance_s": seconds}.')
        return jsonify({"now": control.clock.advance(advance).isoformat()})

    @app.post("/sessions/revoke")
    def revoke() -> Response:
        control.sessions.revoke_all()
        return jsonify({"revoked": True})


def _add_provider(app: Flask, control: Control) -> None:
    @app.post("/provider")
    def provider() -> Response:
        body = _body()
        if not body or not all(name in _PROVIDER and _PROVIDER[name](value) for name, value in body.items()):
            raise Refused(_PROVIDER_BODY)
        for name, value in body.items():
            _set_provider(control, name, value)
        return jsonify(body)


def _set_provider(control: Control, name: str, value: Any) -> None:
    if name == "credits_left":
        control.charges.credits_left = value
    elif name in {"latency_ms", "records_per_call"}:
        setattr(control.service, name, value)
    elif name == "json_calls_per_s":
        control.service.calls_per_s = value
    else:
        setattr(control.gateway, name, value)


def _body() -> Mapping[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Refused("The body must be a JSON object.")
    return body


def spell_user(directory: Directory, member: Member) -> dict[str, Any]:
    """A user as the simulator's line and the control address show them."""
    return {
        "username": member.username,
        "id": member.id,
        "name": member.name,
        "about": member.about,
        "email": member.email,
        "locale": member.locale,
        "time_zone": member.time_zone,
        "active": member.active,
        "approved": member.approved,
        "permission_sets": directory.permission_sets(member.id),
        "custom_permissions": sorted(directory.custom_permissions(member.id)),
    }


def _add_users(app: Flask, control: Control) -> None:
    directory = control.directory

    def find(user_id: str) -> Member:
        member = directory.by_id(user_id)
        if member is None:
            raise Refused("There is no such user.", 404)
        return member

    @app.get("/users")
    def users() -> Response:
        return jsonify([spell_user(directory, member) for member in directory.members()])

    @app.post("/users/<user_id>")
    def change(user_id: str) -> Response:
        member, body = find(user_id), _body()
        unknown = set(body) - {"active", "approved"}
        if unknown or not all(isinstance(value, bool) for value in body.values()):
            raise Refused('The body must be {"active": true or false, "approved": true or false}.')
        directory.set_active(member.id, active=body.get("active", member.active))
        directory.set_approved(member.id, approved=body.get("approved", member.approved))
        return jsonify(spell_user(directory, find(member.id)))

    @app.post("/users/<user_id>/permission_sets")
    def permission_sets(user_id: str) -> Response:
        member, body = find(user_id), _body()
        names = _read_names(body.get("permission_sets"), directory.set_names())
        directory.assign(member.id, names, _read_expiry(body.get("expires_in_s"), control.clock.now()))
        return jsonify(spell_user(directory, find(member.id)))

    @app.post("/users/<user_id>/refresh_token")
    def refresh_token(user_id: str) -> tuple[Response, int]:
        approval = control.sessions.approve(find(user_id).id, frozenset(("api", "id", "refresh_token")))
        return jsonify({"refresh_token": approval.token}), 201


def _read_names(names: Any, known: frozenset[str]) -> list[str]:
    if not isinstance(names, list):
        raise Refused('The body must be {"permission_sets": [names]}.')
    for name in names:
        if name not in known:
            raise Refused(f"There is no permission set {name}; there are {', '.join(sorted(known))}.")
    return list(dict.fromkeys(names))


def _read_expiry(seconds: Any, now: datetime) -> datetime | None:
    if seconds is None:
        return None
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise Refused("expires_in_s must be a number of seconds.")
    return now + timedelta(seconds=seconds)
