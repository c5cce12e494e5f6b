"""What the meshes of a cluster decide over traffic, in the form of network policies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.network.mesh.authorization import Policies, Policy, Rule
from auditkit.analysis.network.mesh.labels import (
    AROUND,
    CLIENT,
    DOUBT,
    MEMBER,
    PERHAPS,
    SIGNATURE,
    TUNNEL,
    YES,
    doubted,
    labels_of,
    waypoints,
)
from auditkit.analysis.network.mesh.peer_authentication import KIND, filtered, root_namespace
from auditkit.analysis.network.mesh.proxies import AMBIENT, GATEWAY, ISTIO, LINKERD
from auditkit.analysis.network.mesh.sources import Peer
from auditkit.analysis.network.mesh.strictness import MAYBE, SURE, modes_of
from auditkit.analysis.network.policies import NO_PROBLEMS, PEER, POLICY, RULE, Tier
from auditkit.analysis.network.policies import Policies as NetworkPolicies
from auditkit.analysis.network.ports import PROTOCOLS, SPAN

TIERS = (Tier(ordered=False), Tier(ordered=False, denies=True))
"""Ports that go around the proxy, then what the mesh decides: what is denied, what is allowed, and the rest."""
AROUND_TIER, MESH_TIER = 0, 1
GROUPS = {"doubt": (DOUBT, YES), "tunnel": (TUNNEL, YES), "istio": (MEMBER, ISTIO), "linkerd": (MEMBER, LINKERD)}
"""Sets of pods that stand as policies without rules, and the labels that pick them: those of which nothing is known,
those that may send and take traffic through a tunnel, and those with a proxy of Istio and of Linkerd."""
HBONE, LINKERD_INBOUND = 15008, 4143
"""The port of the tunnel of Istio's ambient mode, and that of Linkerd's proxies."""


@dataclass(frozen=True)
class Mesh:
    """What meshes decide: policies (the last of them are `GROUPS`), and the labels by which they pick pods."""

    policies: NetworkPolicies
    labels: pd.DataFrame


def mesh_rules(
    mesh_pods: pd.DataFrame, mesh_ports: pd.DataFrame, mesh_control: pd.DataFrame, pods: pd.DataFrame,
    pod_labels: pd.DataFrame, pod_mesh_annotations: pd.DataFrame, istio_authorization_policies: pd.DataFrame,
    istio_peer_authentications: pd.DataFrame, istio_selectors: pd.DataFrame, istio_dry_runs: pd.DataFrame,
    istio_revisions: pd.DataFrame, istio_rules: pd.DataFrame, istio_sources: pd.DataFrame,
    istio_source_values: pd.DataFrame, istio_operations: pd.DataFrame, istio_operation_values: pd.DataFrame,
    istio_client_tls: pd.DataFrame, istio_envoy_filters: pd.DataFrame, istio_unread_fields: pd.DataFrame,
    linkerd_servers: pd.DataFrame, linkerd_authorization_policies: pd.DataFrame,
    linkerd_server_authorizations: pd.DataFrame,
) -> Mesh | None:
    """What the meshes of a snapshot decide over traffic, which the tables of the network are derived from; no table.

    ``None`` where no pod is in a mesh.
    """
    tables = dict(locals())
    members = mesh_pods[mesh_pods["mesh"].notna().to_numpy(bool)].reset_index(drop=True)
    if members.empty:
        return None
    root = root_namespace(mesh_control)
    lacking = any(bool(table.attrs.get("gaps")) for name, table in tables.items() if name.startswith(
        ("istio_", "linkerd_")))
    unclear = doubted(members, pod_mesh_annotations, filtered(members, istio_envoy_filters, root),
                      _by_policy(members, tables, root), linkerd_servers, waypoints(members, pod_labels),
                      lacking=lacking)
    modes, meant = modes_of(mesh_ports, members, unclear)
    labels = labels_of(members, pods, mesh_ports, pod_mesh_annotations, istio_client_tls, unclear, modes)
    hosts = _in_host_network(members, pods)
    found = [*_around(labels), *(policy for signature, mode in sorted(meant.items())
                                 for policy in _strict(signature, mode, hosts)),
             *Policies(tables, labels, root).decided(), *_groups()]
    return Mesh(_written(found), labels)


def _by_policy(members: pd.DataFrame, tables: Mapping[str, Any], root: str | None) -> pd.DataFrame:
    """Pods of which AuthorizationPolicies decide that are not understood. One for a Gateway or a service decides at a
    gateway or a waypoint, which only pods in the ambient mode have before them."""
    found = [members.head(0)]
    for space, _, targeted in Policies(tables, tables["pod_labels"].head(0), root).problems():
        mine = (members["namespace"] == space) | (root in (None, space))
        kinds = members["mode"].isin([AMBIENT, GATEWAY]) if targeted else members["mode"].notna()
        found.append(members[((members["mesh"] == ISTIO) & mine & kinds).fillna(True).to_numpy(bool)])
    return pd.concat(found)[["namespace", "name"]].drop_duplicates()


def _in_host_network(members: pd.DataFrame, pods: pd.DataFrame) -> bool:
    """True if a pod of the mesh is in the network of its node, which then may have an identity."""
    hosts = pods.loc[pods["host_network"].fillna(True).to_numpy(bool), ["namespace", "name"]]
    return bool(len(members.merge(hosts, on=["namespace", "name"])))


# --- policies ---------------------------------------------------------------------------------------------------------


def _around(labels: pd.DataFrame) -> list[Policy]:
    """Ports that go around the proxy, which the mesh decides nothing over."""
    ports = sorted(set(labels.loc[(labels["key"] == AROUND).to_numpy(bool), "value"]), key=int)
    return [Policy("annotation", "", f"of excluded port {port}", False, (("podSelector", AROUND, "In", (port,)),),
                   False, (Rule("allow", None, ((int(port), int(port)),), certain=True),)) for port in ports]


def _strict(signature: str, modes: Any, hosts: bool) -> list[Policy]:
    """Strict mutual TLS: what has no identity is denied."""
    space, name = modes.name
    without = (Peer("any", (("podSelector", CLIENT, "DoesNotExist", ()),)),
               Peer("some_nodes" if hosts else "every_node"), Peer("some_outside"),
               Peer("some_any", (("podSelector", CLIENT, "In", (PERHAPS,)),)))
    rules = tuple(Rule("deny", without, tuple(ports), certain) for state, certain in ((SURE, True), (MAYBE, False))
                  if (ports := modes.ports(state)))
    return [Policy(KIND, space, name, False, (("podSelector", SIGNATURE, "In", (signature,)),), False, rules)]


def _groups() -> list[Policy]:
    return [Policy("mesh", "", name, False, (("podSelector", key, "In", (value,)),), False, ())
            for name, (key, value) in GROUPS.items()]


# --- as frames --------------------------------------------------------------------------------------------------------


def _written(policies: list[Policy]) -> NetworkPolicies:
    """The same in the form of network policies."""
    names = _unique([(one.kind, one.namespace, one.name) for one in policies])
    heads, directions, rules, peers, blocks, ports, selectors = ([] for _ in range(7))
    base = PROTOCOLS.index("TCP") * SPAN
    for name, one in zip(names, policies, strict=True):
        tier = AROUND_TIER if one.kind == "annotation" else MESH_TIER
        heads.append((*name, tier, tier, 0, "own" if one.own else "any", False, False, ""))
        directions += [(*name, "ingress")] if one.isolates else []
        selectors += _requirements((*name, "", -1, -1), "subject", one.requirements)
        for number, rule in enumerate(one.rules):
            key = (*name, "ingress", number)
            rules.append((*key, rule.action, rule.peers is None, False, rule.certain, False))
            ports += [(*key, base + first, base + last + 1, None, "TCP") for first, last in rule.ports]
            for at, peer in enumerate(rule.peers or ()):
                peers.append((*key, at, peer.picks))
                blocks += [(*key, at, cidr, excepted) for cidr, excepted in peer.blocks]
                selectors += _requirements((*key, at), "peer", peer.requirements)
    head = [*POLICY, "tier", "level", "priority", "picks", "bars_node", "every_pod", "of_spaces"]
    return NetworkPolicies(
        _frame(heads, head), _frame(directions, [*POLICY, "direction"]),
        _frame(rules, [*RULE, "action", "everybody", "every_port", "certain", "limited"]),
        _frame(peers, [*PEER, "picks"]), _frame(blocks, [*PEER, "cidr", "excepted"]),
        _frame(ports, [*RULE, "start", "end", "name", "protocol"]), _frame([], [*PEER, "relation", "key"]),
        _frame(selectors, [*PEER, "whose", "of", "form", "requirement", "key", "operator", "value"]),
        TIERS, NO_PROBLEMS, {"namespaced": False, "cluster": False})


def _requirements(key: tuple[Any, ...], whose: str, requirements: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return [(*key, whose, of, "labels", number, label, operator, value)
            for number, (of, label, operator, values) in enumerate(requirements) for value in values or (None,)]


def _unique(names: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Names of which none comes twice: one policy may set several modes."""
    seen: dict[tuple[str, str, str], int] = {}
    found = []
    for kind, space, name in names:
        count = seen[kind, space, name] = seen.get((kind, space, name), 0) + 1
        found.append((kind, space, name if count == 1 else f"{name} [{count}]"))
    return found


_INTEGERS = ("rule", "peer", "requirement", "tier", "level", "priority", "start", "end")
_FLAGS = ("bars_node", "every_pod", "everybody", "every_port", "certain", "limited", "excepted")


def _frame(rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=columns)
    return found.astype({name: np.int64 if name in _INTEGERS else bool if name in _FLAGS else STRING
                         for name in columns})
