"""What is not known of Cilium's policies: which of them the agent refuses, and which of their rules may not match.

A policy that is refused decides nothing, one with a field that nobody here reads may decide anything: both are
problems, and what they are for is not known. Inside of a rule the doubt stays with the rule.
"""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from auditkit.analysis.columns import INTEGER, STRING
from auditkit.analysis.network.addresses import span
from auditkit.analysis.network.cilium.rows import RULE, WAY, has
from auditkit.analysis.network.policies import POLICY

LAYER_3 = ("endpoints", "nodes", "entities", "cidrs", "cidr_sets", "groups", "services", "names")
"""What a rule may name peers by: only one of them (pkg/policy/api/rule_validation.go)."""
SILENT = ("description", "labels", "log", "enableDefaultDeny")
"""Fields of a part that decide nothing, or nothing but what is read of them."""
LIMITS = ("rules", "listener", "terminatingTLS", "originatingTLS", "serverNames")
"""Fields of a list of ports that let less through than its ports: layer 7, and TLS names."""
ENTITIES = ("all", "world", "cluster", "host", "remote-node", "kube-apiserver", "ingress", "init", "health",
            "unmanaged", "none")
GREATEST, LONGEST = "65535", 5
"""The greatest port, and how many digits it has."""
_PLACE = re.compile(r"^(?:spec|specs\[(?P<part>\d+)\])\.(?P<section>ingress|ingressDeny|egress|egressDeny)"
                    r"\[(?P<rule>\d+)\]\.(?:toPorts\[(?P<port_list>\d+)\]\.)?(?P<rest>.+)$")
_OF_PART = re.compile(r"^specs?(?:\[\d+\])?\.(\w+)")


def problems_of(given: pd.DataFrame, read: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The policies that are refused or not understood as a whole: `POLICY`, why (one reason each).

    ``given`` are those that have rules. One without any may have them in a field that is not read.
    """
    rules = read["cilium_policy_rules"]
    rules = rules[has(rules, POLICY, given)]
    refused = pd.concat([rows[[*POLICY, "why"]] for rows in _refused(given, rules, read)], ignore_index=True)
    unread = _unread(read["cilium_unread_fields"])[[*POLICY, "why"]]
    found = pd.concat([refused[has(refused, POLICY, given)], unread]).astype(STRING)
    return found.drop_duplicates(POLICY, ignore_index=True)


def _refused(given: pd.DataFrame, rules: pd.DataFrame, read: Mapping[str, pd.DataFrame]) -> list[pd.DataFrame]:
    def some(rows: pd.DataFrame, where: pd.Series | np.ndarray, why: str | pd.Series) -> pd.DataFrame:
        chosen = np.asarray(pd.Series(where).fillna(False), bool)
        return rows[chosen].assign(why=why[chosen] if isinstance(why, pd.Series) else why)

    conditions, entities, blocks = (read[f"cilium_policy_{name}"] for name in ("conditions", "entities", "blocks"))
    named = (rules[list(LAYER_3)].fillna(0) > 0).sum(axis=1)
    both = given["has_endpoint_selector"] == given["has_node_selector"]
    ranges = pd.concat([blocks[[*POLICY, "cidr"]], read["cilium_policy_excepts"][[*POLICY, "cidr"]]])
    ranges = ranges[ranges["cidr"].notna()]
    no_range = ranges["cidr"].map({cidr: span(cidr) == (0, 0) for cidr in ranges["cidr"].unique()})
    port = read["cilium_policy_ports"]["port"]
    too_great = port.str.fullmatch(r"\d+") & ((port.str.len() > LONGEST) | (port.str.zfill(LONGEST) > GREATEST))
    no_port = port.isna() | (port == "") | too_great
    return [
        some(conditions, (conditions["type"] == "Valid") & (conditions["status"] == "False"),
             "Cilium says that it is not valid"),
        some(given, both, "it needs an endpointSelector or a nodeSelector, and not both"),
        some(given, given["has_node_selector"] & (given["namespace"] != ""),
             "nodeSelector is for clusterwide policies"),
        some(rules, named > 1, "a rule names its peers in two ways, which Cilium refuses"),
        some(rules, (rules["services"] > 0) & (rules["port_lists"] > 0),
             "toServices with toPorts is refused by Cilium before 1.17"),
        some(rules, (rules["icmps"] > 0) & (rules["port_lists"] > 0), "icmps with toPorts is refused by Cilium"),
        some(rules, rules["requires"] > 0, "fromRequires and toRequires are not understood"),
        some(entities, ~entities["entity"].isin(ENTITIES), "the entity " + entities["entity"] + " is not understood"),
        some(ranges, no_range, "the range " + ranges["cidr"] + " is none"),
        some(read["cilium_policy_ports"], no_port, "the port of a rule is none"),
    ]


def _unread(fields: pd.DataFrame) -> pd.DataFrame:
    """Fields outside of rules that may change what the policy decides."""
    inside = fields["field"].str.match(_PLACE.pattern)
    name = fields["field"].str.extract(_OF_PART.pattern, expand=False)
    found = fields[(~inside & ~name.isin(SILENT)).fillna(True).to_numpy(bool)]
    return found.assign(why="the field " + found["field"] + " is not understood")


def doubts_of_rules(rules: pd.DataFrame, fields: pd.DataFrame, named_ports: pd.DataFrame) -> pd.DataFrame:
    """Rules by list of ports, with everybody, every_port, layer_7, and certain: false where it may not match.

    ``named_ports`` are the lists with a named port.
    """
    keys = [*RULE, "port_list"]
    unread = _by_rule(fields)
    in_list = unread[unread["port_list"].notna()].astype({"port_list": "int64"})
    limited = in_list["rest"].str.extract(r"^(\w+)", expand=False).isin(LIMITS).to_numpy(bool)
    layer_7, strange = has(rules, keys, in_list[limited]), has(rules, keys, in_list[~limited])
    wide = has(rules, RULE, unread[unread["port_list"].isna()])
    told = rules[[*LAYER_3]]
    silent = told.isna().all(axis=1).to_numpy(bool)
    blank = (told[["groups", "services", "names"]] == 0).fillna(False).any(axis=1).to_numpy(bool)
    every_port = rules["every_port"].to_numpy(bool)
    asked = rules["authentication"].notna() & (rules["authentication"].str.lower() != "disabled")
    outgoing = (rules["direction"] == "egress").to_numpy(bool) & has(rules, keys, named_ports)
    doubt = layer_7 | strange | wide | blank | (silent & every_port) | outgoing | asked.fillna(False).to_numpy(bool)
    return rules.assign(everybody=silent | blank | wide, every_port=every_port | strange | wide, layer_7=layer_7,
                        certain=~doubt)


def _by_rule(fields: pd.DataFrame) -> pd.DataFrame:
    """Fields in rules: `RULE`, port_list (<NA>: of the rule itself), rest."""
    place = fields["field"].str.extract(_PLACE.pattern)
    found = pd.concat([fields[POLICY], place.replace("", pd.NA)], axis=1)
    found = found[found["section"].notna().to_numpy(bool)]
    return found.assign(
        part=found["part"].astype(INTEGER).fillna(-1), rule=found["rule"].astype(INTEGER),
        direction=found["section"].str.removesuffix("Deny"), port_list=found["port_list"].astype(INTEGER),
        action=np.where(found["section"].str.endswith("Deny"), "deny", "allow"))[[*WAY, "action", "rule", "port_list",
                                                                                  "rest"]]
