"""Flags of the control plane: defaults, what cannot be seen, and each node for itself."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.analysis.columns import STRING
from auditkit.checks import find
from auditkit.checks.support.values import boolean, gate, lists, lists_only, seconds
from auditkit.evaluation.engine import run
from auditkit.evaluation.status import status_of
from auditkit.framework.model import Requirement
from auditkit.proof.prove import world


def counts(check: str, **tables) -> dict[str, int]:
    return run(find(check), world(tables)).counts


def only(check: str, tables: dict) -> tuple[str, str]:
    """Verdict and reason of the one subject."""
    rows = run(find(check), world(tables)).rows()
    assert len(rows) == 1
    return rows.loc[0, "verdict"], rows.loc[0, "reason"]


def test_each_node_is_judged_for_itself():
    pods = [{"component": "kube-apiserver", "node": f"cp{n}", "pod": f"kube-apiserver-cp{n}"} for n in (0, 1, 2)]
    rows = run(find("api_server.anonymous_auth_disabled"), world({
        "control_plane": pods,
        "control_plane_flags": [{**pods[0], "flag": "anonymous-auth", "value": "false"},
                                {**pods[2], "flag": "anonymous-auth", "value": None}]})).rows()
    assert dict(zip(rows["name"], rows["verdict"], strict=True)) == {
        "kube-apiserver-cp0": "pass", "kube-apiserver-cp1": "fail", "kube-apiserver-cp2": "unknown"}
    assert rows["kind"].tolist() == ["Pod"] * 3 and rows["namespace"].tolist() == ["kube-system"] * 3
    assert rows["seen"].tolist() == [
        "anonymous-auth=false", "anonymous-auth=not set (default true)", "anonymous-auth=set"]


@pytest.mark.parametrize(("check", "component"), [
    ("api_server.profiling_disabled", "kube-apiserver"),
    ("controller_manager.profiling_disabled", "kube-controller-manager"),
    ("scheduler.profiling_disabled", "kube-scheduler"), ("etcd.client_cert_auth", "etcd")])
def test_a_component_that_is_not_visible_leaves_the_requirement_unknown(check, component):
    others = {name: [] for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
              if name != component}
    outcome = run(find(check), world(others))
    status, reason = status_of(Requirement(id="1", section="1", title="t", reach="evidenced"), [outcome])
    assert status == "unknown" and component in str(reason)


@pytest.mark.parametrize(("check", "component", "arguments", "file"), [
    ("api_server.anonymous_auth_disabled", "kube-apiserver", ["--authentication-config=a"], "authentication-config"),
    ("api_server.authorization_includes_node", "kube-apiserver", ["--authorization-config=a"], "authorization-config"),
    ("api_server.authorization_includes_rbac", "kube-apiserver", ["--authorization-config=a"], "authorization-config"),
    ("scheduler.profiling_disabled", "kube-scheduler", ["--config=a", "--profiling=false"], "config"),
    ("scheduler.profiling_disabled", "kube-scheduler", ["--config=a"], "config"),
    ("etcd.client_cert_auth", "etcd", ["--config-file=a", "--client-cert-auth=true"], "config-file"),
    ("etcd.server_certificate", "etcd", ["--config-file=a", "--cert-file=b", "--key-file=c"], "config-file"),
    ("etcd.no_auto_tls", "etcd", ["--config-file=a"], "config-file"),
])
def test_what_a_file_says_instead_is_unknown(check, component, arguments, file):
    verdict, reason = only(check, {component: arguments})
    assert verdict == "unknown" and f"--{file} " in reason


@pytest.mark.parametrize("check", ["etcd.client_cert_auth", "etcd.no_auto_tls", "etcd.server_certificate",
                                   "etcd.peer_client_cert_auth", "etcd.unique_ca"])
def test_what_the_environment_of_etcd_says_is_unknown(check):
    names = ["ETCD_CLIENT_CERT_AUTH", "ETCD_AUTO_TLS", "ETCD_CERT_FILE", "ETCD_KEY_FILE", "ETCD_PEER_CLIENT_CERT_AUTH",
             "ETCD_TRUSTED_CA_FILE"]
    pod = {"namespace": "kube-system", "pod": "etcd-node-0", "container": "etcd"}
    verdict, reason = only(check, {"etcd": [], "kube-apiserver": ["--client-ca-file=/ca"],
                                   "container_env": [{**pod, "name": name} for name in names]})
    assert verdict == "unknown" and "environment" in reason


def test_a_flag_of_etcd_goes_before_its_environment():
    env = [{"namespace": "kube-system", "pod": "etcd-node-0", "container": "etcd", "name": "ETCD_AUTO_TLS"}]
    assert only("etcd.no_auto_tls", {"etcd": ["--auto-tls=false"], "container_env": env})[0] == "pass"


def test_a_hidden_value_is_unknown_and_a_hidden_file_is_set():
    hidden = "--{}=$(SOMETHING)"
    for check, flag, verdict in (
        ("api_server.profiling_disabled", "profiling", "unknown"),
        ("api_server.authorization_includes_rbac", "authorization-mode", "unknown"),
        ("api_server.node_restriction_plugin", "enable-admission-plugins", "unknown"),
        ("api_server.strong_ciphers", "tls-cipher-suites", "unknown"),
        ("api_server.request_timeout", "request-timeout", "unknown"),
        ("api_server.audit_log_maxage", "audit-log-maxage", "unknown"),
        ("api_server.service_account_plugin", "disable-admission-plugins", "unknown"),
        ("api_server.audit_policy_file", "audit-policy-file", "pass"),
        ("api_server.no_token_auth_file", "token-auth-file", "fail"),
    ):
        arguments = ["--audit-policy-file=/p", "--audit-log-path=/a", hidden.format(flag)]
        assert only(check, {"kube-apiserver": arguments})[0] == verdict, check


def test_a_default_that_depends_on_an_untold_version_is_unknown():
    for image in (None, "registry.k8s.io/kube-apiserver@sha256:00", "mirror.example:5000/kube-apiserver"):
        pod = {"component": "kube-apiserver", "image": image}
        log = [{"component": "kube-apiserver", "flag": f"audit-{name}", "value": "/a"}
               for name in ("log-path", "policy-file")]
        found = counts("api_server.audit_log_maxage", control_plane=[pod], control_plane_flags=log)
        assert found["unknown"] == 1


@pytest.mark.parametrize("check", ["audit_log_path", "audit_log_maxage", "audit_log_maxbackup", "audit_log_maxsize"])
def test_without_a_policy_file_nothing_is_logged(check):
    log = ["--audit-log-path=/a", "--audit-log-maxage=90", "--audit-log-maxbackup=10", "--audit-log-maxsize=100"]
    verdict, reason = only(f"api_server.{check}", {"kube-apiserver": log})
    assert (verdict, reason) == ("fail", "--audit-policy-file is not set, so the API server logs no event")
    hidden = {"kube-apiserver": [*log, "--audit-policy-file=$(POLICY)"]}
    assert only(f"api_server.{check}", hidden)[0] == "pass"


def test_whether_a_policy_is_named_is_unknown_where_flags_are_not_visible():
    server = {"component": "kube-apiserver", "unread": "a script starts it"}
    log = {"component": "kube-apiserver", "flag": "audit-log-path", "value": "/a"}
    assert counts("api_server.audit_log_path", control_plane=[server], control_plane_flags=[log])["unknown"] == 1


def test_rotation_means_nothing_for_standard_output():
    arguments = ["--audit-policy-file=/p", "--audit-log-path=-", "--audit-log-maxage=90"]
    verdict, reason = only("api_server.audit_log_maxage", {"kube-apiserver": arguments})
    assert verdict == "unknown" and "standard output" in reason


def test_providers_of_encryption_are_unknown_without_a_result_of_their_node():
    flag = ["--encryption-provider-config=/etc/kubernetes/encryption.yaml"]
    passed = {"tool": "kube-bench", "rule_id": "cis-1.12/1.2.28", "node": "node-0", "status": "pass"}
    for change in ({"rule_id": "cis-1.8/1.2.28"}, {"rule_id": "eks-1.8.0/1.2.28"}, {"node": "node-1"}, {"node": None},
                   {"status": "warn"}, {"status": "manual"}, {"status": None}, {"tool": "trivy"}):
        tables = {"kube-apiserver": flag, "findings": [passed | change]}
        assert only("api_server.encryption_providers_strong", tables)[0] == "unknown", change


def test_etcd_is_unknown_where_there_is_no_api_server_to_compare_with():
    assert only("etcd.unique_ca", {"etcd": ["--trusted-ca-file=/a"]})[0] == "unknown"
    hidden = {"etcd": ["--trusted-ca-file=/a"], "kube-apiserver": ["--client-ca-file=$(CA)"]}
    assert only("etcd.unique_ca", hidden)[0] == "unknown"


@pytest.mark.parametrize(("arguments", "wanted"), [
    ([], "fail"), (["--admission-control=NodeRestriction"], "fail"),
    (["--admission-control=ImagePolicyWebhook"], "unknown"), (["--admission-control=$(PLUGINS)"], "unknown"),
    (["--enable-admission-plugins=ImagePolicyWebhook"], "unknown"),
])
def test_images_may_be_verified_by_a_plugin_that_the_old_flag_names(arguments, wanted):
    tables = {"namespaces": [{}], "kube-apiserver": arguments}
    assert only("admission.image_provenance_policy", tables)[0] == wanted


names = st.text("abAB", min_size=1, max_size=3)


@given(st.lists(names, max_size=4), names)
def test_lists(items, wanted):
    text = pd.Series([",".join(items), None], dtype=STRING)
    assert lists(text, wanted).tolist()[0] is (wanted in items)
    assert lists_only(text, {"a", "b"}).tolist()[0] is (bool(items) and set(items) <= {"a", "b"})
    assert lists(text, wanted).isna().tolist() == [False, True]


gates = st.tuples(st.sampled_from(["AllBeta", "Gate", "Other", "MyGate", "wardle:Gate"]), st.booleans())


@given(st.lists(gates, max_size=5), st.booleans(), st.sampled_from(["", "kube:", " kube: "]))
def test_gates_as_the_library_of_kubernetes_reads_them(pairs, default, prefix):
    told = dict(pairs)
    text = pd.Series([",".join(f"{'' if ':' in name else prefix}{name}={str(on).lower()}" for name, on in pairs)],
                     dtype=STRING)
    assert gate(text, "Gate", default=default).tolist() == [told.get("Gate", told.get("AllBeta", default))]


@pytest.mark.parametrize(("arguments", "verdicts"), [
    (["--admission-control=AlwaysAdmit"], ("fail", "fail", "fail")),
    (["--admission-control=ServiceAccount,NodeRestriction"], ("pass", "pass", "pass")),
    (["--admission-control="], ("fail", "fail", "pass")),
    (["--admission-control=$(PLUGINS)"], ("unknown", "unknown", "unknown")),
    ([], ("pass", "fail", "pass")),
])
def test_the_old_flag_of_admission_stands_instead_of_the_defaults(arguments, verdicts):
    checks = ("service_account_plugin", "node_restriction_plugin", "no_always_admit")
    assert verdicts == tuple(only(f"api_server.{check}", {"kube-apiserver": arguments})[0] for check in checks)


def test_switches_and_durations_that_cannot_be_read_are_unknown():
    assert boolean(pd.Series(["true", "T", "0", "yes", "", None], dtype=STRING)).tolist()[:3] == [True, True, False]
    assert boolean(pd.Series(["yes", "", None], dtype=STRING)).isna().all()
    assert seconds(pd.Series(["1m0s", "1h", "0", "90", "soon", None], dtype=STRING)).tolist()[:3] == [60.0, 3600.0, 0.0]
    assert seconds(pd.Series(["90", "soon", None], dtype=STRING)).isna().all()


@pytest.mark.parametrize(("value", "verdict"), [
    ("30", "pass"), ("030", "fail"), ("0x1E", "pass"), ("9223372036854775807", "pass"), ("9" * 5000, "unknown"),
    ("1e3", "unknown"), ("nan", "unknown")])
def test_numbers_are_read_as_the_programs_read_them(value, verdict):
    arguments = ["--audit-policy-file=/p", "--audit-log-path=/a", f"--audit-log-maxage={value}"]
    assert only("api_server.audit_log_maxage", {"kube-apiserver": arguments})[0] == verdict
