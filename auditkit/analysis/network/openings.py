"""Allow rules of which it is not plain that they leave a default denial in place."""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.network.addresses import wide
from auditkit.analysis.network.endpoints import NAME_LABEL, SERVICE_ACCOUNT
from auditkit.analysis.network.namespaces import EVERYBODY
from auditkit.analysis.network.policies import ADMIN, NAMESPACED, PEER, POLICY, RULE, Policies

UNLIMITED = (*EVERYBODY, "any", "some_any", "blocks", "outside", "anybody")
"""Peers that are not limited by what they are alone."""
MOST_PORTS = 1 << 12
"""Rules of a policy that open more ports than this are not limited by them."""


def policy_openings(network_rules: Policies) -> pd.DataFrame:
    """One row for each allow rule that may open what a namespace denies by default: direction, namespace, policy.

    ``namespace`` is empty for a cluster-wide policy of the tier Admin, which is asked before the policies of any
    namespace; those of the tier Baseline come after them and open nothing that they deny. A rule is plainly limited,
    and has no row, where its subjects, all of its peers or its ports are: by a label that a pod or namespace must
    have, by address ranges that are not wide, by few ports. In Calico a rule that passes on opens too.
    """
    policies = network_rules
    rules = policies.rules.merge(policies.policies[[*POLICY, "level", "picks"]], on=POLICY)
    rules = rules[~rules["limited"].to_numpy(bool)]
    opens = (rules["action"] == "allow") | ((rules["action"] == "pass") & (rules["picks"] == "asked"))
    rules = rules[(opens & rules["level"].isin([ADMIN, NAMESPACED]) & (rules["picks"] != "none")).to_numpy(bool)]
    rules = _without(rules, POLICY, _limited_subjects(policies))
    peers = _without(policies.peers, PEER, _limited_peers(policies))
    rules = rules[rules["everybody"].to_numpy(bool) | _has(rules, RULE, peers)]
    rules = _without(rules, RULE, _limited_ports(policies, rules))
    words = rules["kind"].astype(STRING) + " " + rules["policy"].astype(STRING)
    found = pd.DataFrame({"direction": rules["direction"], "namespace": rules["namespace"], "policy": words})
    return found.astype(STRING).drop_duplicates(ignore_index=True)


def _has(rows: pd.DataFrame, keys: list[str], others: pd.DataFrame) -> np.ndarray:
    """For each row, true if the others have its keys."""
    if rows.empty or others.empty:
        return np.zeros(len(rows), bool)
    marked = rows[keys].merge(others[keys].drop_duplicates(), on=keys, how="left", indicator=True)
    return np.asarray((marked["_merge"] == "both").to_numpy(bool))


def _without(rows: pd.DataFrame, keys: list[str], others: pd.DataFrame) -> pd.DataFrame:
    return rows[~_has(rows, keys, others)]


def _demanding(policies: Policies, whose: str) -> pd.DataFrame:
    """Selectors that ask for a label which somebody must have set: not for the absence of one, nor for the name."""
    selectors = policies.selectors[policies.selectors["whose"] == whose]
    asks = (selectors["form"] == "labels") | (selectors["operator"] == "In") | (
        (selectors["operator"] == "Exists") & ~selectors["key"].isin([NAME_LABEL, SERVICE_ACCOUNT]))
    return selectors[asks.fillna(False).to_numpy(bool)]


def _limited_subjects(policies: Policies) -> pd.DataFrame:
    """Policies for pods with a certain label only. That a policy is for certain namespaces limits nothing in them."""
    asks = _demanding(policies, "subject")
    return asks[asks["of"] == "podSelector"]


def _limited_ports(policies: Policies, rules: pd.DataFrame) -> pd.DataFrame:
    """Those of these rules that are for few ports, with the others of their policy; a named port is one."""
    of, some = [*POLICY, "direction"], rules[~rules["every_port"].to_numpy(bool)]
    ports = policies.ports.merge(some[RULE], on=RULE)
    count = (ports["end"] - ports["start"]).groupby([ports[name] for name in of]).sum().rename("count").reset_index()
    few = some.merge(ports[RULE].drop_duplicates(), on=RULE).merge(count, on=of)
    return few[few["count"] < MOST_PORTS]


def _limited_peers(policies: Policies) -> pd.DataFrame:
    """Peers that are not everybody: of the policy's own namespace, nodes, names, narrow ranges, certain labels."""
    peers = policies.peers
    blocks = policies.blocks[~policies.blocks["excepted"].to_numpy(bool)]
    ranges = blocks[wide(blocks["cidr"]).fillna(True).to_numpy(bool)]
    narrow = _without(peers[peers["picks"].isin(["blocks", "outside"])], PEER, ranges)
    picked = peers[peers["picks"].isin(["any", "some_any"]) & _has(peers, PEER, _demanding(policies, "peer"))]
    return pd.concat([peers[~peers["picks"].isin(UNLIMITED)], narrow, picked])
