"""The envelope of a list: what an answer says of itself is compared with what was asked for."""

import json
import random

import pytest
from replay import ReplayServer
from replay.answers import token_for

from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.live import LiveSource
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.snapshot import Snapshot

POD_LIST, SECRET_TABLE = "/api/v1/pods", "/api/v1/secrets"


def take(kubeconfig: str, **options) -> Snapshot:
    return collect(LiveSource(None, kubeconfig, timeout=5), **options)


def entry(snapshot: Snapshot, resource: str) -> Entry:
    return next(found for found in snapshot.manifest.ledger if found.resource == resource)


def meta(**changes):
    return lambda body: {**body, "metadata": {**body["metadata"], **changes}}


def without(*keys: str):
    return lambda body: {key: value for key, value in body.items() if key not in keys}


FOREIGN = {
    "no kind": (without("kind"), "of no kind of 'v1'"),
    "no version": (without("apiVersion"), "'PodList' of no version"),
    "nothing but items": (lambda body: {"items": body["items"]}, "of no kind of no version"),
    "an empty object list": (lambda _: {"items": []}, "the request was for a PodList of v1"),
    "another kind": (lambda body: {**body, "kind": "ServiceList"}, "but the response is 'ServiceList' of 'v1'"),
    "the kind of one object": (lambda body: {**body, "kind": "Pod"}, "'Pod' of 'v1'"),
    "kubectl's list": (lambda body: {**body, "kind": "List"}, "'List' of 'v1'"),
    "another version": (lambda body: {**body, "apiVersion": "v2"}, "'PodList' of 'v2'"),
    "another group": (lambda body: {**body, "apiVersion": "metrics.k8s.io/v1beta1"}, "'metrics.k8s.io/v1beta1'"),
    "metadata only": (lambda body: {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                                    "metadata": body["metadata"], "items": [
                                        {"metadata": item["metadata"], "spec": {"containers": []}} for item in body["items"]]},
                      "'PartialObjectMetadataList' of 'meta.k8s.io/v1'"),
    "a table": (lambda body: {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": body["metadata"],
                              "columnDefinitions": [], "rows": [
                                  {"cells": [], "object": item} for item in body["items"]]}, "'Table' of 'meta.k8s.io/v1'"),
    "rows beside items": (lambda body: {**body, "rows": []}, "with rows instead of items"),
    "no items": (without("items"), "no list of items"),
    "null items": (lambda body: {**body, "items": None}, "no list of items"),
}


@pytest.mark.parametrize("change", FOREIGN)
def test_a_list_that_was_not_asked_for_is_not_read(server, kubeconfig, change: str) -> None:
    transform, says = FOREIGN[change]
    server.fault(POD_LIST, kind="transform", transform=transform)
    snapshot = take(kubeconfig)
    found = entry(snapshot, "pods")
    assert (found.outcome, says in found.reason) == ("failed", True), found.reason
    assert len(snapshot.pods) == 0 and snapshot.gaps("containers")
    assert entry(snapshot, "services").outcome == "complete"


def test_nothing_of_a_page_that_was_refused_is_kept_when_the_list_is_read_again(server, kubeconfig) -> None:
    whole = take(kubeconfig)
    for path, kind in (("*/policyreports", "ClusterPolicyReportList"), (POD_LIST, "ServiceList")):
        server.fault(path, kind="transform", times=1, transform=lambda body, kind=kind: {**body, "kind": kind})
    again = take(kubeconfig)
    assert server.count(POD_LIST) > 2
    for resource in ("pods", "scan:policyreport:policyreports.wgpolicyk8s.io"):
        assert (entry(again, resource).outcome, entry(again, resource).items) == ("complete", entry(whole, resource).items)
    assert len(again.findings) == len(whole.findings) and len(again.containers) == len(whole.containers)


def test_a_plain_list_in_place_of_a_table_is_not_read(server, kubeconfig) -> None:
    server.tables = False
    found = entry(take(kubeconfig), "secrets")
    assert found.outcome == "failed" and "the request was for a Table of meta.k8s.io/v1" in found.reason


def test_a_table_without_rows_is_not_read(server, kubeconfig) -> None:
    server.fault(SECRET_TABLE, kind="transform", transform=lambda body: {
        **{key: value for key, value in body.items() if key != "rows"}, "items": []})
    found = entry(take(kubeconfig), "secrets")
    assert (found.outcome, found.reason) == ("failed", "the response is a Table with items instead of rows")


def test_an_empty_first_page_before_more_is_partial(server, kubeconfig) -> None:
    server.fault(POD_LIST, kind="transform", page=1, transform=lambda body: {**body, "items": []})
    found = entry(take(kubeconfig, limit=20), "pods")
    assert (found.outcome, found.items) == ("partial", 45)
    assert "page 1 has only 0 of 20 objects, although more pages follow" in found.reason


def test_a_list_of_custom_resources_is_compared_too(server, kubeconfig) -> None:
    server.fault("*/vulnerabilityreports", kind="transform", transform=lambda body: {**body, "items": [], "kind": "List"})
    found = entry(take(kubeconfig), "scan:trivy-operator:vulnerabilityreports.aquasecurity.github.io")
    assert found.outcome == "failed" and "a VulnerabilityReportList of aquasecurity.github.io/v1alpha1" in found.reason


SHORT = {
    "no resourceVersion": (meta(resourceVersion=""), "has no resourceVersion"),
    "resourceVersion 0": (meta(resourceVersion="0"), "has no resourceVersion"),
    "no metadata": (without("metadata"), "has no resourceVersion"),
    "null metadata": (lambda body: {**body, "metadata": None}, "has no resourceVersion"),
    "more than came": (meta(remainingItemCount=54), "54 more objects were announced but not sent"),
    "more than came, of an empty list": (lambda body: meta(remainingItemCount=119)({**body, "items": []}), "119 more objects"),
}


@pytest.mark.parametrize("change", SHORT)
def test_a_list_that_says_too_little_or_announces_more_than_comes_is_partial(server, kubeconfig, change: str) -> None:
    transform, says = SHORT[change]
    server.fault(POD_LIST, kind="transform", transform=transform)
    found = entry(take(kubeconfig), "pods")
    assert (found.outcome, says in found.reason) == ("partial", True), found.reason


def test_an_empty_last_page_after_more_was_announced(server, kubeconfig) -> None:
    def last(body):
        more = {"continue": token_for(POD_LIST, 1525, 65), "remainingItemCount": 54} if body["items"] else {}
        return meta(**more)(body)

    server.fault(POD_LIST, kind="transform", transform=last)
    found = entry(take(kubeconfig), "pods")
    assert found.outcome == "partial" and found.items == 65
    assert "page 2 is empty, although more objects were announced" in found.reason
    assert "54 more objects were announced but not sent" in found.reason


@pytest.mark.parametrize(("page", "left", "says"), [
    (1, 19, "page 1 has only 19 of 20 objects, although more pages follow"),
    (2, 0, "page 2 is empty, although more objects were announced"),
    (3, 7, "page 3 has only 7 of 20 objects"),
    (4, 4, "1 more objects were announced but not sent"),
    (4, 0, "page 4 is empty, although more objects were announced"),
])
def test_a_page_of_which_objects_were_taken(server, kubeconfig, page: int, left: int, says: str) -> None:
    server.fault(POD_LIST, kind="transform", page=page, transform=lambda body: {**body, "items": body["items"][:left]})
    found = entry(take(kubeconfig, limit=20), "pods")
    assert (found.outcome, says in found.reason) == ("partial", True), found.reason


def test_objects_of_another_kind_in_the_right_envelope(server, kubeconfig) -> None:
    server.fault(POD_LIST, kind="transform", transform=lambda body: {**body, "items": [
        {**body["items"][0], "kind": "Pod", "apiVersion": "v1"}, *body["items"][1:-1],
        {**body["items"][-1], "kind": "PodTemplate\x1b[31m"}]})
    found = entry(take(kubeconfig), "pods")
    assert found.outcome == "partial" and "not a Pod" in found.reason and found.reason.startswith("item 64 is")
    server.fault("*/clusterroles", kind="transform", transform=lambda body: {**body, "items": [
        {**item, "metadata": {**item["metadata"], "namespace": "shop"}} for item in body["items"]]})
    found = entry(take(kubeconfig), "clusterroles.rbac.authorization.k8s.io")
    assert found.outcome == "partial" and "has a namespace, although its kind is cluster-scoped" in found.reason


# --- whatever happens to a list, it is not complete ----------------------------------------------------------------


def foreign_list(server: ReplayServer, dice: random.Random, path: str):
    """The answer to another list: of another kind, or of another version."""
    others = [other["path"].partition("?")[0] for other in server.recording.entries
              if "limit=500" in other["path"] and other["status"] == 200 and path not in other["path"]]
    other = server.recording.whole_list(dice.choice(others))
    return lambda body: other


def harm(server: ReplayServer, dice: random.Random, path: str, rows: str):
    """One random harm that a list bears on its face."""
    kind = dice.choice(("ConfigMapList", "List", "Table", "PodMetricsList", "Pod", "", "podlist"))
    version = dice.choice(("v1alpha1", "v1beta1", "v2", "", "apps/v2", "meta.k8s.io/v1"))
    lost = dice.randint(1, 500)
    return dice.choice((
        lambda body: {**body, "kind": kind + ("x" if kind == body["kind"] else "")},
        lambda body: {**body, "apiVersion": version + ("x" if version == body["apiVersion"] else "")},
        lambda body: {**body, "metadata": {key: value for key, value in body["metadata"].items() if key != "resourceVersion"}},
        lambda body: {key: value for key, value in body.items() if key != dice_key},
        lambda body: {rows: body[rows]},
        lambda body: {**body, rows: body[rows][:len(body[rows]) // 2], "metadata": {
            **body["metadata"], "remainingItemCount": len(body[rows]) - len(body[rows]) // 2 + lost}},
        lambda body: {**body, rows: [], "metadata": {**body["metadata"], "continue": "bm8"}},
        lambda body: {**body, rows: None},
        lambda body: {**body, rows: [{}, *body[rows]]},
        lambda body: {**body, rows: [*body[rows], body[rows][0]] if body[rows] else [{}]},
        lambda body: json.loads(json.dumps(body).replace('"metadata"', '"metaData"')),
        foreign_list(server, dice, path),
    )) if (dice_key := dice.choice(("kind", "apiVersion", "metadata", rows))) else None


LISTS = {
    "/api/v1/namespaces": "namespaces", "/api/v1/pods": "pods", "/api/v1/secrets": "secrets",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings": "clusterrolebindings.rbac.authorization.k8s.io",
    "/apis/networking.k8s.io/v1/networkpolicies": "networkpolicies.networking.k8s.io",
    "/apis/apps/v1/deployments": "deployments.apps",
    "/apis/aquasecurity.github.io/v1alpha1/vulnerabilityreports":
        "scan:trivy-operator:vulnerabilityreports.aquasecurity.github.io",
}


@pytest.mark.parametrize("seed", range(12))
def test_a_list_that_was_harmed_is_never_complete(server, kubeconfig, seed: int) -> None:
    dice = random.Random(seed)
    for path in LISTS:
        server.fault(path, kind="transform",
                     transform=harm(server, dice, path, "rows" if path == SECRET_TABLE else "items"))
    snapshot = take(kubeconfig)
    outcomes = {name: entry(snapshot, name).outcome for name in LISTS.values()}
    assert "complete" not in outcomes.values() and "absent" not in outcomes.values(), outcomes
    assert all(entry(snapshot, name).reason for name in LISTS.values())
