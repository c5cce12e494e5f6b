"""Whether the controllers of routes and of certificates act: the pods of each, known by their image, and whether one is
ready.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, lookup
from auditkit.analysis.network.plugins import repository

CONTROLLERS = {
    "Contour": r"(?:^|/)(?:projectcontour/|mirrored-|bitnami/)?contour$",
    "Traefik": r"(?:^|/)(?:mirrored-library-)?traefik(?:-hub|ee)?$",
    "cert-manager": r"(?:^|/)(?:mirrored-jetstack-|jetstack-)?cert-manager-controller$",
}
"""Images of controllers, without registry and tag: those of the projects, and copies of them under the same name."""


def route_controllers(containers: pd.DataFrame, pods: pd.DataFrame, pod_conditions: pd.DataFrame) -> pd.DataFrame:
    """The pods of controllers that are recognised: controller, namespace, pod, container, ready (<NA>: not known)."""
    image = repository(containers["image"])
    found = pd.concat([containers.loc[image.str.contains(pattern).fillna(False), ["namespace", "pod", "name"]].assign(
        controller=name) for name, pattern in CONTROLLERS.items()])
    found = found.rename(columns={"name": "container"})
    found["ready"] = ready(found, pods, pod_conditions)
    return found[["controller", "namespace", "pod", "container", "ready"]].astype(
        {"controller": STRING, "ready": BOOLEAN}).reset_index(drop=True)


def ready(found: pd.DataFrame, pods: pd.DataFrame, pod_conditions: pd.DataFrame) -> pd.Series:
    """Whether each pod (columns namespace and pod) runs and is ready; <NA>: not known.

    Pods alone are asked, so that entrances do not depend on the lists of all workloads, as `pod_readiness` does.
    """
    phase = lookup(found, {"namespace": "namespace", "pod": "name"}, pods, ["phase"])["phase"]
    said = pod_conditions[(pod_conditions["type"] == "Ready").fillna(False)]
    status = lookup(found, {"namespace": "namespace", "pod": "pod"}, said, ["status"])["status"]
    return (status == "True").astype(BOOLEAN) & (phase == "Running").astype(BOOLEAN)


def idle(controllers: pd.DataFrame, name: str) -> str:
    """Why it is not known that a controller acts; empty where one of its pods is ready."""
    own = controllers[controllers["controller"] == name]
    if own["ready"].fillna(False).any():
        return ""
    return f"no pod of {name} is ready" if len(own) else f"no pod of {name} is recognised"
