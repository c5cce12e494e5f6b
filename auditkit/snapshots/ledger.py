"""The ledger: each request to a source and its outcome. The completeness of a table comes only from the ledger."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec
import pyarrow as pa

from auditkit import tables
from auditkit.base.times import in_utc

if TYPE_CHECKING:
    import pandas as pd

Outcome = Literal["complete", "forbidden", "absent", "partial", "failed"]

SCAN = "scan:"
"""Prefix of the entries of scans: ``scan:TOOL:FILE``."""

UNKNOWN_TOOL = "unknown"
"""The tool of a file of which not even that could be told. It may be of any tool."""

TOLD_BY = {"kubernetes-audit": "the audit log of the API server",
           "audit-policy": "the audit policy of the API server"}
"""What people call a source of findings or events, where the name of its reader does not say it."""

SCANNED = ("findings", "finding_references", "events", "scans", "audit_policy")
"""Tables that come from scans. They are complete as far as the scans are."""


class Body(msgspec.Struct, frozen=True):
    """One response: its request path, HTTP status, size and digest."""

    path: str
    status: int
    bytes: int
    sha256: str


class Entry(msgspec.Struct, kw_only=True):
    """One request and its outcome.

    ``complete``: everything was read. ``forbidden``: the source refused. ``absent``: the source does not have the
    resource. ``partial``: something is missing, cut off or could not be read. ``failed``: nothing was read.
    ``proven`` is true for an ``absent`` resource if the source's own list of resources shows that. Older ledgers do not
    have this field and prove nothing.
    """

    resource: str
    path: str = ""
    outcome: Outcome
    proven: bool = False
    reason: str = ""
    items: int = 0
    resource_version: str = ""
    started: dt.datetime
    ended: dt.datetime
    identity: str = ""
    bodies: list[Body] = []

    def __post_init__(self) -> None:
        for moment in (self.started, self.ended):
            in_utc(moment)


class Gap(NamedTuple):
    """Why one source is incomplete. ``source`` is empty if ``outcome`` is a sentence that names it."""

    source: str
    outcome: str
    reason: str = ""


def sentences(gaps: Iterable[Gap]) -> list[str]:
    """Gaps as sentences: one for all sources that share an outcome and a reason, in the order of the first.

    Sources with the same reason except for their own name are named together without the reason. The ledger has each
    reason.
    """
    shared: dict[tuple[str, str, str], list[Gap]] = {}
    for gap in dict.fromkeys(gaps):
        own, plural, group = gap.source, *gap.source.partition(".")[::2]
        common = gap.reason.replace(own, "").replace(f'"{plural}"', "").replace(f'"{group}"', "") if own else gap.reason
        shared.setdefault((own and "named", gap.outcome, common), []).append(gap)
    return [_sentence(found) for found in shared.values()]


def _sentence(gaps: list[Gap]) -> str:
    """One sentence about sources with the same outcome."""
    names, outcome, reasons = [gap.source for gap in gaps], gaps[0].outcome, {gap.reason for gap in gaps}
    if not names[0]:
        return outcome
    sources = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    why = f": {gaps[0].reason}" if gaps[0].reason and len(reasons) == 1 else ""
    return SENTENCES[outcome].format(sources) + why


NOT_COLLECTED = "not collected"
"""The outcome of a source that was not requested."""

NOT_WHOLE = "not collected then"
"""The outcome of a table that another version of auditkit did not collect, or not as this one does."""

SENTENCES = {
    "forbidden": "access to {} was refused", "absent": "the source does not have {}",
    "partial": "{} could be read only in part", "failed": "{} could not be read",
    NOT_COLLECTED: "the snapshot does not include {}", NOT_WHOLE: "not collected: {}",
}
"""What each outcome means, for one source and for several: names of sources may be singular or plural."""


SCHEMA = pa.schema([
    ("cluster", pa.string()), ("resource", pa.string()), ("path", pa.string()), ("pages", pa.int64()),
    ("items", pa.int64()), ("resource_version", pa.string()), ("started", pa.timestamp("us", tz="UTC")),
    ("ended", pa.timestamp("us", tz="UTC")), ("outcome", pa.string()), ("reason", pa.string()),
    ("bytes", pa.int64()), ("sha256", pa.string()), ("identity", pa.string()),
])

_UNASKED = {"path": "", "pages": 0, "items": 0, "resource_version": "", "bytes": 0, "sha256": "", "identity": ""}


class Ledger:
    """The entries of one collection, by resource."""

    def __init__(self, entries: list[Entry], cluster: str = ""):
        self.entries = {entry.resource: entry for entry in entries}
        self.cluster = cluster

    def frame(self, beside: Iterable[Gap] = ()) -> "pd.DataFrame":
        """One row for each request; ``sha256`` has the digest of each response body, separated by spaces. What was not
        asked for and is to be told ``beside`` has only an outcome and a reason."""
        import pandas as pd

        rows = [{
            "cluster": self.cluster, "resource": entry.resource, "path": entry.path, "pages": len(entry.bodies),
            "items": entry.items, "resource_version": entry.resource_version, "started": entry.started,
            "ended": entry.ended, "outcome": entry.outcome, "reason": entry.reason,
            "bytes": sum(body.bytes for body in entry.bodies),
            "sha256": " ".join(body.sha256 for body in entry.bodies), "identity": entry.identity,
        } for entry in self.entries.values()]
        rows += [{**_UNASKED, "cluster": self.cluster, "resource": gap.source, "outcome": gap.outcome,
                  "reason": gap.reason} for gap in beside]
        return pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)

    def gaps(self, sources: Iterable[str], tools: Sequence[str] = ()) -> list[Gap]:
        """Why these sources are incomplete: one gap for each incomplete source.

        For scans, only these ``tools`` count (empty: all tools).
        """
        return list(dict.fromkeys(gap for source in sources for gap in self._gaps_of(source, tools)))

    def given(self, table: str, tools: Sequence[str] = ()) -> bool:
        """True if a source of the table was requested, whatever the outcome."""
        return any(bool(self._scans(tools)) if source in SCANNED else source in self.entries
                   for source in tables.table(table).sources)

    def gap(self, source: str) -> str:
        """Why a source is incomplete; empty if it is complete."""
        return "; ".join(sentences(self._gaps_of(source, ())))

    def _gaps_of(self, source: str, tools: Sequence[str]) -> list[Gap]:
        if source in SCANNED:
            return self._scan_gaps(tools)
        entry = self.entries.get(source)
        if entry is None:
            return [Gap(source, NOT_COLLECTED)]
        if entry.outcome == "complete" or _proven_absent(entry):
            return []
        return [Gap(source, entry.outcome, entry.reason)]

    def _scan_gaps(self, tools: Sequence[str]) -> list[Gap]:
        """Why scanner findings are incomplete: no scan was supplied, or one is incomplete, or a file was not read that
        may be one."""
        scans = self._scans(tools)
        none = [] if scans else [Gap("", f"no {_data_of(tools)} was supplied or found in the cluster")]
        unread = self._scans([UNKNOWN_TOOL]) if tools else []
        return none + [Gap(entry.resource, entry.outcome, entry.reason) for entry in [*scans, *unread]
                       if entry.outcome != "complete"]

    def _scans(self, tools: Sequence[str]) -> list[Entry]:
        return [entry for name, entry in self.entries.items()
                if name.startswith(SCAN) and (not tools or name.split(":")[1] in tools)]


def _data_of(tools: Sequence[str]) -> str:
    """What was asked of tools, in the words of people: ``data from kube-bench``."""
    if not tools:
        return "scan"
    *others, last = (TOLD_BY.get(tool, tool) for tool in tools)
    return f"data from {', '.join(others)}{' or ' if others else ''}{last}"


def _proven_absent(entry: Entry) -> bool:
    """True if there are no objects of a kind, as it does not belong to every Kubernetes and the server's complete
    discovery document does not list it."""
    resource = tables.RESOURCES.get(entry.resource)
    return entry.outcome == "absent" and entry.proven and resource is not None and not resource.builtin
