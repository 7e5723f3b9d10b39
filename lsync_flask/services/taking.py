"""How much of an audience a run takes: all of it, its first records in some order, or all of it in several activities.

Several activities follow one another by record id: each takes the next ids behind the last one of the activity before,
so that a record is in one of them and never in two, whatever the activities change in the org.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lsync_flask.engine.fields import ObjectInfo
from lsync_flask.errors import InvalidParams
from lsync_flask.services.plan import PartBody

BY_ID = "Id"
ORDERS: Mapping[str, str] = {
    "-CreatedDate": "newest first",
    "CreatedDate": "oldest first",
    "-LastModifiedDate": "last changed first",
    "LastModifiedDate": "longest unchanged first",
    "-AnnualRevenue": "largest revenue first",
    "-NumberOfEmployees": "most employees first",
}
"""The orders that the pages offer; scripts may name any field by which Salesforce can sort."""


class Taking(BaseModel):
    """What a run takes of its audience; without anything, all of it.

    `order_by` is a field of the object, with "-" before it for the greatest first; blank ones come last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: int | None = Field(default=None, ge=1, le=2**31 - 1)
    order_by: str = Field(default="", max_length=80)
    split: bool = False

    @model_validator(mode="after")
    def _fits(self) -> "Taking":
        if self.split and self.first is not None:
            raise ValueError("Choose either the first records or several activities")
        if self.order_by and self.first is None:
            raise ValueError("An order needs a number of first records")
        return self


EVERYTHING = Taking()


def taken(taking: Taking, count: int) -> int:
    """How many records of an audience of this size all its activities take together."""
    return count if taking.first is None else min(count, taking.first)


def number_of_parts(count: int, maximum: int) -> int:
    return -(-count // maximum)


def part_of(taking: Taking, count: int, maximum: int, info: ObjectInfo) -> PartBody | None:
    """The part that the first activity takes; None: all of the audience.

    Raises:
        InvalidParams: the object cannot be sorted in this way.
    """
    if taking.first is not None:
        terms, words = _terms(taking.order_by, info)
        return PartBody(order_by=terms, most=taking.first, words=f"the first {taking.first:,}, {words}")
    parts = number_of_parts(count, maximum)
    if not taking.split or parts <= 1:
        return None
    return PartBody(order_by=(BY_ID,), most=maximum, words=part_words(1, parts), of=parts, counted=count)


def part_words(number: int, of: int) -> str:
    return f"part {number} of {of}"


def _terms(order_by: str, info: ObjectInfo) -> tuple[tuple[str, ...], str]:
    if not order_by:
        return (BY_ID,), "by record id"
    name = order_by.removeprefix("-")
    field = info.fields.get(name)
    if field is None or not field.sortable:
        raise InvalidParams({"order_by": f"{info.label} cannot be sorted by {name}. Name one of its sortable fields."})
    falls = order_by.startswith("-")
    words = ORDERS.get(order_by, f"by {field.label}{', the greatest first' if falls else ''}")
    # The id makes the order the same every time it is asked for.
    return (f"{field.name} {'DESC' if falls else 'ASC'} NULLS LAST", BY_ID), words


def orders_for(info: ObjectInfo) -> list[tuple[str, str]]:
    """(order, words) that the pages offer for this object."""
    fields = info.fields
    return [
        (order, words)
        for order, words in ORDERS.items()
        if (found := fields.get(order.removeprefix("-"))) and found.sortable
    ]
