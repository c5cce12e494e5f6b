"""Scan files, and the objects that scanners keep in a cluster, to tables and entries of the ledger."""

import datetime as dt
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from auditkit.errors import UsageError
from auditkit.scans import vocabulary
from auditkit.scans.input import files
from auditkit.scans.input.document import File
from auditkit.scans.input.objects import holds_objects, objects
from auditkit.scans.model import Broken, Gap, Reader, Row
from auditkit.scans.output import NoRoom, Scan, Tables
from auditkit.scans.registry import all_readers
from auditkit.snapshots.ledger import UNKNOWN_TOOL, Body, Entry


def read_scans(paths: Iterable[str | os.PathLike[str]],
               into: Tables | None = None) -> tuple[dict[str, pa.Table], list[Entry]]:
    """The tables of scan files, and an entry of the ledger for each scan, ``scan:TOOL:FILE``.

    A path is a file, a folder, or ``-``; the tool is told from the content, or named before it: ``trivy=FILE``.
    What cannot be read is an entry, and the other files are still read. ``into`` takes the rows, where they are not all
    to be kept. Raises `UsageError` where a path does not exist.
    """
    reading = _Reading(into or Tables())
    for tool, path in [_named(os.fspath(path)) for path in paths]:
        for source in files.find(path):
            reading.read(source, tool)
    return reading.tables.arrow(), reading.entries


def verify_scans(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Raises `UsageError` where a path does not exist: before a collection, which may take long."""
    for path in paths:
        _named(os.fspath(path))


def read_objects(items: Iterable[Any], name: str = "cluster") -> dict[str, pa.Table]:
    """The tables of objects that scanners keep in the cluster, told by their API group.

    Items are dictionaries or JSON; those of groups that no reader knows are left out. Each tool has a row in
    ``scans``, whose ``file`` is ``name``: the resource that was listed, say.
    """
    tables, scans = Tables(), _Scans(name)
    for body in items:
        item = body if isinstance(body, dict) else msgspec.json.decode(body)
        if reader := reader_of(item):
            read_object(tables, scans.of(reader.NAME), reader, item)
    for scan in scans:
        tables.end(scan)
    return tables.arrow()


def reader_of(item: dict[str, Any], kind: str = "") -> Reader | None:
    """The reader of an object, by its API group and kind."""
    reader = readers_by_group().get(vocabulary.group(item.get("apiVersion")) or "")
    kinds = getattr(reader, "KINDS", None)
    return reader if kinds is None or (kind or item.get("kind")) in kinds else None


@cache
def readers_by_group() -> dict[str, Reader]:
    """The reader of each API group in which scanners and policy engines keep objects."""
    return {group: reader for reader in all_readers() for group in sorted(getattr(reader, "GROUPS", ()))}


def _named(path: str) -> tuple[str, str]:
    """A tool and a path of ``TOOL=PATH``; without a tool the empty name."""
    if _is_there(path):
        return "", path
    tool, _, rest = path.partition("=")
    known = sorted(reader.NAME for reader in all_readers())
    if tool not in known:
        raise UsageError(f"There is no scan {path!r}; give a file, a folder, or - for standard input, "
                         f"or name its tool: TOOL=FILE, with one of {', '.join(known)}.")
    if not _is_there(rest):
        raise UsageError(f"There is no scan {rest!r}; give a file, a folder, or - for standard input.")
    return tool, rest


def _is_there(path: str) -> bool:
    """True for standard input, a file and a folder. The empty path is not the current folder."""
    return path == files.INPUT or (path != "" and Path(path).exists())


class _Scans:
    """The scans of one file, by tool."""

    def __init__(self, name: str, **known: Any):
        self._name, self._known = name, known
        self._scans: dict[str, Scan] = {}

    def of(self, tool: str) -> Scan:
        if tool not in self._scans:
            self._scans[tool] = Scan(scan=f"{tool}:{self._name}", tool=tool, file=self._name, **self._known)
        return self._scans[tool]

    def __iter__(self) -> Iterator[Scan]:
        return iter(self._scans.values())


class _Reading:
    """Files that are being read one after another."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.entries: list[Entry] = []
        self._names: dict[str, int] = {}
        self._read: dict[tuple[str, str], str] = {}

    def read(self, source: files.Source, tool: str) -> None:
        for document in source.documents:
            self._read_document(source, document, tool)
        for member, problem in source.problems.items():
            name = f"{source.name}!{member}" if member else source.name
            scan = Scan(scan="", tool=tool or UNKNOWN_TOOL, file=name, gaps=[Gap(problem)])
            self._end(source, scan, _now())

    def _read_document(self, source: files.Source, document: File, tool: str) -> None:
        started, name = _now(), self._unused(document.name)
        scans = _Scans(name, sha256=source.sha256, bytes=source.bytes, file_time=source.written(document.name))
        reader = _recognise(document, tool)
        if self._again(source, document, name, reader, started):
            return
        if isinstance(reader, str):
            scan = scans.of(tool or UNKNOWN_TOOL)
            scan.gaps.append(Gap(reader))
        elif reader is None:
            self._read_objects(document, scans)
        else:
            scan = scans.of(reader.NAME)
            self._fill(scan, reader.NAME, self.tables.rows(reader, document))
            scan.items = document.items
        for scan in scans:
            scan.gaps += document.gaps
            if source.changed():
                scan.gaps.append(Gap("it changed while it was read, so its SHA-256 does not match the content that "
                                     "was read"))
            if scan.tool != UNKNOWN_TOOL:
                self.tables.end(scan)
            self._end(source, scan, started)

    def _again(self, source: files.Source, document: File, name: str, reader: Any, started: dt.datetime) -> bool:
        """True if the same content was read before: it says nothing twice. An entry of the ledger tells where it was.

        Not where a reader takes the name of the file for what it is of: two nodes can give the same results.
        """
        first = self._read.setdefault((source.sha256, document.name.removeprefix(source.name)), name)
        if first == name or isinstance(reader, str) or getattr(reader, "NAMED_BY_FILE", False):
            return False
        tool = reader.NAME if reader else "objects"
        self.entries.append(Entry(
            resource=f"scan:{tool}:{name}", path=document.name, outcome="complete", started=started, ended=_now(),
            reason=f"it is a copy of {first} and was not read again",
            bodies=[Body(source.name, 0, source.bytes, source.sha256)]))
        return True

    def _read_objects(self, document: File, scans: _Scans) -> None:
        others: dict[str, int] = {}
        for item in objects(document):
            if reader := reader_of(item):
                read_object(self.tables, scans.of(reader.NAME), reader, item)
            else:
                kind = str(item.get("kind", "of no kind"))[:100]
                others[kind] = others.get(kind, 0) + 1
        if not others and isinstance(document.head, dict):
            of_what = str(document.head.get("kind")).removesuffix("List")
            if reader := reader_of(document.head, of_what):  # an empty list
                scans.of(reader.NAME)
        if not list(scans):
            kinds = f"({', '.join(sorted(others)[:5])}), but none is scanner output" if others else "of no kind"
            scans.of(UNKNOWN_TOOL).gaps.append(Gap(f"it contains Kubernetes objects {kinds}"))

    def _fill(self, scan: Scan, tool: str, rows: Iterator[Row]) -> None:
        try:
            for row in rows:
                self.tables.add(scan, row)
        except Broken as broken:
            scan.gaps.append(Gap(str(broken)))
        except NoRoom:
            raise
        except Exception as error:  # a reader may be somebody else's: its mistake must not cost the other files
            scan.gaps.append(Gap(f"it is not valid output of {tool}: {_place(error)}"))

    def _unused(self, name: str) -> str:
        """The name, or where another file has it already, with a number."""
        self._names[name] = self._names.get(name, 0) + 1
        return name if self._names[name] == 1 else f"{name} ({self._names[name]})"

    def _end(self, source: files.Source, scan: Scan, started: dt.datetime) -> None:
        nothing = not scan.findings and not scan.events and not scan.items
        self.entries.append(Entry(
            resource=f"scan:{scan.tool}:{scan.file}", path=scan.file, items=scan.items,
            outcome="complete" if not scan.gaps else "failed" if nothing else "partial",
            reason=scan.reason, started=started, ended=_now(),
            bodies=[Body(source.name, 0, source.bytes, source.sha256)] if source.sha256 else []))


def read_object(tables: Tables, scan: Scan, reader: Any, item: dict[str, Any]) -> None:
    """Add what one object says to the tables of a scan; one that is not as its tool writes it is a gap."""
    scan.items += 1
    try:
        for row in reader.read_object(item):
            tables.add(scan, row)
    except NoRoom:
        raise
    except Exception as error:  # as with a whole file
        metadata = item.get("metadata")
        name = vocabulary.text(metadata.get("name")) if isinstance(metadata, dict) else None
        scan.gaps.append(Gap(f"{item.get('kind')} {name or scan.items} is not a valid object of {scan.tool}: "
                             f"{_place(error)}"))


def _place(error: Exception) -> str:
    """What is wrong, and where; never with a value, which other errors than msgspec's can hold."""
    return str(error) if isinstance(error, msgspec.ValidationError) else type(error).__name__


def _recognise(document: File, tool: str) -> Reader | str | None:
    """The reader of a document, ``None`` for Kubernetes objects; or a sentence why there is none."""
    if not document.head:
        return "it is empty, which does not show whether anything was scanned"
    found = [reader for reader in all_readers() if tool in ("", reader.NAME) and _recognises(reader, document)]
    if not found and tool and document.form == "lines":
        found = [reader for reader in all_readers() if tool == reader.NAME and _has_lines_of(reader, document)]
    if not found and holds_objects(document):
        return None
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(reader.NAME for reader in found)
        return f"it could be output of {names}: name the tool, for example {found[0].NAME}=FILE"
    return f"it is not output of {tool or 'any tool that auditkit reads'}"


class _Line(msgspec.Struct):
    """A line of a document, as a document of its own."""

    head: Any
    form: str = "lines"

    def values(self, type: Any = Any) -> Iterator[Any]:
        yield self.head


def _has_lines_of(reader: Reader, document: File) -> bool:
    """True if any line is of a tool that was named: what others wrote may come first."""
    return any(_recognises(reader, _Line(value)) for value in document.values())


def _recognises(reader: Reader, document: Any) -> bool:
    try:
        return reader.recognise(document)
    except Exception:  # a beginning that the reader did not think of is not its tool's
        return False


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
