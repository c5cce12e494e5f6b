"""Kubelets and files of nodes: a node that was not read is unknown, and each is judged for itself."""

import pytest

from auditkit.checks import all_checks, find
from auditkit.controls import Requirement
from auditkit.evaluation import run, status_of
from auditkit.proof import world

KUBELET = sorted(name for name, check in all_checks().items() if check.tables[0] == "node_kubelets")
BENCH = ("kubelet.no_hostname_override", "kube_proxy.metrics_local", "node_files.permissions")
LABEL = {"key": "node-role.kubernetes.io/control-plane", "value": ""}


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
    assert found["b"] == ("unknown", "the kubelet's configuration was not read: it was not asked")


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
    assert all("kube-bench gave no result" in reason for _, reason in found.values())


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
    ("3.1.1", "cis-1.12/3.1.1", "unknown"), ("3.1.1", "eks-1.8.0/3.1.1", "pass"),
    ("3.1.3", "aks-1.0/3.1.3", "unknown"), ("4.1.1", "eks-1.8.0/4.1.1", "unknown"),
    ("4.1.1", "gke-1.9.0/4.1.1", "unknown"),
])
def test_a_result_counts_where_its_benchmark_means_the_same(rule, rule_id, verdict):
    tables = {"nodes": [{}], "node_labels": [LABEL],
              "findings": [{"tool": "kube-bench", "rule_id": rule_id, "node": "node-0", "status": "pass"}]}
    assert verdicts("node_files.permissions", tables, rule=rule)["node-0"][0] == verdict


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
