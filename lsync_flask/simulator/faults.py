"""Where a fault plan takes hold. As it stands nothing is ever wrong; a plan is a subclass that says otherwise."""

from dataclasses import dataclass

from flask import Request, Response

__all__ = ["Faults", "RowFault"]


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why one record is refused, such as UNABLE_TO_LOCK_ROW."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


class Faults:
    """The org asks at each of these points. `refuses_rows` keeps the quick paths quick while no plan wants rows."""

    refuses_rows = False

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

    def job_state(self, job_id: str, state: str) -> str:
        """The state that a Bulk job is to take instead of this one, such as Failed."""
        del job_id
        return state
