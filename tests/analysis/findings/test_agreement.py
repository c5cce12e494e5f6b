"""Agreement of tools with each other and with our own checks, and the frameworks that tools name."""

from collections import Counter

import pandas as pd
import pytest
from finding_worlds import YOUNG, finding, snapshot, thing
from scan_worlds import CORPORA

from auditkit.analysis.findings.agreement import agreement, equivalent_rules, rule_opinions
from auditkit.checks import all_checks
from auditkit.scans.read import read_scans
from auditkit.scans.registry import all_readers
from auditkit.scans.vocabulary import rule_id

STATE = {"category": "misconfiguration", "package": None, "fixed_version": None}


def api(privileged: bool = False) -> list[dict]:
    """A Deployment whose pod has a container that is privileged, or not."""
    container = {"name": "main", "image": "shop/api:1.4", "securityContext": {"privileged": privileged}}
    return [thing("Deployment", "api"), thing("ReplicaSet", "api-1", owner=("Deployment", "api")),
            thing("Pod", "api-1-x", owner=("ReplicaSet", "api-1"), spec={"nodeName": "n1", "containers": [container]})]


def said(tool: str, rule: str, status: str, **columns) -> dict:
    return finding(**STATE, tool=tool, scan=f"{tool}:a", rule=rule, rule_id=rule_id(rule), status=status,
                   **{"kind": "Deployment", "namespace": "shop", "name": "api", **columns})


def judged(objects: list[dict], *findings: dict, rule: str = "privileged container") -> dict:
    found = snapshot(objects, findings=list(findings)).agreement
    rows = found[(found["rule"] == rule) & (found["name"] == "api")]
    return rows.iloc[0].to_dict() if len(rows) else {}


@pytest.mark.parametrize(("privileged", "findings", "ours", "tools", "verdict"), [
    (False, [said("polaris", "runAsPrivileged", "pass")], "pass", "polaris=pass", "agree"),
    (True, [said("polaris", "runAsPrivileged", "fail")], "fail", "polaris=fail", "agree"),
    (False, [said("kubescape", "C-0057", "pass"), said("trivy", "AVD-KSV-0017", "fail")], "pass",
     "kubescape=pass, trivy=fail", "disagree"),
    (True, [said("kubescape", "C-0057", "pass")], "fail", "kubescape=pass", "disagree"),
    (True, [said("kubescape", "C-0057", "unknown")], "fail", "kubescape=unknown", "only one"),
    (True, [said("kubescape", "C-0057", "accepted")], "fail", "kubescape=fail", "agree"),
    (True, [said("checkov", "CKV_K8S_16", "fail", kind="Pod", name="api-1-x")], "fail", "checkov=fail", "agree"),
    (True, [said("polaris", "runAsPrivileged", "pass", container="a"),
            said("polaris", "runAsPrivileged", "fail", container="main")], "fail", "polaris=fail", "agree"),
    (False, [said("kubescape", "C-0057", "pass", container="a"), said("kubescape", "C-0057", "error", container="b")],
     "pass", "kubescape=unknown", "only one"),
    (True, [said("gatekeeper", "K8sPSPPrivilegedContainer/ours", "fail")], "fail", "gatekeeper=fail", "agree"),
    (False, [said("kyverno", "disallow-privileged-containers/autogen-privileged-containers", "pass")], "pass",
     "kyverno=pass", "agree"),
    (True, [said("other", "runAsPrivileged", "pass"), said("trivy", "KSV009", "pass")], "fail", "", "only one"),
])
def test_agreement_on_one_rule(privileged, findings, ours, tools, verdict):
    found = judged(api(privileged), *findings)
    assert (found["ours"], found["tools"], found["verdict"]) == (ours, tools, verdict)


def test_findings_of_another_cluster_are_no_opinion_and_objects_that_nobody_looked_at_are_left_out():
    assert judged(api(), said("polaris", "runAsPrivileged", "fail", cluster="staging")) == {}
    found = snapshot([*api(), thing("Pod", "alone", spec={"containers": [{"name": "c", "image": "x"}]})],
                     findings=[said("polaris", "runAsPrivileged", "pass")]).agreement
    assert set(found["name"]) == {"api"}


def test_a_rule_that_only_tools_judge():
    found = judged(api(), said("polaris", "livenessProbeMissing", "fail"), said("checkov", "CKV_K8S_8", "pass"),
                   rule="liveness probe")
    assert pd.isna(found["ours"])
    assert (found["fails"], found["passes"], found["verdict"]) == (1, 1, "disagree")


def test_nobody_agrees_where_there_are_no_findings():
    empty = snapshot(api())
    assert empty.agreement.empty
    assert set(empty.rule_opinions["tool"]) == {"auditkit"}
    assert agreement(rule_opinions(empty.findings_tied, empty.own_verdicts.iloc[:0], empty.top_owners)).empty


def test_the_recorded_cluster(acme):
    found = acme.agreement
    assert not found.duplicated(["rule", "kind", "namespace", "name"]).any()
    of = found[found["rule"] == "privileged container"]
    assert Counter(of["verdict"]) == {"agree": 26, "only one": 3}
    assert Counter(found[found["rule"] == "image tag"]["verdict"]) == {"only one": 16, "disagree": 7, "agree": 6}
    disagreeing = found[found["verdict"] == "disagree"]
    assert ((disagreeing["fails"] > 0) & (disagreeing["passes"] > 0)).all()


def test_own_verdicts_are_those_of_the_checks(acme):
    own = acme.own_verdicts
    assert set(own["check"]) == set(equivalent_rules()["check"].dropna())
    mine = own[own["check"] == "workloads.no_privileged_containers"]
    assert len(mine) == len(acme.all_containers) > len(acme.containers)
    assert (mine["verdict"] == "fail").sum() == acme.all_containers["privileged"].sum()


# --- the list of equivalent rules ------------------------------------------------------------------------------------


def test_equivalent_rules_are_whole():
    rules = equivalent_rules()
    assert not rules[["tool", "rule_id"]].duplicated().any()
    assert rules["rule"].notna().all()
    assert rules["rule_id"].notna().all()
    assert (rules.groupby("rule")["check"].nunique(dropna=False) == 1).all()
    assert set(rules["check"].dropna()) <= set(all_checks())
    assert (rules.groupby("rule").size() >= 2).all()
    assert rules["rule_id"].map(rule_id).equals(rules["rule_id"]), "identifiers stand in their normal form"
    assert set(rules["tool"].dropna()) <= {reader.NAME for reader in all_readers()} | {"kyverno"}


@pytest.mark.parametrize("tool", ["trivy", "trivy-operator", "checkov", "polaris", "kube-linter", "kubeaudit",
                                  "kubescape", "popeye"])
def test_rules_of_real_reports_are_among_them(tool):
    folder = CORPORA / tool / "samples"
    if not folder.is_dir():
        pytest.skip(f"there are no samples of {tool} at AUDITKIT_CORPORA")
    found = read_scans([folder])[0]["findings"].to_pandas(types_mapper=pd.ArrowDtype)
    rules = equivalent_rules()
    known = rules[rules["tool"].isna() | (rules["tool"] == tool).fillna(False)]
    assert found["rule_id"].isin(known["rule_id"]).any()


# --- frameworks ------------------------------------------------------------------------------------------------------


def reference(tool: str, rule: str, framework: str, number: str | None, scan: str | None = None) -> dict:
    return {"tool": tool, "rule": rule, "framework": framework, "reference": number, "scan": scan or f"{tool}:a"}


def test_requirements_that_tools_name_are_joined_to_what_they_found():
    findings = [said("prowler", "core_no_secrets_envs", "fail"),
                said("prowler", "core_no_secrets_envs", "pass", name="web"),
                said("trivy-operator", "KSV017", "fail") | {"scan": "trivy-operator:configauditreports"},
                said("kyverno", "disallow-latest-tag/x", "fail") | {"scan": "policyreport:a"},
                said("polaris", "runAsPrivileged", "fail")]
    references = [reference("prowler", "core_no_secrets_envs", "CIS-1.8", "5.4.1"),
                  reference("prowler", "core_no_secrets_envs", "ISO27001-2022", "A.8.12"),
                  reference("prowler", "core_no_secrets_envs", "CIS-1.8", "5.4.1"),
                  reference("trivy-operator", "AVD-KSV-0017", "nsa", "1.1", "trivy-operator:clustercompliancereports"),
                  reference("policyreport", "disallow-latest-tag/x", "Best Practices", None),
                  reference("falco", "Terminal shell in container", "MITRE", "T1059")]
    events = [{"tool": "falco", "scan": "falco:a", "rule": "Terminal shell in container", "time": YOUNG}]
    given = snapshot(api(), findings=findings, finding_references=references, events=events)
    rows = given.framework_findings
    assert Counter(zip(rows["framework"], rows["reference"].fillna(""), rows["status"], strict=True)) == {
        ("CIS-1.8", "5.4.1", "fail"): 1, ("CIS-1.8", "5.4.1", "pass"): 1, ("ISO27001-2022", "A.8.12", "fail"): 1,
        ("ISO27001-2022", "A.8.12", "pass"): 1, ("nsa", "1.1", "fail"): 1, ("Best Practices", "", "fail"): 1}
    found = given.framework_results
    assert found.set_index("framework")[["findings", "failed", "passed", "events"]].to_numpy().tolist() == [
        [1, 1, 0, 0], [2, 1, 1, 0], [2, 1, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0]]
    assert found["framework"].tolist() == ["Best Practices", "CIS-1.8", "ISO27001-2022", "MITRE", "nsa"]


def test_a_number_means_what_the_scan_says_in_which_it_stands():
    """Two versions of a benchmark number their rules differently."""
    files = ("old", "new")
    findings = [said("kube-bench", "1.2.1", "fail") | {"scan": f"kube-bench:{file}"} for file in files]
    references = [reference("kube-bench", "1.2.1", f"cis-{file}", "1.2.1", f"kube-bench:{file}") for file in files]
    found = snapshot(findings=findings, finding_references=references).framework_findings
    assert Counter(zip(found["framework"], found["scan"], strict=True)) == {
        ("cis-old", "kube-bench:old"): 1, ("cis-new", "kube-bench:new"): 1}
