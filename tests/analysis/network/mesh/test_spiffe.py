"""Which pods hold a SPIFFE identity, as far as a cluster shows."""

import pandas as pd
import pytest
from mesh_worlds import control, linkerd, plain, pod, sidecar
from network_worlds import derive, namespace, node
from worlds import frames

CLUSTER = [node("n1"), namespace("shop", team="till"), namespace("bank"), *control()]
TEMPLATE = "spiffe://acme.example/ns/{{ .PodMeta.Namespace }}/sa/{{ .PodSpec.ServiceAccountName }}"


def identities(*objects: dict) -> list[tuple]:
    found = derive(frames([*CLUSTER, *objects]), "spiffe_identities")
    rows = found[["name", "issuer", "by", "identity", "held", "why"]].itertuples(index=False, name=None)
    return [tuple(None if value is pd.NA else value for value in row) for row in rows]


def with_volume(one: dict, **volume: object) -> dict:
    return one | {"spec": one["spec"] | {"volumes": [{"name": "v"} | volume]}}


def spiffe_id(name: str = "all", **spec: object) -> dict:
    return {"apiVersion": "spire.spiffe.io/v1alpha1", "kind": "ClusterSPIFFEID", "metadata": {"name": name},
            "spec": {"spiffeIDTemplate": TEMPLATE} | spec}


def test_a_proxy_of_istio_that_acts_holds_one_and_one_that_is_not_ready_may():
    assert identities(sidecar(pod("web", account="till"))) == [
        ("web", "Istio", "sidecar", "spiffe://?/ns/shop/sa/till", True, None)]
    assert identities(sidecar(pod("web"), ready=False))[0][4:] == (None, "its proxy is not seen to be ready")


def test_pods_without_anything_and_those_of_linkerd_have_no_row():
    assert identities(plain(pod("web")), *control("linkerd", "linkerd"), linkerd(pod("db"))) == []


def test_a_volume_of_cert_manager_holds_one_once_the_pod_runs():
    volume = {"csi": {"driver": "spiffe.csi.cert-manager.io"}}
    assert identities(plain(with_volume(pod("web"), **volume))) == [
        ("web", "cert-manager", "volume v", "spiffe://?/ns/shop/sa/default", True, None)]
    waiting = with_volume(pod("web"), **volume) | {"status": {"phase": "Pending"}}
    assert identities(waiting)[0][4:] == (None, "the pod is not seen to run: its identity is issued as it starts")


@pytest.mark.parametrize("volume", [
    {"csi": {"driver": "csi.spiffe.io"}}, {"hostPath": {"path": "/run/spire/agent-sockets"}},
    {"hostPath": {"path": "/var/run/spire"}}])
def test_the_socket_of_spire_is_a_way_to_ask_and_no_identity(volume):
    assert identities(plain(with_volume(pod("web"), **volume))) == [
        ("web", "SPIRE", "volume v", None, None, "whether SPIRE has registered the pod is not visible")]


def test_other_volumes_are_none():
    for volume in ({"csi": {"driver": "ebs.csi.aws.com"}}, {"hostPath": {"path": "/run/spirex"}}, {"emptyDir": {}}):
        assert identities(plain(with_volume(pod("web"), **volume))) == []


def test_a_cluster_spiffe_id_registers_the_pods_that_both_selectors_pick():
    one = spiffe_id(podSelector={"matchLabels": {"app": "web"}}, namespaceSelector={"matchLabels": {"team": "till"}})
    objects = [plain(pod("web")), plain(pod("db")), plain(pod("web", space="bank"))]
    assert identities(one, *objects) == [
        ("web", "SPIRE", "ClusterSPIFFEID all", TEMPLATE, None, "no socket of SPIRE's agent is seen in the pod")]
    asking = plain(with_volume(pod("web"), csi={"driver": "csi.spiffe.io"}))
    assert [row[1:] for row in identities(one, asking)] == [
        ("SPIRE", by, TEMPLATE, None, "whether SPIRE has registered the pod is not visible")
        for by in ("ClusterSPIFFEID all", "volume v")]


def test_a_cluster_spiffe_id_without_selectors_is_for_every_pod_and_two_of_them_leave_the_identity_open():
    asking = plain(with_volume(pod("web"), csi={"driver": "csi.spiffe.io"}))
    rows = identities(spiffe_id(), spiffe_id("more"), asking)
    assert {row[2]: row[3] for row in rows if row[0] == "web"} == {
        "ClusterSPIFFEID all": TEMPLATE, "ClusterSPIFFEID more": TEMPLATE, "volume v": None}
