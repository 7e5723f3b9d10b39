"""A SOQL statement as a tree of frozen parts. `position` is where a part stands in the text, counted from 0."""

from dataclasses import dataclass

__all__ = [
    "AllFields",
    "And",
    "CallTest",
    "ChildQuery",
    "Comparison",
    "Condition",
    "FieldRef",
    "FunctionCall",
    "Includes",
    "Item",
    "Literal",
    "Membership",
    "Not",
    "Or",
    "OrderItem",
    "Query",
    "SemiJoin",
]


@dataclass(frozen=True, slots=True)
class FieldRef:
    path: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """COUNT(Id), MAX(CreatedDate) and the like; `field` is None for COUNT()."""

    name: str
    field: FieldRef | None
    alias: str | None
    position: int


@dataclass(frozen=True, slots=True)
class AllFields:
    """FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""

    which: str
    position: int


@dataclass(frozen=True, slots=True)
class ChildQuery:
    query: "Query"
    position: int


Item = FieldRef | FunctionCall | AllFields | ChildQuery


@dataclass(frozen=True, slots=True)
class Literal:
    """A value. `kind` is string, number, date, datetime, boolean, null or period; `text` as written, unquoted."""

    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    field: FieldRef
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class CallTest:
    """A comparison in HAVING, such as COUNT(Id) > 1."""

    call: FunctionCall
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    field: FieldRef
    negated: bool
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class SemiJoin:
    field: FieldRef
    negated: bool
    query: "Query"
    position: int


@dataclass(frozen=True, slots=True)
class Includes:
    field: FieldRef
    excludes: bool
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Condition", ...]


Condition = Comparison | CallTest | Membership | SemiJoin | Includes | Not | And | Or


@dataclass(frozen=True, slots=True)
class OrderItem:
    what: FieldRef | FunctionCall
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Query:
    items: tuple[Item, ...]
    object: FieldRef
    alias: str | None = None
    where: Condition | None = None
    group_by: tuple[FieldRef, ...] = ()
    having: Condition | None = None
    order_by: tuple[OrderItem, ...] = ()
    limit: int | None = None
    offset: int | None = None
    scope: FieldRef | None = None
