"""Starts the local org with everything around it, says where it is, and serves until it is stopped."""

import json
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from threading import Event
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException, NotFound

from lsync_flask.errors import FatalError
from lsync_flask.simulator.canvas import ORG_NAME, CanvasHost
from lsync_flask.simulator.charges import ChargeLedger
from lsync_flask.simulator.clock import Clock
from lsync_flask.simulator.companies import load_companies
from lsync_flask.simulator.connected_app import ConnectedApp
from lsync_flask.simulator.control import Control, create_control, spell_user
from lsync_flask.simulator.directory import Directory
from lsync_flask.simulator.enrichment import ServiceSettings
from lsync_flask.simulator.feature_rules import settle_places
from lsync_flask.simulator.identity import Identity, keep_identity, keep_keys
from lsync_flask.simulator.leadspace_bulks import Gateway, GatewaySettings
from lsync_flask.simulator.lightning import TAB, Lightning, create_address, create_lightning, create_signing
from lsync_flask.simulator.login_pages import create_login
from lsync_flask.simulator.mailbox import Mailbox, Sink
from lsync_flask.simulator.matching import Matcher
from lsync_flask.simulator.oauth import OAuth
from lsync_flask.simulator.oauth_pages import create_identity, create_oauth
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.planned_faults import PlannedFaults
from lsync_flask.simulator.plans import InvalidPlan, read_plan
from lsync_flask.simulator.ports import bind_localhost, bind_port, port_of
from lsync_flask.simulator.provider_site import create_provider
from lsync_flask.simulator.records import fill_org
from lsync_flask.simulator.rest import create_rest
from lsync_flask.simulator.servers import MailServer, WebServer
from lsync_flask.simulator.sessions import Sessions
from lsync_flask.simulator.users import INTEGRATION_SET

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """How to start. A port of 0 is any free one; after a given `port`, the others follow where they are free.

    `folder` keeps the org's keys from one start to the next; without one, everything is gone at the end. `features` are
    any of multi-currency, person-accounts and state-country.
    """

    port: int = 0
    records: int = 2000
    seed: int = 1
    latency_ms: int = 0
    faults: Path | None = None
    app_url: str = "http://127.0.0.1:8700/canvas"
    folder: Path | None = None
    features: tuple[str, ...] = ()
    lightning_port: int = 0
    provider_port: int = 0
    control_port: int = 0
    mail_port: int = 0


def run_simulator(options: SimulatorOptions) -> None:
    """Serve until SIGTERM or SIGINT. Prints one JSON line (contract, §7) once everything answers.

    Raises:
        FatalError: a port is taken, or the fault plan cannot be read.
    """
    stop = Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, ask_to_stop)
    with open_simulator(options) as line:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        stop.wait()


@contextmanager
def open_simulator(options: SimulatorOptions) -> Iterator[dict[str, Any]]:
    """The simulator as long as the block lasts; its line (contract, §7).

    Raises:
        FatalError: a port is taken, or the fault plan cannot be read.
    """
    with ExitStack() as stack:
        ports = stack.enter_context(_open_ports(options))
        folder = stack.enter_context(_open_folder(options.folder))
        house = _build(options, folder, ports)
        stack.callback(house.org.close)
        for server in house.servers(ports):
            server.start()
            stack.callback(server.close)
        yield house.line(folder)


@contextmanager
def _open_folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    made = Path(tempfile.mkdtemp(prefix="lsync-simulator-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Ports:
    """The bound sockets."""

    org: socket
    lightning: list[socket]
    provider: socket
    control: socket
    mail: socket


@contextmanager
def _open_ports(options: SimulatorOptions) -> Iterator[Ports]:
    org = bind_port(options.port, "the org")
    wishes = (options.lightning_port, options.provider_port, options.control_port, options.mail_port)
    after = [options.port + place if options.port else 0 for place in range(1, len(wishes) + 1)]
    bound: list[list[socket]] = []
    try:
        for wish, next_port, purpose in zip(
            wishes, after, ("the Lightning page", "the provider", "control", "mail"), strict=True
        ):
            bound.append(_bind_wish(wish, next_port, purpose))
        lightning, (provider, *_), (control, *_), (mail, *_) = bound
        yield Ports(org, lightning, provider, control, mail)
    finally:
        for each in (org, *(one for several in bound for one in several)):
            each.close()


def _bind_wish(wish: int, next_port: int, purpose: str) -> list[socket]:
    bind = bind_localhost if purpose == "the Lightning page" else _bind_one
    if wish or not next_port:
        return bind(wish, purpose)
    try:
        return bind(next_port, purpose)
    except FatalError:
        return bind(0, purpose)


def _bind_one(port: int, purpose: str) -> list[socket]:
    return [bind_port(port, purpose)]


@dataclass(frozen=True, slots=True)
class House:
    """Everything that one simulated org consists of."""

    identity: Identity
    host: CanvasHost
    org: Org
    oauth: OAuth
    lightning: Lightning
    control: Control
    matcher: Matcher
    urls: dict[str, str]

    def servers(self, ports: Ports) -> list[WebServer | MailServer]:
        """The servers, not yet started."""
        control = self.control
        gateway = Gateway(control.gateway, self.matcher, control.charges, control.clock.now)
        provider = create_provider(control.service, gateway, lambda: self.org.faults)
        data = create_rest(self.org, self.oauth.sim_user)
        return [
            WebServer(_create_org_site(self), [ports.org]),
            WebServer(create_lightning(self.lightning, data), ports.lightning, threads=8),
            WebServer(provider, [ports.provider]),
            WebServer(create_control(control), [ports.control], threads=4),
            MailServer(Sink(control.mailbox), ports.mail),
        ]

    def line(self, folder: Path) -> dict[str, Any]:
        """What a client must know to use the org."""
        directory = self.control.directory
        return {
            "org_url": self.host.org_url,
            "org_id": self.identity.org_id,
            "lightning_url": self.host.lightning_url + TAB.path,
            "provider_url": self.urls["provider"],
            "provider_key": self.identity.provider_key,
            "provider_program": self.control.gateway.program,
            "consumer_key": self.identity.consumer_key,
            "consumer_secret": self.identity.consumer_secret,
            "jwt_private_key_file": str(keep_keys(folder)[0]),
            "users": [spell_user(directory, member) for member in directory.members()],
            "control_url": self.urls["control"],
            "smtp_url": self.urls["smtp"],
            "mails_url": f"{self.host.lightning_url}/mails",
        }


def _build(options: SimulatorOptions, folder: Path, ports: Ports) -> House:
    clock, identity = Clock(), keep_identity(folder, options.seed)
    plan = _read_faults(options.faults)
    host = CanvasHost(
        org_id=identity.org_id,
        org_url=f"http://127.0.0.1:{port_of(ports.org)}",
        lightning_url=f"http://localhost:{port_of(ports.lightning[0])}",
        app_url=options.app_url,
        consumer_secret=identity.consumer_secret,
        multi_currency="multi-currency" in options.features,
    )
    org = Org.create(
        folder,
        org_id=identity.org_id,
        name=ORG_NAME,
        my_domain_url=host.org_url,
        now=clock.now,
        features=options.features,
    )
    org.pace.latency_s = options.latency_ms / 1000
    org.faults = plan or org.faults
    directory = _people_org(org, options)
    sessions = Sessions(identity.org_id, clock.now)
    oauth = _open_oauth(identity, keep_keys(folder)[1], host, directory, sessions, clock)
    mailbox = Mailbox(clock.now)
    org.send_mail = mailbox.add
    lightning = Lightning(host, directory, sessions, mailbox, oauth.authenticate, org.has_record, clock.now)
    service = ServiceSettings(identity.provider_key, latency_ms=options.latency_ms)
    gateway = GatewaySettings(identity.provider_key)
    control = Control(org, directory, sessions, mailbox, ChargeLedger(clock.now), clock, service, gateway, oauth.app)
    urls = {
        "provider": f"http://127.0.0.1:{port_of(ports.provider)}",
        "control": f"http://127.0.0.1:{port_of(ports.control)}",
        "smtp": f"smtp://127.0.0.1:{port_of(ports.mail)}",
    }
    return House(identity, host, org, oauth, lightning, control, Matcher(load_companies()), urls)


def _people_org(org: Org, options: SimulatorOptions) -> Directory:
    org.insert(
        "Organization",
        {
            "Id": org.id,
            "Name": ORG_NAME,
            "DefaultLocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US",
            "TimeZoneSidKey": "GMT",
            "OrganizationType": "Developer Edition",
            "InstanceName": "LSYNC",
        },
    )
    # Whatever nobody in particular made was made by the org itself, as in every real one.
    maker = {"Id": org.default_user_id, "LastName": "Automated Process", "Alias": "autoproc", "IsActive": True}
    org.insert("User", {**maker, "Username": f"autoproc@{org.id.lower()}", "UserType": "AutomatedProcess"})
    directory = Directory(org)
    fill_org(org, directory, records=options.records, seed=options.seed)
    if "state-country" in options.features:
        settle_places(org)
    return directory


def _open_oauth(
    identity: Identity, certificate: Path, host: CanvasHost, directory: Directory, sessions: Sessions, clock: Clock
) -> OAuth:
    run_as = next((each.username for each in directory.members() if INTEGRATION_SET in each.person.sets), None)
    parts = urlsplit(host.app_url)
    app = ConnectedApp(
        identity.consumer_key,
        identity.consumer_secret,
        certificate.read_bytes(),
        run_as,
        # LSync's own, and the one that the Salesforce CLI listens at.
        callback_urls=(f"{parts.scheme}://{parts.netloc}/oauth/callback", "http://localhost:1717/OauthRedirect"),
    )
    return OAuth(
        app=app, org_url=host.org_url, org_id=identity.org_id, directory=directory, sessions=sessions, now=clock.now
    )


def _read_faults(file: Path | None) -> PlannedFaults | None:
    if file is None:
        return None
    try:
        return PlannedFaults(read_plan(json.loads(file.read_text())))
    except (OSError, ValueError, InvalidPlan) as error:
        raise FatalError(f"The fault plan {file} cannot be used: {error}") from error


def _create_org_site(house: House) -> Flask:
    site = Flask(__name__, static_folder=None)
    if isinstance(site.json, DefaultJSONProvider):
        site.json.sort_keys = False
    oauth = create_oauth(house.oauth)
    oauth.before_request(lambda: house.org.faults.before(request))
    oauth.after_request(lambda response: house.org.faults.after(request, response))
    site.register_blueprint(oauth)
    site.register_blueprint(create_login(house.oauth))
    site.register_blueprint(create_identity(house.oauth))
    site.register_blueprint(create_signing(house.lightning))
    site.register_blueprint(create_address(house.lightning))
    site.register_blueprint(create_rest(house.org, house.oauth.sim_user))
    site.register_error_handler(HTTPException, _tell_http)
    return site


def _tell_http(error: HTTPException) -> tuple[Response, int]:
    if isinstance(error, NotFound):
        log.warning("not in the local org: %s %s", request.method, request.path)
        return jsonify([{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]), 404
    code = {405: "METHOD_NOT_ALLOWED", 413: "REQUEST_TOO_LARGE"}.get(error.code or 500, "UNKNOWN_EXCEPTION")
    return jsonify([{"message": error.description, "errorCode": code}]), error.code or 500
