"""The work of an ingest job: CSV rows in chunks of 200, each chunk a transaction of its own."""

import csv
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random

from lsync_flask.simulator.bulk_jobs import BulkJob
from lsync_flask.simulator.csv_sql import DELIMITERS, LINE_ENDINGS
from lsync_flask.simulator.job_ends import end_job, finish_job, stops_after
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.values import Reader, RowRefused, text_reader
from lsync_flask.simulator.writing import Change, RecordWriter, Wanted

__all__ = ["IngestJob", "give_back_all", "work"]

_CHUNK = 200
_BATCH = 10_000
_MAX_HEADER = 32_000

Row = tuple[list[str], str]


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
    count = 0
    while chunk := list(islice(rows, _CHUNK)):
        fault = stops_after(org, job, count)
        if job.is_over or fault:
            _give_back(job, iter([*chunk, *rows]))
            if fault:
                end_job(org, job, fault)
            return
        if count % _BATCH == 0 and not org.limits.use_batches(1):
            _give_back(job, iter([*chunk, *rows]))
            raise _JobFailed("ExceededQuota : daily limit of batches")
        _write(job, writer, reader, chunk)
        count += len(chunk)


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
    job.failures = len(job.failed)
    job.processed += len(chunk)


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
        for place, name in enumerate(names):
            if place != self._id and operation != "delete":
                self._cells.append((place, *self._column(writer, name.strip(), create=operation == "insert")))

    @staticmethod
    def _column(writer: RecordWriter, name: str, *, create: bool) -> tuple[str, Reader]:
        try:
            field = writer.writable(name, create=create)
        except RowRefused as error:
            if error.code == "INVALID_FIELD":
                raise _JobFailed(f"InvalidBatch : Field name not found : {name}") from error
            return name, _refuse_with(error)
        return field.name, text_reader(field, writer.org.schema)

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
