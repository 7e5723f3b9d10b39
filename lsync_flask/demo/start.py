"""Starts all that LSync needs on one machine: Redis, the simulated org, the ledger, web, workers and the clock."""

import base64
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import requests

from lsync_flask.demo.set_up import set_up
from lsync_flask.demo.supervisor import Service, Supervisor, check_port
from lsync_flask.embedded_redis import server_command
from lsync_flask.errors import FatalError
from lsync_flask.settings import Settings, read_settings
from lsync_flask.storage.migrate import upgrade
from lsync_flask.wiring import wire

WEB_THREADS = "8"


@dataclass(frozen=True)
class DemoOptions:
    """What to start. `database_url` and `redis_url` are empty for the embedded ones."""

    folder: Path
    port: int = 8700
    records: int = 2_000
    seed: int = 1
    workers: int = 2
    latency_ms: int = 0
    database_url: str = ""
    redis_url: str = ""


@dataclass(frozen=True)
class Demo:
    """A demo that runs: where things are."""

    web_url: str
    org: Mapping[str, Any]  # the simulator's line, contract.md §7
    settings: Settings


def start_demo(options: DemoOptions, supervisor: Supervisor) -> Demo:
    """Start everything and fill it; the caller watches and stops the supervisor.

    Raises:
        FatalError: a port is taken or something does not start.
    """
    check_port(options.port, "LSync")
    return start_app(options, supervisor, start_simulator(options, supervisor))


def start_app(options: DemoOptions, supervisor: Supervisor, org: Mapping[str, Any]) -> Demo:
    """Start LSync beside a simulated org that runs already, and fill it."""
    web_url = _web_url(options)
    environment = _environment(options, org, web_url)
    settings = read_settings(environment)
    _start_redis(options, settings, supervisor)
    resources = wire(settings)
    upgrade(resources.database)
    set_up(resources, org)
    resources.database.close()
    _start_processes(options, environment, supervisor, web_url)
    return Demo(web_url, org, settings)


def _web_url(options: DemoOptions) -> str:
    return f"http://127.0.0.1:{options.port}"


def start_simulator(options: DemoOptions, supervisor: Supervisor) -> Mapping[str, Any]:
    """Start the simulated org; its line (contract.md §7) once it answers."""
    command = [
        *_lsync("simulator"),
        *("--records", str(options.records), "--seed", str(options.seed), "--latency-ms", str(options.latency_ms)),
        *("--app-url", f"{_web_url(options)}/canvas", "--folder", str(options.folder / "org")),
    ]
    output = supervisor.spawn_piped(Service("simulator", command, _plain_environment(), is_vital=True))
    line = output.readline()
    if not line:
        raise FatalError(f"The simulated org did not start. {supervisor.last_lines()}")
    org: Mapping[str, Any] = orjson.loads(line)
    return org


def _environment(options: DemoOptions, org: Mapping[str, Any], web_url: str) -> dict[str, str]:
    """The settings of a deployment, with secrets of its own that live in its folder and end with it."""
    hosts = [url.split("//")[1].split("/")[0] for url in (org["org_url"], org["lightning_url"])]
    provider = org["provider_url"].split("//")[1].split("/")[0]
    return {
        **_plain_environment(),
        "LSYNC_INSTANCE": str(options.folder),
        "DATABASE_URL": options.database_url,
        "REDIS_URL": options.redis_url,
        "LSYNC_SECRET_KEY": secrets.token_hex(32),
        "LSYNC_ENCRYPTION_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "LSYNC_PUBLIC_URL": web_url,
        "LSYNC_ALLOWED_ORG_HOSTS": ",".join(hosts),
        "LSYNC_ALLOWED_PROVIDER_HOSTS": provider,
        "SMTP_URL": str(org.get("smtp_url", "")),
        "LSYNC_MAIL_FROM": "LSync <lsync@demo.example>",
        "LSYNC_LOG_LEVEL": os.environ.get("LSYNC_LOG_LEVEL", "INFO"),
    }


def _plain_environment() -> dict[str, str]:
    """What a process needs of ours, and none of the settings that may lie about."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _start_redis(options: DemoOptions, settings: Settings, supervisor: Supervisor) -> None:
    if options.redis_url:
        return
    command = server_command(options.folder / "redis", settings.redis_socket)
    is_up = settings.redis_socket.exists
    supervisor.start(Service("redis", command, _plain_environment(), is_up), wait_s=10)


def _start_processes(
    options: DemoOptions, environment: Mapping[str, str], supervisor: Supervisor, web_url: str
) -> None:
    for _ in range(options.workers):
        supervisor.start(Service("worker", _lsync("worker"), environment))
    supervisor.start(Service("clock", _lsync("clock"), environment))
    web = [
        *(sys.executable, "-m", "gunicorn", "lsync_flask.wsgi:app"),
        *("--bind", web_url.removeprefix("http://"), "--worker-class", "gthread", "--workers", "1"),
        *("--threads", WEB_THREADS, "--no-control-socket", "--access-logfile", "-"),
    ]
    supervisor.start(Service("web", web, environment, lambda: _answers(f"{web_url}/healthz")), wait_s=60)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _lsync(command: str) -> list[str]:
    return [sys.executable, "-m", "lsync_flask", command]
