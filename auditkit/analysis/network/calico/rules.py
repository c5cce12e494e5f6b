"""Calico's policies in the form of all others: `auditkit.analysis.network.policies`.

Tiers go one after the other, the policies of a tier in their order, and the first rule that matches counts: it allows,
denies, or passes on to the next tier. What no rule of a tier matches is denied there, or passed on, if a policy of the
tier is for the pod in this direction. At the end the profile of the namespace allows all: in Kubernetes nobody can
change it. NetworkPolicies stand in the tier ``default``.

Sources: projectcalico/calico of July 2026, ``felix/rules/endpoints.go``, ``libcalico-go`` (see the modules here), and
Calico's documentation of tiers and of the resources.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.network.calico.asked import Writer
from auditkit.analysis.network.calico.conditions import Conditions
from auditkit.analysis.network.calico.doubts import ACTIONS, problems_of, unread_in_rules
from auditkit.analysis.network.calico.limits import limited
from auditkit.analysis.network.calico.order import NETWORK_POLICIES, Tiers, ranked, tiers_of
from auditkit.analysis.network.calico.ports import named_out, ports_of
from auditkit.analysis.network.calico.rows import of_policies, once, policies_once
from auditkit.analysis.network.policies import NAMESPACED, PEER, POLICY, RULE, Parts

TABLES = (
    "calico_policies", "calico_policy_types", "calico_rules", "calico_rule_nets", "calico_rule_ports",
    "calico_rule_accounts", "calico_tiers", "calico_sets", "calico_set_labels", "calico_set_nets",
    "calico_host_endpoints", "calico_unread_fields",
)
_VAGUE = ("not_icmp", "http", "source_service", "destination_service")
"""What rules ask for that flows do not show."""


class Found(NamedTuple):
    """The parts of these policies (none where there are no policies), their problems, and how tiers go.

    The policies of Kubernetes are among the parts. See `auditkit.analysis.network.policies.Policies` for the rest.
    """

    parts: list[Parts]
    problems: pd.DataFrame
    tiers: Tiers
    conditions: Conditions
    asked: pd.DataFrame
    hosts: bool


def calico(tables: Mapping[str, pd.DataFrame], kubernetes: list[Parts]) -> Found:
    """Calico's policies, and those of Kubernetes as Calico asks them."""
    tiers = tiers_of(tables["calico_tiers"])
    given = policies_once(tables["calico_policies"])
    of = {name: of_policies(tables[f"calico_{name}"], given) for name in (
        "policy_types", "rules", "rule_nets", "rule_ports", "rule_accounts", "unread_fields")}
    given = given.assign(policy=given["called"])
    problems = problems_of(given, of["rules"], of["rule_nets"], of["unread_fields"], tiers.numbers)
    given = given[~given.set_index(POLICY).index.isin(problems.set_index(POLICY).index)]
    directions = _directions(given, of["policy_types"])
    rules = of["rules"].merge(directions, on=[*POLICY, "direction"])
    rules = rules.assign(action=rules["action"].str.lower().map(ACTIONS).astype(STRING))
    rules = rules[(rules["action"] != "log").to_numpy(bool)].reset_index(drop=True)
    writer = Writer()
    writer.subjects(given)
    writer.rules(rules, of["rule_nets"], of["rule_accounts"])
    ranks, kubernetes = _in_order(given, kubernetes, tiers)
    given = given.assign(priority=ranks, level=NAMESPACED, tier=given["tier"].map(tiers.numbers).astype("int64"),
                         picks="asked", bars_node=False)
    hosts = len(tables["calico_host_endpoints"]) > 0 or _lacking(tables["calico_host_endpoints"])
    asked, conditions = writer.written(_sets(tables), hosts, lacking=_lacking(tables["calico_sets"]))
    return Found([*kubernetes, _parts(given, directions, rules, of)] if len(given) else kubernetes, problems, tiers,
                 conditions, _called(asked), hosts)


def _parts(given: pd.DataFrame, directions: pd.DataFrame, rules: pd.DataFrame,
           of: Mapping[str, pd.DataFrame]) -> Parts:
    ports = of["rule_ports"]
    of_destination = ports[(ports["end"] == "destination").to_numpy(bool)]
    spans, every_port = ports_of(rules, of_destination)
    of_source = ports[(ports["end"] == "source").to_numpy(bool)]
    doubted = pd.concat([unread_in_rules(of["unread_fields"]), named_out(of_destination), of_source[RULE]])
    vague = rules[list(_VAGUE)].any(axis=1) | rules["ip_version"].notna()
    certain = ~(vague.to_numpy(bool) | rules.set_index(RULE).index.isin(doubted.set_index(RULE).index))
    wide = rules.set_index(RULE).index.isin(unread_in_rules(of["unread_fields"]).set_index(RULE).index)
    rules = rules.assign(everybody=True, certain=certain, every_port=every_port.to_numpy(bool) | wide,
                         limited=limited(rules, given, of["rule_nets"]))
    nothing = pd.DataFrame(columns=[*PEER, "picks", "cidr", "excepted", "relation", "key", "whose", "of", "form",
                                    "requirement", "operator", "value"], dtype=STRING)
    return (
        _called(given)[[*POLICY, "tier", "level", "priority", "picks", "bars_node", "every_pod", "of_spaces"]],
        _called(directions)[[*POLICY, "direction"]],
        _called(rules)[[*RULE, "action", "everybody", "every_port", "certain", "limited"]], nothing[[*PEER, "picks"]],
        nothing[[*PEER, "cidr", "excepted"]], _called(spans), nothing[[*PEER, "relation", "key"]],
        nothing[[*PEER, "whose", "of", "form", "requirement", "key", "operator", "value"]],
    )


def _lacking(table: pd.DataFrame) -> bool:
    """True if rows of a table may be missing."""
    return bool(table.attrs.get("gaps"))


def _called(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows under a kind that is not that of Kubernetes."""
    return rows.assign(kind="Calico " + rows["kind"].astype(STRING))


def _directions(given: pd.DataFrame, types: pd.DataFrame) -> pd.DataFrame:
    """The directions in which each policy is asked: as it states, or else as it has rules; without any, ingress."""
    stated = types.assign(direction=types["type"].str.lower())[[*POLICY, "direction"]]
    silent = given[~given.set_index(POLICY).index.isin(stated.set_index(POLICY).index)]
    out = (silent["egress_count"] > 0).to_numpy(bool)
    into = ~out | (silent["ingress_count"] > 0).to_numpy(bool)
    found = pd.concat([stated, silent.loc[into, POLICY].assign(direction="ingress"),
                       silent.loc[out, POLICY].assign(direction="egress")], ignore_index=True)
    return found[found.set_index(POLICY).index.isin(given.set_index(POLICY).index)].astype(STRING).drop_duplicates()


def _in_order(given: pd.DataFrame, kubernetes: list[Parts], tiers: Tiers) -> tuple[np.ndarray, list[Parts]]:
    """The ranks of Calico's policies, and the policies of Kubernetes in Calico's tiers."""
    own = kubernetes[0][0]
    both = pd.concat([given[["tier", "order", "kind", "called", "namespace"]], pd.DataFrame({
        "tier": "default", "order": NETWORK_POLICIES, "kind": "Kubernetes", "called": "", "namespace": ""},
        index=range(len(own)))], ignore_index=True)
    ranks = ranked(both.astype({"order": "float64"})) if len(both) else np.zeros(0, np.int64)
    moved = []
    for at, parts in enumerate(kubernetes):
        policies = parts[0].assign(tier=parts[0]["level"].map(tiers.own).astype("int64"))
        if at == 0:
            policies = policies.assign(priority=ranks[len(given):])
        moved.append((policies, *parts[1:]))
    return ranks[:len(given)], moved


def _sets(tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Sets of ranges (set: a number, namespace, known), their labels and their ranges."""
    key = ["api", "kind", "namespace", "set"]
    read = {name: tables[f"calico_{name}"].assign(namespace=tables[f"calico_{name}"]["namespace"].fillna(""))
            for name in ("sets", "set_labels", "set_nets")}
    sets = once(read["sets"], key[1:])
    sets = sets.assign(number=np.arange(len(sets)), known=(sets["api"] == "v3").to_numpy(bool))
    labels, nets = (read[name].merge(sets[[*key, "number"]], on=key).drop(columns="set").rename(
        columns={"number": "set"}) for name in ("set_labels", "set_nets"))
    sets = sets.drop(columns="set").rename(columns={"number": "set"})
    return sets[["set", "namespace", "known"]], labels[["set", "key", "value"]], nets[["set", "cidr"]]

