"""The readers that there are, and what each tool is good for."""

from collections.abc import Sequence
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import overload

from auditkit.scans.model import Reader

BUILT_IN = (
    "kubescape", "kubeaudit", "trivy", "trivy_operator", "gatekeeper", "policyreport", "kube_bench", "kube_hunter",
    "aqua", "polaris",
    "sysdig", "falco", "kubernetes_audit", "audit_policy", "vault", "plural", "kube_linter", "checkov", "popeye",
    "prowler",
    "sarif", "neuvector", "external_secrets",
)


class Providers(Sequence[str]):
    """The names of the tools whose readers say in ``PROVIDES`` that they are good for something.

    They are looked up when they are first asked for: a check can be declared without importing every reader.
    """

    def __init__(self, what: str):
        self.what = what

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The tools, in the order of their readers."""
        return tuple(reader.NAME for reader in all_readers() if self.what in getattr(reader, "PROVIDES", ()))

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...

    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        return self.names[at]

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return repr(self.names)


@cache
def all_readers() -> tuple[Reader, ...]:
    """Every reader: those that auditkit has, and those of other packages (entry point group ``auditkit.scans``)."""
    found = {name: import_module(f"auditkit.scans.readers.{name}") for name in BUILT_IN}
    for entry in entry_points(group="auditkit.scans"):
        found.setdefault(entry.name, entry.load())
    return tuple(found.values())
