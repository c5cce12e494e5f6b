"""Collecting from a live server, over real HTTP: what is refused, cut or late is in the ledger."""

import threading
from pathlib import Path

import pytest
from replay import ACME_PROD, ReplayServer, assert_no_secret_values
from replay.answers import token_for

from auditkit.collectors.cluster import collect
from auditkit.collectors.sources import transport
from auditkit.collectors.sources.live import LiveSource
from auditkit.errors import SourceError
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.snapshot import Snapshot


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses between retries."""
    monkeypatch.setattr(transport, "PAUSE", 0.01)


def take(kubeconfig: str, **options) -> Snapshot:
    return collect(LiveSource(None, kubeconfig, timeout=options.pop("timeout", 5)), **options)


def entry(snapshot: Snapshot, resource: str) -> Entry:
    return next(found for found in snapshot.manifest.ledger if found.resource == resource)


def test_live_and_recording_give_the_same_tables(server, kubeconfig, acme) -> None:
    snapshot = take(kubeconfig)
    for name in set(acme._tables) - {"kubelets", "collection"}:  # an unrecorded kubelet is told in other words
        assert snapshot.arrow(name).equals(acme.arrow(name)), name


def test_small_pages_give_the_same_tables(server, kubeconfig, acme) -> None:
    snapshot = take(kubeconfig, limit=7)
    for name in set(acme._tables) - {"kubelets", "collection"}:
        assert snapshot.arrow(name).sort_by([(c, "ascending") for c in snapshot.arrow(name).column_names]).equals(
            acme.arrow(name).sort_by([(c, "ascending") for c in acme.arrow(name).column_names])), name
    assert len(entry(snapshot, "pods").bodies) == 10
    assert entry(snapshot, "pods").items == 65


def test_secret_values_are_never_asked_for(server, kubeconfig) -> None:
    take(kubeconfig)
    assert_no_secret_values(server)
    assert server.count("/api/v1/secrets") == 1


def test_several_lists_are_asked_at_a_time(server, kubeconfig) -> None:
    together, most, lock = 0, 0, threading.Lock()
    original = LiveSource.get

    def counting(self, *asked, **how):
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        try:
            return original(self, *asked, **how)
        finally:
            with lock:
                together -= 1

    LiveSource.get = counting
    try:
        take(kubeconfig)
    finally:
        LiveSource.get = original
    assert most > 1


@pytest.mark.parametrize(("fault", "outcome", "says"), [
    ({"status": 403}, "forbidden", "forbidden"),
    ({"status": 404}, "absent", "404"),
    ({"status": 500}, "failed", "etcdserver"),
    ({"status": 503}, "failed", "unable"),
    ({"status": 400, "kind": "body", "body": b"<html>"}, "failed", "HTTP 400"),
    ({"status": 429, "retry_after": 0}, "failed", "initializing"),
    ({"kind": "cut"}, "failed", "the connection was closed"),
    ({"kind": "half"}, "failed", "not a complete"),
    ({"kind": "body", "body": b"<html>proxy</html>"}, "failed", "not a"),
    ({"kind": "body", "body": b"null"}, "failed", "list"),
    ({"kind": "transform", "transform": lambda d: {**d, "items": None}}, "failed", "no list of items"),
    ({"kind": "transform", "transform": lambda d: {**d, "items": [{}, *d["items"]]}}, "partial", "item 0"),
    ({"kind": "transform", "transform": lambda d: {**d, "items": [*d["items"], d["items"][0]]}}, "partial", "twice"),
    ({"kind": "transform", "transform": lambda d: {**d, "items": [
        *d["items"], {"metadata": {"name": "lost"}, "spec": {"containers": []}}]}}, "partial", "Pod lost has no namespace"),
])
def test_one_spoilt_list(server, kubeconfig, fault, outcome, says) -> None:
    server.fault("*/pods", **fault)
    snapshot = take(kubeconfig)
    found = entry(snapshot, "pods")
    assert (found.outcome, says in found.reason) == (outcome, True), found
    assert snapshot.gaps("containers")
    assert entry(snapshot, "nodes").outcome == "complete"


@pytest.mark.parametrize("fault", [
    {"status": 429, "retry_after": 0, "times": 2}, {"status": 500, "times": 2}, {"status": 503, "times": 1},
    {"kind": "cut", "times": 1}, {"kind": "half", "times": 1},
])
def test_what_passes_is_asked_again(server, kubeconfig, fault) -> None:
    server.fault("*/pods", **fault)
    assert entry(take(kubeconfig), "pods").outcome == "complete"


def test_a_list_that_expires_is_begun_again(server, kubeconfig) -> None:
    server.fault("*/pods", kind="gone", page=3, times=1)
    snapshot = take(kubeconfig, limit=20)
    found = entry(snapshot, "pods")
    assert found.outcome == "complete" and found.items == 65
    assert snapshot.arrow("pods").num_rows == 65, "rows of the first try must not be counted twice"


@pytest.mark.parametrize(("kind", "says"), [
    ("gone", "the list expired during collection (410), twice"),
    ("empty-200", "the list changed during collection (resourceVersion 1525, then 1), twice")])
def test_a_list_that_expires_twice_is_partial(server, kubeconfig, kind: str, says: str) -> None:
    server.fault("*/pods", kind=kind, page=3)
    found = entry(take(kubeconfig, limit=20), "pods")
    assert (found.outcome, found.reason, found.items) == ("partial", says, 40)


@pytest.mark.parametrize(("times", "outcome", "says"), [
    (1, "complete", ""), (None, "partial", "the list changed during collection (resourceVersion 1525, then 1526), twice")])
def test_pages_of_two_moments_are_no_list(server, kubeconfig, times, outcome: str, says: str) -> None:
    server.fault("*/pods", page=2, times=times, kind="transform", transform=lambda body: {
        **body, "metadata": {**body["metadata"], "resourceVersion": "1526"}})
    found = entry(take(kubeconfig, limit=20), "pods")
    assert (found.outcome, found.reason, found.items) == (outcome, says, 65 if times else 20)


def test_a_server_that_gives_a_token_twice_is_not_asked_for_ever(server, kubeconfig) -> None:
    server.fault("*/pods", kind="transform", transform=lambda body: {
        **body, "metadata": {**body["metadata"], "continue": token_for("/api/v1/pods", 1525, 20)}})
    found = entry(take(kubeconfig, limit=20), "pods")
    assert (found.outcome, found.reason) == ("partial", "the server returned the same continue token twice")
    assert server.count("/api/v1/pods") == 2


@pytest.mark.parametrize(("fault", "outcome"), [
    ({"kind": "cut"}, "partial"), ({"kind": "half"}, "partial"), ({"status": 403}, "forbidden"),
    ({"status": 500}, "partial"), ({"status": 404}, "partial")])
def test_a_later_page_that_is_lost_makes_the_list_partial(server, kubeconfig, fault, outcome: str) -> None:
    server.fault("*/pods", page=2, **fault)
    snapshot = take(kubeconfig, limit=20)
    assert entry(snapshot, "pods").outcome == outcome
    assert snapshot.gaps("pods")


def test_of_many_doubts_five_are_told(server, kubeconfig) -> None:
    server.fault("*/pods", kind="transform", transform=lambda body: {**body, "items": [{}] * 7})
    reason = entry(take(kubeconfig), "pods").reason
    assert reason.count("; ") == 5 and "; and " in reason and reason.endswith(" more")


def test_a_server_that_never_answers(server, kubeconfig) -> None:
    server.fault("*/pods", kind="hang")
    found = entry(take(kubeconfig, timeout=0.3), "pods")
    assert found.outcome == "failed" and found.reason == "the request timed out"


def test_what_is_not_served_is_absent_and_proven(server, kubeconfig) -> None:
    def without(document):
        for group in document["items"]:
            for version in group["versions"]:
                version["resources"] = [resource for resource in version["resources"]
                                        if "admissionpolic" not in resource["resource"] and resource["resource"] != "jobs"]
        return document

    server.fault("/apis", kind="transform", transform=without)
    snapshot = take(kubeconfig)
    assert entry(snapshot, "jobs.batch").outcome == "absent"
    assert snapshot.gaps("workloads"), "every Kubernetes has jobs: their absence is not proof of none"
    assert not snapshot.gaps("admission_policies"), "not every Kubernetes has these: there are none"


def test_without_discovery_nothing_is_proven_absent(server, kubeconfig) -> None:
    server.fault("/apis", status=403)
    server.fault("*/mutatingadmissionpolicies", status=404)
    snapshot = take(kubeconfig)
    assert entry(snapshot, "discovery").outcome == "failed"
    assert snapshot.gaps("admission_policies")
    assert "discovery failed" in entry(snapshot, "scan:trivy-operator:aquasecurity.github.io").reason


def test_an_older_server_without_aggregated_discovery(server, kubeconfig, acme) -> None:
    from auditkit.collectors import discovery

    old, discovery.AGGREGATED = discovery.AGGREGATED, "application/json"
    try:
        snapshot = take(kubeconfig)
    finally:
        discovery.AGGREGATED = old
    assert entry(snapshot, "discovery").outcome == "complete"
    served = {(r["group"], r["resource"]) for r in snapshot.arrow("api_resources").to_pylist()}
    assert served == {(r["group"], r["resource"]) for r in acme.arrow("api_resources").to_pylist()}


def test_kubelets_each_tell_for_themselves(server, kubeconfig) -> None:
    server.configz["acme-w1"] = {"authentication": {"anonymous": {"enabled": False}}, "readOnlyPort": 10255,
                                 "tlsCipherSuites": ["A", "B"], "staticPodURLHeader": {"Authorization": ["secret-header"]}}
    snapshot = take(kubeconfig)
    settings = {(r["node"], r["key"]): r["value"] for r in snapshot.arrow("kubelet_settings").to_pylist()}
    assert settings == {("acme-w1", "authentication.anonymous.enabled"): "false", ("acme-w1", "readOnlyPort"): "10255",
                        ("acme-w1", "tlsCipherSuites"): "A,B"}
    read = dict(zip(snapshot.kubelets["node"], snapshot.kubelets["read"], strict=True))
    assert read["acme-w1"] and sum(read.values()) == 1
    assert entry(snapshot, "kubelets").outcome == "partial"


def test_a_cluster_that_refuses_everything(server, kubeconfig) -> None:
    server.fault("*", status=403)
    with pytest.raises(SourceError, match="Nothing could be collected.*forbidden"):
        take(kubeconfig)


def test_credentials_that_are_not_accepted(tmp_path: Path) -> None:
    with ReplayServer(ACME_PROD, token="right", tls=True) as server, pytest.raises(SourceError, match=r"credentials.*401"):
        take(str(server.kubeconfig(tmp_path, token="wrong")))


@pytest.mark.parametrize("expired", [False, True])
def test_certificates(tmp_path: Path, expired: bool) -> None:
    with ReplayServer(ACME_PROD, tls=True, expired=expired, token="t") as server:
        config = str(server.kubeconfig(tmp_path))
        if expired:
            with pytest.raises(SourceError, match="certificate has expired"):
                take(config)
        else:
            assert entry(take(config), "pods").outcome == "complete"


def test_nobody_there(tmp_path: Path) -> None:
    with ReplayServer(ACME_PROD) as server:
        config = str(server.kubeconfig(tmp_path))
    with pytest.raises(SourceError, match="cannot be reached: the connection was refused"):
        take(config)


@pytest.mark.parametrize(("content", "says"), [
    ("not: [yaml", "kubeconfig"), ("", "kubeconfig"), ("a: 1", "kubeconfig"), ("[]", "kubeconfig"),
])
def test_kubeconfigs_that_are_none(tmp_path: Path, content: str, says: str) -> None:
    config = tmp_path / "config"
    config.write_text(content)
    with pytest.raises(SourceError, match=says):
        LiveSource(None, str(config))


def test_a_context_that_does_not_exist(kubeconfig) -> None:
    with pytest.raises(SourceError, match="no context 'prod'.*acme-prod"):
        LiveSource("prod", kubeconfig)


def test_the_client_adds_nothing_to_what_is_printed(server, kubeconfig, capfd) -> None:
    take(kubeconfig)
    assert capfd.readouterr() == ("", "")


def test_what_scanners_keep_in_the_cluster_becomes_findings(server, kubeconfig) -> None:
    snapshot = take(kubeconfig, limit=5)
    tools = set(snapshot.findings["tool"])
    assert {"trivy-operator", "gatekeeper"} <= tools
    listed = entry(snapshot, "scan:trivy-operator:vulnerabilityreports.aquasecurity.github.io")
    assert listed.outcome == "complete" and listed.items == 21 and len(listed.bodies) == 5
    assert snapshot.scans["scan"].is_unique, "all pages of a list are one scan"


def test_a_truncated_list_of_violations_is_partial(server, kubeconfig) -> None:
    snapshot = take(kubeconfig)
    found = entry(snapshot, "scan:gatekeeper:k8sallowedrepos.constraints.gatekeeper.sh")
    assert found.outcome == "partial" and "20 of its 37" in found.reason
    assert snapshot.gaps("findings", ("gatekeeper",))
    assert not snapshot.gaps("findings", ("trivy-operator",))


@pytest.mark.parametrize(("fault", "outcome"), [
    ({"status": 403}, "forbidden"), ({"status": 429, "retry_after": 0}, "failed"), ({"kind": "half"}, "failed"),
    ({"kind": "transform", "transform": lambda d: {**d, "items": None}}, "failed"),
    ({"kind": "transform", "transform": lambda d: {**d, "items": [{"metadata": None}, *d["items"]]}}, "partial"),
    ({"kind": "gone", "page": 2}, "partial"),
])
def test_a_spoilt_list_of_findings(server, kubeconfig, fault, outcome) -> None:
    server.fault("*/vulnerabilityreports", **fault)
    snapshot = take(kubeconfig, limit=5)
    assert entry(snapshot, "scan:trivy-operator:vulnerabilityreports.aquasecurity.github.io").outcome == outcome
    assert snapshot.gaps("findings", ("trivy-operator",))


def test_scan_files_become_part_of_the_snapshot(server, kubeconfig, tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text(
        '{"Controls": [{"id": "1", "version": "cis-1.12", "node_type": "master", "tests": [{"section": "1.1", "results": '
        '[{"test_number": "1.1.1", "status": "PASS", "test_desc": "d"}]}]}], "Totals": {}}')
    (tmp_path / "broken.json").write_text('{"Controls": [')
    snapshot = take(kubeconfig, scans=[tmp_path / "bench.json", tmp_path / "broken.json"])
    assert entry(snapshot, "scan:kube-bench:bench.json").outcome == "complete"
    assert any(found.resource.startswith("scan:") and "broken.json" in found.resource and found.outcome == "failed"
               for found in snapshot.manifest.ledger)
    assert "kube-bench" in set(snapshot.findings["tool"])
