"""Runs WSGI apps and the mail sink on sockets that are bound already, each in its own thread, until they are closed."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Any

from aiosmtpd.smtp import SMTP
from waitress import wasyncore
from waitress.server import create_server
from waitress.trigger import trigger

from lsync_flask.simulator.mailbox import SIZE_LIMIT, Sink

THREADS = 24
LONGEST_IDLE_S = 900
LARGEST_BODY = 160_000_000
MEGABYTE = 1 << 20
JOIN_S = 3.0


class WebServer:
    """One WSGI app on its sockets."""

    def __init__(self, app: Callable[..., Any], sockets: Sequence[socket.socket], threads: int = THREADS) -> None:
        # A map of its own keeps the server's loop apart from the others; the buffers let Bulk results flow.
        self._map: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._map,
            asyncore_use_poll=True,
            sockets=list(sockets),
            threads=threads,
            channel_timeout=LONGEST_IDLE_S,
            connection_limit=1000,
            max_request_body_size=LARGEST_BODY,
            inbuf_overflow=8 * MEGABYTE,
            outbuf_overflow=64 * MEGABYTE,
            outbuf_high_watermark=32 * MEGABYTE,
            recv_bytes=MEGABYTE // 4,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
        self._thread = Thread(target=self._server.run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop answering; what is being answered is cut."""
        # Closed by its own loop: a socket that another thread closes under a poll is an error.
        for each in [each for each in list(self._map.values()) if isinstance(each, trigger)][:1]:
            each.pull_trigger(lambda: wasyncore.close_all(self._map))
        self._thread.join(JOIN_S)
        self._server.task_dispatcher.shutdown(timeout=1)


class MailServer:
    """The SMTP sink on its socket."""

    def __init__(self, sink: Sink, bound: socket.socket) -> None:
        self._sink = sink
        self._bound = bound
        self._loop = asyncio.new_event_loop()
        self._ready = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def _make_protocol(self) -> SMTP:
        return SMTP(self._sink, hostname="localhost", enable_SMTPUTF8=True, data_size_limit=SIZE_LIMIT, loop=self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._loop.create_server(self._make_protocol, sock=self._bound))
        self._loop.call_soon(self._ready.set)
        try:
            self._loop.run_forever()
        finally:
            server.close()
            self._loop.close()

    def start(self) -> None:
        """Serve; returns when mail is taken, so that a stop right afterwards finds a loop that can be stopped."""
        self._thread.start()
        self._ready.wait(JOIN_S)

    def close(self) -> None:
        """Stop taking mail."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(JOIN_S)
