"""What an activity was started with: the definition's version, the mappings and the settings, frozen at that moment.

A definition or mapping that is edited later changes nothing in an activity that runs; the plan also explains an old
result.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from lsync_flask.engine.audience import Audience, Criterion
from lsync_flask.engine.decide import ResultMapping, ResultRow
from lsync_flask.engine.fields import FieldInfo, ObjectInfo
from lsync_flask.engine.inputs import InputMapping, InputRow, PluginCall
from lsync_flask.engine.policies import Policy
from lsync_flask.engine.sizes import BULK_API_FROM
from lsync_flask.engine.value_quality import MOST_PLACEHOLDERS, Grade, least_of
from lsync_flask.storage.outbox import MAIL

Placeholder = Annotated[str, Field(min_length=1, max_length=80)]
Placeholders = Annotated[tuple[Placeholder, ...], Field(max_length=MOST_PLACEHOLDERS)]
"""Texts that count as no value, such as “N/A”."""


def _said_once(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    try:
        return check(value)
    except ValidationError:
        raise PydanticCustomError("certainty", "Give a whole number from 0 to 100, or low, medium or high.") from None


Certainty = Annotated[Annotated[int, Field(ge=0, le=100)] | Grade, WrapValidator(_said_once)]
"""How certain a match must be at least."""


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PluginCallBody(_Body):
    """A transform with its parameters, as stored."""

    plugin: str
    params: dict[str, Any] = {}

    def parsed(self) -> PluginCall:
        return PluginCall(self.plugin, self.params)


class InputRowBody(_Body):
    """One input of the provider and the Salesforce field that feeds it."""

    input: str
    source: str
    transforms: tuple[PluginCallBody, ...] = ()
    placeholders: Placeholders = ()


class ResultRowBody(_Body):
    """One output of the provider and the Salesforce field that it may change."""

    output: str
    target: str
    transforms: tuple[PluginCallBody, ...] = ()
    policy: Policy = "fill_blanks"
    minimum_confidence: Certainty | None = None
    placeholders: Placeholders = ()


class InputMappingBody(_Body):
    """The whole input mapping of an object, replaced as one."""

    rows: tuple[InputRowBody, ...] = ()

    def parsed(self, object_name: str) -> InputMapping:
        rows = tuple(InputRow(row.input, row.source, _calls(row.transforms), row.placeholders) for row in self.rows)
        return InputMapping(object_name, rows)


class ResultMappingBody(_Body):
    """The whole results mapping of an object, replaced as one."""

    rows: tuple[ResultRowBody, ...] = ()

    def parsed(self, object_name: str) -> ResultMapping:
        rows = tuple(
            ResultRow(
                row.output,
                row.target,
                _calls(row.transforms),
                row.policy,
                least_of(row.minimum_confidence),
                row.placeholders,
            )
            for row in self.rows
        )
        return ResultMapping(object_name, rows)


class CriterionBody(_Body):
    """One row of the filter: field, operator, and what was typed."""

    field: str
    operator: str
    value: Any = None


class TechnicalFields(_Body):
    """The API names of the three fields that say when and how a record went through."""

    activity_date: str = "LSync_Last_Activity_Date__c"
    error_code: str = "LSync_Error_Code__c"
    error_message: str = "LSync_Error_Message__c"

    def names(self) -> tuple[str, str, str]:
        return self.activity_date, self.error_code, self.error_message


class PartBody(_Body):
    """The part of an audience that one activity takes: the first `most` in this order, behind the record `behind`.

    `of` is above 1 where further activities take the rest, one after another; `counted` is the size of it all.
    """

    order_by: tuple[str, ...]
    most: int
    words: str
    behind: str = ""
    number: int = 1
    of: int = 1
    counted: int = 0


class Plan(_Body):
    """Everything that an activity does, decided when it was started."""

    definition: str
    object: str
    criteria: tuple[CriterionBody, ...]
    logic: str
    where: str = ""
    username: str
    time_zone: str
    provider: str
    provider_params: dict[str, Any]
    inputs: InputMappingBody
    results: ResultMappingBody
    technical_fields: TechnicalFields
    first_bulk_size: int
    bulk_size: int
    on_unknown_charge: str
    bulk_api_from: int = BULK_API_FROM
    mail_to: tuple[str, ...]
    notify: tuple[str, ...] = (MAIL,)
    part: PartBody | None = None  # None: the whole audience

    def audience(self) -> Audience:
        criteria = tuple(Criterion(row.field, row.operator, row.value) for row in self.criteria)
        return Audience(self.object, criteria, self.logic, self.where)


def _calls(bodies: tuple[PluginCallBody, ...]) -> tuple[PluginCall, ...]:
    return tuple(body.parsed() for body in bodies)


def ways_of(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """The ways in which people are told of an activity with this stored plan."""
    return tuple(plan.get("notify", (MAIL,)))


def missing_technical(info: ObjectInfo, names: TechnicalFields) -> list[str]:
    """The technical fields that are not there, or that the asking user may not write."""
    return [name for name in names.names() if not _is_writable(info.find(name))]


def _is_writable(field: FieldInfo | None) -> bool:
    return field is not None and field.updateable


def missing_sentence(info: ObjectInfo, missing: list[str]) -> str:
    return (
        f"{info.label} has no writable field {', '.join(missing)}. An admin can create the technical fields in "
        "Settings, and must give the definition's owner edit access to them."
    )
