"""What requirements say of several clusters: side by side, the worst first, differences and drift.

All functions take the requirements of one snapshot for each cluster, with the columns of `Fleet.requirements`. A status
that is not known differs from a pass as much as a failure does: nothing is taken for alike that was not seen.
"""

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from auditkit.evaluation.words import DEVIATING, SEVERITIES, STATUSES, word

NO_CLUSTER = "no cluster"
"""The status of an environment that has no cluster."""

WORST = ["framework", "requirement", "title", "severity", "failing", "clusters", "where", "accepted", "unknown"]
DIFFERENCES = ["environment", "framework", "requirement", "title", "severity", "statuses"]
DRIFT = ["framework", "requirement", "title", "drift"]
"""Columns of `drift` beside those of the environments."""
_KEY = ["framework", "requirement"]


def matrix(requirements: pd.DataFrame, framework: str) -> pd.DataFrame:
    """The status of each requirement of a framework (index, in its order) in each cluster (columns); missing where a
    cluster was not judged by it."""
    ours = requirements[requirements["framework"] == framework]
    found = ours.pivot_table(index="requirement", columns="cluster", values="status", aggfunc="first", sort=False,
                             observed=True)
    return found.reindex(index=list(dict.fromkeys(ours["requirement"])),
                         columns=list(dict.fromkeys(requirements["cluster"])))


def worst(requirements: pd.DataFrame) -> pd.DataFrame:
    """A row for each requirement that fails or has exceptions noted in any cluster (columns: `WORST`): the most severe
    first, then those of most clusters. ``accepted`` counts the clusters whose failure is accepted as a whole,
    ``clusters`` all that
    were judged by it."""
    failing = requirements["status"].isin(DEVIATING)
    judged = requirements.assign(
        severity=pd.Categorical(requirements["severity"].where(failing, ""), ["", *SEVERITIES], ordered=True),
        failing=failing, accepted=failing & requirements["accepted"].astype(bool),
        unknown=requirements["status"] == "unknown", where=requirements["cluster"].where(failing))
    found = judged.groupby(_KEY, sort=False, as_index=False).agg(
        title=("title", "first"), severity=("severity", "max"), failing=("failing", "sum"),
        clusters=("cluster", "nunique"), where=("where", _listed), accepted=("accepted", "sum"),
        unknown=("unknown", "sum"))
    found = found[found["failing"] > 0].sort_values(["severity", "failing"], ascending=False, kind="stable")
    return found.astype({"severity": str})[WORST].reset_index(drop=True)


def differences(requirements: pd.DataFrame) -> pd.DataFrame:
    """A row for each requirement that has not one status in all clusters of an environment (columns: `DIFFERENCES`).

    ``environment`` is a column of the requirements; clusters of none are compared with one another too. Requirements of
    which a cluster fails come first, the most severe before others.
    """
    ordered = requirements.assign(
        status=pd.Categorical(requirements["status"], STATUSES, ordered=True),
        severity=pd.Categorical(requirements["severity"], ["", *SEVERITIES], ordered=True))
    groups = ordered.groupby(["environment", *_KEY], sort=False)
    differing = ordered[groups["status"].transform("nunique") > 1]
    if differing.empty:
        return pd.DataFrame(columns=DIFFERENCES)
    said = differing.sort_values("status", kind="stable").groupby(
        ["environment", *_KEY, "status"], sort=False, observed=True, as_index=False).agg(
        title=("title", "first"), severity=("severity", "max"), clusters=("cluster", _listed))
    said["statuses"] = said["status"].map(word).astype(str) + ": " + said["clusters"]
    found = said.groupby(["environment", *_KEY], sort=False, as_index=False).agg(
        title=("title", "first"), severity=("severity", "max"), worst=("status", "min"),
        statuses=("statuses", "; ".join))
    found = found.sort_values(["worst", "severity"], ascending=[True, False], kind="stable")
    return found.astype({"severity": str})[DIFFERENCES].reset_index(drop=True)


def drift(requirements: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """A row for each requirement that has not one status in all environments, which stand in ``order``.

    A column for each environment has the worst status of its clusters, or `NO_CLUSTER`. ``drift`` says where a status
    changes on the way: from each environment to the next that has clusters.
    """
    ours = requirements[requirements["environment"].isin(list(order))]
    ranked = ours.assign(status=pd.Categorical(ours["status"], STATUSES, ordered=True))
    found = ranked.groupby([*_KEY, "environment"], sort=False, observed=True)["status"].min().unstack()
    found = found.reindex(columns=list(order)).astype(object)
    found = found[found.nunique(axis=1) > 1]
    titles = ours.groupby(_KEY, sort=False)["title"].first()
    told = [_way({name: status for name, status in row.items() if pd.notna(status)})
            for row in found.to_dict("records")]
    found = found.where(found.notna(), NO_CLUSTER).map(word)
    found.columns = list(order)  # no longer the categories that groups are made of
    return found.assign(title=titles.reindex(found.index), drift=told).reset_index()[[*DRIFT[:3], *order, DRIFT[3]]]


def _way(statuses: dict[str, str]) -> str:
    """Where a status changes on the way through the environments."""
    return "; ".join(_step(before, after, statuses) for before, after in pairwise(statuses)
                     if statuses[before] != statuses[after])


def _step(before: str, after: str, statuses: dict[str, str]) -> str:
    one, other = statuses[before], statuses[after]
    if "unknown" in (one, other):
        return f"not known in {after if other == 'unknown' else before}"
    return f"{'worse' if STATUSES.index(other) < STATUSES.index(one) else 'better'} in {after} than in {before}"


def _listed(names: pd.Series) -> str:
    return ", ".join(dict.fromkeys(names.dropna().astype(str)))
