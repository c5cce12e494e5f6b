"""The network: which namespaces are closed by default, whether that is enforced, and what is open to the outside."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, named
from auditkit.analysis.network.engines import doubts, over_traffic
from auditkit.analysis.network.entry_points import MANAGED
from auditkit.analysis.network.load_balancers import restricted
from auditkit.analysis.network.plugins import enforcement, enforcement_grounds
from auditkit.checks.model import Judgement, check, judge

NOT_SEEN = "a service that is opened to the outside: whether what it carries is encrypted is not seen"
WITH_TLS = "it is not opened to the internet without saying that it speaks TLS"
NO_LOAD_BALANCER = "it is no load balancer that is opened to the internet without saying that it speaks TLS"
NOT_READ = ("an annotation names a certificate, and whether the controller of its class reads that, and serves nothing "
            "without it, is not known")
NOT_FROM_ENTRIES = ("the AWS Load Balancer Controller opens ports with TLS by annotations and settings of its class, "
                    "not by spec.tls: ask for the listeners of its load balancer")
NOT_DECLARED = "other engines open entrances whose encryption is not read: "
NOT_RENEWED = "who renews its certificate is not known"


def _enforced(ok: pd.Series, plugin: pd.DataFrame) -> pd.Series:
    """What holds on paper, where policies are enforced; on paper only where that is not known."""
    return ok & pd.Series(enforcement(plugin), index=ok.index, dtype=BOOLEAN)


def _by_namespace(namespaces: pd.DataFrame, policies: pd.DataFrame) -> pd.DataFrame:
    """Namespaces in their order with what policies do for them."""
    columns = policies.drop(columns="namespace").set_index(namespaces.index)
    return pd.concat([namespaces, columns], axis=1)


@check(
    severity="medium",
    wanted="at least one network policy, and a network plug-in that enforces it",
    remedy="Add a NetworkPolicy to the namespace, first one that denies everything; use a plug-in that enforces them.",
    source="Kubernetes documentation: network policies; CIS Kubernetes 5.3.2",
    if_empty="every cluster has namespaces, yet none is visible",
    needs=("network_policies",),
)
def namespaces_have_policy(namespaces: pd.DataFrame, namespace_policies: pd.DataFrame, network_plugin: pd.DataFrame,
                           other_engines: pd.DataFrame, *, enforced: bool = True) -> Judgement:
    """Every namespace has a network policy that is enforced.

    Without one, every pod of the cluster and whatever routes to it may talk to its pods. Where another check asks
    whether policies are enforced, a control sets ``enforced`` to false.
    """
    found = _by_namespace(namespaces, namespace_policies)
    engines = doubts(found["name"], over_traffic(other_engines))
    has = (found["policies"] > 0).mask((found["policies"] == 0) & engines.notna(), pd.NA)
    elsewhere = "there is no NetworkPolicy, and what other engines decide is not read: " + engines
    ok = _enforced(has, network_plugin) if enforced else has
    reasons = _reasons(has, "there is no network policy", network_plugin) if enforced else pd.Series(
        "", found.index, STRING)
    return judge(found, ok, ["policies"], reasons=reasons.mask(has.isna(), elsewhere))


@check(
    severity="medium",
    wanted="a policy that picks every pod and denies what no rule allows, and none that opens it again",
    remedy="Add a NetworkPolicy with an empty podSelector, policyTypes [Ingress] and no rules; remove what allows all.",
    source="Kubernetes documentation: default policies; NIST SP 800-53 SC-7(5)",
    if_empty="every cluster has namespaces, yet none is visible",
    needs=("network_policies",),
)
def default_deny_ingress(namespaces: pd.DataFrame, namespace_policies: pd.DataFrame, network_plugin: pd.DataFrame,
                         policy_openings: pd.DataFrame, other_engines: pd.DataFrame) -> Judgement:
    """Every namespace denies incoming traffic unless a rule allows it.

    Then a new pod is closed until somebody has decided who may reach it.
    """
    return _default_deny(namespaces, namespace_policies, network_plugin, policy_openings, other_engines, "ingress")


@check(
    severity="medium",
    wanted="a policy that picks every pod and denies what no rule allows, and none that opens it again",
    remedy="Add a NetworkPolicy with an empty podSelector, policyTypes [Egress] and no rules; remove what allows all.",
    source="Kubernetes documentation: default policies; NIST SP 800-53 SC-7(5)",
    if_empty="every cluster has namespaces, yet none is visible",
    needs=("network_policies",),
)
def default_deny_egress(namespaces: pd.DataFrame, namespace_policies: pd.DataFrame, network_plugin: pd.DataFrame,
                        policy_openings: pd.DataFrame, other_engines: pd.DataFrame) -> Judgement:
    """Every namespace denies outgoing traffic unless a rule allows it.

    Then a pod that was taken over cannot carry data out, nor look around in the cluster.
    """
    return _default_deny(namespaces, namespace_policies, network_plugin, policy_openings, other_engines, "egress")


def _default_deny(namespaces: pd.DataFrame, policies: pd.DataFrame, plugin: pd.DataFrame, openings: pd.DataFrame,
                  other_engines: pd.DataFrame, direction: str) -> Judgement:
    """Denied by a policy, and by no other opened again; not known where a rule is not plainly limited, nor where
    another engine may deny or open."""
    found = _by_namespace(namespaces, policies)
    denied, doubt = found[f"{direction}_denied"], _doubts(found["name"], openings[openings["direction"] == direction])
    found[f"{direction}_perhaps_opened_by"] = doubt
    reasons = _reasons(denied, f"{direction} is not denied by default", plugin)
    doubted = denied & doubt.notna() & (enforcement(plugin) is not False)
    engines = doubts(found["name"], over_traffic(other_engines))
    return judge(
        found, _enforced(denied.mask(doubted, pd.NA), plugin).mask(engines.notna(), pd.NA),
        [f"{direction}_{name}" for name in ("denied_by", "opened_by", "perhaps_opened_by")],
        reasons=reasons.mask(doubted, doubt + " allows much, and perhaps opens again what is denied").mask(
            engines.notna(), "what other engines allow and deny is not read: " + engines))


def _doubts(names: pd.Series, openings: pd.DataFrame) -> pd.Series:
    """For each namespace the first policy that perhaps opens it: a cluster-wide one, or one of its own."""
    wide_open = openings.loc[openings["namespace"] == "", "policy"].min() if len(openings) else pd.NA
    own = names.map(openings.groupby("namespace")["policy"].min()).astype(STRING)
    return own.fillna(wide_open) if not pd.isna(wide_open) else own


def _reasons(ok: pd.Series, otherwise: str, plugin: pd.DataFrame) -> pd.Series:
    """Why: the policies where they are wanting, else what is known of the plug-in."""
    return pd.Series(enforcement_grounds(plugin), index=ok.index, dtype=STRING).where(ok, otherwise)


@check(
    severity="high",
    wanted="an agent on every node that enforces network policies",
    remedy="Run a network plug-in that enforces policies (Calico, Cilium, Antrea and others do), or switch that on.",
    source="Kubernetes documentation: network plug-ins; CIS Kubernetes 5.3.1",
    if_empty="the network plug-in was not recognised",
)
def plugin_enforces_policies(network_plugin: pd.DataFrame) -> Judgement:
    """The network plug-in enforces network policies on every node.

    The API server keeps network policies whether or not anything acts on them.
    """
    enforced = enforcement(network_plugin)
    partly = network_plugin["enforces"] & (network_plugin["nodes"] < network_plugin["of_nodes"])
    ok = network_plugin["enforces"].mask(partly.fillna(False), pd.NA)
    decides = {True: ok.fillna(False), None: ok.isna(), False: ok.notna()}[enforced]
    return judge(network_plugin, ok, ["plugin", "image", "nodes", "of_nodes"], applies=decides,
                 otherwise="another agent decides", reasons=network_plugin["grounds"])


@check(
    severity="high",
    wanted="TLS for every host of the ingress, by an entry of its own or by a certificate of the cloud's load balancer",
    remedy="Name every host under spec.tls, with a Secret that holds its certificate.",
    source="Kubernetes documentation: ingress TLS; 45 CFR 164.312(e)",
)
def ingress_uses_tls(entrances: pd.DataFrame, *, load_balancers: bool = False, renewed: bool = False) -> Judgement:
    """Every ingress speaks TLS for all of its hosts; services are asked about where there is no ingress.

    Entrances that other engines open (Gateways, Routes and the like) are unknown: they are not read.

    Services that are opened to the outside are judged where there is no ingress at all, or with ``load_balancers``
    those with one of their own, beside ingresses too; what they carry is not seen, so they are unknown. With
    ``renewed`` only a certificate counts of which it is known that the provider renews it.
    """
    certificate = entrances["certificate"]
    is_ingress = (entrances["kind"] == "Ingress") & entrances["opened_by"].isna()
    entries = (entrances["tls_count"] > 0) & entrances["hosts_without_tls"].isna() & entrances["tls_read"]
    ok = entries | entrances["certificate_read"]
    if renewed:
        by_provider = ((certificate == MANAGED) & entrances["certificate_read"]).fillna(False)
        ok = ok.mask(ok.fillna(True) & ~by_provider, pd.NA)
    of_others = entrances["opened_by"].notna()
    opened, otherwise = ~is_ingress & ~of_others & ~entrances["private"], WITH_TLS
    if load_balancers:
        opened, otherwise = opened & (entrances["type"] == "LoadBalancer").fillna(False), NO_LOAD_BALANCER
    elif is_ingress.any():
        opened, otherwise = opened & False, "services are judged only where there is no ingress"
    unseen = opened & (~entrances["declares_tls"] | renewed)
    ok = ok.mask(~is_ingress | of_others, pd.NA)
    reasons = pd.Series(NOT_SEEN, ok.index, STRING).mask(is_ingress, NOT_RENEWED if renewed else NOT_READ)
    if not renewed:
        reasons = reasons.mask(is_ingress & certificate.isna(), NOT_FROM_ENTRIES)
    reasons = reasons.mask(of_others, NOT_DECLARED + entrances["opened_by"])
    return judge(entrances, ok, ["type", "tls_count", "hosts_without_tls", "certificate"],
                 applies=is_ingress | unseen | of_others, reasons=reasons.where(ok.isna(), ""), otherwise=otherwise)


@check(
    severity="high",
    wanted="no external IPs",
    remedy="Remove spec.externalIPs; who may set them can take over the traffic to these addresses (CVE-2020-8554).",
    source="Kubernetes security advisory CVE-2020-8554",
)
def no_external_ips(services: pd.DataFrame) -> Judgement:
    """No service answers on addresses that its author chose.

    Whoever may create a service could draw the traffic to any address to himself.
    """
    return judge(services, services["external_ips_count"] == 0, ["type", "external_ips_count"])


@check(
    severity="medium",
    wanted="not of type NodePort, and no port has a nodePort",
    remedy="Use a ClusterIP behind an ingress or gateway, or a load balancer with allocateLoadBalancerNodePorts: false "
           "and address ranges.",
    source="NSA and CISA, Kubernetes Hardening Guide: network separation; Kubernetes documentation: load balancers and "
           "node port allocation",
)
def no_node_ports(services: pd.DataFrame, service_ports: pd.DataFrame) -> Judgement:
    """No service is opened as a port on every node.

    Such a port passes by ingresses and load balancers, and what they check. A load balancer has one too, unless it is
    told not to.
    """
    opened = service_ports[(service_ports["node_port"] > 0).fillna(False)]
    on = {"namespace": "namespace", "name": "service"}
    ports = named(services, on, opened.assign(node_port=opened["node_port"].astype(STRING)), "node_port")
    return judge(services.assign(node_ports=ports), (services["type"] != "NodePort") & (ports == ""),
                 ["type", "node_ports"])


@check(
    severity="medium",
    wanted="load balancers answer only to stated address ranges, or on private addresses",
    remedy="State spec.loadBalancerSourceRanges, or use an internal load balancer.",
    source="Kubernetes documentation: services of type LoadBalancer, internal load balancers; "
           "NIST SP 800-53 SC-7",
)
def load_balancers_restricted(services: pd.DataFrame, service_source_ranges: pd.DataFrame,
                              service_load_balancers: pd.DataFrame,
                              service_load_balancer_annotations: pd.DataFrame) -> Judgement:
    """Every load balancer answers only to stated address ranges.

    What a cloud or the controller of a class decides outside of these fields is unknown: an internal load balancer
    whose address is not seen, ranges in an annotation, security groups of its own.
    """
    seen = restricted(services, service_source_ranges, service_load_balancers, service_load_balancer_annotations)
    found = services.assign(widest_range=seen["widest_range"], private_address=seen["private_address"])
    return judge(found, seen["ok"], ["source_ranges_count", "widest_range", "private_address"], reasons=seen["why"],
                 applies=found["type"] == "LoadBalancer", otherwise="not a load balancer")
