"""How a Bulk job ends: complete, or as a fault plan says."""

import threading
import time

from lsync_flask.simulator.bulk_jobs import BulkJob
from lsync_flask.simulator.faults import JobFault
from lsync_flask.simulator.org import Org

__all__ = ["end_job", "finish_job", "stops_after"]

_LOOK_S = 0.05


def finish_job(org: Org, job: BulkJob) -> None:
    """All of the work is done: the job is complete, unless a fault makes it something else."""
    fault = org.faults.end_job(job.id)
    if fault is None:
        job.move("JobComplete", org.moment())
    elif fault.state == "InProgress":
        threading.Thread(target=_hold, args=(org, job, fault.stuck_s), daemon=True).start()
    else:
        end_job(org, job, fault)


def stops_after(org: Org, job: BulkJob, rows: int) -> JobFault | None:
    """The fault that ends the job after so many rows, or None."""
    return org.faults.end_job(job.id, rows) if org.faults.stops_jobs else None


def end_job(org: Org, job: BulkJob, fault: JobFault) -> None:
    """End the job as the fault says."""
    job.error = fault.message or job.error
    job.move(fault.state, org.moment())


def _hold(org: Org, job: BulkJob, stuck_s: float | None) -> None:
    """Stay in progress until the time is over, another plan is set, the job is aborted or the org is closed."""
    plan, end = org.faults, time.monotonic() + (stuck_s if stuck_s is not None else float("inf"))
    while org.faults is plan and time.monotonic() < end and not job.is_over and not org.closed.is_set():
        time.sleep(_LOOK_S)
    job.move("JobComplete", org.moment())
