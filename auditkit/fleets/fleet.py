"""A fleet: the snapshots of many clusters and days, as frames and for SQL over all of them."""

import datetime as dt
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

import pandas as pd
import pyarrow as pa

from auditkit import tables
from auditkit.analysis import DERIVED
from auditkit.api.definitions import DEFAULT_FRAMEWORKS, load_framework
from auditkit.api.evaluating import evaluate
from auditkit.api.options import Options, folder, load_checks
from auditkit.errors import GapWarning, NoSuchTable
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.words import DEVIATING
from auditkit.exports.frames import TABLES
from auditkit.fleets import compare, environments
from auditkit.fleets.members import Member, members, newest
from auditkit.history.window import day
from auditkit.snapshots import sql
from auditkit.snapshots.alike import Alike, Memory

ADDED = ["cluster", "taken"]
"""What every frame of a fleet has before its own columns: of which cluster a row is, and when that was so (UTC)."""
JUDGED = ("requirements", "verdicts", "gaps")
"""Frames of verdicts, as `auditkit.exports.frames` has them, with the ``framework`` of each row."""
CLUSTERS = ["cluster", "environment", "taken", "sources_read", "sources", "kubernetes", "cluster_uid", "snapshots"]
_KEPT = 10_000
"""Tables that snapshots share and that are remembered."""


class Fleet:
    """Clusters and their snapshots: ``fleet.pods`` and every other table and derived table, ``fleet.requirements``,
    ``fleet.verdicts`` and ``fleet.gaps`` are DataFrames over all of them, with the columns `ADDED` in front.

    Nothing is read or judged before it is asked for. Verdicts are those of today's rule, for all snapshots alike; those
    that are stored beside a snapshot are not judged again. ``broken`` says which snapshots of the store do not count.
    """

    def __init__(self, held: Sequence[Member], frameworks: Sequence[str], judge: Callable[[Any, str], Evaluation],
                 told: Sequence[environments.Environment] = (), label: str = environments.LABEL,
                 broken: Sequence[str] = ()):
        memory: Memory = Memory(_KEPT)
        known: dict[str, pa.Table] = {}
        self.members = [Member(each.cluster, Alike.opened(memory, known, each.snapshot)) for each in held]
        self.frameworks, self.broken = list(frameworks), list(broken)
        self._judge, self._told, self._label = judge, list(told), label
        self._evaluations: dict[tuple[int, str], Evaluation] = {}

    @property
    def newest(self) -> "Fleet":
        """The same clusters with their last snapshot alone."""
        found = Fleet([], self.frameworks, self._judge, self._told, self._label, self.broken)
        found.members = newest(self.members)
        found._evaluations = self._evaluations
        return found

    @cached_property
    def environments(self) -> dict[str, str]:
        """The environment of each cluster, as its last snapshot has it; empty where none is known to be its own."""
        return {each.cluster: environments.of(each, self._told, self._label) for each in newest(self.members)}

    @property
    def order(self) -> list[str]:
        """The environments in the order in which changes reach them."""
        return [each.name for each in self._told]

    def evaluation(self, member: Member, framework: str) -> Evaluation:
        """What a framework says of a snapshot."""
        key = id(member.snapshot), framework
        if key not in self._evaluations:
            self._evaluations[key] = self._judge(member.snapshot, framework)
        return self._evaluations[key]

    @cached_property
    def clusters(self) -> pd.DataFrame:
        """A row for each cluster as its last snapshot has it (columns: `CLUSTERS`), with the number of requirements of
        each framework that have the status ``fail``, ``exception_noted`` and ``unknown``. Those with most
        failures are first."""
        held = [each.cluster for each in self.members]
        rows = [self._cluster(each, held.count(each.cluster)) for each in newest(self.members)]
        failing, unknown = ([f"{name} {status}" for name in self.frameworks for status in each]
                            for each in (DEVIATING, ("unknown",)))
        found = pd.DataFrame(rows, columns=[*CLUSTERS[:3], *failing, *CLUSTERS[3:5], *unknown, *CLUSTERS[5:]])
        order = found[failing].sum(axis=1).sort_values(ascending=False, kind="stable").index
        return found.loc[order].reset_index(drop=True)

    def _cluster(self, member: Member, snapshots: int) -> dict[str, Any]:
        manifest = member.snapshot.manifest
        read, sources = member.snapshot.sources_read
        judged = {name: self.evaluation(member, name).statuses for name in self.frameworks}
        return {"cluster": member.cluster, "cluster_uid": manifest.cluster_uid,
                "environment": self.environments[member.cluster], "taken": member.taken, "snapshots": snapshots,
                "kubernetes": manifest.server_version, "sources_read": read, "sources": sources,
                **{f"{name} {status}": statuses[status] for name, statuses in judged.items()
                   for status in (*DEVIATING, "unknown")}}

    @property
    def snapshots(self) -> pd.DataFrame:
        """A row for each snapshot: of which cluster, when, its digest, who collected it and how much of it was read."""
        return pd.DataFrame([{
            "cluster": each.cluster, "taken": each.taken, "digest": each.snapshot.digest,
            "collected_as": each.snapshot.manifest.identity, "source": each.snapshot.manifest.source,
            "complete": each.snapshot.completeness} for each in self.members])

    def frame(self, name: str) -> pd.DataFrame:
        """A table, collected or derived, or one of `JUDGED`, over all clusters and days.

        ``attrs["gaps"]`` says of which clusters rows may be missing, or values unknown. Raises `NoSuchName`.
        """
        if name in JUDGED:
            return self._judged(name)
        if name not in (*tables.TABLES, *DERIVED, "ledger") or name == "reachability":
            raise NoSuchTable("table", name, [*JUDGED, "ledger", *tables.TABLES, *DERIVED])
        frame = pd.concat([self._placed(member, getattr(member.snapshot, name)) for member in self.members],
                          ignore_index=True)
        frame.attrs = {"gaps": self.doubts([name])}
        return frame

    def _judged(self, name: str) -> pd.DataFrame:
        found = [self._placed(member, rows).assign(framework=framework) for member, framework, rows in self._rows(name)]
        columns = [column.name for column in TABLES[name].columns]
        if not found:
            return pd.DataFrame(columns=[*ADDED, "framework", *columns])
        frame = pd.concat(found, ignore_index=True).rename(columns={"id": "requirement"})
        placed = frame["cluster"].map(self.environments)
        return frame.assign(environment=placed)[[*ADDED, "environment", "framework",
                                                 *("requirement" if column == "id" else column for column in columns)]]

    def _rows(self, name: str) -> Iterator[tuple[Member, str, pd.DataFrame]]:
        for member in self.members:
            for framework in self.frameworks:
                for rows in TABLES[name].rows(self.evaluation(member, framework)):
                    if len(rows):
                        yield member, framework, rows

    @staticmethod
    def _placed(member: Member, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of a snapshot, with its cluster and time; a column of that name of its own is left out."""
        own = frame.drop(columns=ADDED, errors="ignore")
        own.insert(0, "cluster", pd.array([member.cluster] * len(own), dtype=pd.ArrowDtype(pa.string())))
        own.insert(1, "taken", pd.array([member.taken] * len(own), dtype=pd.ArrowDtype(sql.TIME)))
        return own

    def doubts(self, names: Iterable[str]) -> list[str]:
        """Why rows of these tables may be missing, as sentences, each with the clusters of which it is so."""
        asked = [name for name in names if name not in (*JUDGED, "ledger")]
        of: dict[str, dict[str, None]] = {}
        for member in self.members:
            for gap in member.snapshot.gaps(asked):
                of.setdefault(gap, {})[member.cluster] = None
        found = [f"{gap} ({', '.join(clusters)})" for gap, clusters in of.items()]
        return [*found, *self.broken]

    def sql(self, query: str) -> pd.DataFrame:
        """The answer to an SQL query (DuckDB) over all clusters and days: every table has the columns `ADDED`.

        ``fleet.sql("select cluster, count(*) from containers where privileged group by 1")``. What it reads, and what
        it refuses, is as `Snapshot.sql` says; tables of verdicts are ``requirements``, ``verdicts`` and ``gaps``.
        Raises `UsageError`.
        """
        names = [*JUDGED, "ledger", *tables.TABLES, *(name for name in DERIVED if name != "reachability")]
        found, read = sql.answer(query, names, self._relation, [*JUDGED, "ledger", *tables.TABLES])
        frame = found.to_pandas(types_mapper=pd.ArrowDtype)
        frame.attrs["gaps"] = self.doubts(read)
        if frame.attrs["gaps"]:
            warnings.warn(GapWarning(frame.attrs["gaps"]), stacklevel=2)
        return frame

    def _relation(self, name: str) -> pa.Table:
        if name not in tables.TABLES:
            return pa.Table.from_pandas(self.frame(name), preserve_index=False)
        parts = [self._in_arrow(member, member.snapshot.arrow(name)) for member in self.members]
        return pa.concat_tables(parts)

    @staticmethod
    def _in_arrow(member: Member, table: pa.Table) -> pa.Table:
        own = table.select([name for name in table.column_names if name not in ADDED])
        taken = pa.repeat(pa.scalar(member.taken, sql.TIME), len(own))
        return own.add_column(0, "taken", taken).add_column(0, "cluster", pa.repeat(member.cluster, len(own)))

    def matrix(self, framework: str) -> pd.DataFrame:
        """The status of each requirement in each cluster now: `auditkit.fleets.compare.matrix`."""
        return compare.matrix(self._now, framework)

    @cached_property
    def scoped(self) -> list[str]:
        """What a scope leaves out now, in sentences with the clusters and frameworks of which that is so; none without
        a scope."""
        said: dict[str, list[str]] = {}
        for member in self.newest.members:
            for framework in self.frameworks:
                if scope := self.evaluation(member, framework).scope:
                    said.setdefault(" ".join(scope.sentences()), []).append(f"{member.cluster} by {framework}")
        return [f"Scope of {', '.join(of)}: {text}" for text, of in said.items()]

    @property
    def worst(self) -> pd.DataFrame:
        """The requirements that fail now, the worst first: `auditkit.fleets.compare.worst`."""
        return compare.worst(self._now)

    @property
    def differences(self) -> pd.DataFrame:
        """What differs now between clusters that should be alike: `auditkit.fleets.compare.differences`."""
        return compare.differences(self._now)

    @property
    def drift(self) -> pd.DataFrame:
        """What differs now between environments: `auditkit.fleets.compare.drift`."""
        return compare.drift(self._now, self.order)

    @cached_property
    def _now(self) -> pd.DataFrame:
        return self.newest.frame("requirements")

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.frame(name)

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *JUDGED, "ledger", *tables.TABLES, *DERIVED])

    def __repr__(self) -> str:
        return f"<Fleet: {len(self.environments)} clusters, {len(self.members)} snapshots>"


def fleet(store: Path | str, frameworks: Iterable[str] | str = DEFAULT_FRAMEWORKS, *,
          clusters: Iterable[str] | str = (), start: dt.date | str = "", end: dt.date | str = "",
          environments: Iterable[str] = (), environment_label: str = "", **options: Unpack[Options]) -> Fleet:
    """The clusters of a store (a folder or a URL) and all their snapshots.

    ``clusters`` chooses some by their names or UIDs, ``start`` and ``end`` the days (UTC, both included).
    ``environments`` are ``NAME=PATTERN`` in the order of promotion, or names alone where the namespace kube-system of
    clusters has the label ``environment_label`` (`auditkit.fleets.environments`). The other parameters are those of
    `auditkit.evaluate`. Raises `SnapshotError` for a store without snapshots, `NoSuchName` and `UsageError`.
    """
    from auditkit.fleets import environments as places

    named = [frameworks] if isinstance(frameworks, str) else list(dict.fromkeys(frameworks))
    load_checks(options.get("checks", ()))
    for name in named:
        load_framework(name, folder(options.get("controls")))
    wanted = (clusters,) if isinstance(clusters, str) else tuple(clusters)
    held, broken = members(store, clusters=wanted, first=day(start), last=day(end))
    return Fleet(held, named, lambda snapshot, name: evaluate(snapshot, name, **options), places.read(environments),
                 environment_label or places.LABEL, broken)
