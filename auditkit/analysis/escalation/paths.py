"""Paths to more power: the shortest from each subject and pod to everything, and what one can reach.

What an admission webhook or the network would refuse is not looked at: a path shows what rights and pods allow. The
steps themselves are in the table `escalation_steps`.
"""

import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit.analysis.columns import STRING
from auditkit.analysis.escalation.steps import FROM, TO
from auditkit.analysis.rbac.index import Multimap
from auditkit.analysis.rbac.privileges import ADMIN
from auditkit.errors import UsageError

START = ["User", "Group", "ServiceAccount", "Pod"]
INT, BOOLEAN = pd.ArrowDtype(pa.int64()), pd.ArrowDtype(pa.bool_())
NEVER = np.iinfo(np.int64).max


class Graph:
    """Steps as numbers: places, and for each step where it comes from and leads to."""

    def __init__(self, steps: pd.DataFrame):
        self.steps = steps
        ends = pd.concat([steps[FROM].set_axis(TO, axis=1), steps[TO]], ignore_index=True)
        number = ends.groupby(TO, sort=False).ngroup().to_numpy(np.int64)
        self.places = ends.drop_duplicates(TO, ignore_index=True).set_axis(["kind", "namespace", "name"], axis=1)
        self.origin, self.target = number[:len(steps)], number[len(steps):]
        self.counts = steps["counts"].to_numpy(dtype=bool)
        self.certain = steps["certain"].to_numpy(dtype=bool)

    def at(self, kind: str, namespace: str = "", name: str = "") -> np.ndarray:
        """The number of a place, if there is one."""
        same = (self.places["kind"] == kind) & (self.places["namespace"] == namespace) & (self.places["name"] == name)
        return np.flatnonzero(same.to_numpy(dtype=bool))

    def walk(self, start: np.ndarray, *, backwards: bool = False, certain: bool = False,
             ) -> tuple[np.ndarray, np.ndarray]:
        """How many acts each place is away from the start, and the step by which it is reached (-1: none).

        Breadth first; steps that do not count are taken at once. A place that is not reached is `NEVER` away.
        """
        here, there = (self.target, self.origin) if backwards else (self.origin, self.target)
        usable = self.certain if certain else np.ones(len(here), np.bool_)
        acts, others = (Multimap(here[chosen], np.flatnonzero(chosen)) for chosen in (
            usable & self.counts, usable & ~self.counts))
        distance = np.full(len(self.places), NEVER)
        by = np.full(len(self.places), -1)
        front, away = start, 0
        distance[front] = 0
        while len(front):
            level = [front]
            while len(front):
                front = _reach(front, others, there, distance, by, away)
                level.append(front)
            away += 1
            front = _reach(np.concatenate(level), acts, there, distance, by, away)
        return distance, by


def _reach(front: np.ndarray, along: Multimap, there: np.ndarray, distance: np.ndarray, by: np.ndarray,
           away: int) -> np.ndarray:
    """Mark the places one step from the front that were not reached yet, and return them."""
    step = along.find(front)[1]
    new, first = np.unique(there[step], return_index=True)
    unseen = distance[new] == NEVER
    new, first = new[unseen], first[unseen]
    distance[new], by[new] = away, step[first]
    return np.asarray(new)


def paths_to_admin(escalation_steps: pd.DataFrame) -> pd.DataFrame:
    """The shortest path from each subject and pod to full power over the cluster.

    Columns: ``kind, namespace, name``; ``steps`` (number of acts; 0: it already may do everything, 1: by its own
    rights; ``<NA>``: there is no path); ``certain`` (there is a path of certain steps, and then it is the one that
    is shown); ``path`` in words; ``first`` (source of the first step).
    """
    graph = Graph(escalation_steps)
    goal = graph.at(ADMIN)
    sure, sure_by = graph.walk(goal, backwards=True, certain=True)
    any_, any_by = graph.walk(goal, backwards=True)
    certain = sure < NEVER
    away, by = np.where(certain, sure, any_), np.where(certain, sure_by, any_by)
    chosen = np.flatnonzero(graph.places["kind"].isin(START).to_numpy(dtype=bool))
    words, first = _in_words(graph, chosen, by)
    never = away[chosen] == NEVER
    found = graph.places.iloc[chosen].reset_index(drop=True)
    found["steps"] = pd.array(pa.array(away[chosen], mask=never).to_pylist(), dtype=INT)
    found["certain"] = pd.array(pa.array(certain[chosen], mask=never).to_pylist(), dtype=BOOLEAN)
    found["path"], found["first"] = words.array, first.array
    return found.sort_values(["steps", "kind", "namespace", "name"], ignore_index=True)


def _in_words(graph: Graph, starts: np.ndarray, by: np.ndarray) -> tuple[pd.Series, pd.Series]:
    """The path from each start along ``by`` in words, and the source of its first act."""
    said, source = (texts.to_numpy(dtype=object) for texts in (_said(graph.steps), graph.steps["source"]))
    words, first = np.full(len(starts), None, object), np.full(len(starts), None, object)
    place = starts.copy()
    while len(live := np.flatnonzero(by[place] >= 0)):
        step = by[place[live]]
        words[live] = [" → ".join(filter(None, pair)) for pair in zip(words[live], said[step], strict=True)]
        acts = live[graph.counts[step] & (first[live] == None)]  # noqa: E711 (elementwise)
        first[acts] = source[by[place[acts]]]
        place[live] = graph.target[step]
    return pd.Series(words, dtype=STRING), pd.Series(first, dtype=STRING)


def _said(steps: pd.DataFrame) -> pd.Series:
    """What a path says of each step: the act, and the place that it leads to unless that stands for many."""
    home = (steps["to_namespace"] + "/").where(steps["to_namespace"] != "", "")
    named = (steps["to_kind"] + " " + home + steps["to_name"]).str.rstrip(" ")
    named = named.where(steps["to_kind"].isin([*START, "Node", "Role", "Namespace", ADMIN]), "")
    return (steps["step"].where(steps["counts"], "") + " → " + named).str.strip(" →")


def path(escalation_steps: pd.DataFrame, kind: str, namespace: str = "", name: str = "") -> pd.DataFrame:
    """The shortest path from one place to everything, a row a step, in order; empty where there is none.

    Raises `UsageError` where no step knows such a place.
    """
    graph = Graph(escalation_steps)
    goal, here = graph.at(ADMIN), _place(graph, kind, namespace, name)
    distance, by = graph.walk(goal, backwards=True, certain=True)
    if distance[here] == NEVER:
        distance, by = graph.walk(goal, backwards=True)
    rows = []
    while by[here] >= 0:
        rows.append(by[here])
        here = graph.target[by[here]]
    return escalation_steps.iloc[rows].reset_index(drop=True)


def blast_radius(escalation_steps: pd.DataFrame, kind: str, namespace: str = "", name: str = "", *,
                 certain: bool = False) -> pd.DataFrame:
    """Every place that a subject or pod can reach, the nearest first.

    Columns: ``kind, namespace, name, steps`` (acts away), ``step`` (the last one) and its ``source``. With
    ``certain`` only certain steps are taken. Raises `UsageError` where no step knows such a place.
    """
    graph = Graph(escalation_steps)
    here = _place(graph, kind, namespace, name)
    distance, by = graph.walk(np.array([here]), certain=certain)
    reached = np.flatnonzero((distance < NEVER) & (by >= 0))
    last = escalation_steps.iloc[by[reached]]
    found = graph.places.iloc[reached].reset_index(drop=True)
    found["steps"] = pd.array(distance[reached], dtype=INT)
    found["step"], found["source"] = last["step"].array, last["source"].array
    return found.sort_values(["steps", "kind", "namespace", "name"], ignore_index=True)


def _place(graph: Graph, kind: str, namespace: str, name: str) -> int:
    found = graph.at(kind, namespace, name)
    if not len(found):
        raise UsageError(f"No step leads from or to {kind} {'/'.join(filter(None, (namespace, name)))}.")
    return int(found[0])
