"""What the API server writes into an object that does not say it, as far as tables keep it.

A column that knows what the absence of its field means needs no default. Sources: k8s.io/kubernetes 1.36, the files
``pkg/apis/GROUP/v1/defaults.go``, and the admission plug-ins that are on by default (``plugin/pkg/admission``).
"""

from collections.abc import Callable
from typing import Any

from auditkit.simulation.places import Malformed, Object, at, listed, placed
from auditkit.tables.pods import CONTAINER_LISTS, CONTROLLERS


def with_defaults(source: str, thing: Object) -> Object:
    """The object with what the API server adds when it is created or changed. It is changed in place."""
    for path, value in _VALUES.get(source, {}).items():
        above, _, name = path.rpartition(".")
        placed(thing, above).setdefault(name, value)
    for change in _CHANGES.get(source, ()):
        change(thing)
    if source in CONTROLLERS:
        _pod(at(thing, CONTROLLERS[source][1]))
    return thing


_VALUES: dict[str, dict[str, Any]] = {
    "deployments.apps": {"spec.replicas": 1, "spec.strategy.type": "RollingUpdate", "spec.revisionHistoryLimit": 10},
    "replicasets.apps": {"spec.replicas": 1},
    "replicationcontrollers": {"spec.replicas": 1},
    "statefulsets.apps": {"spec.replicas": 1, "spec.updateStrategy.type": "RollingUpdate",
                          "spec.revisionHistoryLimit": 10},
    "daemonsets.apps": {"spec.updateStrategy.type": "RollingUpdate", "spec.revisionHistoryLimit": 10},
    "cronjobs.batch": {"spec.concurrencyPolicy": "Allow"},
    "services": {"spec.internalTrafficPolicy": "Cluster"},
    "persistentvolumes": {"spec.persistentVolumeReclaimPolicy": "Retain"},
    "namespaces": {"status.phase": "Active"},
}
"""Values by their place. ``status.phase`` of a namespace is written when it is created."""


def _job(thing: Object) -> None:
    """Both numbers are 1 where neither is given; without completions any pod that succeeds is enough."""
    spec = placed(thing, "spec")
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)


def _service(thing: Object) -> None:
    spec = placed(thing, "spec")
    for port in spec.get("ports") or ():
        port.setdefault("targetPort", port.get("port"))
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")


def _network_policy(thing: Object) -> None:
    spec = placed(thing, "spec")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def _limit_range(thing: Object) -> None:
    """Of containers: what is not given as default is the maximum, and what is not requested is the default."""
    for each in listed(thing, "spec.limits"):
        if each.get("type") == "Container":
            each["default"] = {**(each.get("max") or {}), **(each.get("default") or {})}
            requested = each.get("defaultRequest") or {}
            each["defaultRequest"] = {**(each.get("min") or {}), **each["default"], **requested}
            for name in ("default", "defaultRequest"):
                if not each[name]:
                    del each[name]


def _namespace(thing: Object) -> None:
    placed(thing, "metadata.labels")["kubernetes.io/metadata.name"] = thing["metadata"]["name"]


def _pod(pod: Any) -> None:
    """The defaults of a pod or of the template of one."""
    if not isinstance(pod, dict) or not isinstance(pod.get("spec"), dict):
        return
    if account := pod["spec"].get("serviceAccount"):  # its former name; the new one counts where both are given
        if not isinstance(account, str):
            raise Malformed("Expected `str` as serviceAccount")
        pod["spec"]["serviceAccountName"] = pod["spec"].get("serviceAccountName") or account
    for containers in CONTAINER_LISTS:
        for each in pod["spec"].get(containers) or ():
            each.setdefault("imagePullPolicy", _pull_policy(str(each.get("image") or "")))


def _pull_policy(image: str) -> str:
    """Always for the tag ``latest``, which an image without tag and digest has; otherwise IfNotPresent."""
    if "@" in image:
        return "IfNotPresent"
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return "Always" if not colon or tag == "latest" else "IfNotPresent"


_CHANGES: dict[str, tuple[Callable[[Object], None], ...]] = {
    "jobs.batch": (_job,), "services": (_service,), "networkpolicies.networking.k8s.io": (_network_policy,),
    "limitranges": (_limit_range,), "namespaces": (_namespace,), "pods": (_pod,),
}
