"""What a mapping is worth before it is saved: the provider's minimum, and how much of its fields is used."""

from collections.abc import Sequence
from dataclasses import dataclass

from lsync_flask.plugin_api import Catalogue
from lsync_flask.web.mapping_forms import RowDraft


@dataclass(frozen=True, slots=True)
class Need:
    """One set of inputs with which the provider can look a record up; `missing` are the labels not mapped yet."""

    labels: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worth:
    """`used` of `offered` provider fields are mapped. `is_enough`: records can be looked up (always, for results)."""

    used: int
    offered: int
    needs: tuple[Need, ...]
    is_enough: bool
    unused: tuple[tuple[str, str], ...]


def read_worth(kind: str, catalogue: Catalogue, rows: Sequence[RowDraft]) -> Worth:
    fields = catalogue.inputs if kind == "input" else catalogue.outputs
    mapped = {row.provider for row in rows if row.provider and row.field}
    needs = _needs(catalogue, mapped) if kind == "input" else ()
    unused = tuple((one.name, one.label) for one in fields if one.name not in mapped)
    is_enough = not needs or any(not need.missing for need in needs)
    return Worth(len(fields) - len(unused), len(fields), needs, is_enough, unused)


def _needs(catalogue: Catalogue, mapped: set[str]) -> tuple[Need, ...]:
    """The ways to the minimum, the nearest first; what is required belongs to each."""
    required = [one.name for one in catalogue.inputs if one.required]
    order = [one.name for one in catalogue.inputs]
    labels = {one.name: one.label for one in catalogue.inputs}
    ways = catalogue.minimum or ((frozenset(),) if required else ())
    found = []
    for way in ways:
        names = sorted({*required, *way}, key=lambda name: order.index(name) if name in order else len(order))
        found.append(
            Need(
                tuple(labels.get(name, name) for name in names),
                tuple(labels.get(name, name) for name in names if name not in mapped),
            )
        )
    return tuple(sorted(found, key=lambda need: (len(need.missing), len(need.labels))))
