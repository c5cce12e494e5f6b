"""Network policies of the whole cluster: AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy.

They are custom resources, and few clusters serve them. The three kinds share their tables; `kind` tells them apart.
ClusterNetworkPolicy replaces the other two; what it writes differently (``protocols`` for ``ports``, ``Accept`` for
``Allow``) keeps its own words here. Relations between namespaces (``sameLabels``) exist in releases before v0.1.2 only.
"""

from auditkit.tables.model import Column, Rows, Table
from auditkit.tables.network import SELECTOR, selector_rows

_GROUP = "policy.networking.k8s.io"
KINDS = {
    "AdminNetworkPolicy": f"adminnetworkpolicies.{_GROUP}",
    "BaselineAdminNetworkPolicy": f"baselineadminnetworkpolicies.{_GROUP}",
    "ClusterNetworkPolicy": f"clusternetworkpolicies.{_GROUP}",
}
_DIRECTIONS = {"ingress": "from", "egress": "to"}
_PROTOCOLS = ("TCP", "UDP", "SCTP")

_RULE = (
    Column("kind", "string", "=kind", "kind of the policy"),
    Column("policy", "string", "/metadata.name", "name of the policy"),
    Column("direction", "string", "=direction", "ingress or egress"),
)
_PEER = (
    *_RULE,
    Column("rule", "int64", "^^#", "position of the rule"),
    Column("peer", "int64", "^#", "position of the peer"),
)


def _peer_rows(path: str = "", **extra: str) -> tuple[Rows, ...]:
    """Rows for something in the peers of the rules of all kinds."""
    return tuple(
        Rows(source, f"spec.{way}[].{peers}[]{path}", constants={"kind": kind, "direction": way, **extra})
        for kind, source in KINDS.items() for way, peers in _DIRECTIONS.items()
    )


def _selector_rows(of: str, *paths: str) -> tuple[Rows, ...]:
    """Rows for a selector of the subject and of the peers, at each of these paths below them."""
    places = [("spec.subject", ""), *((f"spec.{way}[].{peers}[]", way) for way, peers in _DIRECTIONS.items())]
    return tuple(
        rows for kind, source in KINDS.items() for place, way in places for path in paths
        for rows in selector_rows(source, f"{place}.{path}", {
            "kind": kind, "direction": way, "of": of, "whose": "peer" if way else "subject"})
    )


def _port_rows() -> tuple[Rows, ...]:
    """Rows for the ports of rules, by the way in which they are written."""
    def rows(kinds: tuple[str, ...], path: str, label: str, **extra: str) -> list[Rows]:
        return [Rows(KINDS[kind], f"spec.{way}[].{path}", label=label,
                     constants={"kind": kind, "direction": way, **extra})
                for kind in kinds for way in _DIRECTIONS]

    admin, cluster = ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy"), ("ClusterNetworkPolicy",)
    return (
        *rows(admin, "ports[].portNumber", "number"),
        *rows(admin, "ports[].portRange", "range"),
        *rows(admin, "ports[].namedPort", "named"),
        *rows(cluster, "protocols[].destinationNamedPort", "named"),
        *(row for name in _PROTOCOLS
          for row in rows(cluster, f"protocols[].{name.lower()}", "protocol", protocol=name)),
    )


TABLES = (
    Table(
        "admin_policies", "cluster-wide network policies",
        tuple(Rows(source, label=kind, constants={"kind": kind}) for kind, source in KINDS.items()),
        (
            Column("kind", "string", "=kind", "kind of the policy"),
            Column("name", "string", "/metadata.name", "name of the object"),
            Column("uid", "string", "/metadata.uid", "UID from the API server"),
            Column("created", "timestamp", "/metadata.creationTimestamp", "creation time at the API server"),
            Column("tier", "string", {"AdminNetworkPolicy": "'Admin", "BaselineAdminNetworkPolicy": "'Baseline",
                                      "ClusterNetworkPolicy": "spec.tier"}, "Admin or Baseline"),
            Column("priority", "int64", {"AdminNetworkPolicy": "spec.priority", "BaselineAdminNetworkPolicy": "=none",
                                         "ClusterNetworkPolicy": "spec.priority"}, "lower goes first", absent=0),
            Column("has_namespaces", "boolean", "spec.subject.namespaces", "its pods are selected by namespace",
                   read="present"),
            Column("has_pods", "boolean", "spec.subject.pods", "its pods are selected by namespace and label",
                   read="present"),
        ),
        ("kind", "name"), kind="ClusterPolicy",
    ),
    Table(
        "admin_policy_rules", "rules of cluster-wide network policies, in their order",
        tuple(Rows(source, f"spec.{way}[]", label=kind, constants={"kind": kind, "direction": way})
              for kind, source in KINDS.items() for way in _DIRECTIONS),
        (
            *_RULE,
            Column("rule", "int64", "#", "position of the rule"),
            Column("name", "string", "name", "name of the rule"),
            Column("action", "string", "action", "Allow or Accept, Deny, or Pass"),
            Column("ports_count", "int64", {"AdminNetworkPolicy": "ports", "BaselineAdminNetworkPolicy": "ports",
                                            "ClusterNetworkPolicy": "protocols"}, "ports; 0: all", absent=0,
                   read="count"),
        ),
        ("kind", "policy", "direction", "rule"),
    ),
    Table(
        "admin_policy_peers", "peers in the rules of cluster-wide network policies", _peer_rows(),
        (
            *_RULE,
            Column("rule", "int64", "^#", "position of the rule"),
            Column("peer", "int64", "#", "position of the peer"),
            Column("has_namespaces", "boolean", "namespaces", "namespaces are picked", read="present"),
            Column("has_pods", "boolean", "pods", "pods are picked", read="present"),
            Column("has_nodes", "boolean", "nodes", "nodes are picked", read="present"),
            Column("networks_count", "int64", "networks", "address ranges", read="count", absent=0),
            Column("domains_count", "int64", "domainNames", "names outside the cluster", read="count", absent=0),
        ),
        ("kind", "policy", "direction", "rule", "peer"),
    ),
    Table(
        "admin_policy_networks", "address ranges in cluster-wide network policies", _peer_rows(".networks[]"),
        (*_PEER, Column("cidr", "string", ".", "address range")),
        ("kind", "policy", "direction", "rule", "peer", "cidr"),
    ),
    Table(
        "admin_policy_relations", "labels whose values the namespace of a peer must, or must not, share with the "
                                  "namespace of the subject",
        tuple(rows for field, relation in (("sameLabels", "same"), ("notSameLabels", "different"))
              for path in ("namespaces", "pods.namespaces")
              for rows in _peer_rows(f".{path}.{field}[]", relation=relation)),
        (*_PEER, Column("relation", "string", "=relation", "same or different"), Column("key", "string", ".", "label")),
        ("kind", "policy", "direction", "rule", "peer", "relation", "key"),
    ),
    Table(
        "admin_policy_ports", "ports of the rules of cluster-wide network policies", _port_rows(),
        (
            *_RULE,
            Column("rule", "int64", "^^#", "position of the rule"),
            Column("position", "int64", "^#", "position of the port"),
            Column("protocol", "string", {"number": "protocol", "range": "protocol", "named": "=none",
                                          "protocol": "=protocol"}, "TCP, UDP or SCTP; <NA> for a named port: any"),
            Column("port", "int64", {"number": "port", "range": "start", "named": "=none",
                                     "protocol": "destinationPort.number"}, "port, or the first of a range; <NA>: all"),
            Column("end_port", "int64", {"number": "=none", "range": "end", "named": "=none",
                                         "protocol": "destinationPort.range.end"}, "last port of a range"),
            Column("range_start", "int64", {"number": "=none", "range": "=none", "named": "=none",
                                            "protocol": "destinationPort.range.start"},
                   "first port of a ClusterNetworkPolicy's range"),
            Column("name", "string", {"number": "=none", "range": "=none", "named": ".", "protocol": "=none"},
                   "name of a port of the pods"),
        ),
        ("kind", "policy", "direction", "rule", "position"),
    ),
    Table(
        "admin_policy_selectors", "label selectors of cluster-wide network policies: one row for each requirement "
                                  "and value",
        (
            *_selector_rows("namespaceSelector", "namespaces", "pods.namespaceSelector", "namespaces.namespaceSelector",
                            "pods.namespaces.namespaceSelector"),
            *_selector_rows("podSelector", "pods.podSelector"),
            *_selector_rows("nodeSelector", "nodes"),
        ),
        (
            *_RULE,
            Column("whose", "string", "=whose", "subject or peer"),
            Column("of", "string", "=of", "namespaceSelector, podSelector or nodeSelector"),
            Column("rule", "int64", "^^#", "position of the rule; <NA> for the subject"),
            Column("peer", "int64", "^#", "position of the peer; <NA> for the subject"),
            *SELECTOR,
        ),
        ("kind", "policy", "direction", "whose", "of", "rule", "peer", "form", "requirement", "value"),
    ),
)
