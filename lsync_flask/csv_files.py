"""CSV for spreadsheets, streamed, in which no cell can be taken for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
ROWS_AT_ONCE = 500
MARK = "\ufeff"
"""Without it Excel takes the file for its own code page and spoils every letter beyond ASCII."""


def safe_cell(value: object) -> str:
    """The value as text; one that a spreadsheet could run is made plain text by an apostrophe before it.

    A sign after spaces counts too: some programs strip them first.
    """
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) or text.lstrip(" \n").startswith(FORMULA_SIGNS) else text


def csv_response(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A download whose rows are spelled as they are sent: never more than a few hundred in memory."""
    answer = Response(_spell(head, rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _spell(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    text.write(MARK)
    writer.writerow([safe_cell(cell) for cell in head])
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe_cell(cell) for cell in row])
        if number % ROWS_AT_ONCE == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()
