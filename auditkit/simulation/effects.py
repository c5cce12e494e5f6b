"""What applied manifests change: traffic, rights, paths to full power, verdicts, and what would be refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from auditkit.analysis.columns import INTEGER, STRING
from auditkit.evaluation.words import SEVERITIES, SUBJECT
from auditkit.history.rows import only_in
from auditkit.history.verdicts import VerdictDiff
from auditkit.simulation.applying import Simulation
from auditkit.simulation.pairs import changed_ends
from auditkit.simulation.refusals import refusals
from auditkit.simulation.subjects import Called, Subjects
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES

_ENDS = ["source_kind", "source", "destination_kind", "destination"]
_RIGHT = ["subject_kind", "subject_namespace", "subject", "verb", "group", "resource", "namespace", "name"]
_START = ["kind", "namespace", "name"]
_CHANGE = ["change", "check", "severity", *SUBJECT, "before", "after"]


@dataclass(frozen=True)
class Effects:
    """What a simulation changes. ``verdicts`` has the changes of each framework's verdicts, by its name."""

    simulation: Simulation
    verdicts: Mapping[str, VerdictDiff]

    @cached_property
    def objects(self) -> pd.DataFrame:
        """What is put anew or deleted: change (added, changed, deleted), kind, namespace, name, manifest (file and
        line of the one that it comes from)."""
        rows = []
        for (source, key), thing in self.simulation.changed.items():
            document = self.simulation.origin.get((source, key))
            change = "deleted" if thing is None else "changed" if (source, key) in self.simulation.there else "added"
            rows.append((change, RESOURCES[source].kind, key[0] or None, key[1], document.place if document else None))
        return pd.DataFrame(rows, columns=["change", *_START, "manifest"], dtype="string[pyarrow]")

    @cached_property
    def flows(self) -> pd.DataFrame:
        """Traffic between namespaces, nodes and the outside that changes: change (opened, closed, wider, narrower,
        other ports, other pairs, not known any more, known now), source_kind, source, destination_kind,
        destination, before, after (the ports), pairs_before, pairs_after (pairs of endpoints with a port open). If
        policies are enforced."""
        both = self._matched("namespace_flows", _ENDS)
        both = both.fillna({f"{name}_{when}": 0 for name in ("open_pairs", "unknown_pairs")
                            for when in ("before", "after")})
        other_pairs = changed_ends(*(snapshot.reachability for snapshot in self._both))
        inside = both[_ENDS].fillna("").itertuples(index=False, name=None)
        rows = [(change, *(getattr(row, end) for end in _ENDS), row.ports_before, row.ports_after,
                 row.open_pairs_before, row.open_pairs_after)
                for row, ends in zip(both.itertuples(index=False), inside, strict=True)
                if (change := _flow(row) or ("other pairs" if ends in other_pairs else ""))]
        return pd.DataFrame(rows, columns=["change", *_ENDS, "before", "after", "pairs_before", "pairs_after"])

    @cached_property
    def rights(self) -> pd.DataFrame:
        """Rights that subjects gain or lose: change (gained, lost), and the columns of `access`."""
        one, other = (_plain(snapshot.frame("access")) for snapshot in self._both)
        gained, lost = only_in(other, one, _RIGHT), only_in(one, other, _RIGHT)
        frames = [_frame(rows).assign(change=change) for change, rows in (("gained", gained), ("lost", lost))]
        return pd.concat(frames, ignore_index=True)[["change", *_RIGHT]]

    @cached_property
    def paths(self) -> pd.DataFrame:
        """Subjects and pods whose way to full power changes: change (opened, closed, shorter, longer, certain now, less
        certain), kind, namespace, name, steps_before, steps_after, path (as it would be; of a closed one as it was)."""
        both = self._matched("paths_to_admin", _START)
        rows = [(change, row.kind, row.namespace, row.name, row.steps_before, row.steps_after,
                 row.path_after if pd.notna(row.path_after) else row.path_before)
                for row in both.itertuples(index=False) if (change := _path(row))]
        return pd.DataFrame(rows, columns=["change", *_START, "steps_before", "steps_after", "path"])

    @cached_property
    def refused(self) -> pd.DataFrame:
        """What Pod Security or admission policies would refuse, or what is not known of that (`refusals`)."""
        return refusals(self.simulation)

    def crosses(self, threshold: str) -> bool:
        """True if a threshold is crossed by what newly fails or would be refused: ``never``; ``fail``; ``unaccepted``
        (it newly fails, and no exception covers it); ``unknown`` (it is newly unknown too, or a manifest could not be
        simulated); or the least severity of what newly fails."""
        if threshold == "never":
            return False
        refused = set(self.refused["outcome"])
        new = self.changes[self.changes["change"] == "opened"]
        if threshold == "unaccepted":
            new = new[~new["accepted"].astype(bool)]
        if threshold in SEVERITIES:
            new = new[new["severity"].isin(SEVERITIES[SEVERITIES.index(threshold):])]
        unknown = "unknown" in refused or "newly unknown" in self.counts or self.simulation.left_out
        return bool(len(new) or "denied" in refused or (threshold == "unknown" and unknown))

    @property
    def gaps(self) -> list[str]:
        """Why flows, rights and paths may be missing."""
        return self.simulation.before.gaps(["namespace_flows", "access", "paths_to_admin"])

    def _matched(self, name: str, on: list[str]) -> pd.DataFrame:
        """The rows of a table before and after, side by side. Their keys are plain objects: pandas cannot merge Arrow
        columns of which neither has a chunk."""
        one, other = (snapshot.frame(name).astype(dict.fromkeys(on, object)) for snapshot in self._both)
        return one.merge(other, on=on, how="outer", suffixes=("_before", "_after"))

    @property
    def _both(self) -> tuple[Snapshot, Snapshot]:
        return self.simulation.before, self.simulation.after

    @cached_property
    def changes(self) -> pd.DataFrame:
        """The verdicts of all frameworks that change or still fail, each check and subject once: change (one of
        `auditkit.history.verdicts.CHANGES`; what a manifest adds was not there before, whatever is not known), check,
        severity, kind, namespace, name, container, before, after, requirements (of each framework), accepted (an
        exception covers it in all of them), file and line (of the manifest that the subject comes from)."""
        frames = [each.verdicts.assign(requirements=name + " " + each.verdicts["requirement"].astype(STRING))
                  for name, each in self.verdicts.items()]
        every = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[
            *_CHANGE, "requirements", "accepted"])
        grouped = every.groupby(_CHANGE, sort=False, dropna=False)
        found = grouped.agg({"requirements": lambda each: ", ".join(dict.fromkeys(each)), "accepted": "all"})
        return self._placed(found.reset_index())

    def _placed(self, found: pd.DataFrame) -> pd.DataFrame:
        """Changes of verdicts with the manifests that they come from, without what is only known now as it is new."""
        parts = found[_START].astype(object).fillna("").itertuples(index=False, name=None)
        called = [Called(*each) for each in parts]
        documents = [self.subjects.document(each) for each in called]
        new = pd.Series([self.subjects.added(each) for each in called], found.index, bool)
        known = found["change"].eq("newly known") & new
        found["change"] = found["change"].mask(known & found["after"].eq("fail"), "opened")
        found["before"] = found["before"].mask(new, "")
        found["file"] = pd.Series([str(each.file) if each else pd.NA for each in documents], found.index, STRING)
        found["line"] = pd.Series([each.line if each else pd.NA for each in documents], found.index, INTEGER)
        return found[~(known & ~found["after"].eq("fail"))].reset_index(drop=True)

    @cached_property
    def subjects(self) -> Subjects:
        """Which manifests the subjects of verdicts come from."""
        return Subjects(self.simulation)

    @property
    def counts(self) -> dict[str, int]:
        """How many verdicts have each change."""
        return {str(change): int(count) for change, count in self.changes["change"].value_counts().items()}


def _flow(row: Any) -> str:
    """What changed of a flow; empty where nothing did."""
    open_before, open_after = row.open_pairs_before, row.open_pairs_after
    if not open_before and open_after:
        return "opened"
    if open_before and not open_after:
        return "not known any more" if row.unknown_pairs_after else "closed"
    if not open_before:
        same = bool(row.unknown_pairs_before) == bool(row.unknown_pairs_after)
        return "" if same else "known now" if row.unknown_pairs_before else "not known any more"
    if open_before != open_after:
        unsure = row.unknown_pairs_after > row.unknown_pairs_before
        return "wider" if open_after > open_before else "not known any more" if unsure else "narrower"
    if row.unknown_pairs_after > row.unknown_pairs_before:
        return "not known any more"
    return "" if row.ports_before == row.ports_after else "other ports"


def _path(row: Any) -> str:
    """What changed of a path; empty where nothing did."""
    before, after = (None if pd.isna(steps) else steps for steps in (row.steps_before, row.steps_after))
    if before is None or after is None:
        return "opened" if after is not None else "closed" if before is not None else ""
    if before != after:
        return "shorter" if after < before else "longer"
    if bool(row.certain_before) != bool(row.certain_after):
        return "certain now" if row.certain_after else "less certain"
    return ""


def _plain(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame.astype("string[pyarrow]"), preserve_index=False)


def _frame(rows: pa.Table) -> pd.DataFrame:
    return rows.to_pandas(types_mapper=pd.ArrowDtype)

