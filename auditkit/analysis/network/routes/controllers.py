"""Whether the controllers of routes act: the pods of each, known by their image, and whether one is ready."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.analysis.network.plugins import repository

CONTROLLERS = {
    "Contour": r"(?:^|/)(?:projectcontour/|mirrored-|bitnami/)?contour$",
    "Traefik": r"(?:^|/)(?:mirrored-library-)?traefik(?:-hub|ee)?$",
}
"""Images of controllers, without registry and tag: those of the projects, and copies of them under the same name."""


def route_controllers(containers: pd.DataFrame, pod_readiness: pd.DataFrame) -> pd.DataFrame:
    """The pods of controllers that are recognised: controller, namespace, pod, container, ready (<NA>: not known)."""
    image = repository(containers["image"])
    found = pd.concat([containers.loc[image.str.contains(pattern).fillna(False), ["namespace", "pod", "name"]].assign(
        controller=name) for name, pattern in CONTROLLERS.items()])
    found = found.rename(columns={"name": "container"}).merge(
        pod_readiness[["namespace", "pod", "ready"]], on=["namespace", "pod"], how="left")
    return found[["controller", "namespace", "pod", "container", "ready"]].astype(
        {"controller": STRING, "ready": BOOLEAN}).reset_index(drop=True)


def idle(controllers: pd.DataFrame, name: str) -> str:
    """Why it is not known that a controller acts; empty where one of its pods is ready."""
    own = controllers[controllers["controller"] == name]
    if own["ready"].fillna(False).any():
        return ""
    return f"no pod of {name} is ready" if len(own) else f"no pod of {name} is recognised"
