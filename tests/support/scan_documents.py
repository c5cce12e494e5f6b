"""A valid document, or several, of every reader of scans: from the readers' own tests."""

from typing import Any

from tests.scans import test_nodes as nodes
from tests.scans import test_workloads as workloads
from tests.scans.readers import test_audit_policy as audit_policy
from tests.scans.readers import test_checkov as checkov
from tests.scans.readers import test_external_secrets as external_secrets
from tests.scans.readers import test_falco as falco
from tests.scans.readers import test_gatekeeper as gatekeeper
from tests.scans.readers import test_kube_linter as kube_linter
from tests.scans.readers import test_kubernetes_audit as kubernetes_audit
from tests.scans.readers import test_kubescape as kubescape
from tests.scans.readers import test_neuvector as neuvector
from tests.scans.readers import test_plural as plural
from tests.scans.readers import test_policyreport as policyreport
from tests.scans.readers import test_popeye as popeye
from tests.scans.readers import test_prowler as prowler
from tests.scans.readers import test_sarif as sarif
from tests.scans.readers import test_sysdig as sysdig
from tests.scans.readers import test_sysdig_events as sysdig_events
from tests.scans.readers import test_trivy as trivy
from tests.scans.readers import test_trivy_operator as trivy_operator
from tests.scans.readers import test_vault as vault

HOLE = {"vulnerabilityID": "CVE-2026-1", "resource": "zlib", "installedVersion": "1", "severity": "CRITICAL"}
KUBEAUDIT = {"AuditResultName": "PrivilegedTrue", "level": "error", "msg": "no", "time": "2026-11-01T10:00:00Z",
             "ResourceApiVersion": "apps/v1", "ResourceKind": "Deployment", "ResourceName": "web", "Container": "app"}

DOCUMENTS: dict[str, Any] = {
    "audit-policy": audit_policy.DOCUMENT,
    "aqua": workloads.AQUA,
    "aqua, DevOps": [{"image_name": "shop/web:1", "results": workloads.AQUA}],
    "kubeaudit": KUBEAUDIT,
    "polaris": workloads.POLARIS,
    "kube-bench": {"Controls": [nodes.controls(nodes.RESULT)]},
    "kube-hunter": nodes.HUNTED,
    "kubescape": kubescape.REPORT,
    "trivy": trivy.IMAGE,
    "trivy, cluster": {"ClusterName": "prod", "Resources": [trivy.RESOURCE]},
    "trivy-operator": trivy_operator.report("VulnerabilityReport", {**trivy_operator.IMAGE, "vulnerabilities": [HOLE]}),
    "gatekeeper": gatekeeper.constraint({"auditTimestamp": gatekeeper.TIME, "totalViolations": 1,
                                         "violations": [gatekeeper.VIOLATION]}),
    "policyreport": policyreport.report(policyreport.RESULT, scope=policyreport.POD),
    "sysdig scanner, first": sysdig.FIRST,
    "sysdig scanner, second": sysdig.SECOND,
    "sysdig report": {"data": [sysdig.OLD_ROW, sysdig.NEW_ROW]},
    "sysdig posture": {"data": [sysdig.REQUIREMENT]},
    "sysdig events": [sysdig_events.EVENT, sysdig_events.LEGACY, sysdig_events.ACTIVITY],
    "falco": [falco.ALERT, falco.ALERT],
    "vault": vault.REQUEST,
    "plural": [plural.CONSTRAINT, plural.CLEAN],
    "prowler": [prowler.ocsf()],
    "prowler asff": [prowler.ASFF],
    "prowler old": [prowler.OLD],
    "sarif": sarif.document(sarif.run({"ruleId": "R1", **sarif.TEXT}, {"ruleIndex": 1, "suppressions": [{}]})),
    "neuvector": {"run_at": "2026-11-23T09:00:00Z", "items": [neuvector.CHECK]},
    "external-secrets": external_secrets.item(
        "ExternalSecret", spec=external_secrets.SPEC, status=external_secrets.SYNCED
    ),
    "checkov": checkov.report(failed_checks=[checkov.CHECK]),
    "kube-linter": {"Checks": kube_linter.CHECKS, "Reports": [kube_linter.REPORT], "Summary": kube_linter.SUMMARY},
    "popeye": popeye.NEW,
    "kubernetes-audit": [kubernetes_audit.EVENT],
    "kubernetes-audit of Google": [kubernetes_audit.google()],
    **{f"kubernetes-audit, {name}": document for name, (document, _) in kubernetes_audit.ENVELOPES.items()},
}
"""By the name of the tool, and after it what distinguishes several."""
