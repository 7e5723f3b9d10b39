"""Refusals in Salesforce's own form: an HTTP status, an error code, a message, sometimes fields."""

from collections.abc import Mapping

__all__ = ["ApiRefusal", "at_position", "not_found"]

_NO_OBJECT = (
    "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' "
    "after the entity name. Please reference your WSDL or the describe call for the appropriate names."
)
_NO_COLUMN = (
    "No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append the "
    "'__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names."
)
_NO_RELATIONSHIP = (
    "Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, be "
    "sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for "
    "the appropriate names."
)
_WINDOW = 200


class ApiRefusal(Exception):
    """A request that is answered by an error. `body` is one element of the array that the client gets."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: tuple[str, ...] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.fields, self.more = status, code, message, fields, more or {}

    @property
    def body(self) -> Mapping[str, object]:
        told: dict[str, object] = {"message": self.message, "errorCode": self.code}
        return (told if self.fields is None else told | {"fields": list(self.fields)}) | dict(self.more)


def not_found() -> ApiRefusal:
    return ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")


def at_position(soql: str, position: int, code: str, sentence: str) -> ApiRefusal:
    """A refusal of a statement that shows the line and points at the place in it."""
    before = soql[:position]
    row = before.count("\n") + 1
    start = before.rfind("\n") + 1
    end = soql.find("\n", position)
    line = soql[start : len(soql) if end < 0 else end]
    column = position - start
    # Long lines are cut to what lies around the place.
    cut = max(0, column - _WINDOW) if len(line) > 2 * _WINDOW else 0
    shown = line[cut : cut + 2 * _WINDOW]
    frame = f"\n{shown}\n{' ' * (column - cut)}^\nERROR at Row:{row}:Column:{column + 1}\n{sentence}"
    return ApiRefusal(400, code, frame)


def no_object(soql: str, position: int, name: str) -> ApiRefusal:
    return at_position(soql, position, "INVALID_TYPE", _NO_OBJECT.format(name=name))


def no_column(soql: str, position: int, name: str, entity: str) -> ApiRefusal:
    return at_position(soql, position, "INVALID_FIELD", _NO_COLUMN.format(name=name, entity=entity))


def no_relationship(soql: str, position: int, name: str) -> ApiRefusal:
    return at_position(soql, position, "INVALID_FIELD", _NO_RELATIONSHIP.format(name=name))
