"""What network policies do for each namespace as a whole: is there one, and is everything denied by default."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING
from auditkit.analysis.network.endpoints import NAME_LABEL
from auditkit.analysis.network.policies import policy_directions

POLICY = ["namespace", "policy"]
RULE = [*POLICY, "direction", "rule"]
PORTS = (1, 65535)
WIDEST = 8
"""Address ranges with a shorter prefix than this are as good as everybody: two halves of the internet are it too."""


def namespace_policies(
    namespaces: pd.DataFrame, network_policies: pd.DataFrame, network_policy_types: pd.DataFrame,
    network_policy_rules: pd.DataFrame, network_policy_peers: pd.DataFrame, network_policy_ports: pd.DataFrame,
    network_policy_selectors: pd.DataFrame,
) -> pd.DataFrame:
    """One row a namespace, in their order: namespace, policies (how many), and for each direction

    ``ingress_denied_by``: a policy that picks every pod of the namespace, so that what no rule allows is denied;
    ``ingress_opened_by``: a policy that picks every pod and allows everything, so that nothing is denied after all;
    ``ingress_denied``: the first and not the second. The same for ``egress``. Cluster-wide policies do not count: they
    are not the namespace's own, and what comes from outside they cannot deny.
    """
    directions = policy_directions(network_policies, network_policy_types, network_policy_rules)
    whole = directions.merge(_without_subject_selector(network_policies, network_policy_selectors), on=POLICY)
    everybody = _everybody(network_policy_rules, network_policy_peers, network_policy_selectors)
    opened = _every_port(everybody.merge(whole, on=[*POLICY, "direction"]), network_policy_rules, network_policy_ports)
    found = namespaces[["name"]].set_axis(["namespace"], axis=1).reset_index(drop=True)
    counts = network_policies.groupby("namespace").size()
    found["policies"] = found["namespace"].map(counts).astype(INTEGER).fillna(0)
    for direction in ("ingress", "egress"):
        for column, policies in (("denied_by", whole), ("opened_by", opened)):
            first = policies[policies["direction"] == direction].groupby("namespace")["policy"].min()
            found[f"{direction}_{column}"] = found["namespace"].map(first).astype(STRING)
        denied = found[f"{direction}_denied_by"].notna() & found[f"{direction}_opened_by"].isna()
        found[f"{direction}_denied"] = denied.astype(BOOLEAN)
    return found


def wide(cidr: pd.Series) -> pd.Series:
    """True if an address range is so wide that it does not keep anybody out; not a range: not known."""
    return cidr.astype(STRING).str.extract(r"/(\d{1,3})$", expand=False).astype(STRING).astype(INTEGER) < WIDEST


def _without_subject_selector(policies: pd.DataFrame, selectors: pd.DataFrame) -> pd.DataFrame:
    """Policies whose pod selector is empty: they pick every pod of their namespace."""
    return _without(policies[["namespace", "name"]].set_axis(POLICY, axis=1), selectors[selectors["of"] == "subject"])


def _without(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """The rows whose columns do not stand in the others."""
    keys = list(rows.columns)
    marked = rows.merge(others[keys].drop_duplicates(), on=keys, how="left", indicator=True)
    return marked[marked["_merge"] == "left_only"][keys]


def _everybody(rules: pd.DataFrame, peers: pd.DataFrame, selectors: pd.DataFrame) -> pd.DataFrame:
    """Rules for everybody: namespace, policy, direction, rule.

    Everybody is a rule without peers, every pod of every namespace, or (nearly) every address. The API server gives
    every namespace the label with its name, so that asking for it picks them all.
    """
    trivial = (selectors["of"] == "namespaceSelector") & (selectors["key"] == NAME_LABEL) & (
        selectors["operator"] == "Exists")
    asks = selectors[(selectors["of"] != "subject") & ~trivial.fillna(False)]
    every_pod = peers[peers["has_namespace_selector"] & peers["cidr"].isna()][[*RULE, "peer"]]
    found = pd.concat([rules[rules["peers_count"] == 0][RULE], _without(every_pod, asks)[RULE],
                       peers[wide(peers["cidr"]).fillna(False)][RULE]])
    return found.drop_duplicates()


def _every_port(chosen: pd.DataFrame, rules: pd.DataFrame, ports: pd.DataFrame) -> pd.DataFrame:
    """Those of the chosen rules that open every port of a protocol, alone or with others of the namespace."""
    number = ports["port"].where(ports["port"].str.fullmatch(r"\d{1,5}")).astype(INTEGER)
    spans = ports[RULE].assign(protocol=ports["protocol"].fillna("TCP"), start=number.fillna(PORTS[0]),
                               end=ports["end_port"].fillna(number).fillna(PORTS[1]))
    spans = spans[(number.notna() | ports["port"].isna()).to_numpy(bool)].merge(chosen, on=RULE)
    of = ["namespace", "direction", "protocol"]
    spans = spans.sort_values([*of, "start"], ignore_index=True)
    spans["reach"] = spans.groupby(of)["end"].cummax()
    spans["gap"] = spans["start"] > spans.groupby(of)["reach"].shift().fillna(PORTS[0] - 1) + 1
    whole = spans.groupby(of).agg(gap=("gap", "max"), reach=("reach", "max"))
    whole = whole[~whole["gap"].astype(bool) & (whole["reach"] >= PORTS[1])].reset_index()[of]
    portless = chosen.merge(rules[rules["ports_count"] == 0][RULE], on=RULE)
    return pd.concat([portless[RULE], spans.merge(whole, on=of)[RULE]]).drop_duplicates()
