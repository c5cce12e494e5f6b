"""Certificates of listeners: what the controller says of them counts, of the generation that is there, and only that."""

import pytest
from gateway_worlds import TLS, gateway, gateway_class, listener, said
from network_worlds import derive, verdicts
from worlds import frames

PAIR = {"kind": "Secret", "metadata": {"name": "pair", "namespace": "infra"}}


@pytest.mark.parametrize(("of_listeners", "verdict"), [
    (said("ResolvedRefs"), "pass"),
    (said("ResolvedRefs", generation=0), "unknown"),
    ([], "unknown"),
    (said("ResolvedRefs", status="Unknown"), "unknown"),
    (said("ResolvedRefs", status="False", reason="InvalidCertificateRef"), "fail"),
    (said("ResolvedRefs", status="False", reason="InvalidCertificateRef", generation=0), "unknown"),
    (said("ResolvedRefs", status="False", reason="InvalidRouteKinds"), "unknown"),
    (said("ResolvedRefs", status="False", reason="InvalidRouteKinds", generation=0), "unknown"),
    (said("ResolvedRefs", status="False", reason="InvalidCACertificateRef"), "unknown"),
])
def test_a_certificate_counts_where_the_controller_could_use_it(of_listeners, verdict):
    objects = [gateway_class(), gateway(TLS, of_listeners=of_listeners), PAIR]
    assert verdicts("network.listeners_have_certificates", objects) == {"main/web": verdict}


def test_a_secret_that_is_not_there_is_no_certificate_whatever_the_controller_says():
    assert verdicts("network.listeners_have_certificates", [gateway_class(), gateway(TLS)]) == {"main/web": "fail"}


@pytest.mark.parametrize(("group", "present"), [("gateway.networking.x-k8s.io", True), ("gateway.networking.k8s.io", False)])
def test_a_grant_for_a_kind_is_one_of_its_own_group(group, present):
    grant = {"kind": "ReferenceGrant", "metadata": {"name": "g", "namespace": "vault"}, "spec": {
        "from": [{"group": group, "kind": "XListenerSet", "namespace": "shop"}], "to": [{"group": "", "kind": "Secret"}]}}
    own = listener(tls={"certificateRefs": [{"name": "pair", "namespace": "vault"}]})
    more = gateway(own, name="more", space="shop") | {"kind": "XListenerSet"}
    more["spec"] = {"parentRef": {"name": "main", "namespace": "infra"}, "listeners": [own]}
    main = gateway(allowedListeners={"namespaces": {"from": "All"}})
    tables = frames([gateway_class(), main, more, grant, {"kind": "Secret", "metadata": {"name": "pair", "namespace": "vault"}}])
    [found] = derive(tables, "listener_certificates").to_dict("records")
    assert found["present"] is present
