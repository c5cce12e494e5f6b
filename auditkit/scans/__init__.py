"""What other tools have found, read into the tables ``findings``, ``finding_references``, ``events`` and ``scans``.

`auditkit.scans.model` says what a reader is; there is one module a tool.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from auditkit.scans.model import Reader

BUILT_IN = (
    "kubescape", "kubeaudit", "trivy", "trivy_operator", "gatekeeper", "policyreport", "kube_bench", "kube_hunter",
    "aqua", "polaris",
    "sysdig", "falco", "kubernetes_audit", "vault", "plural", "kube_linter", "checkov", "popeye", "prowler",
    "sarif", "neuvector", "external_secrets",
)


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader: those that auditkit has, and those of other packages (entry point group ``auditkit.scans``)."""
    found = {name: import_module(f"auditkit.scans.readers.{name}") for name in BUILT_IN}
    for entry in entry_points(group="auditkit.scans"):
        found.setdefault(entry.name, entry.load())
    return tuple(found.values())
