"""The ledger: what was asked of a source, and what came of it. Completeness of a table comes from here alone."""

import datetime as dt
from typing import Literal

import msgspec
import pandas as pd
import pyarrow as pa

from auditkit import tables

Outcome = Literal["complete", "forbidden", "absent", "partial", "failed"]

NOT_SERVED = "the server does not serve it"
"""The reason of an entry that is ``absent`` because the discovery document proves it."""


class Body(msgspec.Struct, frozen=True):
    """One response: its request path, HTTP status, size and digest."""

    path: str
    status: int
    bytes: int
    sha256: str


class Entry(msgspec.Struct, kw_only=True):
    """What was asked for, and what came of it.

    ``complete``: all of it was read. ``forbidden``: the source refused. ``absent``: the source does not have such
    a thing. ``partial``: something is missing, cut off, or could not be understood. ``failed``: nothing was read.
    """

    resource: str
    path: str = ""
    outcome: Outcome
    reason: str = ""
    items: int = 0
    resource_version: str = ""
    started: dt.datetime
    ended: dt.datetime
    identity: str = ""
    bodies: list[Body] = []


SCHEMA = pa.schema([
    ("cluster", pa.string()), ("resource", pa.string()), ("path", pa.string()), ("pages", pa.int64()),
    ("items", pa.int64()), ("resource_version", pa.string()), ("started", pa.timestamp("us", tz="UTC")),
    ("ended", pa.timestamp("us", tz="UTC")), ("outcome", pa.string()), ("reason", pa.string()),
    ("bytes", pa.int64()), ("sha256", pa.string()), ("identity", pa.string()),
])


class Ledger:
    """The entries of one collection, by resource."""

    def __init__(self, entries: list[Entry], cluster: str = ""):
        self.entries = {entry.resource: entry for entry in entries}
        self.cluster = cluster

    def frame(self) -> pd.DataFrame:
        """One row a thing asked for; ``sha256`` has the digest of each response body, parted by spaces."""
        rows = [{
            "cluster": self.cluster, "resource": entry.resource, "path": entry.path, "pages": len(entry.bodies),
            "items": entry.items, "resource_version": entry.resource_version, "started": entry.started,
            "ended": entry.ended, "outcome": entry.outcome, "reason": entry.reason,
            "bytes": sum(body.bytes for body in entry.bodies),
            "sha256": " ".join(body.sha256 for body in entry.bodies), "identity": entry.identity,
        } for entry in self.entries.values()]
        return pa.Table.from_pylist(rows, schema=SCHEMA).to_pandas(types_mapper=pd.ArrowDtype)

    def gaps(self, table: str) -> list[str]:
        """Why a table is not complete, a sentence a source; empty where it is."""
        return [gap for source in tables.table(table).sources if (gap := self.gap(source))]

    def gap(self, source: str) -> str:
        """Why what a source holds is not known completely; empty where it is.

        A kind that does not belong to every Kubernetes is known to have no objects where the server's complete
        discovery document does not list it.
        """
        entry = self.entries.get(source)
        if entry is None:
            return f"{source} was not collected"
        if entry.outcome == "complete":
            return ""
        resource = tables.RESOURCES.get(source)
        if entry.outcome == "absent" and entry.reason == NOT_SERVED and resource and not resource.builtin:
            return ""
        return f"{source} {'is' if entry.outcome != 'failed' else 'has'} {entry.outcome}: {entry.reason}"
