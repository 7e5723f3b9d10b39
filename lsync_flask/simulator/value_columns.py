"""Whole columns of a CSV read at once, where every cell is plain; whatever is not goes the long way, row by row."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from lsync_flask.simulator.schema import TEXTS, Field, Schema
from lsync_flask.simulator.values import DOUBLES, MOST_INT, RowRefused, has_more_checks, text_reader

__all__ = ["ColumnReader", "column_reader"]

ColumnReader = Callable[[Sequence[str]], Sequence[Any] | None]
# What Salesforce takes off the end of a text, and NUL, which ends each cell below.
_BLANK_ENDS = tuple(f"{chr(code)}\0" for code in (*range(9, 14), *range(28, 33)))


def column_reader(field: Field, schema: Schema) -> ColumnReader:
    """Make the cells of a column what is stored; None when one of them is empty, is refused or needs a closer look."""
    if field.type in DOUBLES:
        return _doubles(field)
    if field.type == "int":
        return _ints(field, schema)
    if field.type in TEXTS and not has_more_checks(field):
        return _texts(field)
    return _one_by_one(field, schema)


def _texts(field: Field) -> ColumnReader:
    length = field.length

    def read(cells: Sequence[str]) -> Sequence[str] | None:
        whole = "\0".join((*cells, ""))
        plain = whole.isascii() and whole.count("\0") == len(cells) and max(map(len, cells)) <= length
        if not plain or "" in cells or "#N/A" in cells or any(end in whole for end in _BLANK_ENDS):
            return None
        return cells

    return read


def _doubles(field: Field) -> ColumnReader:
    limit, scale = 10.0 ** (field.precision - field.scale), field.scale

    def read(cells: Sequence[str]) -> Sequence[float] | None:
        try:
            numbers = [round(float(cell), scale) for cell in cells]
        except (ValueError, OverflowError):
            return None
        # The sum is not finite when one of them is not; an underscore is a digit separator to Python alone.
        if not math.isfinite(math.fsum(numbers)) or max(map(abs, numbers)) >= limit or "_" in "".join(cells):
            return None
        return numbers

    return read


def _ints(field: Field, schema: Schema) -> ColumnReader:
    largest, slowly = min(MOST_INT, 10**field.digits - 1), _one_by_one(field, schema)

    def read(cells: Sequence[str]) -> Sequence[Any] | None:
        whole = "".join(cells)
        if "" in cells or not (whole.isascii() and whole.isdigit()):
            return slowly(cells)
        numbers = [*map(int, cells)]
        return numbers if max(numbers) <= largest else None

    return read


def _one_by_one(field: Field, schema: Schema) -> ColumnReader:
    one = text_reader(field, schema)

    def read(cells: Sequence[str]) -> Sequence[Any] | None:
        if "" in cells:
            return None
        try:
            return [one(cell) for cell in cells]
        except RowRefused:
            return None

    return read
