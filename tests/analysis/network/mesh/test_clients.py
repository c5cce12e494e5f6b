"""Who may connect to pods of a mesh, as its policies name them."""

import pandas as pd
import pytest
from mesh_worlds import ambient, authorization, control, linkerd, pod, sidecar, ztunnel
from network_worlds import derive, namespace, node
from worlds import frames

CLUSTER = [node("n1"), namespace("shop"), *control(), ztunnel()]
LINKERD = [node("n1"), namespace("shop"), *control("linkerd", "linkerd")]
POLICY = "policy.linkerd.io/v1alpha1"
DENY = {"default_inbound_policy": "deny"}


def clients(*objects: dict, name: str = "web", columns: tuple[str, ...] = ("port", "kind", "clients", "extent")) -> list:
    """The rows of a pod."""
    found = derive(frames(objects), "mesh_clients")
    mine = found.loc[(found["name"] == name).to_numpy(bool), list(columns)]
    return [tuple(None if value is pd.NA else value for value in row) for row in mine.itertuples(index=False, name=None)]


def allow(*rules: dict, name: str = "rule", space: str = "shop", **more: object) -> dict:
    return authorization(name, space, action="ALLOW", rules=list(rules), **more)


def source(**fields: list[str]) -> dict:
    return {"source": fields}


# --- Istio ------------------------------------------------------------------------------------------------------------


def test_without_a_policy_anyone_connects():
    assert clients(*CLUSTER, sidecar(pod("web"))) == [(None, "anyone", None, "whole")]


def test_a_policy_without_rules_lets_in_nobody():
    assert clients(*CLUSTER, sidecar(pod("web")), authorization("none", "shop")) == [(None, "nobody", None, "whole")]
    assert clients(*CLUSTER, sidecar(pod("web")), authorization("none", "shop", action="DENY", rules=[{}])) == [
        (None, "nobody", None, "whole")]


@pytest.mark.parametrize(("fields", "kind", "said"), [
    ({"principals": ["cluster.local/ns/bank/sa/teller"]}, "identities", "principals cluster.local/ns/bank/sa/teller"),
    ({"namespaces": ["bank", "dns"], "notPrincipals": ["cluster.local/ns/bank/sa/guest"]}, "identities",
     "notPrincipals cluster.local/ns/bank/sa/guest; namespaces bank, dns"),
    ({"principals": ["*"]}, "any identity", "principals *"),
    ({"principals": ["cluster.local/*"]}, "any identity", "principals cluster.local/*"),
    ({"principals": ["c*"]}, "any identity", "principals c*"),
    ({"principals": ["cluster.local/n*"]}, "any identity", "principals cluster.local/n*"),
    ({"principals": ["cluster.local/ns/bank/*"]}, "identities", "principals cluster.local/ns/bank/*"),
    ({"principals": ["cluster.local/ns/*"]}, "any identity", "principals cluster.local/ns/*"),
    ({"principals": ["*"], "namespaces": ["bank"]}, "identities", "principals *; namespaces bank"),
    ({"namespaces": ["*"]}, "any identity", "namespaces *"),
    ({"notNamespaces": ["bank"]}, "anyone", "notNamespaces bank"),
    ({"ipBlocks": ["10.0.0.0/16", "10.1.2.3"]}, "addresses", "ipBlocks 10.0.0.0/16, 10.1.2.3"),
    ({"ipBlocks": ["0.0.0.0/1", "128.0.0.0/1"]}, "anyone", "ipBlocks 0.0.0.0/1, 128.0.0.0/1"),
    ({"principals": ["*"], "ipBlocks": ["10.0.0.0/16"]}, "addresses", "principals *; ipBlocks 10.0.0.0/16"),
    ({"notIpBlocks": ["10.0.0.0/16"]}, "anyone", "notIpBlocks 10.0.0.0/16"),
    ({}, "anyone", None),
])
def test_a_source_names_identities_addresses_or_nobody_in_particular(fields, kind, said):
    found = clients(*CLUSTER, sidecar(pod("web")), allow({"from": [source(**fields)]}))
    assert [(row[1], row[3]) for row in found] == [(kind, "whole")]
    assert sorted((found[0][2] or "").split("; ")) == sorted((said or "").split("; "))


def test_each_rule_source_and_port_is_a_row():
    rules = {"from": [source(namespaces=["bank"]), source(ipBlocks=["10.0.0.0/16"])],
             "to": [{"operation": {"ports": ["8080", "9090"]}}]}
    assert clients(*CLUSTER, sidecar(pod("web")), allow(rules, {"from": [source(namespaces=["dns"])]})) == [
        (8080, "addresses", "ipBlocks 10.0.0.0/16", "whole"), (8080, "identities", "namespaces bank", "whole"),
        (9090, "addresses", "ipBlocks 10.0.0.0/16", "whole"), (9090, "identities", "namespaces bank", "whole"),
        (None, "identities", "namespaces dns", "whole")]


def test_what_is_asked_for_at_layer_7_makes_a_rule_a_part_and_says_which():
    rule = {"from": [source(namespaces=["bank"], requestPrincipals=["*"])],
            "to": [{"operation": {"methods": ["GET"], "ports": ["8080"]}}], "when": [{"key": "x", "values": ["y"]}]}
    assert clients(*CLUSTER, sidecar(pod("web")), allow(rule), columns=("port", "kind", "extent", "why")) == [
        (8080, "identities", "partly", "it asks for methods, requestPrincipals, when besides, which are not read")]


def test_what_is_not_understood_in_a_rule_is_not_known():
    def said(rule: dict) -> list:
        return clients(*CLUSTER, sidecar(pod("web")), allow(rule), columns=("kind", "extent", "why"))

    assert said({"from": [source(strangers=["x"])]}) == [
        (None, None, "it asks for strangers besides, which is not understood")]
    assert said({"from": [source(ipBlocks=["10.0.0.0/99"])]}) == [(None, None, "an address range is not understood")]
    assert said({"to": [{"operation": {"ports": ["http"]}}]}) == [(None, None, "a port is not understood")]


def test_a_policy_that_denies_is_named_and_may_leave_only_some():
    some = authorization("guests", "shop", action="DENY", rules=[{"from": [source(namespaces=["guests"])]}])
    but = authorization("most", "shop", action="DENY", rules=[{"from": [source(notNamespaces=["bank"])]}])
    asked = authorization("ask", "shop", action="CUSTOM", provider={"name": "x"}, rules=[{}])
    for policy, extent in ((some, "whole"), (but, "partly"), (asked, "partly")):
        assert clients(*CLUSTER, sidecar(pod("web")), policy, columns=("kind", "extent", "denied_by")) == [
            ("anyone", extent, f"AuthorizationPolicy shop/{policy['metadata']['name']}")]


def test_a_policy_is_for_the_pods_that_it_selects():
    policy = allow({"from": [source(namespaces=["bank"])]}, selector={"matchLabels": {"app": "db"}})
    objects = [*CLUSTER, sidecar(pod("web")), sidecar(pod("db")), policy]
    assert [row[1] for row in clients(*objects)] == ["anyone"]
    assert [row[1] for row in clients(*objects, name="db")] == ["identities"]


def test_dry_runs_and_audits_decide_nothing():
    dry = allow({"from": [source(namespaces=["bank"])]})
    dry["metadata"]["annotations"] = {"istio.io/dry-run": "true"}
    audit = authorization("audit", "shop", action="AUDIT", rules=[{}])
    assert clients(*CLUSTER, sidecar(pod("web")), dry, audit) == [(None, "anyone", None, "whole")]


def test_a_policy_in_the_root_namespace_is_for_all_pods_if_it_is_the_root_namespace():
    columns = ("kind", "decided_by", "assumes_root")
    mesh = authorization("none", "istio-system", selector={"matchLabels": {"app": "web"}})
    assert clients(*CLUSTER, sidecar(pod("web")), mesh, columns=columns) == [
        ("nobody", "AuthorizationPolicy istio-system/none", True)]
    assert clients(*CLUSTER, sidecar(pod("db")), mesh, name="db", columns=columns) == [("anyone", None, True)]
    other = authorization("none", "elsewhere")
    assert clients(*CLUSTER, sidecar(pod("web")), other, columns=columns) == [("anyone", None, True)]


def test_a_rule_for_all_in_another_namespace_leaves_what_is_closed_to_the_root_namespace():
    own = allow({"from": [source(namespaces=["bank"])]})
    wide = allow({}, name="all", space="elsewhere")
    columns = ("kind", "assumes_root")
    assert clients(*CLUSTER, sidecar(pod("web")), own, columns=columns) == [("identities", False)]
    assert clients(*CLUSTER, sidecar(pod("web")), own, wide, columns=columns) == [("identities", True)]


@pytest.mark.parametrize(("objects", "why"), [
    ([sidecar(pod("web"), ready=False)], "its proxy is not seen to be ready"),
    ([sidecar(pod("web")), {"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter",
                            "metadata": {"name": "f", "namespace": "shop"}}], "the EnvoyFilter shop/f may change the proxy"),
    ([sidecar(pod("web")), authorization("new", "shop", action="PERMIT")], "AuthorizationPolicy shop/new is not understood"),
    ([ambient(pod("web")), authorization("way", "shop", targetRefs=[{"kind": "Service", "name": "web"}])],
     "AuthorizationPolicy shop/way is for a Gateway or service"),
    ([sidecar(pod("web")), *control(space="other"), authorization("none", "bank")],
     "the root namespace of the mesh is not known"),
])
def test_where_it_is_not_known_what_a_proxy_does_nobody_is_said_to_be_let_in(objects, why):
    found = clients(*CLUSTER, *objects, columns=("kind", "extent", "why"))
    assert {row[:2] for row in found} == {(None, None)} and any(why in row[2] for row in found)


def test_a_policy_for_a_gateway_leaves_sidecars_as_they_are():
    policy = authorization("way", "shop", targetRefs=[{"kind": "Gateway", "name": "x"}])
    assert clients(*CLUSTER, sidecar(pod("web")), policy) == [(None, "anyone", None, "whole")]


def test_ports_that_go_around_the_proxy_take_anyone_and_what_no_mesh_carries_is_not_known():
    objects = [*CLUSTER, sidecar(pod("web", ports=(8080, (53, "UDP"))), excludeInboundPorts="8080"),
               authorization("none", "shop")]
    assert clients(*objects) == [(53, None, None, None), (8080, "anyone", None, "whole"), (None, "nobody", None, "whole")]


# --- Linkerd ----------------------------------------------------------------------------------------------------------


def server(name: str = "web", port: int | str = 8080, **spec: object) -> dict:
    return {"apiVersion": "policy.linkerd.io/v1beta3", "kind": "Server", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "port": port} | spec}


def policy(*required: dict, target: tuple[str, str] = ("Server", "web"), name: str = "p") -> dict:
    return {"apiVersion": POLICY, "kind": "AuthorizationPolicy", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"targetRef": {"group": "policy.linkerd.io", "kind": target[0], "name": target[1]},
                     "requiredAuthenticationRefs": list(required)}}


def mesh_tls(name: str = "m", **spec: object) -> dict:
    return {"apiVersion": POLICY, "kind": "MeshTLSAuthentication", "metadata": {"name": name, "namespace": "shop"},
            "spec": spec}


def networks(*some: dict, name: str = "n") -> dict:
    return {"apiVersion": POLICY, "kind": "NetworkAuthentication", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"networks": list(some)}}


def authorized(**client: object) -> dict:
    return {"apiVersion": "policy.linkerd.io/v1beta1", "kind": "ServerAuthorization",
            "metadata": {"name": "a", "namespace": "shop"}, "spec": {"server": {"name": "web"}, "client": client}}


MESH, NET = {"kind": "MeshTLSAuthentication", "name": "m"}, {"kind": "NetworkAuthentication", "name": "n"}
TELLER = "teller.bank.serviceaccount.identity.linkerd.cluster.local"


@pytest.mark.parametrize(("default", "expected"), [
    ("deny", ("nobody", None)), ("all-authenticated", ("any identity", None)),
    ("cluster-authenticated", ("any identity", "of the cluster's networks")), ("all-unauthenticated", ("anyone", None)),
    ("cluster-unauthenticated", ("anyone", "of the cluster's networks")), ("audit", ("anyone", None)),
])
def test_the_default_policy_of_a_pod_lets_in(default, expected):
    assert clients(*LINKERD, linkerd(pod("web"), default_inbound_policy=default)) == [(None, *expected, "whole")]


def test_the_default_of_the_installation_is_not_known():
    assert {row[1] for row in clients(*LINKERD, linkerd(pod("web")))} == {None}


@pytest.mark.parametrize(("objects", "kind", "said"), [
    ([], "nobody", None),
    ([policy(MESH), mesh_tls(identities=[TELLER])], "identities", f"identities {TELLER}"),
    ([policy(MESH), mesh_tls(identityRefs=[{"kind": "ServiceAccount", "name": "teller", "namespace": "bank"},
                                           {"kind": "ServiceAccount", "name": "web"}, {"kind": "Namespace", "name": "dns"}])],
     "identities", "identities ServiceAccount bank/teller, ServiceAccount shop/web, Namespace dns"),
    ([policy(MESH), mesh_tls(identities=["*"])], "any identity", "identities *"),
    ([policy(MESH), mesh_tls(identities=["*.serviceaccount.identity.linkerd.cluster.local"])], "any identity",
     "identities *.serviceaccount.identity.linkerd.cluster.local"),
    ([policy(MESH), mesh_tls(identities=["*.bank.serviceaccount.identity.linkerd.cluster.local"])], "identities",
     "identities *.bank.serviceaccount.identity.linkerd.cluster.local"),
    ([policy(NET), networks({"cidr": "10.0.0.0/16", "except": ["10.0.9.0/24"]})], "addresses",
     "networks 10.0.0.0/16, not 10.0.9.0/24"),
    ([policy(NET), networks({"cidr": "0.0.0.0/0"}, {"cidr": "::/0"})], "anyone", "networks 0.0.0.0/0, ::/0"),
    ([policy(MESH, NET), mesh_tls(identities=["*"]), networks({"cidr": "10.0.0.0/16"})], "addresses",
     "identities *; networks 10.0.0.0/16"),
    ([policy({"kind": "ServiceAccount", "name": "teller", "namespace": "bank"})], "identities",
     "identities ServiceAccount bank/teller"),
    ([policy()], "anyone", None),
    ([policy(MESH, target=("Namespace", "shop")), mesh_tls(identities=[TELLER])], "identities", f"identities {TELLER}"),
    ([authorized(meshTLS={"serviceAccounts": [{"name": "web"}, {"name": "teller", "namespace": "bank"}]})], "identities",
     "identities ServiceAccount shop/web, ServiceAccount bank/teller"),
    ([authorized(meshTLS={"identities": ["*"]})], "any identity", "identities *"),
    ([authorized(meshTLS={"unauthenticatedTLS": True})], "anyone", None),
    ([authorized(unauthenticated=True, networks=[{"cidr": "10.0.0.0/16"}])], "addresses", "networks 10.0.0.0/16"),
])
def test_a_server_lets_in_whom_its_authorizations_name(objects, kind, said):
    found = clients(*LINKERD, linkerd(pod("web"), **DENY), server(), *objects)
    assert found == [(8080, kind, said, "whole"), (None, "nobody", None, "whole")]


@pytest.mark.parametrize(("objects", "kind", "extent", "why"), [
    ([policy(MESH)], "nobody", "whole", "MeshTLSAuthentication shop/m, which it requires, is not there"),
    ([policy(MESH, MESH), mesh_tls(identities=["*"])], "nobody", "whole",
     "it requires two sets of identities, so that Linkerd ignores it"),
    ([policy({"kind": "TokenAuthentication", "name": "x"})], None, None,
     "it requires a TokenAuthentication, which is not understood"),
    ([policy(NET), networks({"cidr": "all"})], None, None, "an address range is not understood"),
    ([policy(MESH, target=("HTTPRoute", "r")), mesh_tls(identities=[TELLER])], "identities", "partly",
     "it is for HTTPRoute r, which may be for another Server, or for a part of the requests"),
])
def test_an_authorization_that_is_lacking_or_in_part_says_so(objects, kind, extent, why):
    found = clients(*LINKERD, linkerd(pod("web"), **DENY), server(), *objects, columns=("port", "kind", "extent", "why"))
    assert (8080, kind, extent, why) in found


def test_several_authorizations_add_up_and_the_access_policy_is_for_the_rest():
    objects = [*LINKERD, linkerd(pod("web"), **DENY), policy(MESH), mesh_tls(identities=[TELLER])]
    assert [row[1] for row in clients(*objects, server(accessPolicy="all-authenticated")) if row[0]] == [
        "identities", "any identity"]


def test_several_servers_for_a_port_are_not_known():
    objects = [*LINKERD, linkerd(pod("web"), **DENY), server(), server("twin")]
    assert (8080, None, None, None) in clients(*objects)
