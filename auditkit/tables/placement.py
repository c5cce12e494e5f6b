"""Classes, limits and schedules: what decides where, how and how much of a workload runs."""

from auditkit.tables.model import Column, Rows, Table, identity
from auditkit.tables.pods import CONTAINER_LISTS, CONTROLLERS

_TEMPLATE = (
    Column("kind", "string", "=kind", "kind of the workload controller"),
    Column("namespace", "string", "/metadata.namespace", "namespace of the workload controller"),
    Column("pod", "string", "/metadata.name", "name of the workload controller whose template it is"),
)


def _templates(path: str) -> tuple[Rows, ...]:
    return tuple(Rows(source, f"{base}.{path}", constants={"kind": kind})
                 for source, (kind, base) in CONTROLLERS.items())


def _of(kind: str, column: str) -> tuple[Column, ...]:
    return (Column("namespace", "string", "/metadata.namespace", f"namespace of the {kind}"),
            Column(column, "string", "/metadata.name", f"name of the {kind}"))


TABLES = (
    Table(
        "runtime_classes", "runtime classes (sandboxes)", (Rows("runtimeclasses.node.k8s.io"),),
        (*identity(namespaced=False), Column("handler", "string", "handler", "runtime that runs its pods")),
        ("name",), kind="RuntimeClass",
    ),
    Table(
        "pod_priority_classes", "priority classes of pods", (Rows("priorityclasses.scheduling.k8s.io"),),
        (
            *identity(namespaced=False),
            Column("value", "int64", "value", "priority of the pods of this class"),
            Column("is_default", "boolean", "globalDefault", "counts for pods that name no class", absent=False),
            Column("preemption", "string", "preemptionPolicy", "whether its pods displace others",
                   absent="PreemptLowerPriority"),
        ),
        ("name",), kind="PriorityClass",
    ),
    Table(
        "ingress_classes", "ingress classes", (Rows("ingressclasses.networking.k8s.io"),),
        (*identity(namespaced=False), Column("controller", "string", "spec.controller", "controller of its ingresses")),
        ("name",), kind="IngressClass",
    ),
    Table(
        "autoscalers", "HorizontalPodAutoscalers", (Rows("horizontalpodautoscalers.autoscaling"),),
        (
            *identity(),
            Column("target_kind", "string", "spec.scaleTargetRef.kind", "kind that it scales"),
            Column("target", "string", "spec.scaleTargetRef.name", "what it scales"),
            Column("min_replicas", "int64", "spec.minReplicas", "fewest pods", absent=1),
            Column("max_replicas", "int64", "spec.maxReplicas", "most pods"),
        ),
        ("namespace", "name"), kind="HorizontalPodAutoscaler",
    ),
    Table(
        "node_taints", "taints of nodes", (Rows("nodes", "spec.taints[]"),),
        (
            Column("node", "string", "/metadata.name", "name of the node"),
            Column("key", "string", "key", "key of the taint"),
            Column("value", "string", "value", "its value"),
            Column("effect", "string", "effect", "NoSchedule, PreferNoSchedule or NoExecute"),
        ),
        ("node", "key", "effect"),
    ),
    Table(
        "limit_range_values", "limits and defaults of limit ranges: one row for each resource",
        tuple(Rows("limitranges", f"spec.limits[].{what}{{}}", constants={"what": what})
              for what in ("default", "defaultRequest", "max", "min", "maxLimitRequestRatio")),
        (
            *_of("limit range", "name"),
            Column("what", "string", "=what", "default, defaultRequest, max, min or maxLimitRequestRatio"),
            Column("type", "string", "^type", "Container, Pod or PersistentVolumeClaim"),
            Column("resource", "string", "$key", "what is limited"),
            Column("value", "string", "$value", "the limit", read="text"),
        ),
        ("namespace", "name", "type", "what", "resource"), kind="LimitRange",
    ),
    Table(
        "crd_versions", "versions of custom resource definitions",
        (Rows("customresourcedefinitions.apiextensions.k8s.io", "spec.versions[]"),),
        (
            Column("crd", "string", "/metadata.name", "name of the definition"),
            Column("name", "string", "name", "version"),
            Column("served", "boolean", "served", "the API server serves it"),
            Column("storage", "boolean", "storage", "objects are stored in it"),
        ),
        ("crd", "name"), kind="CustomResourceDefinition", called=("crd", ""),
    ),
    Table(
        "certificate_request_decisions", "decisions on CertificateSigningRequests",
        (Rows("certificatesigningrequests.certificates.k8s.io", "status.conditions[]"),),
        (
            Column("request", "string", "/metadata.name", "name of the request"),
            Column("type", "string", "type", "Approved, Denied or Failed"),
            Column("status", "string", "status", "True or not"),
        ),
        ("request", "type"), kind="CertificateSigningRequest", called=("request", ""),
    ),
    Table(
        "service_account_pull_secrets", "image pull Secrets of service accounts",
        (Rows("serviceaccounts", "imagePullSecrets[]"),),
        (*_of("service account", "account"), Column("secret", "string", "name", "name of the Secret")),
        ("namespace", "account", "secret"),
    ),
    Table(
        "template_tolerations", "taints that the pods of workload controllers tolerate",
        _templates("spec.tolerations[]"),
        (
            *_TEMPLATE,
            Column("key", "string", "key", "key of the taint; <NA>: every taint"),
            Column("operator", "string", "operator", "Exists or Equal", absent="Equal"),
            Column("value", "string", "value", "its value"),
            Column("effect", "string", "effect", "effect of the taint; <NA>: each"),
        ),
        ("kind", "namespace", "pod", "key", "operator", "value", "effect"),
    ),
    Table(
        "template_placement", "labels of nodes that the pods of workload controllers require",
        _templates("spec.nodeSelector{}"),
        (*_TEMPLATE, Column("key", "string", "$key", "label"), Column("value", "string", "$value", "its value")),
        ("kind", "namespace", "pod", "key"),
    ),
    Table(
        "template_host_aliases", "addresses of host names that the pods of workload controllers take for granted",
        _templates("spec.hostAliases[]"),
        (*_TEMPLATE, Column("ip", "string", "ip", "address"),
         Column("hostname", "string", "hostnames[]", "host name", each="optional")),
        ("kind", "namespace", "pod", "ip", "hostname"),
    ),
    Table(
        "template_commands", "commands that containers of workload controllers state; their text is not kept",
        tuple(Rows(source, f"{base}.spec.{field}[]", constants={"kind": kind, "type": of})
              for source, (kind, base) in CONTROLLERS.items() for field, of in CONTAINER_LISTS.items()),
        (
            *_TEMPLATE,
            Column("type", "string", "=type", "regular, init or ephemeral"),
            Column("name", "string", "name", "name of the container"),
            Column("command_count", "int64", "command", "words of the command; 0: that of the image", read="count",
                   absent=0),
            Column("working_dir", "string", "workingDir", "folder that it starts in"),
        ),
        ("kind", "namespace", "pod", "name"),
    ),
    Table(
        "claim_templates", "volume claims that a StatefulSet makes for each of its pods",
        (Rows("statefulsets.apps", "spec.volumeClaimTemplates[]", constants={"kind": "StatefulSet"}),),
        (
            *_TEMPLATE,
            Column("name", "string", "metadata.name", "name of the claim"),
            Column("storage_class", "string", "spec.storageClassName", "requested storage class"),
            Column("requested", "string", "spec.resources.requests.storage", "requested size", read="text"),
        ),
        ("kind", "namespace", "pod", "name"),
    ),
)
