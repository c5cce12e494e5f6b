"""The manifest: which cluster, when, by whom, how, and the digest of every file."""

import datetime as dt
import hashlib
import json

import msgspec

from auditkit.base import hostile_text as text
from auditkit.base.times import in_utc
from auditkit.snapshots.ledger import Entry

FORMAT = 1

DIGITS = 12
"""Hexadecimal digits of the manifest's digest in the name of a snapshot's folder."""


class Cluster(msgspec.Struct, kw_only=True):
    """Of which cluster a snapshot is: its name, and the UID of its namespace kube-system."""

    cluster: str
    cluster_uid: str = ""

    @property
    def which(self) -> tuple[str, str]:
        """What tells its cluster from every other: the UID, or the name where the snapshot shows no UID (files)."""
        return ("UID", self.cluster_uid) if self.cluster_uid else ("name", self.cluster)

    @property
    def called(self) -> str:
        """The cluster in words, with what it is known by."""
        return f"{self.cluster} ({f'UID {self.cluster_uid}' if self.cluster_uid else 'known by its name alone'})"


class Manifest(Cluster, kw_only=True):
    """The content of ``manifest.json``: the cluster, the time, the collector, the source, and the digest of every file.

    ``schema`` is the digest of the tables that auditkit had when it was written (`auditkit.tables.digest`).
    ``started`` and ``ended`` are when the source was read; ``observed_from`` and ``observed_until`` are the bounds of
    when what it said was so, ``observed_by`` how they are known (``asked``, ``recorded``, ``stated``, ``contents``).
    ``transport`` has a sentence for each thing that an auditor must know of how the server was asked.
    ``stated`` are the sources of the ledger that are whole on the word of ``stated_by`` alone.
    ``previous`` is the digest of the manifest before it in the chain of its cluster (`auditkit.snapshots.chain`), empty
    for the first; ``None`` where it was written before there were chains.
    ``simulated`` says how a snapshot was changed that is no evidence; it stands in no manifest that is written.
    """

    format: int = FORMAT
    schema: str = ""
    server_version: str = ""
    source: str = ""
    collector: str = ""
    identity: str = ""
    groups: list[str] = []
    started: dt.datetime
    ended: dt.datetime
    observed_from: dt.datetime | None = None
    observed_until: dt.datetime | None = None
    observed_by: str = ""
    transport: list[str] = []
    stated: list[str] = []
    stated_by: str = ""
    ledger: list[Entry]
    files: dict[str, str] = {}
    previous: str | None = None
    simulated: str = ""

    def __post_init__(self) -> None:
        for moment in (self.started, self.ended, self.observed_from, self.observed_until):
            if moment:
                in_utc(moment)  # one that is none makes no manifest: it would break whoever shows it

    @property
    def observed(self) -> tuple[dt.datetime | None, dt.datetime]:
        """The first and the last time at which what the snapshot shows may have been so; the first is None where
        nothing says how long ago that may be."""
        return (self.observed_from, self.observed_until) if self.observed_until else (self.started, self.ended)

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """`observed` as days in UTC."""
        first, last = self.observed
        return first.astimezone(dt.UTC).date() if first else dt.date.min, last.astimezone(dt.UTC).date()

    @property
    def moment(self) -> dt.datetime:
        """One time to call the snapshot by: the first at which it may have been so, or that of the reading."""
        return self.observed[0] or self.started

    @property
    def live(self) -> bool:
        """True if the source was a live API server that was read at that time."""
        return self.observed_until is None or self.observed_by == "asked"

    @property
    def as_of(self) -> str:
        """`moment` in words, to the second, with a word where it is not exact."""
        exact = self.live or self.observed_by in ("recorded", "stated")
        how = "" if exact else "not before " if self.observed[0] else "read "
        return f"{'simulated on ' if self.simulated else ''}{how}{text.when(self.moment)}"

    @property
    def when(self) -> str:
        """When what it shows was observed, and how that is known, in words; of what is simulated that it is no
        evidence."""
        return f"{self._observed}; simulated, no evidence: {self.simulated}" if self.simulated else self._observed

    @property
    def _observed(self) -> str:
        (first, last), read = self.observed, f"read on {text.when(self.started)}"
        if first is None:
            return f"at an unknown time; {read}"
        span = text.when(first) if first == last else f"{text.when(first)} to {text.when(last)}"
        said = {"recorded": f"{span}, as recorded", "stated": f"{span}, stated by {self.stated_by or 'the user'}",
                "contents": f"not before {text.when(first)}, the latest time in the data"}.get(self.observed_by, "")
        return f"{said}; {read}" if said else span

    def encoded(self) -> bytes:
        """The bytes of ``manifest.json``."""
        fields = msgspec.to_builtins(self)
        if not self.simulated:
            del fields["simulated"]
        return json.dumps(fields, indent=1, sort_keys=True, ensure_ascii=True).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes, which have the digests of all the files: the name of exactly this evidence."""
        return hashlib.sha256(self.encoded()).hexdigest()

    @property
    def folder(self) -> str:
        """The name of the snapshot's folder: when, and the digest that proves the manifest."""
        return self.folder_of(self.digest)

    def folder_of(self, digest: str) -> str:
        """The name of the folder of a manifest whose bytes have this digest."""
        return f"{self.started:%Y%m%dT%H%M%SZ}-{digest[:DIGITS]}"
