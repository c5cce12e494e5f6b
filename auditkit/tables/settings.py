"""Settings that no check reads, and that a comparison of two snapshots shows: one row for each that is written.

Only what can hold no secret: commands, arguments, values of variables, mount options and parameters are not read.
"""

import re

from auditkit.tables.model import Column, Rows, Table
from auditkit.tables.pods import CONTROLLERS
from auditkit.tables.resources import RESOURCES

_JOB = "backoffLimit activeDeadlineSeconds ttlSecondsAfterFinished completionMode podFailurePolicy"
_POD = (
    "affinity topologySpreadConstraints dnsPolicy dnsConfig schedulerName terminationGracePeriodSeconds "
    "activeDeadlineSeconds enableServiceLinks hostname subdomain setHostnameAsFQDN preemptionPolicy nodeName "
    "readinessGates schedulingGates overhead securityContext.fsGroupChangePolicy securityContext.supplementalGroups "
    "securityContext.supplementalGroupsPolicy"
)
_RESOURCES = {
    "horizontalpodautoscalers.autoscaling": "spec.metrics spec.behavior",
    "poddisruptionbudgets.policy": "spec.unhealthyPodEvictionPolicy",
    "resourcequotas": "spec.scopes",
    "runtimeclasses.node.k8s.io": "overhead scheduling",
    "ingressclasses.networking.k8s.io": "spec.parameters",
    "storageclasses.storage.k8s.io": "allowedTopologies parameters.type",
    "persistentvolumes": "spec.accessModes spec.volumeMode spec.csi.volumeHandle spec.csi.readOnly spec.nodeAffinity "
                         "spec.nfs.server spec.nfs.path spec.local.path spec.volumeAttributesClassName",
    "persistentvolumeclaims": "spec.accessModes spec.volumeMode spec.dataSource spec.selector spec.resources.limits "
                              "spec.volumeAttributesClassName metadata.deletionTimestamp",
    "namespaces": "metadata.deletionTimestamp",
    "customresourcedefinitions.apiextensions.k8s.io":
        "spec.conversion.strategy spec.preserveUnknownFields spec.names.shortNames spec.names.categories",
    "apiservices.apiregistration.k8s.io": "spec.service.port spec.groupPriorityMinimum spec.versionPriority",
    "deployments.apps": "spec.strategy.rollingUpdate spec.progressDeadlineSeconds",
    "statefulsets.apps": "spec.podManagementPolicy spec.persistentVolumeClaimRetentionPolicy spec.ordinals",
    "daemonsets.apps": "spec.updateStrategy.rollingUpdate.maxUnavailable spec.updateStrategy.rollingUpdate.maxSurge",
    "jobs.batch": " ".join(f"spec.{name}" for name in _JOB.split()),
    "cronjobs.batch": "spec.startingDeadlineSeconds spec.successfulJobsHistoryLimit spec.failedJobsHistoryLimit "
                      "spec.jobTemplate.spec.parallelism spec.jobTemplate.spec.completions "
                      + " ".join(f"spec.jobTemplate.spec.{name}" for name in _JOB.split()),
    "services": "spec.ipFamilyPolicy spec.trafficDistribution",
}


_FIELDS = {source: fields.split() for source, fields in _RESOURCES.items()}


def _column(field: str) -> str:
    """The name of a column: that of the field, as Python writes names."""
    return re.sub(r"([A-Z])", r"_\1", field.rpartition(".")[2]).lower()


TABLES = (
    Table(
        "object_settings", "settings of objects that no other table has, as JSON",
        tuple(Rows(source, label=field, constants={"kind": RESOURCES[source].kind, "field": field})
              for source, fields in _FIELDS.items() for field in fields),
        (
            Column("kind", "string", "=kind", "kind of the object"),
            Column("namespace", "string", "/metadata.namespace", "namespace of the object"),
            Column("object", "string", "/metadata.name", "name of the object"),
            Column("field", "string", "=field", "place of the setting in the object"),
            Column("value", "string", {field: field for fields in _FIELDS.values() for field in fields},
                   "what is written there, as JSON; <NA>: nothing", read="json"),
        ),
        ("kind", "namespace", "object", "field"), kind="kind", called=("object", ""),
    ),
    Table(
        "template_settings", "settings of pod templates that no other table has, as JSON",
        tuple(Rows(source, path, constants={"kind": kind}) for source, (kind, path) in CONTROLLERS.items()),
        (
            Column("kind", "string", "=kind", "kind of the workload controller"),
            Column("namespace", "string", "/metadata.namespace", "namespace of the workload controller"),
            Column("name", "string", "/metadata.name", "name of the workload controller"),
            *(Column(_column(field), "string", f"spec.{field}", f"its {field}, as JSON", read="json")
              for field in _POD.split()),
        ),
        ("kind", "namespace", "name"), kind="Template",
    ),
)
