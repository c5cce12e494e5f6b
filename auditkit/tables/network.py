"""Services, ingresses and network policies."""

from auditkit.tables import load_balancers
from auditkit.tables.model import Column, Rows, Table, identity

_POLICY = "networkpolicies.networking.k8s.io"
CERTIFICATE_ANNOTATIONS = (
    "alb.ingress.kubernetes.io/certificate-arn", "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "ingress.gcp.kubernetes.io/pre-shared-cert", "networking.gke.io/managed-certificates")
"""By which an ingress names a certificate to the load balancer of a cloud."""
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
ALB_ANNOTATIONS = "alb.ingress.kubernetes.io/"
"""How the annotations begin that the AWS Load Balancer Controller reads."""
LISTEN_ANNOTATION = f"{ALB_ANNOTATIONS}listen-ports"
"""By which an ingress chooses the ports of its load balancer, with TLS or without."""
_BLANK = Column("empty", "boolean", "$value", "nothing stands in it", read="empty", absent=False)
_DIRECTIONS = {"ingress": "from", "egress": "to"}


def _of(kind: str) -> tuple[Column, ...]:
    return (
        Column("namespace", "string", "/metadata.namespace", f"namespace of the {kind}"),
        Column(kind, "string", "/metadata.name", f"name of the {kind}"),
    )


def selector_rows(source: str, path: str, constants: dict[str, str] | None = None) -> tuple[Rows, ...]:
    """Rows for a label selector at this path; the columns are `SELECTOR`."""
    return tuple(
        Rows(source, f"{path}.{field}", label=label, constants=constants or {})
        for label, field in (("labels", "matchLabels{}"), ("expressions", "matchExpressions[]"))
    )


SELECTOR = (
    Column("key", "string", {"labels": "$key", "expressions": "key"}, "label key"),
    Column("operator", "string", {"labels": "'In", "expressions": "operator"}, "In, NotIn, Exists or DoesNotExist"),
    Column("value", "string", {"labels": "$value", "expressions": "values[]"},
           "value to compare with; a requirement has one row a value", each="optional"),
    Column("requirement", "int64", {"labels": "#", "expressions": "#"}, "position among the selector's requirements"),
    Column("form", "string", {"labels": "'labels", "expressions": "'expressions"}, "matchLabels or matchExpressions"),
)

_RULE = (
    *_of("policy"),
    Column("direction", "string", "=direction", "ingress or egress"),
)

TABLES = (
    Table(
        "services", "services", (Rows("services"),),
        (
            *identity(),
            Column("type", "string", "spec.type", "ClusterIP, NodePort, LoadBalancer or ExternalName",
                   absent="ClusterIP"),
            Column("cluster_ip", "string", "spec.clusterIP", "address in the cluster; None: headless"),
            Column("external_name", "string", "spec.externalName", "external DNS name"),
            Column("load_balancer_class", "string", "spec.loadBalancerClass", "class of load balancer"),
            Column("external_traffic_policy", "string", "spec.externalTrafficPolicy", "Cluster or Local"),
            Column("source_ranges_count", "int64", "spec.loadBalancerSourceRanges",
                   "number of address ranges that can reach the load balancer; 0: all", read="count", absent=0),
            Column("external_ips_count", "int64", "spec.externalIPs", "addresses outside the cluster", read="count",
                   absent=0),
            Column("internal_traffic_policy", "string", "spec.internalTrafficPolicy", "Cluster or Local"),
            Column("session_affinity", "string", "spec.sessionAffinity", "ClientIP or None", absent="None"),
            Column("load_balancer_ip", "string", "spec.loadBalancerIP", "address that is asked of the load balancer"),
            Column("not_ready_addresses", "boolean", "spec.publishNotReadyAddresses",
                   "pods that are not ready are published", absent=False),
            Column("selector_count", "int64", "spec.selector", "labels that pick its pods", read="count", absent=0),
        ),
        ("namespace", "name"), kind="Service",
    ),
    Table(
        "service_ports", "ports of services", (Rows("services", "spec.ports[]"),),
        (
            *_of("service"),
            Column("name", "string", "name", "name of the port"),
            Column("port", "int64", "port", "port of the service"),
            Column("target_port", "string", "targetPort", "port of the pod, by number or name", read="text"),
            Column("node_port", "int64", "nodePort", "port on every node"),
            Column("protocol", "string", "protocol", "TCP, UDP or SCTP", absent="TCP"),
            Column("app_protocol", "string", "appProtocol", "application protocol (appProtocol)"),
        ),
        ("namespace", "service", "port", "protocol"),
    ),
    Table(
        "service_selectors", "labels by which services select pods", (Rows("services", "spec.selector{}"),),
        (*_of("service"), Column("key", "string", "$key", "label"), Column("value", "string", "$value", "its value")),
        ("namespace", "service", "key"),
    ),
    Table(
        "service_source_ranges", "address ranges that are allowed to reach load balancers",
        (Rows("services", "spec.loadBalancerSourceRanges[]"),),
        (*_of("service"), Column("cidr", "string", ".", "address range")), ("namespace", "service", "cidr"),
    ),
    Table(
        "service_external_ips", "external IP addresses of services",
        (Rows("services", "spec.externalIPs[]"),),
        (*_of("service"), Column("ip", "string", ".", "address")), ("namespace", "service", "ip"),
    ),
    Table(
        "service_load_balancers", "addresses of load balancers",
        (Rows("services", "status.loadBalancer.ingress[]"),),
        (*_of("service"), Column("ip", "string", "ip", "address"), Column("hostname", "string", "hostname", "name")),
        ("namespace", "service", "ip", "hostname"),
    ),
    Table(
        "ingresses", "ingresses", (Rows("ingresses.networking.k8s.io"),),
        (
            *identity(),
            Column("class", "string", "spec.ingressClassName", "ingress class"),
            Column("tls_count", "int64", "spec.tls", "TLS entries", read="count", absent=0),
            Column("rules_count", "int64", "spec.rules", "rules", read="count", absent=0),
            Column("has_default_backend", "boolean", "spec.defaultBackend", "true if it has a default backend",
                   read="present"),
            Column("default_service", "string", "spec.defaultBackend.service.name", "service of the default backend"),
            Column("default_port", "string", "spec.defaultBackend.service.port.number", "its port", read="text"),
            Column("default_port_name", "string", "spec.defaultBackend.service.port.name", "its port by name"),
        ),
        ("namespace", "name"), kind="Ingress",
    ),
    Table(
        "ingress_rules", "rules of ingresses: one row for each host, with or without paths",
        (Rows("ingresses.networking.k8s.io", "spec.rules[]"),),
        (
            *_of("ingress"),
            Column("rule", "int64", "#", "position of the rule"),
            Column("host", "string", "host", "host name; <NA>: any"),
            Column("paths_count", "int64", "http.paths", "paths; 0: all of the host", read="count", absent=0),
        ),
        ("namespace", "ingress", "rule"),
    ),
    Table(
        "ingress_paths", "hosts and paths of ingresses, and the services behind them",
        (Rows("ingresses.networking.k8s.io", "spec.rules[].http.paths[]"),),
        (
            *_of("ingress"),
            Column("host", "string", "^host", "host name; <NA>: any"),
            Column("path", "string", "path", "path"),
            Column("path_type", "string", "pathType", "path type"),
            Column("service", "string", "backend.service.name", "service behind it"),
            Column("port", "string", "backend.service.port.number", "its port by number", read="text"),
            Column("port_name", "string", "backend.service.port.name", "its port by name"),
        ),
        ("namespace", "ingress", "host", "path"),
    ),
    Table(
        "ingress_tls", "hosts that ingresses serve with TLS: one row for each host",
        (Rows("ingresses.networking.k8s.io", "spec.tls[]"),),
        (
            *_of("ingress"),
            Column("host", "string", "hosts[]", "host name; <NA>: all of the ingress", each="optional"),
            Column("secret", "string", "secretName", "Secret with the certificate"),
        ),
        ("namespace", "ingress", "host", "secret"),
    ),
    Table(
        "ingress_annotations",
        "annotations that name a certificate or the class of an ingress, or that the AWS Load Balancer Controller "
        "reads; only the class is kept as a value",
        (Rows("ingresses.networking.k8s.io", "metadata.annotations{}", label="read", keep=(CLASS_ANNOTATION,)),
         Rows("ingresses.networking.k8s.io", "metadata.annotations{}", label="named",
              keep=(*CERTIFICATE_ANNOTATIONS, ALB_ANNOTATIONS))),
        (*_of("ingress"), Column("key", "string", "$key", "annotation"),
         Column("value", "string", {"read": "$value", "named": "'"}, "its value"), _BLANK),
        ("namespace", "ingress", "key"),
    ),
    Table(
        "service_annotations", "annotations that name a certificate for a load balancer; their values are not kept",
        (Rows("services", "metadata.annotations{}", keep=("service.beta.kubernetes.io/aws-load-balancer-ssl-",)),),
        (*_of("service"), Column("key", "string", "$key", "annotation"), _BLANK), ("namespace", "service", "key"),
    ),
    Table(
        "service_load_balancer_annotations",
        "annotations that restrict access to a load balancer; values that name objects are not kept",
        (Rows("services", "metadata.annotations{}", label="read", keep=load_balancers.READ),
         Rows("services", "metadata.annotations{}", label="named", keep=load_balancers.NAMED)),
        (*_of("service"), Column("key", "string", "$key", "annotation"),
         Column("value", "string", {"read": "$value", "named": "'"}, "its value"), _BLANK),
        ("namespace", "service", "key"),
    ),
    Table(
        "ingress_addresses", "addresses of ingresses", (
            Rows("ingresses.networking.k8s.io", "status.loadBalancer.ingress[]"),),
        (*_of("ingress"), Column("ip", "string", "ip", "address"), Column("hostname", "string", "hostname", "name")),
        ("namespace", "ingress", "ip", "hostname"),
    ),
    Table(
        "network_policies", "network policies", (Rows(_POLICY),),
        (
            *identity(),
            Column("has_egress", "boolean", "spec.egress", "egress rules are written", read="present"),
            Column("types_count", "int64", "spec.policyTypes", "policy types that are written", read="count", absent=0),
        ),
        ("namespace", "name"), kind="NetworkPolicy",
    ),
    Table(
        "network_policy_types", "policy types of network policies", (Rows(_POLICY, "spec.policyTypes[]"),),
        (*_of("policy"), Column("type", "string", ".", "Ingress or Egress")), ("namespace", "policy", "type"),
    ),
    Table(
        "network_policy_rules", "rules of network policies",
        tuple(Rows(_POLICY, f"spec.{way}[]", label=way, constants={"direction": way}) for way in _DIRECTIONS),
        (
            *_RULE,
            Column("rule", "int64", "#", "position of the rule"),
            Column("peers_count", "int64", _DIRECTIONS, "peers; 0: everybody", read="count", absent=0),
            Column("ports_count", "int64", "ports", "ports; 0: all", read="count", absent=0),
        ),
        ("namespace", "policy", "direction", "rule"),
    ),
    Table(
        "network_policy_peers", "peers in the rules of network policies",
        tuple(Rows(_POLICY, f"spec.{way}[].{peers}[]", constants={"direction": way})
              for way, peers in _DIRECTIONS.items()),
        (
            *_RULE,
            Column("rule", "int64", "^#", "position of the rule"),
            Column("peer", "int64", "#", "position of the peer"),
            Column("has_pod_selector", "boolean", "podSelector", "pods are picked", read="present"),
            Column("has_namespace_selector", "boolean", "namespaceSelector", "namespaces are picked", read="present"),
            Column("cidr", "string", "ipBlock.cidr", "address range"),
        ),
        ("namespace", "policy", "direction", "rule", "peer"),
    ),
    Table(
        "network_policy_excepts", "address ranges left out of an ipBlock",
        tuple(Rows(_POLICY, f"spec.{way}[].{peers}[].ipBlock.except[]", constants={"direction": way})
              for way, peers in _DIRECTIONS.items()),
        (
            *_RULE,
            Column("rule", "int64", "^^#", "position of the rule"),
            Column("peer", "int64", "^#", "position of the peer"),
            Column("cidr", "string", ".", "address range that is left out"),
        ),
        ("namespace", "policy", "direction", "rule", "peer", "cidr"),
    ),
    Table(
        "network_policy_ports", "ports of the rules of network policies",
        tuple(Rows(_POLICY, f"spec.{way}[].ports[]", constants={"direction": way}) for way in _DIRECTIONS),
        (
            *_RULE,
            Column("rule", "int64", "^#", "position of the rule"),
            Column("position", "int64", "#", "position of the port"),
            Column("port", "string", "port", "number or name; <NA>: all", read="text"),
            Column("end_port", "int64", "endPort", "end of a range of numbers"),
            Column("protocol", "string", "protocol", "TCP, UDP or SCTP", absent="TCP"),
        ),
        ("namespace", "policy", "direction", "rule", "position"),
    ),
    Table(
        "network_policy_selectors", "label selectors of network policies: one row for each requirement and value",
        (
            *selector_rows(_POLICY, "spec.podSelector", {"direction": "", "of": "subject"}),
            *(rows for way, peers in _DIRECTIONS.items() for of in ("podSelector", "namespaceSelector")
              for rows in selector_rows(_POLICY, f"spec.{way}[].{peers}[].{of}", {"direction": way, "of": of})),
        ),
        (
            *_RULE,
            Column("of", "string", "=of", "subject: the policy's own pods; podSelector or namespaceSelector of a peer"),
            Column("rule", "int64", "^^#", "position of the rule; <NA> for the subject"),
            Column("peer", "int64", "^#", "position of the peer; <NA> for the subject"),
            *SELECTOR,
        ),
        ("namespace", "policy", "direction", "of", "rule", "peer", "form", "requirement", "value"),
    ),
)
