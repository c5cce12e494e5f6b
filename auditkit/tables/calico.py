"""Calico: NetworkPolicy, GlobalNetworkPolicy, Tier, NetworkSet, GlobalNetworkSet and HostEndpoint.

They are served twice: as ``projectcalico.org/v3`` (by Calico's API server, or as resources of their own in newer
releases), and in the form in which they are stored, ``crd.projectcalico.org/v1``. Both are read; `api` tells which, and
who evaluates them takes the first where an object is seen through both. In the stored form labels stand in an
annotation that is not read. Fields that no column reads are named in `calico_unread_fields`.

Source: projectcalico/calico of July 2026 (after v3.31), ``api/pkg/apis/projectcalico/v3``.
"""

from auditkit.tables.model import Column, Rows, Table

APIS = {"v3": "projectcalico.org", "stored": "crd.projectcalico.org"}
POLICIES = {"NetworkPolicy": "networkpolicies", "GlobalNetworkPolicy": "globalnetworkpolicies"}
SETS = {"NetworkSet": "networksets", "GlobalNetworkSet": "globalnetworksets"}
TIERS, HOST_ENDPOINTS = "tiers", "hostendpoints"
_DIRECTIONS = ("ingress", "egress")
_ENDS = ("source", "destination")

_API = Column("api", "string", "=api", "v3, or stored: in the form in which it is stored")
_POLICY = (
    _API, Column("kind", "string", "=kind", "kind of the policy"),
    Column("namespace", "string", "/metadata.namespace", "namespace of the policy; <NA>: it is for the cluster"),
    Column("policy", "string", "/metadata.name", "name of the policy"),
)
_OF_RULE = (*_POLICY, Column("direction", "string", "=direction", "ingress or egress"))
_RULE = ("api", "kind", "namespace", "policy", "direction", "rule")


def _rows(kinds: dict[str, str], path: str = "") -> tuple[Rows, ...]:
    return tuple(Rows(f"{plural}.{group}", path, label=api, constants={"api": api, "kind": kind})
                 for api, group in APIS.items() for kind, plural in kinds.items())


def _rule_rows(path: str = "", **more: str) -> tuple[Rows, ...]:
    return tuple(Rows(rows.source, f"spec.{way}[]{path}", constants={**rows.constants, "direction": way, **more})
                 for rows in _rows(POLICIES) for way in _DIRECTIONS)


def _end_rows(fields: dict[str, str]) -> tuple[Rows, ...]:
    """Rows for lists at both ends of a rule, as they are and negated."""
    return tuple(rows for end in _ENDS for field, sense in fields.items()
                 for rows in _rule_rows(f".{end}.{field}[]", end=end, sense=sense))


def _ends() -> tuple[Column, ...]:
    """What rules ask of both ends of a connection."""
    return tuple(column for end in _ENDS for column in (
        Column(f"{end}_selector", "string", f"{end}.selector", f"selector of the {end}"),
        Column(f"{end}_not_selector", "string", f"{end}.notSelector", f"selector of what is not the {end}"),
        Column(f"{end}_namespace_selector", "string", f"{end}.namespaceSelector", "selector of its namespaces"),
        Column(f"{end}_account_selector", "string", f"{end}.serviceAccounts.selector", "selector of service accounts"),
        Column(f"{end}_accounts", "int64", f"{end}.serviceAccounts.names", "names of service accounts", read="count",
               absent=0),
        Column(f"{end}_service", "boolean", f"{end}.services", "it is a service", read="present"),
        Column(f"{end}_ports", "int64", f"{end}.ports", "ports; 0: all", read="count", absent=0),
    ))


TABLES = (
    Table(
        "calico_policies", "Calico's network policies", _rows(POLICIES),
        (
            *_POLICY,
            Column("uid", "string", "/metadata.uid", "UID from the API server"),
            Column("created", "timestamp", "/metadata.creationTimestamp", "creation time at the API server"),
            Column("tier", "string", "spec.tier", "tier of the policy", absent="default"),
            Column("order", "float64", "spec.order", "lower goes first; <NA>: last"),
            Column("selector", "string", "spec.selector", "whom it is for", absent=""),
            Column("namespace_selector", "string", "spec.namespaceSelector", "of which namespaces", absent=""),
            Column("account_selector", "string", "spec.serviceAccountSelector", "of which service accounts", absent=""),
            Column("ingress_count", "int64", "spec.ingress", "ingress rules", read="count", absent=0),
            Column("egress_count", "int64", "spec.egress", "egress rules", read="count", absent=0),
            Column("untracked", "boolean", "spec.doNotTrack", "it goes before connection tracking", absent=False),
            Column("before_dnat", "boolean", "spec.preDNAT", "it goes before destination NAT", absent=False),
            Column("on_forward", "boolean", "spec.applyOnForward", "it is for what hosts forward too", absent=False),
        ),
        ("api", "kind", "namespace", "policy"), kind="kind", called=("policy", ""),
    ),
    Table(
        "calico_policy_types", "the directions that Calico's network policies state", _rows(POLICIES, "spec.types[]"),
        (*_POLICY, Column("type", "string", ".", "Ingress or Egress")), ("api", "kind", "namespace", "policy", "type"),
    ),
    Table(
        "calico_rules", "rules of Calico's network policies, in their order", _rule_rows(),
        (
            *_OF_RULE, Column("rule", "int64", "#", "position of the rule"),
            Column("action", "string", "action", "Allow, Deny, Pass or Log"),
            Column("protocol", "string", "protocol", "protocol by name or number; <NA>: any", read="text"),
            Column("not_protocol", "string", "notProtocol", "protocol that it is not", read="text"),
            Column("ip_version", "int64", "ipVersion", "4 or 6"),
            Column("icmp", "boolean", "icmp", "it asks for messages of ICMP", read="present"),
            Column("not_icmp", "boolean", "notICMP", "it asks for other messages of ICMP", read="present"),
            Column("http", "boolean", "http", "it asks for requests of HTTP", read="present"),
            *_ends(),
        ),
        _RULE,
    ),
    Table(
        "calico_rule_nets", "address ranges in the rules of Calico's network policies",
        _end_rows({"nets": "in", "notNets": "not in"}),
        (*_OF_RULE, Column("rule", "int64", "^#", "position of the rule"),
         Column("end", "string", "=end", "source or destination"), Column("sense", "string", "=sense", "in or not in"),
         Column("cidr", "string", ".", "address range")),
        (*_RULE, "end", "sense", "cidr"),
    ),
    Table(
        "calico_rule_ports", "ports in the rules of Calico's network policies",
        _end_rows({"ports": "in", "notPorts": "not in"}),
        (*_OF_RULE, Column("rule", "int64", "^#", "position of the rule"),
         Column("end", "string", "=end", "source or destination"), Column("sense", "string", "=sense", "in or not in"),
         Column("position", "int64", "#", "position of the port"),
         Column("port", "string", ".", "port by number, range (80:90) or name", read="text")),
        (*_RULE, "end", "sense", "position"),
    ),
    Table(
        "calico_rule_accounts", "service accounts in the rules of Calico's network policies",
        tuple(rows for end in _ENDS for rows in _rule_rows(f".{end}.serviceAccounts.names[]", end=end)),
        (*_OF_RULE, Column("rule", "int64", "^#", "position of the rule"),
         Column("end", "string", "=end", "source or destination"), Column("account", "string", ".", "name")),
        (*_RULE, "end", "account"),
    ),
    Table(
        "calico_tiers", "tiers of Calico's network policies", _rows({"Tier": TIERS}),
        (_API, Column("tier", "string", "/metadata.name", "name of the tier"),
         Column("order", "float64", "spec.order", "lower goes first; <NA>: last"),
         Column("default_action", "string", "spec.defaultAction", "what becomes of what no rule matches: Deny or Pass",
                absent="Deny")),
        ("api", "tier"),
    ),
    Table(
        "calico_sets", "sets of address ranges that Calico's network policies select by label", _rows(SETS),
        (*_POLICY[:3], Column("set", "string", "/metadata.name", "name of the set")),
        ("api", "kind", "namespace", "set"),
    ),
    Table(
        "calico_set_labels", "labels of Calico's sets of address ranges", _rows(SETS, "metadata.labels{}"),
        (*_POLICY[:3], Column("set", "string", "/metadata.name", "name of the set"),
         Column("key", "string", "$key", "label"), Column("value", "string", "$value", "its value")),
        ("api", "kind", "namespace", "set", "key"),
    ),
    Table(
        "calico_set_nets", "address ranges of Calico's sets", _rows(SETS, "spec.nets[]"),
        (*_POLICY[:3], Column("set", "string", "/metadata.name", "name of the set"),
         Column("cidr", "string", ".", "address range")),
        ("api", "kind", "namespace", "set", "cidr"),
    ),
    Table(
        "calico_host_endpoints", "interfaces of nodes to which Calico applies policies",
        _rows({"HostEndpoint": HOST_ENDPOINTS}),
        (_API, Column("name", "string", "/metadata.name", "name of the object"),
         Column("node", "string", "spec.node", "name of the node")),
        ("api", "name"),
    ),
    Table(
        "calico_unread_fields", "fields of Calico's network policies that no table reads, by their place",
        _rows(POLICIES, "unreadFields[]"),
        (*_POLICY, Column("field", "string", ".", "place of the field; its content is not read")),
        ("api", "kind", "namespace", "policy", "field"),
    ),
)
