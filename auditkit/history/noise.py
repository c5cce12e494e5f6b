"""What a comparison leaves out, each with the reason: what nobody decided, or what is told elsewhere."""

UNREAD = ("status.",)
"""Where the cluster writes down what it sees: not what somebody wanted."""

READ = ("status.nodeInfo.",)
"""What of that is compared all the same: the versions that nodes run."""

_SEEN = "the state that the cluster observes, not what somebody decided"
_TOLD = "told by what it belongs to"
_SCANS = "what scanners and logs say, which the comparison of verdicts is about"

TABLES: dict[str, str] = {
    "collection": "about the snapshot itself; the version of the server is compared on its own",
    "collector": "about who collected",
    "pod_conditions": _SEEN, "container_images": _SEEN, "node_conditions": _SEEN, "node_addresses": _SEEN,
    "job_conditions": _SEEN, "service_load_balancers": _SEEN, "ingress_addresses": _SEEN,
    "pod_owners": "told by the owner, which a pod only follows",
    "workload_owners": "told by the owner, which a controller only follows",
    "api_resources": "told by definitions of custom resources, API services and the version of the server",
    "engine_kinds": "told by definitions of custom resources",
    "kubelets": "whether a kubelet answered",
    "control_plane": "told by the static pods",
    "kube_proxies": "told by the DaemonSet",
    "object_writers": "who changed something, told with the change",
    "object_generations": "counts changes; told where no field tells what one was",
    "findings": _SCANS, "finding_references": _SCANS, "events": _SCANS, "scans": _SCANS, "audit_policy": _SCANS,
}
"""Tables that are not compared."""

COLUMNS: dict[tuple[str, str], str] = {
    **{(table, column): "repeats the field of the security context that it names"
       for table in ("pods", "templates", "containers", "template_containers")
       for column in ("security_context", "security_statement")},
    **{(table, "node"): "the scheduler chooses it" for table in ("pods", "templates")},
    ("workloads", "generation"): "counts changes, and says none",
    ("persistent_volumes", "claim"): "the binder chooses it",
    ("persistent_volumes", "claim_namespace"): "the binder chooses it",
    ("persistent_volume_claims", "volume"): "the binder chooses it",
    ("services", "cluster_ip"): "the API server chooses it",
}
"""Columns that are not compared, by table."""

WRITERS = frozenset((
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "cloud-controller-manager",
    "aws-cloud-controller-manager", "azure-cloud-controller-manager", "cluster-autoscaler", "descheduler"))
"""Programs of Kubernetes whose writes are nobody's decision, as managed fields call them."""

ANNOTATIONS = tuple(f"annotations.{key}" for key in (
    "kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/", "deprecated.daemonset.template",
    "pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.kubernetes.io/", "endpoints.kubernetes.io/",
    "batch.kubernetes.io/", "autoscaling.alpha.kubernetes.io/", "node.alpha.kubernetes.io/",
    "csi.volume.kubernetes.io/",
    "volumes.kubernetes.io/", "rbac.authorization.kubernetes.io/autoupdate"))
"""How the fields begin that controllers and kubectl write for themselves."""

TAINTS = frozenset(f"node.{key}" for key in (
    "kubernetes.io/not-ready", "kubernetes.io/unreachable", "kubernetes.io/memory-pressure",
    "kubernetes.io/disk-pressure", "kubernetes.io/pid-pressure", "kubernetes.io/network-unavailable",
    "kubernetes.io/unschedulable", "cloudprovider.kubernetes.io/uninitialized",
    "cloudprovider.kubernetes.io/shutdown"))
"""Taints by which the cluster says how a node is (Kubernetes documentation, "Taints and Tolerations"); that somebody
cordoned it is told by ``spec.unschedulable``."""

MADE_IN_NAMESPACES = frozenset((
    ("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt"), ("ConfigMap", "openshift-service-ca.crt")))
"""What controllers make in every namespace: it comes and goes with the namespace, and says nothing beside it."""

GENERATED_NAME = r"-token-[bcdfghjklmnpqrstvwxz2456789]{5}$"
"""The names of Secrets that Kubernetes before 1.24 made for each service account (token controller)."""
