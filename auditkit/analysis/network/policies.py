"""Network policies of all kinds in one form: policies, rules, peers, address ranges, ports, selectors.

A NetworkPolicy and a cluster-wide policy differ in who they pick and in how their rules act, not in how their rules
are built. Each kind has its tier: cluster-wide policies of the tier Admin go first, then network policies, then those
of the tier Baseline. What is not there (the namespace of a cluster-wide policy, the rule of a selector of a subject)
is ``""`` or -1 here, so that the keys below are never ``<NA>``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import pandas as pd

from auditkit.analysis.columns import INTEGER, STRING
from auditkit.analysis.network.ports import SPAN, protocol_base

POLICY = ["kind", "namespace", "policy"]
RULE = [*POLICY, "direction", "rule"]
PEER = [*RULE, "peer"]
_OF_RULES = [*RULE, "action", "everybody", "every_port", "certain", "limited"]
ADMIN, NAMESPACED, BASELINE = 0, 1, 2
TIERS = {"Admin": ADMIN, "Baseline": BASELINE}
ACTIONS = {"Allow": "allow", "Accept": "allow", "Deny": "deny", "Pass": "pass"}
TABLES = (
    "network_policies", "network_policy_types", "network_policy_rules", "network_policy_peers",
    "network_policy_excepts", "network_policy_ports", "network_policy_selectors", "admin_policies",
    "admin_policy_rules", "admin_policy_peers", "admin_policy_networks", "admin_policy_relations",
    "admin_policy_ports", "admin_policy_selectors",
)


Parts = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame,
              pd.DataFrame]
"""The frames of `Policies`, in their order."""


class Asked(NamedTuple):
    """Conditions by classes of endpoints: where each surely holds, and where it perhaps does (or surely)."""

    sure: np.ndarray
    perhaps: np.ndarray


class Conditions(Protocol):
    """Conditions of an engine that are no label selectors of Kubernetes."""

    def cidrs(self) -> list[str]:
        """All address ranges that they name."""

    def keys(self) -> list[str]:
        """The labels of pods that they look at."""

    def asked(self, endpoints: Any, addresses: Any) -> Asked:
        """Each condition on all classes of these endpoints, of which ranges cut these addresses."""


class Tier(NamedTuple):
    """How the policies of a tier decide: the first rule that matches counts (``ordered``), or what any denies is
    denied and then what any allows is allowed.

    ``denies``: what no rule matches is denied where a policy isolates the pod.
    """

    ordered: bool
    denies: bool = False


KUBERNETES = (Tier(ordered=True), Tier(ordered=False, denies=True), Tier(ordered=True))
"""The tiers `ADMIN`, `NAMESPACED` and `BASELINE`."""
_PLAIN = {"bars_node": False, "every_pod": False, "of_spaces": ""}
NOTHING_ASKED = pd.DataFrame(columns=[*RULE, "side", "number"], dtype=STRING).astype({"rule": INTEGER})
NO_PROBLEMS = pd.DataFrame(columns=["engine", *POLICY, "why"], dtype=STRING)


@dataclass(frozen=True)
class Policies:
    """Policies of all kinds.

    policies: `POLICY`, tier, level (`ADMIN`, `NAMESPACED` or `BASELINE`), priority, picks (own: pods of its namespace;
    any: pods; nodes; none; asked: as ``asked`` says), bars_node (it may deny what the pod's own node sends), every_pod
    and of_spaces (where it picks as asked: all pods of namespaces, and the selector of these). directions: `POLICY`,
    direction: where a policy isolates. rules: `RULE`, action, everybody, every_port, certain (it matches for sure what
    it speaks of), limited (its conditions are not for everybody). peers: `PEER`, picks (see `PICKS` in the module
    `matching`). blocks: `PEER`, cidr, excepted. ports: `RULE`, start and end on the line of `network_ports`, or name
    and protocol. relations: `PEER`, relation, key. selectors: `PEER`, whose, of, form, requirement, key, operator,
    value.

    ``tiers`` say how each tier decides. ``problems`` are policies of other engines that are not among these, though
    they may decide: engine, `POLICY`, why. ``gaps``: where policies may be missing, of namespaces or of the cluster.
    ``asked``: `RULE`, side and number of the ``conditions`` that must all hold, for the subjects of a policy (side
    subject, rule -1), and for the subjects (own) and peers (peer) of a rule. With ``hosts`` policies that are not
    understood decide over what nodes send and receive.
    """

    policies: pd.DataFrame
    directions: pd.DataFrame
    rules: pd.DataFrame
    peers: pd.DataFrame
    blocks: pd.DataFrame
    ports: pd.DataFrame
    relations: pd.DataFrame
    selectors: pd.DataFrame
    tiers: tuple[Tier, ...]
    problems: pd.DataFrame
    gaps: Mapping[str, bool]
    conditions: Conditions | None = None
    asked: pd.DataFrame = field(default_factory=NOTHING_ASKED.copy)
    hosts: bool = False

    def cidrs(self) -> list[str]:
        """All address ranges that rules name."""
        own = self.blocks["cidr"].drop_duplicates().tolist()
        return [*own, *self.conditions.cidrs()] if self.conditions else own

    def beside(self, others: "Policies") -> "Policies":
        """These with the parts of others that endpoints are classed by; they decide nothing together."""
        return replace(self, **{name: pd.concat([getattr(self, name), getattr(others, name)], ignore_index=True)
                                for name in ("policies", "peers", "blocks", "ports", "selectors")})

    @property
    def by_node(self) -> bool:
        """True if policies are for nodes with certain labels, or speak of them."""
        return bool((self.peers["picks"] == "nodes").any() or (self.policies["picks"] == "nodes").any())

    def keys(self, of: str) -> list[str]:
        """The labels that selectors of this sort look at."""
        own = self.selectors.loc[(self.selectors["of"] == of).to_numpy(bool), "key"].drop_duplicates().tolist()
        return [*own, *self.conditions.keys()] if self.conditions and of == "podSelector" else own


def policy_directions(network_policies: pd.DataFrame, network_policy_types: pd.DataFrame,
                      network_policy_rules: pd.DataFrame) -> pd.DataFrame:
    """The directions in which each network policy isolates its pods: namespace, policy, direction.

    Where a policy does not state its types, they are ingress, and egress only if it has egress rules.
    """
    key = ["namespace", "policy"]
    stated = network_policy_types.assign(direction=network_policy_types["type"].str.lower())
    silent = network_policies[network_policies["types_count"] == 0][["namespace", "name"]].set_axis(key, axis=1)
    egress = network_policy_rules[network_policy_rules["direction"] == "egress"][key].drop_duplicates()
    return pd.concat([
        stated[[*key, "direction"]], silent.assign(direction="ingress"),
        silent.merge(egress, on=key).assign(direction="egress"),
    ], ignore_index=True).astype(STRING).drop_duplicates(ignore_index=True)


def kubernetes_policies(tables: Mapping[str, pd.DataFrame], blocks: str = "blocks", *,
                        certain: bool = True) -> list[Parts]:
    """The policies of Kubernetes in these tables (those of `TABLES`). ``blocks`` is what address ranges mean,
    ``certain`` whether the agents are known to act on those that are cluster-wide."""
    found = [_namespaced(tables, blocks)]
    found += [] if tables["admin_policies"].empty else [_cluster_wide(tables, blocks, certain)]
    return [(policies.assign(level=policies["tier"]), *rest) for policies, *rest in found]


def joined(parts: list[Parts]) -> Parts:
    """Policies of several kinds as one, with keys that are never <NA>."""
    frames = (_whole(some[0] if len(some) == 1 else pd.concat(some, ignore_index=True))
              for some in zip(*parts, strict=True))
    return cast(Parts, tuple(frames))


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Keys without ``<NA>``."""
    texts = {name: "" for name in (*POLICY, "direction") if name in frame}
    numbers = {name: -1 for name in ("rule", "peer") if name in frame}
    return frame.astype(dict.fromkeys(texts, STRING) | dict.fromkeys(numbers, INTEGER)).fillna(texts | numbers)


def _namespaced(tables: Mapping[str, pd.DataFrame], in_blocks: str) -> Parts:
    """NetworkPolicies, as the frames of `Policies`."""
    def read(name: str) -> pd.DataFrame:
        return tables[f"network_policy_{name}"].assign(kind="NetworkPolicy")

    policies = tables["network_policies"][["namespace", "name"]].rename(columns={"name": "policy"})
    policies = policies.assign(kind="NetworkPolicy", tier=NAMESPACED, priority=0, picks="own",
                               **_PLAIN)
    directions = policy_directions(tables["network_policies"], tables["network_policy_types"],
                                   tables["network_policy_rules"]).assign(kind="NetworkPolicy")
    rules = read("rules").merge(directions, on=[*POLICY, "direction"])
    rules = rules.assign(action="allow", everybody=rules["peers_count"] == 0, every_port=rules["ports_count"] == 0)
    peers = read("peers")
    pods, block = peers["has_pod_selector"] | peers["has_namespace_selector"], peers["cidr"].notna()
    picks = np.select([block, pods & ~peers["has_namespace_selector"], pods], [in_blocks, "own", "any"], "none")
    blocks = pd.concat([peers.loc[block, [*PEER, "cidr"]].assign(excepted=False),
                        read("excepts")[[*PEER, "cidr"]].assign(excepted=True)])
    selectors = read("selectors")
    subject = selectors["of"] == "subject"
    selectors = selectors.assign(whose=np.where(subject, "subject", "peer"),
                                 of=selectors["of"].mask(subject, "podSelector"))
    none = pd.DataFrame(columns=[*PEER, "relation", "key"], dtype=STRING)
    return (policies, directions, rules.assign(certain=True, limited=False)[_OF_RULES],
            peers.assign(picks=picks)[[*PEER, "picks"]], blocks, _namespaced_ports(read("ports")), none,
            selectors)


def _namespaced_ports(ports: pd.DataFrame) -> pd.DataFrame:
    number = ports["port"].where(ports["port"].str.fullmatch(r"\d{1,5}").fillna(False)).astype(INTEGER)
    name = ports["port"].where(number.isna())
    return port_spans(ports, number, ports["end_port"], name, ports["protocol"])


def port_spans(rows: pd.DataFrame, first: pd.Series, last: pd.Series, name: pd.Series,
               protocol: pd.Series) -> pd.DataFrame:
    """`RULE`, start and end (half-open, on the line; empty where a port is named), name, protocol."""
    base = protocol_base(protocol)
    start = first.fillna(1).to_numpy(np.int64)
    end = last.fillna(first).fillna(SPAN - 1).to_numpy(np.int64) + 1
    counts = (base >= 0) & name.isna().to_numpy(bool) & (start < SPAN)
    end = np.minimum(end, SPAN)
    return rows[RULE].assign(start=np.where(counts, base + start, 0), end=np.where(counts, base + end, 0),
                             name=name, protocol=protocol)


def _cluster_wide(tables: Mapping[str, pd.DataFrame], in_blocks: str, certain: bool) -> Parts:
    """Cluster-wide policies, as the frames of `Policies`."""
    def read(name: str) -> pd.DataFrame:
        return tables[f"admin_policy_{name}"].assign(namespace="")

    given = tables["admin_policies"]
    picks = np.where(given["has_namespaces"] | given["has_pods"], "any", "none")
    policies = given[["kind", "name"]].rename(columns={"name": "policy"}).assign(
        namespace="", tier=given["tier"].map(TIERS).fillna(BASELINE), priority=given["priority"].fillna(0), picks=picks,
        **_PLAIN)
    rules = read("rules")
    rules = rules.assign(action=rules["action"].map(ACTIONS), everybody=False, every_port=rules["ports_count"] == 0)
    peers = read("peers")
    peers["picks"] = np.select(
        [peers["has_namespaces"] | peers["has_pods"], peers["networks_count"] > 0, peers["has_nodes"],
         peers["domains_count"] > 0], ["any", in_blocks, "nodes", "some_outside"], "unknown")
    rules, peers = _fail_closed(rules, peers)
    ports = read("ports")
    protocol = ports["protocol"].replace("", "TCP").where(ports["protocol"].notna() | ports["name"].notna(), "TCP")
    first = ports["port"].fillna(ports["range_start"])
    return (policies, pd.DataFrame(columns=[*POLICY, "direction"], dtype=STRING),
            rules.assign(certain=certain, limited=False)[_OF_RULES], peers[[*PEER, "picks"]],
            read("networks")[[*PEER, "cidr"]].assign(excepted=False),
            port_spans(ports, first, ports["end_port"], ports["name"], protocol),
            read("relations")[[*PEER, "relation", "key"]], read("selectors"))


def _fail_closed(rules: pd.DataFrame, peers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A peer of no kind that is known matches nobody where it would allow, and everything is denied where it would not.

    So the types of the API say. Source: network-policy-api, the comments on the peers of a rule.
    """
    unknown = peers.loc[peers["picks"] == "unknown", RULE].drop_duplicates().assign(closed=True)
    rules = rules.merge(unknown, on=RULE, how="left")
    closed = rules["closed"].fillna(False).astype(bool) & (rules["action"] != "allow")
    rules = rules.assign(action=rules["action"].mask(closed, "deny"), everybody=rules["everybody"] | closed,
                         every_port=rules["every_port"] | closed)
    return rules[rules["action"].notna()], peers
