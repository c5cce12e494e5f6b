"""The network: which namespaces are closed by default, whether that is enforced, and what is open from outside."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, named
from auditkit.analysis.network.engines import doubts
from auditkit.analysis.network.entry_points import MANAGED
from auditkit.analysis.network.load_balancers import restricted
from auditkit.analysis.network.plugins import enforcement, enforcement_grounds
from auditkit.checks.admission import NO_NAMESPACE
from auditkit.checks.model import Judgement, check, judge

_DENIED_BY_DEFAULT = ("a network policy that denies this traffic for every pod, no policy that allows all of it, and a "
                      "network plug-in that enforces policies")
SERVICE_UNKNOWN = "whether a service that is open from outside encrypts its traffic is not visible"
SERVICE_IN_ORDER = "the service declares TLS, or its load balancer is internal"
OTHER_SERVICE = "the service is not a load balancer, declares TLS, or is an internal load balancer"
CERTIFICATE_UNKNOWN = ("an annotation names a certificate; whether the ingress controller uses it for all traffic is "
                       "not known")
NOT_FROM_ENTRIES = ("the AWS Load Balancer Controller opens ports with TLS by annotations and settings of its class, "
                    "not by spec.tls: ask for the listeners of its load balancer")
ENGINE_UNKNOWN = "entry points of other engines are not read: "
BESIDE = {False: "ingress", True: "ingress or route"}
RENEWAL_UNKNOWN = "who renews the certificate is not known"


def _enforced(ok: pd.Series, plugin: pd.DataFrame) -> pd.Series:
    """True where policies say so and are enforced; unknown where they say so and enforcement is not known."""
    return ok & pd.Series(enforcement(plugin), index=ok.index, dtype=BOOLEAN)


def _by_namespace(namespaces: pd.DataFrame, policies: pd.DataFrame) -> pd.DataFrame:
    """The namespaces in their order, with the columns of `namespace_policies`."""
    columns = policies.drop(columns="namespace").set_index(namespaces.index)
    return pd.concat([namespaces, columns], axis=1)


@check(
    severity="medium", finding="has no network policy that is enforced",
    wanted="at least one network policy, and a network plug-in that enforces it",
    remedy="Add a NetworkPolicy to the namespace, starting with one that denies everything. Use a network plug-in that "
           "enforces policies.",
    source="Kubernetes documentation: network policies; CIS Kubernetes 5.3.2", if_empty=NO_NAMESPACE,
    needs=("network_policies",),
)
def namespaces_have_policy(namespaces: pd.DataFrame, namespace_policies: pd.DataFrame, network_plugin: pd.DataFrame,
                           undecided_traffic: pd.DataFrame, *, enforced: bool = True) -> Judgement:
    """Every namespace has a network policy that is enforced.

    Without a network policy, every pod of the cluster can connect to the pods of the namespace. A framework
    sets ``enforced`` to false where another check judges whether policies are enforced.
    """
    found = _by_namespace(namespaces, namespace_policies)
    engines = doubts(found["name"], undecided_traffic)
    has = (found["policies"] > 0).mask((found["policies"] == 0) & engines.notna(), pd.NA)
    elsewhere = ("there is no network policy, and what others decide is not known: " + engines).fillna(
        "whether its policies keep anything out is not known")
    ok = _enforced(has, network_plugin) if enforced else has
    reasons = _reasons(has, "there is no network policy", network_plugin) if enforced else pd.Series(
        "", found.index, STRING)
    return judge(found, ok, ["policies"], reasons=reasons.mask(has.isna(), elsewhere))


@check(
    severity="medium", finding="allows incoming traffic by default", wanted=_DENIED_BY_DEFAULT,
    remedy="Add a NetworkPolicy with an empty podSelector, policyTypes [Ingress] and no rules. Remove policies that "
           "allow everything.",
    source="Kubernetes documentation: default policies; NIST SP 800-53 SC-7(5)", if_empty=NO_NAMESPACE,
    needs=("network_policies",),
)
def default_deny_ingress(namespaces: pd.DataFrame, namespace_policies: pd.DataFrame, network_plugin: pd.DataFrame,
                         policy_openings: pd.DataFrame, undecided_traffic: pd.DataFrame) -> Judgement:
    """Every namespace denies incoming traffic by default.

    Where incoming traffic is allowed by default, every pod of the cluster can connect to a new pod before anybody has
    decided who may.
    """
    return _default_deny(namespaces, namespace_policies, network_plugin, policy_openings, undecided_traffic, "ingress")


@check(
    severity="medium", finding="allows outgoing traffic by default", wanted=_DENIED_BY_DEFAULT,
    remedy="Add a NetworkPolicy with an empty podSelector, policyTypes [Egress] and no rules. Remove policies that "
           "allow everything.",
    source="Kubernetes documentation: default policies; NIST SP 800-53 SC-7(5)", if_empty=NO_NAMESPACE,
    needs=("network_policies",),
)
def default_deny_egress(namespaces: pd.DataFrame, namespace_policies: pd.DataFrame, network_plugin: pd.DataFrame,
                        policy_openings: pd.DataFrame, undecided_traffic: pd.DataFrame) -> Judgement:
    """Every namespace denies outgoing traffic by default.

    Where outgoing traffic is allowed by default, a compromised pod can send data out and explore the cluster.
    """
    return _default_deny(namespaces, namespace_policies, network_plugin, policy_openings, undecided_traffic, "egress")


def _default_deny(namespaces: pd.DataFrame, policies: pd.DataFrame, plugin: pd.DataFrame, openings: pd.DataFrame,
                  undecided_traffic: pd.DataFrame, direction: str) -> Judgement:
    """Denied by a policy, and not opened again by another. Unknown where a rule has no plain limit, and where another
    engine may deny or allow."""
    found = _by_namespace(namespaces, policies)
    denied, doubt = found[f"{direction}_denied"], _doubts(found["name"], openings[openings["direction"] == direction])
    found[f"{direction}_perhaps_opened_by"] = doubt
    reasons = _reasons(denied, f"{direction} is not denied by default", plugin)
    doubted = denied & doubt.notna() & (enforcement(plugin) is not False)
    enforced = _enforced(denied.mask(doubted, pd.NA), plugin)
    engines, closes = (doubts(found["name"], undecided_traffic[only.to_numpy(bool)]) for only in (
        ~undecided_traffic["denies_only"], undecided_traffic["denies_only"] & (direction == "ingress")))
    engines = engines.fillna(closes.where((enforced == False).fillna(False)))  # noqa: E712 (of a column)
    return judge(
        found, enforced.mask(engines.notna(), pd.NA),
        [f"{direction}_{name}" for name in ("denied_by", "opened_by", "perhaps_opened_by")],
        reasons=reasons.mask(doubted, "whether this policy allows all traffic is not known: " + doubt).mask(
            engines.notna(), "what others decide is not known: " + engines))


def _doubts(names: pd.Series, openings: pd.DataFrame) -> pd.Series:
    """For each namespace the first policy that may open it: one of its own, or a cluster-wide one."""
    wide_open = openings.loc[openings["namespace"] == "", "policy"].min() if len(openings) else pd.NA
    own = names.map(openings.groupby("namespace")["policy"].min()).astype(STRING)
    return own.fillna(wide_open) if not pd.isna(wide_open) else own


def _reasons(ok: pd.Series, otherwise: str, plugin: pd.DataFrame) -> pd.Series:
    """Why: ``otherwise`` where the policies fall short, else what is known of the network plug-in."""
    return pd.Series(enforcement_grounds(plugin), index=ok.index, dtype=STRING).where(ok, otherwise)


@check(
    severity="high", finding="does not enforce network policies",
    wanted="an agent on every node that enforces network policies",
    remedy="Run a network plug-in that enforces policies, such as Calico, Cilium or Antrea, or turn enforcement on.",
    source="Kubernetes documentation: network plug-ins; CIS Kubernetes 5.3.1",
    if_empty="the network plug-in was not recognised",
)
def plugin_enforces_policies(network_plugin: pd.DataFrame) -> Judgement:
    """The network plug-in is one that enforces network policies, and runs on every node.

    The API server stores network policies even if nothing enforces them.
    """
    enforced = enforcement(network_plugin)
    partly = network_plugin["enforces"] & (network_plugin["nodes"] < network_plugin["of_nodes"])
    ok = network_plugin["enforces"].mask(partly.fillna(False), pd.NA)
    decides = {True: ok.fillna(False), None: ok.isna(), False: ok.notna()}[enforced]
    return judge(network_plugin, ok, ["plugin", "image", "nodes", "of_nodes"], applies=decides,
                 otherwise="another agent decides whether policies are enforced", reasons=network_plugin["grounds"])


@check(
    severity="high", finding="has hosts without TLS",
    wanted="an entry in spec.tls for every host of the ingress, or a certificate at the cloud's load balancer; only "
           "listeners with TLS, or a redirect to HTTPS, for a route",
    remedy="List every host of an ingress under spec.tls, with a Secret that holds its certificate. Attach a route to "
           "listeners with TLS only, and let those without redirect to HTTPS.",
    source="Kubernetes documentation: ingress TLS; Gateway API: TLS; 45 CFR 164.312(e)",
)
def ingress_uses_tls(entrances: pd.DataFrame, *, load_balancers: bool = False, renewed: bool = False) -> Judgement:
    """Every ingress and route uses TLS for all of its hosts.

    Without TLS, passwords and data cross the network in clear text. A route of the Gateway API passes where every
    listener that serves it has TLS, or it only redirects to HTTPS there. Services that are open from outside are
    unknown, because their traffic is not visible; they are judged where there is neither ingress nor route, and load
    balancers always with ``load_balancers``. Entry points of other engines are unknown, because they are not read.
    With ``renewed`` only a certificate counts that the provider is known to renew.
    """
    is_ingress = (entrances["kind"] == "Ingress") & entrances["opened_by"].isna()
    of_others, routed = entrances["opened_by"].notna(), entrances["routed"]
    ok = _of_ingresses(entrances, renewed).mask(~is_ingress | of_others, pd.NA).mask(
        routed, entrances["encrypted"].mask(entrances["encrypted"] & renewed, pd.NA))
    opened, otherwise = ~is_ingress & ~of_others & ~routed & ~entrances["private"], SERVICE_IN_ORDER
    if load_balancers:
        opened, otherwise = opened & (entrances["type"] == "LoadBalancer").fillna(False), OTHER_SERVICE
    elif (is_ingress | routed).any():
        opened, otherwise = opened & False, f"services are judged only where there is no {BESIDE[bool(routed.any())]}"
    if (~entrances["served"].fillna(True)).any():
        otherwise = f"{otherwise}; a route that no listener serves opens nothing"
    unseen = opened & (~entrances["declares_tls"] | renewed)
    reasons = pd.Series(SERVICE_UNKNOWN, ok.index, STRING).mask(
        is_ingress, RENEWAL_UNKNOWN if renewed else CERTIFICATE_UNKNOWN)
    if not renewed:
        reasons = reasons.mask(is_ingress & entrances["certificate"].isna(), NOT_FROM_ENTRIES)
    reasons = reasons.mask(of_others, ENGINE_UNKNOWN + entrances["opened_by"]).mask(
        routed, entrances["unsure"].fillna(RENEWAL_UNKNOWN))
    return judge(entrances, ok, ["type", "tls_count", "hosts_without_tls", "certificate"],
                 applies=is_ingress | unseen | of_others | (routed & entrances["served"]),
                 reasons=reasons.where(ok.isna(), ""), otherwise=otherwise)


def _of_ingresses(entrances: pd.DataFrame, renewed: bool) -> pd.Series:
    """Whether each ingress uses TLS for all of its hosts, by its entries or by a certificate of a cloud."""
    certificate = entrances["certificate"]
    entries = (entrances["tls_count"] > 0) & entrances["hosts_without_tls"].isna() & entrances["tls_read"]
    ok = entries | entrances["certificate_read"]
    if renewed:
        by_provider = ((certificate == MANAGED) & entrances["certificate_read"]).fillna(False)
        ok = ok.mask(ok.fillna(True) & ~by_provider, pd.NA)
    return ok


@check(
    severity="medium", finding="has no certificate that it may use",
    wanted="every certificate that it names is a Secret that is there, that it may name and that its controller could "
           "use",
    remedy="Create the Secret, or correct its name. Where it is in another namespace, add a ReferenceGrant (Gateway "
           "API) or a TLSCertificateDelegation (Contour) there.",
    source="Gateway API v1.6.1: Gateway, listeners with TLS; ReferenceGrant. Contour: HTTPProxy, TLS; "
           "TLSCertificateDelegation",
    needs=("secrets", "reference_grants_from", "reference_grants_to", "contour_delegations"),
)
def listeners_have_certificates(route_certificates: pd.DataFrame) -> Judgement:
    """Listeners and routes that end TLS have a certificate.

    One without its certificate serves nobody, or another certificate than the one that was meant.
    """
    found = route_certificates
    wanting = found["missing"].notna() | found["refused"].notna()
    return judge(found, found["present"], ["secrets", "missing", "refused"], for_want=wanting,
                 reasons=found["why"].fillna(""))


@check(
    severity="high", finding="has external IPs", wanted="no spec.externalIPs", remedy="Remove spec.externalIPs.",
    source="Kubernetes security advisory CVE-2020-8554",
)
def no_external_ips(services: pd.DataFrame) -> Judgement:
    """Services have no external IPs.

    Whoever can create a service with external IPs can redirect traffic for any address to pods of their own
    (CVE-2020-8554).
    """
    return judge(services, services["external_ips_count"] == 0, ["type", "external_ips_count"])


@check(
    severity="medium", finding="opens a port on every node",
    wanted="not of type NodePort, and no port has a nodePort",
    remedy="Use a ClusterIP behind an ingress or gateway, or a load balancer with allocateLoadBalancerNodePorts: false "
           "and address ranges.",
    source="NSA and CISA, Kubernetes Hardening Guide: network separation; Kubernetes documentation: load balancers and "
           "node port allocation",
)
def no_node_ports(services: pd.DataFrame, service_ports: pd.DataFrame) -> Judgement:
    """No service opens a port on every node.

    Traffic to such a port bypasses ingresses and load balancers, and what they check. Services of type LoadBalancer
    open one too, unless allocateLoadBalancerNodePorts is false.
    """
    opened = service_ports[(service_ports["node_port"] > 0).fillna(False)]
    on = {"namespace": "namespace", "name": "service"}
    ports = named(services, on, opened.assign(node_port=opened["node_port"].astype(STRING)), "node_port")
    return judge(services.assign(node_ports=ports), (services["type"] != "NodePort") & (ports == ""),
                 ["type", "node_ports"])


@check(
    severity="medium", finding="opens a load balancer to a wide or unlimited range of addresses",
    wanted="the load balancer accepts only stated and narrow address ranges, or is internal",
    remedy="Set spec.loadBalancerSourceRanges, or use an internal load balancer.",
    source="Kubernetes documentation: services of type LoadBalancer, internal load balancers; "
           "NIST SP 800-53 SC-7",
)
def load_balancers_restricted(services: pd.DataFrame, service_source_ranges: pd.DataFrame,
                              service_load_balancers: pd.DataFrame,
                              service_load_balancer_annotations: pd.DataFrame,
                              node_addresses: pd.DataFrame, nodes: pd.DataFrame) -> Judgement:
    """Load balancers accept only narrow address ranges, or are internal.

    Everybody on the internet can connect to a load balancer without such limits. One is internal where an annotation
    requests that of the cloud of its nodes, or its class does, and its addresses are private, and not of nodes. Private
    addresses alone are unknown, because a router may forward traffic to them. So is a load balancer where the cloud, or
    the controller of its class, decides: by ranges in an annotation, or by security groups.
    """
    seen = restricted(services, service_source_ranges, service_load_balancers, service_load_balancer_annotations,
                      node_addresses, nodes)
    found = services.assign(widest_range=seen["widest_range"], private_address=seen["private_address"])
    return judge(found, seen["ok"], ["source_ranges_count", "widest_range", "private_address"], reasons=seen["why"],
                 applies=found["type"] == "LoadBalancer", otherwise="not a load balancer")
