"""Starts processes, restarts those that die, and leaves none behind: not on Ctrl-C, not on kill, not on a crash."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from lsync_flask.errors import FatalError

PR_SET_PDEATHSIG = 1
STOP_S = 25.0
MOST_RESTARTS = 20
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Service:
    """A process to keep running. `is_up` says when it answers; `is_vital`: without it all of it ends."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    is_up: Callable[[], bool] = lambda: True
    is_vital: bool = False


@dataclass
class _Running:
    service: Service
    process: "subprocess.Popen[bytes]"
    restarts: int = 0


@dataclass
class Supervisor:
    """The processes of a demo. Their output goes to one log file in its folder."""

    log_path: Path
    running: list[_Running] = field(default_factory=list)
    most_restarts: int = MOST_RESTARTS

    def start(self, service: Service, *, wait_s: float = 30.0) -> None:
        """Start a process and wait until it answers.

        Raises:
            FatalError: it ended or did not answer in time; the last lines of the log say why.
        """
        self.running.append(_Running(service, self._spawn(service)))
        self._await_up(self.running[-1], wait_s)

    def spawn_piped(self, service: Service) -> "IO[bytes]":
        """Start a process whose standard output is read by us."""
        process = self._spawn(service, stdout=subprocess.PIPE)
        self.running.append(_Running(service, process))
        if process.stdout is None:
            raise FatalError(f"{service.name} has no output to read.")
        return process.stdout

    def _spawn(self, service: Service, stdout: int | None = None) -> "subprocess.Popen[bytes]":
        with self.log_path.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own commands
                list(service.command),
                env=dict(service.environment),
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the others in order
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one thread here, one system call there
            )

    def _await_up(self, one: _Running, wait_s: float) -> None:
        end = monotonic() + wait_s
        while not one.service.is_up():
            if one.process.poll() is not None or monotonic() > end:
                raise FatalError(f"{one.service.name} did not start. {self.last_lines()}")
            sleep(0.05)

    def watch(self) -> None:
        """Restart what has died.

        Raises:
            FatalError: something vital has ended, or something ends again and again.
        """
        for one in self.running:
            if one.process.poll() is None:
                continue
            if one.service.is_vital or one.restarts >= self.most_restarts:
                raise FatalError(f"{one.service.name} has ended. {self.last_lines()}")
            one.restarts += 1
            one.process = self._spawn(one.service)

    def kill_one(self, name: str, chance: random.Random) -> None:
        """Kill one of the processes of this name outright; `watch` starts it again."""
        one = chance.choice([one for one in self.running if one.service.name == name])
        _signal(one.process, signal.SIGKILL)
        one.process.wait()

    def stop(self) -> None:
        """Stop all, the last started first; what does not stop is killed."""
        for one in reversed(self.running):
            _signal(one.process, signal.SIGTERM)
        end = monotonic() + STOP_S
        for one in reversed(self.running):
            _await_end(one.process, end)
        self.running.clear()

    def last_lines(self, number: int = 3) -> str:
        lines = self.log_path.read_text(errors="replace").splitlines() if self.log_path.exists() else []
        return " | ".join(line[:300] for line in lines[-number:])

    def pids(self) -> dict[str, list[int]]:
        """The processes by name, for tests that kill them."""
        names: dict[str, list[int]] = {}
        for one in self.running:
            names.setdefault(one.service.name, []).append(one.process.pid)
        return names


def _die_with_parent() -> None:
    """A supervisor that is killed outright takes its children along (Linux)."""
    if sys.platform == "linux":
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    if process.poll() is None:
        process.send_signal(number)


def _await_end(process: "subprocess.Popen[bytes]", end: float) -> None:
    try:
        process.wait(max(0.1, end - monotonic()))
    except subprocess.TimeoutExpired:
        # Its children too: it leads a session of its own.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def check_port(port: int, what: str) -> None:
    """Raises FatalError, with the port, when somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise FatalError(f"Port {port} for {what} is taken. Choose another one: lsync demo --port N") from error


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
