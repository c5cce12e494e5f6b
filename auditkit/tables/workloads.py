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
            Column("replicas", "int64", "spec.replicas", "desired number of pods; absent if the kind has none"),
            Column("ready_replicas", "int64", "status.readyReplicas", "pods that are ready"),
            Column("updated_replicas", "int64", "status.updatedReplicas", "pods of the template as it is now"),
            Column("current_replicas", "int64", "status.replicas", "all pods, of any template"),
            Column("current_scheduled", "int64", "status.currentNumberScheduled", "nodes with a pod of a DaemonSet"),
            Column("desired_scheduled", "int64", "status.desiredNumberScheduled", "nodes that a DaemonSet is for"),
            Column("updated_scheduled", "int64", "status.updatedNumberScheduled",
                   "nodes with a pod of a DaemonSet's template as it is now"),
            Column("number_ready", "int64", "status.numberReady", "nodes with a ready pod of a DaemonSet"),
            Column("generation", "int64", "metadata.generation", "number of its last change"),
            Column("observed_generation", "int64", "status.observedGeneration", "change that its status is about"),
            Column("strategy", "string", "spec.strategy.type", "how a Deployment is rolled out"),
            Column("update_strategy", "string", "spec.updateStrategy.type",
                   "how a DaemonSet or StatefulSet is rolled out; OnDelete: when its pods are deleted"),
            Column("partition", "int64", "spec.updateStrategy.rollingUpdate.partition",
                   "pods of a StatefulSet with a lower number than this are not rolled out", absent=0),
            Column("paused", "boolean", "spec.paused", "a Deployment that is not rolled out", absent=False),
            Column("suspended", "boolean", "spec.suspend", "a Job or CronJob that does not run", absent=False),
            Column("schedule", "string", "spec.schedule", "schedule of a CronJob"),
            Column("time_zone", "string", "spec.timeZone", "time zone of a CronJob's schedule"),
            Column("concurrency_policy", "string", "spec.concurrencyPolicy",
                   "whether runs of a CronJob overlap: Allow, Forbid or Replace"),
            Column("parallelism", "int64", "spec.parallelism", "pods of a Job at the same time"),
            Column("completions", "int64", "spec.completions", "pods of a Job that must succeed"),
            Column("min_ready_seconds", "int64", "spec.minReadySeconds", "seconds until a pod counts as available"),
            Column("revision_history_limit", "int64", "spec.revisionHistoryLimit", "former revisions that are kept"),
            Column("service_name", "string", "spec.serviceName", "service of a StatefulSet"),
            Column("completed", "timestamp", "status.completionTime", "completion time of a Job"),
        ),
        ("kind", "namespace", "name"), kind="Workload",
    ),
    Table(
        "workload_owners", "owners of workload controllers (the Deployment of a ReplicaSet)",
        _rows("metadata.ownerReferences[]"),
        (
            _KIND,
            Column("namespace", "string", "/metadata.namespace", "namespace of the controller"),
            Column("name", "string", "/metadata.name", "name of the controller"),
            Column("owner_kind", "string", "kind", "kind of the owner"),
            Column("owner", "string", "name", "name of the owner"),
            Column("owner_uid", "string", "uid", "UID of the owner"),
            Column("controller", "boolean", "controller", "true if the owner is its controller", absent=False),
        ),
        ("kind", "namespace", "name", "owner_uid"),
    ),
    Table(
        "job_conditions", "conditions of Jobs, which show whether a Job has finished",
        (Rows("jobs.batch", "status.conditions[]", constants={"kind": "Job"}),),
        (
            _KIND,
            Column("namespace", "string", "/metadata.namespace", "namespace of the Job"),
            Column("name", "string", "/metadata.name", "name of the Job"),
            Column("type", "string", "type", "Complete, Failed, Suspended …"),
            Column("status", "string", "status", "True or not"),
        ),
        ("kind", "namespace", "name", "type"),
    ),
    Table(
        "disruption_budgets", "PodDisruptionBudgets", (Rows("poddisruptionbudgets.policy"),),
        (
            *identity(),
            Column("min_available", "string", "spec.minAvailable", "minAvailable", read="text"),
            Column("max_unavailable", "string", "spec.maxUnavailable", "maxUnavailable", read="text"),
            Column("has_selector", "boolean", "spec.selector", "true if it selects pods; without a selector, it "
                                                               "selects none", read="present"),
            Column("expected_pods", "int64", "status.expectedPods", "pods that it covers"),
            Column("disruptions_allowed", "int64", "status.disruptionsAllowed", "disruptions that are allowed now"),
        ),
        ("namespace", "name"), kind="PodDisruptionBudget",
    ),
    Table(
        "disruption_budget_selectors", "label selectors of PodDisruptionBudgets: one row for each requirement and "
                                       "value",
        selector_rows("poddisruptionbudgets.policy", "spec.selector"),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace of the budget"),
            Column("budget", "string", "/metadata.name", "name of the budget"),
            *SELECTOR,
        ),
        ("namespace", "budget", "form", "requirement", "value"),
    ),
)
