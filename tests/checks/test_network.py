"""The checks on the network: what they must refuse, what they must accept, and what they cannot know."""

import pytest
from network_worlds import CALICO, agent, derive, namespace, node, policy, verdicts
from worlds import frames

from auditkit.checks import find

DENY = {"policyTypes": ["Ingress", "Egress"]}
SHOP = namespace("shop")
ALL = {"cidr": "0.0.0.0/0"}


@pytest.mark.parametrize(("objects", "verdict"), [
    ([policy("deny", **DENY)], "pass"),
    ([policy("web", podSelector={"matchLabels": {"app": "web"}}, ingress=[{}])], "pass"),
    ([], "fail"),
    ([policy("deny", "elsewhere", **DENY)], "fail"),
    ([policy("deny", "Shop", **DENY)], "fail"),
])
def test_a_namespace_needs_a_policy_of_its_own(objects, verdict):
    assert verdicts("network.namespaces_have_policy", [SHOP, *CALICO, *objects]) == {"shop": verdict}


@pytest.mark.parametrize("name", ["namespaces_have_policy", "default_deny_ingress", "default_deny_egress"])
@pytest.mark.parametrize(("cluster", "verdict"), [
    (CALICO, "pass"),
    ([node("n1")], "unknown"),
    ([node("n1"), *agent("docker.io/flannel/flannel:v0.26.1")], "fail"),
    ([node("n1"), node("n2"), *agent("quay.io/calico/node:v3.29.0")], "unknown"),
    ([node("n1"), *agent("602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.19.0",
                         "registry.example/amazon/aws-network-policy-agent:v1.1.5")], "unknown"),
])
def test_a_policy_counts_only_where_the_plugin_enforces_it(name, cluster, verdict):
    assert verdicts(f"network.{name}", [SHOP, policy("deny", **DENY), *cluster]) == {"shop": verdict}


def test_no_policy_is_a_fail_whatever_the_plugin():
    assert verdicts("network.namespaces_have_policy", [SHOP, node("n1")]) == {"shop": "fail"}


@pytest.mark.parametrize(("spec", "ingress", "egress"), [
    ({}, "pass", "fail"),
    ({"policyTypes": ["Ingress"]}, "pass", "fail"),
    ({"policyTypes": ["Egress"]}, "fail", "pass"),
    (DENY, "pass", "pass"),
    ({"egress": []}, "pass", "fail"),
    ({"egress": [{"to": [{"podSelector": {}}]}]}, "pass", "pass"),
    ({"ingress": [{}]}, "fail", "fail"),
    ({"ingress": [{"from": [{"namespaceSelector": {}}]}]}, "fail", "fail"),
    ({"ingress": [{"from": [{"namespaceSelector": {}, "podSelector": {}}]}]}, "fail", "fail"),
    ({"ingress": [{"from": [{"podSelector": {}}]}]}, "pass", "fail"),
    ({"ingress": [{"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}]}]}, "pass", "fail"),
    ({"ingress": [{"from": [{"ipBlock": ALL}]}]}, "fail", "fail"),
    ({"ingress": [{"from": [{"ipBlock": {"cidr": "128.0.0.0/1"}}]}]}, "fail", "fail"),
    ({"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}, "pass", "fail"),
    ({"ingress": [{"ports": [{"port": 443}]}]}, "pass", "fail"),
    ({"ingress": [{"ports": [{"protocol": "TCP"}]}]}, "fail", "fail"),
    ({"ingress": [{"ports": [{"port": 1, "endPort": 65535}]}]}, "fail", "fail"),
    ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}, "fail", "fail"),
    ({"podSelector": {"matchLabels": {"app": "web"}}, **DENY}, "fail", "fail"),
])
def test_denied_by_default(spec, ingress, egress):
    objects = [SHOP, *CALICO, policy("one", **spec)]
    assert verdicts("network.default_deny_ingress", objects) == {"shop": ingress}
    assert verdicts("network.default_deny_egress", objects) == {"shop": egress}


def test_policies_add_up_so_one_that_allows_everything_undoes_the_denial():
    objects = [SHOP, *CALICO, policy("deny", **DENY), policy("open", ingress=[{}])]
    assert verdicts("network.default_deny_ingress", objects) == {"shop": "fail"}
    assert verdicts("network.default_deny_egress", objects) == {"shop": "pass"}


NAMED = {"namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "Exists"}]}}


def _absent(label: str) -> dict:
    return {"matchExpressions": [{"key": label, "operator": "DoesNotExist"}]}


def _cluster_wide(kind: str = "AdminNetworkPolicy", action: str = "Allow", peer: object = None, **spec: object) -> dict:
    rule = {"action": action, "from": [peer or {"namespaces": {}}], **spec.pop("rule", {})}
    return {"kind": kind, "apiVersion": f"policy.networking.k8s.io/{'v1alpha2' if kind[0] == 'C' else 'v1alpha1'}",
            "metadata": {"name": "wide"}, "spec": {"priority": 1, "subject": {"namespaces": {}}, "ingress": [rule], **spec}}


@pytest.mark.parametrize(("rules", "verdict"), [
    ([{"from": [NAMED]}], "fail"),
    ([{"from": [NAMED | {"podSelector": {}}]}], "fail"),
    ([{"ports": [{"port": 1, "endPort": 32767}, {"port": 32768, "endPort": 65535}]}], "fail"),
    ([{"ports": [{"port": 32768, "endPort": 65535}]}, {"ports": [{"port": 1, "endPort": 40000}]}], "fail"),
    ([{"ports": [{"port": 2, "endPort": 65535}]}], "unknown"),
    ([{"ports": [{"port": 1, "endPort": 32766}, {"port": 32768, "endPort": 65535}]}], "unknown"),
    ([{"ports": [{"port": 1, "endPort": 9000}, {"port": 1, "endPort": 65535, "protocol": "UDP"}]}], "fail"),
    ([{"from": [{"namespaceSelector": {}, "podSelector": _absent("x")}]}], "unknown"),
    ([{"from": [{"namespaceSelector": _absent("x")}]}], "unknown"),
    ([{"from": [{"namespaceSelector": {"matchLabels": {"a": "b"}}, "podSelector": _absent("x")}]}], "pass"),
    ([{"from": [NAMED], "ports": [{"port": "web"}, {"port": 443}]}], "pass"),
    ([{"from": [{"podSelector": _absent("x")}]}], "pass"),
    ([{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}, {"namespaceSelector": _absent("x")}]}], "unknown"),
])
def test_what_opens_everything_by_a_roundabout_way_is_no_denial(rules, verdict):
    objects = [SHOP, *CALICO, policy("deny", **DENY), policy("more", ingress=rules)]
    assert verdicts("network.default_deny_ingress", objects) == {"shop": verdict}


@pytest.mark.parametrize(("selector", "verdict"), [(_absent("x"), "unknown"), ({"matchLabels": {"a": "b"}}, "pass")])
def test_a_policy_for_pods_without_a_label_is_for_nearly_all(selector, verdict):
    objects = [SHOP, *CALICO, policy("deny", **DENY), policy("open", podSelector=selector, ingress=[{}])]
    assert verdicts("network.default_deny_ingress", objects) == {"shop": verdict}


def test_pieces_of_two_policies_make_a_whole():
    halves = [policy(f"half-{first}", ingress=[{"ports": [{"port": first, "endPort": last}]}])
              for first, last in ((1, 32767), (32768, 65535))]
    assert verdicts("network.default_deny_ingress", [SHOP, *CALICO, *halves]) == {"shop": "fail"}
    assert verdicts("network.default_deny_ingress", [SHOP, *CALICO, halves[0]]) == {"shop": "unknown"}


@pytest.mark.parametrize(("wide", "verdict"), [
    (_cluster_wide(), "unknown"),
    (_cluster_wide("ClusterNetworkPolicy", "Accept", tier="Admin"), "unknown"),
    (_cluster_wide("ClusterNetworkPolicy", "Accept", tier="Baseline"), "pass"),
    (_cluster_wide("BaselineAdminNetworkPolicy"), "pass"),
    (_cluster_wide(action="Deny"), "pass"),
    (_cluster_wide(action="Pass"), "pass"),
    (_cluster_wide(peer={"namespaces": {"matchLabels": {"team": "monitoring"}}}), "pass"),
    (_cluster_wide(peer={"namespaces": _absent("x")}), "unknown"),
    (_cluster_wide(rule={"ports": [{"portNumber": {"protocol": "TCP", "port": 9090}}]}), "pass"),
    (_cluster_wide(subject={"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}}), "pass"),
    (_cluster_wide(subject={"namespaces": {"matchLabels": {"a": "b"}}}), "unknown"),
])
def test_a_cluster_wide_policy_that_allows_goes_before_the_denial(wide, verdict):
    objects = [SHOP, *CALICO, policy("deny", **DENY), wide]
    assert verdicts("network.default_deny_ingress", objects) == {"shop": verdict}
    assert verdicts("network.default_deny_egress", objects) == {"shop": "pass"}, "it is of the other direction"
    bare = [SHOP, *CALICO, policy("web", podSelector={"matchLabels": {"a": "b"}}), wide]
    assert verdicts("network.default_deny_ingress", bare) == {"shop": "fail"}, "there is nothing to open again"


@pytest.mark.parametrize(("agents", "expected"), [
    ([agent("quay.io/calico/node:v3.29.0")], {"Calico": "pass"}),
    ([agent("registry.internal:5000/mirror/rancher/mirrored-calico-node@sha256:00")], {"Calico": "pass"}),
    ([agent("quay.io/cilium/cilium:v1.17.0@sha256:00")], {"Cilium": "pass"}),
    ([agent("antrea/antrea-agent-ubuntu:v2.2.0")], {"Antrea": "pass"}),
    ([agent("weaveworks/weave-kube:2.8.1", "weaveworks/weave-npc:2.8.1")], {"Weave Net": "pass"}),
    ([agent("weaveworks/weave-kube:2.8.1")], {"Weave Net": "fail"}),
    ([agent("docker.io/flannel/flannel:v0.26.1")], {"flannel": "fail"}),
    ([agent("amazon-k8s-cni:v1.19.0")], {"AWS VPC CNI": "fail"}),
    ([agent("rancher/hardened-flannel:v0.26", "rancher/hardened-calico:v3.29")],
     {"flannel": "not_applicable", "Calico": "pass"}),
    ([agent("amazon-k8s-cni:v1.19.0", "amazon/aws-network-policy-agent:v1.1.5")],
     {"AWS VPC CNI": "not_applicable", "AWS policy agent": "unknown"}),
    ([agent("kindest/kindnetd:v20250214-acbabc1a")], {"kindnet": "pass"}),
    ([agent("kindest/kindnetd:v20230511-dc714da8")], {"kindnet": "fail"}),
    ([agent("kindest/kindnetd:v20240730-aaaaaaaa")], {"kindnet": "unknown"}),
    ([agent("kindest/kindnetd:mine")], {"kindnet": "unknown"}),
    ([agent("kindest/kindnetd:v20230511-dc714da8"),
      agent("registry.k8s.io/networking/kube-network-policies:v0.9", name="policies")],
     {"kindnet": "not_applicable", "kube-network-policies": "pass"}),
    ([agent("quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:00", name="ovnkube-node",
            space="openshift-ovn-kubernetes")], {"OVN-Kubernetes": "pass"}),
    ([agent("quay.io/example/log-agent:1")], {}),
    ([agent("quay.io/calico/node:v3.29.0", nodes=())], {"Calico": "unknown"}),
])
def test_what_is_known_of_plugins(agents, expected):
    objects = [node("n1"), *(thing for some in agents for thing in some)]
    assert verdicts("network.plugin_enforces_policies", objects) == expected


def test_an_enforcing_agent_counts_where_another_on_the_same_nodes_only_routes():
    objects = [SHOP, policy("deny", **DENY), node("n1"), *agent("flannel/flannel:v0.26", "calico/node:v3.29")]
    assert verdicts("network.namespaces_have_policy", objects) == {"shop": "pass"}


def test_k3s_hides_its_policy_controller():
    objects = [SHOP, policy("deny", **DENY), node("n1", kubeletVersion="v1.33.1+k3s1")]
    assert verdicts("network.namespaces_have_policy", objects) == {"shop": "unknown"}
    found = derive(frames(objects), "network_plugin")
    assert found[["plugin", "nodes", "of_nodes"]].to_numpy(object).tolist() == [["k3s", 1, 1]]
    assert "nodes" not in found["grounds"].iloc[0]


def _ingress(hosts: list[str | None], tls: list[list[str]]) -> dict:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    rules = [({"host": host} if host else {}) | {"http": {"paths": [path]}} for host in hosts]
    return {"kind": "Ingress", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"rules": rules, "tls": [{"hosts": names} if names else {} for names in tls]}}


@pytest.mark.parametrize(("hosts", "tls", "verdict"), [
    (["a.example"], [["a.example"]], "pass"),
    (["a.example", "b.example"], [["a.example"], ["b.example"]], "pass"),
    (["a.example"], [["*.example"]], "pass"),
    (["*.example"], [["*.example"]], "pass"),
    (["a.example", None], [[]], "pass"),
    (["a.example"], [], "fail"),
    (["a.example", "b.example"], [["a.example"]], "fail"),
    (["a.b.example"], [["*.example"]], "fail"),
    (["example"], [["*.example"]], "fail"),
    ([None], [["a.example"]], "fail"),
])
def test_tls_for_every_host(hosts, tls, verdict):
    assert verdicts("network.ingress_uses_tls", [_ingress(hosts, tls)]) == {"web": verdict}


ALB, GCE = "alb.ingress.kubernetes.io/certificate-arn", "networking.gke.io/managed-certificates"
APPGW, SHARED = "appgw.ingress.kubernetes.io/appgw-ssl-certificate", "ingress.gcp.kubernetes.io/pre-shared-cert"


@pytest.mark.parametrize(("annotation", "cls", "verdict"), [
    (ALB, None, "unknown"), (ALB, "alb", "pass"), (ALB, "nginx", "unknown"), (ALB, "internal-alb", "pass"),
    (ALB, "malbec", "unknown"), (ALB, "weeks", "unknown"), (GCE, "gce-internal", "pass"),
    (GCE, None, "pass"), (SHARED, None, "pass"), (SHARED, "traefik", "unknown"),
    (APPGW, "azure-application-gateway", "pass"), (APPGW, "nginx", "unknown"),
    ("cert-manager.io/cluster-issuer", None, "fail"), (f"{ALB}-not", None, "fail"),
])
def test_a_certificate_of_the_cloud_s_load_balancer_is_tls(annotation, cls, verdict):
    ingress = _ingress(["a.example"], [])
    ingress["metadata"]["annotations"] = {annotation: "secret-value"}
    ingress["spec"] |= {"ingressClassName": cls} if cls else {}
    assert verdicts("network.ingress_uses_tls", [ingress]) == {"web": verdict}
    assert "secret-value" not in str(frames([ingress]))


LISTEN = "alb.ingress.kubernetes.io/listen-ports"


@pytest.mark.parametrize(("annotations", "cls", "verdict"), [
    ({ALB: ""}, "alb", "fail"), ({ALB: " "}, "alb", "fail"), ({GCE: ""}, "gce", "fail"),
    ({ALB: "", GCE: "c"}, "gce", "pass"), ({GCE: "", SHARED: "c"}, "gce", "pass"),
    ({ALB: "c", LISTEN: '[{"HTTP": 80}]'}, "alb", "unknown"), ({ALB: "c", LISTEN: ""}, "alb", "pass"),
    ({LISTEN: '[{"HTTPS": 443}]'}, "alb", "unknown"), ({GCE: "c", LISTEN: "x"}, "gce", "pass"),
])
def test_a_certificate_that_is_not_there_or_not_on_all_ports(annotations, cls, verdict):
    ingress = _ingress(["a.example"], [])
    ingress["metadata"]["annotations"] = annotations
    ingress["spec"]["ingressClassName"] = cls
    assert verdicts("network.ingress_uses_tls", [ingress]) == {"web": verdict}
    assert "HTTP" not in str(frames([ingress])["ingress_annotations"].to_dict())


@pytest.mark.parametrize(("ingress_class", "annotations", "verdict"), [
    ("alb", {}, "unknown"),
    ("eks.amazonaws.com/alb", {}, "unknown"),
    ("alb", {LISTEN: '[{"HTTPS": 443}]'}, "unknown"),
    ("alb", {ALB: "arn"}, "pass"),
    (None, {"kubernetes.io/ingress.class": "alb", "alb.ingress.kubernetes.io/scheme": "internal"}, "unknown"),
    (None, {"kubernetes.io/ingress.class": "alb"}, "unknown"),
    (None, {"kubernetes.io/ingress.class": "alb", ALB: "arn"}, "pass"),
    (None, {"kubernetes.io/ingress.class": "nginx"}, "pass"),
    ("nginx", {"alb.ingress.kubernetes.io/scheme": "internal"}, "pass"),
    ("nginx-aws", {}, "pass"),
])
def test_a_tls_entry_opens_no_port_with_tls_at_an_aws_load_balancer(ingress_class, annotations, verdict):
    """Its controller opens port 80 alone where no certificate is named to it."""
    ingress = _ingress(["a.example"], [["a.example"]])
    ingress["metadata"]["annotations"] = annotations
    if ingress_class:
        ingress["spec"]["ingressClassName"] = ingress_class
    assert verdicts("network.ingress_uses_tls", [ingress]) == {"web": verdict}


def test_a_class_that_an_annotation_names_is_not_google_s_by_default():
    ingress = _ingress(["a.example"], [])
    ingress["metadata"]["annotations"] = {GCE: "c", "kubernetes.io/ingress.class": "nginx"}
    assert verdicts("network.ingress_uses_tls", [ingress]) == {"web": "unknown"}


@pytest.mark.parametrize(("annotations", "tls", "verdict"), [
    ({GCE: "c"}, [], "pass"), ({SHARED: "c"}, [], "unknown"), ({}, [["a.example"]], "unknown"), ({}, [], "fail"),
    ({GCE: "c", ALB: "c", SHARED: "c"}, [], "pass"),
])
def test_a_certificate_that_the_provider_renews(annotations, tls, verdict):
    ingress = _ingress(["a.example"], tls)
    ingress["metadata"]["annotations"] = annotations
    assert verdicts("network.ingress_uses_tls", [ingress], renewed=True) == {"web": verdict}


def _opened(kind: str, *ports: dict, ip: str = "", cls: str | None = None, **annotations: str) -> dict:
    return {"kind": "Service", "metadata": {"name": "door", "namespace": "shop", "annotations": annotations},
            "spec": {"type": kind, "ports": list(ports), "loadBalancerClass": cls},
            "status": {"loadBalancer": {"ingress": [{"ip": ip}] if ip else []}}}


AWS = "service.beta.kubernetes.io/aws-load-balancer-ssl-"
INTERNAL = {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}


@pytest.mark.parametrize(("service", "alone", "beside", "asked"), [
    (_opened("LoadBalancer", {"port": 443}), "unknown", "not_applicable", "unknown"),
    (_opened("NodePort", {"port": 80}), "unknown", "not_applicable", "not_applicable"),
    (_opened("LoadBalancer", {"port": 80}, ip="34.1.2.3"), "unknown", "not_applicable", "unknown"),
    (_opened("LoadBalancer", {"port": 80}, ip="10.1.2.3", **INTERNAL), *["not_applicable"] * 3),
    (_opened("LoadBalancer", {"port": 80}, ip="10.1.2.3"), "unknown", "not_applicable", "unknown"),
    (_opened("LoadBalancer", {"port": 443, "appProtocol": "HTTPS"}), *["not_applicable"] * 3),
    (_opened("LoadBalancer", {"port": 443, "appProtocol": "https"}, {"port": 80}), "unknown", "not_applicable",
     "unknown"),
    (_opened("LoadBalancer", {"port": 443}, **{f"{AWS}cert": "arn"}), *["not_applicable"] * 3),
    (_opened("LoadBalancer", {"port": 443}, ip="34.1.2.3", **{f"{AWS}cert": "arn"}), "unknown", "not_applicable",
     "unknown"),  # AWS gives names
    (_opened("LoadBalancer", {"port": 443}, cls="metallb.io/lb", **{f"{AWS}cert": "arn"}), "unknown", "not_applicable",
     "unknown"),
    (_opened("LoadBalancer", {"port": 443}, **{f"{AWS}cert": ""}), "unknown", "not_applicable", "unknown"),
    (_opened("LoadBalancer", {"port": 443}, **{f"{AWS}cert": "arn", f"{AWS}ports": "x"}), "unknown",
     "not_applicable", "unknown"),
])
def test_services_that_are_opened_to_the_outside(service, alone, beside, asked):
    """They are judged where no ingress is, or where a control asks for load balancers."""
    assert verdicts("network.ingress_uses_tls", [service]) == {"door": alone}
    ingress = _ingress(["a.example"], [["a.example"]])
    assert verdicts("network.ingress_uses_tls", [ingress, service]) == {"web": "pass", "door": beside}
    assert verdicts("network.ingress_uses_tls", [ingress, service], load_balancers=True)["door"] == asked


@pytest.mark.parametrize(("objects", "parameters", "reason"), [
    ([_opened("LoadBalancer", {"port": 443}), _ingress(["a.example"], [["a.example"]])], {},
     "services are judged only where there is no ingress"),
    ([_opened("LoadBalancer", {"port": 80}, ip="10.1.2.3", **INTERNAL)], {},
     "the service declares TLS, or its load balancer is internal"),
    ([_opened("NodePort", {"port": 80}), _ingress(["a.example"], [["a.example"]])], {"load_balancers": True},
     "the service is not a load balancer, declares TLS, or is an internal load balancer"),
])
def test_a_service_that_is_not_judged_is_told_the_reason_that_holds(objects, parameters, reason):
    judgement = find("network.ingress_uses_tls").with_parameters(parameters)(derive(frames(objects), "entrances"))
    assert judgement.applies.tolist().count(False) == 1 and judgement.otherwise == reason


def test_a_load_balancer_never_passes_as_one_whose_certificate_is_renewed():
    service = _opened("LoadBalancer", {"port": 443, "appProtocol": "HTTPS"})
    assert verdicts("network.ingress_uses_tls", [service], load_balancers=True, renewed=True) == {"door": "unknown"}


def test_inner_services_are_no_entrances():
    assert verdicts("network.ingress_uses_tls", [_service(), _service("ExternalName")]) == {}


@pytest.mark.parametrize(("image", "plugin"), [
    ("quay.io/cilium/cilium:v1.16", "Cilium"), ("rancher/mirrored-cilium-cilium:v1.16", "Cilium"),
    ("mcr.microsoft.com/oss/cilium/cilium:1", "Cilium"), ("evil.example/x-cilium:1", None),
    ("evil.example/cilium-x:1", None),
])
def test_cilium_is_known_by_the_whole_name_of_its_image(image, plugin):
    found = derive(frames(agent(image)), "network_plugin")
    assert found["plugin"].tolist() == ([plugin] if plugin else [])


def test_an_init_container_is_no_agent():
    objects = agent("quay.io/other/tool:1")
    template = objects[0]["spec"]["template"]["spec"]
    template["initContainers"] = [{"name": "i", "image": "quay.io/cilium/cilium:v1.16"}]
    assert derive(frames(objects), "network_plugin").empty


def test_whether_policies_are_enforced_may_be_asked_elsewhere():
    objects = [SHOP, node("n1"), {"kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": "shop"}, "spec": {}}]
    assert verdicts("network.namespaces_have_policy", objects) == {"shop": "unknown"}
    assert verdicts("network.namespaces_have_policy", objects, enforced=False) == {"shop": "pass"}
    assert verdicts("network.namespaces_have_policy", [SHOP, *CALICO], enforced=False) == {"shop": "fail"}


def _service(kind: str | None = None, addresses: tuple[dict, ...] = (), **spec: object) -> dict:
    return {"kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
            "spec": ({"type": kind} if kind else {}) | spec, "status": {"loadBalancer": {"ingress": list(addresses)}}}


@pytest.mark.parametrize(("service", "ports", "ips"), [
    (_service(), "pass", "pass"),
    (_service("ClusterIP"), "pass", "pass"),
    (_service("ExternalName"), "pass", "pass"),
    (_service("NodePort"), "fail", "pass"),
    (_service("LoadBalancer", ports=[{"port": 80, "nodePort": 30080}]), "fail", "pass"),
    (_service("LoadBalancer", ports=[{"port": 80}], allocateLoadBalancerNodePorts=False), "pass", "pass"),
    (_service("ClusterIP", externalIPs=["1.2.3.4"]), "pass", "fail"),
    (_service("LoadBalancer", externalIPs=["1.2.3.4"]), "pass", "fail"),
    (_service("NodePort", externalIPs=["1.2.3.4", "fd00::1"]), "fail", "fail"),
])
def test_doors_of_services(service, ports, ips):
    assert verdicts("network.no_node_ports", [service]) == {"web": ports}
    assert verdicts("network.no_external_ips", [service]) == {"web": ips}


@pytest.mark.parametrize(("ranges", "addresses", "verdict"), [
    (["203.0.113.0/24"], (), "pass"),
    (["10.0.0.0/8", "2001:db8::/32"], ({"ip": "198.51.100.4"},), "pass"),
    ([], ({"ip": "10.0.0.4"},), "unknown"),
    ([], ({"ip": "fd12::4"}, {"ip": "172.16.0.4"}), "unknown"),
    (["0.0.0.0/0"], ({"ip": "10.0.0.4"},), "unknown"),
    ([], (), "fail"),
    ([], ({"hostname": "lb.example"},), "fail"),
    ([], ({"ip": "10.0.0.4"}, {"ip": "198.51.100.4"}), "fail"),
    ([], ({"ip": "172.32.0.4"},), "fail"),
    (["203.0.113.0/24", "0.0.0.0/0"], (), "fail"),
    (["0.0.0.0/1", "128.0.0.0/1"], (), "fail"),
    (["::/0"], (), "fail"),
    (["everywhere"], (), "fail"),
    ([""], (), "fail"),
    (["203.0.113.0/24", ""], (), "fail"),
])
def test_load_balancers_need_address_ranges(ranges, addresses, verdict):
    service = _service("LoadBalancer", addresses, loadBalancerSourceRanges=ranges)
    assert verdicts("network.load_balancers_restricted", [service]) == {"web": verdict}


def test_other_services_are_no_load_balancers():
    assert verdicts("network.load_balancers_restricted", [_service("NodePort")]) == {"web": "not_applicable"}


AWS, AZURE = "service.beta.kubernetes.io/aws-load-balancer-", "service.beta.kubernetes.io/azure-"
RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
NAME, INSIDE, OUT = {"hostname": "k8s-a-0a1b2c3d4e.elb.eu-central-1.amazonaws.com"}, {"ip": "10.2.3.4"}, {"ip": "20.30.40.50"}


def _balancer(annotations: dict, *addresses: dict, **spec: object) -> dict:
    service = _service("LoadBalancer", addresses, **spec)
    service["metadata"]["annotations"] = annotations
    return service


@pytest.mark.parametrize(("annotation", "value", "verdict"), [
    (f"{AWS}scheme", "internal", "unknown"), (f"{AWS}scheme", "Internal", "fail"),
    (f"{AWS}scheme", "internet-facing", "fail"), (f"{AWS}internal", "true", "unknown"),
    (f"{AWS}internal", "0.0.0.0/0", "unknown"), (f"{AWS}internal", "false", "fail"), (f"{AWS}internal", "", "fail"),
    (f"{AWS}type", "external", "unknown"), (f"{AWS}type", "nlb-ip", "unknown"), (f"{AWS}type", "nlb", "fail"),
    (f"{AZURE}load-balancer-internal", "true", "unknown"), (f"{AZURE}load-balancer-internal", "True", "fail"),
    ("networking.gke.io/load-balancer-type", "Internal", "unknown"),
    ("cloud.google.com/load-balancer-type", "internal", "unknown"),
    ("networking.gke.io/load-balancer-type", "External", "fail"),
    ("networking.gke.io/load-balancer-type", "INTERNAL", "fail"),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", "true", "unknown"),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", "True", "fail"),
    ("service.beta.kubernetes.io/do-loadbalancer-network", "INTERNAL", "unknown"),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", "intranet", "unknown"),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", "internet", "fail"),
    ("service.beta.kubernetes.io/alicloud-loadbalancer-address-type", "intranet", "unknown"),
    ("service.beta.kubernetes.io/volcengine-loadbalancer-address-type", "PRIVATE", "unknown"),
    ("service.beta.kubernetes.io/volcengine-loadbalancer-address-type", "PUBLIC", "fail"),
    ("kubernetes.io/elb.autocreate", '{"name": "x", "type": "inner"}', "unknown"),
    ("kubernetes.io/elb.autocreate", '{"type":"public","name":"inner"}', "fail"),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", "private", "unknown"),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", "true", "unknown"),
    ("oci-network-load-balancer.oraclecloud.com/internal", "true", "unknown"),
    ("load-balancer.hetzner.cloud/disable-public-network", "true", "unknown"),
    ("load-balancer.hetzner.cloud/use-private-ip", "true", "fail"),  # of its targets, not of itself
    ("metallb.io/loadBalancerIPs", "192.168.1.5", "unknown"), ("metallb.io/loadBalancerIPs", "20.1.1.1", "fail"),
    ("kube-vip.io/loadbalancerIPs", "192.168.1.5,20.1.1.1", "fail"),
    ("lbipam.cilium.io/ips", "100.70.1.1", "unknown"),
    (RANGES, "203.0.113.0/24, 198.51.100.7/32", "unknown"), (RANGES, "203.0.113.0/24,0.0.0.0/0", "fail"),
    (RANGES, "", "fail"), (RANGES, "office", "fail"),
    (f"{AZURE}allowed-ip-ranges", "203.0.113.0/24", "unknown"), (f"{AZURE}allowed-service-tags", "Storage", "unknown"),
    (f"{AWS}security-groups", "sg-1", "unknown"),
    (f"{AWS}extra-security-groups", "sg-1", "fail"),  # beside the one that lets all in
])
def test_what_a_cloud_decides_by_annotation_is_not_known(annotation, value, verdict):
    for addresses in ((), (NAME,)):
        service = _balancer({annotation: value}, *addresses)
        assert verdicts("network.load_balancers_restricted", [service]) == {"web": verdict}


@pytest.mark.parametrize(("annotations", "addresses", "spec", "verdict"), [
    ({f"{AWS}scheme": "internal"}, (OUT,), {}, "fail"),  # the address is seen, and public
    ({f"{AZURE}load-balancer-internal": "true"}, (INSIDE,), {}, "pass"),
    ({"networking.gke.io/load-balancer-type": "Internal"}, ({"ip": "100.64.3.9"},), {}, "pass"),
    ({RANGES: "203.0.113.0/24"}, (OUT,), {}, "unknown"),
    ({RANGES: "0.0.0.0/0"}, (NAME,), {"loadBalancerSourceRanges": ["203.0.113.0/24"]}, "pass"),  # the field goes first
    ({RANGES: "203.0.113.0/24"}, (NAME,), {"loadBalancerSourceRanges": ["0.0.0.0/0"]}, "fail"),
    ({f"{AZURE}allowed-ip-ranges": "0.0.0.0/0"}, (OUT,), {"loadBalancerSourceRanges": ["203.0.113.0/24"]}, "fail"),
    ({f"{AWS}security-groups": "sg-1"}, (NAME,), {"loadBalancerSourceRanges": ["203.0.113.0/24"]}, "unknown"),
    ({}, (NAME,), {"loadBalancerClass": "service.k8s.aws/nlb"}, "unknown"),
    ({f"{AWS}scheme": "internet-facing"}, (NAME,), {"loadBalancerClass": "service.k8s.aws/nlb"}, "fail"),
    ({}, (), {"loadBalancerClass": "acme.example/lb"}, "unknown"),
    ({}, (OUT,), {"loadBalancerClass": "acme.example/lb"}, "fail"),
    ({}, (), {"loadBalancerClass": "networking.gke.io/l4-regional-external"}, "fail"),
    ({}, ({"hostname": "internal-a1b2-123.eu-central-1.elb.amazonaws.com"},), {}, "pass"),
    ({}, ({"hostname": "a1b2-123.eu-central-1.elb.amazonaws.com"},), {}, "fail"),
    ({}, ({"hostname": "internal-a.elb.amazonaws.com.evil.example"},), {}, "fail"),
    ({}, (INSIDE, NAME), {}, "fail"),
    # A private address may be that of a node, or one that a router sends on to.
    ({}, (INSIDE,), {}, "unknown"), ({"metallb.io/loadBalancerIPs": "10.2.3.4"}, (INSIDE,), {}, "unknown"),
    ({}, (INSIDE,), {"loadBalancerClass": "acme.example/lb"}, "unknown"),
    ({}, (INSIDE,), {"loadBalancerClass": "networking.gke.io/l4-regional-internal"}, "pass"),
    ({}, (OUT,), {"loadBalancerClass": "networking.gke.io/l4-regional-internal"}, "fail"),
    ({}, (INSIDE,), {"loadBalancerClass": "networking.gke.io/l4-regional-external"}, "unknown"),
    ({f"{AWS}scheme": "internet-facing"}, (INSIDE,), {"loadBalancerClass": "service.k8s.aws/nlb"}, "unknown"),
    # Nobody reads an annotation of a provider that does not act.
    ({f"{AZURE}load-balancer-internal": "true"}, (INSIDE,), {"loadBalancerClass": "acme.example/lb"}, "unknown"),
    ({f"{AZURE}load-balancer-internal": "true", "metallb.io/loadBalancerIPs": "10.2.3.4"}, (INSIDE,), {}, "unknown"),
    ({f"{AZURE}load-balancer-internal": "true", f"{AWS}scheme": "internet-facing"}, (INSIDE,), {}, "unknown"),
    ({f"{AZURE}load-balancer-internal": "true"}, ({"ip": "10.9.9.9"},), {}, "unknown"),  # that of the node
])
def test_which_load_balancers_are_restricted(annotations, addresses, spec, verdict):
    service = _balancer(annotations, *addresses, **spec)
    cloud = "gce://p/z/n1" if any("gke" in key for key in annotations) else "azure:///subscriptions/n1"
    one = node("n1") | {"spec": {"providerID": cloud},
                        "status": {"addresses": [{"type": "InternalIP", "address": "10.9.9.9"}]}}
    assert verdicts("network.load_balancers_restricted", [one, service]) == {"web": verdict}


@pytest.mark.parametrize(("annotation", "machine", "verdict"), [
    (f"{AZURE}load-balancer-internal", "azure:///subscriptions/n1", "pass"),
    (f"{AZURE}load-balancer-internal", None, "unknown"),  # bare metal: nobody reads it
    (f"{AZURE}load-balancer-internal", "", "unknown"),
    (f"{AZURE}load-balancer-internal", "kind://docker/kind/n1", "unknown"),
    (f"{AZURE}load-balancer-internal", "aws:///eu-central-1a/i-1", "unknown"),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", "ocid1.instance.oc1..x", "pass"),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", "k3s://n1", "unknown"),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", "gce://p/z/n1", "unknown"),
])
def test_an_annotation_counts_only_where_a_node_is_a_machine_of_its_cloud(annotation, machine, verdict):
    one = node("n1") | {"spec": {} if machine is None else {"providerID": machine}}
    service = _balancer({annotation: "true"}, INSIDE)
    assert verdicts("network.load_balancers_restricted", [one, service]) == {"web": verdict}
    assert verdicts("network.load_balancers_restricted", [service]) == {"web": "pass"}  # no node is seen at all


def test_names_of_security_groups_are_not_kept():
    rows = frames([_balancer({f"{AWS}security-groups": "sg-1", "note": "secret", RANGES: "10.0.0.0/8"})])
    kept = rows["service_load_balancer_annotations"]
    assert dict(zip(kept["key"], kept["value"], strict=True)) == {f"{AWS}security-groups": "", RANGES: "10.0.0.0/8"}


TLS = ["a.dev.example"]
TO_SERVICE, TO_RESOURCE = {"service": {"name": "a", "port": {"number": 80}}}, {"resource": {"kind": "Bucket", "name": "b"}}


def _rule(host: str | None, backend: dict | None = TO_SERVICE) -> dict:
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return ({"host": host} if host is not None else {}) | ({"http": {"paths": paths}} if backend else {})


@pytest.mark.parametrize(("tls", "rules", "more", "verdict"), [
    (TLS, [_rule("a.dev.example")], {}, "pass"), (TLS, [_rule("a.dev.example", TO_RESOURCE)], {}, "pass"),
    (TLS, [_rule("a.dev.example"), _rule("b.dev.example", TO_RESOURCE)], {}, "fail"),
    (TLS, [_rule("a.dev.example"), _rule("b.dev.example", None)], {}, "fail"),
    (TLS, [_rule("a.dev.example", None)], {}, "pass"), (TLS, [_rule("a.dev.example"), _rule(None)], {}, "fail"),
    (TLS, [_rule("a.dev.example"), _rule("", None)], {}, "fail"),
    (TLS, [_rule("a.dev.example")], {"defaultBackend": TO_SERVICE}, "fail"),
    (TLS, [_rule("a.dev.example")], {"defaultBackend": TO_RESOURCE}, "fail"),
    (None, [_rule("b.dev.example", None), _rule(None)], {"defaultBackend": TO_RESOURCE}, "pass"),  # an entry for all
    (["*.dev.example"], [_rule("*.dev.example"), _rule("a.dev.example", None)], {}, "pass"),
    (["*.dev.example"], [_rule("a.b.dev.example", None)], {}, "fail"), (["*.dev.example"], [_rule("dev.example")], {}, "fail"),
    (TLS, [_rule("*.dev.example")], {}, "fail"), (["*.example"], [_rule("*.dev.example")], {}, "fail"),
])
def test_hosts_of_an_ingress_are_those_of_its_rules(tls, rules, more, verdict):
    entry = {"secretName": "s"} | ({"hosts": tls} if tls else {})
    ingress = {"kind": "Ingress", "metadata": {"name": "in", "namespace": "shop"},
               "spec": {"tls": [entry], "rules": rules} | more}
    assert verdicts("network.ingress_uses_tls", [ingress]) == {"in": verdict}
