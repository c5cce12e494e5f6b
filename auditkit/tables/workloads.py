"""Workload controllers, down to what owns them."""

from auditkit.tables.model import Column, Rows, Table, identity
from auditkit.tables.network import SELECTOR, selector_rows
from auditkit.tables.pods import CONTROLLERS

_KIND = Column("kind", "string", "=kind", "kind of the controller")


def _rows(path: str = "") -> tuple[Rows, ...]:
    return tuple(Rows(source, path, constants={"kind": kind}) for source, (kind, _) in CONTROLLERS.items())


TABLES = (
    Table(
        "workloads", "workload controllers", _rows(),
        (
            _KIND, *identity(),
            Column("replicas", "int64", "spec.replicas", "pods that are wanted; absent where the kind has none"),
            Column("ready_replicas", "int64", "status.readyReplicas", "pods that are ready"),
            Column("strategy", "string", "spec.strategy.type", "how a Deployment is rolled out"),
            Column("suspended", "boolean", "spec.suspend", "a Job or CronJob that does not run", absent=False),
            Column("schedule", "string", "spec.schedule", "schedule of a CronJob"),
            Column("completed", "timestamp", "status.completionTime", "when a Job succeeded, after which it is over"),
        ),
        ("kind", "namespace", "name"), kind="Workload",
    ),
    Table(
        "workload_owners", "what a workload controller belongs to (a ReplicaSet to its Deployment)",
        _rows("metadata.ownerReferences[]"),
        (
            _KIND,
            Column("namespace", "string", "/metadata.namespace", "namespace of the controller"),
            Column("name", "string", "/metadata.name", "name of the controller"),
            Column("owner_kind", "string", "kind", "kind of the owner"),
            Column("owner", "string", "name", "name of the owner"),
            Column("owner_uid", "string", "uid", "UID of the owner"),
            Column("controller", "boolean", "controller", "the owner manages it", absent=False),
        ),
        ("kind", "namespace", "name", "owner_uid"),
    ),
    Table(
        "disruption_budgets", "PodDisruptionBudgets", (Rows("poddisruptionbudgets.policy"),),
        (
            *identity(),
            Column("min_available", "string", "spec.minAvailable", "pods that must stay", read="text"),
            Column("max_unavailable", "string", "spec.maxUnavailable", "pods that may go", read="text"),
            Column("has_selector", "boolean", "spec.selector", "pods are picked; without it, none are", read="present"),
            Column("expected_pods", "int64", "status.expectedPods", "pods that it covers"),
            Column("disruptions_allowed", "int64", "status.disruptionsAllowed", "pods that may go now"),
        ),
        ("namespace", "name"), kind="PodDisruptionBudget",
    ),
    Table(
        "disruption_budget_selectors", "label selectors of PodDisruptionBudgets: one row a requirement and value",
        selector_rows("poddisruptionbudgets.policy", "spec.selector"),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace of the budget"),
            Column("budget", "string", "/metadata.name", "name of the budget"),
            *SELECTOR,
        ),
        ("namespace", "budget", "form", "requirement", "value"),
    ),
)
