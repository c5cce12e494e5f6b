"""In which order Calico asks its tiers, and the policies of a tier.

Source: projectcalico/calico of July 2026, ``felix/calc/policy_sorter.go`` (by order, then by name) and
``api/pkg/apis/projectcalico/v3/tier.go`` (tiers that are always there). NetworkPolicies have order 1000 in the tier
``default``. Policies of one order but of different kinds went by another name in older releases: their order is not
taken to be known.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from auditkit.analysis.network.calico.rows import once
from auditkit.analysis.network.policies import ADMIN, BASELINE, NAMESPACED, Tier

OWN = {ADMIN: (("kube-admin", "adminnetworkpolicy"), 1e3, "Pass"), NAMESPACED: (("default",), 1e6, "Deny"),
       BASELINE: (("kube-baseline", "baselineadminnetworkpolicy"), 1e7, "Pass")}
"""The tiers of the policies of Kubernetes: their names in newer and older releases, order and default action."""
NETWORK_POLICIES = 1000.0
"""The order of NetworkPolicies in their tier."""


class Tiers(NamedTuple):
    """The tiers in their order, the number of each by name, and of those of Kubernetes' policies."""

    tiers: tuple[Tier, ...]
    numbers: dict[str, int]
    own: dict[int, int]


def tiers_of(calico_tiers: pd.DataFrame) -> Tiers:
    """The tiers; those that are always there are added where the list lacks them."""
    rows = once(calico_tiers, ["tier"])
    found = {name: (order, action) for name, order, action in zip(
        rows["tier"], rows["order"].fillna(np.inf), rows["default_action"], strict=True)}
    names = {level: next((name for name in known if name in found), known[0]) for level, (known, _, _) in OWN.items()}
    for level, (_, order, action) in OWN.items():
        found.setdefault(names[level], (order, action))
    ordered = sorted(found, key=lambda name: (found[name][0], name))
    numbers = {name: at for at, name in enumerate(ordered)}
    return Tiers(tuple(Tier(ordered=True, denies=found[name][1] != "Pass") for name in ordered), numbers,
                 {level: numbers[name] for level, name in names.items()})


def ranked(policies: pd.DataFrame) -> np.ndarray:
    """The rank of each policy (tier, order, kind, called): lower goes first, and equal ones in no known order."""
    order = policies["order"].fillna(np.inf).to_numpy(float)
    keys = pd.DataFrame({"tier": policies["tier"].to_numpy(), "order": order})
    mixed = policies["kind"].groupby([keys["tier"], keys["order"]]).transform("nunique").to_numpy() > 1
    tie = np.where(mixed, "", (policies["called"] + "/" + policies["namespace"]).astype(str))
    return np.asarray(keys.assign(tie=tie).groupby(["tier", "order", "tie"]).ngroup().to_numpy(np.int64))
