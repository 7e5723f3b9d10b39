"""A SOQL tree as SQL for the org's tables: which columns, which joins, which rows, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lsync_flask.simulator.api_errors import ApiRefusal, at_position, no_column, no_object, no_relationship
from lsync_flask.simulator.permissions import Access
from lsync_flask.simulator.schema import Field, Schema, SObject
from lsync_flask.simulator.sim_user import SimUser
from lsync_flask.simulator.soql_ast import (
    AllFields,
    And,
    CallTest,
    ChildQuery,
    Comparison,
    Condition,
    FieldRef,
    FunctionCall,
    Includes,
    Membership,
    Not,
    Or,
    OrderItem,
    Query,
    SemiJoin,
)
from lsync_flask.simulator.soql_parse import parse_soql
from lsync_flask.simulator.soql_tests import Sql, Tester

__all__ = ["Asker", "Column", "Selection", "compile_child", "compile_soql"]

_MAX_OFFSET = 2000
_MAX_LEVELS, _MAX_PARENTS, _MAX_CHILDREN = 5, 55, 20
_MAX_SEMI_JOINS = 2
_ADDRESS = ("city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street")
_ONLY_TOP = (
    "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions."
)
_NOT_THE_SAME = (
    "The selected field in the subquery and the left operand field in the where expression in the outer query '{name}' "
    "should point to the same object type"
)
_MAX_ALL_FIELDS = 200
_FUNCTIONS = {"COUNT_DISTINCT": "count(DISTINCT {})"}


@dataclass(frozen=True)
class Asker:
    """On whose behalf and when a statement is run. `tooling` opens the objects of the Tooling API."""

    schema: Schema
    access: Access
    user: SimUser
    now: datetime
    tooling: bool = False
    all_rows: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One selected column: its path as the schema spells it, its field (None: an aggregate), and its SQL."""

    path: tuple[str, ...]
    field: Field | None
    sql: str


@dataclass(frozen=True)
class Selection:
    """What a statement asks for. `shape` is rows, count (the bare COUNT()) or groups.

    `parents` holds, by path, the alias in SQL and the object of each parent that is joined.
    """

    base: SObject
    shape: str
    columns: tuple[Column, ...]
    source: str
    where: str
    parameters: tuple[object, ...]
    order: str = ""
    limit: int | None = None
    offset: int = 0
    group: str = ""
    children: tuple[tuple[str, "ChildQuery", Field], ...] = ()
    parents: dict[tuple[str, ...], tuple[str, SObject]] = field(default_factory=dict)

    def sql(self, columns: str) -> str:
        """The whole statement, for these columns in SQL."""
        limit = "" if self.limit is None and not self.offset else f" LIMIT {-1 if self.limit is None else self.limit}"
        offset = f" OFFSET {self.offset}" if self.offset else ""
        where = f" WHERE {self.where}" if self.where else ""
        return f"SELECT {columns} {self.source}{where}{self.group}{self.order}{limit}{offset}"


def compile_soql(soql: str, asker: Asker) -> Selection:
    """What the statement asks for, checked against the schema and what the asker may see.

    Raises:
        ApiRefusal: anything is wrong with it, in Salesforce's words.
    """
    return _Compiler(soql, parse_soql(soql), asker).compile()


def compile_child(soql: str, item: ChildQuery, asker: Asker, parent: SObject, link: Field) -> Selection:
    """The children of one record; its id is the last parameter, which the caller adds."""
    child = next(found for _, found, one in child_relationships(asker.schema, parent).values() if one is link)
    made = _Compiler(soql, item.query, asker, child).compile()
    return replace(made, where=f'{made.where} AND t0."{link.name}" = ?')


class _Compiler:
    def __init__(
        self, soql: str, query: Query, asker: Asker, base: SObject | None = None, *, nested: bool = False
    ) -> None:
        self._soql, self._query, self._asker, self._nested = soql, query, asker, nested
        self._base = base or self._find_object(query.object)
        self._joins: dict[tuple[str, ...], tuple[str, SObject]] = {}
        self._clauses: list[str] = []
        self._spelled: dict[tuple[str, ...], tuple[str, ...]] = {(): ()}
        self._tester = Tester(soql, asker.user, asker.now)
        self._semi_joins = 0

    def compile(self) -> Selection:
        query = self._query
        self._check_offset()
        where, parameters = self._where()
        having, more = self._having()
        shape = self._shape()
        columns = self._columns() if shape == "rows" else self._group_columns()
        children = tuple(self._child(item) for item in query.items if isinstance(item, ChildQuery))
        if len(children) > _MAX_CHILDREN:
            raise ApiRefusal(400, "MALFORMED_QUERY", f"A query may have at most {_MAX_CHILDREN} sub-queries")
        group = self._group(having)
        order = self._order(query.order_by)
        return Selection(
            self._base,
            shape,
            columns,
            " ".join([f'FROM "{self._base.name}" t0', *self._clauses]),
            where,
            (*parameters, *more),
            order,
            query.limit,
            query.offset or 0,
            group,
            children,
            {self._spelled[path]: joined for path, joined in self._joins.items()},
        )

    # -- objects and fields

    def _find_object(self, ref: FieldRef) -> SObject:
        found = self._asker.schema.get(ref.path[-1]) if len(ref.path) == 1 else None
        if found is None or not (self._asker.access.sees(found) or (self._asker.tooling and found.kind != "view")):
            raise no_object(self._soql, ref.position, ".".join(ref.path))
        return found

    def _resolve(self, ref: FieldRef) -> tuple[str, Field, tuple[str, ...]]:
        """The column in SQL, its field, and its path as the schema spells it."""
        path = ref.path
        own = {self._base.name.lower(), (self._query.alias or "").lower()}
        if len(path) > 1 and path[0].lower() in own:
            path = path[1:]
        if len(path) > _MAX_LEVELS + 1:
            message = f"Relationship fields go at most {_MAX_LEVELS} levels up: {'.'.join(path)}"
            raise at_position(self._soql, ref.position, "MALFORMED_QUERY", message)
        alias, found, parents = "t0", self._base, tuple[str, ...]()
        for name in path[:-1]:
            alias, found, parents = self._join(parents, alias, found, name, ref)
        known = found.field(path[-1])
        if known is None or not self._asker.access.reads(found, known):
            raise no_column(self._soql, ref.position, path[-1], found.name)
        column = f'{alias}."{known.name}"' if known.is_stored else _compound(alias, known)
        return column, known, (*self._spelled[parents], known.name)

    def _join(
        self, parents: tuple[str, ...], alias: str, found: SObject, name: str, ref: FieldRef
    ) -> tuple[str, SObject, tuple[str, ...]]:
        path = (*parents, name.lower())
        if path not in self._joins:
            link = found.relationships.get(name.lower())
            target = self._target(link)
            if link is None or target is None or not self._asker.access.reads(found, link):
                raise no_relationship(self._soql, ref.position, name)
            if len(self._joins) >= _MAX_PARENTS:
                message = f"A query may have at most {_MAX_PARENTS} relationships to parents"
                raise at_position(self._soql, ref.position, "MALFORMED_QUERY", message)
            new = f"t{len(self._joins) + 1}"
            mine = self._own(target, new)
            shared = f" AND {mine}" if mine else ""
            self._clauses.append(f'LEFT JOIN "{target.name}" {new} ON {new}.Id = {alias}."{link.name}"{shared}')
            self._joins[path] = (new, target)
            self._spelled[path] = (*self._spelled[parents], str(link.relationship))
        return (*self._joins[path], path)

    def _own(self, found: SObject, alias: str) -> str:
        """What keeps others' records from a user who may see their own only; nothing for most."""
        return f"{alias}.OwnerId = '{self._asker.user.id}'" if found.name.lower() in self._asker.access.hidden else ""

    def _target(self, link: Field | None) -> SObject | None:
        if link is None:
            return None
        return self._asker.schema.get("Name" if link.is_polymorphic else link.references[0])

    # -- what is selected

    def _shape(self) -> str:
        calls = [item for item in self._query.items if isinstance(item, FunctionCall)]
        if len(calls) == 1 == len(self._query.items) and calls[0].field is None:
            return "count"
        return "groups" if calls or self._query.group_by else "rows"

    def _columns(self) -> tuple[Column, ...]:
        columns: list[Column] = []
        for item in self._query.items:
            if isinstance(item, AllFields):
                columns += self._all_fields(item)
            elif isinstance(item, FieldRef):
                column, known, path = self._resolve(item)
                if any(path == other.path for other in columns):
                    message = f"duplicate field selected: {'.'.join(item.path)}"
                    raise at_position(self._soql, item.position, "INVALID_FIELD", message)
                columns.append(Column(path, known, column))
        return tuple(columns)

    def _all_fields(self, item: AllFields) -> list[Column]:
        if item.which != "STANDARD" and (self._query.limit is None or self._query.limit > _MAX_ALL_FIELDS):
            message = "The SOQL FIELDS function must have a LIMIT of at most 200"
            raise at_position(self._soql, item.position, "MALFORMED_QUERY", message)
        wanted = [each for each in self._base.fields if item.which == "ALL" or each.custom == (item.which == "CUSTOM")]
        refs = [FieldRef((each.name,), item.position) for each in wanted if self._asker.access.reads(self._base, each)]
        return [Column(path, known, column) for column, known, path in map(self._resolve, refs)]

    def _group_columns(self) -> tuple[Column, ...]:
        columns = []
        grouped = {self._resolve(ref)[0] for ref in self._query.group_by}
        for item in self._query.items:
            if isinstance(item, FieldRef):
                column, known, _ = self._resolve(item)
                if column not in grouped:
                    message = f"Field must be grouped or aggregated: {'.'.join(item.path)}"
                    raise at_position(self._soql, item.position, "MALFORMED_QUERY", message)
                columns.append(Column((item.path[-1],), known, column))
            elif isinstance(item, FunctionCall):
                name = item.alias or f"expr{sum(column.field is None for column in columns)}"
                columns.append(Column((name,), None, self._call(item)))
        return tuple(columns)

    def _call(self, call: FunctionCall) -> str:
        if call.field is None:
            return "count(*)"
        column, known, _ = self._resolve(call.field)
        if not known.aggregatable or (call.name in {"SUM", "AVG"} and known.sql_type == "TEXT"):
            message = f"field {known.name} does not support aggregate operator {call.name}"
            raise at_position(self._soql, call.position, "MALFORMED_QUERY", message)
        return _FUNCTIONS.get(call.name, f"{call.name.lower()}({{}})").format(column)

    def _child(self, item: ChildQuery) -> tuple[str, ChildQuery, Field]:
        """A sub-query of the children of a record: their relationship, the query, the field that points up."""
        name = item.query.object.path[-1]
        found = child_relationships(self._asker.schema, self._base).get(name.lower())
        if found is None:
            raise no_relationship(self._soql, item.position, name)
        spelled, child, link = found
        _Compiler(self._soql, item.query, self._asker, child).compile()
        return spelled, item, link

    # -- which rows

    def _where(self) -> Sql:
        parts, parameters = [], list[object]()
        if not self._asker.all_rows:
            parts.append("t0.IsDeleted = 0")
        if mine := self._own(self._base, "t0"):
            parts.append(mine)
        if self._query.scope is not None:
            parts += self._scope(self._query.scope)
        if self._query.where is not None:
            sql, parameters = self._condition(self._query.where, negated=False, top=True)
            parts.append(sql)
        return " AND ".join(parts), parameters

    def _scope(self, scope: FieldRef) -> list[str]:
        """`everything`, or `mine`: what the asker owns. Of the other scopes this org has none."""
        name = scope.path[0].lower()
        if name == "everything":
            return []
        if name != "mine" or not self._base.has("OwnerId"):
            message = f"The specified scope is invalid: {scope.path[0]}"
            raise at_position(self._soql, scope.position, "INVALID_QUERY_SCOPE", message)
        return [f"t0.OwnerId = '{self._asker.user.id}'"]

    def _having(self) -> Sql:
        if self._query.having is None:
            return "", []
        return self._condition(self._query.having, negated=False, top=False)

    def _condition(self, condition: Condition, *, negated: bool, top: bool) -> Sql:
        if isinstance(condition, Not):
            return self._condition(condition.inner, negated=not negated, top=False)
        if isinstance(condition, And | Or):
            both = isinstance(condition, And)
            made = [self._condition(part, negated=negated, top=top and both) for part in condition.parts]
            word = "AND" if both != negated else "OR"
            return _join([sql for sql, _ in made], word), [one for _, more in made for one in more]
        sql, parameters = self._test(condition, top=top)
        # A comparison with nothing is false, and its NOT therefore true.
        return (f"({sql}) IS NOT TRUE" if negated else sql), parameters

    def _test(self, condition: Condition, *, top: bool) -> Sql:
        if isinstance(condition, SemiJoin):
            return self._semi_join(condition, top=top)
        if isinstance(condition, CallTest):
            return f"{self._call(condition.call)} {condition.operator} ?", [float(condition.value.text)]
        if not isinstance(condition, Comparison | Membership | Includes):
            raise TypeError(condition)
        column, known, _ = self._resolve(condition.field)
        if not known.filterable or not known.is_stored:
            message = f"field '{known.name}' can not be filtered in a query call"
            raise at_position(self._soql, condition.field.position, "INVALID_FIELD", message)
        if isinstance(condition, Comparison):
            return self._tester.compare(column, known, condition.operator, condition.value)
        if isinstance(condition, Membership):
            return self._tester.among(column, known, condition.negated, condition.values)
        return self._tester.includes(column, known, condition.excludes, condition.values)

    def _semi_join(self, condition: SemiJoin, *, top: bool) -> Sql:
        self._semi_joins += 1
        if self._nested:
            raise self._bad_semi_join(condition, "Nesting of semi join sub-selects is not supported")
        if not top:
            raise self._bad_semi_join(condition, _ONLY_TOP)
        if self._semi_joins > _MAX_SEMI_JOINS:
            raise self._bad_semi_join(condition, "A maximum of 2 semi join sub-selects is allowed.")
        column, outer, _ = self._resolve(condition.field)
        inner = _Compiler(self._soql, condition.query, self._asker, nested=True).compile()
        if len(inner.columns) != 1 or not _points(outer, self._base) & _points(inner.columns[0].field, inner.base):
            raise self._bad_semi_join(condition, _NOT_THE_SAME.format(name=outer.name))
        chosen = f"SELECT * FROM ({inner.sql(inner.columns[0].sql + ' AS one')}) WHERE one IS NOT NULL"
        sql = f"{column} IN ({chosen})"
        return (f"({sql}) IS NOT TRUE" if condition.negated else sql), list(inner.parameters)

    def _bad_semi_join(self, condition: SemiJoin, message: str) -> ApiRefusal:
        return at_position(self._soql, condition.position, "MALFORMED_QUERY", message)

    # -- in which order

    def _order(self, items: Sequence[OrderItem]) -> str:
        return f" ORDER BY {', '.join(map(self._order_item, items))}" if items else ""

    def _order_item(self, item: OrderItem) -> str:
        if isinstance(item.what, FunctionCall):
            column, folded = self._call(item.what), False
        else:
            column, known, _ = self._resolve(item.what)
            folded = known.sql_type == "TEXT" and known.type not in {"id", "reference", "date", "datetime"}
            if not known.sortable:
                message = f"field '{known.name}' can not be sorted in a query call"
                raise at_position(self._soql, item.what.position, "INVALID_FIELD", message)
        collation = " COLLATE NOCASE" if folded else ""
        nulls = "FIRST" if item.nulls_first else "LAST"
        return f"{column}{collation} {'DESC' if item.descending else 'ASC'} NULLS {nulls}"

    def _group(self, having: str) -> str:
        columns = []
        for ref in self._query.group_by:
            column, known, _ = self._resolve(ref)
            if not known.groupable:
                message = f"field '{known.name}' can not be grouped in a query call"
                raise at_position(self._soql, ref.position, "MALFORMED_QUERY", message)
            columns.append(column)
        return (f" GROUP BY {', '.join(columns)}" if columns else "") + (f" HAVING {having}" if having else "")

    def _check_offset(self) -> None:
        if (self._query.offset or 0) > _MAX_OFFSET:
            raise ApiRefusal(400, "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {_MAX_OFFSET}")


def _join(parts: Sequence[str], word: str) -> str:
    """The parts joined as a balanced tree: SQLite allows a depth of 1000, and a statement can have more parts."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return f"({_join(parts[:half], word)} {word} {_join(parts[half:], word)})"


def child_relationships(schema: Schema, base: SObject) -> dict[str, tuple[str, SObject, Field]]:
    """The relationships from a record to its children, by lower-case name, as far as this org has their objects."""
    found = {}
    for child in schema:
        for link in child.fields:
            name = link.children if base.name in link.references else None
            if name:
                found[name.lower()] = (name, child, link)
    return found


def _points(known: Field | None, owner: SObject) -> set[str]:
    """The objects whose ids a field holds."""
    if known is None:
        return set()
    if known.type == "id":
        return {owner.name}
    # A reference to anything, such as SetupEntityId, is taken as it comes.
    return set(known.references) or {"CustomPermission"}


def _compound(alias: str, known: Field) -> str:
    """An address as JSON, put together from its parts; null when it has none."""
    prefix = known.name.removesuffix("Address")
    parts = {key: f'{alias}."{prefix}{key[0].upper()}{key[1:]}"' for key in _ADDRESS}
    pairs = ", ".join(f"'{key}', {column}" for key, column in parts.items())
    return f"CASE WHEN coalesce({', '.join(parts.values())}) IS NULL THEN NULL ELSE json_object({pairs}) END"
