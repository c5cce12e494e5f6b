"""Audit logs that are grouped while they are read: ten million events in the memory of their different questions.

The table ``events`` keeps a row for each event, which is evidence. Who only asks what was used needs no more than
`analysis.rights.uses` keeps; so here each event becomes twelve bytes (the hash of its request, and a number that says
what it is), and those of one request are told apart at the end, as `audit_requests` does.
"""

import os
from array import array
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit import tables
from auditkit.analysis.cluster.audit_log import RENEWAL, SERVER, STAGES, TOOL, audit_requests
from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING
from auditkit.analysis.rights.uses import MAX_NAMES, NEEDED, beginning
from auditkit.scans import free_text
from auditkit.scans.model import Document, Event, Reader, Row
from auditkit.scans.output import BATCH, Scan, Tables
from auditkit.scans.read import read_scans
from auditkit.scans.readers import kubernetes_audit
from auditkit.snapshots.ledger import Entry

_FIELDS = ("cluster", "user", "groups", "impersonated_user", "impersonated_groups", "verb", "api_group", "resource",
           "subresource", "namespace", "name", "path", "code", "decision", "reason", "level", "stage")
_NAME, _PATH = _FIELDS.index("name"), _FIELDS.index("path")
_MINUTE = 60_000_000
_SYSTEM = RENEWAL["user"]
_REJECTED = 401
_PARTS = 16


class AuditRecord(msgspec.Struct, frozen=True):
    """What audit logs say of use.

    ``requests`` by what they say, as `analysis.rights.uses.grouped` takes them; ``logs``, a row for each file: ``name,
    cluster, events, untimed, first, last, truncated``; ``silences`` of more than a minute, as `audit_silences` has
    them; the ``policy`` (`audit_policy`) that lay beside them, and the ``entries`` of what was read.
    """

    requests: pd.DataFrame
    logs: pd.DataFrame
    silences: pd.DataFrame
    policy: pd.DataFrame
    entries: list[Entry]


def read_uses(paths: Iterable[str | os.PathLike[str]]) -> AuditRecord:
    """What audit logs say of the use of rights: files, folders, rotated and compressed ones, envelopes of clouds, and
    the audit policy. Raises `UsageError` where a path does not exist."""
    tally = _Tally()
    found, entries = read_scans(paths, tally)
    return AuditRecord(tally.requests(), tally.logs(found["scans"]), tally.silences(),
                       found["audit_policy"].to_pandas(types_mapper=pd.ArrowDtype), entries)


class _Log:
    """What is known of one file: its events, those without a time, and the times of the first and last one."""

    __slots__ = ("cluster", "events", "first", "last", "untimed")

    def __init__(self) -> None:
        self.events = self.untimed = 0
        self.first: int | None = None
        self.last: int | None = None
        self.cluster: str | None = None


class _Tally(Tables):
    """Tables that count audit events by what they say, and keep none."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._last: list[int] = []
        self._names: dict[tuple[Any, ...], set[str]] = {}
        self._requests, self._codes, self._alone = array("q"), array("i"), array("i")
        self._minutes: dict[tuple[str, str, int], list[int]] = {}
        self._logs: dict[str, _Log] = {}

    def rows(self, reader: Reader, document: Document) -> Iterator[Row]:
        """Of an audit log only what is counted."""
        if reader.NAME == kubernetes_audit.NAME:
            return kubernetes_audit.read(document, brief=True)
        return super().rows(reader, document)

    def add(self, scan: Scan, row: Row) -> None:
        """Count an event of an audit log; keep everything else as usual. Ten million come here: it is written for
        speed."""
        if not isinstance(row, Event) or scan.tool != TOOL:
            super().add(scan, row)
            return
        scan.events += 1
        log = self._logs.get(scan.scan) or self._logs.setdefault(scan.scan, _Log())
        time = self._note_time(log, row)
        # the API server may allow what the server behind it rejects: then a right was used
        refused = row.decision == "forbid" or (row.code == _REJECTED and row.decision != "allow")
        key = (row.cluster, row.user, row.groups, row.impersonated_user, row.impersonated_groups, row.verb,
               row.api_group, row.resource, row.subresource, row.namespace, None if refused else row.name,
               None if refused or row.resource else row.path, row.code, row.decision,
               None if refused else row.reason, row.level, row.stage)
        code = self._kinds.get(key)
        if code is None:
            code = self._new(key)
        self._last[code] = max(self._last[code], time)
        if row.audit_id is None:
            self._alone.append(code)
        else:
            self._requests.append(hash(row.audit_id))
            self._codes.append(code)

    def _note_time(self, log: _Log, row: Event) -> int:
        """The time in microseconds (0: none), after it is noted."""
        log.events += 1
        log.cluster = log.cluster or row.cluster
        if row.time is None:
            log.untimed += 1
            return 0
        time: int = round(row.time.timestamp() * 1_000_000)
        if log.first is None or log.last is None:
            log.first = log.last = time
        elif time > log.last:
            log.last = time
        elif time < log.first:
            log.first = time
        self._note_minute((row.cluster or "", "", time // _MINUTE), time)
        if row.user == _SYSTEM and _renews(row):
            self._note_minute((row.cluster or "", row.name or "", time // _MINUTE), time)
        return time

    def _note_minute(self, minute: tuple[str, str, int], time: int) -> None:
        """Note the first and last time of a minute in which a cluster, or one of its API servers, shows itself."""
        bounds = self._minutes.get(minute)
        if bounds is None:
            self._minutes[minute] = [time, time]
        elif time > bounds[1]:
            bounds[1] = time
        elif time < bounds[0]:
            bounds[0] = time

    def _new(self, key: tuple[Any, ...]) -> int:
        """The number of what was not said before. Of one kind not more names are told apart than `MAX_NAMES`: the mark
        ``...`` stands for any other."""
        name, path = key[_NAME], key[_PATH]
        if name is not None or path is not None:
            names = self._names.setdefault((*key[:_NAME], *key[_PATH + 1:]), set())
            if len(names) > MAX_NAMES:
                any_path = beginning(path) if path else None
                key = (*key[:_NAME], ... if name else None, any_path, *key[_PATH + 1:])
            else:
                names.add(str(name or path))
        code = self._kinds.setdefault(key, len(self._kinds))
        if code == len(self._last):
            self._last.append(0)
        return code

    # --- at the end --------------------------------------------------------------------------------------------------

    def requests(self) -> pd.DataFrame:
        """What was counted, by what it says."""
        counts, kinds = self._counts(), list(self._kinds)
        self._requests, self._codes, self._kinds = array("q"), array("i"), {}
        parts = [self._part(kinds[first:first + BATCH], first, counts) for first in range(0, len(kinds) or 1, BATCH)]
        return pd.concat(parts, ignore_index=True)

    def _part(self, kinds: list[tuple[Any, ...]], first: int, counts: np.ndarray) -> pd.DataFrame:
        """Some of the kinds, which are numbered from ``first``: a part at a time, to need little memory."""
        here = slice(first, first + len(kinds))
        last, count = self._times(self._last[here]), pd.Series(counts[here], dtype=INTEGER)
        found = audit_requests(_events(kinds).assign(time=last)).set_index("audit_id")
        found = found.loc[list(map(str, range(len(kinds)))), [*NEEDED]].reset_index(drop=True)
        many = pd.Series([key[_NAME] is ... for key in kinds], dtype=BOOLEAN)
        return found.assign(requests=count, last=last, many_names=many)[counts[here] > 0]

    def _counts(self) -> np.ndarray:
        """How many requests there are of each kind, by the last stage of each; done in parts, to need little memory."""
        requests, codes = (np.frombuffer(values, values.typecode) for values in (self._requests, self._codes))
        lowest = requests.view(np.uint8)[::requests.itemsize]
        ranks = {stage: place for place, stage in enumerate(STAGES)}
        rank = np.array([ranks.get(kind[-1], -1) for kind in self._kinds], np.int8)
        size = len(self._kinds)
        counts = np.bincount(np.frombuffer(self._alone, "i"), minlength=size)
        for part in range(_PARTS):
            here = np.flatnonzero(lowest % _PARTS == part)
            code = codes[here]
            order = np.lexsort((code, rank[code], requests[here]))
            ids = requests[here][order]
            last = np.flatnonzero(np.append(ids[1:] != ids[:-1], True)) if len(ids) else order
            counts = counts + np.bincount(code[order][last], minlength=size)
        return np.asarray(counts)

    def logs(self, scans: pa.Table) -> pd.DataFrame:
        """The audit logs that were read, those without an event among them."""
        rows = [row for row in scans.to_pylist() if row["tool"] == TOOL]
        found = [self._logs.get(row["scan"], _Log()) for row in rows]
        return pd.DataFrame({
            "name": pd.array([row["file"] for row in rows], STRING),
            "cluster": pd.array([log.cluster for log in found], STRING),
            "events": pd.array([log.events for log in found], INTEGER),
            "untimed": pd.array([log.untimed for log in found], INTEGER),
            "first": self._times([log.first for log in found]), "last": self._times([log.last for log in found]),
            "truncated": pd.array([row["truncated"] for row in rows], BOOLEAN)})

    def silences(self) -> pd.DataFrame:
        """The periods of more than a minute without an event, or without a server's renewal, as `audit_silences`."""
        bounds = sorted((cluster, server, first, last) for (cluster, server, _), (first, last) in self._minutes.items())
        rows = []
        for cluster, seen in groupby(bounds, itemgetter(0)):
            every = list(seen)
            of_all = [each for each in every if not each[1]]
            first, last = of_all[0][2], of_all[-1][3]
            for server, times in groupby(every, itemgetter(1)):
                ends = [(cluster, server, at, at) for at in ((first, last) if server else ())]
                for before, after in pairwise(sorted([*times, *ends])):
                    if after[2] - before[3] > _MINUTE:
                        rows.append((cluster or None, server or None, before[3], after[2]))
        columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
        seconds = [(end - start) / 1_000_000 for _, _, start, end in rows]
        return pd.DataFrame({"cluster": pd.array(columns[0], STRING), "server": pd.array(columns[1], STRING),
                             "started": self._times(columns[2]), "ended": self._times(columns[3]),
                             "seconds": pd.array(seconds, "double[pyarrow]")})

    def _times(self, values: Iterable[int | None]) -> pd.Series:
        """Microseconds as times; none for 0 and for what is not known."""
        return pd.Series(pd.arrays.ArrowExtensionArray(
            pa.array([value or None for value in values], pa.int64()).cast(pa.timestamp("us", tz="UTC"))))


def _renews(row: Event) -> bool:
    """True where an API server renews its lease: `audit_log.renewals`, for one event."""
    return (row.name or "").startswith(SERVER) and all(getattr(row, name) == value for name, value in RENEWAL.items())


def _events(kinds: list[tuple[Any, ...]]) -> pd.DataFrame:
    """An event of each kind, as the table ``events`` has it, in their order."""
    columns: dict[str, Any] = {field: [None if key[place] is ... else key[place] for key in kinds]
                               for place, field in enumerate(_FIELDS)}
    columns |= {"tool": [TOOL] * len(kinds), "audit_id": list(map(str, range(len(kinds)))),
                "reason": list(map(free_text.reason, columns["reason"]))}
    nothing = [None] * len(kinds)
    schema = tables.table("events").schema
    found = pa.table({name: columns.get(name, nothing) for name in schema.names}, schema=schema)
    return found.to_pandas(types_mapper=pd.ArrowDtype)
