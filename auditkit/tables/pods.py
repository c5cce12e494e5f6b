"""Pods and what is inside them; and the same of the pod templates of workload controllers.

Every rule on containers reads one table, in which regular, init and ephemeral containers are rows alike. The
templates of controllers have tables of the same shape, so that a rule on pods can be asked of them too.
"""

from auditkit.tables.model import Column, Rows, Table

CONTAINER_LISTS = {"containers": "regular", "initContainers": "init", "ephemeralContainers": "ephemeral"}
HANDLERS = tuple(
    f"{hook}.{action}"
    for hook in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop")
    for action in ("httpGet", "tcpSocket")
)
ANNOTATIONS = (
    "container.apparmor.security.beta.kubernetes.io/",
    "container.seccomp.security.alpha.kubernetes.io/",
    "seccomp.security.alpha.kubernetes.io/pod",
    "kubernetes.io/config.mirror",
    "kubernetes.io/config.source",
)
OS_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")
VOLUME_TYPES = (
    "projected configMap secret emptyDir hostPath persistentVolumeClaim downwardAPI csi ephemeral image nfs"
    " awsElasticBlockStore azureDisk azureFile cephfs cinder fc flexVolume flocker gcePersistentDisk gitRepo"
    " glusterfs iscsi photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
).split()

CONTROLLERS = {
    "deployments.apps": ("Deployment", "spec.template"),
    "replicasets.apps": ("ReplicaSet", "spec.template"),
    "statefulsets.apps": ("StatefulSet", "spec.template"),
    "daemonsets.apps": ("DaemonSet", "spec.template"),
    "replicationcontrollers": ("ReplicationController", "spec.template"),
    "jobs.batch": ("Job", "spec.template"),
    "cronjobs.batch": ("CronJob", "spec.jobTemplate.spec.template"),
}

SECURITY = "securityContext"

_OF_BOTH = ("runAsNonRoot", "runAsUser", "runAsGroup", "seccompProfile.type", "appArmorProfile.type",
            "seLinuxOptions.level", "seLinuxOptions.role", "seLinuxOptions.type", "seLinuxOptions.user",
            "windowsOptions.gmsaCredentialSpec", "windowsOptions.gmsaCredentialSpecName", "windowsOptions.hostProcess",
            "windowsOptions.runAsUserName")
SECURITY_FIELDS = {
    "pod": (*_OF_BOTH, "fsGroup", "fsGroupChangePolicy", "supplementalGroups", "supplementalGroupsPolicy",
            "seLinuxChangePolicy", "sysctls"),
    "container": (*_OF_BOTH, "privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem", "procMount",
                  "capabilities.add", "capabilities.drop"),
}
"""The fields of a security context; one in which none is set states nothing."""

STATEMENTS = {
    "pod": ("seLinuxOptions.level", "windowsOptions.gmsaCredentialSpec", "windowsOptions.gmsaCredentialSpecName",
            "fsGroupChangePolicy", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy", "sysctls"),
    "container": ("seLinuxOptions.level", "windowsOptions.gmsaCredentialSpec", "windowsOptions.gmsaCredentialSpecName",
                  "privileged", "procMount"),
}
"""Fields of a security context that say something, whatever their value; and, last, those of which a column does not
tell the safer value from the absence of the field."""


def _security(level: str) -> tuple[Column, ...]:
    """The fields of a security context that pods and containers share."""
    context = f"spec.{SECURITY}" if level == "pod" else SECURITY
    return (
        Column("run_as_non_root", "boolean", f"{context}.runAsNonRoot", "the kubelet does not start it as root"),
        Column("run_as_user", "int64", f"{context}.runAsUser", "user id it runs as"),
        Column("seccomp_type", "string", f"{context}.seccompProfile.type", "kind of seccomp profile"),
        Column("apparmor_type", "string", f"{context}.appArmorProfile.type", "kind of AppArmor profile"),
        Column("selinux_type", "string", f"{context}.seLinuxOptions.type", "SELinux type label"),
        Column("selinux_user", "string", f"{context}.seLinuxOptions.user", "SELinux user label"),
        Column("selinux_role", "string", f"{context}.seLinuxOptions.role", "SELinux role label"),
        Column("windows_host_process", "boolean", f"{context}.windowsOptions.hostProcess",
               "a Windows HostProcess container"),
        Column("windows_user", "string", f"{context}.windowsOptions.runAsUserName", "user name it runs as on Windows"),
        Column("security_context", "string", "|".join(f"{context}.{name}" for name in SECURITY_FIELDS[level]),
               "the first field that its security context sets; <NA>: none", read="first_of"),
        Column("security_statement", "string", "|".join(f"{context}.{name}" for name in STATEMENTS[level]),
               "the first field that counts by being set, or whose safer value is its default; <NA>: none",
               read="first_of"),
        Column("run_as_group", "int64", f"{context}.runAsGroup", "group id it runs as"),
    )


POD_SPEC = (
    Column("node", "string", "spec.nodeName", "node it is bound to"),
    Column("service_account", "string", "spec.serviceAccountName", "service account it runs as", absent="default"),
    Column("automount_token", "boolean", "spec.automountServiceAccountToken",
           "whether the account's token is mounted; absent: the service account decides"),
    Column("host_network", "boolean", "spec.hostNetwork", "shares the node's network", absent=False),
    Column("host_pid", "boolean", "spec.hostPID", "sees the node's processes", absent=False),
    Column("host_ipc", "boolean", "spec.hostIPC", "shares the node's inter-process communication", absent=False),
    Column("host_users", "boolean", "spec.hostUsers", "shares the node's user namespace", absent=True),
    Column("share_process_namespace", "boolean", "spec.shareProcessNamespace",
           "its containers see each other's processes", absent=False),
    Column("os_name", "string", "spec.os.name", "operating system stated in the pod"),
    Column("priority_class", "string", "spec.priorityClassName", "priority class"),
    Column("runtime_class", "string", "spec.runtimeClassName", "runtime class (sandbox)"),
    Column("restart_policy", "string", "spec.restartPolicy", "restart policy", absent="Always"),
    Column("cpu_limit", "string", "spec.resources.limits.cpu", "limit of CPU for all its containers", read="text"),
    Column("memory_limit", "string", "spec.resources.limits.memory", "limit of memory for all its containers",
           read="text"),
    Column("fs_group", "int64", "spec.securityContext.fsGroup", "group id that its volumes belong to"),
    *_security("pod"),
)

CONTAINER_SPEC = (
    Column("type", "string", "=type", "regular, init or ephemeral"),
    Column("image", "string", "image", "image as written in the pod"),
    Column("image_pull_policy", "string", "imagePullPolicy", "when the image is pulled"),
    Column("restart_policy", "string", "restartPolicy",
           "its own restart policy; Always makes an init container a sidecar; <NA>: that of its pod"),
    Column("privileged", "boolean", f"{SECURITY}.privileged", "has all rights on the node", absent=False),
    Column("allow_privilege_escalation", "boolean", f"{SECURITY}.allowPrivilegeEscalation",
           "a process may gain more rights than its parent"),
    Column("read_only_root", "boolean", f"{SECURITY}.readOnlyRootFilesystem", "root file system is read-only",
           absent=False),
    Column("proc_mount", "string", f"{SECURITY}.procMount", "how /proc is masked", absent="Default"),
    *_security("container"),
    Column("cpu_limit", "string", "resources.limits.cpu", "limit of CPU", read="text"),
    Column("memory_limit", "string", "resources.limits.memory", "limit of memory", read="text"),
    Column("cpu_request", "string", "resources.requests.cpu", "request of CPU", read="text"),
    Column("memory_request", "string", "resources.requests.memory", "request of memory", read="text"),
    Column("has_liveness_probe", "boolean", "livenessProbe", "a liveness probe is written", read="present"),
    Column("has_readiness_probe", "boolean", "readinessProbe", "a readiness probe is written", read="present"),
    Column("args_count", "int64", "args", "number of arguments (their text is not kept)", read="count", absent=0),
)


def _children(prefix: str, owner: tuple[Column, ...], bases: dict[str, tuple[str, dict[str, str]]]) -> list[Table]:
    """The tables of what is inside a pod. ``bases`` maps a source to the path of its pod and its constants."""
    key = tuple(column.name for column in owner)
    in_container = (*owner, Column("container", "string", "^name", "name of the container"))

    def pod_rows(path: str, *, label: str = "", keep: tuple[str, ...] = ()) -> tuple[Rows, ...]:
        return tuple(
            Rows(source, f"{base}.{path}".lstrip("."), constants=constants, label=label, keep=keep)
            for source, (base, constants) in bases.items()
        )

    def container_rows(path: str = "", **extra: str) -> tuple[Rows, ...]:
        return tuple(
            Rows(source, f"{base}.spec.{field}[]{path}".lstrip("."), constants={**constants, "type": kind, **extra})
            for source, (base, constants) in bases.items()
            for field, kind in CONTAINER_LISTS.items()
        )

    return [
        Table(f"{prefix}containers", "containers: regular, init and ephemeral", container_rows(),
              (*owner, Column("name", "string", "name", "name of the container"), *CONTAINER_SPEC),
              (*key, "name"), kind="Pod", called=("pod", "name")),
        Table(f"{prefix}container_capabilities", "Linux capabilities that a container adds or drops",
              tuple(rows for action in ("add", "drop")
                    for rows in container_rows(f".securityContext.capabilities.{action}[]", action=action)),
              (*in_container, Column("action", "string", "=action", "add or drop"),
               Column("capability", "string", ".", "name of the capability, without CAP_")),
              (*key, "container", "action", "capability")),
        Table(f"{prefix}container_ports", "ports that a container declares", container_rows(".ports[]"),
              (*in_container,
               Column("name", "string", "name", "name of the port"),
               Column("port", "int64", "containerPort", "port inside the pod"),
               Column("host_port", "int64", "hostPort", "port on the node; 0: none", absent=0),
               Column("host_ip", "string", "hostIP", "address on the node"),
               Column("protocol", "string", "protocol", "TCP, UDP or SCTP", absent="TCP"),
               Column("type", "string", "=type", "regular, init or ephemeral"),
               Column("restart_policy", "string", "^restartPolicy", "restart policy of the container itself")),
              (*key, "container", "port", "protocol"), kind="Pod", called=("pod", "container")),
        Table(f"{prefix}container_env", "environment variables by name and origin; literal values are not kept",
              container_rows(".env[]"),
              (*in_container,
               Column("name", "string", "name", "name of the variable"),
               Column("origin", "string", "valueFrom.secretKeyRef|valueFrom.configMapKeyRef|valueFrom.fieldRef|"
                      "valueFrom.resourceFieldRef|valueFrom.fileKeyRef",
                      "where the value comes from; <NA>: a literal or nothing", read="first_of"),
               Column("secret", "string", "valueFrom.secretKeyRef.name", "Secret that the value is taken from"),
               Column("config_map", "string", "valueFrom.configMapKeyRef.name", "ConfigMap it is taken from"),
               Column("source_key", "string", "valueFrom.secretKeyRef.key", "key in the Secret")),
              (*key, "container", "name"), kind="Pod", called=("pod", "container")),
        Table(f"{prefix}container_env_from", "Secrets and ConfigMaps that a container takes as a whole into its "
                                             "environment (envFrom)",
              container_rows(".envFrom[]"),
              (*in_container,
               Column("secret", "string", "secretRef.name", "Secret taken whole"),
               Column("config_map", "string", "configMapRef.name", "ConfigMap taken whole")),
              (*key, "container", "secret", "config_map")),
        Table(f"{prefix}container_mounts", "volume mounts of containers", container_rows(".volumeMounts[]"),
              (*in_container,
               Column("volume", "string", "name", "name of the volume in the pod"),
               Column("path", "string", "mountPath", "path in the container"),
               Column("read_only", "boolean", "readOnly", "mounted read-only", absent=False)),
              (*key, "container", "path")),
        Table(f"{prefix}container_handlers", "probes and lifecycle hooks that connect to a host",
              tuple(rows for handler in HANDLERS for rows in container_rows(f".{handler}", handler=handler)),
              (*in_container, Column("handler", "string", "=handler", "which probe or hook, and how"),
               Column("host", "string", "host", "host that is named; absent: the pod itself", absent="")),
              (*key, "container", "handler")),
        Table(f"{prefix}volumes", "volumes of pods", pod_rows("spec.volumes[]"),
              (*owner,
               Column("name", "string", "name", "name of the volume"),
               Column("type", "string", "|".join(VOLUME_TYPES), "kind of volume; none named: emptyDir",
                      read="first_of", absent="emptyDir"),
               Column("host_path", "string", "hostPath.path", "path on the node"),
               Column("secret", "string", "secret.secretName", "Secret that is mounted"),
               Column("config_map", "string", "configMap.name", "ConfigMap that is mounted"),
               Column("claim", "string", "persistentVolumeClaim.claimName", "claim that is mounted"),
               Column("csi_driver", "string", "csi.driver", "driver of an inline CSI volume"),
               Column("image", "string", "image.reference", "image that is mounted")),
              (*key, "name"), kind="Pod", called=("pod", "")),
        Table(f"{prefix}projected_sources", "Secrets and service account tokens in projected volumes",
              (*pod_rows("spec.volumes[].projected.sources[].secret", label="secret"),
               *pod_rows("spec.volumes[].projected.sources[].serviceAccountToken", label="token")),
              (*owner,
               Column("volume", "string", "^^name", "name of the volume"),
               Column("secret", "string", {"secret": "name", "token": "'"}, "Secret that is projected; empty: a token"),
               Column("audience", "string", {"secret": "'", "token": "audience"}, "audience of a token"),
               Column("expiration_seconds", "int64", {"secret": "=none", "token": "expirationSeconds"},
                      "life of a token")),
              (*key, "volume", "secret")),
        Table(f"{prefix}pod_sysctls", "kernel parameters that a pod sets", pod_rows("spec.securityContext.sysctls[]"),
              (*owner, Column("name", "string", "name", "name of the parameter"),
               Column("value", "string", "value", "value that is set")),
              (*key, "name")),
        Table(f"{prefix}pod_labels", "labels of pods", pod_rows("metadata.labels{}"),
              (*owner, Column("key", "string", "$key", "label"), Column("value", "string", "$value", "its value")),
              (*key, "key")),
        Table(f"{prefix}pod_annotations", "annotations of pods that security rules read; others are not kept",
              pod_rows("metadata.annotations{}", keep=ANNOTATIONS),
              (*owner, Column("key", "string", "$key", "annotation"), Column("value", "string", "$value", "its value")),
              (*key, "key")),
        Table(f"{prefix}pod_node_selectors", "operating systems of nodes that a pod requires",
              pod_rows("spec.nodeSelector{}", keep=OS_LABELS),
              (*owner, Column("key", "string", "$key", "label"), Column("value", "string", "$value", "its value")),
              (*key, "key")),
        Table(f"{prefix}pull_secrets", "image pull Secrets of pods", pod_rows("spec.imagePullSecrets[]"),
              (*owner, Column("secret", "string", "name", "name of the Secret")), (*key, "secret")),
    ]


_NAMESPACE = Column("namespace", "string", "/metadata.namespace", "namespace of the pod")

PODS = Table(
    "pods", "pods", (Rows("pods"),),
    (
        _NAMESPACE,
        Column("name", "string", "metadata.name", "name of the pod"),
        Column("uid", "string", "metadata.uid", "UID from the API server"),
        Column("created", "timestamp", "metadata.creationTimestamp", "creation time at the API server"),
        Column("phase", "string", "status.phase", "phase"),
        Column("pod_ip", "string", "status.podIP", "address of the pod"),
        Column("host_ip", "string", "status.hostIP", "address of its node"),
        *POD_SPEC,
    ),
    ("namespace", "name"), kind="Pod",
)

POD_OWNERS = Table(
    "pod_owners", "owners of pods", (Rows("pods", "metadata.ownerReferences[]"),),
    (
        _NAMESPACE,
        Column("pod", "string", "/metadata.name", "name of the pod"),
        Column("owner_kind", "string", "kind", "kind of the owner"),
        Column("owner", "string", "name", "name of the owner"),
        Column("owner_uid", "string", "uid", "UID of the owner"),
        Column("controller", "boolean", "controller", "true if the owner is the controller of the pod", absent=False),
    ),
    ("namespace", "pod", "owner_uid"),
)

CONDITIONS = Table(
    "pod_conditions", "conditions of pods", (Rows("pods", "status.conditions[]"),),
    (
        _NAMESPACE,
        Column("pod", "string", "/metadata.name", "name of the pod"),
        Column("type", "string", "type", "condition: Ready, PodScheduled …"),
        Column("status", "string", "status", "True, False or Unknown"),
    ),
    ("namespace", "pod", "type"),
)

IMAGES = Table(
    "container_images", "images as pulled by the nodes",
    tuple(Rows("pods", f"status.{field}[]", constants={"type": kind}) for field, kind in (
        ("containerStatuses", "regular"), ("initContainerStatuses", "init"),
        ("ephemeralContainerStatuses", "ephemeral"))),
    (
        _NAMESPACE,
        Column("pod", "string", "/metadata.name", "name of the pod"),
        Column("container", "string", "name", "name of the container"),
        Column("type", "string", "=type", "regular, init or ephemeral"),
        Column("image", "string", "image", "image that the node resolved"),
        Column("image_id", "string", "imageID", "digest of the image that runs"),
        Column("ready", "boolean", "ready", "the container is ready"),
        Column("restarts", "int64", "restartCount", "times it was started again", absent=0),
    ),
    ("namespace", "pod", "container"),
)

_TEMPLATE_OWNER = (
    Column("kind", "string", "=kind", "kind of the workload controller"),
    Column("namespace", "string", "/metadata.namespace", "namespace of the workload controller"),
    Column("pod", "string", "/metadata.name", "name of the workload controller whose template it is"),
)

TEMPLATES = Table(
    "templates", "pod templates of workload controllers: one row for each controller",
    tuple(Rows(source, path, constants={"kind": kind}) for source, (kind, path) in CONTROLLERS.items()),
    (
        _TEMPLATE_OWNER[0], _TEMPLATE_OWNER[1],
        Column("name", "string", "/metadata.name", "name of the workload controller"),
        Column("uid", "string", "/metadata.uid", "UID of the workload controller"),
        *POD_SPEC,
    ),
    ("kind", "namespace", "name"), kind="Workload",
)

_POD_OWNER = (_NAMESPACE, Column("pod", "string", "/metadata.name", "name of the pod"))

TABLES = (
    PODS, POD_OWNERS, CONDITIONS, IMAGES,
    *_children("", _POD_OWNER, {"pods": ("", {})}),
    TEMPLATES,
    *_children("template_", _TEMPLATE_OWNER,
               {source: (path, {"kind": kind}) for source, (kind, path) in CONTROLLERS.items()}),
)
