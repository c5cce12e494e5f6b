"""Rows of readers to Arrow tables, a batch at a time: what does not fit in little memory lies in a file meanwhile."""

import datetime as dt
import mmap
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa

from auditkit import tables
from auditkit.base.files import unwritable
from auditkit.errors import UsageError
from auditkit.scans import free_text, vocabulary
from auditkit.scans.model import About, Document, Event, Finding, Gap, PolicyRule, Reader, Reference, Row
from auditkit.tables.findings import AUDIT_POLICY, EVENTS, FINDINGS, REFERENCES, SCANS
from auditkit.tables.model import DTYPES, Column, Table

BATCH = 8192
IN_MEMORY = 32 << 20
MAX_TEXT = 4096
_IDENTIFIERS = ("rule", "rule_id", "kind", "namespace", "package", "tool_status", "tool_severity")
"""Columns of findings in which some tools write sentences."""
_REASONS = 5
_INT64 = 1 << 63


class Scan(msgspec.Struct, kw_only=True):
    """What is known of one scan so far: a row of the table ``scans``, without what it adds up to at the end."""

    scan: str
    tool: str
    file: str
    sha256: str | None = None
    bytes: int | None = None
    tool_version: str | None = None
    time: dt.datetime | None = None
    file_time: dt.datetime | None = None
    data_time: dt.datetime | None = None
    cluster: str | None = None
    items: int = 0
    findings: int = 0
    events: int = 0
    gaps: list[Gap] = []

    @property
    def reason(self) -> str:
        """What it lacks, each thing once."""
        reasons = list(dict.fromkeys(gap.reason for gap in self.gaps))
        more = len(reasons) - _REASONS
        return "; ".join(reasons[:_REASONS]) + (f"; and {more} more" if more > 0 else "")

    @property
    def missing(self) -> int | None:
        counts = [gap.missing for gap in self.gaps if gap.missing is not None]
        return sum(counts) if counts else None


OWN = "auditkit"
"""The tool whose results are no findings: its verdicts rest on the snapshot, and would be evidence of themselves."""

_OWN_RESULTS = Gap("the results of auditkit itself are no evidence and were left out")


class Tables:
    """The tables of scans while they are being filled."""

    def __init__(self) -> None:
        self._tables = {table.name: _Filling(table) for table in (SCANS, FINDINGS, REFERENCES, EVENTS,
                                                                   AUDIT_POLICY)}

    def rows(self, reader: Reader, document: Document) -> Iterator[Row]:
        """What a reader says of a document, as far as these tables need it."""
        return reader.read(document)

    def add(self, scan: Scan, row: Row) -> None:
        """A row of a reader, with what its scan says of itself filled in."""
        if isinstance(row, About):
            for name in ("tool_version", "time", "cluster", "data_time"):
                setattr(scan, name, getattr(row, name) or getattr(scan, name))
        elif isinstance(row, Gap):
            scan.gaps.append(row)
        else:
            row.scan, row.tool = scan.scan, row.tool or scan.tool
            if row.tool.casefold() == OWN:
                scan.gaps.append(_OWN_RESULTS)
                return
            self._tables[_complete(scan, row)].add(row)

    def end(self, scan: Scan) -> None:
        """The scan's own row."""
        self._tables["scans"].add(_Ended(
            scan.scan, scan.tool, scan.tool_version, scan.file, scan.sha256, scan.bytes, scan.time, scan.file_time,
            scan.cluster, scan.items, scan.findings, scan.events, bool(scan.gaps), scan.missing, scan.reason or None))

    def arrow(self) -> dict[str, pa.Table]:
        """The tables as they stand; nothing can be added any more."""
        return {name: filling.table() for name, filling in self._tables.items()}


_Ended: Any = msgspec.defstruct("_Ended", [column.name for column in SCANS.columns])


def _complete(scan: Scan, row: Row) -> str:
    """Fill in what the reader left to us, and say of which table the row is."""
    if isinstance(row, Finding):
        scan.findings += 1
        row.tool_version = row.tool_version or scan.tool_version
        row.cluster = row.cluster or scan.cluster
        row.seen = row.seen or scan.time
        if row.category == "vulnerability":
            row.data_time = row.data_time or scan.data_time
        row.status = row.status or "unknown"
        if row.status == "accepted" and row.accepted_until and row.seen and row.accepted_until <= row.seen:
            row.status = "fail"  # the acceptance had ended before the scan
        row.rule_id = row.rule_id or vocabulary.rule_id(row.rule)
        row.message = free_text.message(row.message, row.tool, row.rule, scan.tool)
        row.name = free_text.name(row.name, row.category, row.tool)
        row.title, row.remedy = free_text.without_values(row.title), free_text.without_values(row.remedy)
        for column in _IDENTIFIERS:
            setattr(row, column, free_text.word(getattr(row, column)))
        row.severity = row.severity or vocabulary.severity(row.tool_severity)
        return "findings"
    if isinstance(row, Event):
        scan.events += 1
        row.severity = row.severity or vocabulary.severity(row.tool_severity)
        row.cluster = row.cluster or scan.cluster
        row.message, row.user_agent = free_text.without_values(row.message), free_text.without_values(row.user_agent)
        row.rule, row.reason = free_text.word(row.rule), free_text.reason(row.reason)
        return "events"
    if isinstance(row, Reference):
        row.rule = free_text.word(row.rule)
        row.framework, row.reference = map(free_text.without_values, (row.framework, row.reference))
        return "finding_references"
    if isinstance(row, PolicyRule):
        return "audit_policy"
    raise TypeError(f"a reader yields a {type(row).__name__}, which is not a row")


class NoRoom(UsageError):
    """What does not fit in memory cannot be written where the system keeps temporary files."""


class _Filling:
    """A table that grows in memory, and beyond 32 MiB in a nameless file."""

    def __init__(self, table: Table):
        self._schema = tables.table(table.name).schema
        self._columns = [(column, attrgetter(column.name)) for column in table.columns]
        self._rows: list[Any] = []
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0
        self._file: Any = None
        self._writer: Any = None

    def add(self, row: Any) -> None:
        self._rows.append(row)
        if len(self._rows) == BATCH:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        arrays = [_array(list(map(get, self._rows)), column) for column, get in self._columns]
        self._rows = []
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._bytes += batch.nbytes
        if self._bytes <= IN_MEMORY:
            self._batches.append(batch)
            return
        with self._room():
            if self._writer is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed later)
                self._writer = pa.ipc.new_file(self._file, self._schema)
            for waiting in (*self._batches, batch):
                self._writer.write_batch(waiting)
        self._batches = []

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Raises `NoRoom` where the file cannot be written: no mistake of the scan, and no gap in it."""
        try:
            yield
        except OSError as error:
            if self._file:
                with suppress(OSError):  # closing writes what is left, which has no room either
                    self._file.close()
            raise NoRoom(unwritable(tempfile.gettempdir(), error)) from None

    def table(self) -> pa.Table:
        self._flush()
        if self._writer is None:
            return pa.Table.from_batches(self._batches, schema=self._schema)
        with self._room():
            self._writer.close()
            self._file.flush()
        content = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self._file.close()  # the mapping keeps its content
        return pa.ipc.open_file(pa.py_buffer(content)).read_all()


def _array(values: list[Any], column: Column) -> pa.Array:
    """A column; values of another type, which only careless tools and hostile files have, become null or text."""
    clean = _CLEAN[column.dtype]
    try:
        if column.dtype == "string" and max(map(len, filter(None, values)), default=0) > MAX_TEXT:
            values = [clean(value) for value in values]
        return pa.array(values, DTYPES[column.dtype])
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array([clean(value) for value in values], DTYPES[column.dtype])


def _clean_text(value: Any) -> str | None:
    text = vocabulary.text(value)
    if text is None:
        return None
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT - 1] + "…"
    return text.encode("utf-8", "replace").decode()


def _clean_integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64 else None


_CLEAN: dict[str, Callable[[Any], Any]] = {
    "string": _clean_text,
    "int64": _clean_integer,
    "boolean": lambda value: value if isinstance(value, bool) else None,
    "timestamp": vocabulary.moment,
}
