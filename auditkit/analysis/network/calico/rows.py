"""Calico's objects, each once: what is seen through both of its API groups is taken from the first."""

import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.network.policies import POLICY

OF_KUBERNETES = r"^(?:knp\.default\.|kanp\.|kbanp\.|kcnp\.)"
"""How Calico's API server calls policies of Kubernetes, which are read from their own lists."""
RULE = ["api", *POLICY, "direction", "rule"]


def once(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Rows of objects, one for each key: those of the API before those in the form in which they are stored."""
    return rows.sort_values("api", key=lambda api: api == "stored", kind="stable").drop_duplicates(key).reset_index(
        drop=True)


def policies_once(rows: pd.DataFrame) -> pd.DataFrame:
    """Policies with ``called``: their name without that of the default tier, which the stored form puts before it."""
    rows = rows.assign(namespace=rows["namespace"].fillna("").astype(STRING))
    rows = rows[~rows["policy"].str.contains(OF_KUBERNETES).fillna(False).to_numpy(bool)]
    in_default = (rows["tier"] == "default").fillna(False)
    called = rows["policy"].mask(in_default, rows["policy"].str.removeprefix("default."))
    return once(rows.assign(called=called.astype(STRING)), ["kind", "namespace", "called"])


def of_policies(rows: pd.DataFrame, policies: pd.DataFrame) -> pd.DataFrame:
    """Rows of these policies alone, under the names that they are called by."""
    own = policies[["api", *POLICY, "called"]]
    found = rows.assign(namespace=rows["namespace"].fillna("").astype(STRING)).merge(own, on=["api", *POLICY])
    return found.assign(policy=found["called"]).drop(columns="called")
