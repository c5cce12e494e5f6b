"""How far tools reach: what each has seen, images without a scan, nodes without a sensor, audit logs with gaps."""

import datetime as dt

import pandas as pd
import pytest
from finding_worlds import ENDED, OLD, YOUNG, finding, only, pod, shop, snapshot, thing, verdicts

from auditkit.analysis.findings.coverage import SENSORS, recognised

SENSOR, CONTINUOUS, READS = (
    "findings.runtime_sensor_on_every_node", "audit_log.continuous", "audit_log.secret_reads_logged")


def rows_of(frame: pd.DataFrame, *columns: str) -> list[tuple]:
    return [tuple(None if pd.isna(value) else value for value in row) for row in frame[list(columns)].to_numpy()]


def test_what_each_tool_has_seen_and_when():
    nodes = [thing("Node", "n1", None), thing("Node", "n2", None)]
    given = snapshot(
        [*shop(), *nodes, pod("alone", "redis:7")],
        findings=[finding(image="shop/api:1.4"), finding(image="shop/api:1.4", seen=OLD),
                  finding(kind="ReplicaSet", namespace="shop", name="api-new", tool="kubescape", scan="kubescape:a"),
                  finding(kind="Node", name="n1", tool="kube-bench", scan="kube-bench:a", seen=None),
                  finding(image="redis:7", cluster="staging")],
        events=[{"tool": "falco", "scan": "falco:a", "kind": "Pod", "namespace": "shop", "name": "api-new-1",
                 "node": "n2", "time": YOUNG},
                {"tool": "falco", "scan": "falco:a", "kind": "Pod", "namespace": "shop", "name": "alone",
                 "cluster": "staging"},
                {"tool": "kubernetes-audit", "scan": "kubernetes-audit:a", "kind": "Pod", "namespace": "shop",
                 "name": "alone", "time": YOUNG}])
    columns = ("what", "kind", "namespace", "name", "tool", "findings", "events", "first", "last")
    assert rows_of(given.coverage, *columns) == [
        ("workload", "Deployment", "shop", "api", "falco", 0, 1, YOUNG, YOUNG),
        ("workload", "Deployment", "shop", "api", "kubescape", 1, 0, YOUNG, YOUNG),
        ("workload", "Deployment", "shop", "api", "trivy", 2, 0, OLD, YOUNG),
        ("image", "Image", None, "docker.io/shop/api:1.4", "trivy", 2, 0, OLD, YOUNG),
        ("node", "Node", None, "n1", "kube-bench", 1, 0, None, None),
        ("node", "Node", None, "n2", "falco", 0, 1, YOUNG, YOUNG),
    ]
    assert rows_of(given.tool_coverage, "what", "tool", "seen", "of") == [
        ("image", "trivy", 1, 2), ("node", "falco", 1, 2), ("node", "kube-bench", 1, 2),
        ("workload", "falco", 1, 3), ("workload", "kubescape", 1, 3), ("workload", "trivy", 1, 3)]
    assert given.images_unscanned["name"].tolist() == ["docker.io/library/redis:7"]


def test_images_that_run_by_digest():
    objects = [pod("a", "shop/api:1", digest="shop/api@sha256:aa"), pod("b", "shop/api:1", digest="shop/api@sha256:bb"),
               pod("c", "docker.io/shop/api:1", digest="shop/api@sha256:aa"),
               pod("d", "shop/web:2", digest="sha256:cc"), pod("e", "shop/db:1", digest="shop/db@sha256:dd"),
               pod("f", "shop/db:1")]
    found = snapshot(objects).images_in_use
    assert rows_of(found, "name", "digest", "image_id", "pods", "used_by") == [
        ("docker.io/shop/api:1", "sha256:aa", None, 2, "Pod shop/a, Pod shop/c"),
        ("docker.io/shop/api:1", "sha256:bb", None, 1, "Pod shop/b"),
        ("docker.io/shop/web:2", None, "sha256:cc", 1, "Pod shop/d"),
        ("docker.io/shop/db:1", "sha256:dd", None, 2, "Pod shop/e, Pod shop/f")]


def test_the_recorded_cluster(acme):
    assert len(acme.images_in_use) == 36
    assert len(acme.images_unscanned) == 15
    assert acme.node_sensors["sensor"].tolist() == ["Falco"] * 4
    seen = acme.tool_coverage.set_index(["what", "tool"])["seen"].to_dict()
    assert seen == {("image", "trivy-operator"): 21, ("workload", "gatekeeper"): 12, ("workload", "kyverno"): 13,
                    ("workload", "trivy-operator"): 22}
    assert set(verdicts(SENSOR, acme)["verdict"]) == {"pass"}


# --- sensors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("image", "container", "sensor"), [
    ("falcosecurity/falco:0.39", "falco", "Falco"), ("docker.io/falcosecurity/falco-no-driver:0.39", "falco", "Falco"),
    ("mirror.example:5000/third/falco@sha256:aa", "x", "Falco"), ("quay.io/sysdig/agent-slim:13", "sysdig", "Sysdig"),
    ("quay.io/cilium/tetragon:v1.2", "tetragon", "Tetragon"), ("aquasec/tracee:0.22", "tracee", "Tracee"),
    ("kubearmor/kubearmor:stable", "kubearmor", "KubeArmor"), ("neuvector/enforcer:5.4", "enforcer", "NeuVector"),
    ("rancher/mirrored-neuvector-enforcer:5.4", "enforcer", "NeuVector"),
    ("registry.aquasec.com/enforcer:2022.4", "a", "Aqua"),
    ("registry.twistlock.com/twistlock/defender:defender_32", "d", "Prisma Cloud"),
    ("registry.crowdstrike.com/falcon-sensor/us-1/release/falcon-sensor:7", "f", "CrowdStrike Falcon"),
    ("gcr.io/datadoghq/agent:7", "security-agent", "Datadog"), ("gcr.io/datadoghq/agent:7", "agent", None),
    ("quay.io/stackrox-io/collector:4.6", "collector", "StackRox"),
    ("quay.io/kubescape/node-agent:v0.2", "n", "Kubescape"),
    ("falcosecurity/falcosidekick:2", "f", None), ("falcosecurity/falco-driver-loader:0.39", "f", None),
    ("falcosecurity/falcoctl:0.10", "f", None), ("quay.io/cilium/tetragon-operator:v1.2", "t", None),
    ("neuvector/controller:5.4", "c", None), ("otel/opentelemetry-collector:1", "collector", None),
    ("shop/enforcer:1", "enforcer", None), ("nginx", "falco", None), (None, "falco", None),
])
def test_sensors_are_recognised_by_their_image(image, container, sensor):
    row = {"namespace": "s", "pod": "p", "name": container, "type": "regular", "image": image, "restart_policy": None}
    containers = pd.DataFrame([row], dtype="string[pyarrow]")
    assert recognised(containers, SENSORS)["sensor"].tolist() == ([sensor] if sensor else [])


@pytest.mark.parametrize(("kind", "restart_policy", "there"), [
    ("regular", None, 1), ("init", "Always", 1), ("init", None, 0), ("ephemeral", None, 0),
])
def test_a_container_for_debugging_is_no_sensor(kind, restart_policy, there):
    row = {"namespace": "s", "pod": "p", "name": "c", "type": kind, "image": "falcosecurity/falco:1",
           "restart_policy": restart_policy}
    assert len(recognised(pd.DataFrame([row], dtype="string[pyarrow]"), SENSORS)) == there


def node_world(*pods: dict) -> object:
    return snapshot([thing("Node", "n1", None), *pods])


@pytest.mark.parametrize(("pods", "verdict", "says"), [
    ([pod("f", "falcosecurity/falco:1", digest="falco@sha256:aa")], "pass", "Falco"),
    ([pod("f", "falcosecurity/falco:1")], "pass", "Falco"),
    ([pod("f", "falcosecurity/falco:1", phase="Pending")], "fail", "is not ready"),
    ([pod("f", "falcosecurity/falco:1", phase="Failed")], "fail", "no runtime sensor"),
    ([pod("f", "falcosecurity/falco:1", node="n2")], "fail", "no runtime sensor"),
    ([pod("f", "falcosecurity/falco:1", phase=None)], "unknown", "ready"),
    ([pod("f", "acme/watcher:1")], "fail", "no runtime sensor is recognised"),
    ([], "fail", "no runtime sensor"),
])
def test_a_sensor_must_run_on_the_node(pods, verdict, says):
    found, reason = only(SENSOR, node_world(*pods))
    assert found == verdict
    assert says in reason


def test_a_sensor_of_ones_own_counts_where_a_control_names_it():
    given = node_world(pod("w", "registry.example/acme/watcher:1"))
    assert only(SENSOR, given)[0] == "fail"
    assert only(SENSOR, given, also="acme/watcher")[0] == "pass"
    assert only(SENSOR, given, also="acme/watch")[0] == only(SENSOR, given, also="acme/(.*")[0] == "fail"


# --- audit logs ------------------------------------------------------------------------------------------------------

START = ENDED - dt.timedelta(days=2)


def log(*minutes: float | None, file: str = "a", **columns) -> list[dict]:
    """Events of an audit log, so many minutes after the start."""
    return [{"tool": "kubernetes-audit", "scan": f"kubernetes-audit:{file}", "level": "Metadata", "verb": "list",
             "resource": "pods", "api_group": "", **columns,
             "time": None if minute is None else START + dt.timedelta(minutes=minute)} for minute in minutes]


def scan(file: str = "a", **columns) -> dict:
    return {"tool": "kubernetes-audit", "scan": f"kubernetes-audit:{file}", "file": file, "truncated": False, **columns}


DAY = range(0, 25 * 60, 9)


@pytest.mark.parametrize(("scans", "events", "verdict", "says"), [
    ([scan()], log(*DAY), "pass", ""),
    ([scan()], log(*(minute for minute in DAY if minute != 90)), "fail", "18.0 minutes"),
    ([scan()], log(0, 5), "unknown", "less than 24 hours"),
    ([scan(truncated=True)], log(*DAY), "unknown", ""),
    ([scan(cluster="staging")], log(*DAY), "unknown", "another cluster"),
    ([scan()], log(*DAY, cluster="staging"), "unknown", "another cluster"),
    ([scan()], [], "unknown", "no events"),
    ([scan()], log(0, 60, None), "unknown", "not known"),
    ([scan()], log(None), "unknown", "not known"),
    ([scan()], log(*(minute - 60 * 24 * 60 for minute in DAY)), "unknown", "into the last 30 days before the snapshot"),
])
def test_an_audit_log_without_gaps(scans, events, verdict, says):
    found, reason = only(CONTINUOUS, snapshot(scans=scans, events=events))
    assert found == verdict
    assert says in reason


def test_gaps_between_the_files_of_a_log_and_inside_of_one_of_several():
    half = 12 * 60
    first, second = range(0, half, 9), range(half, 2 * half + 60, 9)
    whole = snapshot(scans=[scan("b"), scan("a")], events=[*log(*second, file="b"), *log(*first)])
    assert verdicts(CONTINUOUS, whole)["verdict"].tolist() == ["pass", "pass"]
    assert whole.audit_logs["name"].tolist() == ["a", "b"]
    late = snapshot(scans=[scan(), scan("b")], events=[*log(*first), *log(*(m + 30 for m in second), file="b")])
    assert verdicts(CONTINUOUS, late)["verdict"].tolist() == ["pass", "fail"]
    other_server = snapshot(scans=[scan(), scan("b")], events=[*log(*DAY), *log(0, half, 2 * half, file="b")])
    assert verdicts(CONTINUOUS, other_server).set_index("name")["verdict"].to_dict() == {"a": "pass", "b": "fail"}


TOKEN = {"resource": "serviceaccounts", "subresource": "token", "verb": "create"}
REVIEW = {"api_group": "authentication.k8s.io", "resource": "tokenreviews", "verb": "create"}


@pytest.mark.parametrize(("events", "verdict"), [
    (log(0, resource="secrets"), "pass"),
    (log(0, resource="secrets", verb="watch", level="Request"), "pass"),
    (log(0, resource="secrets", level="RequestResponse"), "fail"),
    ([*log(0, resource="secrets"), *log(1, resource="secrets", verb="update", level="Request")], "fail"),
    ([*log(0, resource="secrets"), *log(1, resource="secrets", verb="delete", level="RequestResponse")], "pass"),
    ([*log(0, resource="secrets"), *log(1, resource="secrets", verb="deletecollection", level="RequestResponse")],
     "fail"),
    ([*log(0, resource="secrets"), *log(1, resource="secrets", verb="create", level="Request", code=403)], "pass"),
    ([*log(0, resource="secrets"), *log(1, resource="secrets", level="RequestResponse", code=404)], "pass"),
    ([*log(0, resource="secrets"), *log(1, **TOKEN, level="RequestResponse")], "fail"),
    ([*log(0, resource="secrets"), *log(1, **TOKEN, level="Request")], "pass"),
    ([*log(0, resource="secrets"), *log(1, **REVIEW, level="Request")], "fail"),
    ([*log(0, resource="secrets"), *log(1, **REVIEW, level="Request", stage="RequestReceived")], "pass"),
    ([*log(0, resource="secrets"), *log(1, **REVIEW, level=None)], "unknown"),
    ([*log(0, resource="secrets"), *log(1, resource="secrets", verb="get", level=None)], "unknown"),
    (log(0, resource="secrets", api_group="example.org"), "unknown"),
    (log(0, resource="secrets", verb="create"), "unknown"),
    (log(0, 60), "unknown"),
    (log(0, 24 * 60), "fail"),
    (log(0, 24 * 60, resource="secrets", verb="create"), "fail"),
    (log(0, resource="secrets", cluster="staging"), "unknown"),
    ([], "unknown"),
])
def test_reads_of_secrets(events, verdict):
    assert only(READS, snapshot(scans=[scan()], events=events))[0] == verdict


def test_without_an_audit_log_nothing_is_known():
    assert verdicts(READS, snapshot()).empty
    assert verdicts(CONTINUOUS, snapshot(scans=[{"tool": "falco", "scan": "falco:a"}])).empty
