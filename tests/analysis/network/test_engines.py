"""Other engines that decide: what they may decide is not known, and never "none"."""

import json

import pytest
from network_worlds import CALICO, derive, namespace, policy
from worlds import frames

import auditkit
from auditkit import tables
from auditkit.analysis.network.reachability import TABLES, reachable
from auditkit.collectors import engines
from auditkit.collectors.discovery import Served
from auditkit.collectors.listing import now
from auditkit.collectors.sources.model import Answer
from auditkit.snapshots.ledger import Entry
from auditkit.tables.engines import ENGINES, RESOURCES, decider

DENY = policy("deny", policyTypes=["Ingress", "Egress"])
SHOP = [namespace("shop"), namespace("bank"), *CALICO]
CHECKS = ("namespaces_have_policy", "default_deny_ingress", "default_deny_egress")


def with_engines(objects: list[dict], *kinds: dict) -> dict:
    """The tables of objects, with these kinds of other engines as the collector finds them."""
    import msgspec
    import pandas as pd
    import pyarrow as pa

    from auditkit.collectors.decode.objects import decode

    page = decode(msgspec.json.encode({"items": list(kinds)}), "engines")
    found = {name: pa.Table.from_batches(page.batches.get(name, []), schema=tables.TABLES[name].schema)
             for name in ("engine_kinds", "engine_objects")}
    return frames(objects) | {name: table.to_pandas(types_mapper=pd.ArrowDtype) for name, table in found.items()}


def kind(group: str, plural: str, kind: str, *names: tuple, listed: bool = True) -> dict:
    objects = [{"namespace": space, "name": name} for space, name in names]
    return engines._row(group, plural, kind) | {"listed": listed, "objects": objects}


def judged(tables: dict, name: str) -> dict:
    from auditkit.checks import find

    check = find(name)
    frames_ = [derive(tables, table) for table in check.tables]
    found = check(*frames_)
    words = {True: "pass", False: "fail"}
    return {called: words.get(ok, "unknown") if applies is not False else "not_applicable"
            for called, ok, applies in zip(frames_[0]["name"].fillna("?"), found.ok,
                                           found.ok.notna() | True if found.applies is None else found.applies, strict=True)}


OVN = ("k8s.ovn.org", "egressfirewalls", "EgressFirewall")
WIDE = ("crd.antrea.io", "clusternetworkpolicies", "ClusterNetworkPolicy")
ISTIO = ("networking.istio.io", "sidecars", "Sidecar")
DOOR = ("configuration.konghq.com", "tcpingresses", "TCPIngress")


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(("kinds", "bank", "shop"), [
    ([], "fail", "pass"),
    ([kind(*OVN)], "fail", "pass"),
    ([kind(*OVN, ("bank", "x"))], "unknown", "pass"),
    ([kind(*OVN, listed=False)], "unknown", "unknown"),
    ([kind(*WIDE, (None, "x"))], "unknown", "unknown"),
    ([kind(*ISTIO, ("istio-system", "x"))], "unknown", "unknown"),
    ([kind("mesh.example", "meshnetworkpolicies", "MeshNetworkPolicy", ("mesh", "x"))], "unknown", "unknown"),
    ([kind(*DOOR, ("shop", "x"))], "fail", "pass"),
])
def test_what_another_engine_may_deny_or_open_is_not_known(name, kinds, bank, shop):
    found = judged(with_engines([*SHOP, DENY], *kinds), f"network.{name}")
    if name == "namespaces_have_policy":  # there is one, and it is enforced
        shop = "pass"
    assert found == {"shop": shop, "bank": bank}


def pod(name: str, space: str) -> dict:
    return {"kind": "Pod", "metadata": {"name": name, "namespace": space}, "spec": {"containers": [{"name": "c"}]},
            "status": {"phase": "Running", "podIP": f"10.0.0.{len(name)}"}}


PODS = [*SHOP, pod("a", "shop"), pod("bb", "bank"), pod("ccc", "bank")]


def test_flows_from_and_to_the_pods_of_an_engine_are_not_known():
    tables = with_engines(PODS, kind(*OVN, ("shop", "x")))
    ends = {"a": ("shop", "a"), "b": ("bank", "bb"), "c": ("bank", "ccc")}
    say = lambda one, two: reachable({name: tables[name] for name in TABLES}, ends[one], ends[two], 80)
    assert (say("a", "b"), say("b", "a"), say("b", "c")) == (None, None, True)
    assert derive(tables, "flows")["allowed"].isna().any()
    alone = derive(with_engines(PODS), "flows")
    assert alone["allowed"].all() and alone["allowed"].notna().all()


def test_a_denial_by_a_network_policy_may_be_opened_by_another_engine():
    tables = with_engines([*PODS, DENY], kind(*WIDE, (None, "x")))
    assert reachable(tables, ("bank", "bb"), ("shop", "a"), 80) is None
    groups, flows = derive(tables, "network_groups"), derive(tables, "flows")
    outside = groups.loc[groups["kind"] == "External", "group"]
    inside = ~(flows["source"].isin(outside) & flows["destination"].isin(outside))
    assert flows["allowed"][inside].isna().all() and inside.any()
    isolation = derive(tables, "isolation").set_index("name")["ingress_isolated"].astype(object).fillna("?")
    assert isolation.to_dict() == {"a": True, "bb": "?", "ccc": "?", "agent-n1": "?"}


@pytest.mark.parametrize(("kinds", "verdict"), [
    ([], {}), ([kind(*DOOR)], {}), ([kind(*DOOR, ("shop", "x"))], {"x": "unknown"}),
    ([kind(*DOOR, listed=False)], {"?": "unknown"}), ([kind(*WIDE, (None, "x"))], {}),
])
def test_entrances_of_other_engines_are_entrances(kinds, verdict):
    tables = with_engines(PODS, *kinds)
    assert judged(tables, "network.ingress_uses_tls") == verdict
    exposure = derive(tables, "exposure")
    assert exposure["path"].tolist() == ["TCPIngress"] * len(verdict)
    assert exposure[["allowed", "reached", "public"]].isna().all(axis=None)


def test_an_ingress_is_judged_beside_them():
    ingress = {"kind": "Ingress", "metadata": {"name": "i", "namespace": "shop"}, "spec": {
        "tls": [{"hosts": ["a.example"]}], "rules": [{"host": "a.example", "http": {"paths": [{"path": "/"}]}}]}}
    found = judged(with_engines([*PODS, ingress], kind(*DOOR, ("shop", "x"))), "network.ingress_uses_tls")
    assert found == {"i": "pass", "x": "unknown"}


# --- what is an engine ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("group", "plural", "kind", "traffic", "entrances"), [
    ("k8s.ovn.org", "egressfirewalls", "EgressFirewall", True, False),
    ("configuration.konghq.com", "tcpingresses", "TCPIngress", False, True),
    ("mesh.example", "firewallnetworkpolicies", "FirewallNetworkPolicy", True, False),
    ("mesh.example", "edgegateways", "EdgeGateway", False, True),
])
def test_engines_are_known_by_group_and_kind_and_others_by_what_they_are_called(group, plural, kind, traffic, entrances):
    assert decider(group, plural, kind)[1:3] == (traffic, entrances)


@pytest.mark.parametrize(("group", "plural", "kind"), [
    ("networking.k8s.io", "networkpolicies", "NetworkPolicy"), ("networking.k8s.io", "ingresses", "Ingress"),
    ("policy.networking.k8s.io", "clusternetworkpolicies", "ClusterNetworkPolicy"),
    ("config.openshift.io", "ingresses", "Ingress"), ("controlplane.antrea.io", "networkpolicies", "NetworkPolicy"),
    ("ec2.aws.upbound.io", "routes", "Route"), ("cilium.io", "ciliumendpoints", "CiliumEndpoint"),
    ("cilium.io", "ciliumnetworkpolicies", "CiliumNetworkPolicy"),
    ("cert-manager.io", "certificates", "Certificate"), ("gateway.networking.k8s.io", "gatewayclasses", "GatewayClass"),
    ("gateway.networking.k8s.io", "httproutes", "HTTPRoute"), ("gateway.networking.k8s.io", "gateways", "Gateway"),
])
def test_what_is_read_or_decides_nothing_is_no_engine(group, plural, kind):
    assert decider(group, plural, kind) is None


@pytest.mark.parametrize(("versions", "read"), [(["v1"], True), (["v2", "v1beta1"], True), (["v2", "v3"], False)])
def test_a_kind_that_is_served_in_no_version_that_is_read_is_known_by_name_alone(versions, read):
    rows = [{"group": "gateway.networking.k8s.io", "version": version, "resource": "httproutes", "kind": "HTTPRoute",
             "namespaced": True, "verbs": ["list"]} for version in versions]
    found = engines.served(Server(200, ["a"]), Served(rows, [], []), 500)
    assert [(one.row["kind"], one.row["traffic"], one.row["entrances"]) for one in found] == [
        ("HTTPRoute", False, True)][:not read]


def test_engines_are_declared_once():
    declared = [(engine.group, plural) for engine in ENGINES for plural in engine.kinds]
    assert len(declared) == len(set(declared)) == len(RESOURCES)


# --- collecting ----------------------------------------------------------------------------------------------------------


def crd(group: str, plural: str, kind: str) -> dict:
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"}, "spec": {
                "group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural}}}


def collected(tmp_path, *lists: tuple, whole: bool = False) -> auditkit.Snapshot:
    """A snapshot of lists in files: (kind, apiVersion, objects). They are ``whole`` if they are a server's answers for
    every kind that is built in; otherwise nothing shows that they are over all namespaces and without a selector."""
    given = {kind_ for kind_, _, _ in lists}
    others = [(one.kind, f"{one.group}/{one.versions[0]}" if one.group else one.versions[0], [])
              for one in tables.RESOURCES.values() if one.builtin and one.kind not in given]
    for number, (kind_, api, items) in enumerate([*lists, *(others if whole else [])]):
        (tmp_path / f"{number}.json").write_text(json.dumps(
            {"kind": f"{kind_}List", "apiVersion": api, "metadata": {"resourceVersion": "7"} if whole else {},
             "items": items}))
    return auditkit.collect(recording=tmp_path)


CRDS = "CustomResourceDefinition", "apiextensions.k8s.io/v1"
SERVICES = "APIService", "apiregistration.k8s.io/v1", [
    {"metadata": {"name": "v1.apps"}, "spec": {"group": "apps", "version": "v1"}}]
NAMESPACES = "Namespace", "v1", [{"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "shop"}}]
CLOSED = {"kind": "EgressFirewall", "apiVersion": "k8s.ovn.org/v1", "metadata": {"name": "x", "namespace": "shop"}}


def test_files_show_that_there_is_no_engine_where_nothing_of_it_is_installed(tmp_path):
    snap = collected(tmp_path, NAMESPACES, (*CRDS, []), SERVICES, whole=True)
    assert snap.gaps("other_engines") == [] and snap.other_engines.empty


def test_files_that_do_not_show_what_is_installed_leave_it_open(tmp_path):
    snap = collected(tmp_path, NAMESPACES)
    [gap] = snap.gaps("other_engines")
    assert "unknown which engines are installed" in gap and "customresourcedefinitions" in gap and "apiservices" in gap


@pytest.mark.parametrize(("given", "words", "gap"), [
    ([("EgressFirewall", "k8s.ovn.org/v1", [CLOSED])], ["EgressFirewall shop/x of OVN-Kubernetes"], False),
    ([("EgressFirewall", "k8s.ovn.org/v1", [])], [], False),
    ([], ["any EgressFirewall of OVN-Kubernetes (they could not be counted)"], True),
])
def test_an_installed_kind_is_none_only_where_its_list_is_empty(tmp_path, given, words, gap):
    snap = collected(tmp_path, NAMESPACES, (*CRDS, [crd(*OVN)]), SERVICES, *given, whole=True)
    assert snap.other_engines["words"].tolist() == words
    assert bool(snap.gaps("other_engines")) is gap


def test_a_list_of_a_file_that_may_be_of_some_namespaces_counts_nothing(tmp_path):
    snap = collected(tmp_path, NAMESPACES, (*CRDS, [crd(*OVN)]), SERVICES, ("EgressFirewall", "k8s.ovn.org/v1", []))
    assert snap.other_engines["words"].tolist() == ["any EgressFirewall of OVN-Kubernetes (they could not be counted)"]
    assert snap.gaps("other_engines")


class Server:
    """A source that answers one list, in the form that was asked for."""

    name = described = "x"
    proves_absence = True
    assembles = False
    pages = 10

    def __init__(self, status: int, names: list[str]):
        self._status, self._names, self.asked = status, names, []

    def get(self, path: str, accept: str = "") -> Answer:
        self.asked.append((path, accept))
        rows = [{"cells": [name], "object": {"metadata": {"name": name, "namespace": "portal"}}} for name in self._names]
        return Answer(self._status, json.dumps({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "7"}, "rows": rows}).encode())


@pytest.mark.parametrize(("status", "names", "listed"), [(200, ["a", "b"], True), (200, [], True), (403, [], False)])
def test_a_server_is_asked_for_names_alone(status, names, listed):
    rows = [{"group": "configuration.konghq.com", "version": "v1", "resource": "tcpingresses", "kind": "TCPIngress", "namespaced": True,
             "verbs": ["list"]}]
    server, discovery = Server(status, names), Served(rows, [], [])
    found = engines.served(server, discovery, 500)
    for one in found:
        one.listing.read()
    kinds, doubt = engines.rows(found, discovery, {}, {})
    [(path, accept)] = server.asked
    assert path == "/apis/configuration.konghq.com/v1/tcpingresses?limit=500&includeObject=Metadata" and "as=Table" in accept
    assert ([row["listed"] for row in kinds], bool(doubt)) == ([listed], not listed)
    assert [one["name"] for row in kinds for one in row["objects"]] == names


def test_a_group_whose_discovery_failed_may_be_an_engine_s():
    assert "configuration.konghq.com" in engines.rows([], Served([], ["configuration.konghq.com"], []), {}, {})[1]
    assert engines.rows([], Served([], ["metrics.k8s.io"], []), {}, {})[1] == ""


def test_an_object_in_a_file_without_a_namespace_is_for_the_whole_cluster(tmp_path):
    wide = {"kind": "TrafficPermission", "apiVersion": "kuma.io/v1alpha1", "metadata": {"name": "x"}}
    snap = collected(tmp_path, NAMESPACES, ("TrafficPermission", "kuma.io/v1alpha1", [wide]), whole=True)
    assert snap.other_engines["words"].tolist() == ["TrafficPermission x of Kuma"]
    assert snap.other_engines["namespace"].isna().tolist() == [True]


def test_a_server_that_does_not_say_what_it_serves_is_not_asked_for_each_kind():
    import pyarrow as pa

    server, whole = Server(404, []), Entry(resource="x", outcome="complete", started=now(), ended=now())
    assert engines.served(server, None, 500) == [] and not server.asked
    api = pa.RecordBatch.from_pylist([{"group": "contour.heptio.com", "service": "api"}])
    entries = {engines.CRDS: whole, engines.API_SERVICES: whole}
    kinds, doubt = engines.rows([], None, entries, {"api_services": [api]})
    assert [row["kind"] for row in kinds] == ["IngressRoute"] and "ingressroutes.contour.heptio.com" in doubt
    assert engines.rows([], None, entries, {}) == ([], "")


def test_objects_of_engines_in_files_may_be_in_a_namespace_or_in_none(tmp_path):
    spaced = {"metadata": {"name": "x", "namespace": "shop"}}
    snapshot = collected(tmp_path, ("EgressFirewall", "k8s.ovn.org/v1", [spaced]),
                         ("Namespace", "v1", [{"metadata": {"name": "shop"}}]),
                         ("ClusterNetworkPolicy", "crd.antrea.io/v1beta1", [{"metadata": {"name": "g"}}]))
    found = snapshot.frame("engine_objects")
    assert set(zip(found["name"], found["namespace"].fillna("-"), strict=True)) == {("x", "shop"), ("g", "-")}
    assert not any("its kind never is" in str(reason) for reason in snapshot.frame("engine_kinds")["reason"])


GATEWAYS = "Gateway", "gateway.networking.k8s.io/v1"
GATEWAY_GROUP = "APIService", "apiregistration.k8s.io/v1", [
    *SERVICES[2], {"metadata": {"name": "v1.gateway"}, "spec": {"group": "gateway.networking.k8s.io", "version": "v1"}}]
AGGREGATED = "APIService", "apiregistration.k8s.io/v1", [
    {"metadata": {"name": "v1.gateway"}, "spec": {"group": "gateway.networking.k8s.io", "version": "v1", "service": {
        "name": "elsewhere", "namespace": "x"}}}]
TCP = crd("gateway.networking.k8s.io", "tcproutes", "TCPRoute")


@pytest.mark.parametrize(("lists", "absent"), [
    ([(*CRDS, []), SERVICES], True),
    ([(*CRDS, [TCP]), GATEWAY_GROUP], True),
    ([(*CRDS, []), GATEWAY_GROUP], False),
    ([(*CRDS, [TCP]), AGGREGATED], False),
    ([(*CRDS, [TCP, crd("gateway.networking.k8s.io", "gateways", "Gateway")]), GATEWAY_GROUP], False),
])
def test_files_show_that_a_custom_resource_is_not_there_by_what_is_installed(tmp_path, lists, absent):
    snap = collected(tmp_path, NAMESPACES, *lists, whole=True)
    assert (snap.gaps("gateways") == []) is absent


def test_files_that_may_lack_definitions_show_nothing_of_custom_resources(tmp_path):
    assert collected(tmp_path, NAMESPACES, (*CRDS, []), SERVICES).gaps("gateways")
