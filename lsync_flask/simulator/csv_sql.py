"""A CSV line written by SQLite itself, which is what makes a Bulk query quick (`salesforce.md` §4.5)."""

from collections.abc import Sequence

from lsync_flask.simulator.schema import Field
from lsync_flask.simulator.soql_compile import Column

__all__ = ["DELIMITERS", "LINE_ENDINGS", "csv_header", "csv_line"]

DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_PLAIN = frozenset({"id", "reference", "date", "datetime", "int"})
_DOUBLES = frozenset({"double", "currency", "percent"})
# SQLite's own text of a number has 15 digits, which is enough for numbers with few decimals.
_FEW_DECIMALS = 7
# SQLite takes 127 arguments for a function.
_MOST = 100


def csv_header(columns: Sequence[Column], delimiter: str, line_ending: str) -> bytes:
    names = delimiter.join(f'"{".".join(column.path)}"' for column in columns)
    return (names + line_ending).encode()


def csv_line(columns: Sequence[Column], delimiter: str, line_ending: str) -> str:
    """An SQL expression whose value is the row as a line of CSV, in bytes; every value is in quotes."""
    groups = [columns[start : start + _MOST] for start in range(0, len(columns), _MOST)]
    parts = [_group(group, delimiter, line_ending if group is groups[-1] else delimiter) for group in groups]
    return f"CAST({' || '.join(parts)} AS BLOB)"


def _group(columns: Sequence[Column], delimiter: str, end: str) -> str:
    cells = [_cell(column.sql, column.field) for column in columns]
    form = delimiter.join(f'"{spot}"' for spot, _ in cells) + end
    return f"printf('{form}', {', '.join(value for _, value in cells)})"


def _cell(sql: str, field: Field | None) -> tuple[str, str]:
    """How a value stands in the line, and the value. `%w` doubles the quotes inside a text."""
    if field is None or field.type in _PLAIN:
        return "%s", sql
    if field.type == "boolean":
        return "%s", f"CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    if field.type in _DOUBLES:
        return "%s", _double(sql, field)
    return "%w", f"coalesce({sql}, '')"


def _double(sql: str, field: Field) -> str:
    if field.scale > _FEW_DECIMALS:
        return f"sf_double({sql})"
    return f"iif(abs({sql}) < 1e7 AND (abs({sql}) >= 1e-3 OR {sql} = 0), CAST({sql} AS TEXT), sf_double({sql}))"
