"""What network policies do for each namespace as a whole: is there one, and is everything denied by default."""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING
from auditkit.analysis.label_selectors import select
from auditkit.analysis.network.addresses import wide
from auditkit.analysis.network.calico.conditions import OfNamespaces
from auditkit.analysis.network.calico.selectors import evaluate, parse
from auditkit.analysis.network.endpoints import NAME_LABEL, labels_of_namespaces
from auditkit.analysis.network.policies import NAMESPACED, PEER, POLICY, RULE, Policies
from auditkit.analysis.network.ports import SPAN

SPACE = "of_namespace"
EVERYBODY = ("all", "cluster", "world")
"""Peers that are everybody, or as good as that. See `auditkit.analysis.network.matching.PICKS`."""


def namespace_policies(namespaces: pd.DataFrame, namespace_labels: pd.DataFrame,
                       network_rules: Policies) -> pd.DataFrame:
    """One row a namespace, in their order: namespace, policies (how many are its own or for all of its pods;
    ``<NA>``: some, and it is not known whether they keep anything out), and for each direction

    ``ingress_denied_by``: a policy that picks every pod of the namespace, so that what no rule allows is denied;
    ``ingress_opened_by``: a policy that picks every pod and allows everything, so that nothing is denied after all;
    ``ingress_denied``: the first and not the second. The same for ``egress``. AdminNetworkPolicies and their kin do not
    count: what comes from outside they cannot deny. A CiliumClusterwideNetworkPolicy can, and counts where it picks all
    pods of the namespace. What a rule of Calico opens depends on the order, so that none is said here to open
    everything: see `policy_openings`.
    """
    whole = _whole(network_rules, namespaces, namespace_labels)
    by_label = network_rules.policies.loc[(network_rules.policies["picks"] != "asked").to_numpy(bool), POLICY]
    rules = network_rules.rules[(network_rules.rules["action"] == "allow").to_numpy(bool)].merge(by_label, on=POLICY)
    everybody = _everybody(network_rules, rules).merge(whole, on=POLICY)
    opened = _every_port(everybody, rules, network_rules.ports)
    found = namespaces[["name"]].set_axis(["namespace"], axis=1).reset_index(drop=True)
    found["policies"] = _counts(found["namespace"], network_rules, whole)
    denying = pd.concat([network_rules.directions, _denied_by_rules(network_rules)]).merge(whole, on=POLICY)
    for direction in ("ingress", "egress"):
        for column, policies in (("denied_by", denying), ("opened_by", opened)):
            mine = policies[(policies["direction"] == direction).to_numpy(bool)]
            first = _words(mine).groupby(mine[SPACE]).min()
            found[f"{direction}_{column}"] = found["namespace"].map(first).astype(STRING)
        denied = found[f"{direction}_denied_by"].notna() & found[f"{direction}_opened_by"].isna()
        found[f"{direction}_denied"] = denied.astype(BOOLEAN)
    return found


def _denied_by_rules(policies: Policies) -> pd.DataFrame:
    """Policies with a rule that surely denies everything, as one may in a tier that passes the rest on."""
    rules = policies.rules
    denying = (rules["action"] == "deny") & rules["everybody"] & rules["every_port"] & rules["certain"]
    return _without(rules[denying.to_numpy(bool)], RULE, policies.asked)[[*POLICY, "direction"]]


def _counts(namespaces: pd.Series, rules: Policies, whole: pd.DataFrame) -> pd.Series:
    """How many policies each namespace has. One that denies nothing by a rule keeps out nobody for sure where it leaves
    every direction open, or may open it again."""
    allows = rules.rules[(rules.rules["action"] == "allow").to_numpy(bool)]
    perhaps = allows[(allows["everybody"] & allows["every_port"] & ~allows["certain"]).to_numpy(bool)]
    sure = _without(rules.directions, [*POLICY, "direction"], perhaps)
    vain = _without(_without(rules.policies[POLICY], POLICY, sure), POLICY, rules.rules[
        (rules.rules["action"] != "allow").to_numpy(bool)])
    own = rules.policies[(rules.policies["namespace"] != "").to_numpy(bool)]
    objects = pd.concat([own[POLICY].assign(**{SPACE: own["namespace"]}), whole]).astype(STRING)
    every, some = (_objects(rows).groupby(SPACE).size() for rows in (objects, _without(objects, POLICY, vain)))
    found, known = (namespaces.map(counts).astype(INTEGER).fillna(0) for counts in (every, some))
    return known.mask((found > 0) & (known == 0), pd.NA)


def _objects(policies: pd.DataFrame) -> pd.DataFrame:
    """The objects that policies stand in: one may have several parts."""
    return policies.assign(policy=policies["policy"].str.replace(r" specs\[\d+\]$", "", regex=True)).drop_duplicates()


def _words(policies: pd.DataFrame) -> pd.Series:
    """A NetworkPolicy by its name, any other with its kind."""
    kind = policies["kind"].astype(STRING)
    return (kind + " ").mask(kind == "NetworkPolicy", "") + policies["policy"].astype(STRING)


def _whole(rules: Policies, namespaces: pd.DataFrame, namespace_labels: pd.DataFrame) -> pd.DataFrame:
    """Policies that pick every pod of a namespace: `POLICY`, and the namespace."""
    picked = rules.policies[(rules.policies["level"] == NAMESPACED).to_numpy(bool)]
    asked = _asked(picked, namespaces, namespace_labels)
    subjects = rules.selectors[(rules.selectors["whose"] == "subject").to_numpy(bool)]
    picked = _without(picked[[*POLICY, "picks"]], POLICY, subjects[(subjects["of"] == "podSelector").to_numpy(bool)])
    own = picked[(picked["picks"] == "own").to_numpy(bool)]
    wide_ = picked[(picked["picks"] == "any").to_numpy(bool)].reset_index(drop=True)
    spaces = pd.Index(namespaces["name"])
    asks = subjects.merge(wide_[POLICY].assign(selector=wide_.index), on=POLICY)
    matrix = select(asks[(asks["of"] == "namespaceSelector").to_numpy(bool)],
                    labels_of_namespaces(namespace_labels, spaces), len(wide_), len(spaces))[:-1]
    at, space = np.nonzero(matrix)
    spread = wide_.iloc[at].assign(**{SPACE: spaces[space]})
    return pd.concat([own.assign(**{SPACE: own["namespace"]}), spread, asked], ignore_index=True).astype(
        dict.fromkeys([*POLICY, SPACE], STRING))[[*POLICY, SPACE]]


def _asked(policies: pd.DataFrame, namespaces: pd.DataFrame, namespace_labels: pd.DataFrame) -> pd.DataFrame:
    """The same of policies whose selectors are expressions, as those of Calico."""
    rows = policies[policies["every_pod"].to_numpy(bool)]
    spaces = pd.Index(namespaces["name"])
    values = OfNamespaces(spaces, labels_of_namespaces(namespace_labels, spaces))
    texts = rows["of_spaces"].unique()
    picked = {text: np.flatnonzero(evaluate(parse(text), values, len(spaces))[0]) for text in texts}
    found = [rows[POLICY].assign(**{SPACE: rows["namespace"]})[(rows["namespace"] != "").to_numpy(bool)]]
    for text, at in picked.items():
        mine = rows.loc[((rows["of_spaces"] == text) & (rows["namespace"] == "")).to_numpy(bool), POLICY]
        found.append(mine.merge(pd.DataFrame({SPACE: spaces[at]}), how="cross"))
    return pd.concat(found, ignore_index=True)


def _without(rows: pd.DataFrame, keys: list[str], others: pd.DataFrame) -> pd.DataFrame:
    """The rows whose keys do not stand in the others."""
    if rows.empty or others.empty:
        return rows.reset_index(drop=True)
    marked = rows.merge(others[keys].drop_duplicates(), on=keys, how="left", indicator=True)
    return marked[(marked["_merge"] == "left_only").to_numpy(bool)][list(rows.columns)]


def _everybody(policies: Policies, rules: pd.DataFrame) -> pd.DataFrame:
    """Rules that are surely for everybody: `RULE`.

    Everybody is a rule without peers, every pod of every namespace, or (nearly) every address. The API server gives
    every namespace the label with its name, so that asking for it picks them all.
    """
    selectors = policies.selectors
    trivial = (selectors["of"] == "namespaceSelector") & (selectors["key"] == NAME_LABEL) & (
        selectors["operator"] == "Exists")
    asks = selectors[((selectors["whose"] == "peer") & ~trivial.fillna(False)).to_numpy(bool)]
    peers = policies.peers
    every_pod = _without(peers[(peers["picks"] == "any").to_numpy(bool)], PEER, asks)
    ranges = policies.blocks[(wide(policies.blocks["cidr"]).fillna(False)
                              & ~policies.blocks["excepted"].astype(BOOLEAN)).to_numpy(bool)]
    found = pd.concat([rules.loc[rules["everybody"].to_numpy(bool), RULE], every_pod[RULE], ranges[RULE],
                       peers.loc[peers["picks"].isin(EVERYBODY).to_numpy(bool), RULE]]).drop_duplicates()
    return found.merge(rules.loc[rules["certain"].to_numpy(bool), RULE], on=RULE)


def _every_port(chosen: pd.DataFrame, rules: pd.DataFrame, ports: pd.DataFrame) -> pd.DataFrame:
    """Those of the chosen rules that open every port of a protocol, alone or with others of the namespace."""
    spans = ports[ports["name"].isna().to_numpy(bool) & (ports["end"] > ports["start"]).to_numpy(bool)]
    spans = spans[[*RULE, "start", "end"]].merge(chosen, on=RULE)
    spans["protocol"] = spans["start"] // SPAN
    of = [SPACE, "direction", "protocol"]
    spans = spans.sort_values([*of, "start"], ignore_index=True)
    first = spans["protocol"] * SPAN + 1
    spans["reach"] = spans.groupby(of)["end"].cummax()
    spans["gap"] = spans["start"] > spans.groupby(of)["reach"].shift().fillna(first)
    whole = spans.groupby(of).agg(gap=("gap", "max"), reach=("reach", "max")).reset_index()
    whole = whole[(~whole["gap"].astype(bool) & (whole["reach"] >= (whole["protocol"] + 1) * SPAN)).to_numpy(bool)][of]
    portless = chosen.merge(rules.loc[rules["every_port"].to_numpy(bool), RULE], on=RULE)
    return pd.concat([portless, spans.merge(whole, on=of)[portless.columns]]).drop_duplicates()
