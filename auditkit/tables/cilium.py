"""Cilium: CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy and CiliumCIDRGroup.

A policy holds one rule set under ``spec`` or several under ``specs``: `part` is the position in the latter. Both kinds
share their tables; `kind` tells them apart. Fields that no column reads are named in `cilium_unread_fields`: they may
change what a policy decides, so what depends on them is not known. Contents of layer 7 rules, which can hold secrets,
are never kept.

Source: Cilium 1.19, ``pkg/policy/api`` and the reference of the custom resources.
"""

from auditkit.tables.model import Column, Rows, Table, identity
from auditkit.tables.network import SELECTOR, selector_rows

_GROUP = "cilium.io"
KINDS = {
    "CiliumNetworkPolicy": f"ciliumnetworkpolicies.{_GROUP}",
    "CiliumClusterwideNetworkPolicy": f"ciliumclusterwidenetworkpolicies.{_GROUP}",
}
CIDR_GROUPS = f"ciliumcidrgroups.{_GROUP}"
NODES = f"ciliumnodes.{_GROUP}"
_PARTS = ("spec", "specs[]")
_SECTIONS = {"ingress": ("ingress", "allow"), "ingressDeny": ("ingress", "deny"),
             "egress": ("egress", "allow"), "egressDeny": ("egress", "deny")}
_ENDS = {"ingress": "from", "egress": "to"}

_POLICY = (
    Column("kind", "string", "=kind", "kind of the policy"),
    Column("namespace", "string", "/metadata.namespace", "namespace of the policy; <NA>: it is for the cluster"),
    Column("policy", "string", "/metadata.name", "name of the policy"),
)
_RULE = (
    *_POLICY,
    Column("direction", "string", "=direction", "ingress or egress"),
    Column("action", "string", "=action", "allow or deny"),
)
_PART = "position among the policy's specs; <NA>: its spec"
_KEY = ("kind", "namespace", "policy", "part", "direction", "action", "rule")


def _part(up: str) -> Column:
    return Column("part", "int64", f"{up}#", _PART)


def _of_rules(path: str = "", label: str = "", **fields: str) -> tuple[Rows, ...]:
    """Rows for something in the rules of both kinds; ``END`` in the path stands for ``from`` and ``to``."""
    return tuple(
        Rows(source, f"{part}.{section}[]{path.replace('END', _ENDS[way])}", label=label or way,
             constants={"kind": kind, "direction": way, "action": action, **fields})
        for kind, source in KINDS.items() for part in _PARTS for section, (way, action) in _SECTIONS.items()
    )


def _selectors(of: str, path: str) -> tuple[Rows, ...]:
    """Rows for selectors of peers."""
    return tuple(
        rows for kind, source in KINDS.items() for part in _PARTS for section, (way, action) in _SECTIONS.items()
        for rows in selector_rows(source, f"{part}.{section}[].{_ENDS[way]}{path}", {
            "kind": kind, "direction": way, "action": action, "of": of})
    )


def _count(name: str, field: str, doc: str) -> Column:
    """How many peers of a sort a rule names; an empty list names nobody, which is not the same as no list."""
    return Column(name, "int64", {way: f"{end}{field}" for way, end in _ENDS.items()}, f"{doc}; <NA>: not given",
                  read="count")


TABLES = (
    Table(
        "cilium_nodes", "CiliumNodes: whether Cilium's agent on a node has a key to encrypt traffic between nodes",
        (Rows(NODES),),
        (*identity(namespaced=False),
         Column("encryption_key", "int64", "spec.encryption.key", "number of the key; 0: none", absent=0)),
        ("name",), kind="CiliumNode",
    ),
    Table(
        "cilium_node_keys", "CiliumNodes that publish a key of WireGuard; the key itself is not kept",
        (Rows(NODES, "metadata.annotations{}", keep=("network.cilium.io/wg-pub-key",)),),
        (Column("node", "string", "/metadata.name", "name of the CiliumNode, which is that of its node"),
         Column("key", "string", "$key", "annotation that holds it")),
        ("node", "key"),
    ),
    Table(
        "cilium_policies", "Cilium's network policies: one row for each part that has a selector of its own",
        tuple(Rows(source, part, label=part.strip("[]"), constants={"kind": kind})
              for kind, source in KINDS.items() for part in _PARTS),
        (
            *_POLICY,
            Column("uid", "string", "/metadata.uid", "UID from the API server"),
            Column("created", "timestamp", "/metadata.creationTimestamp", "creation time at the API server"),
            Column("part", "int64", {"spec": "=none", "specs": "#"}, _PART),
            Column("has_endpoint_selector", "boolean", "endpointSelector", "it is for pods", read="present"),
            Column("has_node_selector", "boolean", "nodeSelector", "it is for nodes", read="present"),
            Column("ingress_denied", "boolean", "enableDefaultDeny.ingress",
                   "what no rule allows to come in is denied; <NA>: as its rules say"),
            Column("egress_denied", "boolean", "enableDefaultDeny.egress",
                   "what no rule allows to go out is denied; <NA>: as its rules say"),
        ),
        ("kind", "namespace", "policy", "part"), kind="kind", called=("policy", ""),
    ),
    Table(
        "cilium_policy_conditions", "what Cilium says of its network policies: whether they are valid",
        tuple(Rows(source, "status.conditions[]", constants={"kind": kind}) for kind, source in KINDS.items()),
        (*_POLICY, Column("type", "string", "type", "what is said"),
         Column("status", "string", "status", "True, False or Unknown")),
        ("kind", "namespace", "policy", "type"),
    ),
    Table(
        "cilium_subject_selectors", "whom Cilium's network policies are for: one row for each requirement and value",
        tuple(rows for kind, source in KINDS.items() for part in _PARTS
              for of in ("endpointSelector", "nodeSelector")
              for rows in selector_rows(source, f"{part}.{of}", {"kind": kind, "of": of})),
        (*_POLICY, _part("^"), Column("of", "string", "=of", "endpointSelector or nodeSelector"), *SELECTOR),
        ("kind", "namespace", "policy", "part", "of", "form", "requirement", "value"),
    ),
    Table(
        "cilium_policy_rules", "rules of Cilium's network policies", _of_rules(),
        (
            *_RULE, _part("^"), Column("rule", "int64", "#", "position of the rule"),
            _count("endpoints", "Endpoints", "selectors of pods"),
            _count("nodes", "Nodes", "selectors of nodes"),
            _count("entities", "Entities", "entities"),
            _count("cidrs", "CIDR", "address ranges"),
            _count("cidr_sets", "CIDRSet", "address ranges with exceptions, and groups of them"),
            _count("groups", "Groups", "groups of a cloud provider"),
            _count("requires", "Requires", "labels that peers must have besides"),
            Column("services", "int64", {"ingress": "=none", "egress": "toServices"},
                   "services; <NA>: not given", read="count"),
            Column("names", "int64", {"ingress": "=none", "egress": "toFQDNs"},
                   "names outside the cluster; <NA>: not given", read="count"),
            Column("port_lists", "int64", "toPorts", "lists of ports; 0 without icmps: all", read="count", absent=0),
            Column("icmps", "int64", "icmps", "lists of ICMP messages", read="count", absent=0),
            Column("authentication", "string", "authentication.mode", "mutual authentication that is asked for"),
        ),
        _KEY,
    ),
    Table(
        "cilium_policy_selectors",
        "label selectors of peers in Cilium's network policies: one row for each requirement and value",
        (*_selectors("endpoints", "Endpoints[]"), *_selectors("nodes", "Nodes[]")),
        (*_RULE, _part("^^^"), Column("rule", "int64", "^^#", "position of the rule"),
         Column("of", "string", "=of", "endpoints or nodes"),
         Column("peer", "int64", "^#", "position of the selector"), *SELECTOR),
        (*_KEY, "of", "peer", "form", "requirement", "value"),
    ),
    Table(
        "cilium_policy_entities", "entities in the rules of Cilium's network policies", _of_rules(".ENDEntities[]"),
        (*_RULE, _part("^^"), Column("rule", "int64", "^#", "position of the rule"),
         Column("entity", "string", ".", "world, cluster, host, remote-node and others")),
        (*_KEY, "entity"),
    ),
    Table(
        "cilium_policy_blocks", "address ranges in the rules of Cilium's network policies",
        (*_of_rules(".ENDCIDR[]", label="cidr"), *_of_rules(".ENDCIDRSet[]", label="set")),
        (*_RULE, _part("^^"), Column("rule", "int64", "^#", "position of the rule"),
         Column("form", "string", {"cidr": "'cidr", "set": "'set"}, "cidr, or set: with exceptions"),
         Column("peer", "int64", "#", "position of the range"),
         Column("cidr", "string", {"cidr": ".", "set": "cidr"}, "address range"),
         Column("group", "string", {"cidr": "=none", "set": "cidrGroupRef"}, "CiliumCIDRGroup in place of a range")),
        (*_KEY, "form", "peer"),
    ),
    Table(
        "cilium_policy_excepts", "address ranges that Cilium's network policies leave out of others",
        _of_rules(".ENDCIDRSet[].except[]"),
        (*_RULE, _part("^^^"), Column("rule", "int64", "^^#", "position of the rule"),
         Column("peer", "int64", "^#", "position of the range"), Column("cidr", "string", ".", "address range")),
        (*_KEY, "peer", "cidr"),
    ),
    Table(
        "cilium_policy_services", "services in the egress rules of Cilium's network policies",
        tuple(rows for rows in _of_rules(".ENDServices[]") if rows.constants["direction"] == "egress"),
        (*_RULE, _part("^^"), Column("rule", "int64", "^#", "position of the rule"),
         Column("peer", "int64", "#", "position of the service"),
         Column("service", "string", "k8sService.serviceName", "name of the service"),
         Column("service_namespace", "string", "k8sService.namespace", "its namespace")),
        (*_KEY, "peer"),
    ),
    Table(
        "cilium_policy_ports", "ports in the rules of Cilium's network policies", _of_rules(".toPorts[].ports[]"),
        (*_RULE, _part("^^^"), Column("rule", "int64", "^^#", "position of the rule"),
         Column("port_list", "int64", "^#", "position of the list of ports"),
         Column("position", "int64", "#", "position of the port"),
         Column("port", "string", "port", "port by number or name; 0: all"),
         Column("end_port", "int64", "endPort", "last port of a range"),
         Column("protocol", "string", "protocol", "TCP, UDP, SCTP, or another without ports", absent="ANY")),
        (*_KEY, "port_list", "position"),
    ),
    Table(
        "cilium_cidr_groups", "address ranges of CiliumCIDRGroups", (Rows(CIDR_GROUPS, "spec.externalCIDRs[]"),),
        (Column("group", "string", "/metadata.name", "name of the group"), Column("cidr", "string", ".", "range")),
        ("group", "cidr"),
    ),
    Table(
        "cilium_unread_fields", "fields of Cilium's network policies that no table reads, by their place",
        tuple(Rows(source, "unreadFields[]", constants={"kind": kind}) for kind, source in KINDS.items()),
        (*_POLICY, Column("field", "string", ".", "place of the field; its content is not read")),
        ("kind", "namespace", "policy", "field"),
    ),
)
