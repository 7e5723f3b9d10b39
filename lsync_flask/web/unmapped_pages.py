"""The values of an activity that no picklist has, with the org's value to choose for each."""

from flask import request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from lsync_flask.door import actor, resources
from lsync_flask.errors import Conflict, InvalidParams
from lsync_flask.services.unmapped import MappedValue, list_unmapped, map_values
from lsync_flask.web.rendering import render

BLANK = "\x1f"
"""Chosen for “count as blank”; nothing chosen leaves the value alone."""


def show(number: int, *, said: str = "", problem: str = "") -> str:
    report = list_unmapped(resources(), actor(), number)
    return render(
        "web/unmapped.html",
        number=number,
        report=report,
        said=said,
        problem=problem,
        blank=BLANK,
        may_change=actor().may("change settings and mappings"),
        here="/activities",
    )


def save(number: int) -> ResponseReturnValue:
    """Put what was chosen into the results mapping."""
    actor().must("change settings and mappings")
    report = list_unmapped(resources(), actor(), number)
    try:
        pairs = [
            MappedValue(field=one.field, value=one.value, to="" if chosen == BLANK else chosen)
            for place, one in enumerate(report.values)
            if (chosen := request.form.get(f"to.{place}", "")) and request.form.get(f"value.{place}") == one.value
        ]
        map_values(resources(), actor(), report.object, pairs)
    except ValidationError:
        return show(
            number, problem="A value with an equals sign, or with more than 255 characters, cannot be mapped."
        ), 422
    except InvalidParams as error:
        return show(number, problem=" ".join(error.problems.values())), 422
    except Conflict as error:
        return show(number, problem=error.sentence), 409
    said = f"{len(pairs)} {'value is' if len(pairs) == 1 else 'values are'} in the mapping now. The next run uses it."
    return show(number, said=said)
