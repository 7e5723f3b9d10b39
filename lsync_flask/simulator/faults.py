"""Where a fault plan takes hold. As it stands nothing is ever wrong; a plan is a subclass that says otherwise."""

from dataclasses import dataclass

from flask import Request, Response

__all__ = ["Faults", "JobFault", "RowFault"]


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why one record is refused, such as UNABLE_TO_LOCK_ROW."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobFault:
    """How a Bulk job ends when it does not end well. `stuck_s` None: it does not end at all while the plan holds."""

    state: str
    message: str = ""
    stuck_s: float | None = None


class Faults:
    """Asked at each of these points. `refuses_rows` and `stops_jobs` keep quick what no plan wants to disturb."""

    refuses_rows = False
    stops_jobs = False

    def before(self, request: Request) -> Response | None:
        """An answer to give instead of the true one, or None."""
        del request
        return None

    def after(self, request: Request, response: Response) -> Response:
        """The true answer, or what becomes of it on the way."""
        del request
        return response

    def refuse_row(self, object_name: str, record: str, api: str) -> RowFault | None:
        """Why this record is not written, or None."""
        del object_name, record, api
        return None

    def end_job(self, job_id: str, rows: int | None = None) -> JobFault | None:
        """How the job ends: after `rows` rows, or, without them, when it would be complete. None: it goes on."""
        del job_id, rows
        return None
