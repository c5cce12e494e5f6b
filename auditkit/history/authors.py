"""Who made a change, and when: the audit log where it was given, else the program that wrote the object last.

What is not known stays so, with the reason: a program (managedFields) is no person, and a log that does not reach over
the time between the snapshots proves nothing.
"""

import datetime as dt
from typing import Any, NamedTuple

import pandas as pd

from auditkit.analysis.cluster.audit_log import TOOL, WRITES
from auditkit.base.hostile_text import when
from auditkit.history.cells import Object
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables.resources import BY_KIND, RESOURCES

_PARTS = ("scale", "ephemeralcontainers", "resize", "approval")
"""Subresources through which an object is changed; others (status) say what the cluster sees."""


class Author(NamedTuple):
    """Who changed an object last, when, with which program, and how that is known."""

    who: str | None
    when: dt.datetime | None
    program: str | None
    known_by: str


class Authors:
    """Who wrote objects between two snapshots."""

    def __init__(self, earlier: Snapshot, later: Snapshot):
        self.first, self.last = earlier.manifest.observed[0], later.manifest.observed[1]
        self._requests = self._logged(earlier, later)
        self._unlogged = self._why_not(later)
        self._writers = self._written(later)

    def of(self, thing: Object) -> Author:
        """Who changed an object."""
        written = self._writers.get(thing)
        moment, program = written if written else (None, None)
        if request := self._requests.get(self._key(thing)):
            return Author(request["who"], request["time"], program or request["user_agent"], "audit log")
        if program:
            return Author(None, moment, program, f"managed fields name the program only; who is {self._unlogged}")
        return Author(None, None, None, self._unlogged)

    def _between(self, frame: pd.DataFrame) -> pd.Series:
        """Rows of the time between the snapshots."""
        inside = frame["time"] <= pd.Timestamp(self.last)
        return (inside & (frame["time"] > pd.Timestamp(self.first)) if self.first else inside).fillna(False)

    def _key(self, thing: Object) -> tuple[str, str, str, str]:
        resource = BY_KIND.get(thing.kind)
        return (resource.group, resource.plural, thing.namespace, thing.name) if resource else ("", "", "", "")

    def _logged(self, earlier: Snapshot, later: Snapshot) -> dict[tuple[str, str, str, str], dict[str, Any]]:
        """The last write to each object between the snapshots."""
        found = {}
        for snapshot in (earlier, later):
            asked = snapshot.input("audit_requests")
            part = asked["subresource"].isna() | asked["subresource"].isin(_PARTS)
            writes = asked[self._between(asked) & asked["verb"].isin(WRITES) & part & asked["succeeded"].fillna(False)
                           & asked["name"].notna()].sort_values("time", kind="stable")
            for row in writes.astype(object).where(writes.notna(), None).to_dict("records"):
                place = (row["api_group"] or "", row["resource"] or "")
                space = row["namespace"] or "" if f"{place[1]}.{place[0]}".strip(".") in _NAMESPACED else ""
                by = row["impersonated_user"] and f"{row['impersonated_user']} (impersonated by {row['user']})"
                found[(*place, space, row["name"])] = {**row, "who": by or row["user"]}
        return found

    def _why_not(self, later: Snapshot) -> str:
        """Why nobody is known to have made a change that is not in the log."""
        periods = later.input("audit_periods")
        log = periods[(periods["tool"] == TOOL).fillna(False)]
        if not len(log):
            return "not known: no audit log was given"
        first, last = log["first"].min(), log["last"].max()
        if pd.isna(first):
            return "not known: the audit log that was given states no times"
        if self.first is None or first > pd.Timestamp(self.first) or last < pd.Timestamp(self.last):
            return f"not known: the audit log that was given reaches only from {when(first)} to {when(last)}"
        return "not known: the audit log has no such request"

    def _written(self, later: Snapshot) -> dict[Object, tuple[dt.datetime, str | None]]:
        """When each object was last written between the snapshots, and by which program."""
        rows = later.whole("object_writers")
        part = rows["subresource"].isna() | rows["subresource"].isin(_PARTS)
        rows = rows[self._between(rows) & part].sort_values("time", kind="stable")
        columns = (rows[name].tolist() for name in ("kind", "namespace", "object", "time", "manager"))
        return {Object(kind, "" if pd.isna(space) else space, name): (time, None if pd.isna(by) else by)
                for kind, space, name, time, by in zip(*columns, strict=True)}


_NAMESPACED = frozenset(name for name, resource in RESOURCES.items() if resource.namespaced)
