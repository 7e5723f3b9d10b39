"""The Bulk jobs of an org: what they are, where they are kept, and the threads that work on them."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from lsync_flask.simulator.api_errors import ApiRefusal, not_found
from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.sim_user import SimUser

__all__ = ["DONE", "BulkJob", "Jobs", "wrong_state"]

log = logging.getLogger(__name__)

DONE = frozenset({"JobComplete", "Failed", "Aborted"})
_WORKERS = 3


@dataclass
class BulkJob:
    """What query and ingest jobs have in common. `version` is that of the call that made it."""

    id: str
    user: SimUser
    version: str
    operation: str
    object_name: str
    delimiter: str
    line_ending: str
    created_at: str
    state: str
    folder: Path
    processed: int = 0
    error: str | None = None
    changed_at: str = ""
    started_s: float = 0.0
    took_ms: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def move(self, state: str, moment: str, *, only_from: frozenset[str] | None = None) -> bool:
        """Go to another state; False, and nothing changed, when the job has ended or is in none of `only_from`."""
        with self.lock:
            if self.state in DONE or (only_from is not None and self.state not in only_from):
                return False
            self.state, self.changed_at = state, moment
            if self.started_s and state in DONE:
                self.took_ms = int((time.monotonic() - self.started_s) * 1000)
            return True

    @property
    def is_over(self) -> bool:
        return self.state in DONE

    def spell(self) -> dict[str, Any]:
        """What every answer about the job tells."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.user.id,
            "createdDate": _spell_moment(self.created_at),
            "systemModstamp": _spell_moment(self.changed_at or self.created_at),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }


def _spell_moment(stored: str) -> str:
    return stored[:-1] + "+0000"


J = TypeVar("J", bound=BulkJob)


class Jobs(Generic[J]):
    """The jobs of one kind. Work is done by a few threads, so that a job is never finished when it is made.

    `oldest` gives the moment, as it is stored, before which jobs and their results are no longer kept.
    """

    def __init__(self, folder: Path, oldest: Callable[[], str]) -> None:
        self.folder, self._oldest = folder, oldest
        self._jobs: dict[str, J] = {}
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    def add(self, job: J) -> J:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._jobs[job.id] = job
        return job

    def get(self, job_id: str) -> J:
        """The job of that id.

        Raises:
            ApiRefusal: NOT_FOUND, also when it was deleted or is older than what is kept.
        """
        job = self._jobs.get(to_18(job_id) or "")
        if job is None or job.created_at < self._oldest():
            raise not_found()
        return job

    def all(self) -> list[J]:
        """Those that are kept, oldest first."""
        oldest = self._oldest()
        with self._lock:
            return [job for job in self._jobs.values() if job.created_at >= oldest]

    def remove(self, job: J) -> None:
        with self._lock:
            self._jobs.pop(job.id, None)
        for file in self.folder.glob(f"{job.id}*"):
            file.unlink(missing_ok=True)

    def start(self, work: Callable[[J], None], job: J) -> None:
        """Have one of the threads work on the job."""
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="bulk-job")
            self._threads.submit(self._guard, work, job)

    @staticmethod
    def _guard(work: Callable[[J], None], job: J) -> None:
        try:
            work(job)
        except Exception:
            # A job must end, whatever happens; the log has the rest.
            log.exception("a Bulk job of the simulated org broke down: %s", job.id)
            job.error = "Unknown : an unexpected error occurred"
            job.move("Failed", job.changed_at or job.created_at)

    def close(self) -> None:
        """Stop the threads; jobs that have not begun never will."""
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)


def wrong_state(job: BulkJob, wanted: str) -> ApiRefusal:
    message = f"Invalid job state transition from {job.state} to {wanted} for job {job.id}"
    return ApiRefusal(400, "INVALIDJOBSTATE", message)
