"""Certificates of cert-manager, as its objects say it: valid, expired, failing, and not known."""

import pandas as pd
import pytest
from network_worlds import derive
from route_truth import controller
from worlds import frames

from auditkit.checks import find

API = "cert-manager.io/v1"
SECRET = {"kind": "Secret", "metadata": {"name": "pair", "namespace": "shop"}, "type": "kubernetes.io/tls"}
READY = [{"type": "Ready", "status": "True", "reason": "Ready", "observedGeneration": 1}]
VALID = {"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-04-01T00:00:00Z", "renewalTime": "2026-03-01T00:00:00Z"}


def certificate(generation: int = 1, issuer: dict | None = None, conditions: list = READY, **status: object) -> dict:
    issuer = {"name": "acme", "kind": "ClusterIssuer"} if issuer is None else issuer
    return {"apiVersion": API, "kind": "Certificate", "metadata": {"name": "web", "namespace": "shop", "generation": generation},
            "spec": {"secretName": "pair", "dnsNames": ["a.example"], "issuerRef": issuer},
            "status": VALID | {"conditions": conditions} | status}


def issuer(conditions: list = READY) -> dict:
    return {"apiVersion": API, "kind": "ClusterIssuer", "metadata": {"name": "acme", "generation": 1},
            "spec": {"acme": {"server": "https://acme.example", "privateKeySecretRef": {"name": "account"}}},
            "status": {"conditions": conditions}}


IMAGE = "quay.io/jetstack/cert-manager-controller:v1.19.0"
CONTROLLER = controller(IMAGE, space="cert-manager")


def judged(objects: list[dict], at: str | None = "2026-02-01T00:00:00Z", acting: dict | None = CONTROLLER) -> tuple[str, str]:
    tables = frames([*objects, *([acting] if acting else [])])
    row = dict.fromkeys(tables["collection"].columns) | {"cluster": "prod", "ended": at and pd.Timestamp(at)}
    tables["collection"] = pd.DataFrame([row]).astype(tables["collection"].dtypes.to_dict())
    check = find("certificates.valid_and_renewed")
    judgement = check(*(derive(tables, name) for name in check.tables))
    [ok], [reason] = judgement.ok.tolist(), judgement.reasons.tolist()
    return {True: "pass", False: "fail"}.get(ok, "unknown"), reason


def verdict(objects: list[dict]) -> str:
    return judged(objects)[0]


@pytest.mark.parametrize(("objects", "wanted"), [
    ([SECRET, issuer(), certificate()], "pass"),
    ([issuer(), certificate()], "fail"), ([SECRET, certificate()], "fail"),
    ([SECRET, issuer(), certificate(notAfter="2026-01-31T00:00:00Z")], "fail"),
    ([SECRET, issuer(), certificate(notBefore="2026-02-02T00:00:00Z")], "fail"),
    ([SECRET, issuer(), certificate(renewalTime="2026-01-30T23:00:00Z")], "fail"),
    ([SECRET, issuer(), certificate(renewalTime="2026-01-31T23:00:00Z")], "pass"),  # not yet overdue
    ([SECRET, issuer(), certificate(failedIssuanceAttempts=1)], "fail"),
    ([SECRET, issuer(), certificate(notAfter=None)], "unknown"),
    ([SECRET, issuer(), certificate(renewalTime=None)], "unknown"),
    ([SECRET, issuer(), certificate(generation=2)], "unknown"),  # what is said is of an older one
    ([SECRET, issuer(), certificate(conditions=[])], "unknown"),
    ([SECRET, issuer(), certificate(conditions=[READY[0] | {"status": "False", "reason": "Expired"}])], "fail"),
    ([SECRET, issuer([]), certificate()], "unknown"),
    ([SECRET, issuer([READY[0] | {"status": "False"}]), certificate()], "fail"),
    ([SECRET, certificate(issuer={"name": "x", "kind": "StepIssuer", "group": "certmanager.step.sm"})], "pass"),
    ([SECRET, issuer(), certificate(issuer={"name": "acme"})], "fail"),  # an Issuer of the namespace, which is not there
])
def test_a_certificate_is_judged_by_its_status_and_the_time_of_observation(objects, wanted):
    assert verdict(objects) == wanted


def test_without_a_time_of_observation_nothing_is_known_of_expiry():
    assert judged([SECRET, issuer(), certificate()], at=None) == (
        "unknown", "the time at which the cluster was observed is not known")


@pytest.mark.parametrize(("acting", "wanted"), [
    (CONTROLLER, ("pass", "")), (None, ("unknown", "no pod of cert-manager is recognised")),
    (controller(IMAGE, ready="False"), ("unknown", "no pod of cert-manager is ready")),
    (controller("quay.io/jetstack/cert-manager-webhook:v1.19.0"), ("unknown", "no pod of cert-manager is recognised")),
    (controller("registry.example/rancher/mirrored-jetstack-cert-manager-controller:v1"), ("pass", "")),
])
def test_only_a_ready_pod_of_cert_manager_renews_anything(acting, wanted):
    assert judged([SECRET, issuer(), certificate()], acting=acting) == wanted


def test_of_an_issuer_only_its_type_is_kept():
    rows = frames([issuer()])["certificate_issuers"]
    assert rows[["kind", "name", "type"]].values.tolist() == [["ClusterIssuer", "acme", "acme"]]
