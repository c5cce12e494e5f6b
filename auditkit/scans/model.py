"""What a reader of scans is, and what it yields.

A reader is a module with::

    NAME = "kubeaudit"                                    the tool
    def recognise(document) -> bool                       is it its output? By content, never by name
    def read(document) -> Iterator[Row]                   what it says

which says what a tool is good for, and so which checks read it (`auditkit.scans.Providers`), with::

    PROVIDES = frozenset({"state"})                       images, fixed versions, state, policies, nodes, audit log

where the tool also keeps custom resources in the cluster, with::

    GROUPS = frozenset({"aquasecurity.github.io"})        API groups that it reads
    KINDS = frozenset({"VulnerabilityReport"})            kinds in them that it reads; all, where this is absent
    def read_object(item: dict) -> Iterator[Row]          what one object says

and where the file's name says what the results are of, as kube-bench's say nothing of their node, with::

    NAMED_BY_FILE = True                                  files of the same content are not the same

Such objects are read wherever they stand (live, List, array, YAML), so ``recognise`` need not know them.
It is found through the entry point group ``auditkit.scans``. A reader fills what its tool says and nothing else:
``tool``, ``tool_version``, ``cluster``, ``seen`` and ``scan`` are filled in for every row from ``NAME`` and `About`
where the reader leaves them ``None``, and ``rule_id`` and ``severity`` from ``rule`` and ``tool_severity``.
Readers never keep matched text, code lines, request bodies, arguments or values: they can hold secrets.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Literal, Protocol

import msgspec

from auditkit.tables.findings import AUDIT_POLICY, EVENTS, FINDINGS, REFERENCES
from auditkit.tables.model import Table

_TYPES = {"string": str, "boolean": bool, "int64": int, "timestamp": dt.datetime}


def _struct(name: str, table: Table) -> type[msgspec.Struct]:
    """A struct whose fields are the columns of a table, each of them optional."""
    fields = [(column.name, _TYPES[column.dtype] | None, None) for column in table.columns]
    return msgspec.defstruct(name, fields, kw_only=True, gc=False, module=__name__,
                             namespace={"__doc__": f"A row of the table `{table.name}`: {table.doc}."})


Finding: Any = _struct("Finding", FINDINGS)
Event: Any = _struct("Event", EVENTS)
Reference: Any = _struct("Reference", REFERENCES)
PolicyRule: Any = _struct("PolicyRule", AUDIT_POLICY)

Status = Literal["pass", "fail", "warn", "manual", "skip", "accepted", "error", "unknown"]
Severity = Literal["critical", "high", "medium", "low", "info", "unknown"]


class About(msgspec.Struct, kw_only=True):
    """What a scan says of itself; may come at any place among the rows, and more than once."""

    tool_version: str | None = None
    time: dt.datetime | None = None
    data_time: dt.datetime | None = None
    cluster: str | None = None


class Gap(msgspec.Struct):
    """Something that the scan lacks: why, and how many results are missing where it says so.

    Rows that were read stay; the scan is marked as truncated, and its entry in the ledger as partial.
    """

    reason: str
    missing: int | None = None


Row = Any
"""`Finding`, `Event`, `Reference`, `PolicyRule`, `About` or `Gap`."""


Position = tuple[int | str, ...]
"""Where an element stands: its place in each list on the way, and the key that was taken where there is a choice."""


class Document(Protocol):
    """One file, or one member of an archive, that was opened and decompressed.

    ``head`` is its beginning as decoded values: of JSON lines the first line, of JSON or YAML the whole; of a large
    JSON document what is in its first 256 KiB, and beyond them each key with the beginning of its value. Where a
    file has several YAML documents, ``head`` is the first.
    Every method can be called more than once, and starts at the beginning again.
    Broken content ends the iteration after what came before it, and is noted as a gap of the scan.
    """

    name: str
    form: Literal["json", "lines", "yaml", "csv"]
    head: Any

    def lines(self) -> Iterator[bytes]:
        """The lines that begin with ``{``, of JSON lines only, never longer than 16 MiB."""

    def values(self, type: Any = Any) -> Iterator[Any]:
        """Each line, document, or row of CSV (a dict by column), decoded; a whole JSON document is one.

        Lines that do not decode become gaps.
        """

    def outline(self, *without: str) -> Any:
        """The JSON document with the lists at these paths left empty: ``outline("results[]")``.

        Paths that do not end in ``[]`` are of values to leave out, whatever they are: ``null`` stands for them.
        """

    def each(self, path: str, type: Any = Any) -> Iterator[tuple[Position, Any]]:
        """The elements at a path such as ``results[].failures[]`` of a JSON document, one at a time.

        With each comes its position in each list on the way, to look up in the `outline`. ``[]`` alone at the
        beginning stands for the elements of a document that is a list: ``[].Vulnerabilities[]``. A step can be a
        choice, ``Results[].Vulnerabilities|Secrets[]``, or any key, ``*[]``: the position then has the key, too.
        Large documents are streamed, so memory is that of one element. What does not decode as ``type`` is a gap.
        """


class Broken(Exception):
    """The content cannot be read further: what is wrong, and where, in a sentence without the file's name.

    ``cut`` is true where the content ends too early, so that more of it could be read whole.
    """

    def __init__(self, what: str, *, cut: bool = False):
        super().__init__(what)
        self.cut = cut


class Reader(Protocol):
    """A module that reads the output of one tool."""

    NAME: str

    def recognise(self, document: Document) -> bool:
        """Is this document the tool's output?"""

    def read(self, document: Document) -> Iterator[Row]:
        """What it says."""
