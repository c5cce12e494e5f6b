"""What rows of Cilium's policies are called: keys without <NA>, and the numbers that their rules are given."""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import INTEGER, STRING
from auditkit.analysis.network.policies import POLICY

PART = [*POLICY, "part"]
WAY = [*PART, "direction"]
RULE = [*WAY, "action", "rule"]
"""A rule as the object has it."""


def keyed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose keys are never <NA>: a policy for the cluster has no namespace, its ``spec`` no position."""
    rows = rows.assign(namespace=rows["namespace"].fillna(""))
    return rows.assign(part=rows["part"].fillna(-1)) if "part" in rows else rows


def has(rows: pd.DataFrame, keys: list[str], others: pd.DataFrame) -> np.ndarray:
    """For each row, true if the others have its keys."""
    if not len(rows) or not len(others):
        return np.zeros(len(rows), bool)
    return np.asarray(pd.MultiIndex.from_frame(rows[keys]).isin(pd.MultiIndex.from_frame(others[keys])))


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose policy is named with the position of its part, where it has several."""
    position = " specs[" + rows["part"].astype(INTEGER).astype(STRING) + "]"
    several = (rows["part"] >= 0).to_numpy(bool)
    return rows.assign(policy=rows["policy"].astype(STRING) + position.where(several, ""))


def numbered(rows: pd.DataFrame, rules: pd.DataFrame, *more: str) -> pd.DataFrame:
    """Rows under the numbers of the rules that they belong to, which take the place of positions.

    ``rules`` has ``number``, and in ``origin`` the action of the rule that it was made of.
    """
    keys = [*WAY, "origin", "rule", *more]
    found = rows.rename(columns={"action": "origin"}).merge(rules[[*keys, "number", "action"]], on=keys)
    return found.drop(columns="rule").rename(columns={"number": "rule"})
