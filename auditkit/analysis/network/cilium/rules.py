"""Cilium's policies in the form of all others: `auditkit.analysis.network.policies`.

They stand in one tier with NetworkPolicies: what any rule denies is denied, then what any rule allows is allowed, then
a direction in which a policy of the pod denies by default is closed. A rule that asks for more than layers 3 and 4 can
show (layer 7, names, authentication, a field that nobody here reads) may or may not match: it is not certain. A policy
that the agent refuses, or whose effect on others is not known, is a problem and no rule at all.

Sources: Cilium 1.19, ``pkg/policy/utils/parserules.go`` and ``pkg/policy/api`` (rules, validation, entities),
``pkg/k8s/apis/cilium.io/utils`` (namespaces in selectors), documentation of policy enforcement and layers 3 and 4.
An empty rule denied by default up to 1.18 and allows everything in the later source: whether it matches is not known.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from auditkit.analysis.columns import INTEGER, STRING
from auditkit.analysis.network.cilium.doubts import doubts_of_rules, problems_of
from auditkit.analysis.network.cilium.peers import peers_of
from auditkit.analysis.network.cilium.rows import PART, WAY, has, keyed, named, numbered
from auditkit.analysis.network.cilium.selectors import subjects
from auditkit.analysis.network.policies import NAMESPACED, PEER, POLICY, RULE, Parts, port_spans
from auditkit.analysis.network.ports import PROTOCOLS

TABLES = (
    "cilium_policies", "cilium_policy_conditions", "cilium_subject_selectors", "cilium_policy_rules",
    "cilium_policy_selectors", "cilium_policy_entities", "cilium_policy_blocks", "cilium_policy_excepts",
    "cilium_policy_services", "cilium_policy_ports", "cilium_cidr_groups", "cilium_unread_fields",
)
DIRECTIONS = ("ingress", "egress")
_SELECTOR = [*PEER, "whose", "of", "form", "requirement", "key", "operator", "value"]


def cilium(tables: Mapping[str, pd.DataFrame]) -> tuple[Parts, pd.DataFrame]:
    """The parts of these policies, and their problems: kind, namespace, policy, why."""
    read = {name: keyed(tables[name]) for name in TABLES if "policy" in tables[name]}
    read |= {name: tables[name] for name in ("cilium_cidr_groups", "services", "service_selectors")}
    rules = read["cilium_policy_rules"]
    given = read["cilium_policies"]
    given = given[has(given, PART, rules)]  # a part without rules decides nothing
    policies, of_subjects, doubted = subjects(given, read["cilium_subject_selectors"])
    doubted = doubted.assign(why="the label " + doubted["key"] + " of its selector is not understood")
    problems = pd.concat([problems_of(given, read), doubted[[*POLICY, "why"]]]).drop_duplicates(POLICY)
    policies = policies[~has(policies, POLICY, problems)]
    rules = _lists(rules[has(rules, PART, policies)].merge(_postures(policies, rules), on=WAY), read)
    peers, blocks, selectors = peers_of(rules, read)
    barring = _barring(rules, peers)
    policies = policies.assign(tier=NAMESPACED, level=NAMESPACED, priority=0, every_pod=False, of_spaces="",
                               bars_node=has(policies, PART, barring))
    of_subjects = of_subjects[has(of_subjects, PART, policies)]
    ports = _ports(rules, read["cilium_policy_ports"])
    rules = rules.assign(rule=rules["number"])
    return (
        named(policies)[[*POLICY, "tier", "level", "priority", "picks", "bars_node", "every_pod", "of_spaces"]],
        named(rules[rules["denies"].to_numpy(bool)])[[*POLICY, "direction"]].drop_duplicates(),
        named(rules.assign(limited=False))[[*RULE, "action", "everybody", "every_port", "certain", "limited"]],
        named(peers)[[*PEER, "picks"]], named(blocks)[[*PEER, "cidr", "excepted"]],
        ports, pd.DataFrame(columns=[*PEER, "relation", "key"], dtype=STRING),
        named(pd.concat([of_subjects, selectors], ignore_index=True))[_SELECTOR],
    ), problems


def _postures(given: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """For each part and direction with rules: whether what no rule allows is denied.

    ``enableDefaultDeny`` says so, else it is. Without rules in the direction it has no effect (cilium/cilium#35558).
    """
    stated = pd.concat([given[PART].assign(direction=way, stated=given[f"{way}_denied"]) for way in DIRECTIONS])
    found = rules[WAY].drop_duplicates().merge(stated.astype({"direction": STRING}), on=WAY)
    return found.assign(denies=found["stated"].fillna(True).to_numpy(bool)).drop(columns="stated")


def _lists(rules: pd.DataFrame, read: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A rule for each list of ports, numbered: one list may ask for layer 7, and another of its rule not.

    Where nothing is denied by default, rules of layer 7 deny all the same what they do not let through.
    """
    counts = rules["port_lists"].clip(lower=1).to_numpy(np.int64)
    found = rules.take(np.repeat(np.arange(len(rules)), counts)).reset_index(drop=True)
    found["port_list"] = np.arange(len(found)) - np.repeat(np.cumsum(counts) - counts, counts)
    silent = (found["port_lists"] == 0) & (found["icmps"] == 0)
    ports = read["cilium_policy_ports"]
    by_name = ports[~ports["port"].str.fullmatch(r"\d+").fillna(False).to_numpy(bool)]
    found = doubts_of_rules(found.assign(every_port=silent.to_numpy(bool)), read["cilium_unread_fields"], by_name)
    limited = found["layer_7"] & ~found["denies"] & (found["action"] == "allow").to_numpy(bool)
    found = found.assign(origin=found["action"])
    found = pd.concat([found, found[limited.to_numpy(bool)].assign(action="deny")], ignore_index=True)
    return found.assign(number=np.arange(len(found)))


def _ports(rules: pd.DataFrame, ports: pd.DataFrame) -> pd.DataFrame:
    """Ports by number or name; those of any protocol once for each. Port 0 stands for all."""
    rows = named(numbered(ports, rules, "port_list"))
    protocol = rows["protocol"].str.upper()
    whole = protocol.isin(["ANY", ""]).to_numpy(bool)
    rows = pd.concat([rows[~whole].assign(protocol=protocol[~whole]),
                      *(rows[whole].assign(protocol=name) for name in PROTOCOLS)], ignore_index=True)
    number = rows["port"].where(rows["port"].str.fullmatch(r"\d{1,5}").fillna(False)).astype(INTEGER)
    name = rows["port"].str.lower().where(number.isna())
    last = rows["end_port"].mask((rows["end_port"] <= number).fillna(True))
    return port_spans(rows, number.mask(number == 0), last, name, rows["protocol"].astype(STRING))


def _barring(rules: pd.DataFrame, peers: pd.DataFrame) -> pd.DataFrame:
    """Rules that may deny what comes from the pod's own node, which is let in otherwise."""
    denying = rules[(rules["action"] == "deny").to_numpy(bool) & (rules["direction"] == "ingress").to_numpy(bool)]
    barred = peers.loc[peers["picks"].isin(["all", "cluster", "own_node", "anybody"]).to_numpy(bool), "rule"]
    return denying[denying["everybody"].to_numpy(bool) | denying["number"].isin(barred).to_numpy(bool)]
