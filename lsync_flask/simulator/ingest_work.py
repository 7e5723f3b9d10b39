"""The work of an ingest job: CSV rows in chunks of 200, each chunk a transaction of its own."""

import csv
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Any

from lsync_flask.simulator.bulk_jobs import BulkJob
from lsync_flask.simulator.csv_sql import DELIMITERS, LINE_ENDINGS
from lsync_flask.simulator.job_ends import end_job, finish_job, stops_after
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.value_columns import ColumnReader, column_reader
from lsync_flask.simulator.values import Reader, RowRefused, text_reader
from lsync_flask.simulator.writing import Change, RecordWriter, Wanted

__all__ = ["IngestJob", "give_back_all", "work"]

_CHUNK = 200
_BATCH = 10_000
_TOGETHER = 2_000
_MAX_HEADER = 32_000

Row = tuple[list[str], str]
Stop = Callable[[], None]


class _JobFailed(Exception):
    """The job as a whole cannot go on; what was written stays."""


@dataclass
class IngestJob(BulkJob):
    """`succeeded`, `failed` and `unprocessed` are lines of CSV, as they are given out."""

    failures: int = 0
    header: str = ""
    succeeded: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unprocessed: list[str] = field(default_factory=list)

    @property
    def upload(self) -> Path:
        return self.folder / f"{self.id}.upload.csv"

    def results(self, kind: str) -> tuple[str, Sequence[str]]:
        """The header line and the rows of one set of results."""
        mark = DELIMITERS[self.delimiter]
        header = self.header or LINE_ENDINGS[self.line_ending]
        if kind == "successfulresults":
            return f'"sf__Id"{mark}"sf__Created"{mark}{header}', self.succeeded
        if kind == "failedresults":
            return f'"sf__Id"{mark}"sf__Error"{mark}{header}', self.failed
        return header, self.unprocessed

    def scramble(self) -> None:
        """Salesforce promises no order, so here is none."""
        for lines in (self.succeeded, self.failed, self.unprocessed):
            Random(self.id).shuffle(lines)


def work(org: Org, job: IngestJob) -> None:
    """Take a closed job to its end."""
    time.sleep(org.pace.ingest_job_s / 2)
    job.started_s = time.monotonic()
    try:
        text = _read(job)
        rows = _rows(job, text)
        if not job.move("InProgress", org.moment()):
            _give_back(job, rows)
            return
        _run(org, job, rows)
    except _JobFailed as error:
        job.error = str(error)
        job.scramble()
        job.move("Failed", org.moment())
        return
    job.scramble()
    time.sleep(org.pace.ingest_job_s / 2)
    finish_job(org, job)


def _read(job: IngestJob) -> str:
    content = job.upload.read_bytes() if job.upload.exists() else b""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _JobFailed("ClientInputError : the content is not UTF-8") from error
    if not text:
        raise _JobFailed("InvalidBatch : No records found in the content")
    end = text.find("\n")
    if end >= 0 and (text[end - 1 : end] == "\r") != (job.line_ending == "CRLF"):
        message = f"LineEnding is invalid on user data. Current LineEnding setting is {job.line_ending}"
        raise _JobFailed(f"ClientInputError : {message}")
    return text


def _rows(job: IngestJob, text: str) -> Iterator[Row]:
    """Each row as its cells and as it was written."""
    # Only a line feed ends a line here: str.splitlines would also split at characters that stand inside values.
    lines = io.StringIO(text, newline="\n").readlines()
    reader = csv.reader(lines, delimiter=DELIMITERS[job.delimiter], strict=True)
    start = 0
    try:
        for cells in reader:
            end = reader.line_num
            written = lines[start] if end == start + 1 else "".join(lines[start:end])
            start = end
            if cells:
                yield cells, written if written[-1] == "\n" else written + LINE_ENDINGS[job.line_ending]
    except csv.Error as error:
        raise _JobFailed(f"ClientInputError : the CSV cannot be read: {error}") from error


def _run(org: Org, job: IngestJob, rows: Iterator[Row]) -> None:
    names, job.header = next(rows, ([], ""))
    if len(job.header) > _MAX_HEADER:
        raise _JobFailed("InvalidBatch : the header is longer than 32,000 characters")
    writer = RecordWriter(org, job.user, org.schema[job.object_name], "bulk", job.id)
    reader = _RowReader(writer, names, job.operation)
    while True:
        taken, error = _take(rows)
        # Each chunk is a transaction to Salesforce; to disk, several go together.
        with org.store.write():
            stop, left = _write_chunks(org, job, writer, reader, taken)
        if stop:
            _give_back(job, chain(left, rows))
            stop()
            return
        if error:
            raise error
        if not taken:
            return


def _take(rows: Iterator[Row]) -> tuple[list[Row], _JobFailed | None]:
    """The next rows, and what is wrong with the file after them."""
    taken: list[Row] = []
    try:
        for row in islice(rows, _TOGETHER):
            taken.append(row)  # noqa: PERF402 (what was read before an error is kept)
    except _JobFailed as error:
        return taken, error
    return taken, None


def _write_chunks(
    org: Org, job: IngestJob, writer: RecordWriter, reader: "_RowReader", rows: list[Row]
) -> tuple[Stop | None, list[Row]]:
    """Write these rows; when the job cannot go on before the last: what is to be done then, and the rows left."""
    for start in range(0, len(rows), _CHUNK):
        stop = _why_stop(org, job)
        if stop:
            return stop, rows[start:]
        _write(job, writer, reader, rows[start : start + _CHUNK])
    return None, []


def _why_stop(org: Org, job: IngestJob) -> Stop | None:
    fault = stops_after(org, job, job.processed)
    if fault:
        return lambda: end_job(org, job, fault)
    if job.is_over:
        return lambda: None
    if job.processed % _BATCH == 0 and not org.limits.use_batches(1):
        return _over_quota
    return None


def _over_quota() -> None:
    raise _JobFailed("ExceededQuota : daily limit of batches")


def give_back_all(job: IngestJob) -> None:
    """An open job was aborted: all that was uploaded is unprocessed."""
    try:
        _give_back(job, _rows(job, _read(job)))
    except _JobFailed:
        job.unprocessed = []


def _give_back(job: IngestJob, rows: Iterator[Row]) -> None:
    """These rows were never looked at."""
    if not job.header:
        job.header = next(rows, ([], ""))[1]
    job.unprocessed = [written for _, written in rows]
    job.scramble()


def _write(job: IngestJob, writer: RecordWriter, reader: "_RowReader", chunk: Sequence[Row]) -> None:
    plain = reader.read_columns([cells for cells, _ in chunk]) if job.operation == "update" else None
    if plain and writer.update_columns(*plain):
        mark = DELIMITERS[job.delimiter]
        job.succeeded += [f'"{one}"{mark}"false"{mark}{row[1]}' for one, row in zip(plain[0], chunk, strict=True)]
    else:
        _write_one_by_one(job, writer, reader, chunk)
    job.failures = len(job.failed)
    job.processed += len(chunk)


def _write_one_by_one(job: IngestJob, writer: RecordWriter, reader: "_RowReader", chunk: Sequence[Row]) -> None:
    wanted = [reader.read(cells) for cells, _ in chunk]
    if job.operation == "delete":
        outcomes = writer.delete([one.record if isinstance(one, Change) else "" for one in wanted])
    else:
        outcomes = writer.create(wanted) if job.operation == "insert" else writer.update(wanted)
    created = "true" if job.operation == "insert" else "false"
    mark = DELIMITERS[job.delimiter]
    for outcome, (cells, written) in zip(outcomes, chunk, strict=True):
        if isinstance(outcome, str):
            job.succeeded.append(f'"{outcome}"{mark}"{created}"{mark}{written}')
        else:
            job.failed.append(f'"{reader.record_of(cells)}"{mark}"{_spell_error(outcome)}"{mark}{written}')


def _spell_error(refused: RowRefused) -> str:
    fields = f"{','.join(refused.fields)} --" if refused.fields else "--"
    return f"{refused.code}:{refused.message}:{fields}".replace('"', '""')


class _RowReader:
    """Cells to stored values: an empty cell changes nothing, `#N/A` clears."""

    def __init__(self, writer: RecordWriter, names: Sequence[str], operation: str) -> None:
        lowered = [name.strip().lower() for name in names]
        self._id = lowered.index("id") if "id" in lowered else None
        if operation != "insert" and self._id is None:
            raise _JobFailed("InvalidBatch : Field name not found : Id")
        self._width = len(names)
        self._cells: list[tuple[int, str, Reader]] = []
        self._columns: list[tuple[int, str, ColumnReader]] | None = []
        for place, name in enumerate(names):
            if place != self._id and operation != "delete":
                self._add(writer, place, name.strip(), create=operation == "insert")

    def _add(self, writer: RecordWriter, place: int, name: str, *, create: bool) -> None:
        schema = writer.org.schema
        try:
            field = writer.writable(name, create=create)
        except RowRefused as error:
            if error.code == "INVALID_FIELD":
                raise _JobFailed(f"InvalidBatch : Field name not found : {name}") from error
            self._cells.append((place, name, _refuse_with(error)))
            self._columns = None
            return
        self._cells.append((place, field.name, text_reader(field, schema)))
        if self._columns is not None:
            self._columns.append((place, field.name, column_reader(field, schema)))

    def read_columns(self, rows: Sequence[Sequence[str]]) -> tuple[Sequence[str], Mapping[str, Sequence[Any]]] | None:
        """The ids and the stored values by field; None when a row needs to be looked at by itself."""
        if self._id is None or not self._columns or any(len(cells) != self._width for cells in rows):
            return None
        cells = [*zip(*rows, strict=True)]
        columns = {}
        for place, name, read in self._columns:
            values = read(cells[place])
            if values is None:
                return None
            columns[name] = values
        return cells[self._id], columns

    def record_of(self, cells: Sequence[str]) -> str:
        """The id that a row names, as far as it names one."""
        return cells[self._id] if self._id is not None and self._id < len(cells) else ""

    def read(self, cells: Sequence[str]) -> Wanted:
        if len(cells) != self._width:
            return RowRefused("INVALID_ROW", f"The row has {len(cells)} columns, the header has {self._width}")
        values = {}
        try:
            for place, name, read in self._cells:
                text = cells[place]
                if text:
                    values[name] = read(text)
        except RowRefused as error:
            return error
        return Change(cells[self._id] if self._id is not None else "", values)


def _refuse_with(error: RowRefused) -> Reader:
    def refuse(text: str) -> None:
        del text
        raise error

    return refuse
