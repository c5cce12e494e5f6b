"""Findings: to which object each is tied, and what checks make of them."""

import datetime as dt

import pandas as pd
import pytest
from finding_worlds import ENDED, OLD, YOUNG, finding, only, pod, shop, snapshot, thing, verdicts
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.analysis.cluster.cluster_names import of_other_cluster
from auditkit.analysis.findings import tied as analysis
from auditkit.analysis.findings.images import references
from auditkit.checks import all_checks
from auditkit.checks.support.evidence import fresh
from auditkit.errors import UsageError

STATE = {"category": "misconfiguration", "rule": "KSV017", "rule_id": "KSV017", "package": None, "fixed_version": None}


def tied(objects: list[dict], **columns) -> tuple:
    """What one finding is tied to: tied, object_kind, object_namespace, object_name, why_not."""
    row = snapshot(objects, findings=[finding(**columns)]).findings_tied.iloc[0]
    return tuple(None if pd.isna(row[name]) else row[name]
                 for name in ("tied", "object_kind", "object_namespace", "object_name", "why_not"))


# --- objects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("columns", "wanted"), [
    ({"uid": "Pod-api-new-1"}, ("uid", "Deployment", "shop", "api")),
    ({"uid": "Pod-api-new-1", "kind": "Pod", "namespace": "elsewhere", "name": "other"},
     ("uid", "Deployment", "shop", "api")),
    ({"kind": "Pod", "namespace": "shop", "name": "api-new-1"}, ("name", "Deployment", "shop", "api")),
    ({"kind": "pod", "namespace": "shop", "name": "api-new-1"}, ("name", "Deployment", "shop", "api")),
    ({"kind": "ReplicaSet", "namespace": "shop", "name": "api-new"}, ("name", "Deployment", "shop", "api")),
    ({"kind": "Deployment", "namespace": "shop", "name": "api", "api_group": "extensions"},
     ("name", "Deployment", "shop", "api")),
    ({"kind": "Job", "namespace": "shop", "name": "backup-1"}, ("name", "CronJob", "shop", "backup")),
    ({"kind": "Pod", "namespace": "shop", "name": "backup-1-x"}, ("name", "CronJob", "shop", "backup")),
    ({"kind": "Namespace", "name": "shop"}, ("name", "Namespace", None, "shop")),
    ({"kind": "Namespace", "namespace": "shop", "name": "shop"}, ("name", "Namespace", None, "shop")),
    ({"kind": "ClusterRole", "name": "admin"}, ("name", "ClusterRole", None, "admin")),
    ({"kind": "Role", "namespace": "shop", "name": "admin"}, ("name", "Role", "shop", "admin")),
    ({"node": "n1"}, ("name", "Node", None, "n1")),
    ({"kind": "Node", "node": "n1"}, ("name", "Node", None, "n1")),
])
def test_findings_are_tied_to_the_controller_in_the_end(columns, wanted):
    objects = [*shop(), thing("Namespace", "shop", None), thing("ClusterRole", "admin", None), thing("Role", "admin"),
               thing("Node", "n1", None)]
    assert tied(objects, **columns)[:4] == wanted


@pytest.mark.parametrize(("columns", "why"), [
    ({"kind": "Pod", "namespace": "shop", "name": "gone"}, analysis.GONE),
    ({"kind": "Pod", "namespace": "billing", "name": "api-new-1"}, analysis.GONE),
    ({"kind": "Pod", "namespace": "shop", "name": "api-new-1", "uid": "of-another"}, analysis.GONE),
    ({"kind": "Pod", "name": "api-new-1"}, analysis.PLACELESS),
    ({"name": "api-new-1", "namespace": "shop"}, analysis.KINDLESS),
    ({"image": "shop/api:9"}, analysis.NOT_RUNNING),
    ({"kind": "Pod", "namespace": "shop", "name": "api-new-1", "cluster": "staging"}, analysis.OTHER_CLUSTER),
    ({"uid": "Pod-api-new-1", "cluster": "staging"}, analysis.OTHER_CLUSTER),
    ({"image": "shop/api:1.4", "cluster": "staging"}, analysis.OTHER_CLUSTER),
])
def test_what_cannot_be_tied_is_tied_to_nothing(columns, why):
    assert tied(shop(), **columns) == ("none", None, None, None, why)


def test_what_may_be_of_the_cluster_all_the_same_keeps_its_name():
    objects = [thing("Service", "api")]
    assert tied(objects, kind="Service", namespace="shop", name="api", api_group="serving.knative.dev") == \
        ("none", "Service", "shop", "api", analysis.NOT_COMPARED)
    assert tied(objects, kind="Rollout", namespace="shop", name="api") == \
        ("none", "Rollout", "shop", "api", analysis.NOT_COMPARED)
    assert tied(objects, kind="Node") == ("none", "Cluster", None, "prod", analysis.NAMELESS)
    assert tied(objects, category="exposure", name="10.0.0.1:10250") == \
        ("none", "Cluster", None, "prod", analysis.NAMELESS)


def test_an_owner_that_is_not_in_the_snapshot_is_found_through_what_it_owns():
    objects = [pod("api-new-1", owner=("ReplicaSet", "api-new"))]
    assert tied(objects, kind="ReplicaSet", namespace="shop", name="api-new")[:4] == \
        ("owner", "ReplicaSet", "shop", "api-new")
    assert tied(objects, uid="ReplicaSet-api-new")[:4] == ("owner", "ReplicaSet", "shop", "api-new")
    assert tied(objects, kind="ReplicaSet", namespace="shop", name="api-new", uid="of-another")[0] == "none"


def test_an_image_is_tied_to_the_only_workload_that_runs_it():
    assert tied(shop(), image="docker.io/shop/api:1.4")[:4] == ("image", "Deployment", "shop", "api")
    assert tied(shop(digest="shop/api@sha256:aa"), image_digest="sha256:aa")[:4] == \
        ("image", "Deployment", "shop", "api")
    assert tied(shop(digest="shop/api@sha256:aa"), image="shop/api:1.4", image_digest="sha256:bb")[0] == "none"
    two = [*shop(), pod("other", namespace="billing")]
    assert tied(two, image="shop/api:1.4")[:4] == ("image", "Image", None, "docker.io/shop/api:1.4")
    assert tied(two, image="shop/api:1.4", namespace="billing")[:4] == ("image", "Pod", "billing", "other")
    assert tied(two, image="shop/api:1.4", kind="ReplicaSet", namespace="shop", name="api")[:4] == \
        ("image", "Deployment", "shop", "api")


def test_the_recorded_cluster(acme):
    found = acme.findings_tied
    assert len(found) == len(acme.findings)
    assert found["rule"].equals(acme.findings["rule"])
    how = found.groupby(["tool", "tied"]).size().to_dict()
    assert how == {("gatekeeper", "name"): 36, ("gatekeeper", "none"): 5, ("kyverno", "name"): 1,
                   ("kyverno", "uid"): 18, ("trivy-operator", "image"): 1,
                   ("trivy-operator", "name"): 128, ("trivy-operator", "none"): 1}
    reports = found[(found["kind"] == "ReplicaSet")]
    assert (reports["object_kind"] == "Deployment").all()
    secret = found[(found["category"] == "secret")].iloc[0]
    assert secret[["object_kind", "object_namespace", "object_name"]].tolist() == ["Deployment", "analytics", "etl"]
    left = acme.findings_untied
    assert left["findings"].sum() == 6
    assert left["why_not"].value_counts().to_dict() == {analysis.NOT_COMPARED: 5, analysis.NAMELESS: 1}


@given(st.lists(st.fixed_dictionaries({}, optional={
    "kind": st.sampled_from(["Pod", "ReplicaSet", "Node", "Widget", "Cluster"]),
    "namespace": st.sampled_from(["shop", ""]),
    "name": st.sampled_from(["api-new-1", "api-new", "n1", "x"]), "uid": st.sampled_from(["Pod-api-new-1", "u"]),
    "image": st.sampled_from(["shop/api:1.4", "x@", ":"]), "image_digest": st.sampled_from(["sha256:aa", "?"]),
    "node": st.just("n1"), "cluster": st.sampled_from(["prod", "other"]),
    "category": st.sampled_from(["secret", "policy"]),
}), min_size=10, max_size=60))
@settings(max_examples=8, deadline=None)
def test_every_finding_is_tied_or_it_is_said_why_not(rows):
    objects = [*shop(digest="shop/api@sha256:aa"), thing("Node", "n1", None)]
    given_ = snapshot(objects, findings=[finding(**row) for row in rows])
    found = given_.findings_tied
    assert len(found) == len(rows)
    assert found["tied"].isin(["uid", "name", "owner", "image", "none"]).all()
    assert ((found["tied"] == "none") == found["why_not"].notna()).all()
    assert found["object_kind"][found["tied"] != "none"].notna().all()
    assert given_.findings_untied["findings"].sum() == (found["tied"] == "none").sum()
    foreign = pd.Series([row.get("cluster") == "other" for row in rows], dtype=bool)
    assert (found["why_not"][foreign.to_numpy()] == analysis.OTHER_CLUSTER).all()


# --- clusters, images, time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ours", "theirs", "other"), [
    ("prod", "prod", False), ("prod", "PROD", False), ("prod", "staging", True), ("prod", None, False),
    ("arn:aws:eks:eu-west-1:123456789012:cluster/prod", "prod", False),
    ("prod", "arn:aws:eks:eu-west-1:123456789012:cluster/prod", False),
    ("prod", "arn:aws:eks:eu-west-1:123456789012:cluster/prod-2", True),
    ("gke_my-project_europe-west1_prod", "prod", False), ("kubernetes-admin@prod", "prod", False),
    ("admin@prod.eu-west-1.eksctl.io", "prod", False), ("kind-prod", "prod", False),
    ("prod", "/subscriptions/1/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/prod", False),
    ("prod", "UID-OF-PROD", False), ("prod", "", True),
])
def test_a_cluster_is_known_by_the_names_that_tools_give_it(ours, theirs, other):
    collection = snapshot(cluster=ours).collection
    said = pd.Series([theirs], dtype="string[pyarrow]")
    assert of_other_cluster(said, collection).tolist() == [other]


@pytest.mark.parametrize(("image", "repository", "tag", "digest"), [
    ("nginx", "docker.io/library/nginx", "latest", None),
    ("nginx:1.27", "docker.io/library/nginx", "1.27", None),
    ("index.docker.io/library/nginx:1.27", "docker.io/library/nginx", "1.27", None),
    ("Registry.example:5000/a/b", "registry.example:5000/a/b", "latest", None),
    ("localhost/a:1", "localhost/a", "1", None),
    ("a/b:1@sha256:AA", "docker.io/a/b", "1", "sha256:aa"),
    ("docker-pullable://a/b@sha256:aa", "docker.io/a/b", None, "sha256:aa"),
    ("docker://sha256:aa", None, None, "sha256:aa"), ("sha256:aa", None, None, "sha256:aa"),
    ("a/b@sha256", "docker.io/a/b", "latest", None), ("", None, None, None), (None, None, None, None),
    ("<script>", "docker.io/library/<script>", "latest", None), ("a b:\n@", None, None, None),
])
def test_references_of_images(image, repository, tag, digest):
    found = references(pd.Series([image], dtype="string[pyarrow]")).iloc[0]
    assert [None if pd.isna(value) else value for value in found] == [repository, tag, digest]


@pytest.mark.parametrize(("seen", "wanted"), [
    (ENDED, True), (ENDED - dt.timedelta(days=30), True), (ENDED - dt.timedelta(days=30, seconds=1), False),
    (ENDED + dt.timedelta(hours=20), True), (ENDED + dt.timedelta(days=2), None), (None, None),
])
def test_evidence_ages(seen, wanted):
    times = pd.Series([seen], dtype="timestamp[us, UTC][pyarrow]")
    known = fresh(times, snapshot().collection, 30)[0]
    assert (None if pd.isna(known) else known) == wanted
    assert fresh(times, snapshot(collection=[]).collection, 30).isna().all()


# --- vulnerabilities -------------------------------------------------------------------------------------------------

CLEAN = finding(status="pass", rule=None, rule_id=None, severity="unknown", package=None, fixed_version=None)
API = {"image": "shop/api:1.4"}
HANDLED, RECENT, SECRETS = (f"findings.{name}" for name in (
    "vulnerabilities_handled", "images_scanned_recently", "exposed_secrets_none"))
WHOLE = [{"scan": "trivy:a", "truncated": False}]


def one(digest: str = "", image: str = "shop/api:1.4", **rows):
    return snapshot([pod("api-1", image, digest=digest, owner=("ReplicaSet", "api-new"))], **rows)


@pytest.mark.parametrize(("rows", "verdict", "says"), [
    ([CLEAN | API], "pass", ""),
    ([CLEAN | API, finding(**API)], "fail", "CVE-2026-1"),
    ([CLEAN | API, finding(**API, status="accepted")], "pass", ""),
    ([CLEAN | API, finding(**API, severity="medium")], "pass", ""),
    ([CLEAN | API, finding(**API, fixed_version=None)], "pass", ""),
    ([CLEAN | API, finding(**API, severity="unknown")], "unknown", "not known"),
    ([CLEAN | API, finding(**API, status="unknown")], "unknown", "not known"),
    ([CLEAN | API, finding(**API, status=None)], "unknown", "not known"),
    ([CLEAN | API, finding(**API, tool="other", fixed_version=None)], "unknown", "not known"),
    ([CLEAN | API, finding(**API, package=None, fixed_version=None)], "unknown", "not known"),
    ([CLEAN | API, finding(**API, status="unknown", rule=None, rule_id=None)], "pass", ""),
    ([], "unknown", "no scan is known to cover the image"),
    ([CLEAN | API | {"seen": OLD}], "unknown", "2025-11-01"),
    ([finding(**API, seen=OLD)], "unknown", "2025-11-01"),
    ([CLEAN | API | {"seen": None}], "unknown", "the age of the scan is not known"),
    ([CLEAN | API | {"seen": ENDED + dt.timedelta(days=400)}], "unknown", "the age of the scan is not known"),
    ([finding(**API, seen=None)], "fail", "CVE-2026-1"),
    ([CLEAN | API | {"cluster": "staging"}], "unknown", "no scan is known to cover the image"),
    ([CLEAN | API, finding(**API, cluster="staging")], "pass", ""),
    ([CLEAN | API | {"status": "error"}], "unknown", "no scan is known to cover the image"),
    ([CLEAN | API | {"status": "unknown"}], "unknown", "no scan is known to cover the image"),
    ([CLEAN | API | {"rule": "policyEvaluation", "rule_id": "policyEvaluation", "tool": "sysdig"}], "unknown", ""),
    ([CLEAN | {"image": "shop/api:1.5"}], "unknown", "no scan is known to cover the image"),
    ([CLEAN | API | {"category": "misconfiguration"}], "unknown", "no scan is known to cover the image"),
    ([CLEAN | {"kind": "ReplicaSet", "namespace": "shop", "name": "api-new", "container": "main"}], "pass", ""),
    ([CLEAN | {"kind": "ReplicaSet", "namespace": "shop", "name": "api-old", "container": "main"}], "unknown", ""),
    ([CLEAN | {"kind": "ReplicaSet", "namespace": "shop", "name": "api-new"}], "unknown", "no scan is known to cover the image"),
    ([CLEAN | API, finding(kind="ReplicaSet", namespace="shop", name="api-new")], "unknown", "not known"),
])
def test_vulnerabilities_of_an_image(rows, verdict, says):
    found, reason = only(HANDLED, one(findings=rows))
    assert found == verdict
    assert says in reason


@pytest.mark.parametrize(("digest", "image", "columns", "verdict"), [
    ("shop/api@sha256:aa", "shop/api:1.4", {"image": "shop/api:1.4", "image_digest": "sha256:aa"}, "pass"),
    ("shop/api@sha256:aa", "shop/api:1.4", {"image": "shop/api:1.4", "image_digest": "sha256:bb"}, "unknown"),
    ("shop/api@sha256:aa", "shop/api:1.4", {"image": "mirror.example/api@sha256:aa"}, "pass"),
    ("docker://sha256:aa", "shop/api:1.4", {"image_digest": "sha256:aa"}, "pass"),
    ("shop/api@sha256:aa", "shop/api@sha256:cc", {"image_digest": "sha256:cc"}, "pass"),
    ("shop/api@sha256:aa", "shop/api:latest", {"image": "shop/api"}, "unknown"),
    ("shop/api@sha256:aa", "shop/api:latest", {"image": "shop/api", "kind": "Pod", "namespace": "shop",
                                               "name": "api-1"}, "pass"),
])
def test_a_scan_is_of_the_image_that_runs(digest, image, columns, verdict):
    assert only(HANDLED, one(digest, image, findings=[CLEAN | columns]))[0] == verdict


def test_a_scan_of_another_image_of_that_name_is_named_as_the_reason():
    rows = [CLEAN | API | {"image_digest": "sha256:bb"}]
    assert "another image" in only(HANDLED, one("shop/api@sha256:aa", findings=rows))[1]
    assert "latest" in only(HANDLED, one("", "redis", findings=[CLEAN | {"image": "redis"}]))[1]


def test_controls_tune_age_and_severity():
    assert only(HANDLED, one(findings=[CLEAN | API | {"seen": OLD}]), max_age_days=365)[0] == "pass"
    assert only(HANDLED, one(findings=[finding(**API)]), severity="critical")[0] == "fail"
    assert only(HANDLED, one(findings=[finding(**API, severity="high")]), severity="critical")[0] == "pass"
    with pytest.raises(UsageError, match="hgih"):
        only(HANDLED, one(findings=[finding(**API)]), severity="hgih")


def test_images_of_pods_that_have_ended_do_not_run():
    assert verdicts(HANDLED, snapshot([pod("done", phase="Succeeded"), pod("dead", phase="Failed")])).empty
    assert len(verdicts(HANDLED, snapshot([pod("waiting", phase="Pending")]))) == 1


def _expected(rows: list[dict]) -> str:
    """The same rule said once more, row by row."""
    fails = unknown = good = False
    for row in rows:
        young = None if row["seen"] is None else row["seen"] == YOUNG
        if row["image_digest"] == "sha256:bb":  # another image of the same name
            continue
        high = {"critical": True, "high": True, "medium": False}.get(row["severity"])
        fixed = True if row["fixed_version"] else False if row["package"] else None
        adverse = {"fail": True, "warn": True}.get(row["status"], False)
        if row["status"] in (None, "unknown", "error") and row["rule_id"]:
            adverse = None
        parts = (adverse, high, fixed, young is not False)
        if False not in parts:
            fails |= None not in parts
            unknown |= None in parts
        looked = row["status"] in ("pass", "fail", "warn", "accepted") or row["rule_id"]
        good |= bool(looked and young)
    return "fail" if fails else "unknown" if unknown or not good else "pass"


@given(st.lists(st.lists(st.fixed_dictionaries({
    "status": st.sampled_from(["pass", "fail", "warn", "accepted", "unknown", "error", "skip", None]),
    "severity": st.sampled_from(["critical", "high", "medium", "unknown", None]),
    "fixed_version": st.sampled_from(["1.3", None]), "package": st.sampled_from(["zlib", None]),
    "rule_id": st.sampled_from(["CVE-2026-1", None]), "seen": st.sampled_from([YOUNG, OLD, None]),
    "image_digest": st.sampled_from(["sha256:aa", "sha256:bb", None]),
}), max_size=4), min_size=20, max_size=60))
@settings(max_examples=8, deadline=None)
def test_vulnerabilities_by_rows(images):
    """Each pod runs an image of its own, of which the scans say these rows."""
    pods = [pod(f"p{at}", f"shop/{at}:1", digest=f"shop/{at}@sha256:aa{at}") for at in range(len(images))]
    rows = [finding(image=f"shop/{at}:1") | row | {"image_digest": row["image_digest"] and f"{row['image_digest']}{at}"}
            for at, rows in enumerate(images) for row in rows]
    found = verdicts(HANDLED, snapshot(pods, findings=rows))["verdict"].tolist()
    assert found == [_expected(rows) for rows in images]


@pytest.mark.parametrize(("rows", "scans", "verdict"), [
    ([CLEAN | API], [], "pass"),
    ([finding(**API)], [], "pass"),
    ([CLEAN | {"image": "other:1"}], WHOLE, "fail"),
    ([CLEAN | {"image": "other:1"}], [{"scan": "trivy:a", "truncated": True}], "unknown"),
    ([CLEAN | {"image": "other:1"}], [{"scan": "trivy:a"}], "unknown"),
    ([CLEAN | {"image": "other:1", "cluster": "staging"}], WHOLE, "unknown"),
    ([finding(**STATE, kind="Pod", namespace="shop", name="api-1")], WHOLE, "unknown"),
    ([], [], "unknown"),
    ([CLEAN | API | {"seen": OLD}], WHOLE, "unknown"),
    ([CLEAN | API | {"seen": None}], WHOLE, "unknown"),
    ([CLEAN | {"kind": "Pod", "namespace": "shop", "name": "api-1"}], WHOLE, "unknown"),
])
def test_images_that_nothing_has_scanned(rows, scans, verdict):
    assert only(RECENT, one(findings=rows, scans=scans))[0] == verdict


@pytest.mark.parametrize(("rows", "verdict"), [
    ([CLEAN | API | {"category": "secret"}], "pass"),
    ([CLEAN | API], "unknown"),
    ([CLEAN | API | {"category": "secret"}, finding(**API, category="secret", severity=None)], "fail"),
    ([CLEAN | API | {"category": "secret"}, finding(**API, category="secret", status="accepted")], "pass"),
    ([CLEAN | API | {"category": "secret"}, finding(**API, category="secret", status="error")], "unknown"),
    ([CLEAN | API | {"category": "secret", "seen": OLD}], "unknown"),
    ([CLEAN | API | {"category": "secret"}, finding(category="secret", kind="Pod", namespace="shop", name="api-1")],
     "unknown"),
])
def test_secrets_in_images(rows, verdict):
    assert only(SECRETS, one(findings=rows))[0] == verdict


# --- objects and policies --------------------------------------------------------------------------------------------

STATES, POLICIES = "findings.misconfigurations_handled", "findings.policy_violations_none"
ON_API = {"kind": "Deployment", "namespace": "shop", "name": "api", **STATE}


@pytest.mark.parametrize(("rows", "verdict"), [
    ([finding(**ON_API, status="pass")], "pass"),
    ([finding(**ON_API)], "fail"),
    ([finding(**ON_API, status="warn")], "fail"),
    ([finding(**ON_API, severity="low")], "pass"),
    ([finding(**ON_API, severity="unknown")], "unknown"),
    ([finding(**ON_API, status="error")], "unknown"),
    ([finding(**ON_API, status="accepted")], "pass"),
    ([finding(**ON_API, status="skip")], "unknown"),
    ([finding(**ON_API, status="manual")], "unknown"),
    ([finding(**ON_API, status="pass", seen=OLD)], "unknown"),
    ([finding(**ON_API, seen=OLD)], "unknown"),
    ([finding(**ON_API, seen=None)], "fail"),
    ([finding(**ON_API, status="pass", seen=None)], "unknown"),
    ([finding(**ON_API, status="pass"), finding(**ON_API, scan="trivy:b", seen=OLD)], "pass"),
    ([finding(**ON_API, status="pass"), finding(**ON_API, scan="trivy:b", seen=YOUNG - dt.timedelta(days=1))], "pass"),
    ([finding(**ON_API, status="pass"), finding(**ON_API, seen=YOUNG - dt.timedelta(days=1))], "fail"),
    ([finding(**ON_API, status="pass"), finding(**ON_API, scan="trivy:b", seen=None)], "fail"),
    ([finding(**ON_API, status="pass"), finding(**ON_API, tool="polaris", scan="polaris:b",
                                                seen=YOUNG - dt.timedelta(days=1))], "fail"),
    ([finding(**{**ON_API, "kind": "ReplicaSet", "name": "api-new"}, status="pass")], "pass"),
    ([finding(**{**ON_API, "kind": "ReplicaSet", "name": "api-old"}, status="pass")], "unknown"),
    ([finding(**ON_API, status="pass"), finding(**{**ON_API, "kind": "ReplicaSet", "name": "api-old"})], "pass"),
    ([finding(**ON_API, status="pass", cluster="staging")], "unknown"),
    ([finding(**{**ON_API, "category": "vulnerability"}, status="pass")], "unknown"),
    ([finding(**ON_API, status="pass"), finding(**{**ON_API, "category": "secret"}, image="shop/api:1.4")], "pass"),
    ([], "unknown"),
])
def test_misconfigurations_of_a_deployment(rows, verdict):
    found = verdicts(STATES, snapshot(shop()[:3], findings=rows))
    assert found.set_index("name").loc["api", "verdict"] == verdict


def test_findings_without_an_object_are_of_the_cluster_and_those_on_what_is_gone_are_left_out():
    rows = [finding(**STATE), finding(**STATE, kind="Pod", namespace="shop", name="gone"),
            finding(**STATE, kind="Widget", namespace="shop", name="w")]
    found = verdicts(STATES, snapshot(findings=rows)).set_index("kind")["verdict"].to_dict()
    assert found == {"Cluster": "fail", "Widget": "fail"}


def test_what_a_scanner_says_of_no_object_leaves_the_cluster_open_only_by_what_fails():
    """Controls that nothing is subject to, or that people must review, are no misconfiguration."""
    rows = [finding(**STATE, status=status) for status in ("pass", "unknown", "manual", "skip")]
    assert only(STATES, snapshot(findings=rows))[0] == "pass"


CONSTRAINT = {"tool": "gatekeeper", "scan": "gatekeeper:a", "category": "policy", "rule": "K8sAllowedRepos/ours",
              "rule_id": "K8sAllowedRepos/ours", "severity": "unknown"}
ITSELF = finding(**CONSTRAINT) | {"kind": "K8sAllowedRepos", "name": "ours", "api_group": "constraints.gatekeeper.sh"}
VIOLATION = finding(**CONSTRAINT) | {"kind": "Deployment", "namespace": "shop", "name": "api"}


@pytest.mark.parametrize(("rows", "verdict"), [
    ([ITSELF | {"status": "pass"}], "pass"),
    ([ITSELF | {"status": "unknown", "seen": None}], "unknown"),
    ([VIOLATION], "fail"),
    ([VIOLATION | {"seen": None}], "fail"),
    ([VIOLATION, ITSELF | {"status": "unknown"}], "fail"),
    ([ITSELF | {"status": "pass", "seen": OLD}], "unknown"),
    ([VIOLATION | {"seen": OLD}], "unknown"),
    ([ITSELF | {"status": "pass", "seen": None}], "unknown"),
    ([VIOLATION | {"name": "gone"}], "unknown"),
    ([VIOLATION | {"kind": "Widget"}], "fail"),
    ([VIOLATION | {"status": "warn"}], "unknown"),
    ([VIOLATION | {"status": "error"}, ITSELF | {"status": "pass"}], "unknown"),
    ([VIOLATION | {"status": "skip"}], "not_applicable"),
    ([VIOLATION | {"status": "skip"}, ITSELF | {"status": "pass"}], "pass"),
])
def test_policies(rows, verdict):
    assert only(POLICIES, snapshot(shop(), findings=rows))[0] == verdict


def test_templates_judge_nothing_but_must_be_in_force():
    template = finding(**CONSTRAINT) | {"rule": "K8sAllowedRepos", "kind": "ConstraintTemplate", "name": "allowed"}
    assert verdicts(POLICIES, snapshot(findings=[template | {"status": "pass"}])).empty
    for status in ("unknown", "error", "fail"):
        assert only(POLICIES, snapshot(findings=[template | {"status": status}]))[0] == "unknown"


def test_policies_of_another_cluster_and_of_images_that_do_not_run_say_nothing():
    rows = [VIOLATION | {"cluster": "staging"}, finding(category="policy", rule="p", image="shop/none:1", tool="aqua")]
    assert verdicts(POLICIES, snapshot(shop(), findings=rows)).empty


def test_gatekeeper_and_kyverno_in_the_recorded_cluster(acme):
    found = verdicts(POLICIES, acme).set_index("name")["verdict"].to_dict()
    assert found == {"K8sAllowedRepos/acme-allowedrepos": "fail", "disallow-latest-tag/validate-image-tag": "fail",
                     "K8sPSPPrivilegedContainer/acme-pspprivilegedcontainer": "fail", "require-ns-labels/team": "fail",
                     "K8sRequiredLabels/acme-requiredlabels": "unknown"}


# --- what holds for all of them --------------------------------------------------------------------------------------

OURS = [name for name in all_checks() if name.startswith(("findings.", "audit_log."))]


@pytest.mark.parametrize("name", [name for name in OURS if "sensor" not in name])
def test_nothing_passes_without_the_time_of_the_snapshot_or_without_a_whole_scan(name, acme):
    rows = [CLEAN | API, CLEAN | API | {"category": "secret"}, finding(**ON_API, status="pass"),
            ITSELF | {"status": "pass"}]
    whole = snapshot(shop(), findings=rows, scans=WHOLE)
    if name.startswith("findings."):
        assert (verdicts(name, whole)["verdict"] == "pass").any()
    timeless = snapshot(shop(), findings=rows, collection=[])
    assert not (verdicts(name, timeless)["verdict"] == "pass").any()
    for entry in whole.manifest.ledger:
        if entry.resource.startswith("scan:"):
            entry.outcome = "partial"
    cut = type(whole)(whole.manifest, whole._tables)
    assert not (verdicts(name, cut)["verdict"] == "pass").any()


@pytest.mark.parametrize("name", OURS)
def test_every_check_runs_on_the_recorded_cluster_and_on_an_empty_one(name, acme):
    assert set(verdicts(name, acme)["verdict"]) <= {"pass", "fail", "unknown", "not_applicable"}
    assert verdicts(name, snapshot()).empty


def test_hostile_text_is_only_text():
    rows = [finding(kind="Pod\0x", namespace="\0", name="../..", rule="(((", rule_id="(((", image="a" * 3000 + ":@:@",
                    cluster=".*", package="<b>", tool="[", scan="[:a", **{"category": "policy"})]
    found = snapshot(shop(), findings=rows)
    assert found.findings_tied["tied"].tolist() == ["none"]
    for name in OURS:
        assert not (verdicts(name, found)["verdict"] == "pass").any()
