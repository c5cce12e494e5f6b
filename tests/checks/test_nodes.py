"""Kubelets and files of nodes: a node that was not read is unknown, and each is judged for itself."""

import msgspec
import pytest

from auditkit.checks import all_checks, find
from auditkit.evaluation.engine import run
from auditkit.evaluation.results import Reason
from auditkit.evaluation.status import status_of
from auditkit.framework.model import Requirement
from auditkit.proof.prove import TIME, world
from auditkit.snapshots.ledger import SCAN, Entry
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import TABLES

KUBELET = sorted(name for name, check in all_checks().items() if check.tables[0] == "node_kubelets")
BENCH = ("kubelet.no_hostname_override", "kube_proxy.metrics_local", "node_files.permissions")
LABEL = {"key": "node-role.kubernetes.io/control-plane", "value": ""}


ETCD = {"key": "node-role.kubernetes.io/etcd", "value": "true"}
RKE = {"key": "node-role.kubernetes.io/controlplane", "value": "true"}


def verdicts(check, tables, **parameters):
    outcome = run(find(check).with_parameters(parameters), world(tables, find(check).tools))
    rows = outcome.rows()
    return dict(zip(rows["name"], zip(rows["verdict"], rows["reason"], strict=True), strict=True))


def test_all_other_checks_of_kubelets_read_their_settings():
    assert set(KUBELET) == {name for name in all_checks() if name.startswith("kubelet.")} - set(BENCH)


@pytest.mark.parametrize("check", KUBELET)
def test_a_kubelet_that_was_not_read_is_unknown(check):
    found = verdicts(check, {
        "nodes": [{"name": "a", "os": "linux"}, {"name": "b", "os": "linux"}],
        "kubelets": [{"node": "a", "read": False, "reason": "403 Forbidden"}],
        "kubelet_settings": [{"node": "a", "key": "readOnlyPort", "value": "10255"}]})
    assert found["a"] == ("unknown", "the kubelet's configuration was not read: 403 Forbidden")
    assert found["b"] == ("unknown", "the kubelet's configuration was not read: it was not requested")


@pytest.mark.parametrize("check", [*KUBELET, *BENCH])
def test_a_cluster_without_visible_nodes_is_unknown(check):
    outcome = run(find(check), world({}, find(check).tools))
    assert status_of(Requirement(id="1", section="1", title="t", reach="evidenced"), [outcome])[0] == "unknown"


@pytest.mark.parametrize(("check", "key", "value"), [
    ("anonymous_auth_disabled", "authentication.anonymous.enabled", "perhaps"),
    ("read_only_port_closed", "readOnlyPort", "x"), ("streaming_timeout_set", "streamingConnectionIdleTimeout", "long"),
    ("iptables_chains_managed", "makeIPTablesUtilChains", "?"), ("event_qps_set", "eventRecordQPS", "many"),
    ("rotates_certificates", "rotateCertificates", "x"), ("pod_pids_limited", "podPidsLimit", "x"),
    ("seccomp_default", "seccompDefault", "x"),
    ("rotates_server_certificate", "featureGates.RotateKubeletServerCertificate", "x"),
])
def test_a_setting_that_cannot_be_read_is_unknown(check, key, value):
    assert verdicts(f"kubelet.{check}", {"kubelet": {key: value}})["node-0"][0] == "unknown"


@pytest.mark.parametrize("check", ["anonymous_auth_disabled", "authorization_not_always_allow", "streaming_timeout_set",
                                   "iptables_chains_managed", "event_qps_set", "pod_pids_limited"])
def test_a_setting_that_a_kubelet_always_tells_is_unknown_where_it_is_missing(check):
    assert verdicts(f"kubelet.{check}", {"kubelet": {"port": 10250}})["node-0"][0] == "unknown"


def test_a_certificate_that_the_kubelet_asks_for_is_unknown():
    verdict, reason = verdicts("kubelet.tls_certificate", {"kubelet": {"serverTLSBootstrap": True}})["node-0"]
    assert verdict == "unknown" and "signed" in reason


@pytest.mark.parametrize("check", ["iptables_chains_managed", "seccomp_default"])
def test_windows_is_out_of_scope_where_the_thing_does_not_exist(check):
    found = verdicts(f"kubelet.{check}", {"nodes": [{"os": "windows"}], "kubelets": [{"read": True}]})
    assert found["node-0"][0] == "not_applicable"


@pytest.mark.parametrize("check", BENCH)
def test_a_node_without_a_result_is_unknown(check):
    found = verdicts(check, {"nodes": [{}, {}]})
    assert [verdict for verdict, _ in found.values()] == ["unknown", "unknown"]
    assert all("no kube-bench result was given" in reason for _, reason in found.values())


@pytest.mark.parametrize("check", BENCH)
def test_a_rule_that_kube_bench_leaves_open_is_unknown_and_not_without_a_result(check):
    found = verdicts(check, {"nodes": [{}, {}], "findings": [
        result_of("node-0", rule, "open") for rule in ("4.1.1", "4.2.7", "4.3.1")]})
    assert [verdict for verdict, _ in found.values()] == ["unknown", "unknown"]
    first, second = (reason for _, reason in found.values())
    assert "left this rule undecided" in first and "no kube-bench result" in second


def test_results_find_their_node_by_the_name_of_the_file():
    def result(file, status="pass"):
        return {"tool": "kube-bench", "rule_id": "cis-1.12/4.1.1", "kind": "Node", "scan": f"kube-bench:{file}",
                "status": status}
    found = verdicts("node_files.permissions", {
        "nodes": [{"name": name} for name in ("w1", "w2", "w3.acme.example", "w4", "w5", "w6")],
        "findings": [result("w1.json"), result("nodes/w2/kube-bench.json", "fail"),
                     result("kube-bench-w3.acme.example.json"), result("other.json"), result("w5/w6.json"),
                     result("a.zip!w6-kube-bench.json.gz")]}, rule="4.1.1")
    assert {name: verdict for name, (verdict, _) in found.items()} == {
        "w1": "pass", "w2": "fail", "w3.acme.example": "pass", "w4": "unknown", "w5": "unknown", "w6": "pass"}


@pytest.mark.parametrize(("rule", "rule_id", "verdict"), [
    ("1.1.1", "cis-1.12/1.1.1", "pass"), ("1.1.1", "cis-2.0.1/1.1.1", "pass"), ("1.1.1", "cis-1.9/1.1.1", "pass"),
    ("1.1.1", "cis-1.6/1.1.1", "unknown"), ("1.1.1", "eks-1.8.0/1.1.1", "unknown"),
    ("1.1.1", "cis-1.12/1.1.2", "unknown"), ("1.1.20", "cis-1.10/1.1.20", "unknown"),
    ("1.1.20", "cis-1.11/1.1.20", "pass"), ("4.1.7", "cis-1.8/4.1.7", "unknown"),
    ("3.1.1", "cis-1.12/3.1.1", "unknown"), ("3.1.1", "eks-1.8.0/3.1.1", "unknown"),
    ("4.1.1", "eks-1.8.0/4.1.1", "unknown"), ("4.1.1", "gke-1.9.0/4.1.1", "unknown"),
])
def test_a_result_counts_where_its_benchmark_means_the_same(rule, rule_id, verdict):
    tables = {"nodes": [{}], "node_labels": [LABEL],
              "findings": [{"tool": "kube-bench", "rule_id": rule_id, "node": "node-0", "status": "pass"}]}
    assert verdicts("node_files.permissions", tables, rule=rule)["node-0"][0] == verdict


@pytest.mark.parametrize(("benchmark", "rule_id", "verdict"), [
    ("eks", "eks-1.8.0/3.1.1", "pass"), ("eks", "eks-1.0.1/3.1.1", "pass"), ("eks", "aks-1.8/3.1.1", "unknown"),
    ("eks", "gke-1.9.0/3.1.1", "unknown"), ("eks", "cis-1.12/3.1.1", "unknown"), ("aks", "aks-1.8/3.1.1", "pass"),
    ("aks", "aks-1.0/3.1.1", "unknown"), ("aks", "eks-1.8.0/3.1.1", "unknown"), ("gke", "gke-1.9.0/3.1.1", "pass"),
    ("gke", "gke-1.6.0/3.1.1", "unknown"), ("gke", "eks-1.8.0/3.1.1", "unknown"),
])
def test_a_cloud_is_judged_by_its_own_benchmark(benchmark, rule_id, verdict):
    tables = {"nodes": [{}], "findings": [
        {"tool": "kube-bench", "rule_id": rule_id, "node": "node-0", "status": "pass"}]}
    found = verdicts("node_files.permissions", tables, rule="3.1.1", benchmark=benchmark)
    assert found["node-0"][0] == verdict


def result_of(node, rule, status="pass", benchmark="cis-1.12"):
    return {"tool": "kube-bench", "rule_id": f"{benchmark}/{rule}", "node": node, "status": status}


@pytest.mark.parametrize(("rule", "cp", "etcd", "worker"), [
    ("1.1.1", "pass", "not_applicable", "not_applicable"), ("1.1.11", "not_applicable", "pass", "not_applicable")])
def test_nodes_of_etcd_alone_are_asked_for_the_files_of_etcd(rule, cp, etcd, worker):
    labels = [RKE | {"node": "cp"}, ETCD | {"node": "etcd"}]
    tables = {"nodes": [{"name": name} for name in ("cp", "etcd", "worker")], "node_labels": labels,
              "findings": [result_of("cp", rule), result_of("etcd", rule)]}
    found = verdicts("node_files.permissions", tables, rule=rule)
    assert {name: verdict for name, (verdict, _) in found.items()} == {"cp": cp, "etcd": etcd, "worker": worker}
    part = "the control plane" if rule == "1.1.1" else "etcd"
    assert found["worker"][1] == f"the node is not labelled as one of {part}"
    for name in ("cp", "etcd", "worker"):  # what kube-bench fails is out of scope nowhere
        failing = tables | {"findings": [result_of(name, rule, "fail")]}
        assert verdicts("node_files.permissions", failing, rule=rule)[name][0] == "fail"


def test_etcd_on_the_control_plane_is_asked_there():
    for rule in ("1.1.7", "1.1.8", "1.1.11", "1.1.12"):
        tables = {"nodes": [{}, {}], "node_labels": [LABEL], "findings": [result_of("node-0", rule)]}
        found = verdicts("node_files.permissions", tables, rule=rule)
        assert [verdict for verdict, _ in found.values()] == ["pass", "not_applicable"]


def test_a_node_that_is_not_labelled_does_not_lose_a_failure():
    tables = {"nodes": [{}, {}], "findings": [result_of("node-0", "1.1.1", "fail"), result_of("node-1", "1.1.1")]}
    found = verdicts("node_files.permissions", tables, rule="1.1.1")
    assert [verdict for verdict, _ in found.values()] == ["fail", "unknown"]


@pytest.mark.parametrize("scans", [True, False])
def test_the_control_plane_of_a_provider_is_not_applicable(scans):
    check = find("node_files.permissions").with_parameters({"rule": "1.1.1"})
    tables = {"nodes": [{}, {}], "collection": [{"server_version": "v1.33.1-eks-abc"}]}
    outcome = run(check, world(tables, check.tools) if scans else without_scans(tables))
    assert outcome.counts["not_applicable"] == 2
    requirement = Requirement(id="1", section="1", title="t", reach="evidenced")
    assert status_of(requirement, [outcome]) == ("not_applicable", Reason("run by the provider (Amazon EKS)"))
    own = tables | {"kube-apiserver": []}
    assert run(check, world(own, check.tools)).counts["not_applicable"] == 0
    tables["findings"] = [result_of("node-1", "1.1.1", "fail")]
    assert run(check, world(tables, check.tools)).counts["fail"] == 1


def without_scans(tables):
    """A world of which no scan was given."""
    snapshot = world(tables)
    kept = [entry for entry in snapshot.manifest.ledger if not entry.resource.startswith(SCAN)]
    return Snapshot(msgspec.structs.replace(snapshot.manifest, ledger=kept),
                    {name: snapshot.arrow(name) for name in TABLES})


@pytest.mark.parametrize("check", BENCH)
def test_what_kube_bench_passed_passes_nowhere_where_a_scan_of_it_is_not_whole(check):
    rule = {"kubelet.no_hostname_override": "4.2.7", "kube_proxy.metrics_local": "4.3.1"}.get(check, "4.1.1")
    snapshot = world({"nodes": [{}], "findings": [result_of("node-0", rule)]}, find(check).tools)
    assert run(find(check), snapshot).counts["pass"] == 1
    cut = Entry(resource=f"{SCAN}kube-bench:cut", outcome="partial", reason="cut", started=TIME, ended=TIME)
    manifest = msgspec.structs.replace(snapshot.manifest, ledger=[*snapshot.manifest.ledger, cut])
    outcome = run(find(check), Snapshot(manifest, {name: snapshot.arrow(name) for name in TABLES}))
    assert outcome.counts["unknown"] == 1 and outcome.counts["pass"] == 0
    assert "cut" in outcome.rows()["reason"].item()


def test_files_of_the_control_plane_are_asked_of_its_nodes_alone():
    passed = {"tool": "kube-bench", "rule_id": "cis-1.12/1.1.1", "node": "node-0", "status": "pass"}
    tables = {"nodes": [{}, {}], "node_labels": [LABEL], "findings": [passed]}
    found = verdicts("node_files.permissions", tables, rule="1.1.1")
    assert found["node-0"][0] == "pass" and found["node-1"][0] == "not_applicable"
    hidden = verdicts("node_files.permissions", {"nodes": [{}], "findings": [passed]}, rule="1.1.1")
    assert hidden["node-0"][0] == "unknown"


def test_a_result_that_is_no_decision_against_one_that_is():
    def result(status):
        return {"tool": "kube-bench", "rule_id": "cis-1.12/4.1.1", "node": "node-0", "status": status}
    for statuses, verdict in ((("pass", "warn"), "unknown"), (("fail", "warn"), "fail"), (("pass", "pass"), "pass"),
                              (("pass", "fail"), "fail"), (("manual",), "unknown"), ((None,), "unknown")):
        tables = {"nodes": [{}], "findings": [result(status) for status in statuses]}
        assert verdicts("node_files.permissions", tables)["node-0"][0] == verdict, statuses


def test_an_operating_system_that_no_control_names_is_not_known():
    verdict, reason = verdicts("nodes.run_operating_system", {"nodes": [{"os_image": "Ubuntu 22.04.4 LTS"}]})["node-0"]
    assert verdict == "unknown" and "does not name" in reason
    named = verdicts("nodes.run_operating_system", {"nodes": [{"os_image": "Ubuntu 22.04.4 LTS"}]}, system="Ubuntu")
    assert named["node-0"][0] == "pass"
