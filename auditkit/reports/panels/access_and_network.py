"""Panels on access and the network: a figure, and the table that it is made of."""

import numpy as np
import pandas as pd

from auditkit.analysis.network.plugins import enforcement, enforcement_grounds
from auditkit.analysis.rbac.defaults import shipped_bindings
from auditkit.base import hostile_text as text
from auditkit.reports.panels.bars import Figure, partly
from auditkit.reports.panels.block import Block
from auditkit.reports.panels.matrix import Matrix
from auditkit.reports.panels.population import doubts, table
from auditkit.snapshots.snapshot import Snapshot

KINDS = ["User", "Group", "ServiceAccount", "Pod"]
PLACE = ["kind", "namespace", "name"]
MOST = 30
"""Namespaces that the matrix shows."""


class Panel:
    """A figure and a table; in a cell both are shown."""

    def __init__(self, figure: Figure | Matrix, table: Block):
        self.figure, self.table = figure, table

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.figure, self.table)


def paths(snap: Snapshot) -> Panel:
    """The distance of each subject and pod from full power over the cluster, and their paths.

    What Kubernetes itself puts there comes last.
    """
    found = snap.paths_to_admin
    away = found["steps"].map(lambda steps: text.count(int(steps), "step"), na_action="ignore")
    counts = pd.crosstab(away.fillna("no known path").astype(str), found["kind"].astype(str))
    order = dict.fromkeys([*away.dropna(), "no known path"])
    counts = counts.reindex(index=list(order), columns=KINDS, fill_value=0)
    known = found.assign(by_kubernetes=_by_kubernetes(snap, found))[found["steps"].notna().to_numpy(bool)]
    known = known.sort_values(["by_kubernetes", "steps"], kind="stable", ignore_index=True)
    return Panel(
        Figure(counts, partly("Steps to full power over the cluster", snap.gaps("paths_to_admin"))),
        table(known[["steps", *PLACE, "path", "first", "certain", "by_kubernetes"]], "Paths to full power",
              missing(snap, "paths_to_admin")))


def missing(snap: Snapshot, name: str) -> str:
    """The note of an incomplete table; empty if it is complete."""
    return doubts(snap.gaps(name))


def checklist(frame: pd.DataFrame, title: str, note: str = "") -> Block:
    """A table in which each row can be ticked off on paper."""
    ticked = frame.copy()
    ticked.insert(0, "seen", "[  ]")
    return table(ticked, title, note)


def _by_kubernetes(snap: Snapshot, found: pd.DataFrame) -> np.ndarray:
    """True if all that a subject is bound to is what Kubernetes itself binds it to."""
    subjects = snap.binding_subjects
    shipped = subjects[["subject_kind", "subject_namespace", "subject"]].set_axis(PLACE, axis=1).fillna("")
    shipped = shipped.assign(shipped=shipped_bindings(subjects).to_numpy(bool)).groupby(PLACE)["shipped"].min()
    of = found[PLACE].fillna("").merge(shipped.reset_index(), on=PLACE, how="left")["shipped"]
    return np.asarray(of.astype("boolean").fillna(False).to_numpy(bool))


def flows(snap: Snapshot) -> Panel:
    """The traffic that policies allow between namespaces, nodes and the outside."""
    found = snap.namespace_flows
    cells = found.assign(source=_end(found, "source"), destination=_end(found, "destination"), state=_states(found))
    names = _names(snap)
    most = "" if len(names) <= MOST else f" ({MOST} of {len(names):,} namespaces, by number of pods)"
    shown = [*names[:MOST], "Nodes", "Outside"]
    matrix = cells.pivot(index="source", columns="destination", values="state")
    matrix = matrix.reindex(index=shown, columns=shown).astype(object)
    plugin, gaps = snap.network_plugin, snap.gaps("namespace_flows")
    enforced = enforcement(plugin)
    said = {True: "Policies are enforced", False: "Policies are NOT enforced: all traffic is allowed",
            None: "Enforcement of policies is unknown; without enforcement, all traffic is allowed"}
    note = [f"{said[enforced]}: {enforcement_grounds(plugin)}.", missing(snap, "namespace_flows")]
    return Panel(_map(matrix, enforced, partly(f"Allowed traffic between namespaces{most}", gaps), bool(gaps)),
                 table(_listed(cells, snap), "Flows between namespaces", " ".join(note).strip()))


CONDITIONS = {
    True: "", False: "Policies are not enforced: all traffic is allowed, whatever they say.",
    None: "Unknown: whether policies are enforced. Marks show the least that is open; without enforcement, all is."}
"""What a map of flows says in itself, by whether policies are enforced."""


def _map(states: pd.DataFrame, enforced: bool | None, title: str, gaps: bool) -> Matrix:
    """The map of what policies allow. Nothing is drawn as closed that is so only if policies are enforced."""
    closed = "unknown" if gaps else "nothing" if enforced else "nothing if enforced"
    drawn = states.where(states.notna(), closed)
    if enforced is False:
        drawn[:] = "everything"
    drawn.loc["Outside", "Outside"] = "unknown" if gaps else "nothing"  # it is not the cluster's traffic
    return Matrix(drawn, title, condition=CONDITIONS[enforced])


def _end(found: pd.DataFrame, end: str) -> pd.Series:
    return found[end].fillna(found[f"{end}_kind"])


def _states(found: pd.DataFrame) -> np.ndarray:
    """What is open, in the words of `auditkit.reports.panels.matrix.STATES`."""
    free, pairs = found["free_pairs"], found["pairs"]
    is_so = [flag.to_numpy(bool) for flag in (free == pairs, free > 0, found["open_pairs"] > 0)]
    return np.select(is_so, ["everything", "all ports of some", "some"], "unknown").astype(object)


def _names(snap: Snapshot) -> list[str]:
    """The namespaces with pods, those with data of a class first, then those with most pods."""
    classes, pods = snap.data_class_flows["destination"], snap.pods.groupby("namespace").size()
    frame = pd.DataFrame({"name": snap.namespaces["name"]})
    frame["classed"] = frame["name"].isin(classes)
    frame["pods"] = frame["name"].map(pods).fillna(0)
    frame = frame[frame["pods"] > 0].sort_values(["classed", "pods", "name"], ascending=[False, False, True])
    return list(frame["name"])


def _listed(cells: pd.DataFrame, snap: Snapshot) -> pd.DataFrame:
    """The flows for people, those into data of a class first; what is closed has no row."""
    classes = snap.data_class_flows.groupby("destination")["data_class"].min()
    cells = cells[(cells["source"] != cells["destination"]).to_numpy(bool)]
    listed = cells.assign(data_class=cells["destination"].map(classes))
    listed = listed.sort_values(["data_class", "destination", "source"], na_position="last")
    return listed[["data_class", "destination", "source", "state", "ports", "pairs", "open_pairs", "unknown_pairs"]]
