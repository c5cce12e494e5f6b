"""Rules of Calico that are plainly not for everybody, so that they leave a default denial in place."""

import numpy as np
import pandas as pd

from auditkit.analysis.network.addresses import wide
from auditkit.analysis.network.calico.conditions import (
    ACCOUNT,
    NAMESPACE,
    NAMESPACE_LABELS,
    ORCHESTRATOR,
    OWN_NAME,
)
from auditkit.analysis.network.calico.selectors import demands
from auditkit.analysis.network.endpoints import NAME_LABEL
from auditkit.analysis.network.policies import POLICY, RULE

_TRIVIAL = (NAME_LABEL, OWN_NAME, NAMESPACE, ACCOUNT, ORCHESTRATOR)
"""Labels that every namespace or pod has."""
_OF_SPACES = (ORCHESTRATOR, NAMESPACE, NAMESPACE_LABELS)
"""Labels by which policies are for certain namespaces, which limits nothing in them."""
_PEERS = {"ingress": "source", "egress": "destination"}


def limited(rules: pd.DataFrame, policies: pd.DataFrame, nets: pd.DataFrame) -> np.ndarray:
    """True for rules of policies for pods with a certain label, and where peers have one or are in narrow ranges."""
    asking = _demanding(policies["selector"], _OF_SPACES) | _demanding(policies["account_selector"])
    subjects = policies.loc[asking, POLICY]
    found = rules.set_index(POLICY).index.isin(subjects.set_index(POLICY).index)
    for direction, end in _PEERS.items():
        mine = (rules["direction"] == direction).to_numpy(bool)
        asks = (rules[f"{end}_accounts"] > 0).to_numpy(bool)
        for column in ("selector", "namespace_selector", "account_selector"):
            asks |= _demanding(rules[f"{end}_{column}"])
        named = rules[[f"{end}_selector", f"{end}_not_selector"]].notna().any(axis=1).to_numpy(bool)
        spaced = rules[f"{end}_namespace_selector"].notna() | (rules["namespace"] == "")
        own = named & ~spaced.to_numpy(bool)
        given = nets[((nets["end"] == end) & (nets["direction"] == direction) & (nets["sense"] == "in")).to_numpy(bool)]
        as_all = given[wide(given["cidr"]).fillna(True).to_numpy(bool)]
        at = rules.set_index(RULE).index
        narrow = at.isin(given.set_index(RULE).index) & ~at.isin(as_all.set_index(RULE).index)
        found |= mine & (asks | own | narrow)
    return np.asarray(found)


def _demanding(texts: pd.Series, nothing: tuple[str, ...] = (ORCHESTRATOR,)) -> np.ndarray:
    given = texts.fillna("")
    return np.asarray(given.map({text: demands(text, _TRIVIAL, nothing) for text in given.unique()}).to_numpy(bool))
