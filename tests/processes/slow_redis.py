"""A Redis that takes its time: passes bytes between a socket of its own and the real one, each answer held back."""

import socket
import threading
import time
from contextlib import contextmanager, suppress


@contextmanager
def slow_redis(real, path, delay_s):
    """Listens at `path`; whatever the server at `real` answers comes `delay_s` later."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    opened = []

    def serve():
        with suppress(OSError):
            while True:
                client = listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(real))
                opened.extend((client, server))
                for source, target, wait_s in ((client, server, 0.0), (server, client, delay_s)):
                    threading.Thread(target=_pass, args=(source, target, wait_s), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"unix://{path}"
    finally:
        for one in (listener, *opened):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        thread.join(5)


def _pass(source, target, wait_s):
    with suppress(OSError):
        while data := source.recv(65_536):
            time.sleep(wait_s)
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
