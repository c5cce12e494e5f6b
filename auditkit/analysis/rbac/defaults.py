"""The default roles of Kubernetes, and the bindings of its own components.

Facts from kubernetes ``plugin/pkg/auth/authorizer/rbac/bootstrappolicy`` (1.36) and the cluster that kubeadm makes.
A label alone proves nothing, since whoever may write a binding may label it; so a binding counts as shipped only with
its own name, place, role and subject.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has

BOOTSTRAPPING = ("kubernetes.io/bootstrapping", "rbac-defaults")

ADMINS = "kubeadm:cluster-admins"
"""The group of the administrators that kubeadm makes (since 1.29): people, to whom it binds full power."""

_CONTROLLERS = (
    "attachdetach-controller", "certificate-controller", "clusterrole-aggregation-controller", "cronjob-controller",
    "daemon-set-controller", "deployment-controller", "device-taint-eviction-controller", "disruption-controller",
    "endpoint-controller", "endpointslice-controller", "endpointslicemirroring-controller",
    "ephemeral-volume-controller", "expand-controller", "generic-garbage-collector", "horizontal-pod-autoscaler",
    "job-controller", "kube-apiserver-serving-clustertrustbundle-publisher", "legacy-service-account-token-cleaner",
    "namespace-controller", "node-controller", "persistent-volume-binder", "pod-garbage-collector",
    "podcertificaterequestcleaner-controller", "pv-protection-controller", "pvc-protection-controller",
    "replicaset-controller", "replication-controller", "resource-claim-controller", "resourcequota-controller",
    "root-ca-cert-publisher", "route-controller", "selinux-warning-controller", "service-account-controller",
    "service-ca-cert-publisher", "service-cidrs-controller", "service-controller", "statefulset-controller",
    "storage-version-migrator-controller", "storage-version-garbage-collector", "ttl-after-finished-controller",
    "ttl-controller", "validatingadmissionpolicy-status-controller", "volumeattributesclass-protection-controller",
)

# namespace (empty: ClusterRoleBinding), binding, kind of role, role, kind of subject, its namespace, subject
_BINDINGS = [
    *(("", f"system:controller:{name}", "ClusterRole", f"system:controller:{name}", "ServiceAccount", "kube-system",
       name) for name in _CONTROLLERS),
    *(("", binding, "ClusterRole", binding, kind, space, name) for binding, kind, space, name in (
        ("cluster-admin", "Group", "", "system:masters"),
        ("system:basic-user", "Group", "", "system:authenticated"),
        ("system:discovery", "Group", "", "system:authenticated"),
        ("system:public-info-viewer", "Group", "", "system:authenticated"),
        ("system:public-info-viewer", "Group", "", "system:unauthenticated"),
        ("system:cluster-trust-bundle-discovery", "Group", "", "system:serviceaccounts"),
        ("system:service-account-issuer-discovery", "Group", "", "system:serviceaccounts"),
        ("system:monitoring", "Group", "", "system:monitoring"),
        ("system:kube-controller-manager", "User", "", "system:kube-controller-manager"),
        ("system:kube-scheduler", "User", "", "system:kube-scheduler"),
        ("system:volume-scheduler", "User", "", "system:kube-scheduler"),
        ("system:node-proxier", "User", "", "system:kube-proxy"),
        ("system:kube-dns", "ServiceAccount", "kube-system", "kube-dns"),
    )),
    *((space, f"system:controller:{name}", "Role", f"system:controller:{name}", "ServiceAccount", "kube-system", name)
      for space, name in (("kube-public", "bootstrap-signer"), ("kube-system", "bootstrap-signer"),
                          ("kube-system", "cloud-provider"), ("kube-system", "token-cleaner"))),
    *(("kube-system", f"system::{binding}", "Role", role, kind, space, name)
      for binding, role, kind, space, name in (
        ("extension-apiserver-authentication-reader", "extension-apiserver-authentication-reader", "User", "",
         "system:kube-controller-manager"),
        ("extension-apiserver-authentication-reader", "extension-apiserver-authentication-reader", "User", "",
         "system:kube-scheduler"),
        ("leader-locking-kube-controller-manager", "system::leader-locking-kube-controller-manager", "User", "",
         "system:kube-controller-manager"),
        ("leader-locking-kube-controller-manager", "system::leader-locking-kube-controller-manager", "ServiceAccount",
         "kube-system", "kube-controller-manager"),
        ("leader-locking-kube-controller-manager", "system::leader-locking-kube-controller-manager", "ServiceAccount",
         "kube-system", "leader-election-controller"),
        ("leader-locking-kube-scheduler", "system::leader-locking-kube-scheduler", "User", "", "system:kube-scheduler"),
        ("leader-locking-kube-scheduler", "system::leader-locking-kube-scheduler", "ServiceAccount", "kube-system",
         "kube-scheduler"))),
    # kubeadm
    ("", "kubeadm:cluster-admins", "ClusterRole", "cluster-admin", "Group", "", ADMINS),
    ("", "kubeadm:apiserver-kubelet-client", "ClusterRole", "system:kubelet-api-admin", "User", "",
     "kube-apiserver-kubelet-client"),  # since 1.33.12, 1.34.8, 1.35.5 and 1.36.1
    ("", "kubeadm:kubelet-bootstrap", "ClusterRole", "system:node-bootstrapper", "Group", "",
     "system:bootstrappers:kubeadm:default-node-token"),
    ("", "kubeadm:get-nodes", "ClusterRole", "kubeadm:get-nodes", "Group", "",
     "system:bootstrappers:kubeadm:default-node-token"),
    ("", "kubeadm:node-autoapprove-bootstrap", "ClusterRole",
     "system:certificates.k8s.io:certificatesigningrequests:nodeclient", "Group", "",
     "system:bootstrappers:kubeadm:default-node-token"),
    ("", "kubeadm:node-autoapprove-certificate-rotation", "ClusterRole",
     "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", "Group", "", "system:nodes"),
    ("", "kubeadm:node-proxier", "ClusterRole", "system:node-proxier", "ServiceAccount", "kube-system", "kube-proxy"),
    ("kube-public", "kubeadm:bootstrap-signer-clusterinfo", "Role", "kubeadm:bootstrap-signer-clusterinfo", "User", "",
     "system:anonymous"),
]
_COLUMNS = ["namespace", "binding", "role_kind", "role", "subject_kind", "subject_namespace", "subject"]
BINDINGS = pd.DataFrame(_BINDINGS, columns=_COLUMNS, dtype=STRING)

ROLES = frozenset(
    [("ClusterRole", name) for name in (
        "cluster-admin", "admin", "edit", "view",
        *(f"system:{name}" for name in (
            "aggregate-to-admin", "aggregate-to-edit", "aggregate-to-view", "auth-delegator", "basic-user",
            "cluster-trust-bundle-discovery", "discovery", "heapster", "kube-aggregator", "kube-controller-manager",
            "kube-dns", "kube-scheduler", "kubelet-api-admin", "monitoring", "node", "node-bootstrapper",
            "node-problem-detector", "node-proxier", "persistent-volume-provisioner", "public-info-viewer",
            "service-account-issuer-discovery", "volume-scheduler")),
        *(f"system:certificates.k8s.io:{name}" for name in (
            "certificatesigningrequests:nodeclient", "certificatesigningrequests:selfnodeclient",
            "kube-apiserver-client-approver", "kube-apiserver-client-kubelet-approver", "kubelet-serving-approver",
            "legacy-unknown-approver")),
        *(f"system:controller:{name}" for name in _CONTROLLERS))]
    + [("Role", name) for name in (
        "extension-apiserver-authentication-reader", "system::leader-locking-kube-controller-manager",
        "system::leader-locking-kube-scheduler", "system:controller:bootstrap-signer",
        "system:controller:cloud-provider", "system:controller:token-cleaner")])
"""The default roles. An API server that starts writes what is missing in them, and leaves what was added."""

WITH_WILDCARDS = frozenset((
    "cluster-admin", "system:kube-controller-manager", "system:kubelet-api-admin",
    *(f"system:controller:{name}" for name in ("disruption-controller", "generic-garbage-collector",
                                               "horizontal-pod-autoscaler", "namespace-controller",
                                               "resourcequota-controller"))))
"""Default ClusterRoles whose rules have wildcards."""

_ON_EVERYTHING = {
    "cluster-admin": "*",
    "system:controller:generic-garbage-collector": "get list watch update patch delete",
    "system:controller:namespace-controller": "get list watch delete deletecollection",
    "system:controller:resourcequota-controller": "list watch",
}
"""The verbs that default roles have on all resources. With another verb there, somebody widened the role."""

WITH_ALL_VERBS = ("cluster-admin", "system:kubelet-api-admin")
"""The default roles with the verb ``*``; the second has it on what kubelets serve."""

_POWERS = {
    "system:kube-controller-manager": "create_tokens proxy_nodes read_secrets write_secrets",
    "system:kube-scheduler": "change_pod_status delete_pods",
    "system:kubelet-api-admin": "proxy_nodes",
    "system:node-bootstrapper": "create_csrs",
    "system:volume-scheduler": "change_storage create_volumes",
    **{f"system:controller:{name}": powers for name, powers in {
        "attachdetach-controller": "change_nodes",
        "bootstrap-signer": "read_secrets change_configmaps",
        "certificate-controller": "approve_csrs approve_signers sign_csrs",
        "cloud-provider": "change_configmaps",
        "clusterrole-aggregation-controller": "escalate_roles write_roles",
        "cronjob-controller": "create_workloads delete_pods",
        "daemon-set-controller": "change_pods create_pods delete_pods",
        "deployment-controller": "change_pods create_workloads",
        "device-taint-eviction-controller": "change_pod_status delete_pods",
        "disruption-controller": "change_pod_status",
        "endpoint-controller": "change_networking",
        "endpointslice-controller": "change_networking",
        "endpointslicemirroring-controller": "change_networking",
        "ephemeral-volume-controller": "change_storage",
        "expand-controller": "change_storage create_volumes",
        "job-controller": "change_pods create_pods create_workloads delete_pods",
        "legacy-service-account-token-cleaner": "write_secrets",
        "namespace-controller": "change_namespaces",
        "node-controller": "change_nodes change_pod_status delete_nodes delete_pods",
        "persistent-volume-binder": "change_storage create_pods create_volumes delete_pods read_secrets",
        "pod-garbage-collector": "change_pod_status delete_pods",
        "pv-protection-controller": "change_storage create_volumes",
        "pvc-protection-controller": "change_storage",
        "replicaset-controller": "change_pods create_pods create_workloads delete_pods",
        "replication-controller": "change_pods create_pods create_workloads delete_pods",
        "resource-claim-controller": "change_pod_status",
        "root-ca-cert-publisher": "change_configmaps",
        "route-controller": "change_nodes",
        "service-ca-cert-publisher": "change_configmaps",
        "service-controller": "change_service_status",
        "statefulset-controller": "change_pods change_storage create_pods delete_pods",
        "token-cleaner": "read_secrets",
        "ttl-controller": "change_nodes",
    }.items()},
}


def _table(given: dict[str, str], column: str) -> pd.DataFrame:
    rows = [(role, word) for role, words in given.items() for word in words.split()]
    return pd.DataFrame(rows, columns=["role", column], dtype=STRING)


POWERS = _table(_POWERS, "power")
"""What the default roles are good for that are bound by default. More than that was added by somebody."""

VERBS = _table(_ON_EVERYTHING, "verb")


def shipped_bindings(binding_subjects: pd.DataFrame) -> pd.Series:
    """For each subject of a binding, true if it is there because Kubernetes itself put it there."""
    return has(binding_subjects[_COLUMNS].fillna(""), dict(zip(_COLUMNS, _COLUMNS, strict=True)), BINDINGS)


def shipped_powers(held: pd.DataFrame, binding_subjects: pd.DataFrame) -> pd.Series:
    """Whether each row of `rbac_powers.held_powers` is what Kubernetes itself ships: its binding, with its rights."""
    bound = shipped_bindings(binding_subjects).to_numpy(dtype=bool)[held["row"].to_numpy(dtype=int)]
    widened = (held["verb"] == "*") & ~held["role"].isin(WITH_ALL_VERBS)
    by_power = has(held, {"role": "role", "power": "power"}, POWERS) & ~widened
    return bound & (by_power | has(held, {"role": "role", "verb": "verb"}, VERBS))


def shipped_roles(roles: pd.DataFrame, role_labels: pd.DataFrame) -> pd.Series:
    """For each role, true if it is one of the default roles: by its name, and by the label that the API server gives
    it."""
    key, value = BOOTSTRAPPING
    labelled = role_labels[(role_labels["key"] == key) & (role_labels["value"] == value)]
    where = ["kind", "namespace", "role"]
    named = roles[["kind", "namespace", "name"]].rename(columns={"name": "role"})
    known = pd.DataFrame(sorted(ROLES), columns=["kind", "role"], dtype=STRING).assign(known=True)
    found = named.merge(labelled[where].drop_duplicates().assign(labelled=True), on=where, how="left").merge(
        known, on=["kind", "role"], how="left")
    home = named["namespace"].isna() | named["namespace"].isin(["kube-system", "kube-public"])
    shipped = found["labelled"].notna().to_numpy() & found["known"].notna().to_numpy() & home.to_numpy(bool)
    return pd.Series(shipped, roles.index, BOOLEAN)
