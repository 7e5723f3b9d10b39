"""The worker process: RQ's worker made safe for us (`reference/reliability.md` B2).

It runs only the job on the allow-list, listens on one queue, notices a dead worker within seconds, its child dies with
it, and SIGTERM is passed on so that the drain hands over instead of finishing its slice.
"""

import ctypes
import gc
import os
import signal
import sys
from time import sleep
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from lsync_flask.doorbell import JOB, queue
from lsync_flask.services.resources import Resources
from lsync_flask.worker.jobs import pulse_of_worker, resources_of_worker
from lsync_flask.worker.pulse import Pulse

log = structlog.get_logger(__name__)

PR_SET_PDEATHSIG = 1
M_ARENA_MAX = -8
ARENAS = 2
M_MMAP_THRESHOLD = -3
M_TRIM_THRESHOLD = -1
LARGE = 256 * 1024
SILENT_S = 20.0
REDIS_AWAY_S = 2.0


class AllowedJob(Job):  # type: ignore[misc]  # RQ ships no types
    """A job whose function is looked up only when it is on the list: Redis cannot make us run anything else."""

    @property
    def func(self) -> Any:
        if self.func_name != JOB or self.instance is not None or self.kwargs or not _is_one_number(self.args):
            log.error("a job that is not on the list was refused", function=str(self.func_name)[:80])
            raise PermissionError("This job is not on the list of what LSync's worker runs.")
        return super().func


def _is_one_number(arguments: Any) -> bool:
    return isinstance(arguments, list | tuple) and len(arguments) == 1 and type(arguments[0]) is int


class SafeWorker(Worker):  # type: ignore[misc]  # RQ ships no types
    """RQ's forking worker with short heartbeats, a child that cannot outlive it, and a quick hand-over."""

    silent_s = SILENT_S

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(
            *args, **{"job_monitoring_interval": 3, "maintenance_interval": 5, "worker_ttl": 20, **options}
        )
        self.pulse = Pulse()
        self.is_stopping = False

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002 - RQ names them
        return int(self.job_monitoring_interval) + 10

    def main_work_horse(self, job: Job, work_queue: Any) -> None:
        parent = os.getppid()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
        super().main_work_horse(job, work_queue)

    def execute_job(self, job: Job, queue: Any) -> None:
        self.pulse.beat()
        super().execute_job(job, queue)

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        """Called every few seconds while a job runs. A child that is silent holds the interpreter and cannot stop."""
        silent_s = self.pulse.silent_s()
        if silent_s > self.silent_s:
            log.error("a worker's child is silent and was killed", silent_s=round(silent_s), pid=self.horse_pid)
            self.kill_horse(signal.SIGKILL)
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError:
            # The drain needs no Redis: it goes on, and what Redis forgot meanwhile is rung anew.
            log.warning("Redis does not answer; the drain goes on")

    def request_stop(self, signum: int, frame: Any) -> None:
        self.is_stopping = True
        if self.horse_pid:
            try:
                os.kill(self.horse_pid, signal.SIGTERM)
            except ProcessLookupError:
                log.info("the job had just ended")
        super().request_stop(signum, frame)


def run_worker(resources: Resources, connection: Redis, *, burst: bool = False) -> None:
    """Work until told to stop."""
    resources_of_worker.set(resources)
    tune_memory()
    while not _work(connection, burst=burst):
        log.warning("the worker begins anew")
        sleep(REDIS_AWAY_S)


def _work(connection: Redis, *, burst: bool) -> bool:
    """Work until told to stop: True. False when Redis is away."""
    worker = SafeWorker([queue(connection)], connection=connection, job_class=AllowedJob, serializer=JSONSerializer)
    worker.log_result_lifespan = False
    pulse_of_worker.set(worker.pulse)
    try:
        worker.work(burst=burst, logging_level="WARNING", with_scheduler=False)
    except RedisError:
        log.warning("Redis does not answer")
    if worker.horse_pid:
        # RQ gave up its watch over a child that lives on; nothing may run unwatched.
        worker.kill_horse(signal.SIGKILL)
        worker.wait_for_horse()
    return burst or worker.is_stopping


def tune_memory() -> None:
    """Settings of the interpreter and the C library for a process that handles rows in bulk, in many threads.

    Rows are short-lived and hold no cycles, so that looking for cycles after every 700 of them is a quarter of the work
    for nothing. glibc gives each thread an arena of its own, and memory freed in one is not used by another.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_ARENA_MAX, ARENAS)
            mallopt(M_MMAP_THRESHOLD, LARGE)
            mallopt(M_TRIM_THRESHOLD, LARGE)
