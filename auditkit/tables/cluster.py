"""Namespaces, nodes, quotas, and what the API server serves."""

from auditkit.tables.model import Column, Rows, Table, identity

_OF_NAMESPACE = (Column("namespace", "string", "/metadata.name", "name of the namespace"),)
_OF_NODE = (Column("node", "string", "/metadata.name", "name of the node"),)
_LABEL = (Column("key", "string", "$key", "label"), Column("value", "string", "$value", "its value"))

TABLES = (
    Table(
        "collection", "the cluster and the time of this snapshot: one row", (Rows("collection"),),
        (
            Column("cluster", "string", "cluster", "name of the cluster in the kubeconfig or recording"),
            Column("cluster_uid", "string", "cluster_uid", "UID of the namespace kube-system, which identifies a "
                                                           "cluster"),
            Column("server_version", "string", "server_version", "version of the API server"),
            Column("started", "timestamp", "started", "when the first request was sent"),
            Column("ended", "timestamp", "ended", "when the last response arrived"),
            Column("observed_from", "timestamp", "observed_from",
                   "start of the observation; not set if unknown"),
            Column("observed_until", "timestamp", "observed_until",
                   "end of the observation; ages are measured from these two times"),
            Column("observed_by", "string", "observed_by",
                   "how the observation time is known: asked, recorded, stated, contents (the latest time in the "
                   "data)"),
        ),
        ("cluster",), kind="Cluster", called=("cluster", ""),
    ),
    Table(
        "namespaces", "namespaces", (Rows("namespaces"),),
        (*identity(namespaced=False), Column("phase", "string", "status.phase", "Active or Terminating")),
        ("name",), kind="Namespace",
    ),
    Table(
        "namespace_labels", "labels of namespaces", (Rows("namespaces", "metadata.labels{}"),),
        (*_OF_NAMESPACE, *_LABEL), ("namespace", "key"),
    ),
    Table(
        "nodes", "nodes", (Rows("nodes"),),
        (
            *identity(namespaced=False),
            Column("kubelet_version", "string", "status.nodeInfo.kubeletVersion", "version of the kubelet"),
            Column("os_image", "string", "status.nodeInfo.osImage", "operating system"),
            Column("os", "string", "status.nodeInfo.operatingSystem", "linux or windows"),
            Column("architecture", "string", "status.nodeInfo.architecture", "processor architecture"),
            Column("kernel", "string", "status.nodeInfo.kernelVersion", "version of the kernel"),
            Column("container_runtime", "string", "status.nodeInfo.containerRuntimeVersion", "container runtime"),
            Column("provider_id", "string", "spec.providerID", "provider ID"),
            Column("unschedulable", "boolean", "spec.unschedulable", "true if it accepts no new pods", absent=False),
        ),
        ("name",), kind="Node",
    ),
    Table("node_labels", "labels of nodes", (Rows("nodes", "metadata.labels{}"),), (*_OF_NODE, *_LABEL),
          ("node", "key")),
    Table(
        "node_conditions", "conditions of nodes", (Rows("nodes", "status.conditions[]"),),
        (*_OF_NODE, Column("type", "string", "type", "condition"), Column("status", "string", "status", "True or not"),
         Column("reason", "string", "reason", "why")),
        ("node", "type"),
    ),
    Table(
        "node_addresses", "addresses of nodes", (Rows("nodes", "status.addresses[]"),),
        (*_OF_NODE, Column("type", "string", "type", "InternalIP, ExternalIP, Hostname …"),
         Column("address", "string", "address", "address")),
        ("node", "type", "address"),
    ),
    Table(
        "resource_quotas", "resource quotas: one row for each limited resource",
        (Rows("resourcequotas", "spec.hard{}"),),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace"),
            Column("name", "string", "/metadata.name", "name of the quota"),
            Column("resource", "string", "$key", "what is limited"),
            Column("hard", "string", "$value", "the limit", read="text"),
            Column("scopes_count", "int64", "/spec.scopes", "scopes that restrict it to some pods", read="count",
                   absent=0),
            Column("has_scope_selector", "boolean", "/spec.scopeSelector", "true if it applies only to pods in some "
                                                                           "scopes",
                   read="present"),
        ),
        ("namespace", "name", "resource"), kind="ResourceQuota",
    ),
    Table(
        "limit_ranges", "limit ranges", (Rows("limitranges", "spec.limits[]"),),
        (
            Column("namespace", "string", "/metadata.namespace", "namespace"),
            Column("name", "string", "/metadata.name", "name of the limit range"),
            Column("type", "string", "type", "Container, Pod or PersistentVolumeClaim"),
            Column("has_default", "boolean", "default", "gives containers a default limit", read="present"),
            Column("has_max", "boolean", "max", "states a maximum", read="present"),
        ),
        ("namespace", "name", "type"), kind="LimitRange",
    ),
    Table(
        "crds", "custom resource definitions", (Rows("customresourcedefinitions.apiextensions.k8s.io"),),
        (
            *identity(namespaced=False),
            Column("group", "string", "spec.group", "API group"),
            Column("kind", "string", "spec.names.kind", "kind"),
            Column("plural", "string", "spec.names.plural", "resource"),
            Column("scope", "string", "spec.scope", "Namespaced or Cluster"),
        ),
        ("name",), kind="CustomResourceDefinition",
    ),
    Table(
        "api_services", "API groups and versions, and their servers", (Rows("apiservices.apiregistration.k8s.io"),),
        (
            *identity(namespaced=False),
            Column("group", "string", "spec.group", "API group"),
            Column("version", "string", "spec.version", "version"),
            Column("service_namespace", "string", "spec.service.namespace", "namespace of the service behind it"),
            Column("service", "string", "spec.service.name", "service behind it; <NA>: the API server itself"),
            Column("insecure", "boolean", "spec.insecureSkipTLSVerify", "its certificate is not verified",
                   absent=False),
        ),
        ("name",), kind="APIService",
    ),
    Table(
        "api_resources", "resources that the API server serves, from its discovery document", (Rows("discovery"),),
        (
            Column("group", "string", "group", "API group; empty for the core group"),
            Column("version", "string", "version", "version"),
            Column("resource", "string", "resource", "resource, or resource/subresource"),
            Column("kind", "string", "kind", "kind"),
            Column("namespaced", "boolean", "namespaced", "its objects live in namespaces"),
            Column("verb", "string", "verbs[]", "verb that it answers", each="optional"),
        ),
        ("group", "version", "resource", "verb"),
    ),
    Table(
        "kubelets", "nodes, and whether the kubelet returned its configuration", (Rows("kubelets"),),
        (
            Column("node", "string", "node", "name of the node"),
            Column("read", "boolean", "read", "its configuration was read"),
            Column("reason", "string", "reason", "why not"),
        ),
        ("node",), kind="Node", called=("node", ""),
    ),
    Table(
        "kubelet_settings", "settings of each node's kubelet as it reports them: one row for each setting",
        (Rows("kubelets", "settings[]"),),
        (
            Column("node", "string", "/node", "name of the node"),
            Column("key", "string", "key", "setting, its path joined by dots"),
            Column("value", "string", "value", "its value as text; lists joined by commas"),
        ),
        ("node", "key"),
    ),
    Table(
        "control_plane", "control plane components that are visible as static pods",
        (Rows("controlplane", "instance"),),
        (
            Column("component", "string", "/component",
                   "kube-apiserver, kube-controller-manager, kube-scheduler, etcd"),
            Column("node", "string", "/node", "node that the static pod runs on"),
            Column("pod", "string", "/pod", "name of the pod"),
            Column("image", "string", "image", "its image"),
            Column("unread", "string", "unread", "why flags may be set that are not visible; <NA>: all flags are "
                                                 "visible"),
        ),
        ("component", "node", "pod"), kind="Pod", called=("pod", ""),
    ),
    Table(
        "control_plane_flags", "flags of the control plane's static pods: one row for each flag",
        (Rows("controlplane", "instance.flags[]"),),
        (
            Column("component", "string", "/component", "component"),
            Column("node", "string", "/node", "node that the static pod runs on"),
            Column("pod", "string", "/pod", "name of the pod"),
            Column("flag", "string", "flag", "flag without its dashes"),
            Column("value", "string", "value", "its value; <NA>: the value is not kept or not certain"),
        ),
        ("component", "node", "pod", "flag"),
    ),
    Table(
        "kube_proxies", "pods of kube-proxy", (Rows("controlplane", "proxy"),),
        (
            Column("node", "string", "/node", "node that the pod runs on"),
            Column("pod", "string", "/pod", "name of the pod"),
            Column("unread", "string", "unread", "why flags may be set that are not visible; <NA>: all flags are "
                                                 "visible"),
        ),
        ("node", "pod"), kind="Pod", called=("pod", ""),
    ),
    Table(
        "kube_proxy_flags", "flags of kube-proxy pods: one row for each flag",
        (Rows("controlplane", "proxy.flags[]"),),
        (
            Column("node", "string", "/node", "node that the pod runs on"),
            Column("pod", "string", "/pod", "name of the pod"),
            Column("flag", "string", "flag", "flag without its dashes"),
            Column("value", "string", "value", "its value; <NA>: the value is not kept or not certain"),
        ),
        ("node", "pod", "flag"),
    ),
)
