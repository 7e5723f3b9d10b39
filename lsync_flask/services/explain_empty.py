"""Why an audience is empty: which criterion leaves no record, alone or together with those before it."""

from collections.abc import Callable
from functools import cache

from lsync_flask.engine import soql
from lsync_flask.engine.audience import CompiledAudience
from lsync_flask.engine.filter_logic import And, Node, Row
from lsync_flask.salesforce.queries import count as count_records
from lsync_flask.services.definitions import DefinitionBody, compile_body
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.services.zones import local_now


def explain_empty(resources: Resources, actor: Actor, body: DefinitionBody) -> str:
    """One sentence; costs one API call for each row looked at, and for each joined to those before it.

    Raises:
        InvalidParams: the definition does not fit the org.
    """
    actor.must("see definitions and activities")
    compiled = compile_body(resources, actor, body, stale=True)
    api = resources.open_salesforce(actor.org_id, actor.username)
    now = local_now(resources.clock(), actor.time_zone)

    @cache
    def count(node: Node) -> int:
        part = CompiledAudience(compiled.object, node, compiled.rows)
        return count_records(api, soql.count_query(body.object, part, now))

    if not compiled.rows:
        return _say_bare(compiled)
    empty = [number for number in range(1, len(compiled.rows) + 1) if not count(Row(number))]
    if empty:
        said = [f"Row {number} ({compiled.rows[number - 1].sentence}) alone matches no record." for number in empty]
        return " ".join(said)
    if compiled.where and count(compiled.node):
        return f"The criteria match some records, and the condition in SOQL ({compiled.where}) leaves none of them."
    return _say_joined(compiled, count)


def _say_bare(compiled: CompiledAudience) -> str:
    if compiled.where:
        return f"The condition in SOQL ({compiled.where}) matches no record."
    return f"There are no {compiled.sentence.removeprefix('All ')} that you may see."


def _say_joined(compiled: CompiledAudience, count: Callable[[Node], int]) -> str:
    """Which row leaves none of those that the rows before it leave."""
    numbers = range(1, len(compiled.rows) + 1)
    if not isinstance(compiled.node, And) or not all(isinstance(one, Row) for one in compiled.node.nodes):
        return "Each row matches some records, but none matches them as the filter logic joins them."
    before = count(Row(1))
    for number in numbers[1:-1]:
        found = count(And(tuple(Row(one) for one in range(1, number + 1))))
        if not found:
            return _say(number, before, compiled)
        before = found
    return _say(len(compiled.rows), before, compiled)


def _say(number: int, before: int, compiled: CompiledAudience) -> str:
    first = "Row 1 matches" if number == 2 else f"Together, rows 1 to {number - 1} match"  # noqa: PLR2004 - the second row
    said = compiled.rows[number - 1].sentence
    return f"{first} {before:,} records; row {number} ({said}) leaves none of them."
