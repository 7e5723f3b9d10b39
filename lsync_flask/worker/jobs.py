"""The one function that RQ may run. Its argument is one integer; everything else comes from the ledger."""

import contextvars
import os
import signal
import threading
from types import FrameType

from lsync_flask.errors import FatalError
from lsync_flask.services.resources import Resources
from lsync_flask.worker.drain import drain as drain_activity
from lsync_flask.worker.pulse import Pulse
from lsync_flask.worker.watch import Lifeline

resources_of_worker: contextvars.ContextVar[Resources] = contextvars.ContextVar("resources_of_worker")
"""Set by the worker before it forks: a job's arguments are one integer, nothing that Redis could smuggle in."""
pulse_of_worker: contextvars.ContextVar[Pulse] = contextvars.ContextVar("pulse_of_worker")


def drain(activity_id: int) -> None:
    """Work on this activity for a slice. SIGTERM asks it to hand over."""
    if type(activity_id) is not int:
        raise FatalError("A doorbell carries one whole number and nothing else.")
    stop = threading.Event()

    def _stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        resources = resources_of_worker.get()
        lifeline = Lifeline(pulse_of_worker.get().beat, os._exit, resources.settings.plugin_limit_s)
        drain_activity(resources, activity_id, stop, lifeline=lifeline)
    finally:
        signal.signal(signal.SIGTERM, previous)
