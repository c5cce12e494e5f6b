"""What cannot be is doubted: lists that contradict one another, discovery, or what every cluster has."""

import json

import pytest

from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.live import LiveSource
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.snapshot import Snapshot

RBAC = "rbac.authorization.k8s.io"
CUSTOM = ("aquasecurity.github.io", "cert-manager.io", "constraints.gatekeeper.sh", "emr.acme.example",
          "templates.gatekeeper.sh", "wgpolicyk8s.io")


def take(kubeconfig: str, **options) -> Snapshot:
    return collect(LiveSource(None, kubeconfig, timeout=5), **options)


def entry(snapshot: Snapshot, resource: str) -> Entry:
    return next(found for found in snapshot.manifest.ledger if found.resource == resource)


def items(change):
    """A change of the items of a list, or of the rows of a table; single objects stay as they are."""
    return {"kind": "transform", "transform": lambda body: {
        key: change(value) if key in ("items", "rows") else value for key, value in body.items()}}


def but(*names: str):
    """A list without the objects of these names, or in these namespaces."""
    return items(lambda found: [one for one in found if not {
        one.get("object", one)["metadata"].get(key) for key in ("name", "namespace")} & set(names)])


EMPTY = items(lambda _: [])


@pytest.mark.parametrize(("path", "fault", "resource", "says"), [
    ("*/clusterroles", EMPTY, f"clusterroles.{RBAC}", "the list is empty, but bindings name ClusterRoles"),
    ("*/roles", EMPTY, f"roles.{RBAC}", "the list is empty, but bindings name Roles"),
    ("*/clusterrolebindings", EMPTY, f"clusterrolebindings.{RBAC}", "the list is empty, which is impossible in a cluster"),
    ("*/rolebindings", EMPTY, f"rolebindings.{RBAC}", "the list is empty, which is impossible in a cluster"),
    ("*/namespaces", EMPTY, "namespaces",
     "objects that every cluster has are missing from the list (default, kube-public, kube-system)"),
    ("*/namespaces", but("kube-system"), "namespaces", "in namespaces that are missing from the list (kube-system)"),
    ("*/nodes", EMPTY, "nodes", "bound to nodes that are missing from the list (acme-cp0, acme-w1, acme-w2 and 1 more)"),
    ("*/nodes", but("acme-w2"), "nodes", "bound to nodes that are missing from the list (acme-w2)"),
    ("*/pods", EMPTY, "pods", "the list is empty, but workloads have ready pods"),
    ("*/replicasets", EMPTY, "replicasets.apps", "the list is empty, but ReplicaSets own other objects"),
    ("*/deployments", EMPTY, "deployments.apps", "the list is empty, but Deployments own other objects"),
    ("*/daemonsets", EMPTY, "daemonsets.apps", "the list is empty, but DaemonSets own other objects"),
    ("*/statefulsets", EMPTY, "statefulsets.apps", "the list is empty, but StatefulSets own other objects"),
    ("*/serviceaccounts", EMPTY, "serviceaccounts", "default is missing from the list for some namespaces"),
    ("*/serviceaccounts", but("kube-system"), "serviceaccounts", "for some namespaces (kube-system)"),
    ("*/configmaps", EMPTY, "configmaps", "kube-root-ca.crt is missing from the list for some namespaces"),
    ("*/configmaps", but("default"), "configmaps", "for some namespaces (default)"),
    ("*/services", EMPTY, "services", "objects that every cluster has are missing from the list (kubernetes)"),
    ("*/validatingadmissionpolicies", EMPTY, "validatingadmissionpolicies.admissionregistration.k8s.io",
     "the list is empty, but bindings name policies of its kind"),
    ("*/customresourcedefinitions", EMPTY, "customresourcedefinitions.apiextensions.k8s.io",
     "custom resources are served whose definitions are missing from the list"),
    ("*/apiservices", EMPTY, "apiservices.apiregistration.k8s.io", "groups are served whose APIServices"),
    ("*/apiservices", but("v1.apps"), "apiservices.apiregistration.k8s.io", "(apps/v1)"),
])
def test_a_list_to_which_another_points_is_not_whole(server, kubeconfig, path, fault, resource, says) -> None:
    server.fault(path, **fault)
    snapshot = take(kubeconfig)
    found = entry(snapshot, resource)
    assert (found.outcome, says in found.reason) == ("partial", True), found.reason
    doubted = {one.resource for one in snapshot.manifest.ledger if one.outcome == "partial"
               and not one.resource.startswith("scan:")}
    assert doubted <= {resource, "kubelets", "controlplane", "discovery"}, "what is whole stays whole"


@pytest.mark.parametrize(("missing", "naming", "spec", "says"), [
    ("persistentvolumes", "persistentvolumeclaims", {"volumeName": "pv-1"}, "the list is empty, but claims are bound to volumes (pv-1)"),
    ("persistentvolumeclaims", "persistentvolumes", {"claimRef": {"namespace": "shop", "name": "data"}},
     "the list is empty, but volumes are bound to claims (data)"),
])
def test_volumes_and_claims_point_to_one_another(server, kubeconfig, missing, naming, spec, says) -> None:
    server.fault(f"*/{missing}", **EMPTY)
    server.fault(f"*/{naming}", **items(lambda found: [
        {**one, "spec": {**one["spec"], **spec}, "status": {"phase": "Bound"}} for one in found]))
    found = entry(take(kubeconfig), missing)
    assert (found.outcome, says in found.reason) == ("partial", True), found.reason


def test_a_binding_points_to_a_mutating_policy(server, kubeconfig) -> None:
    server.fault("*/mutatingadmissionpolicies", **EMPTY)
    server.fault("*/mutatingadmissionpolicybindings", **items(lambda _: [
        {"metadata": {"name": "b"}, "spec": {"policyName": "add-labels"}}]))
    found = entry(take(kubeconfig), "mutatingadmissionpolicies.admissionregistration.k8s.io")
    assert (found.outcome, found.reason) == (
        "partial", "the list is empty, but bindings name policies of its kind (add-labels)")


@pytest.mark.parametrize("resource", [
    *(f"{plural}.{RBAC}" for plural in ("roles", "clusterroles", "rolebindings", "clusterrolebindings")),
    "serviceaccounts", "configmaps", "apiservices.apiregistration.k8s.io"])
def test_a_list_that_is_never_empty_needs_no_other_that_shows_it(server, kubeconfig, resource: str) -> None:
    server.forbid("namespaces")
    server.fault(f"*/{resource.partition('.')[0]}", **EMPTY)
    found = entry(take(kubeconfig), resource)
    assert found.outcome == "partial" and "the list is empty, which is impossible in a cluster" in found.reason


@pytest.mark.parametrize(("missing", "naming", "spec", "phase"), [
    ("persistentvolumes", "persistentvolumeclaims", {"volumeName": "pv-1"}, "Lost"),
    ("persistentvolumeclaims", "persistentvolumes", {"claimRef": {"namespace": "shop", "name": "data"}}, "Released"),
])
def test_what_is_no_longer_bound_may_name_what_is_gone(server, kubeconfig, missing, naming, spec, phase) -> None:
    server.fault(f"*/{missing}", **EMPTY)
    server.fault(f"*/{naming}", **items(lambda found: [
        {**one, "spec": {**one["spec"], **spec}, "status": {"phase": phase}} for one in found]))
    assert entry(take(kubeconfig), missing).outcome == "complete"


def test_an_owner_may_be_of_another_group_that_serves_a_kind_of_the_same_name(server, kubeconfig) -> None:
    server.fault("*/statefulsets", **EMPTY)
    server.fault("/apis", **groups(lambda found: [
        *found, {"metadata": {"name": "apps.kruise.io"}, "versions": [
            {"version": "v1beta1", "freshness": "Current", "resources": [
                {"resource": "statefulsets", "responseKind": {"kind": "StatefulSet"}, "scope": "Namespaced",
                 "verbs": ["list"]}]}]}]))
    assert entry(take(kubeconfig), "statefulsets.apps").outcome == "complete"


def moved(found: list[dict], **metadata) -> list[dict]:
    """The objects of a list, the first of them with other metadata (``None``: without that)."""
    first = {key: value for key, value in {**found[0]["metadata"], **metadata}.items() if value is not None}
    return [{**found[0], "metadata": first}, *found[1:]]


@pytest.mark.parametrize(("created", "outcome"), [
    ("2099-01-01T00:00:00Z", "complete"), ("2020-01-01T00:00:00Z", "partial"), (None, "partial")])
def test_only_what_was_there_before_shows_a_namespace(server, kubeconfig, created, outcome) -> None:
    server.fault("/api/v1/namespaces/later", status=403)
    server.fault("*/services", **items(lambda found: moved(found, namespace="later", creationTimestamp=created)))
    found = entry(take(kubeconfig), "namespaces")
    assert (found.outcome, "missing from the list (later)" in found.reason) == (outcome, outcome == "partial")
    assert server.count("/api/v1/namespaces/later") == (outcome == "partial")


@pytest.mark.parametrize(("count", "asked"), [(20, 20), (21, 0)])
def test_so_many_missing_things_are_not_asked_for_one_by_one(server, kubeconfig, count: int, asked: int) -> None:
    server.fault("/api/v1/namespaces/n*", kind="body", status=404, body=json.dumps(
        {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}).encode())
    server.fault("*/services", **items(lambda found: [
        *found, *({"metadata": {"name": "s", "namespace": f"n{number}", "uid": f"n{number}"}, "spec": {}}
                  for number in range(count))]))
    assert entry(take(kubeconfig), "namespaces").outcome == ("complete" if asked else "partial")
    assert server.count("/api/v1/namespaces/n*") == asked


def test_what_nobody_makes_in_this_cluster_is_missing_nowhere(server, kubeconfig) -> None:
    server.fault("*/configmaps", **but("kube-root-ca.crt"))
    assert entry(take(kubeconfig), "configmaps").outcome == "complete"


def test_a_namespace_that_is_being_deleted_lacks_what_was_made_in_it(server, kubeconfig) -> None:
    server.fault("*/configmaps", **but("default"))
    server.fault("*/namespaces", **items(lambda found: [
        one if one["metadata"]["name"] != "default" else {**one, "status": {"phase": "Terminating"}} for one in found]))
    assert entry(take(kubeconfig), "configmaps").outcome == "complete"


def test_a_cluster_without_contradictions_has_no_doubts(server, kubeconfig) -> None:
    snapshot = take(kubeconfig)
    doubted = [one.resource for one in snapshot.manifest.ledger if one.outcome == "partial"]
    assert all(name.startswith("scan:") for name in doubted), doubted
    assert not server.count("/api/v1/nodes/acme-cp0") and not server.count("/api/v1/namespaces/*")


def test_what_is_derived_from_a_doubted_list_is_in_doubt_too(server, kubeconfig) -> None:
    server.fault("*/nodes", **but("acme-w2"))
    assert entry(take(kubeconfig), "kubelets").outcome != "complete"
    server.fault("*/pods", **EMPTY)
    assert entry(take(kubeconfig), "controlplane").outcome == "partial"


def test_what_is_gone_by_now_or_was_made_since_is_rightly_not_in_the_list(server, kubeconfig) -> None:
    server.fault("*/nodes", **but("acme-w1", "acme-w2"))
    server.fault("/api/v1/nodes/acme-w1", kind="body", status=404, body=json.dumps(
        {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}).encode())
    server.fault("/api/v1/nodes/acme-w2", kind="body", body=json.dumps(
        {"kind": "Node", "metadata": {"name": "acme-w2", "creationTimestamp": "2099-01-01T00:00:00Z"}}).encode())
    assert entry(take(kubeconfig), "nodes").outcome == "complete"


LATER = b'{"metadata": {"creationTimestamp": "2099-01-01T00:00:00Z"}}'


@pytest.mark.parametrize("answer", [
    {"status": 403}, {"status": 404, "kind": "body", "body": b"404 page not found"}, {"kind": "body", "body": b"{}"},
    {"kind": "body", "body": b"null"}, {"status": 200, "kind": "body", "body": b"<html>"},
    {"status": 404, "kind": "body", "body": b'{"reason": "\xff"}'}, {"kind": "cut"}, {"status": 500, "kind": "body", "body": LATER},
    {"kind": "body", "body": LATER.replace(b"Z", b"")}])
def test_an_answer_that_says_nothing_of_a_node_leaves_the_doubt(server, kubeconfig, answer) -> None:
    server.fault("/api/v1/nodes/acme-w2", **answer)
    server.fault("*/nodes", **but("acme-w2"))
    assert entry(take(kubeconfig), "nodes").outcome == "partial"


def test_the_list_of_another_kind_under_the_right_name_has_the_uids_of_the_other(server, kubeconfig) -> None:
    deployments = server.recording.whole_list("/apis/apps/v1/deployments")
    server.fault("*/replicasets", kind="transform", transform=lambda body: {**body, "items": deployments["items"]})
    snapshot = take(kubeconfig)
    assert entry(snapshot, "replicasets.apps").outcome == "partial"
    assert "it has objects with the UIDs of other objects" in entry(snapshot, "replicasets.apps").reason


# --- discovery -----------------------------------------------------------------------------------------------------


def groups(change):
    """A change of the groups of the aggregated discovery document: a list of groups to a list of groups."""
    return {"kind": "transform", "transform": lambda body: {**body, "items": change(body["items"])}}


def without_groups(*names: str):
    return groups(lambda found: [group for group in found if group["metadata"].get("name") not in names])


def versions(name: str, change):
    return groups(lambda found: [{**group, "versions": change(group["versions"])}
                                 if group["metadata"].get("name") == name else group for group in found])


def test_discovery_that_does_not_know_custom_resources_yet_proves_nothing(server, kubeconfig) -> None:
    """For a second after its port opens a real server's aggregated discovery is whole and current but for these."""
    server.fault("/apis", **without_groups(*CUSTOM))
    server.fault("*/customresourcedefinitions", kind="transform", transform=lambda body: {**body, "items": [
        *body["items"], {"metadata": {"name": "externalsecrets.external-secrets.io"}, "spec": {
            "group": "external-secrets.io", "names": {"kind": "ExternalSecret", "plural": "externalsecrets"}}}]})
    snapshot = take(kubeconfig)
    found = entry(snapshot, "discovery")
    assert found.outcome == "partial" and "custom resources whose definitions exist" in found.reason
    assert "groups whose APIServices exist" in found.reason
    assert "its CustomResourceDefinition exists" in entry(snapshot, "externalsecrets.external-secrets.io").reason
    assert snapshot.gaps("external_secrets") and not snapshot.gaps("admin_policies"), "both lists say that these are none"
    scans = {one.resource: one.outcome for one in snapshot.manifest.ledger if one.resource.startswith("scan:")}
    assert scans["scan:trivy-operator:aquasecurity.github.io"] == "failed"
    assert scans["scan:policyreport:wgpolicyk8s.io"] == "failed"
    assert snapshot.gaps("findings", ("trivy-operator",))


@pytest.mark.parametrize("refused", ["customresourcedefinitions", "apiservices"])
def test_discovery_that_is_in_doubt_proves_no_absence_alone(server, kubeconfig, refused: str) -> None:
    server.forbid(f"{refused}.apiextensions.k8s.io" if refused[0] == "c" else refused, refused)
    server.fault("/apis", **without_groups(*CUSTOM))
    snapshot = take(kubeconfig)
    assert "but is itself in doubt" in snapshot.gaps("admin_policies")[0]


def test_an_api_service_shows_a_group_that_discovery_lacks(server, kubeconfig) -> None:
    server.fault("*/apiservices", kind="transform", transform=lambda body: {**body, "items": [
        *body["items"], {"metadata": {"name": "v1.external-secrets.io"},
                         "spec": {"group": "external-secrets.io", "version": "v1"}}]})
    snapshot = take(kubeconfig)
    assert "but its APIService exists" in entry(snapshot, "externalsecrets.external-secrets.io").reason
    assert snapshot.gaps("external_secrets")


@pytest.mark.parametrize(("change", "says"), [
    (versions("aquasecurity.github.io", lambda _: []), "unknown for the groups aquasecurity.github.io"),
    (versions("aquasecurity.github.io", lambda found: [{**one, "freshness": "Stale"} for one in found]), "unknown for the groups"),
    (versions("aquasecurity.github.io", lambda found: [
        {key: value for key, value in one.items() if key != "freshness"} for one in found]), "unknown for the groups"),
    (without_groups("batch"), "does not list resources that every Kubernetes API server serves (cronjobs.batch, jobs.batch)"),
])
def test_a_group_of_which_nothing_certain_is_said(server, kubeconfig, change, says) -> None:
    server.fault("/apis", **change)
    snapshot = take(kubeconfig)
    found = entry(snapshot, "discovery")
    assert (found.outcome, says in found.reason) == ("partial", True), found.reason
    if "aqua" in says:
        assert entry(snapshot, "scan:trivy-operator:aquasecurity.github.io").outcome == "failed"


def test_a_version_without_resources_proves_no_absence(server, kubeconfig) -> None:
    server.fault("/apis", **groups(lambda found: [
        *found, {"metadata": {"name": "external-secrets.io"}, "versions": [
            {"version": "v1", "freshness": "Current", "resources": []}]}]))
    snapshot = take(kubeconfig)
    assert server.count("/apis/external-secrets.io/v1/externalsecrets") == 1
    assert entry(snapshot, "externalsecrets.external-secrets.io").outcome == "absent"
    assert snapshot.gaps("external_secrets"), "404 of a list is no proof while its group is not clear"


@pytest.mark.parametrize(("group", "versions", "crds", "doubt"), [
    ("route.openshift.io", "Current", True, True), ("route.openshift.io", "Stale", True, True),
    ("routes.example.com", "Current", True, True), ("routes.example.com", "Stale", False, True),
    ("aquasecurity.github.io", "Current", True, False),  # its CRDs say which kinds there are
    ("aquasecurity.github.io", "Current", False, True), ("metrics.k8s.io", "Current", False, False),
])
def test_a_group_that_does_not_say_its_resources_may_decide(server, kubeconfig, group, versions, crds, doubt) -> None:
    if not crds:
        server.forbid("customresourcedefinitions.apiextensions.k8s.io", "customresourcedefinitions")
    server.fault("/apis", **groups(lambda found: [
        *(one for one in found if one["metadata"]["name"] != group), {"metadata": {"name": group}, "versions": [
            {"version": "v1", "freshness": versions, "resources": []}]}]))
    found = entry(take(kubeconfig), "engines")
    assert (group in found.reason) is doubt and (found.outcome != "complete") >= doubt, (found.outcome, found.reason)


@pytest.mark.parametrize(("body", "says"), [
    (b"{}", "instead of a discovery document"), (b'{"kind": "PodList", "items": []}', "'PodList'"),
    (b'{"kind": "APIGroupDiscoveryList", "apiVersion": "v1", "items": []}', "instead of a discovery document"),
    (b"<html>", "invalid discovery document"), (b"\xff", "invalid discovery document"),
])
def test_what_is_no_discovery_document(server, kubeconfig, body: bytes, says: str) -> None:
    server.fault("/apis", kind="body", body=body)
    snapshot = take(kubeconfig)
    found = entry(snapshot, "discovery")
    assert (found.outcome, says in found.reason) == ("failed", True), found.reason
    assert snapshot.gaps("admin_policies")


# --- versions ------------------------------------------------------------------------------------------------------


def renamed(group: str, plural: str, version: str):
    """Discovery that serves one resource of a group in another version alone."""
    def change(found):
        moved = [r for one in found for r in one["resources"] if r["resource"] == plural]
        rest = [{**one, "resources": [r for r in one["resources"] if r["resource"] != plural]} for one in found]
        return [*[one for one in rest if one["resources"]],
                {"version": version, "freshness": "Current", "resources": moved}]
    return versions(group, change)


@pytest.mark.parametrize(("group", "plural", "table"), [
    ("networking.k8s.io", "networkpolicies", "network_policies"), ("policy", "poddisruptionbudgets", "disruption_budgets"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies", "admission_policies"),
])
def test_what_is_served_only_in_a_version_that_nobody_knows_is_a_gap(server, kubeconfig, group, plural, table) -> None:
    server.fault("/apis", **renamed(group, plural, "v7"))
    snapshot = take(kubeconfig)
    found = entry(snapshot, f"{plural}.{group}")
    assert found.outcome == "failed" and found.reason.startswith("the server serves it as v7 only, which this version of")
    assert snapshot.gaps(table) and not server.count(f"*/{plural}")


def test_custom_resources_in_a_version_that_nobody_knows_are_a_gap(server, kubeconfig) -> None:
    server.fault("/apis", **groups(lambda found: [*found, *(
        {"metadata": {"name": group}, "versions": [{"version": version, "freshness": "Current", "resources": [
            {"resource": plural, "responseKind": {"kind": kind}, "scope": "Cluster", "verbs": ["list"]}]}]}
        for group, version, plural, kind in (
            ("policy.networking.k8s.io", "v1", "clusternetworkpolicies", "ClusterNetworkPolicy"),
            ("reports.kyverno.io", "v9", "ephemeralreports", "EphemeralReport"),
            ("kyverno.io", "v9", "clusterpolicies", "ClusterPolicy")))]))
    snapshot = take(kubeconfig)
    found = entry(snapshot, "clusternetworkpolicies.policy.networking.k8s.io")
    assert found.outcome == "failed" and "as v1 only" in found.reason and "(it reads v1beta1, v1alpha2)" in found.reason
    assert snapshot.gaps("admin_policies")
    found = entry(snapshot, "scan:policyreport:ephemeralreports.reports.kyverno.io")
    assert found.outcome == "failed" and "as v9 only" in found.reason
    assert "kyverno.io v9" not in str([one.resource for one in snapshot.manifest.ledger])
    assert not any("clusterpolicies" in one.resource for one in snapshot.manifest.ledger), "a kind that no reader reads"


def test_the_version_that_is_known_is_read_though_another_goes_first(server, kubeconfig) -> None:
    server.fault("/apis", **versions("aquasecurity.github.io", lambda found: [{**found[0], "version": "v3"}, *found]))
    found = entry(take(kubeconfig), "scan:trivy-operator:vulnerabilityreports.aquasecurity.github.io")
    assert found.outcome == "complete" and "/v1alpha1/" in found.path
