"""CSV from Salesforce, read while it arrives: 400,000 rows need no more memory than one."""

import csv
import io
from collections.abc import Iterator

from urllib3.exceptions import HTTPError

from lsync_flask.errors import RetryableError
from lsync_flask.salesforce.transport import Reply, broken

BUFFER = 1 << 20
_LONGEST_CELL = 1 << 20
"""A long text area holds 131,072 characters, which is just the csv module's own limit."""

Row = list[str | None]


def read_csv(reply: Reply, *, strict: bool = False) -> Iterator[Row]:
    """The lines of an answer, the header first; an empty cell is None. There is none when the body is empty.

    `strict`: a quote out of place, or never closed, is an error.

    Raises:
        RetryableError: the answer broke off, or is no CSV.
    """
    text = io.TextIOWrapper(io.BufferedReader(reply.raw, BUFFER), encoding="utf-8", newline="")
    # The limit is one for the process; set here, where it is needed, because importing a module does nothing.
    csv.field_size_limit(_LONGEST_CELL)
    try:
        for cells in csv.reader(_without_nul(text), strict=strict):
            if cells:
                yield [cell or None for cell in cells]
    except (HTTPError, OSError) as error:
        raise broken(error) from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise RetryableError("Salesforce sent rows that cannot be read.") from error


def check_widths(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """The rows; a line with another number of cells than the header means that it was cut."""
    for row in rows:
        if len(row) != width:
            raise RetryableError(f"Salesforce sent a row of {len(row)} cells where {width} were due: it was cut off.")
        yield row


def _without_nul(text: io.TextIOWrapper) -> Iterator[str]:
    # Records may hold NUL, which no database of ours takes.
    return (line.replace("\0", "") if "\0" in line else line for line in text)
