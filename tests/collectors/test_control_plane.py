"""Static pods to instances of the control plane, and what of them is not seen."""

import msgspec
import pyarrow as pa
import pytest

from auditkit import tables
from auditkit.checks import find
from auditkit.collectors import command_line
from auditkit.collectors.control_plane import static_pods
from auditkit.collectors.decode.objects import decode
from auditkit.evaluation.engine import run
from auditkit.proof.prove import world
from auditkit.snapshots.snapshot import Snapshot

ROLE = "node-role.kubernetes.io/"


def pod(component: str, *arguments: str, node: str = "cp0", mirror: bool = True, name: str = "", labels=None,
        **container) -> dict:
    return {"metadata": {"name": f"{component}-{node}", "namespace": "kube-system", "labels": labels or {},
                         "annotations": {"kubernetes.io/config.mirror": "x"} if mirror else {}},
            "spec": {"nodeName": node, "containers": [
                {"name": name or component, "image": f"registry.k8s.io/{component}:v1.34.1",
                 "command": [component, *arguments], **container}]}}


def cluster(*pods: dict, **rows) -> Snapshot:
    """A snapshot of these pods and rows of other tables, as they would be collected."""
    body = msgspec.json.encode({"items": pods})
    told = decode(msgspec.json.encode({"items": static_pods(body)[0]}), "controlplane").batches
    given = world(rows)
    found = {**decode(body, "pods").batches, **told}
    return Snapshot(given.manifest, {
        name: pa.Table.from_batches(found[name]) if name in found else given.arrow(name) for name in tables.TABLES})


def verdicts(check: str, snapshot: Snapshot) -> dict[str, str]:
    rows = run(find(check), snapshot).rows()
    return dict(zip(rows["name"], rows["verdict"], strict=True))


def labelled(*nodes: str, role: str = "control-plane") -> list[dict]:
    return [{"node": node, "key": ROLE + role, "value": ""} for node in nodes]


def test_what_is_started_by_a_script_is_unknown_with_a_reason():
    script = pod("kube-apiserver", command=["/start.sh"])
    rows = run(find("api_server.no_token_auth_file"), cluster(script)).rows()
    assert rows["verdict"].tolist() == ["unknown"] and "script" in rows.loc[0, "reason"]
    assert rows["seen"].tolist() == ["token-auth-file=not visible"]
    assert verdicts("api_server.tls_certificate", cluster(script)) == {"kube-apiserver-cp0": "unknown"}


def test_a_flag_that_is_seen_counts_though_others_are_not():
    args = {"command": [], "args": ["--profiling=false", "--authorization-mode=RBAC"]}
    snapshot = cluster(pod("kube-apiserver", **args))
    assert verdicts("api_server.profiling_disabled", snapshot) == {"kube-apiserver-cp0": "pass"}
    assert verdicts("api_server.authorization_not_always_allow", snapshot) == {"kube-apiserver-cp0": "unknown"}


def test_a_file_that_may_be_named_unseen_goes_before_flags():
    snapshot = cluster(pod("kube-scheduler", command=["/start.sh", "kube-scheduler", "--profiling=false"]))
    assert verdicts("scheduler.profiling_disabled", snapshot) == {"kube-scheduler-cp0": "unknown"}


@pytest.mark.parametrize("change", [{}, {"labels": {"component": "kube-apiserver"}}])
def test_a_container_of_another_name_is_found_by_its_pod(change):
    other = pod("kube-apiserver", "--anonymous-auth=false", name="server", **change)
    if change:
        other["metadata"]["name"] = "api"
    other["spec"]["containers"].insert(0, {"name": "side", "image": "i", "command": ["watch"]})
    assert list(verdicts("api_server.anonymous_auth_disabled", cluster(other)).values()) == ["pass"]


def test_a_second_member_under_another_name_is_judged_too():
    good, events = pod("etcd", "--client-cert-auth=true"), pod("etcd", "--client-cert-auth=false", name="etcd-events")
    events["metadata"]["name"] = "etcd-events-cp0"
    assert verdicts("etcd.client_cert_auth", cluster(good, events)) == {"etcd-cp0": "pass", "etcd-events-cp0": "fail"}
    good["spec"]["containers"] += events["spec"]["containers"]
    assert verdicts("etcd.client_cert_auth", cluster(good)) == {"etcd-cp0": "unknown"}


def test_only_mirror_pods_of_kube_system_are_of_the_control_plane():
    plain = pod("kube-apiserver", mirror=False)
    elsewhere = pod("kube-apiserver")
    elsewhere["metadata"]["namespace"] = "app"
    assert static_pods(msgspec.json.encode({"items": [plain, elsewhere]})) == ([], [])


# --- nodes on which a component is not seen ------------------------------------------------------------------------


def test_a_node_of_the_control_plane_whose_pod_is_not_seen_is_unknown():
    pods = [pod("kube-apiserver", "--anonymous-auth=false", node=node) for node in ("cp0", "cp1")]
    snapshot = cluster(*pods, node_labels=[*labelled("cp0", "cp1"), *labelled("cp2", role="master")])
    assert verdicts("api_server.anonymous_auth_disabled", snapshot) == {
        "kube-apiserver-cp0": "pass", "kube-apiserver-cp1": "pass", "cp2": "unknown"}
    rows = run(find("api_server.anonymous_auth_disabled"), snapshot).rows("unknown")
    assert rows["kind"].tolist() == ["Node"] and "no static pod of kube-apiserver" in rows.loc[0, "reason"]
    assert set(verdicts("scheduler.profiling_disabled", snapshot).values()) == {"unknown"}
    assert verdicts("etcd.unique_ca", snapshot) == {"cp0": "unknown", "cp1": "unknown", "cp2": "unknown"}


def test_without_any_static_pod_nothing_is_said_of_nodes():
    snapshot = cluster(node_labels=labelled("cp0"))
    for check in ("api_server.profiling_disabled", "scheduler.profiling_disabled", "etcd.client_cert_auth"):
        assert run(find(check), snapshot).population.empty


def api(*servers: str, node: str = "cp0") -> dict:
    return pod("kube-apiserver", f"--etcd-servers={','.join(servers)}", node=node)


ADDRESSES = [{"node": f"cp{n}", "type": "InternalIP", "address": f"10.0.0.{n}"} for n in range(3)]
ETCD = pod("etcd", "--client-cert-auth=true")


@pytest.mark.parametrize(("pods", "labels", "wanted"), [
    ([api("https://127.0.0.1:2379"), ETCD], labelled("cp0"), {"etcd-cp0": "pass"}),
    ([api("https://[::1]:2379"), ETCD], labelled("cp0", "cp1"), {"etcd-cp0": "pass", "cp1": "unknown"}),
    ([api("https://10.0.0.0:2379", "https://10.0.0.1:2379"), ETCD], labelled("cp0"),
     {"etcd-cp0": "pass", "cp1": "unknown"}),
    ([api("https://10.0.0.0:2379", node="cp1"), api("unix:///e", node="cp0"), ETCD], labelled("cp0", "cp1"),
     {"etcd-cp0": "pass"}),
    ([api("https://10.9.9.9:2379")], labelled("cp0"), {"10.9.9.9": "unknown"}),
    ([api("https://10.9.9.9:2379"), ETCD], labelled("cp0"), {"etcd-cp0": "pass", "10.9.9.9": "unknown"}),
    ([pod("kube-apiserver"), ETCD], [*labelled("cp0", "cp1"), *labelled("cp0", "e1", role="etcd")],
     {"etcd-cp0": "pass", "e1": "unknown"}),
])
def test_etcd_is_expected_where_labels_or_api_servers_say(pods, labels, wanted):
    snapshot = cluster(*pods, node_labels=labels, node_addresses=ADDRESSES)
    assert verdicts("etcd.client_cert_auth", snapshot) == wanted


# --- the environment of etcd ---------------------------------------------------------------------------------------


LITERAL = {"ETCD_CERT_FILE": "/pki/s.crt", "ETCD_KEY_FILE": "/pki/s.key", "ETCD_CLIENT_CERT_AUTH": "true",
           "ETCD_PEER_CERT_FILE": "/pki/p.crt", "ETCD_PEER_KEY_FILE": "/pki/p.key", "ETCD_PEER_CLIENT_CERT_AUTH": "1",
           "ETCD_TRUSTED_CA_FILE": "/pki/etcd/ca.crt", "ETCD_AUTO_TLS": "false", "ETCD_PEER_AUTO_TLS": "false"}
OF_ETCD = [f"etcd.{name}" for name in ("server_certificate", "client_cert_auth", "no_auto_tls", "peer_certificate",
                                       "peer_client_cert_auth", "no_peer_auto_tls", "unique_ca")]


def etcd(*arguments: str, variables: dict | None = None, **container) -> Snapshot:
    env = [{"name": name, "value": value} for name, value in (variables or {}).items()]
    return cluster(pod("etcd", *arguments, env=env, **container), pod("kube-apiserver", "--client-ca-file=/pki/ca.crt"))


@pytest.mark.parametrize("check", OF_ETCD)
def test_literal_variables_of_etcd_decide(check):
    assert verdicts(check, etcd(variables=LITERAL)) == {"etcd-cp0": "pass"}
    assert verdicts(check, etcd(variables=LITERAL, envFrom=[{"secretRef": {"name": "s"}}])) == {"etcd-cp0": "unknown"}
    assert verdicts(check, etcd(envFrom=[{"configMapRef": {"name": "c"}}])) == {"etcd-cp0": "unknown"}
    assert verdicts(check, etcd(variables=LITERAL | {"ETCD_CONFIG_FILE": "/e"})) == {"etcd-cp0": "unknown"}
    assert verdicts(check, etcd(command=["/run.sh"], variables=LITERAL)) == {"etcd-cp0": "unknown"}


def test_a_flag_goes_before_a_variable_and_an_empty_one_sets_nothing():
    assert verdicts("etcd.client_cert_auth", etcd("--client-cert-auth=false", variables=LITERAL)) == {"etcd-cp0": "fail"}
    assert verdicts("etcd.no_auto_tls", etcd(variables={"ETCD_AUTO_TLS": "true"})) == {"etcd-cp0": "fail"}
    empty = etcd(variables=LITERAL | {"ETCD_KEY_FILE": ""})
    assert verdicts("etcd.server_certificate", empty) == {"etcd-cp0": "fail"}


def test_of_the_environment_only_flags_of_etcd_that_are_kept_are_read():
    variables = {"ETCD_INITIAL_CLUSTER_TOKEN": "CANARY", "ETCD_TOKEN_AUTH_FILE": "CANARY", "PASSWORD": "CANARY",
                 "ETCD_ADVERTISE_CLIENT_URLS": "https://user:CANARY@host:2379", "ETCD_CERT_FILE": "$(CANARY)"}
    env = [{"name": name, "value": value} for name, value in variables.items()]
    secret = {"name": "ETCD_KEY_FILE", "valueFrom": {"secretKeyRef": {"name": "CANARY", "key": "k"}}}
    found, _ = static_pods(msgspec.json.encode({"items": [pod("etcd", env=[*env, secret]),
                                                          pod("kube-apiserver", env=env)]}))
    assert b"CANARY" not in msgspec.json.encode(found)
    assert found[0]["instance"]["flags"] == [{"flag": "advertise-client-urls", "value": "https://host:2379"},
                                             {"flag": "cert-file", "value": None}]
    assert found[1]["instance"]["flags"] == []


# --- versions, the audit log, kube-proxy ---------------------------------------------------------------------------


def test_the_version_of_the_only_api_server_is_what_it_tells():
    args = ["--audit-policy-file=/p", "--audit-log-path=/a"]
    digest = {"image": "registry.k8s.io/kube-apiserver@sha256:00"}
    for version, wanted in (("v1.36.0", "pass"), ("v1.34.1", "fail"), ("", "unknown")):
        told = [{"cluster": "c", "server_version": version}]
        one = cluster(pod("kube-apiserver", *args, **digest), collection=told)
        assert verdicts("api_server.audit_log_maxage", one) == {"kube-apiserver-cp0": wanted}
        two = cluster(*(pod("kube-apiserver", *args, node=node, **digest) for node in ("a", "b")), collection=told)
        assert set(verdicts("api_server.audit_log_maxage", two).values()) == {"unknown"}
        unseen = cluster(pod("kube-apiserver", *args, **digest), collection=told, node_labels=labelled("cp0", "cp1"))
        assert set(verdicts("api_server.audit_log_maxage", unseen).values()) == {"unknown"}


@pytest.mark.parametrize(("path", "wanted"), [
    ("/a", "pass"), ("-", "pass"), ("/dev/null", "fail"), ("/dev/./null", "fail"), ("$(LOG)", "unknown")])
def test_an_audit_log_that_goes_nowhere_is_none(path, wanted):
    snapshot = cluster(pod("kube-apiserver", "--audit-policy-file=/p", f"--audit-log-path={path}"))
    assert verdicts("api_server.audit_log_path", snapshot) == {"kube-apiserver-cp0": wanted}


KEPT_LONG = ("--audit-policy-file=/p", "--audit-log-maxage=90", "--audit-log-maxbackup=10", "--audit-log-maxsize=100")


@pytest.mark.parametrize(("arguments", "wanted"), [
    (KEPT_LONG, "fail"), ((*KEPT_LONG, "--audit-log-path="), "fail"),
    ((*KEPT_LONG, "--audit-log-path=//dev/./null"), "fail"),
    ((*KEPT_LONG, "--audit-log-path=/a"), "pass"), ((*KEPT_LONG, "--audit-log-path=-"), "unknown"),
    ((*KEPT_LONG, "--audit-log-path=/dev/stdout"), "unknown"), ((*KEPT_LONG, "--audit-log-path=$(PATH)"), "unknown"),
    ((*KEPT_LONG, "--audit-webhook-config-file=/w"), "unknown"), (("--audit-webhook-config-file=/w",), "fail"),
    ((*KEPT_LONG, "--audit-webhook-config-file=/w", "--audit-log-path=/a"), "pass"),
])
def test_files_of_an_audit_log_are_kept_only_where_it_is_written(arguments, wanted):
    snapshot = cluster(pod("kube-apiserver", *arguments))
    for check in ("maxage", "maxbackup", "maxsize"):
        assert verdicts(f"api_server.audit_log_{check}", snapshot) == {"kube-apiserver-cp0": wanted}


def proxy(*arguments: str, **change) -> dict:
    return pod("kube-proxy", *arguments, node="n0", mirror=False, **change)


@pytest.mark.parametrize(("pods", "kube_bench", "wanted"), [
    ([], None, "unknown"), ([], "pass", "pass"), ([proxy()], None, "pass"), ([proxy()], "fail", "fail"),
    ([proxy("--metrics-bind-address=127.0.0.1:10249")], None, "pass"),
    ([proxy("--metrics-bind-address", "0.0.0.0:10249")], None, "fail"),
    ([proxy("--metrics-bind-address=::")], "pass", "fail"),
    ([proxy("--metrics-bind-address=$(HOST):10249")], None, "unknown"),
    ([proxy("--config=/c")], None, "unknown"), ([proxy("--config=/c")], "pass", "pass"),
    ([proxy("--config=/c", "--metrics-bind-address=127.0.0.1")], None, "unknown"),
    ([proxy("--config=/c", "--metrics-bind-address=10.0.0.1")], "pass", "fail"),
    ([proxy(command=["sh", "-c", "kube-proxy 2>&1"])], None, "unknown"),
])
def test_metrics_of_kube_proxy_by_its_arguments_and_kube_bench(pods, kube_bench, wanted):
    finding = {"tool": "kube-bench", "rule_id": "cis-1.12/4.3.1", "node": "n0", "status": kube_bench}
    snapshot = cluster(*pods, nodes=[{"name": "n0"}], findings=[finding] if kube_bench else [])
    assert verdicts("kube_proxy.metrics_local", snapshot) == {"n0": wanted}


@pytest.mark.parametrize(("phase", "wanted"), [("Running", "pass"), ("Failed", "unknown"), ("Succeeded", "unknown")])
def test_a_kube_proxy_that_has_ended_tells_nothing(phase, wanted):
    snapshot = cluster(proxy() | {"status": {"phase": phase}}, nodes=[{"name": "n0"}])
    assert verdicts("kube_proxy.metrics_local", snapshot) == {"n0": wanted}


def test_a_kube_proxy_that_cannot_be_read_says_why():
    unread = proxy(command=["sh", "-c", "kube-proxy 2>&1"])
    snapshot = cluster(unread, nodes=[{"name": "n0"}, {"name": "n1"}])
    reasons = run(find("kube_proxy.metrics_local"), snapshot).rows("unknown")["reason"].tolist()
    assert reasons[0] == f"kube-proxy: {command_line.SCRIPT}" and "no kube-bench result" in reasons[1]
    finding = {"tool": "kube-bench", "rule_id": "cis-1.12/4.3.1", "node": "n0", "status": "pass"}
    passed = run(find("kube_proxy.metrics_local"), cluster(unread, nodes=[{"name": "n0"}], findings=[finding]))
    assert passed.rows("pass")["reason"].tolist() == ["kube-bench passed the rule on this node"]


def test_pods_of_kube_proxy_are_no_control_plane():
    snapshot = cluster(proxy("--config=/c"))
    assert snapshot.control_plane.empty and snapshot.kube_proxies["pod"].tolist() == ["kube-proxy-n0"]
    assert snapshot.kube_proxy_flags[["flag", "value"]].values.tolist() == [["config", "/c"]]
