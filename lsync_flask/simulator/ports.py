"""Sockets on this machine alone: bound before anything is served, so that a taken port is known at once."""

import errno
import socket

from lsync_flask.errors import FatalError

IPV4, IPV6 = "127.0.0.1", "::1"


def bind_port(port: int, purpose: str) -> socket.socket:
    """A listening socket on 127.0.0.1; port 0 takes a free one.

    Raises:
        FatalError: the port is taken or not allowed; the sentence names it.
    """
    return _bind(socket.AF_INET, IPV4, port, purpose)


def bind_localhost(port: int, purpose: str) -> list[socket.socket]:
    """Listening sockets for the name `localhost`, which browsers take for 127.0.0.1 or ::1; both on one port."""
    first = bind_port(port, purpose)
    try:
        return [first, _bind(socket.AF_INET6, IPV6, first.getsockname()[1], purpose)]
    except (FatalError, OSError):
        # Without IPv6 the name can only mean 127.0.0.1.
        return [first]


def _bind(family: socket.AddressFamily, host: str, port: int, purpose: str) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
        bound.listen(256)
    except OSError as error:
        bound.close()
        raise FatalError(_sentence(error, port, purpose)) from error
    return bound


def _sentence(error: OSError, port: int, purpose: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port}, wanted for {purpose}, is already taken by another program; choose another one."
    return f"Port {port}, wanted for {purpose}, cannot be opened: {error.strerror}."


def port_of(bound: socket.socket) -> int:
    """The port of a bound socket."""
    return int(bound.getsockname()[1])
