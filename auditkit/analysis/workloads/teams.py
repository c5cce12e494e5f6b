"""Whose an object is, by a label that people use for it: ``team``, ``owner`` …

The label of the object itself counts; else that of the workload that it belongs to in the end; else that of its
namespace. An object that none of them labels is nobody's, which is not the same as unknown: its team is empty.
"""

import pandas as pd

from auditkit.analysis.columns import STRING, lookup
from auditkit.errors import NoSuchName

_KEY = ["kind", "namespace", "name"]
LABELS = {"object_labels": ("kind", "object"), "pod_labels": ("Pod", "pod"), "node_labels": ("Node", "node"),
          "role_labels": ("kind", "role"), "binding_labels": ("kind", "binding"),
          "namespace_labels": ("Namespace", "namespace")}
"""The tables of labels: the column that has the kind of their objects, or the kind, and the column of their names."""


def teams(label: str, top_owners: pd.DataFrame, **tables: pd.DataFrame) -> pd.DataFrame:
    """The teams of labelled objects: kind, namespace, name, team; also those of pods by the label of their workload.

    ``tables`` are those of `LABELS`. Raises `NoSuchName` where nothing has this label.
    """
    labels = pd.concat([_of(tables[name], *place) for name, place in LABELS.items()], ignore_index=True)
    own = labels[(labels["key"] == label).fillna(False).to_numpy(bool)]
    if not len(own):
        raise NoSuchName("label", label, sorted(labels["key"].dropna().unique()))
    own = own.rename(columns={"value": "team"})[[*_KEY, "team"]]
    above = top_owners[_KEY].assign(team=lookup(
        top_owners, {"top_kind": "kind", "namespace": "namespace", "top_name": "name"}, own, ["team"])["team"])
    return pd.concat([own, above[above["team"].notna()]], ignore_index=True).drop_duplicates(_KEY)


def teams_of(subjects: pd.DataFrame, teams: pd.DataFrame) -> pd.Series:
    """The team of each subject (columns kind, namespace, name); empty where there is none."""
    spaces = teams[(teams["kind"] == "Namespace").to_numpy(bool)].assign(namespace=lambda spaces: spaces["name"])
    own = lookup(_named(subjects), {name: name for name in _KEY}, _named(teams), ["team"])["team"]
    inherited = lookup(subjects, {"namespace": "namespace"}, spaces, ["team"])["team"]
    return own.fillna(inherited).fillna("")


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Objects of the whole cluster have an empty namespace, so that they are found."""
    return frame.assign(namespace=frame["namespace"].fillna(""))


def _of(labels: pd.DataFrame, kind: str, name: str) -> pd.DataFrame:
    """A table of labels with the columns kind, namespace, name, key, value."""
    kinds = labels["kind"] if kind == "kind" else pd.Series(kind, labels.index, STRING)
    spaces = labels["namespace"] if "namespace" in labels and name != "namespace" else pd.Series(
        pd.NA, labels.index, STRING)
    return pd.DataFrame({"kind": kinds, "namespace": spaces, "name": labels[name], "key": labels["key"],
                         "value": labels["value"]})
